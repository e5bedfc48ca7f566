"""What lasts from epoch to epoch: early stopping, the history, seeds."""

import time
import warnings

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning

from skann.engine.evaluation import mean_loss
from tests.data import SCALED_IRIS as X
from tests.data import SPECIES as Y
from tests.fitting.small import ALL_SOLVERS, MINI_BATCH, SMALL, theta
from tests.plain import BOTH, ANNClassifier, ANNRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*batch_size.*:UserWarning"),
]


# ------------------------------------------------------------------------------------------------------ early stopping


@BOTH
@ALL_SOLVERS
def test_early_stopping_returns_the_best_weights(Estimator, solver):
    """As ``max_iter`` says which epoch is the last, the weights of epoch k are those of a run with max_iter=k."""
    X, y = make_classification(200, 10, n_informative=3, flip_y=0.3, random_state=0)
    y = y if Estimator is ANNClassifier else y + 0.5 * X[:, 0]
    params = {
        "hidden_layer_sizes": (30,), "solver": solver, "learning_rate_init": 0.005 if solver == "sgd" else 0.01,
        "batch_size": 20, "early_stopping": True, "alpha": 0.0, "tol": 0.0, "random_state": 0,
    }  # fmt: skip
    model = Estimator(**params, n_iter_no_change=15, max_iter=200).fit(X, y)
    best = int(np.argmax(model.validation_scores_))
    assert best + 1 < model.n_iter_ < 200, "it was meant to overfit"
    stopped = Estimator(**params, n_iter_no_change=1000, max_iter=best + 1).fit(X, y)
    np.testing.assert_array_equal(theta(model), theta(stopped))
    assert model.best_validation_score_ == model.validation_scores_[best] == stopped.validation_scores_[-1]
    assert model.n_iter_ == best + 1 + 15


def test_validation_score_is_minus_the_held_out_loss():
    """All rows of a class are alike, so any stratified split has the loss of all rows."""
    y = np.repeat([0, 1, 2], 60)
    A = np.eye(3)[y]
    model = ANNClassifier(**SMALL, early_stopping=True, alpha=0.0, max_iter=7, random_state=0).fit(A, y)
    loss = -model.predict_log_proba(A)[np.arange(180), y].mean()
    assert model.validation_scores_[-1] == pytest.approx(-loss, rel=1e-9)
    assert model.history_["validation_score"] == model.validation_scores_
    assert model.history_["validation_loss"] == [-score for score in model.validation_scores_]


@pytest.mark.parametrize("weighted", [False, True])
def test_held_out_rows_are_stratified(weighted):
    """A class of 5 % has 2 of the 40 held-out rows, whatever the seed: seen from the score of a constant model."""
    y = (np.arange(400) < 20).astype(int)
    weight = np.ones(400) if weighted else None
    for seed in range(5):
        model = ANNClassifier(**SMALL, early_stopping=True, max_iter=1, random_state=seed, learning_rate_init=1e-300)
        model.fit(np.zeros((400, 1)), y, sample_weight=weight)
        p = model.predict_proba(np.zeros((1, 1)))[0]
        expected = 38 / 40 * np.log(p[0]) + 2 / 40 * np.log(p[1])
        assert model.validation_scores_[0] == pytest.approx(expected, rel=1e-6)


@BOTH
def test_weights_of_one_do_not_change_early_stopping(Estimator):
    """Neither the split nor the meaning of alpha."""
    params = SMALL | {"early_stopping": True, "alpha": 5.0, "max_iter": 10, "random_state": 0}
    plain, ones = (Estimator(**params).fit(X, Y, sample_weight=w) for w in (None, np.ones(150)))
    np.testing.assert_array_equal(theta(plain), theta(ones))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_patience(early_stopping):
    """With a learning rate that moves nothing the run ends after 1 + n_iter_no_change epochs."""
    model = ANNClassifier(
        (4,), learning_rate_init=1e-300, n_iter_no_change=4, early_stopping=early_stopping, max_iter=50
    )
    model.fit(X, Y)
    assert model.n_iter_ == 5
    model.set_params(n_iter_no_change=np.inf, max_iter=20).fit(X, Y)
    assert model.n_iter_ == 20


@pytest.mark.parametrize("counts", [[100, 49, 1], [100, 48, 2], [148, 1, 1], [50, 50, 50]])
def test_rare_classes_do_not_stop_the_split(counts):
    """A class with one row stays in the training part, and the model knows it."""
    y = np.repeat([0, 1, 2], counts)
    model = ANNClassifier(**SMALL, early_stopping=True, max_iter=3, random_state=0).fit(X, y)
    assert len(model.validation_scores_) == 3
    assert list(model.classes_) == [0, 1, 2]
    assert np.isfinite(model.validation_scores_).all()


