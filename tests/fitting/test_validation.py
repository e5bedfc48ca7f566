"""Rows of the user's that early stopping watches: X_val, y_val and sample_weight_val of fit."""

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skann
from skann.engine.calibration import fit_temperature
from skann.engine.evaluation import raw_outputs
from skann.engine.losses import CrossEntropy, SquaredError
from skann.engine.rows import ArrayRows
from skann.fitting import holdout, prepare
from tests.fitting.tables import LABELS, RECIPE, RNG, SCORE, SMALL, TARGETS, TRAIN, VAL, X, table, targets
from tests.helpers import bits, networks_of
from tests.plain import BOTH, ANNClassifier, ANNRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SOLVERS = pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])


def fitted(Estimator, weight=None, val=VAL, **params):
    """Trained on the first 80 rows, stopped on the others."""
    y = targets(Estimator)
    return Estimator(**SMALL | params).fit(X[TRAIN], y[TRAIN], X_val=X[val], y_val=y[val], sample_weight_val=weight)


# ------------------------------------------------------------------------------------------------- the training itself


class FromZero:
    """Losses whose constant prediction does not depend on the rows: so the start does not tell who was held out."""

    def constant(self, y, weight):
        return np.zeros(self.n_classes if hasattr(self, "n_classes") else y.shape[1])


class ZeroCrossEntropy(FromZero, CrossEntropy):
    pass


class ZeroSquaredError(FromZero, SquaredError):
    pass


@BOTH
@SOLVERS
def test_equals_holding_out_by_hand(Estimator, solver, monkeypatch):
    """Early stopping that holds out the last 40 rows, and the same rows as X_val: the same to the bit."""
    split = [holdout.Split(TRAIN, VAL)]
    loss = ZeroCrossEntropy(3) if Estimator is ANNClassifier else ZeroSquaredError()
    params = {"solver": solver, "loss": loss, "dtype": "float64", "alpha": 0.01}
    params["max_grad_norm"] = None if solver == "lbfgs" else 1.0
    y = targets(Estimator)
    monkeypatch.setattr(prepare, "hold_out", lambda *args: split)
    held_out = Estimator(**SMALL | params, early_stopping=True).fit(X, y)
    own = fitted(Estimator, **params)
    assert bits(*own.coefs_, *own.intercepts_) == bits(*held_out.coefs_, *held_out.intercepts_)
    assert own.validation_scores_ == held_out.validation_scores_
    assert own.loss_curve_ == held_out.loss_curve_


@BOTH
@SOLVERS
@pytest.mark.parametrize("early_stopping", ["auto", True])
def test_watched_loss_is_that_of_x_val(Estimator, solver, early_stopping):
    """Nothing is held out, and the restored weights are those of the best epoch on X_val."""
    model = fitted(Estimator, solver=solver, early_stopping=early_stopping)
    y = targets(Estimator)[VAL]
    if Estimator is ANNClassifier:
        loss = -model.predict_log_proba(X[VAL])[np.arange(40), np.searchsorted(model.classes_, y)].mean()
    else:
        loss = 0.5 * np.mean((model.predict(X[VAL]) - y) ** 2)
    assert loss == pytest.approx(-model.best_validation_score_, rel=1e-6)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.t_ == 80 * model.n_iter_


@BOTH
def test_it_stops_early(Estimator):
    """Labels turned round in X_val: the first epochs are the best ones."""
    y = targets(Estimator)
    turned = y[TRAIN][::-1] if Estimator is ANNClassifier else -y[TRAIN]
    model = Estimator(**SMALL | {"max_iter": 200}).fit(X[TRAIN], y[TRAIN], X_val=X[TRAIN], y_val=turned)
    assert model.n_iter_ < 60


