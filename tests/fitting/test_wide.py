"""Tables of many more columns than rows, dense and sparse: what is left out of the recipe, memory, learning rates."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from skann import ANNClassifier, ANNRegressor
from skann.encoding.inputs import Inputs
from skann.engine.rows import ArrayRows
from skann.fitting import build
from tests.data import BOTH
from tests.helpers import Peak, settings_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def resolved(Estimator, n_rows, n_columns, partial=False, **params):
    """The settings of a fit to a table, which are told its shape only."""
    return settings_of(Estimator(**params), np.broadcast_to(0.0, (n_rows, n_columns)), partial)


def text(n_rows, n_columns, n_topics, seed=0):
    """Counts of words whose frequencies follow Zipf's law, and differ by topic for one word in ten, and the topics."""
    rng = np.random.default_rng(seed)
    shift = np.where(rng.random((n_topics, n_columns)) < 0.1, 1.5 * rng.normal(size=(n_topics, n_columns)), 0)
    frequency = np.exp(shift) / (np.arange(n_columns) + 10)
    frequency /= frequency.sum(axis=1, keepdims=True)
    topics = rng.integers(n_topics, size=n_rows)
    lengths = rng.integers(20, 100, size=n_rows)
    counts = [rng.multinomial(n, frequency[topic]) for n, topic in zip(lengths, topics, strict=True)]
    return sparse.csr_matrix(np.array(counts, float)), topics


# ------------------------------------------------------------------------------------------------------- the rule


