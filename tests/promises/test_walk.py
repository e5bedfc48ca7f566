"""The walk in CONTRIBUTING.md: its class and its lines, put where it says, pass the tests of the activations."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from skann import ANNRegressor
from skann.engine import activations
from skann.engine.losses import SquaredError
from skann.engine.objective import Objective
from tests.engine import test_activations as tables
from tests.helpers import assert_gradient, make_network

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
WALK = PAGE.split("## A walk")[1].split("\n## ")[0]
(CLASS,) = re.findall(r"^   ```python\n(.*?)^   ```$", WALK, re.M | re.S)
(LINES,) = re.findall(r"^   ```text\n(.*?)^   ```$", WALK, re.M | re.S)
PLACES = re.findall(r"^# ([\w/.]+)(?:: ([\w, ]+))?\n((?:[^#\n].*\n)+)", textwrap.dedent(LINES), re.M)
NAME = "softsign"
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def entries(file):
    """For each dict that the walk names in a file, the source of what it maps to."""
    ((names, lines),) = [(names, lines) for at, names, lines in PLACES if at == file]
    values = [line.split(":", 1)[1].strip().rstrip(",") for line in lines.splitlines()]
    return dict(zip(names.split(", "), values, strict=True))


@pytest.fixture
def kind(monkeypatch):
    """The class of the walk, in the dicts of the engine and of the tests."""
    exec(textwrap.dedent(CLASS), vars(activations) | {"__name__": activations.__name__}, made := {})
    monkeypatch.setattr(activations, "Softsign", made["Softsign"], raising=False)
    monkeypatch.setitem(activations.ACTIVATIONS, NAME, made["Softsign"])
    for table, value in entries("tests/engine/test_activations.py").items():
        monkeypatch.setitem(getattr(tables, table), NAME, eval(value, {"np": np}))
    return made["Softsign"]


@pytest.mark.skipif(not (ROOT / "skann").is_dir(), reason="needs the source tree")
def test_files_of_the_walk_exist():
    """And hold the dicts that it names."""
    assert len(PLACES) == 5
    for file, names, _ in PLACES:
        text = (ROOT / file).read_text("utf-8")
        assert all(re.search(rf"^{name}\b", text, re.M) for name in names.split(", ") if name), file
    for path in re.findall(r"(?:tests|skann|docs)/[\w/]+\.(?:py|md)", WALK):
        assert (ROOT / path).exists(), path
    assert "def same_for_rows(" in (ROOT / "skann/engine/activations.py").read_text("utf-8")


@DTYPES
def test_values_and_derivatives(kind, dtype):
    tables.test_every_activation_is_in_the_tables()
    tables.test_value(NAME, dtype)
    tables.test_derivative(NAME, dtype)
    tables.test_at_zero(NAME, dtype, 0.0)
    tables.test_far_from_zero(NAME, dtype)
    tables.test_backward_reads_what_the_contract_allows(NAME)
    tables.test_float32_throughout(NAME)
    assert kind.monotone


def test_gradient_of_a_network(kind):
    """By differences; a slope that is wrong by a tenth of a percent fails."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 3)), rng.normal(size=(30, 1))
    network = make_network((3, 5, 1), NAME)
    objective, workspace = Objective(network, SquaredError()), network.workspace(len(X))
    theta = network.theta.copy()

    def value(at):
        network.theta[...] = at
        return objective(X, Y, None, workspace)

    value(theta)
    grad = network.grad.copy()
    assert_gradient(value, theta, grad)
    with pytest.raises(AssertionError):
        assert_gradient(value, theta, 1.001 * grad)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_in_onnx(kind, monkeypatch):
    pytest.importorskip("skann.onnx")
    from skann.onnx import layers
    from tests.onnx.exports import FEW, assert_same

    monkeypatch.setitem(layers.ACTIVATIONS, kind, eval(entries("skann/onnx/layers.py")["ACTIVATIONS"], vars(layers)))
    X = np.random.default_rng(0).normal(size=(50, 3))
    assert_same(ANNRegressor(**FEW, activation=NAME, encoder=None).fit(X, X[:, 0]), X)


def test_the_name_on_other_lists(kind):
    """The type hint, the type in storage and the row of the table name the class and its name."""
    lines = {file: text.strip() for file, _, text in PLACES}
    assert lines["skann/_typing.py"].split(", ")[-2:] == [f'"{list(activations.ACTIVATIONS)[-2]}"', f'"{NAME}"']
    assert lines["docs/storage.md"] == f"{activations.__name__}.{kind.__name__}"
    assert lines["docs/mathematics.md"].startswith(f'| `"{NAME}"` |')
