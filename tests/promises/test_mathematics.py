"""What docs/mathematics.md and mathematics_answers.md say: each claim with its formula as oracle.

The Python on these pages runs in `test_docs`; here is what would make them long.
"""

import math

import numpy as np
import pytest
from sklearn.metrics import log_loss

from skann import ANNClassifier, ANNRegressor
from skann.engine.initializers import INITIALIZERS, fill
from skann.engine.layers import Dropout
from skann.engine.losses import CrossEntropy, Huber
from skann.engine.optimizers import SGD, Adam
from skann.engine.rows import ArrayRows
from skann.fitting import importance
from skann.fitting.conformity import Likelier
from skann.fitting.holdout import hold_out
from skann.fitting.shrinkage import shrinkage_for
from tests.data import IRIS, SPECIES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# ------------------------------------------------------------------------------------------ the network, page 1


@pytest.mark.parametrize("name", INITIALIZERS)
def test_uniform_start(name):
    """Uniform on [-c, c], of variance c^2 / 3, which is that of the table."""
    W, variance = np.empty((300, 200)), INITIALIZERS[name](300, 200)
    fill(W, variance, np.random.default_rng(0))
    assert variance == {"glorot": 2 / 500, "he": 2 / 300, "lecun": 1 / 300}[name]
    assert W.var() == pytest.approx(variance, rel=0.02)
    assert np.abs(W).max() == pytest.approx(math.sqrt(3 * variance), rel=1e-3)


def test_dropout_keeps_the_mean():
    """E(m) = 1, and m is 0 or 1 / (1 - p)."""
    layer = Dropout(100, 0.25)
    x = np.ones((2000, 100))
    m = layer.forward(x, layer.buffers(2000, float, training=True), np.random.default_rng(0))
    assert m.mean() == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(np.unique(m), [0, 4 / 3])


def test_probabilities_round_to_zero():
    """In float32 from e^-104 on."""
    assert np.exp(np.float32(-103)) > 0
    assert np.exp(np.float32(-104)) == 0


def test_two_classes():
    """Softmax of two outputs is the logistic function of their difference; `decision_function` is that difference."""
    raw = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_allclose(CrossEntropy(2).predict(raw)[:, 1], 1 / (1 + np.exp(raw[:, 0] - raw[:, 1])))
    model = ANNClassifier((4,), encoder=None, max_iter=5, random_state=0).fit(IRIS[:100], SPECIES[:100])
    odds = np.log(model.predict_proba(IRIS[:100])[:, 1] / model.predict_proba(IRIS[:100])[:, 0])
    np.testing.assert_allclose(model.decision_function(IRIS[:100]), odds, rtol=1e-6)


def test_huber_pieces_meet():
    """Both have the value d^2 / 2 and the slope d."""
    loss, delta, d = Huber(np.array([1.5])), np.empty((1, 1)), 1.5
    for side in (-1e-9, 1e-9):
        value = loss.value_and_delta(np.array([[d + side]]), np.zeros((1, 1)), None, delta)
        assert (value, delta[0, 0]) == pytest.approx((d**2 / 2, d))


def test_nesterov():
    """theta is the look-ahead point phi + mu v of the momentum that takes its gradient there."""
    mu, eta, phi, v = 0.9, 0.1, np.array([1.0, -2.0]), np.zeros(2)
    theta, rule = phi + mu * v, SGD(2, np.float64, momentum=mu, nesterovs_momentum=True)
    for _ in range(5):
        v = mu * v - eta * (phi + mu * v) ** 3
        phi = phi + v
        rule.step(theta, theta**3, eta)
        np.testing.assert_allclose(theta, phi + mu * v)


def test_decay_is_l2_under_sgd_only():
    """Under plain SGD decay is an L2 penalty; Adam's first step along a penalty does not depend on its strength."""
    for rule, same in ((SGD, True), (Adam, False)):
        options = {"momentum": 0} if rule is SGD else {}
        decayed, penalised, g = np.full(2, 0.5), np.full(2, 0.5), np.array([1.0, 2.0])
        rule(2, np.float64, weight_decay=0.1, **options).step(decayed, g.copy(), 0.01)
        rule(2, np.float64, **options).step(penalised, g + 0.1 * penalised, 0.01)
        assert np.allclose(decayed, penalised, rtol=1e-9) == same


def test_total_of_poisson_predictions():
    """After the last step predictions add up to the targets."""
    y = np.random.default_rng(0).poisson(np.exp(IRIS[:, 0] - 6))
    model = ANNRegressor((4,), loss="poisson", n_estimators=1, max_iter=3, random_state=0).fit(IRIS, y)
    assert model.predict(IRIS).sum() == pytest.approx(y.sum(), rel=1e-5)


# ------------------------------------------------------------------------------------------- the answers, page 3


