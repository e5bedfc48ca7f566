"""Bad input: an error that names the parameter or the data and says what was found; a fitted model stays as it was."""

import re
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from skann.engine.activations import ReLU
from skann.engine.schedules import Constant
from tests.data import SCALED_IRIS as X
from tests.data import SPECIES as Y
from tests.plain import BOTH, ANNClassifier, ANNRegressor

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]


def fitted(Estimator, **params):
    return Estimator(**{"hidden_layer_sizes": (6,), "max_iter": 10, "random_state": 0} | params).fit(X, Y)


# --------------------------------------------------------------------------------------------------- parameters

BAD_PARAMETERS = [
    ("hidden_layer_sizes", 0),
    ("hidden_layer_sizes", -3),
    ("hidden_layer_sizes", (10, 0)),
    ("hidden_layer_sizes", (10, -1)),
    ("hidden_layer_sizes", 2.5),
    ("hidden_layer_sizes", (2.5,)),
    ("hidden_layer_sizes", "big"),
    ("hidden_layer_sizes", ("10",)),
    ("hidden_layer_sizes", [[4], [3]]),
    ("hidden_layer_sizes", None),
    ("hidden_layer_sizes", True),
    ("hidden_layer_sizes", np.nan),
    ("activation", "sigmoidal"),
    ("activation", None),
    ("activation", 3),
    ("activation", ["relu", "tanh"]),  # one hidden layer
    ("activation", ["sigmoidal"]),
    ("activation", []),
    ("activation", ReLU),  # a class, not an object
    ("loss", "logloss"),
    ("loss", None),
    ("solver", "adamw"),
    ("solver", None),
    ("initializer", "xavier"),
    ("initializer", 1.0),
    ("alpha", -1e-4),
    ("alpha", "none"),
    ("alpha", None),
    ("alpha", np.nan),
    ("alpha", np.inf),
    ("weight_decay", -0.1),
    ("weight_decay", np.nan),
    ("dropout", -0.1),
    ("dropout", 1.0),
    ("dropout", 1.5),
    ("dropout", "0.5"),
    ("dropout", [0.1, 0.2]),  # one hidden layer
    ("dropout", [1.0]),
    ("dropout", ["0.1"]),
    ("dropout", [np.nan]),
    ("dropout", np.nan),
    ("batch_size", 0),
    ("batch_size", -1),
    ("batch_size", 10.0),
    ("batch_size", "all"),
    ("batch_size", None),
    ("learning_rate", "exponential"),
    ("learning_rate", None),
    ("learning_rate", 0.1),
    ("learning_rate_init", 0),
    ("learning_rate_init", -0.1),
    ("learning_rate_init", "fast"),
    ("learning_rate_init", np.nan),
    ("learning_rate_init", np.inf),
    ("power_t", -1),
    ("power_t", "half"),
    ("momentum", -0.1),
    ("momentum", 1.1),
    ("momentum", None),
    ("nesterovs_momentum", 1.5),
    ("nesterovs_momentum", "yes"),
    ("beta_1", 1.0),
    ("beta_1", -0.1),
    ("beta_2", 1.0),
    ("beta_2", "0.9"),
    ("epsilon", 0),
    ("epsilon", -1e-8),
    ("max_fun", 0),
    ("max_fun", 1.5),
    ("max_grad_norm", 0),
    ("max_grad_norm", -1),
    ("max_grad_norm", "1"),
    ("max_iter", 0),
    ("max_iter", -5),
    ("max_iter", 10.5),
    ("max_iter", None),
    ("max_time", 0),
    ("max_time", -1),
    ("max_time", "1h"),
    ("tol", -1e-4),
    ("tol", None),
    ("tol", np.nan),
    ("n_iter_no_change", 0),
    ("n_iter_no_change", 1.5),
    ("early_stopping", "yes"),
    ("early_stopping", 2.5),
    ("validation_fraction", -0.1),
    ("validation_fraction", 1.0),
    ("validation_fraction", 1.5),
    ("validation_fraction", "10%"),
    ("warm_start", "yes"),
    ("shuffle", "yes"),
    ("random_state", "seed"),
    ("random_state", -1),
    ("random_state", 0.5),
    ("dtype", "float16"),
    ("dtype", "int"),
    ("dtype", None),
    ("verbose", "loud"),
    ("verbose", -1),
]
CLASSIFIER_ONLY = [
    ("label_smoothing", -0.1),
    ("label_smoothing", 1.0),
    ("label_smoothing", "a bit"),
    ("class_weight", "even"),
    ("class_weight", 2.0),
    ("class_weight", {0: -1.0}),
    ("class_weight", {0: "heavy"}),
    ("class_weight", {0: np.nan}),
    ("class_weight", {"setosa": 1.0}),
]
REGRESSOR_ONLY = [
    ("huber_delta", 0),
    ("huber_delta", -1.0),
    ("huber_delta", None),
    ("quantile", 0),
    ("quantile", 1.0),
    ("quantile", -0.1),
    ("quantile", "median"),
    ("quantile", None),
    ("quantile", []),
    ("quantile", [0.1, 1.0]),
    ("quantile", [0.1, "0.5"]),
    ("quantile", [0.1, np.nan]),
]


