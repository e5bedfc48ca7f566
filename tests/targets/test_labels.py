"""Every kind of y and every loss: labels of all sorts, several outputs, weights of rows and classes."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.metrics import mean_pinball_loss
from sklearn.utils.class_weight import compute_sample_weight

from tests.plain import ANNClassifier, ANNRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*batch_size.*:UserWarning"),
]
LOSSES = ["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"]
MINI_BATCH_SOLVERS = ["adam", "nadam", "rmsprop", "sgd"]


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(150)
    return ((X - X.mean(axis=0)) / X.std(axis=0))[order], y[order]


def classifier(**params):
    return ANNClassifier(
        **{"hidden_layer_sizes": (8,), "learning_rate_init": 0.02, "max_iter": 40, "random_state": 0} | params
    )


def regressor(**params):
    return ANNRegressor(
        **{"hidden_layer_sizes": (8,), "learning_rate_init": 0.02, "max_iter": 40, "random_state": 0} | params
    )


# ---------------------------------------------------------------------------------------------------- labels


@pytest.mark.parametrize(
    "labels",
    [[10, 20, 30], [-1.0, 0.0, 7.0], ["b", "a", "c"], np.array(["b", "aaa", "c"], dtype=object)],
    ids=["int", "float", "str", "object"],
)
def test_names_of_classes_do_not_matter(iris, labels):
    """The model for names is the model for 0, 1, 2, its columns in the order of the sorted names."""
    X, y = iris
    labels = np.asarray(labels)
    model = classifier().fit(X, labels[y])
    order = np.argsort(labels)
    np.testing.assert_array_equal(model.classes_, labels[order])
    plain = classifier().fit(X, np.argsort(order)[y])
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), labels[order][plain.predict(X)])
    assert model.score(X, labels[y]) > 0.9


@pytest.mark.parametrize("labels", [[False, True], [0, 1], ["no", "yes"], [-1, 1]])
def test_two_classes(iris, labels):
    """Booleans stay booleans; two columns of probabilities; ``decision_function`` is the log-odds, (n,)."""
    X, y = iris
    labels = np.array(labels)
    model = classifier().fit(X, labels[(y == 0).astype(int)])
    proba, decision = model.predict_proba(X), model.decision_function(X)
    assert model.predict(X).dtype == labels.dtype
    assert proba.shape == (150, 2)
    assert decision.shape == (150,)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_allclose(expit(decision), proba[:, 1], atol=1e-12)
    np.testing.assert_allclose(decision, np.diff(model.predict_log_proba(X), axis=1).ravel(), rtol=1e-6)
    np.testing.assert_array_equal(model.predict(X), labels[(decision > 0).astype(int)])


def test_three_classes(iris):
    """Raw outputs, one column per class, whose softmax is ``predict_proba``; log-probabilities are finite."""
    X, y = iris
    model = classifier().fit(X, y)
    decision, proba = model.decision_function(X), model.predict_proba(X)
    assert decision.shape == proba.shape == (150, 3)
    np.testing.assert_allclose(softmax(decision, axis=1), proba, atol=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), proba, atol=1e-12)
    far = model.predict_log_proba(1e6 * X)
    assert np.isfinite(far).all()
    assert far.min() < -700


def test_integers_as_floats_only(iris):
    """Labels like 0.5 are measurements, not classes."""
    with pytest.raises(ValueError, match=r"(?i)unknown label type|continuous"):
        classifier().fit(iris[0], iris[1] + 0.5 * (iris[1] == 1))


def test_mixed_labels_are_refused(iris):
    """Numbers and strings have no common order."""
    with pytest.raises((TypeError, ValueError), match=r"(?i)label|str|mix"):
        classifier().fit(iris[0], np.array([0, "a", 1] * 50, dtype=object))


@pytest.mark.parametrize("label", [3, "only", True])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_one_class(iris, label, solver):
    """The constant model: one column of ones, log-probability 0; weights may leave one class, too."""
    X = iris[0]
    model = classifier(solver=solver).fit(X, np.array([label] * 150))
    assert model.classes_.tolist() == [label]
    np.testing.assert_array_equal(model.predict(X), [label] * 150)
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((150, 1)))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros((150, 1)))
    assert np.isfinite(model.decision_function(X)).all()


@pytest.mark.parametrize("shape", ["list", "column", "series"])
def test_shapes_of_y(iris, shape):
    """Lists; a column, with scikit-learn's warning for classifiers, a 2-D prediction is not invented."""
    X, y = iris
    expected = classifier().fit(X, y).predict_proba(X)
    if shape == "column":
        with pytest.warns(sklearn_warning(), match="column-vector"):
            model = classifier().fit(X, y[:, None])
    else:
        model = classifier().fit(X, y.tolist() if shape == "list" else pytest.importorskip("pandas").Series(y))
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    assert model.predict(X).shape == (150,)


