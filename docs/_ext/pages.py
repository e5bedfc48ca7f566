"""The pages in Markdown are written for GitHub, too: here their links become those of the site.

A link to an example leads to its page in the gallery, one to another file of the repository to a page that shows it.
Excerpts of the code get a caption that says where they are from.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUTSIDE = re.compile(r"\]\(\.\./([^)#]+)((?:#[^)]*)?)\)")
EXCERPT = re.compile(r"^```\{literalinclude\} \.\./(?P<file>\S+)\n:pyobject: (?P<name>\S+)\n", re.M)
PLACES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}


def place(file):
    """The page that stands for a file of the repository, as a path from docs/."""
    if file.startswith("docs/"):
        return file.removeprefix("docs/")
    if re.fullmatch(r"examples/plot_\w+\.py", file):
        return f"gallery/{Path(file).stem}.rst"
    return PLACES.get(file) or f"files/{file}.rst"


def replace_links(app, docname, content):
    """Before a page is parsed: its links to files outside of docs/ lead to pages, its excerpts have captions."""
    text = OUTSIDE.sub(lambda link: f"]({place(link[1])}{link[2]})", content[0])
    content[0] = EXCERPT.sub(r'\g<0>:caption: "`\g<name>`, \g<file>"\n:dedent:\n', text)


def write_pages(app):
    """A page for each file of the repository that the pages link to, and those that other folders hold."""
    source = Path(app.srcdir)
    for name, page in PLACES.items():
        if name != "README.md":
            text = (ROOT / name).read_text("utf-8")
            write(source / page, re.sub(r"\]\((?!https?:|#)([^)]*)\)", r"](../\1)", text))
    linked = set()
    for page in source.glob("*.md"):
        linked |= {file for file, _ in OUTSIDE.findall(page.read_text("utf-8"))}
    for file in sorted(file for file in linked if place(file).startswith("files/")):
        path = source / place(file)
        up = "../" * len(path.relative_to(source).parents)
        language = {".py": "python", ".md": "markdown"}.get(Path(file).suffix, "text")
        heading = f":orphan:\n\n{file}\n{'=' * len(file)}\n\n"
        write(path, f"{heading}.. literalinclude:: {up}{file}\n   :language: {language}\n   :linenos:\n")


def write(path, text):
    """Write a file if it would change, so that Sphinx reads only what is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def setup(app):
    write_pages(app)
    app.connect("source-read", replace_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