def needed_for(name):
    """What makes the parameter count."""
    if name in ("huber_delta", "quantile"):
        return {"loss": name.removesuffix("_delta")}
    return {"early_stopping": True} if name == "validation_fraction" else {}


@pytest.mark.parametrize(
    "Estimator, name, value",
    [(E, name, value) for E in (ANNClassifier, ANNRegressor) for name, value in BAD_PARAMETERS]
    + [(ANNClassifier, name, value) for name, value in CLASSIFIER_ONLY]
    + [(ANNRegressor, name, value) for name, value in REGRESSOR_ONLY],
    ids=lambda value: repr(value) if not isinstance(value, type) else value.__name__,
)
def test_bad_parameter(Estimator, name, value):
    """A ValueError or TypeError names it and shows the value; by ``fit``, after which nothing is fitted."""
    model = Estimator(**{"hidden_layer_sizes": (4,), "max_iter": 2} | needed_for(name) | {name: value})
    with pytest.raises((ValueError, TypeError), match=name) as caught:
        model.fit(X, Y)
    shown = [repr(value), str(value)]  # the value, or of a list one entry
    shown += map(repr, value) if isinstance(value, (list, tuple)) else []
    shown += ["heavy", "nan", "-1", "0, 1, 2"] if isinstance(value, dict) else []
    assert any(s in str(caught.value) for s in shown), str(caught.value)
    assert not [attribute for attribute in vars(model) if attribute.endswith("_")]


@BOTH
def test_unknown_parameter(Estimator):
    """A misspelt name does not pass as an attribute."""
    with pytest.raises(TypeError, match="hidden_layers"):
        Estimator(hidden_layers=3)
    with pytest.raises(ValueError, match="hidden_layers"):
        Estimator().set_params(hidden_layers=3)


@BOTH
@pytest.mark.parametrize(
    "params",
    [{"dropout": 0.2}, {"weight_decay": 0.1}, {"learning_rate": "cosine"}, {"max_grad_norm": 1.0}],
    ids=lambda p: next(iter(p)),
)
def test_ignored_combinations_are_told(Estimator, params):
    """L-BFGS cannot honour these: a warning, never silence."""
    with pytest.warns(UserWarning, match=next(iter(params))):
        fitted(Estimator, solver="lbfgs", **params)


# --------------------------------------------------------------------------------------------------------- data


def with_value(value, i=3, j=1, dtype=float):
    A = X.astype(dtype)
    A[i, j] = value
    return A


BAD_X = {
    "nan": (with_value(np.nan), "NaN"),
    "infinity": (with_value(np.inf), "(?i)infinity"),
    "nan in sparse": (sparse.csr_array(with_value(np.nan)), "NaN"),
    "1-D": (X[:, 0], "(?i)2D"),
    "3-D": (X[:, :, None], "(?i)dim"),
    "0-D": (3.0, "(?i)2D|scalar"),
    "no rows": (X[:0], "(?i)0 sample|minimum"),
    "no columns": (X[:, :0], "(?i)0 feature"),
    "words": (np.array([["a", "b"]] * 150), "(?i)string|str|convert|numeric"),
    "object words": (np.array([["a", 1.0]] * 150, dtype=object), "(?i)string|convert"),
    "complex": (X.astype(complex), "(?i)complex"),
    "too few rows": (X[:-1], "(?i)inconsistent|samples"),
    "ragged": ([[1.0], [1.0, 2.0]] * 75, "(?i)sequence|inhomogeneous|shape"),
    "None": (None, "(?i)none|2D"),
    "dates": (np.tile(np.array(["2020-01-01"], "datetime64[D]"), (150, 2)), "(?i)datetime|dtype|numeric|promot"),
}


