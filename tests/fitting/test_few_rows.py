"""Up to 60 rows: weights are copies, nothing is held out, and a classifier is modest. From 61 on rows are held out."""

import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import log_loss

from skann import ANNClassifier, ANNRegressor
from skann.engine.losses import BinaryCrossEntropy, CrossEntropy
from skann.engine.rows import ArrayRows
from skann.fitting.shrinkage import shrinkage_for
from tests.data import BOTH
from tests.helpers import settings_of

rng = np.random.default_rng(0)
X = rng.normal(size=(61, 4))
LABELS = np.append([0, 1, 2], rng.integers(3, size=58))
SMALL = {"hidden_layer_sizes": (8,), "n_estimators": 2, "random_state": 0}


def outputs(model, table=X):
    return model.predict_proba(table) if isinstance(model, ANNClassifier) else model.predict(table)


# ------------------------------------------------------------------------------------------------------- weights


@BOTH
@pytest.mark.parametrize("solver", ["adam", "nadam", "rmsprop"])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.filterwarnings("ignore:early_stopping can't hold out:UserWarning")
def test_weights_are_copies(Estimator, solver, make):
    """In whatever order; in regression, where steps are large to the end, solvers amplify rounding, RMSProp most."""
    rng = np.random.default_rng(2)
    weight = np.append([1, 1, 1, 0], rng.integers(0, 5, 20))
    table = np.where(X > 0, X, 0)
    rows = rng.permutation(np.repeat(np.arange(24), weight))
    assert 24 < len(rows) <= 60
    params = SMALL | {"solver": solver, "early_stopping": True}
    weighted = Estimator(**params).fit(make(table[:24]), LABELS[:24], sample_weight=weight)
    repeated = Estimator(**params).fit(make(table[rows]), LABELS[rows])
    tolerance = 1e-9 if Estimator is ANNClassifier else {"adam": 1e-7, "nadam": 1e-6, "rmsprop": 1e-3}[solver]
    np.testing.assert_allclose(outputs(weighted, make(table)), outputs(repeated, make(table)), rtol=0, atol=tolerance)


@BOTH
def test_rows_of_weight_zero_do_not_count(Estimator):
    """61 rows of which one has no weight are 60: the same bits as without it."""
    weight = np.append(np.ones(60), 0)
    with_it = Estimator(**SMALL).fit(X, LABELS, sample_weight=weight)
    np.testing.assert_allclose(outputs(with_it), outputs(Estimator(**SMALL).fit(X[:60], LABELS[:60])), rtol=1e-9)


def test_weights_have_no_unit():
    """Neither when they say how far to shrink."""
    weight = rng.uniform(0.5, 2, 30)
    one, other = (
        ANNClassifier(**SMALL, alpha=0).fit(X[:30], LABELS[:30], sample_weight=factor * weight) for factor in (1, 1e200)
    )
    np.testing.assert_allclose(outputs(one), outputs(other), rtol=1e-4)


# ------------------------------------------------------------------------------------------------ what is held out


@BOTH
@pytest.mark.parametrize("n_estimators", [1, 8])
def test_held_out_from_61_rows_on(Estimator, n_estimators):
    """None up to 60, of which whoever asked is told; beyond, at least ten for each network."""
    for early_stopping in ("auto", True):
        params = SMALL | {"n_estimators": n_estimators, "early_stopping": early_stopping, "max_iter": 2}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            few = Estimator(**params).fit(X[:60], LABELS[:60])
            told = [str(each.message) for each in caught if "early_stopping" in str(each.message)]
        assert told == [] if early_stopping == "auto" else "of 60 rows, up to 60, all are needed" in told[0]
        more = Estimator(**params).fit(X, LABELS)
        for model, watched in ((few, False), (more, True)):
            for network in getattr(model, "estimators_", [model]):
                assert (network.validation_scores_ is not None) == watched


@BOTH
def test_settings_of_few_rows(Estimator):
    """What the Notes of the estimators list; partial_fit, of which more rows are to come, and plain networks differ."""
    settings = settings_of(Estimator(), np.zeros((60, 2)))
    assert (settings.batch_size, settings.dropout, settings.early_stopping) == (60, 0, False)
    if Estimator is ANNClassifier:
        assert (settings.n_estimators, settings.max_iter, settings.weight_decay) == (16, 20, 0.45)
    assert Estimator(**SMALL).fit(X[:60], LABELS[:60]).estimators_[0].network_.theta.dtype == np.float64
    assert Estimator(**SMALL).fit(X, LABELS).estimators_[0].network_.theta.dtype == np.float32
    for other in (
        settings_of(Estimator(), np.zeros((61, 2))), settings_of(Estimator(), np.zeros((60, 2)), partial=True),
        settings_of(Estimator(encoder=None), np.zeros((60, 2))),
        settings_of(Estimator(solver="sgd"), np.zeros((60, 2))),
    ):  # fmt: skip
        assert not other.is_few_rows
        assert not other.shrinks


# ------------------------------------------------------------------------------------------------------ shrinkage


def temperature(table, y, weight=None):
    y = np.asarray(y)
    loss = CrossEntropy(y.max() + 1) if y.ndim == 1 else BinaryCrossEntropy()
    return shrinkage_for(ArrayRows(table, y, weight), loss).temperature