def test_multilabel_early_stopping():
    """No stratification, the loss summed over labels."""
    Z = np.column_stack([Y == 0, Y == 1, X[:, 0] > 0]).astype(int)
    model = ANNClassifier(**SMALL, early_stopping=True, max_iter=5, random_state=0).fit(X, Z)
    assert len(model.validation_scores_) == 5


@BOTH
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_warning_if_not_converged(Estimator, solver):
    """If ``max_iter`` ends it, with its value; not if it converged, and not from ``partial_fit``."""
    model = Estimator(hidden_layer_sizes=(6,), solver=solver, alpha=0.1, learning_rate_init=0.02, random_state=0)
    with pytest.warns(ConvergenceWarning, match="max_iter=7"):
        model.set_params(max_iter=7, tol=0).fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(max_iter=3000, tol=1e-2, max_grad_norm=None).fit(X, Y)
        if solver == "adam":
            model.partial_fit(X, Y)


def test_tol_is_relative_in_regression():
    """The same run for y and 1024 y, but for the units: SGD on a linear network is equivariant."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(200, 3))
    y = A @ [1.0, 2.0, 3.0] + rng.normal(size=200)
    params = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0.0, "max_iter": 200, "early_stopping": True}
    runs = [ANNRegressor(**params, random_state=0, tol=1e-3, n_iter_no_change=2).fit(A, s * y) for s in (1.0, 1024.0)]
    scores = [np.array(run.validation_scores_[-1]) / s**2 for run, s in zip(runs, (1.0, 1024.0), strict=False)]
    assert scores[0] == pytest.approx(scores[1], rel=0.05)


# ------------------------------------------------------------------------------------------------------------- history


@BOTH
@ALL_SOLVERS
@pytest.mark.parametrize("early_stopping", [False, True])
def test_history(Estimator, solver, early_stopping):
    """Equally long lists of floats; time goes on; what the curve attributes show is the same."""
    model = Estimator(**SMALL, solver=solver, early_stopping=early_stopping, max_iter=6, random_state=0).fit(X, Y)
    names = {"loss", "learning_rate", "seconds"} | (
        {"validation_loss", "validation_score"} if early_stopping else set()
    )
    assert set(model.history_) == names
    assert {len(column) for column in model.history_.values()} == {6}
    assert all(isinstance(value, float) for column in model.history_.values() for value in column)
    assert model.history_["loss"] == model.loss_curve_
    assert (np.diff(model.history_["seconds"]) >= 0).all()
    assert model.history_["seconds"][0] > 0
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    if solver != "lbfgs":
        assert model.history_["learning_rate"] == [0.001] * 6


def test_loss_curve_with_frozen_weights():
    """Mean log-loss plus alpha / (2 n) |W|^2, the short last batch counted by its rows."""
    model = ANNClassifier((5,), alpha=7.0, batch_size=64, learning_rate_init=1e-300, max_iter=1, random_state=0).fit(
        X, Y
    )
    log_loss = -model.predict_log_proba(X)[np.arange(150), Y].mean()
    l2 = 7.0 / 300 * sum((c**2).sum() for c in model.coefs_)
    assert model.loss_curve_[0] == pytest.approx(log_loss + l2, rel=1e-9)


@pytest.mark.parametrize(
    "schedule, expected",
    [
        ("constant", [0.1] * 4),
        ("linear", [0.1 * (1 - t / 4) for t in range(4)]),
        ("cosine", [0.05 * (1 + np.cos(np.pi * t / 4)) for t in range(4)]),
        ("invscaling", [0.1 / (1 + 150 * t) ** 0.5 for t in range(4)]),
    ],
)
@MINI_BATCH
def test_learning_rate_of_each_epoch(schedule, expected, solver):
    """One batch per epoch, so that epoch and step are the same; every solver but L-BFGS honours it."""
    model = ANNClassifier(
        (4,), solver=solver, learning_rate=schedule, learning_rate_init=0.1, batch_size=150, max_iter=4, random_state=0
    )
    np.testing.assert_allclose(model.fit(X, Y).history_["learning_rate"], expected)


@pytest.mark.parametrize("schedule", ["one_cycle", "coslog4"])
def test_peak_of_cycles(schedule):
    """``learning_rate_init`` is their highest rate; they start low and end low."""
    model = ANNClassifier(
        (4,), learning_rate=schedule, learning_rate_init=0.1, batch_size=150, tol=0, n_iter_no_change=500
    )
    rates = model.set_params(max_iter=150).fit(X, Y).history_["learning_rate"]
    assert max(rates) == pytest.approx(0.1, rel=0.01)
    assert rates[0] < 0.01
    assert rates[-1] < 0.01


def test_adaptive_divides_by_five():
    """When nothing improves, the rate falls by fives to 1e-6 and then training ends."""
    model = ANNClassifier(
        (4,), solver="sgd", learning_rate="adaptive", learning_rate_init=1e-4, tol=10.0, n_iter_no_change=2
    )
    rates = model.set_params(max_iter=100).fit(X, Y).history_["learning_rate"]
    steps = sorted(set(rates), reverse=True)
    np.testing.assert_allclose(np.divide(steps[:-1], steps[1:]), 5)
    assert len(rates) < 100
    assert min(rates) > 1e-7


@BOTH
@ALL_SOLVERS
def test_max_time(Estimator, solver):
    """It ends with the epoch in which the time is over, without a wait, and keeps the model."""
    X, y = make_classification(3000, 20, random_state=0)
    model = Estimator((50,), solver=solver, max_time=0.2, max_iter=10**6, tol=0, n_iter_no_change=10**6, max_fun=10**9)
    start = time.perf_counter()
    model.fit(X, y)
    assert time.perf_counter() - start < 5
    assert model.n_iter_ == len(model.loss_curve_) >= 1
    if model.n_iter_ > 1 and solver != "lbfgs":
        assert model.history_["seconds"][-2] < 0.5


def test_hidden_activations():
    """Recomputed by hand from ``coefs_`` and ``intercepts_``, with an activation for each layer."""
    model = ANNRegressor((6, 5), ["tanh", "relu"], dropout=0.2, max_iter=5, random_state=0).fit(X, Y)
    first = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    second = np.maximum(first @ model.coefs_[1] + model.intercepts_[1], 0)
    np.testing.assert_allclose(model.hidden_activations(X, 0), first, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(model.hidden_activations(X), second, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(model.hidden_activations(X, -1), model.hidden_activations(X, 1))
    np.testing.assert_allclose(model.predict(X), (second @ model.coefs_[2] + model.intercepts_[2]).ravel(), atol=1e-6)


# --------------------------------------------------------------------------------------------------------------- seeds


@BOTH
@ALL_SOLVERS
def test_same_seed_same_bits(Estimator, solver):
    """Dropout, shuffling, held-out rows: all follow the seed."""
    params = SMALL | {"solver": solver, "early_stopping": True, "max_iter": 5}
    params |= {"dropout": 0.2} if solver != "lbfgs" else {}
    a, b, other = (Estimator(**params, random_state=seed).fit(X, Y) for seed in (7, 7, 8))
    np.testing.assert_array_equal(theta(a), theta(b))
    assert not np.array_equal(theta(a), theta(other))


def test_generators_and_none():
    """A RandomState is drawn from, so that two fits differ; None differs each time."""
    state = np.random.RandomState(0)
    a, b = (theta(ANNClassifier(**SMALL, max_iter=2, random_state=state).fit(X, Y)) for _ in range(2))
    again = theta(ANNClassifier(**SMALL, max_iter=2, random_state=np.random.RandomState(0)).fit(X, Y))
    np.testing.assert_array_equal(a, again)
    assert not np.array_equal(a, b)
    c, d = (theta(ANNClassifier(**SMALL, max_iter=2).fit(X, Y)) for _ in range(2))
    assert not np.array_equal(c, d)


def test_global_state_is_left_alone():
    """Neither NumPy's global generator nor its error settings are changed."""
    before, settings = np.random.get_state()[1].copy(), np.geterr()  # noqa: NPY002
    ANNClassifier(**SMALL, max_iter=2, random_state=0, dropout=0.5).fit(X, Y).predict(X)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert np.geterr() == settings