def sklearn_warning():
    from sklearn.exceptions import DataConversionWarning

    return DataConversionWarning


# ------------------------------------------------------------------------------------------------- multilabel


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix, sparse.csr_array, sparse.csc_array])
def test_multilabel(container):
    """Dense and sparse indicators train the same model: one logistic output per label."""
    X, Y = make_multilabel_classification(200, 8, n_classes=4, random_state=0)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = classifier(hidden_layer_sizes=(32,), max_iter=60).fit(X, container(Y))
    dense = classifier(hidden_layer_sizes=(32,), max_iter=60).fit(X, Y)
    proba = model.predict_proba(X)
    assert proba.shape == model.decision_function(X).shape == (200, 4)
    assert model.out_activation_ == "logistic"
    assert model.n_outputs_ == 4
    np.testing.assert_array_equal(proba, dense.predict_proba(X))
    np.testing.assert_allclose(expit(model.decision_function(X)), proba, atol=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), proba, atol=1e-12)
    predicted = model.predict(X)
    predicted = predicted.toarray() if sparse.issparse(predicted) else predicted
    np.testing.assert_array_equal(predicted, (proba > 0.5).astype(int))
    assert (predicted == Y).mean() > 0.8
    assert model.score(X, container(Y)) == pytest.approx((predicted == Y).all(axis=1).mean())
    assert np.isfinite(model.predict_log_proba(1e6 * X)).all()


def test_multilabel_loss_is_the_sum_over_labels():
    """Binary cross-entropy, summed over the labels and averaged over the rows."""
    X, Y = make_multilabel_classification(100, 8, n_classes=4, random_state=0)
    model = classifier(solver="lbfgs", alpha=0.0, max_iter=5).fit(X, Y)
    p = model.predict_proba(X)
    assert model.loss_ == pytest.approx(-np.where(Y, np.log(p), np.log1p(-p)).sum(axis=1).mean(), rel=1e-6)


def test_constant_labels():
    """A label that no row has, and one that all have."""
    X, Y = make_multilabel_classification(100, 8, n_classes=4, random_state=0)
    Y[:, 0], Y[:, 1] = 0, 1
    predicted = classifier(max_iter=100).fit(X, Y).predict(X)
    assert (predicted[:, 0] == 0).all()
    assert (predicted[:, 1] == 1).all()


# ------------------------------------------------------------------------------------------------- regression


def positive_target(X):
    return np.exp(0.5 * X[:, 2] + 0.2 * X[:, 0])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("solver", [*MINI_BATCH_SOLVERS, "lbfgs"])
def test_every_loss_with_every_solver(iris, loss, solver):
    """A smooth positive function of two features is learnt: R2 above 0.9."""
    X, _ = iris
    y = positive_target(X)
    rate = {"sgd": 0.01, "rmsprop": 0.005, "nadam": 0.01}.get(solver, 0.02)
    model = regressor(
        loss=loss, solver=solver, learning_rate_init=rate, hidden_layer_sizes=(16,), max_iter=300, batch_size=32
    )
    assert model.fit(X, y).score(X, y) > 0.9
    assert model.out_activation_ == ("exp" if loss in ("poisson", "gamma") else "identity")
    assert model.predict(X).shape == (150,)


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_value(iris, loss):
    """``loss_`` after L-BFGS without L2 is the mean of the textbook formula."""
    X, _ = iris
    y = positive_target(X)
    model = regressor(loss=loss, solver="lbfgs", alpha=0.0, max_iter=5).fit(X, y)
    m = model.predict(X)
    r = np.abs(y - m)
    threshold = 1.35 * y.std()
    formula = {
        "squared_error": lambda: 0.5 * r**2,
        "absolute_error": lambda: r,
        "huber": lambda: np.where(r < threshold, 0.5 * r**2, threshold * (r - 0.5 * threshold)),
        "quantile": lambda: 0.5 * r,
        "poisson": lambda: m - y + y * np.log(y / m),
        "gamma": lambda: y / m - 1 - np.log(y / m),
    }[loss]
    assert model.loss_ == pytest.approx(formula().mean(), rel=1e-9)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "quantile"])
