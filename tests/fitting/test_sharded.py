"""The first pass over a table in parts finds what the pass over the same rows in one place finds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier, ANNRegressor
from skann.fitting.independent import IndependentNetworks
from skann.fitting.sharded import ShardedTable
from skann.fitting.shards import LocalShards
from skann.fitting.validation import Validation
from tests.blocks.tables import COLUMNS, mixed
from tests.fitting.parts import FrameTable, PickledShards, as_categories, in_parts

TABLE = mixed(900)
CUTS = {"unequal and empty": [20, 20, 700], "one row": [1], "an empty first one": [0, 450]}


def passed(model, table):
    """What the first pass over the table makes of it."""
    given = model._check_blocks(
        table, Validation(None, None, None, None), IndependentNetworks, model.get_params(), True
    )
    return given, given.blocks.statistics.fitted(given.X, given.blocks.sample(given.weight), None)


def assert_same_pass(model, table, y, weight, cuts):
    expected, encoder = passed(model, FrameTable(as_categories(table[COLUMNS]), y, weight))
    parts = in_parts(cuts, table[COLUMNS], y, weight, PickledShards)
    given, of_parts = passed(model, parts)
    assert model._target is not None
    pd.testing.assert_frame_equal(given.X.astype(object), expected.X.astype(object))
    for name in ("y", "weight"):
        np.testing.assert_array_equal(getattr(given, name), getattr(expected, name))
    for name in ("fold", "is_sampled", "n_rows", "by_class", "extremes"):
        np.testing.assert_array_equal(getattr(given.blocks, name), getattr(expected.blocks, name))
    np.testing.assert_allclose(given.blocks.total, expected.blocks.total, rtol=1e-12)
    if expected.blocks.moments is not None:
        np.testing.assert_allclose(given.blocks.moments, expected.blocks.moments, rtol=1e-12)
    statistics, others = given.blocks.statistics, expected.blocks.statistics
    assert statistics.counts == others.counts
    for name in ("low", "high", "has_gaps", "has_missing_level", "is_categorical"):
        np.testing.assert_array_equal(getattr(statistics, name), getattr(others, name))
    np.testing.assert_array_equal(of_parts.transform(given.X), encoder.transform(expected.X))
    return given


@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS)
def test_a_regressor_with_weights(cuts):
    assert_same_pass(ANNRegressor(random_state=0), TABLE, TABLE["value"].to_numpy(), TABLE["weight"].to_numpy(), cuts)


def test_levels_missing_values_and_classes_of_one_part_only():
    table = TABLE.sort_values(["class", "d"]).reset_index(drop=True)  # all classes and most levels are in one part only
    table.loc[table.index[:300], "e"] = 1.0
    table.loc[table.index[300:], "c"] = "x"
    y = table["class"].to_numpy()
    model = ANNClassifier(class_weight="balanced", random_state=0)
    given = assert_same_pass(model, table, y, None, [100, 300, 700])
    assert len(np.unique(given.y)) == 2


def test_numbers_without_an_encoder_and_a_read_of_the_whole_table():
    X, y = TABLE[["a", "b"]].to_numpy(), TABLE["value"].to_numpy()
    table = in_parts([0, 300], X, y)
    np.testing.assert_array_equal(np.concatenate([block.X for block in table]), X)
    assert [block.first for block in table] == [0, 130, 260, 300, 430, 560, 690, 820]
    assert table.shape == X.shape


@pytest.mark.parametrize(
    "cuts, change, message",
    [
        ([300], lambda parts: [parts[0], FrameTable(parts[1].X[:, :1], parts[1].y)], "n_columns: 2 and 1"),
        ([300], lambda parts: [parts[0], FrameTable(parts[1].X, None)], "has_target: True and False"),
        ([0], lambda parts: parts[:1], "no rows"),
    ],
)
def test_parts_that_are_no_table(cuts, change, message):
    X, y = TABLE[["a", "b"]].to_numpy(), TABLE["value"].to_numpy()
    parts = [FrameTable(X[start:stop], y[start:stop]) for start, stop in zip([0, *cuts], [*cuts, None], strict=True)]
    with pytest.raises(ValueError, match=message):
        ShardedTable(LocalShards(change(parts)))


REFUSED = {
    "cv": ({"cv": 3}, {}, ValueError),
    "warm_start": ({"warm_start": True}, {}, ValueError),
    "StandardScaler": ({"encoder": StandardScaler()}, {}, TypeError),
    "sample_weight": ({}, {"sample_weight": [1.0]}, TypeError),
    "groups": ({}, {"groups": [1]}, ValueError),
}


@pytest.mark.parametrize("params, arguments, error", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_refused_by_name_before_any_part_is_read(params, arguments, error, request):
    X, y = TABLE[["a", "b"]].to_numpy(), TABLE["value"].to_numpy()
    table = in_parts([300], X, y)
    model = ANNRegressor(max_iter=1, n_estimators=1, **params)
    if params.get("warm_start"):
        model.set_params(encoder=None, hidden_layer_sizes=1).fit(X[:100], y[:100])
    table.parts.run = None  # any pass would fail
    with pytest.raises(error, match=request.node.callspec.id):
        model.fit(table, **arguments)


def test_an_error_names_the_part():
    X, y = TABLE[["a", "b"]].to_numpy(), TABLE["value"].to_numpy()
    X[500, 0] = np.inf
    with pytest.raises(ValueError, match=r"X, rows 430 to 559: .*infinite value"):
        ANNRegressor().fit(in_parts([300], X, y))
