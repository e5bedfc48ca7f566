"""Estimators on tables of blocks: about as good as on the same rows in memory, and the same in what is exact."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann.data import from_arrays, from_parquet
from tests.blocks.tables import COLUMNS, mixed, write

TABLE = mixed()
X, TEST = TABLE[COLUMNS], mixed(600, seed=1)
rng = np.random.default_rng(0)
NUMBERS = rng.normal(size=(700, 4))
SHORT = {"random_state": 0, "max_iter": 5}


@pytest.fixture(autouse=True)
def several_pieces(monkeypatch):
    """Arrays of this module come in pieces, too."""
    monkeypatch.setattr("skann.fitting.block_table.PIECE_ROWS", 150)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(TABLE, tmp_path_factory.mktemp("table"))


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_a_classifier_is_as_good_as_in_memory(folder, n_estimators):
    table = from_parquet(folder, COLUMNS, "class")
    model = ANNClassifier(n_estimators=n_estimators, **SHORT).fit(table)
    in_memory = ANNClassifier(n_estimators=n_estimators, **SHORT).fit(X, TABLE["class"])
    score, expected = (each.score(TEST[COLUMNS], TEST["class"]) for each in (model, in_memory))
    assert score > expected - 0.03
    assert model.classes_.tolist() == ["no", "yes"]
    assert [model.encoder_.levels_[i].tolist() for i in (2, 3)] == [
        in_memory.encoder_.levels_[i].tolist() for i in (2, 3)
    ]
    np.testing.assert_array_equal(model.predict(table), model.predict(X))
    np.testing.assert_allclose(model.predict_proba(table), model.predict_proba(X), rtol=1e-4)


def test_an_ensemble_has_the_encoder_of_all_rows_and_scores_of_those_held_out(folder):
    model = ANNClassifier(n_estimators=2, **SHORT).fit(from_parquet(folder, COLUMNS, "class"))
    full = TabularEncoder().fit(X)
    np.testing.assert_array_equal(model.encoder_.center_, full.center_)
    np.testing.assert_array_equal(model.encoder_.scale_, full.scale_)
    assert abs(model.oof_score_ - model.score(TEST[COLUMNS], TEST["class"])) < 0.08
    assert model.oof_prediction_ is None
    assert model.predict_set(TEST[COLUMNS]).any(axis=1).all()


@pytest.mark.parametrize("params", [{}, {"loss": "quantile", "quantile": [0.2, 0.8]}], ids=["mean", "quantiles"])
def test_scores_of_tables_are_those_of_their_rows(folder, params):
    """With their own targets and weights."""
    table = from_parquet(folder, COLUMNS, "value", "weight")
    model = ANNRegressor(n_estimators=1, **SHORT | params).fit(table)
    assert model.score(table) == pytest.approx(model.score(X, TABLE["value"], TABLE["weight"]), rel=1e-6)
    assert model.score(table, TABLE["value"]) == pytest.approx(model.score(X, TABLE["value"]), rel=1e-6)
    for labels in (from_parquet(folder, COLUMNS, "class"), from_arrays(NUMBERS, NUMBERS[:, 0] > 0)):
        classifier = ANNClassifier(n_estimators=1, **SHORT).fit(labels)
        rows = (X, TABLE["class"]) if labels.shape[1] == len(COLUMNS) else (NUMBERS, NUMBERS[:, 0] > 0)
        assert classifier.score(labels) == classifier.score(*rows)


@pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])
def test_scores_need_targets(folder, Estimator):
    model = Estimator(n_estimators=1, **SHORT).fit(NUMBERS, (NUMBERS[:, 0] > 0).astype(int))
    with pytest.raises(ValueError, match="X is a table of blocks that has no target"):
        model.score(from_arrays(NUMBERS))
    with pytest.raises(TypeError, match="X is a table of blocks, which carries y and sample_weight"):
        model.score(from_arrays(NUMBERS, NUMBERS[:, 0] > 0), sample_weight=np.ones(len(NUMBERS)))
    with pytest.raises(ValueError, match="score requires y to be passed"):
        model.score(NUMBERS)


def test_a_regressor_with_weights(folder):
    table = from_parquet(folder, COLUMNS, "value", "weight")
    model = ANNRegressor(n_estimators=2, **SHORT).fit(table)
    mean = np.average(TABLE["value"], weights=TABLE["weight"])
    np.testing.assert_allclose(model.target_mean_, mean, rtol=1e-12)
    assert model.score(TEST[COLUMNS], TEST["value"]) > 0.95
    assert model.feature_importances_.argmax() == 0
    assert model.predict_interval(TEST[COLUMNS]).shape == (600, 2)


def test_full_batches_without_shuffling_are_the_fit_in_memory():
    """Nothing is drawn: no rows held out, all of them in each step, no dropout; what remains is rounding."""
    y, weight = NUMBERS[:, 0] - NUMBERS[:, 1], rng.integers(0, 3, 700).astype(float)
    options = {"encoder": None, "dtype": "float64", "batch_size": 700, "shuffle": False, "random_state": 0}
    options |= {"early_stopping": False, "max_iter": 20, "hidden_layer_sizes": (8,), "tol": 0}
    model = ANNRegressor(**options)
    found = clone(model).fit(from_arrays(NUMBERS, y, weight)).predict(NUMBERS)
    np.testing.assert_allclose(found, model.fit(NUMBERS, y, weight).predict(NUMBERS), rtol=1e-8)


def test_lbfgs_is_the_fit_in_memory():
    y = NUMBERS[:, 0] - NUMBERS[:, 1]
    model = ANNRegressor(encoder=None, solver="lbfgs", max_iter=30, hidden_layer_sizes=(5,), random_state=0)
    found = clone(model).fit(from_arrays(NUMBERS, y)).predict(NUMBERS)
    np.testing.assert_allclose(found, model.fit(NUMBERS, y).predict(NUMBERS), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 30.0}, {0: 0.0, 1: 1.0, 2: 1.0}], ids=str)
def test_class_weights_are_those_of_memory(class_weight):
    y, weight = np.repeat([0, 1, 2], [500, 150, 50])[rng.permutation(700)], rng.integers(0, 3, 700).astype(float)
    class_weight = class_weight if isinstance(class_weight, str) else {2: 1.0} | class_weight
    options = {"encoder": None, "dtype": "float64", "batch_size": 700, "shuffle": False, "random_state": 0}
    options |= {"early_stopping": False, "max_iter": 10, "hidden_layer_sizes": (8,), "class_weight": class_weight}
    model = ANNClassifier(**options)
    found = clone(model).fit(from_arrays(NUMBERS, y, weight)).predict_proba(NUMBERS)
    np.testing.assert_allclose(found, model.fit(NUMBERS, y, weight).predict_proba(NUMBERS), rtol=1e-7)


def test_several_targets_and_several_labels():
    Y = NUMBERS[:, :2] * [1, 100]
    model = ANNRegressor(n_estimators=1, **SHORT).fit(from_arrays(NUMBERS, Y))
    np.testing.assert_allclose(model.target_scale_, Y.std(axis=0), rtol=0.1)
    assert model.predict(NUMBERS).shape == (700, 2)
    model = ANNClassifier(n_estimators=1, **SHORT).fit(from_arrays(NUMBERS, (Y > 0).astype(int)))
    assert model.score(NUMBERS, (Y > 0).astype(int)) > 0.8


def test_the_same_seed_gives_the_same_model_which_can_be_pickled(folder):
    table = from_parquet(folder, COLUMNS, "class")
    models = [ANNClassifier(n_estimators=1, **SHORT).fit(pickle.loads(pickle.dumps(table))) for _ in range(2)]
    first, second = (model.predict_proba(X) for model in models)
    np.testing.assert_array_equal(first, second)
    assert len(pickle.dumps(models[0])) < 2_000_000
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(models[0])).predict_proba(X), first)


def test_rows_to_watch_and_a_scorer(folder):
    table = from_parquet(folder, COLUMNS, "class")
    model = ANNClassifier(n_estimators=1, scoring="roc_auc", **SHORT)
    model.fit(table, X_val=TEST[COLUMNS], y_val=TEST["class"])
    assert max(model.history_["validation_score"]) > 0.9
    assert max(clone(model).fit(table).history_["validation_score"]) > 0.9


def test_a_large_memory_map_is_read_in_blocks_and_one_of_joblib_is_not(tmp_path, monkeypatch):
    mapped = np.memmap(tmp_path / "X", np.float64, "w+", shape=NUMBERS.shape)
    mapped[:] = NUMBERS
    y = NUMBERS[:, 0]
    in_memory = ANNRegressor(n_estimators=1, **SHORT).fit(mapped, y)
    monkeypatch.setattr("skann.fitting.block_table.LARGE_MAP", 1)
    in_blocks = ANNRegressor(n_estimators=1, **SHORT).fit(mapped, y)
    expected = ANNRegressor(n_estimators=1, **SHORT).fit(from_arrays(mapped, y))
    np.testing.assert_array_equal(in_blocks.predict(NUMBERS), expected.predict(NUMBERS))
    np.testing.assert_array_equal(
        in_memory.predict(NUMBERS), ANNRegressor(n_estimators=1, **SHORT).fit(NUMBERS, y).predict(NUMBERS)
    )
    mapped.filename = tmp_path / "joblib_memmapping_folder_1" / "X"
    again = ANNRegressor(n_estimators=1, **SHORT).fit(mapped, y)
    np.testing.assert_array_equal(in_memory.predict(NUMBERS), again.predict(NUMBERS))
    with pytest.raises(ValueError, match="entry for each of the 700 rows"):
        ANNRegressor().fit(in_memory_map(mapped, tmp_path), y[1:])


def in_memory_map(mapped, tmp_path):
    mapped.filename = tmp_path / "X"
    return mapped


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda table: ANNRegressor().fit(table, NUMBERS[:, 0]), "carries y and sample_weight"),
        (lambda table: ANNRegressor(cv=3).fit(table), "cv and groups need rows in memory"),
        (
            lambda table: ANNRegressor().fit(table, X_val=table, y_val=[0]),
            "X_val is a table of blocks, which carries y and sample_weight",
        ),
        (
            lambda table: ANNRegressor().fit(table, X_val=from_arrays(NUMBERS)),
            "X_val is a table of blocks that has no target",
        ),
        (lambda table: ANNRegressor().partial_fit(table, NUMBERS[:, 0]), "carries y and sample_weight"),
        (lambda table: ANNRegressor().partial_fit(from_arrays(NUMBERS)), "no target"),
        (lambda table: ANNRegressor().partial_fit(NUMBERS), "requires y"),
        (lambda table: ANNRegressor().partial_fit(from_arrays(NUMBERS, NUMBERS[:, 0], 0 * NUMBERS[:, 0])), "one row"),
        (lambda table: ANNRegressor(encoder=StandardScaler()).fit(table), "needs all rows in memory"),
        (lambda table: ANNRegressor().fit(from_arrays(NUMBERS)), "no target"),
        (lambda table: ANNRegressor().fit(NUMBERS), "requires y"),
    ],
)
def test_what_does_not_go_with_blocks_is_refused(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(from_arrays(NUMBERS, NUMBERS[:, 0]))


def test_a_bad_value_names_its_place_and_leaves_the_estimator_as_it_was():
    y = NUMBERS[:, 0].copy()
    model = ANNRegressor(n_estimators=1, **SHORT).fit(from_arrays(NUMBERS, y))
    before = model.predict(NUMBERS)
    bad = NUMBERS.copy()
    bad[650, 2] = np.inf
    with pytest.raises(ValueError, match=r"X, rows 600 to 699: .*Column 2 holds an infinite value"):
        model.fit(from_arrays(bad, y))
    y[3] = np.nan
    with pytest.raises(ValueError, match=r"X, rows 0 to 149: .*y"):
        model.fit(from_arrays(NUMBERS, y))
    np.testing.assert_array_equal(model.predict(NUMBERS), before)