@pytest.mark.parametrize("Estimator", [skann.ANNClassifier, skann.ANNRegressor])
def test_every_network_of_an_ensemble_sees_all_rows(Estimator):
    """Different starts, the same rows watched; no rows have been held out."""
    y = TARGETS[Estimator]
    model = Estimator(**RECIPE).fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    assert [member.t_ for member in model.estimators_] == [80 * member.n_iter_ for member in model.estimators_]
    assert not np.array_equal(model.estimators_[0].coefs_[0], model.estimators_[1].coefs_[0])
    assert model.oof_prediction_ is None
    threads = Estimator(**RECIPE, n_jobs=2).fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    assert bits(threads.predict(X)) == bits(model.predict(X))


def test_temperature_is_fitted_on_x_val():
    y = LABELS
    model = skann.ANNClassifier(**RECIPE | {"calibration": "temperature"})
    model.fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    encoded = model.encoder_.transform(X[VAL]).astype(np.float32)
    raw = np.concatenate([raw_outputs(network, ArrayRows(encoded)) for network in networks_of(model)])
    codes = np.tile(np.searchsorted(model.classes_, y[VAL]), 2)
    assert model.temperature_ == pytest.approx(fit_temperature(model.networks_.loss, raw, codes), rel=1e-4)
    assert model.temperature_ != 1


@BOTH
@SOLVERS
def test_rows_of_weight_zero_do_not_exist(Estimator, solver):
    weight = RNG.uniform(0.5, 2, 40)
    weight[::3] = 0
    model = fitted(Estimator, weight, solver=solver)
    kept = weight > 0
    other = fitted(Estimator, weight[kept], VAL[kept], solver=solver)
    np.testing.assert_allclose(model.validation_scores_, other.validation_scores_, rtol=1e-12)
    np.testing.assert_allclose(model.coefs_[0], other.coefs_[0], rtol=1e-12)


@BOTH
def test_integer_weights_are_copies(Estimator):
    weight = np.arange(40) % 3
    model, copies = fitted(Estimator, weight), fitted(Estimator, None, np.repeat(VAL, weight))
    np.testing.assert_allclose(model.validation_scores_, copies.validation_scores_, rtol=1e-10)


@BOTH
def test_units_of_the_weights_do_not_matter(Estimator):
    scores = [fitted(Estimator, np.arange(1, 41) * unit).validation_scores_ for unit in (1.0, 1e-30)]
    np.testing.assert_allclose(*scores, rtol=1e-10)


def test_a_weight_that_rounds_to_zero_is_not_zero():
    """R2 needs two rows: there are two, though one counts for nothing in float32."""
    model = fitted(ANNRegressor, [1.0, 1e-60], VAL[:2], dtype="float32", scoring="r2")
    assert len(model.validation_scores_) == model.n_iter_


def test_class_weight_leaves_x_val_alone():
    """As in HistGradientBoostingClassifier: it is part of the training, not of the judgement."""
    model = fitted(ANNClassifier, class_weight={"low": 9.0, "mid": 1.0, "top": 1.0})
    y = np.searchsorted(model.classes_, LABELS[VAL])
    loss = -model.predict_log_proba(X[VAL])[np.arange(40), y].mean()
    assert model.best_validation_score_ == pytest.approx(-loss, rel=1e-6)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_scaled_targets(n_targets):
    """Units of y: a thousand times the target gives the same training and, in its units, the same model."""
    y = np.column_stack([SCORE, SCORE**2])[:, :n_targets]
    one, thousand = (
        ANNRegressor(**SMALL, target_scaling=True, dtype="float64").fit(
            X[TRAIN], unit * y[TRAIN], X_val=X[VAL], y_val=unit * y[VAL]
        )
        for unit in (1.0, 1024.0)
    )
    np.testing.assert_allclose(one.validation_scores_, thousand.validation_scores_, rtol=1e-9)
    best = -one.best_validation_score_
    residual = (one.predict(X[VAL]) - y[VAL]) / y[TRAIN].std(axis=0)
    assert best == pytest.approx(0.5 * (residual**2).sum(axis=1).mean(), rel=1e-9)