def test_several_targets(iris, loss):
    """One output per target; two equal targets get the loss twice."""
    X, _ = iris
    Y = np.column_stack([positive_target(X), positive_target(-X)])
    model = regressor(loss=loss, max_iter=300, hidden_layer_sizes=(16,)).fit(X, Y)
    assert model.predict(X).shape == (150, 2)
    assert model.n_outputs_ == 2
    assert model.score(X, Y) > 0.8


def test_squared_error_is_summed_over_targets(iris):
    """Half the squared residual, summed over outputs, averaged over rows."""
    X, _ = iris
    model = regressor(solver="lbfgs", alpha=0.0, max_iter=5).fit(X[:, :2], X[:, 2:])
    assert model.loss_ == pytest.approx(0.5 * ((model.predict(X[:, :2]) - X[:, 2:]) ** 2).sum(axis=1).mean(), rel=1e-9)


def test_column_target(iris):
    """y of shape (n, 1): the same model, and no DataConversionWarning, as several targets are welcome."""
    X, _ = iris
    with warnings.catch_warnings():
        warnings.simplefilter("error", sklearn_warning())
        column = regressor().fit(X, positive_target(X)[:, None]).predict(X)
    np.testing.assert_array_equal(column.ravel(), regressor().fit(X, positive_target(X)).predict(X))


@pytest.mark.parametrize("dtype", [int, np.int8, bool, np.float32, np.float16])
def test_dtypes_of_targets(iris, dtype):
    """Any number will do."""
    X, y = iris
    y = (y > 0).astype(dtype)
    np.testing.assert_allclose(regressor().fit(X, y).predict(X), regressor().fit(X, y.astype(float)).predict(X))


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_one_quantile(q, solver):
    """Without features the model is the quantile; and about a share q of the targets lies below it."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 2)), rng.normal(size=400)
    y += X[:, 0]
    model = regressor(loss="quantile", quantile=q, hidden_layer_sizes=(), solver=solver, max_iter=300).fit(X, y)
    assert np.mean(y < model.predict(X)) == pytest.approx(q, abs=0.03)
    assert model.predict(X).shape == (400,)
    assert model.loss_ == pytest.approx(mean_pinball_loss(y, model.predict(X), alpha=q), rel=0.02)


def test_threshold_of_huber_is_in_standard_deviations(iris):
    X, y = iris
    y = y + 100.0
    model = ANNRegressor(loss="huber", huber_delta=0.7, max_iter=1, random_state=0).fit(X, y)
    assert model._loss.threshold == pytest.approx([0.7 * y.std()])


@pytest.mark.parametrize("levels", [[0.1, 0.5, 0.9], [0.9, 0.1, 0.5], (0.5, 0.5)])
def test_several_quantiles_never_cross(levels):
    """One column per level in the order of the list; a higher level is nowhere below a lower one."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2))
    y = X[:, 0] + (1 + X[:, 1] ** 2) * rng.normal(size=600)
    model = regressor(loss="quantile", quantile=levels, hidden_layer_sizes=(16,), max_iter=100).fit(X, y)
    for rows in (X, 50 * rng.normal(size=(1000, 2))):
        predicted = model.predict(rows)
        assert predicted.shape == (len(rows), len(levels))
        assert (np.diff(predicted[:, np.argsort(levels, kind="stable")], axis=1) >= 0).all()
    assert np.mean(y[:, None] < model.predict(X), axis=0) == pytest.approx(levels, abs=0.06)
    assert model.n_outputs_ == len(levels)


def test_quantiles_of_several_targets_are_refused(iris):
    """A list of levels is for one target: the message names both."""
    X, _ = iris
    with pytest.raises(ValueError, match=r"quantile.*target|target.*quantile|quantile.*y"):
        regressor(loss="quantile", quantile=[0.1, 0.9]).fit(X, X[:, :3])
    assert regressor(loss="quantile", quantile=0.9).fit(X[:, :2], X[:, 2:]).predict(X[:, :2]).shape == (150, 2)


def test_scores_with_a_list_of_quantiles(iris):
    """``score`` of several quantiles of one target: a number, or an error that says why not, not a wrong number."""
    X, _ = iris
    model = regressor(loss="quantile", quantile=[0.1, 0.5, 0.9]).fit(X, X[:, 0])
    try:
        score = model.score(X, X[:, 0])
    except ValueError:
        return
    assert np.isfinite(score)


