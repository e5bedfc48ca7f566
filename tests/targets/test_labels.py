"""Labels of all sorts: their names, one class and many, multilabel targets, class weights, smoothing."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.datasets import make_multilabel_classification
from sklearn.utils.class_weight import compute_sample_weight

from tests.targets.estimators import classifier, regressor, sklearn_warning

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*batch_size.*:UserWarning"),
]


# -------------------------------------------------------------------------------------------------------------- labels


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
    with pytest.warns(UserWarning, match="y holds a single class"):
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


# ---------------------------------------------------------------------------------------------------------- multilabel


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


# --------------------------------------------------------------------------------------------------------- partial_fit


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


# ------------------------------------------------------------------------------------------------------------- weights


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
