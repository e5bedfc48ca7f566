"""Old versions: which ones are supported, and what skann says where scikit-learn is older than one of its features."""

import tomllib
from pathlib import Path

import pytest
import sklearn
from packaging.requirements import Requirement
from packaging.version import Version

from skann import _compat as _compat
from skann import callbacks as callbacks
from skann._compat import has_callbacks
from tests.data import BOTH

MAKERS = {
    "LossPlot": callbacks.LossPlot,
    "Checkpoint": lambda: callbacks.Checkpoint("x"),
    "EarlyStopping": lambda: callbacks.EarlyStopping([[0]], [0]),
}

ROOT = Path(__file__).parents[1]


def pins(name):
    """Package -> version, from a file of constraints in .ci/."""
    lines = (ROOT / ".ci" / name).read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


TOOLS = {"latex2mathml", "myst-parser", "numpydoc", "pydata-sphinx-theme", "Sphinx", "sphinx-design", "sphinx-gallery"}


def requirements():
    """What pyproject.toml asks for, the extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for name in extras for line in extras[name] if name != "ecosystem")]
    return [Requirement(line) for line in lines]


def lower_bounds():
    """(package, version) for each ``>=``, but those of tools that nothing but the documentation needs."""
    bounds = [(each.name, Version(s.version)) for each in requirements() for s in each.specifier if s.operator == ">="]
    return {(name, version) for name, version in bounds if name not in TOOLS}


def test_the_oldest_versions_are_those_that_are_tested():
    """The lower bounds in pyproject.toml and the versions that `make test-oldest` installs: the same pairs."""
    assert lower_bounds() == {(name, Version(version)) for name, version in pins("oldest.txt").items()}


def test_what_skann_needs_has_a_lower_bound():
    """Each dependency, and no extra asks for one of these packages without it."""
    bounded = {name for name, _ in lower_bounds()}
    for each in requirements():
        assert each.specifier or each.name not in bounded, each
    assert {"numpy", "scipy", "scikit-learn", "threadpoolctl", "joblib"} <= bounded


@pytest.mark.parametrize("name", ["oldest.txt", "ecosystem.txt"])
def test_the_page_lists_the_tested_versions(name):
    """A row for each pin in docs/compatibility.md."""
    page = (ROOT / "docs" / "compatibility.md").read_text()
    rows = {tuple(cell.strip() for cell in line.split("|")[1:3]) for line in page.splitlines() if line.startswith("|")}
    assert pins(name).items() <= rows


def test_callbacks_are_there_since_1_9():
    assert has_callbacks() is (tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9))


@pytest.mark.skipif(has_callbacks(), reason="this scikit-learn has callbacks")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@BOTH
def test_set_callbacks_says_what_it_needs(Estimator):
    with pytest.raises(ImportError, match=r"set_callbacks needs scikit-learn 1\.9 or newer"):
        Estimator().set_callbacks()
    Estimator((3,), encoder=None, max_iter=2).fit([[0.0], [1.0]] * 9, [0, 1] * 9)


@pytest.mark.parametrize("name", MAKERS)
def test_callbacks_say_what_they_need(name, monkeypatch):
    monkeypatch.setattr(_compat, "CallbackSupportMixin", object)
    monkeypatch.setattr(sklearn, "__version__", "1.6.1")
    with pytest.raises(ImportError, match=rf"skann\.callbacks\.{name} needs scikit-learn 1\.9 .* this is 1\.6\.1"):
        MAKERS[name]()
