"""The summary: text whose figures are those of the networks."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier, ANNRegressor
from skann.plotting.outline import outline
from skann.plotting.summary import N_NAME, WIDTH, _few, _memory, _short
from tests.data import IRIS as X
from tests.data import SPECIES as y
from tests.plotting.conftest import table

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def facts(model):
    """The paragraphs below the layers: {name: text}."""
    block = str(model.summary()).split("\n\n")[-1]
    known = ("columns", "outputs", "training", "memory", '"auto"')
    found, name = {}, None
    for line in block.splitlines():
        head = line[:10].strip()
        name = head if head in known else name
        found[name] = f"{found.get(name, '')}{line[10:]}\n"
    return {name: text.strip() for name, text in found.items()}


def test_it_is_returned_and_not_printed(single, capsys):
    text = str(single.summary())
    assert repr(single.summary()) == text
    assert capsys.readouterr().out == ""
    assert text.startswith("ANNClassifier: 1 network\n")


def test_layers(name, fitted):
    """A line for each, with what the outline says of it; their parameters add up to those of the network."""
    model = fitted[name]
    lines = str(model.summary()).splitlines()
    for column in outline(model):
        (line,) = [line for line in lines if line.startswith(f"{column.title} ")]
        assert f"(n, {column.n_units})" in line
        assert all(note in line for note in column.notes)
    (total,) = [line for line in lines if line.startswith("total")]
    assert int(total.split()[-1].replace(",", "")) == model.networks_.members[0].network.theta.size


def test_columns():
    """By what becomes of them: each column of the encoder's output is counted once."""
    data = table().assign(gap=np.where(np.arange(200) % 3, 1.5 * np.arange(200), np.nan), same=1.0)
    model = ANNRegressor(n_estimators=2, max_iter=1, random_state=0).fit(data, data.a)  # all rows make the encoder
    assert facts(model)["columns"].splitlines() == [
        "3 numbers: a, b, gap",
        "1 indicator of missing values: gap",
        "1 one-hot column (levels): c (2)",
        "1 embedded column (levels): d (40)",
        "1 constant column, left out: same",
    ]


def test_columns_of_other_encoders():
    plain = ANNClassifier((3,), encoder=None, max_iter=1).fit(X, y)
    assert facts(plain)["columns"] == "4 numbers: x0, x1, x2, x3"
    scaled = ANNClassifier((3,), encoder=StandardScaler(), n_estimators=1, max_iter=1)
    scaled.fit(pd.DataFrame(X, columns=list("abcd")), y)
    assert facts(scaled)["columns"] == "4 columns: a, b, c, d\nthrough StandardScaler"


@pytest.mark.parametrize(
    "model, targets, text",
    [
        (ANNClassifier(), y, "3 classes: " + ", ".join(map(str, np.unique(y)))),
        (ANNClassifier(), np.column_stack([X[:, 0] > 5.5, X[:, 1] > 3]).astype(int), "2 labels: 0, 1"),
        (ANNRegressor(), X[:, 0], "1 target"),
        (ANNRegressor(), X[:, :2], "2 targets"),
        (ANNRegressor(loss="quantile", quantile=[0.05, 0.5]), X[:, 0], "2 quantiles: 0.05, 0.5"),
        (ANNRegressor(loss="quantile", quantile=0.9), X[:, 0], "1 target"),
    ],
)
def test_outputs(model, targets, text):
    model = clone(model).set_params(n_estimators=1, max_iter=1, hidden_layer_sizes=(4,)).fit(X, targets)
    assert facts(model)["outputs"] == text


def test_training(ensemble):
    """Epochs and best scores from the least to the greatest; what was held out."""
    n_iter = [member.n_iter_ for member in ensemble.estimators_]
    best = [-member.best_validation_score_ for member in ensemble.estimators_]
    epochs = f"{min(n_iter)} to {max(n_iter)}" if min(n_iter) < max(n_iter) else f"{n_iter[0]}"
    assert " ".join(facts(ensemble)["training"].split()) == (
        f"{epochs} epochs, best validation loss {min(best):.4g} to {max(best):.4g}, out-of-fold score "
        f"{ensemble.oof_score_:.4g}, loss {ensemble.oof_loss_:.4g}"
    )
    plain = ANNClassifier((3,), encoder=None, max_iter=1).fit(X, y)
    assert facts(plain)["training"] == "1 epoch"


def test_memory(ensemble):
    n_bytes = sum(member.network.theta.nbytes for member in ensemble.networks_.members)
    text = facts(ensemble)["memory"]
    assert float(text.split()[0]) == pytest.approx(n_bytes / 1000, rel=5e-3)
    assert text.endswith("kB of parameters in float32")
    assert _memory([np.zeros(10)]) == "80 bytes of parameters in float64"
    assert _memory([np.zeros(125_000)] * 2) == "2 MB of parameters in float64"


def test_what_auto_became(single):
    """All of it, and no word of it where nothing is "auto"."""
    text = " ".join(facts(single)['"auto"'].split())
    assert text == ", ".join(f"{name}={value!r}" for name, value in single.resolved_params_.items())
    given = clone(single).set_params(**single.resolved_params_).fit(X, y)
    assert '"auto"' not in facts(given)


def test_names_are_shortened():
    """Long ones in the middle, many of them but for the last."""
    assert _short("x" * N_NAME) == "x" * N_NAME
    assert len(_short("a" * 30 + "b" * 30)) == N_NAME
    assert _short("a" * 30 + "b" * 30).startswith("aaa")
    assert _short("a" * 30 + "b" * 30).endswith("bbb")
    names = [f"x{i}" for i in range(1000)]
    few = _few(names)
    assert len(few) <= 2 * WIDTH
    n_left_out = int(re.search(r"… (\d+) more …", few)[1])
    assert few.endswith(" more …, x999")
    assert few.count("x") == 1000 - n_left_out


def test_lines_are_short():
    names = [f"a name of {i} and more, and longer still" for i in range(300)]
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 300)), columns=names)
    labels = [f"label {i % 4} {'x' * 40}" for i in range(80)]
    text = str(ANNClassifier((3,), n_estimators=1, max_iter=1).fit(data, labels).summary())
    assert max(map(len, text.splitlines())) <= WIDTH + 10
