"""README.md with absolute links, for the package index: the repository's own links are relative.

    python docs/_ext/absolute.py FILES PICTURES > README.absolute.md

FILES and PICTURES are the addresses below which the repository's files are shown and its pictures are served.
"""

import re
import sys
from pathlib import Path

LINK = re.compile(r"(!?)(\[[^\]]*\])\((?!https?:|#)([^)]+)\)")


def absolute(text, files, pictures):
    """The text with links and pictures below these addresses.

    >>> absolute("[a](docs/a.md) ![b](b.svg) [c](https://c) [d](#d)", "https://files", "https://raw")
    '[a](https://files/docs/a.md) ![b](https://raw/b.svg) [c](https://c) [d](#d)'
    """

    def replaced(link):
        return f"{link[1]}{link[2]}({(pictures if link[1] else files).rstrip('/')}/{link[3]})"

    return LINK.sub(replaced, text)


if __name__ == "__main__":
    readme = Path(__file__).parents[2] / "README.md"
    print(absolute(readme.read_text("utf-8"), *sys.argv[1:3]), end="")
