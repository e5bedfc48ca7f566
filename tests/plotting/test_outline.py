"""The outline of a network: its columns, their units and their parameters."""

from itertools import pairwise

import pytest

from skann.plotting.outline import outline
from tests.helpers import networks_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_parameters_add_up(name, fitted):
    model = fitted[name]
    network = networks_of(model)[0]
    columns = outline(model)
    assert sum(column.n_parameters for column in columns) == network.theta.size
    assert columns[-1].n_units == model.n_outputs_
    for before, column in pairwise(columns):
        if column.parts is not None:
            assert sum(n for n, _ in column.parts) == before.n_units
            assert sum(n * each for n, each in column.parts) == column.n_units


def test_notes(fitted):
    lines = [column.lines for column in outline(fitted["plain"])]
    assert lines == [
        ["4 units"],
        ["8 units", "ReLU", "dropout 0.1", "40 parameters"],
        ["4 units", "ReLU", "36 parameters"],
        ["3 units", "softmax", "15 parameters"],
    ]
    assert [column.title for column in outline(fitted["plain"])] == ["Input", "Hidden 1", "Hidden 2", "Output"]
    recipe = outline(fitted["recipe"])
    assert [column.title for column in recipe] == [
        "Input",
        "Embedding",
        "Scale",
        *(f"Hidden {i}" for i in (1, 2, 3)),
        "Output",
    ]
    assert "1 category, 40 levels" in outline(fitted["mixed"])[1].notes
