"""Values at the ends of what floats can hold, and nothing where something is expected: each was once a failure."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import skann
from skann import find_learning_rate
from tests.plain import BOTH, ANNClassifier, ANNRegressor

pytestmark = [
    pytest.mark.filterwarnings("error::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
BOTH_WITH_ENCODER = pytest.mark.parametrize("Estimator", [skann.ANNClassifier, skann.ANNRegressor])
rng = np.random.default_rng(0)
X = rng.standard_normal((30, 3))
Y = (X[:, 0] > 0).astype(int)
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 3, "n_estimators": 1, "random_state": 0}
LARGEST, TINY = np.finfo(float).max, 5e-324


def finite(model, X=X):
    """Whether parameters and predictions are finite."""
    arrays = [model.network_.theta, model.predict(X), model.loss_curve_]
    arrays += [model.predict_proba(X)] if hasattr(model, "predict_proba") else []
    return all(np.isfinite(array).all() for array in arrays)


# ------------------------------------------------------------------------------------------------------ columns


@BOTH_WITH_ENCODER
@pytest.mark.parametrize("table", [np.full((30, 2), 3.7), sparse.csr_array((30, 2))], ids=["dense", "sparse"])
def test_constant_columns_only(Estimator, table):
    """No column is left, so a network without hidden layers has no weight at all: it learns the constant."""
    model = Estimator(**SMALL | {"hidden_layer_sizes": ()}).fit(table, Y)
    assert finite(model, table)
    assert model.coefs_[0].shape[0] == 0
    for initializer in ("glorot", "he", "lecun", "data"):
        assert finite(Estimator(**SMALL, initializer=initializer).fit(table, Y), table)


@BOTH
@pytest.mark.parametrize("bad", ["a word", 10**400, [1.0]], ids=["word", "integer", "list"])
@pytest.mark.parametrize("method", ["fit", "predict"])
def test_objects_that_are_no_numbers(Estimator, bad, method):
    """The message speaks of X, whatever NumPy says to them."""
    objects = X.astype(object)
    objects[3, 1] = bad
    model = Estimator(**SMALL).fit(X, Y)
    with pytest.raises((ValueError, TypeError), match="X must hold numbers"):
        model.fit(objects, Y) if method == "fit" else model.predict(objects)


@BOTH
def test_huge_values_of_both_signs(Estimator):
    """Their sums, which scikit-learn's check forms, are infinite of both signs."""
    huge = np.tile(np.array([[LARGEST, LARGEST, -LARGEST]]), (30, 5)) * rng.choice([-1, 1], (30, 15))
    model = Estimator(**SMALL | {"activation": "tanh"}).fit(huge[:, :3] / 1e300, Y)
    with pytest.raises(ValueError, match="scale X"):
        Estimator(**SMALL).fit(huge, Y)
    with pytest.raises(ValueError, match="large"):
        skann.ANNRegressor(**SMALL).fit(X, huge[:, 0])
    assert finite(model, X)