@BOTH
@pytest.mark.parametrize("n_rows", [61, 200, 5000])
def test_wide_is_more_than_four_columns_for_each_row(Estimator, n_rows):
    """Then numbers have no embedding and layers half the width, 64 at least; below, their number changes nothing."""
    narrow, at_most, wide = (resolved(Estimator, n_rows, n) for n in (2, 4 * n_rows, 4 * n_rows + 1))
    assert narrow == at_most
    assert (narrow.numeric_embedding, wide.numeric_embedding) == ("periodic", None)
    assert wide.hidden_layer_sizes == tuple(max(size // 2, 64) for size in narrow.hidden_layer_sizes)
    differ = {name for name, value in vars(narrow).items() if getattr(wide, name) != value}
    assert differ - {"hidden_layer_sizes"} == {"numeric_embedding", "scale_rate"}


@BOTH
def test_the_rate_of_the_scale_grows_with_the_width(Estimator):
    """From 6 for as many columns as rows with the root of their ratio, to 24."""
    rates = [resolved(Estimator, 100, n).scale_rate for n in (100, 400, 900, 1600, 10_000)]
    assert rates == [6, 6, 18, 24, 24]
    model = Estimator(max_iter=1, n_estimators=1).fit(
        np.random.default_rng(0).normal(size=(70, 630)), np.arange(70) % 2
    )
    (multipliers,) = (layer.multipliers for layer in model.network_.layers if layer.kind == "scale")
    assert multipliers["s"] == (18, 18**2)


@BOTH
def test_few_rows_that_are_wide(Estimator):
    """Up to 60 rows their number has no say, or weights would not be copies."""
    for n_columns in (240, 241):
        few = [resolved(Estimator, n, n_columns) for n in (2, 30, 60)]
        assert len({(each.numeric_embedding, each.n_estimators, each.hidden_layer_sizes) for each in few}) == 1
        assert few[0].numeric_embedding == ("periodic" if n_columns == 240 else None)
    assert (few[0].n_estimators, few[0].hidden_layer_sizes, few[0].scale_rate) == (8, (128,) * 3, 6)


@BOTH
def test_what_is_given_is_kept(Estimator):
    given = {"numeric_embedding": "piecewise_linear", "hidden_layer_sizes": (7,)}
    assert vars(resolved(Estimator, 100, 1000, **given)).items() >= given.items()
    for params in ({"encoder": None}, {"solver": "sgd"}):
        assert resolved(Estimator, 100, 1000, **params) == resolved(Estimator, 100, 2, **params)


@BOTH
def test_a_stream_is_not_wide(Estimator):
    """Its first rows do not tell how many come."""
    assert resolved(Estimator, 100, 1000, partial=True) == resolved(Estimator, 100, 2, partial=True)


# ------------------------------------------------------------------------------------------------ memory and state


@pytest.mark.parametrize(
    "Estimator, n_rows",
    [
        (ANNClassifier, 300),
        pytest.param(ANNClassifier, 60, marks=pytest.mark.slow),
        pytest.param(ANNRegressor, 300, marks=pytest.mark.slow),
        pytest.param(ANNRegressor, 60, marks=pytest.mark.slow),
    ],
)
def test_memory(Estimator, n_rows):
    """Of 300 rows of 12 000 columns, 29 MB: at most 150 MB beside them in fit, 60 MB in predict.

    For up to 60 rows networks are float64, and twice as wide.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 12_000))
    y = X[:, 0] > 0 if Estimator is ANNClassifier else X[:, 0]
    Estimator(max_iter=1).fit(X[:, :5], y)  # what is imported late
    with Peak() as fit:
        model = Estimator(max_iter=2, random_state=0).fit(X, y)
    with Peak() as predict:
        model.predict(X)
    assert fit.bytes < {300: 150e6, 60: 250e6}[n_rows]
    assert predict.bytes < 60e6


@BOTH
def test_what_is_kept_of_a_training(Estimator):
    """The optimizer's state is three times as large as the network: kept where a later call goes on from it."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 3)), np.arange(80) % 2

    def kept(**params):
        model = Estimator(max_iter=2, **params).fit(X, y)
        return [member.state.stepper is not None for member in model.networks_.members]

    assert not any(kept())
    assert all(kept(warm_start=True))
    assert all(kept(learning_rate="constant"))
    assert all(kept(encoder=None))
    streamed = Estimator().partial_fit(X, y, **({"classes": [0, 1]} if Estimator is ANNClassifier else {}))
    assert streamed.networks_.members[0].state.stepper is not None


@BOTH
def test_partial_fit_after_a_fit_that_kept_nothing(Estimator):
    """It goes on from the weights: at a rate of next to nothing they stay."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 3)), np.arange(80) % 2
    model = Estimator(max_iter=4, random_state=0, weight_decay=0).fit(X, y)
    before = [member.network.theta.copy() for member in model.networks_.members]
    model.set_params(learning_rate_init=1e-12).partial_fit(X, y)
    for member, theta in zip(model.networks_.members, before, strict=True):
        np.testing.assert_allclose(member.network.theta, theta, atol=1e-7)


# ---------------------------------------------------------------------------------------------------------- sparse


@pytest.mark.parametrize(
    "n_columns, n_stored, growth", [(20, 20, 1), (40, 10, 2), (900, 100, 3), (360, 10, 6), (4000, 10, 6)]
)
def test_the_rate_of_sparse_rows(n_columns, n_stored, growth):
    """1 / sqrt(n_in) where all is stored; where a row stores k of them (n_in / k, but at most 6) ** 0.5 / sqrt(k)."""
    X = sparse.csr_array(np.tile(np.arange(n_columns) < n_stored, (70, 1)).astype(float))
    settings = settings_of(ANNRegressor(), X)
    first = build.layers(settings, build_inputs(n_columns), 1, ArrayRows(X))[0]
    assert first.multipliers["W"] == (pytest.approx(growth * n_stored**-0.5), 1)


@BOTH
def test_few_sparse_rows(Estimator):
    """Regression on up to 60 rows has the rate of as many columns as there are."""
    X = sparse.csr_array(np.tile(np.arange(40) < 10, (60, 1)).astype(float))
    first = build.layers(settings_of(Estimator(), X), build_inputs(40), 1, ArrayRows(X))[0]
    assert first.multipliers["W"][0] == pytest.approx(2 * 10**-0.5 if Estimator is ANNClassifier else 40**-0.5)


def test_weights_are_copies_where_rows_store_more_or_less():
    """Also of the rows that tell how many values are stored."""
    X = sparse.csr_array(np.tril(np.ones((5, 50))))
    weight, settings = np.array([1.0, 2, 0, 3, 1]), settings_of(ANNClassifier(), X)
    rows = np.repeat(np.arange(5), weight.astype(int))
    kept = np.flatnonzero(weight)
    of_weights, of_copies = (
        build.layers(settings, build_inputs(50), 1, each)[0].multipliers["W"][0]
        for each in (ArrayRows(X, None, weight * 4 / 7, kept), ArrayRows(X[rows]))
    )
    assert of_weights == pytest.approx(of_copies, rel=1e-12)


def build_inputs(n_columns):
    """What an encoder says of a matrix of numbers."""
    return Inputs(n_columns, n_columns)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda X: TfidfTransformer().fit_transform(X), marks=pytest.mark.slow),
        pytest.param(lambda X: X, marks=pytest.mark.slow),
        lambda X: X > 0,
    ],
    ids=["frequencies", "counts", "presence"],
)
def test_text_is_learnt_as_well_as_by_a_plain_network(make):
    """Of words with tf-idf weights, counts and presence."""
    counts, topics = text(1000, 3000, n_topics=4)
    X = make(counts).astype(float)
    train, test = slice(300), slice(300, None)
    params = {"n_estimators": 2, "random_state": 0}
    default = ANNClassifier(**params).fit(X[train], topics[train])
    plain = ANNClassifier(encoder=None, random_state=0).fit(X[train], topics[train])
    assert default.score(X[test], topics[test]) >= plain.score(X[test], topics[test]) > 0.4
