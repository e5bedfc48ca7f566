"""Warm starts, partial_fit and watched rows of tables of blocks."""

import numpy as np
import pytest

from skann import ANNClassifier, ANNRegressor
from skann.data import from_arrays, from_parquet
from skann.fitting.blocks import Plan
from tests.blocks.tables import COLUMNS, mixed, write

TABLE = mixed(900)
rng = np.random.default_rng(0)
X, WEIGHT = rng.normal(size=(700, 4)), rng.integers(0, 3, 700).astype(float)
Y, LABELS = X[:, 0] - X[:, 1], np.array(["a", "b", "c"])[(X[:, 0] > 0) * 1 + (X[:, 1] > 1)]
PLAIN = {"encoder": None, "hidden_layer_sizes": (8,), "batch_size": 50, "tol": 0, "random_state": 0}


@pytest.fixture(autouse=True)
def several_pieces(monkeypatch):
    monkeypatch.setattr("skann.fitting.block_table.PIECE_ROWS", 150)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("params", [{}, {"class_weight": "balanced", "dropout": 0.2}], ids=str)
def test_a_warm_start_goes_on(params):
    """Five epochs and five more are ten, bit for bit: order of pieces and rows, moments, dropout and class weights."""
    table = from_arrays(X, LABELS, WEIGHT)
    options = PLAIN | {"early_stopping": False} | params
    once = ANNClassifier(**options, max_iter=10).fit(table)
    twice = ANNClassifier(**options, max_iter=5, warm_start=True).fit(table).fit(table)
    np.testing.assert_array_equal(twice.network_.theta, once.network_.theta)
    assert twice.loss_curve_ == once.loss_curve_


def test_a_warm_start_holds_out_the_same_rows_and_keeps_encoder_and_target(monkeypatch, tmp_path):
    table, plans, draw = from_parquet(write(TABLE, tmp_path), COLUMNS, "value"), set(), Plan.draw
    monkeypatch.setattr(Plan, "draw", lambda plan, *args: (plans.add(plan), draw(plan, *args))[1])
    model = ANNRegressor(n_estimators=2, max_iter=3, warm_start=True).fit(table)
    encoder, mean = model.encoder_, model.target_mean_
    model.fit(table)
    assert len(plans) == 1
    assert model.encoder_ is encoder
    assert model.target_mean_ == mean
    assert [len(each.loss_curve_) for each in model.estimators_] == [6, 6]


def test_a_warm_start_with_other_labels():
    """Fewer are those of before, with weights of classes by those there are; others are refused."""
    options = PLAIN | {"early_stopping": False, "batch_size": 700, "shuffle": False, "dtype": "float64"}
    model = ANNClassifier(**options, max_iter=5, warm_start=True, class_weight="balanced")
    few = LABELS != "b"
    found = model.fit(from_arrays(X, LABELS)).fit(from_arrays(X[few], LABELS[few])).predict_proba(X)
    expected = model.set_params(warm_start=False).fit(X, LABELS).set_params(warm_start=True).fit(X[few], LABELS[few])
    np.testing.assert_allclose(found, expected.predict_proba(X), rtol=1e-9)
    with pytest.raises(ValueError, match=r"labels that are not among the classes .*: \['d'\]"):
        model.fit(from_arrays(X, np.where(few, LABELS, "d")))
    with pytest.raises(ValueError, match="expecting 4 features"):
        model.fit(from_arrays(X[:, :3], LABELS))
    np.testing.assert_allclose(model.predict_proba(X), found, rtol=1e-9)


def test_partial_fit_of_a_table_is_a_call_for_each_block(tmp_path):
    table = from_parquet(write(TABLE, tmp_path), COLUMNS, "class", "weight")
    model, expected = (ANNClassifier(random_state=0) for _ in range(2))
    for _ in range(2):
        model.partial_fit(table, classes=["no", "yes"])
    for block in [*table, *table]:
        expected.partial_fit(block.X, block.y, sample_weight=block.weight, classes=["no", "yes"])
    np.testing.assert_array_equal(model.predict_proba(TABLE[COLUMNS]), expected.predict_proba(TABLE[COLUMNS]))
    assert model.loss_curve_ == expected.loss_curve_


def test_partial_fit_is_told_of_a_bad_block_and_has_learnt_from_none():
    y = Y.copy()
    y[640] = np.nan
    model = ANNRegressor(random_state=0).partial_fit(from_arrays(X, Y))
    before = model.predict(X)
    with pytest.raises(ValueError, match=r"X, rows 600 to 699: .*y"):
        model.partial_fit(from_arrays(X, y))
    np.testing.assert_array_equal(model.predict(X), before)


def test_a_table_of_rows_to_watch(tmp_path, monkeypatch):
    """All of its rows, or of a large one a sample that is always the same."""
    watched = from_parquet(write(TABLE[:400], tmp_path), COLUMNS, "class", "weight")
    rows = {"X_val": TABLE[:400][COLUMNS], "y_val": TABLE["class"][:400], "sample_weight_val": TABLE["weight"][:400]}
    model = ANNClassifier(n_estimators=1, max_iter=3, random_state=0)
    found = model.fit(TABLE[COLUMNS], TABLE["class"], X_val=watched).history_
    assert found["validation_score"] == model.fit(TABLE[COLUMNS], TABLE["class"], **rows).history_["validation_score"]
    assert len(model.fit(watched, X_val=watched).validation_scores_) == 3
    monkeypatch.setattr("skann.fitting.validation.MOST_WATCHED", 100)
    seen = []
    check = ANNClassifier._check_X_y
    monkeypatch.setattr(
        ANNClassifier, "_check_X_y", lambda *args, **names: (seen.append(args[1]), check(*args, **names))[1]
    )
    for _ in range(2):
        model.fit(TABLE[COLUMNS], TABLE["class"], X_val=watched)
    assert 70 < len(seen[1]) < 130
    assert seen[1].equals(seen[3])