def test_temperature():
    """1 + 20 h / max(m, 10), by hand."""
    different = np.arange(50.0).reshape(-1, 1)
    labels = np.arange(50) % 2
    assert temperature(different, labels) == pytest.approx(1.4)
    assert temperature(different[:10], labels[:10]) == temperature(different[:4], labels[:4]) == 3
    assert temperature(different // 2, labels) == 1  # each row of X has both labels
    assert temperature(different // 2, np.arange(50) // 2 % 2) == pytest.approx(1 + 20 / 25)
    both = np.append(different[:40] // 2, different[40:])[:, None]  # four fifths of the rows have both labels
    assert temperature(both, labels) == pytest.approx(1 + 20 * 0.2 * (20 * 4 + 10) / 50**2)
    assert temperature(different, np.column_stack([labels, labels]).astype(float)) == pytest.approx(1.4)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_temperature_of_copies_and_weights(make):
    table = np.where(rng.random((20, 3)) < 0.5, 0, rng.integers(1, 3, (20, 3))).astype(float)
    labels, weight = rng.integers(2, size=20), rng.integers(1, 4, 20)
    weighted = temperature(make(table), labels, weight / weight.mean())
    assert weighted == pytest.approx(temperature(make(table.repeat(weight, axis=0)), labels.repeat(weight)))
    assert weighted == pytest.approx(temperature(make(np.where(table == 0, -0.0, table)), labels, 7.0 * weight))
    assert weighted != temperature(make(table), labels)
    assert temperature(make(np.array([[0.0, 1.0], [-0.0, 1.0]])), [0, 1]) == 1


def test_shrunk_outputs():
    """constant + (raw - constant) / T, in all that predicts: the temperature stays 1, and pickles are the same."""
    params = SMALL | {"max_iter": 10}
    plain = ANNClassifier(**params, calibration=None).fit(X[:30], LABELS[:30])
    model = ANNClassifier(**params).fit(X[:30], LABELS[:30])
    constant = np.log(np.bincount(LABELS[:30]) / 30)
    for member, other in zip(model.estimators_, plain.estimators_, strict=True):
        raw = other.predict_log_proba(X) - constant
        expected = constant + raw / (1 + 20 / 30)
        expected -= np.log(np.exp(expected).sum(axis=1, keepdims=True))
        np.testing.assert_allclose(member.predict_log_proba(X), expected, atol=1e-6)
    assert model.networks_.temperature == 1
    np.testing.assert_array_equal(outputs(pickle.loads(pickle.dumps(model))), outputs(model))
    for params in ({"calibration": "temperature"}, {"early_stopping": True}):  # the second one does not matter
        with pytest.warns(UserWarning, match="calibration='temperature' needs|early_stopping can't hold out"):
            other = ANNClassifier(**SMALL, max_iter=10, **params).fit(X[:30], LABELS[:30])
        np.testing.assert_array_equal(outputs(other), outputs(model if "early_stopping" in params else plain))


def test_a_warm_start_does_not_shrink_twice():
    """Many short fits: each goes on from the outputs before they were shrunk, or the model would become a constant."""
    model = ANNClassifier(**SMALL | {"max_iter": 1, "warm_start": True, "weight_averaging": None})
    y = (X[:30, 0] > 0).astype(int)
    first = outputs(model.set_params(max_iter=60, learning_rate_init=0.02).fit(X[:30], y))
    model.set_params(max_iter=1, learning_rate_init=1e-300)
    for _ in range(5):
        model.fit(X[:30], y)
    np.testing.assert_allclose(outputs(model), first, atol=1e-9)


def test_partial_fit_undoes_it_once():
    """Steps of length zero: the first call gives back what the training had made, the second changes nothing."""
    params = SMALL | {"weight_averaging": None, "max_iter": 20}
    plain = ANNClassifier(**params, calibration=None).fit(X[:30], LABELS[:30])
    model = ANNClassifier(**params).fit(X[:30], LABELS[:30]).set_params(learning_rate_init=1e-300, weight_decay=0.0)
    for _ in range(2):
        model.partial_fit(X[:30], LABELS[:30])
        np.testing.assert_allclose(outputs(model), outputs(plain), atol=1e-9)


# ------------------------------------------------------------------------------------------------------- accuracy


@pytest.mark.parametrize("n_rows", [10, 30, 60, 61, 100])
def test_noise_does_not_make_classifiers_sure(n_rows):
    """Labels at random: the log-loss is at most 1.1 times that of the even odds, where it was 1.5 to 3."""
    losses = []
    for seed in range(4):
        random = np.random.default_rng(seed)
        table, labels = random.normal(size=(n_rows + 500, 5)), np.arange(n_rows + 500) % 2
        model = ANNClassifier(random_state=seed, hidden_layer_sizes=(64, 64)).fit(table[:n_rows], labels[:n_rows])
        losses.append(log_loss(labels[n_rows:], model.predict_proba(table[n_rows:])))
    assert np.mean(losses) < 1.1 * np.log(2)


@pytest.mark.parametrize("n_rows", [12, 40, 60, 61, 200])
@pytest.mark.parametrize("as_words", [False, True])
def test_a_column_of_two_values(n_rows, as_words):
    """Means and frequencies of the two groups, at any number of rows."""
    pd = pytest.importorskip("pandas")
    random = np.random.default_rng(1)
    group = np.arange(n_rows) % 2
    table = pd.DataFrame({"group": np.where(group, "B", "A") if as_words else group})
    y = 1 + 2 * group + 0.3 * random.normal(size=n_rows)
    labels = (random.random(n_rows) < np.where(group, 0.75, 0.25)).astype(int)
    means = ANNRegressor(random_state=0).fit(table, y).predict(table[:2])
    np.testing.assert_allclose(means, [y[group == k].mean() for k in (0, 1)], atol=0.25)
    frequencies = ANNClassifier(random_state=0).fit(table, labels).predict_proba(table[:2])[:, 1]
    np.testing.assert_allclose(frequencies, [labels[group == k].mean() for k in (0, 1)], atol=0.15)