def test_robust_losses_resist_outliers(iris):
    """One target in ten thrown far off: squared error follows them, the median and Huber do not."""
    X, _ = iris
    clean = 2 * X[:, 0] + X[:, 1]
    y = clean.copy()
    y[::10] += 100
    error = {
        loss: np.abs(
            regressor(loss=loss, hidden_layer_sizes=(), max_iter=400, solver="lbfgs").fit(X, y).predict(X) - clean
        ).mean()
        for loss in ("squared_error", "absolute_error", "huber")
    }
    assert error["squared_error"] > 5
    assert error["absolute_error"] < 0.5
    assert error["huber"] < error["squared_error"] / 1.5


@pytest.mark.parametrize("loss", ["huber", "squared_error", "absolute_error"])
def test_units_of_the_target_do_not_change_the_linear_optimum(iris, loss):
    """With y in units a thousand times smaller the optimum is a thousand times larger, Huber's threshold included."""
    X, _ = iris
    y = positive_target(X)
    params = {"loss": loss, "hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0.0, "max_iter": 2000, "tol": 1e-9}
    one, thousand = (regressor(**params).fit(X, scale * y).predict(X) / scale for scale in (1.0, 1000.0))
    np.testing.assert_allclose(one, thousand, atol=0.05 if loss == "absolute_error" else 1e-3)


@pytest.mark.parametrize(
    "loss, bad", [("poisson", -1.0), ("gamma", -1.0), ("gamma", 0.0)], ids=["poisson < 0", "gamma < 0", "gamma = 0"]
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_targets_outside_the_domain(iris, loss, bad, method):
    """The message names the loss, says what is allowed and what was found."""
    X, _ = iris
    y = positive_target(X)
    y[77] = bad
    with pytest.raises(ValueError, match=rf"(?s)(?=.*{loss})(?=.*0)(?=.*{bad:g})"):
        getattr(regressor(loss=loss), method)(X, y)


def test_poisson_takes_zeros(iris):
    """Counts may be 0; predictions are positive."""
    X, _ = iris
    y = np.random.default_rng(0).poisson(positive_target(X))
    predicted = regressor(loss="poisson", max_iter=100).fit(X, y).predict(X)
    assert (predicted > 0).all()
    assert predicted.mean() == pytest.approx(y.mean(), rel=0.15)


# ------------------------------------------------------------------------------------------------ partial_fit


def test_classes_given_to_partial_fit(iris):
    """Classes to come are told at the first call, and then no call has to have them all."""
    X, y = iris
    names = np.array(["a", "b", "c"])
    model = classifier().partial_fit(X[y == 0], names[y[y == 0]], classes=["c", "a", "b"])
    np.testing.assert_array_equal(model.classes_, names)
    for _ in range(30):
        for k in (0, 1, 2):
            model.partial_fit(X[y == k][:20], names[y[y == k][:20]])
    assert model.score(X, names[y]) > 0.6
    model.partial_fit(X, names[y], classes=names)  # may be repeated
    with pytest.raises(ValueError, match=r"(?i)classes"):
        model.partial_fit(X, names[y], classes=["a", "b"])
    with pytest.raises(ValueError, match=r"(?i)label|class"):
        model.partial_fit(X, ["d"] * 150)


@pytest.mark.parametrize("n_rows", [1, 2, 150])
def test_one_row_partial_fit(iris, n_rows):
    """One row after another is stochastic gradient descent."""
    X, y = iris
    model = classifier().partial_fit(X[:n_rows], y[:n_rows], classes=[0, 1, 2])
    assert model.predict_proba(X).shape == (150, 3)
    assert np.isfinite(model.predict_proba(X)).all()
    before = model.predict_proba(X)
    model.partial_fit(X[:1], y[:1])
    assert not np.array_equal(model.predict_proba(X), before)
    target = regressor().partial_fit(X[:n_rows], X[:n_rows, 0])
    assert np.isfinite(target.partial_fit(X[:1], X[:1, 0]).predict(X)).all()


def test_partial_fit_of_two_classes_when_the_first_batch_has_one(iris):
    """The shape of all results is that of the classes told, not of those seen."""
    X, y = iris
    model = classifier().partial_fit(X[y == 0], [False] * 50, classes=[False, True])
    assert model.predict_proba(X).shape == (150, 2)
    assert model.decision_function(X).shape == (150,)
    assert (model.predict(X[y == 0]) == np.False_).all()


# ------------------------------------------------------------------------------------------------------ weights


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 5.0, 2: 0.5}, {1: 3.0}])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("also_sample_weight", [False, True])
def test_class_weight_is_a_sample_weight(iris, class_weight, solver, also_sample_weight):
    """Each row times the weight of its class; what the caller gave as weights is multiplied."""
    X, y = iris
    X, y = X[y + np.arange(150) % 3 < 4], y[y + np.arange(150) % 3 < 4]  # classes of different sizes
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(y)) if also_sample_weight else None
    params = {"solver": solver, "alpha": 0.1, "batch_size": 64, "max_iter": 20}
    by_class = classifier(**params, class_weight=class_weight).fit(X, y, sample_weight=weight)
    equivalent = np.ones(len(y)) if weight is None else weight
    if class_weight == "balanced":  # by the weight of each class, so that a weight is a repetition here, too
        count = np.bincount(y, equivalent)
        equivalent = equivalent * (count.sum() / (3 * count))[y]
    else:
        equivalent = equivalent * compute_sample_weight(class_weight, y)
    by_row = classifier(**params).fit(X, y, sample_weight=equivalent)
    np.testing.assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X), atol=1e-6)