@BOTH
@pytest.mark.parametrize("case", BAD_X)
def test_bad_X(Estimator, case):
    """In ``fit``, and where it can occur there, in ``predict``."""
    bad, message = BAD_X[case]
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        Estimator(max_iter=2).fit(bad, Y)
    assert "ufunc" not in str(caught.value), "an accident, not a check"
    if case not in ("too few rows", "no columns"):
        with pytest.raises((ValueError, TypeError)):
            fitted(Estimator).predict(bad)


@BOTH
def test_objects_that_convert_are_welcome(Estimator):
    """Numbers stored as objects are numbers."""
    model = fitted(Estimator)
    np.testing.assert_array_equal(model.predict(X.astype(object)), model.predict(X))
    again = Estimator(**model.get_params()).fit(X.astype(object), Y)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


BAD_Y = {
    "none": (None, "(?i)y"),
    "nan": (np.where(np.arange(150) == 7, np.nan, Y), "NaN"),
    "infinity": (np.where(np.arange(150) == 7, np.inf, Y), "(?i)infinity"),
    "too short": (Y[:-1], "(?i)inconsistent|samples"),
    "no rows": (Y[:0], "(?i)sample|inconsistent"),
    "3-D": (np.zeros((150, 2, 2)), "(?i)dim|shape|y"),
    "scalar": (1.0, "(?i)y|array"),
    "complex": (Y + 1j, "(?i)complex|unknown"),
}


@BOTH
@pytest.mark.parametrize("case", BAD_Y)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_bad_y(Estimator, case, method):
    """The message speaks of y."""
    bad, message = BAD_Y[case]
    kwargs = {"classes": [0, 1, 2]} if method == "partial_fit" and Estimator is ANNClassifier else {}
    with pytest.raises((ValueError, TypeError), match=message):
        getattr(Estimator(max_iter=2), method)(X, bad, **kwargs)


def test_words_as_regression_target():
    """They have no mean."""
    with pytest.raises((ValueError, TypeError), match=r"(?i)string|convert|numeric|y"):
        ANNRegressor(max_iter=2).fit(X, np.array(["a", "b", "c"])[Y])


def test_multioutput_classes_are_refused():
    """Several columns of several classes: the message says what was found."""
    with pytest.raises(ValueError, match=r"(?i)multi-?output|\(150, 2\)"):
        ANNClassifier(max_iter=2).fit(X, np.column_stack([Y, Y]))


def test_partial_fit_wants_classes_at_first():
    with pytest.raises(ValueError, match="classes"):
        ANNClassifier().partial_fit(X, Y)
    with pytest.raises(ValueError, match=r"(?i)label|class"):
        ANNClassifier().partial_fit(X, Y, classes=[0, 1])


BAD_WEIGHTS = {
    "negative": (np.where(np.arange(150) == 5, -0.5, 1.0), "(?i)negative"),
    "all zero": (np.zeros(150), "(?i)zero"),
    "nan": (np.where(np.arange(150) == 5, np.nan, 1.0), "NaN"),
    "infinity": (np.where(np.arange(150) == 5, np.inf, 1.0), "(?i)infinity"),
    "too short": (np.ones(149), r"sample_weight.*\(149,\)|sample_weight.shape"),
    "2-D": (np.ones((150, 2)), "(?i)1D|sample weight"),
    "words": (["heavy"] * 150, "(?i)string|convert|heavy"),
    "a dict": ({0: 1.0}, "(?i)sample.weight|float|dict"),
}