@BOTH
def test_sparse_equals_dense(Estimator):
    y = targets(Estimator)
    dense, *others = (
        Estimator(**SMALL).fit(make(X[TRAIN]), y[TRAIN], X_val=make_val(X[VAL]), y_val=y[VAL])
        for make, make_val in [(np.asarray,) * 2, (sparse.csr_array,) * 2, (np.asarray, sparse.csc_matrix)]
    )
    for other in others:
        np.testing.assert_allclose(dense.validation_scores_, other.validation_scores_, rtol=1e-9)


def test_multilabel():
    Y = np.column_stack([SCORE > 0, SCORE > 1]).astype(int)
    dense, sparse_y = (
        ANNClassifier(**SMALL).fit(X[TRAIN], make(Y[TRAIN]), X_val=X[VAL], y_val=make(Y[VAL]))
        for make in (np.asarray, sparse.csr_matrix)
    )
    assert dense.validation_scores_ == sparse_y.validation_scores_
    with pytest.raises(ValueError, match="y_val must have 2 label columns as before, got 3"):
        ANNClassifier(**SMALL).fit(X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=np.column_stack([Y, Y[:, 0]])[VAL])


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_tables(n_estimators):
    """The encoder learns from X only: levels that X_val alone has are unknown ones."""
    frame, y = table()
    val = frame[100:].copy()
    val.loc[val.index[:5], "colour"] = "violet"
    model = skann.ANNClassifier(**RECIPE | {"n_estimators": n_estimators, "max_iter": 20}, calibration=None)
    model.fit(frame[:100], y[:100], X_val=val, y_val=y[100:])
    alone = clone(model).fit(frame[:100], y[:100], X_val=val[::2], y_val=y[100::2])
    np.testing.assert_array_equal(model.encoder_.transform(frame), alone.encoder_.transform(frame))
    networks = model.estimators_ if n_estimators > 1 else [model]
    for network in networks:
        codes = np.searchsorted(model.classes_, y[100:])
        loss = -network.predict_log_proba(val)[np.arange(50), codes].mean()
        assert network.best_validation_score_ == pytest.approx(-loss, rel=1e-4)
    with pytest.raises(ValueError, match=r"X_val: The feature names should match[^$]*\n- hue"):
        model.fit(frame, y, X_val=val.rename(columns={"colour": "hue"}), y_val=y[100:])


def test_warm_start_goes_on():
    """6 epochs and 6 more are 12, if none of them is worse than those before."""
    params = {"tol": 0.0, "n_iter_no_change": 100, "learning_rate_init": 0.001}
    at_once = fitted(ANNRegressor, **params, max_iter=12)
    y = targets(ANNRegressor)
    model = ANNRegressor(**SMALL | params | {"max_iter": 6}, warm_start=True)
    for _ in range(2):
        model.fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    assert np.argmax(at_once.validation_scores_) == 11
    assert bits(*model.coefs_) == bits(*at_once.coefs_)
    assert model.validation_scores_ == at_once.validation_scores_


@pytest.mark.parametrize("weight_averaging", [None, 0.9])
def test_warm_start_keeps_the_best(weight_averaging):
    """X_val may differ in the next call; the weights that the call began with compete on the new rows.

    Those of the model, which may be averages, not those that the training goes on with.
    """
    model = fitted(ANNRegressor, warm_start=True, max_iter=30, weight_averaging=weight_averaging)
    before = bits(*model.coefs_)
    y = targets(ANNRegressor)
    model.set_params(learning_rate_init=5.0, max_iter=2).fit(X[TRAIN], y[TRAIN], X_val=X[VAL[:20]], y_val=y[VAL[:20]])
    assert bits(*model.coefs_) == before


# ----------------------------------------------------------------------------------------------------------- bad input

GOOD = {"X_val": X[VAL], "y_val": LABELS[VAL]}