@BOTH
@pytest.mark.parametrize("make", [np.asarray, np.asfortranarray, lambda a: a[::-1][::-1], lambda a: a.tolist()])
def test_memory_layout_does_not_matter(Estimator, make):
    """C, Fortran, strided, lists: the same bits; and the input is not written to."""
    A = make(X)
    if isinstance(A, np.ndarray):
        A = A.copy(order="K")
        A.flags.writeable = False
    expected = Estimator(**SMALL, max_iter=3, random_state=0).fit(X.copy(), Y)
    model = Estimator(**SMALL, max_iter=3, random_state=0).fit(A, Y)
    np.testing.assert_array_equal(theta(model), theta(expected))
    np.testing.assert_allclose(model.predict(A), expected.predict(X))


@BOTH
@pytest.mark.parametrize("n_judged, n_rows", [(25, 25), (75, 75), (76, 150)])
def test_many_rows_are_judged_by_a_part(Estimator, n_judged, n_rows, monkeypatch):
    """What decides whether a network learnt anything, at its end, looks at so many rows; the model is the same."""
    model, seen = Estimator(**SMALL, max_iter=3, random_state=0).fit(X, Y), set()

    def noted(loss, raw, y, weight=None):
        seen.add(len(y))
        return mean_loss(loss, raw, y, weight)

    monkeypatch.setattr("skann.fitting.train.N_JUDGED", n_judged)
    monkeypatch.setattr("skann.fitting.train.mean_loss", noted)
    np.testing.assert_array_equal(theta(Estimator(**SMALL, max_iter=3, random_state=0).fit(X, Y)), theta(model))
    assert seen == {n_rows}