@BOTH
@pytest.mark.parametrize("case", BAD_WEIGHTS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_bad_weights(Estimator, case, method):
    bad, message = BAD_WEIGHTS[case]
    kwargs = {"classes": [0, 1, 2]} if method == "partial_fit" and Estimator is ANNClassifier else {}
    with pytest.raises((ValueError, TypeError), match=message):
        getattr(Estimator(max_iter=2), method)(X, Y, sample_weight=bad, **kwargs)


@BOTH
def test_weights_that_class_weight_turns_to_zero(Estimator):
    """All that is left has weight zero by its class."""
    if Estimator is ANNClassifier:
        with pytest.raises(ValueError, match=r"(?i)zero"):
            ANNClassifier(class_weight={0: 0, 1: 0, 2: 0}, max_iter=2).fit(X, Y)


@BOTH
def test_methods_before_fit(Estimator):
    """scikit-learn's own error, from every method that needs a model."""
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function", "hidden_activations"):
        if hasattr(Estimator, method):
            with pytest.raises(NotFittedError):
                getattr(Estimator(), method)(X)
    with pytest.raises(NotFittedError):
        Estimator().score(X, Y)
    with pytest.raises(NotFittedError):
        Estimator().summary()


@BOTH
@pytest.mark.parametrize("method", ["predict", "partial_fit", "hidden_activations"])
def test_other_number_of_features(Estimator, method):
    """What was found and what was expected."""
    args = (X[:, :3], Y) if method == "partial_fit" else (X[:, :3],)
    with pytest.raises(ValueError, match=r"3 features.*4 features"):
        getattr(fitted(Estimator), method)(*args)


@BOTH
def test_other_names_of_features(Estimator):
    """In another order, or other ones: predict and partial_fit."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = Estimator(hidden_layer_sizes=(4,), max_iter=2).fit(frame, Y)
    for other in (frame[list("dcba")], frame.rename(columns={"a": "z"})):
        with pytest.raises(ValueError, match="feature names"):
            model.predict(other)
        with pytest.raises(ValueError, match="feature names"):
            model.partial_fit(other, Y)
    assert list(model.feature_names_in_) == list("abcd")


@BOTH
@pytest.mark.parametrize("kind", ["str", "object", "category", "dates"])
@pytest.mark.parametrize("alone", [True, False])
def test_frames_with_columns_that_are_no_numbers(Estimator, kind, alone):
    """The message says what was found: a word, a date, or their dtype."""
    pd = pytest.importorskip("pandas")
    words = pd.Series(["red", "green", "blue"] * 50)
    column = pd.Series(pd.date_range("2020-01-01", periods=150)) if kind == "dates" else words.astype(kind)
    frame = pd.DataFrame({"u": column}) if alone else pd.DataFrame({"u": column, "v": X[:, 0]})
    with pytest.raises((ValueError, TypeError), match=r"(?i)red|green|blue|string|date|categor") as caught:
        Estimator(max_iter=2).fit(frame, Y)
    assert "ufunc" not in str(caught.value), "an accident, not a check"


@BOTH
def test_frames_with_missing_values(Estimator):
    pd = pytest.importorskip("pandas")
    with pytest.raises((ValueError, TypeError), match=r"(?i)nan|missing|<NA>"):
        Estimator(max_iter=2).fit(pd.DataFrame({"u": pd.array([1, None, 3] * 50, dtype="Int64")}), Y)


def test_hidden_activations_of_no_layer():
    """Which layers there are."""
    with pytest.raises(ValueError, match=r"layer.*5"):
        fitted(ANNClassifier).hidden_activations(X, layer=5)
    with pytest.raises(ValueError, match="layer"):
        fitted(ANNClassifier, hidden_layer_sizes=()).hidden_activations(X)


@BOTH
@pytest.mark.parametrize("n_rows", [1, 2])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.filterwarnings("ignore:early_stopping")
def test_one_row(Estimator, n_rows, solver, early_stopping):
    """One row is little, but it is data: it is learnt."""
    model = Estimator(
        hidden_layer_sizes=(4,), solver=solver, early_stopping=early_stopping, learning_rate_init=0.01, max_iter=300,
        random_state=0,
    )  # fmt: skip
    y = np.array([2.0, 1.0])[:n_rows]
    predicted = model.fit(X[::100][:n_rows], y).predict(X[::100][:n_rows])
    assert predicted.shape == (n_rows,)
    assert n_rows == 2 or predicted == pytest.approx([2.0], abs=0.5)  # Adam overshoots a little


@BOTH
def test_a_batch_larger_than_the_data_is_told(Estimator):
    with pytest.warns(UserWarning, match=r"batch_size.*1000.*150"):
        Estimator(hidden_layer_sizes=(4,), max_iter=2, batch_size=1000).fit(X, Y)


@BOTH
@pytest.mark.parametrize("fraction, n_rows", [(0.1, 50), (0.01, 150), (0.0, 150)])
def test_validation_split_too_small(Estimator, fraction, n_rows):
    """Nothing is held out, the training loss is watched, and a warning says what would help."""
    model = Estimator(hidden_layer_sizes=(4,), early_stopping=True, validation_fraction=fraction, max_iter=3)
    rows = slice(None, None, 150 // n_rows)
    with pytest.warns(UserWarning, match="validation_fraction"):
        model.fit(X[rows], Y[rows])
    assert model.validation_scores_ is None
    assert len(model.loss_curve_) == 3
    assert model.t_ == 3 * n_rows


@BOTH
def test_almost_everything_held_out(Estimator):
    """With 99 % of the rows held out there is something left to train on, or the message says that there is not."""
    model = Estimator(hidden_layer_sizes=(4,), early_stopping=True, validation_fraction=0.999, max_iter=3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, Y)
    assert model.t_ >= 3
    assert model.validation_scores_ is not None or any("validation_fraction" in str(w.message) for w in caught)


# ---------------------------------------------------------------------------------- a failure leaves things alone


def snapshot(model):
    return {name: value for name, value in vars(model).items()}


FAILURES = {
    "nan": lambda m: m.fit(with_value(np.nan), Y),
    "other width, nan": lambda m: m.fit(with_value(np.nan)[:, :2], Y),
    "weights": lambda m: m.fit(X[:, :2], Y, sample_weight=-np.ones(150)),
    "lengths": lambda m: m.fit(X[:, :3], Y[:10]),
    "parameter": lambda m: m.set_params(alpha=-1).fit(X, Y),
    "sizes": lambda m: m.set_params(hidden_layer_sizes=(3, 0)).fit(X[:, :2], Y),
    "divergence": lambda m: m.set_params(solver="sgd", learning_rate_init=1e200, momentum=0, dtype="float64").fit(
        1e3 * X, 1e3 * Y
    ),
    "partial_fit width": lambda m: m.partial_fit(X[:, :2], Y),
    "partial_fit weights": lambda m: m.partial_fit(X, Y, sample_weight=np.zeros(150)),
    "schedule": lambda m: m.set_params(learning_rate=failing_schedule).fit(X[:, :2], Y),
    "schedule, warm start": lambda m: m.set_params(learning_rate=failing_schedule, warm_start=True).fit(X, Y),
    "schedule, partial_fit": lambda m: m.set_params(learning_rate=failing_schedule).partial_fit(X, Y),
}


def failing_schedule(t):
    """Breaks down in the second step."""
    if t % 2:
        raise ArithmeticError("no rate for step 1")
    return 0.1


@BOTH
@pytest.mark.parametrize("case", FAILURES)
def test_a_failed_refit_changes_nothing(Estimator, case):
    """Attributes are the very same objects, predictions the same bits, and ``n_features_in_`` is the old one."""
    model = Estimator(hidden_layer_sizes=(6,), max_iter=10, batch_size=50, random_state=0).fit(X, Y)
    before, expected = snapshot(model), model.predict(X)
    theta = model.network_.theta.copy()
    with pytest.raises((ValueError, TypeError, ArithmeticError)):
        FAILURES[case](model)
    parameters = model.get_params()
    after = {name: value for name, value in snapshot(model).items() if name not in parameters}
    assert after.keys() == before.keys() - parameters.keys()
    assert all(after[name] is before[name] for name in after)
    np.testing.assert_array_equal(model.network_.theta, theta)
    np.testing.assert_array_equal(model.predict(X), expected)


@BOTH
def test_a_failed_first_fit_leaves_nothing(Estimator):
    """Neither ``n_features_in_`` nor anything else."""
    model = Estimator(max_iter=2)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(with_value(np.nan), Y)
    assert vars(model).keys() == model.get_params().keys()


# ------------------------------------------------------------------------------------- Ctrl-C and divergence


class Interrupted:
    """A learning rate of 0.01, and Ctrl-C in the third epoch of three batches each."""

    def __call__(self, t):
        if t == 7:
            raise KeyboardInterrupt
        return 0.01


@BOTH
@pytest.mark.parametrize("early_stopping", [False, True])
def test_ctrl_c_keeps_the_model_so_far(Estimator, early_stopping):
    """Two whole epochs are on record, a warning says so, and the model predicts and goes on learning."""
    y = np.concatenate([Y] * 3)
    params = {"hidden_layer_sizes": (6,), "random_state": 0, "batch_size": 150 if not early_stopping else 135}
    model = Estimator(**params, learning_rate=Interrupted(), early_stopping=early_stopping, max_iter=50)
    with pytest.warns(UserWarning, match=r"(?i)interrupt"):
        model.fit(np.tile(X, (3, 1)), y)
    assert model.n_iter_ == len(model.loss_curve_) == 2
    assert np.isfinite(model.predict(X)).all()
    if early_stopping:
        assert len(model.validation_scores_) == 2
    model.set_params(learning_rate="constant").partial_fit(X, Y)


@BOTH
def test_ctrl_c_in_the_first_epoch(Estimator):
    """The start is a model, too: that of no epochs."""
    model = Estimator(hidden_layer_sizes=(6,), learning_rate=Interrupted(), batch_size=10, max_iter=5, random_state=0)
    with pytest.warns(UserWarning, match=r"(?i)interrupt"):
        model.fit(X, Y)
    assert model.n_iter_ == 0
    assert model.loss_curve_ == []
    assert np.isfinite(model.predict(X)).all()


@BOTH
def test_ctrl_c_in_lbfgs(Estimator, monkeypatch):
    """An activation object that is interrupted in its 30th pass: the last accepted iterate is kept."""
    calls = []

    class Slow(ReLU):
        def forward(self, z, a):
            calls.append(1)
            if len(calls) == 30:
                raise KeyboardInterrupt
            super().forward(z, a)

    model = Estimator(hidden_layer_sizes=(6,), activation=Slow(), solver="lbfgs", max_iter=500, random_state=0)
    with pytest.warns(UserWarning, match=r"(?i)interrupt"):
        model.fit(X, Y)
    assert 0 < model.n_iter_ == len(model.loss_curve_) < 30
    reference = Estimator(hidden_layer_sizes=(6,), solver="lbfgs", max_iter=model.n_iter_, random_state=0).fit(X, Y)
    np.testing.assert_allclose(model.predict(X), reference.predict(X))


@BOTH
@pytest.mark.parametrize("solver, rate", [("sgd", 1e6), ("adam", 1e30), ("rmsprop", 1e30), ("nadam", 1e30)])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_divergence_is_told(Estimator, solver, rate, early_stopping, dtype):
    """An error or a warning that names ``learning_rate_init``; never a model of NaN."""
    model = Estimator(
        hidden_layer_sizes=(10, 10), activation="identity", solver=solver, learning_rate_init=rate, max_iter=50,
        early_stopping=early_stopping, dtype=dtype, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(X, Y)
        except ValueError as error:
            said = str(error)
        else:
            said = " ".join(str(w.message) for w in caught)
    assert re.search(f"learning_rate_init.*{re.escape(repr(rate))}", said)
    if not hasattr(model, "network_"):
        return
    assert all(np.isfinite(p).all() for p in [*model.coefs_, *model.intercepts_])
    assert not any(issubclass(w.category, RuntimeWarning) for w in caught)


@BOTH
def test_divergence_of_partial_fit(Estimator):
    """The step that went wrong is not taken."""
    kwargs = {"classes": [0, 1, 2]} if Estimator is ANNClassifier else {}
    model = Estimator(hidden_layer_sizes=(4,), solver="sgd", random_state=0).partial_fit(X, Y, **kwargs)
    before = model.network_.theta.copy()
    model.set_params(learning_rate_init=1e300)

    def five_epochs():
        for _ in range(5):
            model.partial_fit(1e3 * X, Y)

    with pytest.raises(ValueError, match="learning_rate_init"):
        five_epochs()
    assert np.isfinite(model.network_.theta).all()
    assert np.isfinite(before).all()


@BOTH
@pytest.mark.parametrize("scale", [1e200, 1e300])
def test_enormous_values(Estimator, scale):
    """Finite in float64 and beyond float32: an error that says to scale, or a finite model with a warning."""
    X_big, said = X * scale, ""
    model = Estimator(hidden_layer_sizes=(4,), max_iter=5, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(np.tile(X_big, (5, 1)), np.tile(Y, 5))
        except ValueError as error:
            said = str(error)
    if not hasattr(model, "network_"):
        assert re.search("(?i)scale", said)
        return
    assert np.isfinite(model.predict(X_big)).all()
    assert len(caught) > 0
    with pytest.raises(ValueError, match=r"(?i)scale|float32"):
        Estimator(dtype="float32", max_iter=5).fit(X_big, Y)


def test_constant_schedule_object_is_fine():
    """The engine's own schedule objects and any callable are welcome."""
    a = fitted(ANNClassifier, learning_rate=Constant(0.01))
    b = fitted(ANNClassifier, learning_rate_init=0.01)
    np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(X))
