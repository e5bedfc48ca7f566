"""The public objects of skann; ``python -m tests.public`` prints what numpydoc finds wrong with their docstrings."""

import importlib
import inspect
import pkgutil
import re
import sys
import tomllib
from dataclasses import is_dataclass
from pathlib import Path

import skann

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def modules():
    """The modules with public names: skann, and what is in it that has a list of such. Some need optional packages."""
    yield skann
    for each in pkgutil.iter_modules(skann.__path__, "skann."):
        if not each.name.startswith("skann._"):
            try:
                module = importlib.import_module(each.name)
            except ImportError:
                continue
            if hasattr(module, "__all__"):
                yield module


def public():
    """Classes, functions, and the methods and properties of these classes: {dotted name: object}."""
    found = {}
    for module in modules():
        for name in module.__all__:
            each = getattr(module, name)
            if callable(each):
                found[f"{each.__module__}.{each.__qualname__}"] = each
    for name, cls in [*found.items()]:
        if isinstance(cls, type):
            found |= {f"{name}.{member}": each for member, each in members(cls).items()}
    return found


def members(cls):
    """The public methods and properties of a class that skann defines."""
    named = {name: getattr(cls, name) for name in dir(cls) if not name.startswith("_") and name != "mro"}
    defined = {name: getattr(each, "fget", None) or each for name, each in named.items()}
    return {name: named[name] for name, each in defined.items() if is_ours(each)}


def is_ours(each):
    module = getattr(each, "__module__", None) or ""
    return callable(each) and module.startswith("skann") and module != "skann._compat"


def complaints():
    """What numpydoc finds, but for what pyproject.toml leaves out: lines with the name, the code and the text."""
    from numpydoc.validate import validate

    settings = tomllib.loads(PYPROJECT.read_text("utf-8"))["tool"]["numpydoc_validation"]
    for name, each in public().items():
        if not any(re.search(pattern, name) for pattern in settings["exclude"]):
            for code, text in validate(name)["errors"]:
                # The fields of a result are documented as its attributes: nobody calls its constructor.
                is_field = code == "PR01" and (is_dataclass(each) or hasattr(each, "_fields"))
                if code not in settings["checks"] and not is_field:
                    yield f"{name}: {code} {inspect.cleandoc(text)}"


if __name__ == "__main__":
    sys.exit("\n".join(complaints()) or None)