@pytest.mark.parametrize(("n_networks", "n_folds"), [(2, 5), (5, 5), (8, 8), (12, 10)])
def test_folds(n_networks, n_folds):
    """min(max(M, 5), 10) disjoint folds; fewer rows than ten for each make five."""
    splits = hold_out(np.arange(200), None, n_networks, 0.2, seed=0)
    held_out = [each.held_out for each in splits]
    assert {len(each) for each in held_out} == {200 // n_folds}
    first = np.concatenate(held_out[:n_folds])
    assert len(np.unique(first)) == len(first)
    assert len(hold_out(np.arange(60), None, 8, 0.2, seed=0)[0].held_out) == 60 // 6
    assert len(hold_out(np.arange(200), None, 1, 0.2, seed=0)[0].held_out) == 40


@pytest.fixture(scope="module")
def classifier():
    return ANNClassifier((8,), n_estimators=5, max_iter=6, random_state=0).fit(IRIS, SPECIES)


def test_mean_of_probabilities(classifier):
    """Of softmax(r / T) over the networks; no worse than these are on average."""
    encoded, T = classifier.encoder_.transform(IRIS), classifier.networks_.temperature
    of_networks = [np.exp(raw / T) for raw in classifier.networks_.raw_outputs(encoded)]
    of_networks = [each / each.sum(axis=1, keepdims=True) for each in of_networks]
    np.testing.assert_allclose(classifier.predict_proba(IRIS), np.mean(of_networks, axis=0), atol=1e-6)
    losses = [log_loss(SPECIES, each) for each in of_networks]
    assert log_loss(SPECIES, classifier.predict_proba(IRIS)) <= np.mean(losses)


@pytest.mark.parametrize(("n_rows", "T"), [(5, 3.0), (20, 2.0), (60, 4 / 3)])
def test_shrinkage_of_few_rows(n_rows, T):
    """T = 1 + 20 h / max(n, 10); copies of a row are one, and rows of two classes can't be learnt by heart."""
    x, y = np.arange(n_rows, dtype=float)[:, None], np.arange(n_rows) % 2
    rows = ArrayRows(x, y, None)
    assert shrinkage_for(rows, CrossEntropy(2)).temperature == pytest.approx(T)
    twice = ArrayRows(np.repeat(x, 2, axis=0), np.repeat(y, 2), None)
    assert shrinkage_for(twice, CrossEntropy(2)).temperature == pytest.approx(T)
    torn = ArrayRows(np.repeat(x, 2, axis=0), np.tile([0, 1], n_rows), None)
    assert shrinkage_for(torn, CrossEntropy(2)).temperature == 1


def test_split_conformal_interval():
    """With two networks: the prediction, and the ceil(0.9 (n + 1))-th smallest distance on both sides."""
    X, y = IRIS[:, :3], IRIS[:, 3]
    model = ANNRegressor((4,), n_estimators=2, max_iter=3, random_state=0).fit(X, y)
    distances = np.sort(np.abs(y - model.oof_prediction_)[~np.isnan(model.oof_prediction_)])
    reach = distances[math.ceil(0.9 * (len(distances) + 1)) - 1]
    expected = model.predict(X)[:, None] + [-reach, reach]
    np.testing.assert_allclose(model.predict_interval(X, coverage=0.9), expected, rtol=1e-4, atol=1e-5)


def test_cross_conformal_sets(classifier):
    """A class is in the set if fewer than 0.9 (n + 1) held-out rows have a smaller score than it has."""
    measure, members = Likelier(), classifier.estimators_
    p = np.array([[0.5, 0.2, 0.3]])
    np.testing.assert_allclose(measure.of_classes(p), [[0.25, 0.9, 0.65]])
    of_networks = np.array([each.predict_proba(IRIS) for each in members])
    k = np.abs(of_networks - classifier.oof_prediction_).sum(axis=2).argmin(axis=0)  # that held the row out
    held_out = measure.scores(classifier.oof_prediction_, SPECIES)[:, 0]
    row = 120
    of_classes = np.array([measure.of_classes(each[[row]])[0] for each in of_networks])
    below = (held_out[:, None] < of_classes[k]).sum(axis=0)
    expected = below < 0.9 * (len(IRIS) + 1)
    expected[classifier.predict(IRIS[[row]])] = True
    np.testing.assert_array_equal(classifier.predict_set(IRIS[[row]], coverage=0.9)[0], expected)


def test_cost_of_importances():
    """Two nodes, a fiftieth of the training; they have the sum 1."""
    assert (importance.N_STEPS, importance.SHARE) == (2, 1 / 50)
    model = ANNRegressor((4,), n_estimators=1, max_iter=3, random_state=0).fit(IRIS[:, :3], IRIS[:, 3])
    assert model.feature_importances_.sum() == pytest.approx(1)


def test_monotone_weights():
    """The weights have the signs that let predictions rise with a column, even if the targets fall with it."""
    model = ANNRegressor((8,), monotonic_cst=[0, 0, 1], n_estimators=1, max_iter=3, random_state=0)
    model.fit(IRIS[:, :3], -IRIS[:, 3])  # which would rather fall
    higher = IRIS[:, :3] + [0, 0, 0.5]
    assert (model.predict(higher) >= model.predict(IRIS[:, :3]) - 1e-6).all()