@pytest.mark.parametrize(
    "given, error, message",
    [
        ({"y_val": None}, ValueError, "X_val is given, but y_val is not"),
        ({"X_val": None}, ValueError, "y_val is given, but X_val is not"),
        ({"X_val": None, "y_val": None, "sample_weight_val": np.ones(40)}, ValueError, "sample_weight_val is given"),
        ({"X_val": X[VAL, :3]}, ValueError, "X_val has 3 features, but ANNClassifier is expecting 4"),
        ({"X_val": X[VAL[:-1]]}, ValueError, r"X_val and y_val have inconsistent numbers of samples: \[39, 40\]"),
        ({"X_val": np.where(X > 9, X, np.nan)[VAL]}, ValueError, "Input X_val contains NaN"),
        ({"X_val": X[VAL][0]}, ValueError, r"Expected 2D .* X_val has shape \(4,\)"),
        ({"X_val": X[:0], "y_val": LABELS[:0]}, ValueError, r"X_val: Found array with 0 sample"),
        ({"X_val": X[VAL].astype("M8[s]")}, TypeError, "X_val must hold numbers"),
        ({"y_val": np.where(SCORE > 1, "other", LABELS)[VAL]}, ValueError, r"y_val holds labels .*\['other'\]"),
        ({"y_val": SCORE[VAL]}, ValueError, "y_val: Unknown label type"),
        ({"y_val": np.column_stack([SCORE > 0, SCORE > 1])[VAL]}, ValueError, "y_val must have one label per row"),
        ({"y_val": LABELS[:0], "X_val": X[VAL]}, ValueError, r"y_val must have rows"),
        ({"y_val": "yes"}, TypeError, "y_val must be an array or list"),
        ({"sample_weight_val": np.zeros(40)}, ValueError, "sample_weight_val must have at least one weight above zero"),
        ({"sample_weight_val": -np.ones(40)}, ValueError, "Negative values in data passed to sample_weight_val: -1 "),
        ({"sample_weight_val": np.ones(39)}, ValueError, r"sample_weight_val.shape == \(39,\), expected \(40,\)"),
        ({"sample_weight_val": np.ones((40, 2))}, ValueError, r"sample_weight_val must be a 1D .* shape \(40, 2\)"),
        ({"sample_weight_val": np.full(40, np.nan)}, ValueError, "Input sample_weight_val contains NaN: 40 of 40"),
        ({"sample_weight_val": np.full(40, np.inf)}, ValueError, "Input sample_weight_val contains infinity: 40 of 40"),
        ({"sample_weight_val": ["X"] * 40}, ValueError, "sample_weight_val must hold numbers: .* 'X'"),
        ({"sample_weight_val": np.ones(40, "M8[s]")}, TypeError, "sample_weight_val must hold numbers: got dates"),
        ({"sample_weight_val": np.full(40, 1e308)}, ValueError, "sample_weight_val adds up to inf"),
    ],
    ids=lambda x: next(iter(x)) if isinstance(x, dict) else None,
)  # fmt: skip
def test_errors_name_the_argument(given, error, message):
    """A fitted estimator is as before, then."""
    model = ANNClassifier(**SMALL).fit(X[:50], LABELS[:50])
    before = dict(vars(model))
    with pytest.raises(error, match=f"^{message}"):
        model.fit(X[TRAIN], LABELS[TRAIN], **GOOD | given)
    assert vars(model) == before


def test_not_without_early_stopping():
    """As in HistGradientBoosting."""
    for off in (False, np.False_):
        with pytest.raises(ValueError, match="X_val and y_val are given to fit, but early_stopping=False"):
            ANNClassifier(**SMALL, early_stopping=off).fit(X[TRAIN], LABELS[TRAIN], **GOOD)


def test_domain_of_the_loss():
    y = np.abs(SCORE)
    with pytest.raises(ValueError, match="loss='gamma' needs a y_val of"):
        ANNRegressor(**SMALL, loss="gamma").fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=-y[VAL])


def test_too_large_for_float32():
    """ "auto" goes to float64, for X_val as for X; float32 is an error."""
    y, huge = targets(ANNRegressor), np.where(np.arange(4) == 0, 1e39, X[VAL])
    model = ANNRegressor(**SMALL | {"max_iter": 1}, solver="adam", tol=0)
    big = np.repeat(X[TRAIN], 10, axis=0), np.repeat(y[TRAIN], 10)  # small data are float64 anyway
    assert model.fit(*big, X_val=huge, y_val=y[VAL]).coefs_[0].dtype == np.float64
    with pytest.raises(ValueError, match="X_val holds values too large for float32"):
        model.set_params(dtype="float32").fit(*big, X_val=huge, y_val=y[VAL])


