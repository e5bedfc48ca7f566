"""``python -m skann`` prints what a bug report needs."""

from ._report import report

if __name__ == "__main__":
    print(report())