def test_class_weight_by_name_and_partial_fit(iris):
    """Keys are the caller's labels; a dict works step by step, "balanced" cannot."""
    X, y = iris
    names = np.array(["a", "b", "c"])[y]
    weights = {"a": 1.0, "b": 0.0, "c": 1.0}
    model = classifier(class_weight=weights, max_iter=100).fit(X, names)
    assert (model.predict(X) == "b").mean() < 0.05
    model = classifier(class_weight=weights)
    for _ in range(100):
        model.partial_fit(X, names, classes=["a", "b", "c"])
    assert (model.predict(X) == "b").mean() < 0.05
    assert not hasattr(classifier(class_weight="balanced"), "partial_fit")


def test_class_weight_with_multilabel_is_refused_or_means_something():
    """There is no class of a row there: an error rather than silence."""
    X, Y = make_multilabel_classification(100, 5, n_classes=3, random_state=0)
    with pytest.raises(ValueError, match="class_weight"):
        classifier(class_weight={0: 1.0, 1: 2.0}).fit(X, Y)


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_are_repetitions_for_every_loss(iris, loss):
    """Full batches, so exactly: also of the bias that training starts from, and of Huber's spread."""
    X, _ = iris
    y = positive_target(X)
    weight = np.random.default_rng(0).integers(0, 4, size=150)
    quantile = {"quantile": 0.3} if loss == "quantile" else {}
    params = {"loss": loss, "max_iter": 30, "dtype": "float64", "alpha": 0.3} | quantile
    weighted = regressor(**params, batch_size=150).fit(X, y, sample_weight=weight).predict(X)
    repeated = regressor(**params, batch_size=weight.sum()).fit(X.repeat(weight, axis=0), y.repeat(weight)).predict(X)
    np.testing.assert_allclose(weighted, repeated, atol=1e-6)


def test_label_smoothing(iris):
    """The best possible probability of the true class is 1 - s + s / K; checked on rows that are learnt by heart."""
    X, y = iris
    params = {"solver": "lbfgs", "alpha": 0.0, "hidden_layer_sizes": (32,), "max_iter": 500}
    model = classifier(**params, label_smoothing=0.3).fit(X, y)
    truth = model.predict_proba(X)[np.arange(150), y]
    assert np.median(truth) == pytest.approx(0.8, abs=0.02)
    assert model.score(X, y) > 0.97
    assert np.median(classifier(**params).fit(X, y).predict_proba(X)[np.arange(150), y]) > 0.99


def test_label_smoothing_of_multilabel():
    """0 and 1 become s / 2 and 1 - s / 2."""
    X, Y = make_multilabel_classification(60, 8, n_classes=3, random_state=0)
    model = classifier(solver="lbfgs", alpha=0.0, hidden_layer_sizes=(64,), max_iter=2000, label_smoothing=0.2)
    proba = model.fit((X - X.mean(axis=0)) / X.std(axis=0), Y).predict_proba((X - X.mean(axis=0)) / X.std(axis=0))
    assert np.median(proba[Y == 1]) == pytest.approx(0.9, abs=0.02)
    assert np.median(proba[Y == 0]) == pytest.approx(0.1, abs=0.02)