@pytest.mark.parametrize("Estimator", [skann.ANNClassifier, skann.ANNRegressor])
def test_partial_fit_has_no_such_arguments(Estimator):
    assert not [name for name in inspect.signature(Estimator.partial_fit).parameters if name.endswith("_val")]
    names = list(inspect.signature(Estimator.fit).parameters)
    assert names == ["self", "X", "y", "sample_weight", "X_val", "y_val", "sample_weight_val", "groups"]


# ---------------------------------------------------------------------------------------------------- metadata routing


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@BOTH
def test_pipeline_transforms_x_val(Estimator, routing):
    """Scaled outside or inside the pipeline: the same model."""
    y, wide = targets(Estimator), X * [1, 10, 100, 1000] + 5
    model = Estimator(**SMALL).set_fit_request(X_val=True, y_val=True, sample_weight_val=True)
    pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
    weight = np.arange(1.0, 41)
    pipeline.fit(wide[TRAIN], y[TRAIN], X_val=wide[VAL], y_val=y[VAL], sample_weight_val=weight)
    scaler = StandardScaler().fit(wide[TRAIN])
    alone = Estimator(**SMALL).fit(
        scaler.transform(wide[TRAIN]), y[TRAIN],
        X_val=scaler.transform(wide[VAL]), y_val=y[VAL], sample_weight_val=weight,
    )  # fmt: skip
    assert pipeline[-1].validation_scores_ == alone.validation_scores_


@pytest.mark.parametrize("enabled", [False, True])
def test_cross_validation(enabled):
    """X_val goes to each fit whole; the scores are those of fits by hand."""
    params = {"X_val": X[VAL], "y_val": LABELS[VAL]}
    with sklearn.config_context(enable_metadata_routing=enabled):
        model = ANNClassifier(**SMALL)
        if enabled:
            model.set_fit_request(X_val=True, y_val=True)
        halves = [(TRAIN[:40], TRAIN[40:]), (TRAIN[40:], TRAIN[:40])]
        scores = cross_val_score(model, X[TRAIN], LABELS[TRAIN], cv=halves, params=params, error_score="raise")
        by_hand = [clone(model).fit(X[a], LABELS[a], **params).score(X[b], LABELS[b]) for a, b in halves]
        assert scores.tolist() == by_hand
        search = GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=halves).fit(X[TRAIN], LABELS[TRAIN], **params)
        assert search.best_estimator_.validation_scores_


def test_cross_validation_cuts_x_val_of_the_same_length():
    """The trap that the documentation of fit names: scikit-learn takes it for one value per row of X."""
    seen = []

    class Spy(skann.ANNClassifier):
        def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
            seen.append(len(X_val))
            return super().fit(X, y, sample_weight, X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val)

    model = Spy(**SMALL, encoder=None)
    for val, expected in ((TRAIN, 40), (TRAIN[:79], 79)):
        seen.clear()
        cross_val_score(model, X[TRAIN], LABELS[TRAIN], cv=2, params={"X_val": X[val], "y_val": LABELS[val]})
        assert seen == [expected] * 2
    assert "as many rows as X" in inspect.getdoc(skann.ANNClassifier.fit)


def test_no_warnings():
    """Frames keep their names on all ways."""
    frame = pd.DataFrame(X, columns=list("abcd"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        for scoring in ("loss", "accuracy", "balanced_accuracy"):
            for encoder in (None, "auto"):
                model = skann.ANNClassifier(**SMALL, n_estimators=1, encoder=encoder, scoring=scoring)
                model.fit(frame[:80], LABELS[TRAIN], X_val=frame[80:], y_val=LABELS[VAL])
                model.set_params(early_stopping=True, validation_fraction=0.2).fit(frame, LABELS)