@BOTH
@pytest.mark.parametrize("activation", ["relu", "identity", "gelu"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_too_large_for_the_network(Estimator, activation, dtype):
    """An error instead of predictions that are not finite."""
    model = Estimator(**SMALL | {"activation": activation, "hidden_layer_sizes": (8, 8)}).fit(X, Y)
    model.network_.theta *= 50
    huge = (X / 4 * np.finfo(dtype).max).astype(dtype)
    methods = ["predict", "predict_proba", "predict_log_proba", "decision_function", "hidden_activations"]
    for method in methods:
        if hasattr(model, method):
            with pytest.raises(ValueError, match=r"X holds values too large"):
                getattr(model, method)(huge)


def test_predictions_too_large_for_the_targets():
    """A network of finite outputs whose predictions, in the units of y, are infinite."""
    model = skann.ANNRegressor(**SMALL | {"hidden_layer_sizes": (), "solver": "lbfgs"}, encoder=StandardScaler())
    model.fit(X[:, :1], 1e300 * X[:, 0])
    with pytest.raises(ValueError, match="X holds values too large"):
        model.predict([[1e20]])


def test_sparse_columns_of_many_scales():
    """A quotient that overflows is clipped like any other large one."""
    tiny = sparse.csr_matrix(np.where(rng.random((30, 3)) < 0.5, 0, 1e-300 * X))
    model = skann.ANNClassifier(**SMALL).fit(tiny, Y)
    assert finite(model, tiny * 1e10)
    assert finite(model, sparse.csr_matrix(np.where(tiny.toarray() == 0, 0, 1e300)))


def test_an_encoder_that_fails_is_named():
    words = np.array([["a"], ["b"], ["c"]] * 10, object)
    with pytest.raises(ValueError, match=r"encoder=StandardScaler\(\).*string"):
        ANNClassifier(**SMALL).set_params(encoder=StandardScaler()).fit(words, Y)


def test_an_encoder_that_makes_nan_is_named():
    to_nan = FunctionTransformer(lambda X: X * np.nan)
    with pytest.raises(ValueError, match=r"encoder.*NaN"):
        ANNClassifier(**SMALL).set_params(encoder=to_nan).fit(X, Y)


def test_an_encoder_that_makes_huge_values_is_named():
    huge = FunctionTransformer(lambda X: X * 1e200)
    model = skann.ANNClassifier(**SMALL, encoder=huge, dtype="float32")
    with pytest.raises(ValueError, match=r"encoder=.* too large for float32"):
        model.fit(X, Y)


@BOTH
def test_a_last_step_out_of_range(Estimator):
    """After which no loss is computed."""
    model = Estimator(**SMALL | {"max_iter": 1}, solver="sgd", learning_rate_init=1.0, dtype="float64")
    with pytest.raises(ValueError, match="outputs for the training rows are not finite after epoch 1"):
        model.fit(X * 1e150, Y)


@BOTH
def test_validation_rows_too_large(Estimator):
    """Their loss is not finite, which ends the training as that of the training rows would."""
    model = Estimator(**SMALL | {"activation": "identity"}, dtype="float64", solver="sgd")
    with pytest.raises(ValueError, match="the loss for the validation rows is"):
        model.fit(X, Y, X_val=1e308 * np.sign(X), y_val=Y)


# ----------------------------------------------------------------------------------------------- targets, labels


@pytest.mark.parametrize("scale", [1e-323, 1e-320, 1e-310, 1e-300, 1e300])
@pytest.mark.parametrize("target_scaling", [True, False])
@pytest.mark.parametrize("early_stopping", [True, False])
def test_targets_of_extreme_scale(scale, target_scaling, early_stopping):
    """They are learnt; without target scaling, huge ones are an error that says what to do."""
    y = scale * np.round(3 * X[:, 0])
    model = skann.ANNRegressor(
        **SMALL | {"max_iter": 60}, target_scaling=target_scaling, early_stopping=early_stopping, scoring="r2",
        validation_fraction=0.4,
    )  # fmt: skip
    if target_scaling or scale < 1:
        model.fit(X, y)
        assert finite(model)
        assert np.abs(model.predict(X)).max() < 30 * scale or not target_scaling
    else:
        with pytest.raises(ValueError, match=r"y holds values too large.*target_scaling"):
            model.fit(X, y)


def test_targets_whose_spread_rounds_to_zero():
    """The smallest number in one row of thirty: its standard deviation is no float."""
    y = np.where(np.arange(30) == 7, TINY, 0)
    model = skann.ANNRegressor(**SMALL, early_stopping=False).fit(X, y)
    assert finite(model)
    assert model.target_scale_ == TINY


def test_out_of_fold_predictions_of_large_targets():
    """They are in the units of y, which the float32 of the training may not hold."""
    model = skann.ANNRegressor(**SMALL | {"n_estimators": 2, "early_stopping": True}, dtype="float32")
    model.fit(np.tile(X, (3, 1)), 1e200 * np.tile(X[:, 0], 3))
    held_out = ~np.isnan(model.oof_prediction_)
    assert held_out.sum() == 36
    assert np.isfinite(model.oof_prediction_[held_out]).all()


def test_targets_beyond_all_scaling():
    """Even their differences overflow."""
    for y in (LARGEST * np.sign(X[:, 0]), np.where(X[:, 0] > 0, 1e306, 0)):
        with pytest.raises(ValueError, match="y holds values too large"):
            skann.ANNRegressor(**SMALL).fit(X, y)


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma", "tweedie"]
)
def test_huge_targets_without_scaling(loss):
    """A finite model, or an error that speaks of y."""
    model = ANNRegressor(**SMALL, loss=loss, early_stopping=True, validation_fraction=0.4)
    y = 1e301 * np.exp(X[:, 0] / 4)
    if loss in ("squared_error", "huber"):
        with pytest.raises(ValueError, match="y holds values too large"):
            model.fit(X, y)
    else:
        assert finite(model.fit(X, y))


def test_predictions_beyond_the_dtype_of_X():
    """float32 rows, but targets that need float64."""
    X32 = X.astype(np.float32)
    model = skann.ANNRegressor(**SMALL, early_stopping=False).fit(X32, 1e60 * X[:, 0])
    with pytest.raises(ValueError, match="make X float64"):
        model.predict(X32)
    assert finite(model)


@pytest.mark.parametrize("huber_delta", [1e-300, 1e300])
@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_huber_threshold_out_of_range(huber_delta, scale):
    """The threshold, in units of y, is beyond what floats hold."""
    model = skann.ANNRegressor(**SMALL, loss="huber", huber_delta=huber_delta, target_scaling=scale > 1)
    assert finite(model.fit(X, scale * X[:, 0]))


@pytest.mark.parametrize("encoder", [None, "auto"])
def test_objects_that_are_missing(encoder):
    """The message speaks of y."""
    for missing in (None, np.nan):
        y = np.where(np.arange(30) == 3, missing, X[:, 0].astype(object))
        with pytest.raises(ValueError, match=r"\by\b.*(NaN|missing)"):
            skann.ANNRegressor(**SMALL, encoder=encoder).fit(X, y)


def test_r2_of_huge_targets():
    """Squares of residuals do not overflow: R2 has no units."""
    model = ANNRegressor(
        **SMALL, loss="absolute_error", early_stopping=True, validation_fraction=0.4, scoring="r2", solver="sgd"
    )
    model.fit(X, 1e200 * X[:, 0])
    assert np.isfinite(model.validation_scores_).all()


def test_labels_of_several_kinds():
    """The message speaks of y, or of the classes."""
    mixed = np.array(["a", 1, 2] * 10, object)
    with pytest.raises((ValueError, TypeError), match=r"y holds labels of several kinds.*'a'.*1"):
        ANNClassifier(**SMALL).fit(X, mixed)
    with pytest.raises((ValueError, TypeError), match=r"y holds labels of several kinds"):
        ANNClassifier(**SMALL).partial_fit(X, mixed, classes=["a", "b"])
    with pytest.raises((ValueError, TypeError), match=r"classes holds labels of several kinds"):
        ANNClassifier(**SMALL).partial_fit(X, Y, classes=np.array(["a", 1], object))
    with pytest.raises((ValueError, TypeError), match=r"labels that are not among the classes"):
        ANNClassifier(**SMALL).partial_fit(X, np.array(["a", "b"] * 15, object), classes=[0, 1])


# ------------------------------------------------------------------------------------------------------ weights


@BOTH_WITH_ENCODER
@pytest.mark.parametrize("factor", [1e-150, 1e150, 1e300])
def test_scale_of_weights(Estimator, factor):
    """Without L2 weights have no unit."""
    weight = rng.random(30)
    a, b = (Estimator(**SMALL, alpha=0).fit(X, Y, sample_weight=w) for w in (weight, factor * weight))
    np.testing.assert_allclose(a.predict(X), b.predict(X), rtol=1e-4)


@BOTH_WITH_ENCODER
@pytest.mark.parametrize("value", [LARGEST, TINY])
def test_weights_whose_sum_is_no_number(Estimator, value):
    """Too large, or so small that its reciprocal is."""
    with pytest.raises(ValueError, match=r"sample_weight adds up to"):
        Estimator(**SMALL).fit(X, Y, sample_weight=np.full(30, value))
    with pytest.raises(ValueError, match=r"sample_weight.* adds? up to"):
        Estimator(**SMALL).fit(X, Y, X_val=X, y_val=Y, sample_weight_val=np.full(30, value))


def test_class_weight_out_of_range():
    for by_class in ({0: LARGEST, 1: LARGEST}, {0: TINY, 1: TINY}):
        with pytest.raises(ValueError, match=r"sample_weight times class_weight adds up to"):
            ANNClassifier(**SMALL, class_weight=by_class).fit(X, Y, sample_weight=np.ones(30))


@BOTH
def test_weights_of_very_different_size(Estimator):
    """Held-out rows that weigh next to nothing among all rows still have weights among themselves."""
    weight = 10.0 ** rng.uniform(-300, 0, 30)
    for seed in range(5):
        model = Estimator(
            **SMALL | {"random_state": seed, "dtype": "float32"}, early_stopping=True, validation_fraction=0.4, alpha=0
        ).fit(X, Y, sample_weight=weight)
        assert np.isfinite(model.validation_scores_).all()


@BOTH
def test_l2_that_the_weights_make_enormous(Estimator):
    """alpha is divided by the total weight: the message says so."""
    with pytest.raises(ValueError, match=r"alpha=0\.0001.*total weight.*1e-298"):
        Estimator(**SMALL, solver="sgd").fit(X, Y, sample_weight=np.full(30, 1e-298 / 30))


# --------------------------------------------------------------------------------------------------- parameters


@BOTH
def test_inverse_scaling_of_enormous_power(Estimator):
    """The rate comes to 0, not to an OverflowError."""
    assert finite(Estimator(**SMALL, solver="sgd", learning_rate="invscaling", power_t=300.0).fit(X, Y))


@BOTH
def test_learning_rate_finder_of_extreme_values(Estimator):
    sweep = find_learning_rate(Estimator(**SMALL, alpha=0), X * 1e-300, Y)
    assert np.isfinite(sweep.losses).all()
    assert np.isfinite(find_learning_rate(Estimator(**SMALL), X * 1e150, Y).losses).all()
    with pytest.raises(ValueError, match="scale X"):
        find_learning_rate(ANNRegressor(**SMALL), X * 1e306, Y)
