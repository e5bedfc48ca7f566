"""What docs/mathematics_defaults.md says, beside the Python on the page: each claim with its formula as oracle."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import approx_fprime

from skann import ANNClassifier, ANNRegressor
from skann.encoding import TabularEncoder
from skann.encoding.numbers import smooth_clip
from skann.engine.activations import Mish
from skann.engine.averaging import WeightAverage
from skann.engine.calibration import CalibratedLoss
from skann.engine.callbacks import Patience
from skann.engine.embeddings import Category, Periodic, PiecewiseLinear
from skann.engine.initializers import data
from skann.engine.layers import Dense, ParametricMish, Scale
from skann.engine.losses import CrossEntropy
from skann.engine.optimizers import Adam
from skann.engine.rows import ArrayRows
from skann.engine.schedules import CosLog4, FlatCosine
from skann.fitting.recipe import by_size, resolve
from tests.data import IRIS, SPECIES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def bound(layer, seed=0):
    """The layer with parameters and gradients of its own, at its random start."""
    params = {name: np.empty(shape) for name, shape in layer.shapes.items()}
    layer.bind(params, {name: np.empty(shape) for name, shape in layer.shapes.items()})
    layer.initialize(np.random.default_rng(seed))
    return layer


def output(layer, x, training=False):
    return layer.forward(x, layer.buffers(len(x), x.dtype, training)).copy()


def test_values_of_the_recipe():
    """Those in the table, whatever the number of rows; times for wide tables."""
    resolved = {
        cls: resolve(cls().get_params() | {"loss": "squared_error", "portfolio": None}, 1000, 8, is_sparse=False,
                     is_classifier=cls is ANNClassifier, partial=False, has_validation=False)
        for cls in (ANNClassifier, ANNRegressor)
    }  # fmt: skip
    of_classes, of_values = resolved.values()
    for each in (of_classes, of_values):
        assert (each.sigma, each.beta_1, each.beta_2, each.weight_averaging) == (0.3, 0.9, 0.95, 0.99)
        assert (each.weight_decay, each.learning_rate, each.activation) == (0.02, "coslog4", "mish")
        assert each.n_iter_no_change == each.max_iter // 8
        assert each.patience_growth == 1
        assert each.scale_rate == 6
    assert (of_classes.learning_rate_init, of_classes.dropout) == (0.02, 0.15)
    assert (of_values.learning_rate_init, of_values.dropout) == (0.1, 0)
    assert by_size(1000, True, False)["n_estimators"] == 8
    assert (Periodic(1).n_frequencies, Periodic(1).n_features, Category(9).n_out) == (16, 4, 8)


def test_smooth_clip():
    """Slope (1 + (z / 3)^2)^(-3 / 2), so rising everywhere, and below 3."""
    z = np.linspace(-20, 20, 81)
    slopes = (smooth_clip(z + 1e-6) - smooth_clip(z - 1e-6)) / 2e-6
    np.testing.assert_allclose(slopes, (1 + (z / 3) ** 2) ** -1.5, rtol=1e-4)
    assert np.abs(smooth_clip(z)).max() < 3


def test_scale_of_columns():
    """Where the quartiles are equal: the median distance of the others. Sparse: the mean size."""
    x = np.array([0.0] * 10 + [1, 2, 5])[:, None]
    assert TabularEncoder().fit(x).scale_[0] == 2
    assert TabularEncoder().fit(sparse.csr_array(x)).scale_[0] == pytest.approx(8 / 3)


def test_levels():
    """Two levels, three, and more than eight; an unseen one."""
    rows = [[level, level, level] for level in "abcdefghij"]
    table = np.array(rows, dtype=object)
    table[:, 0] = np.where(table[:, 0] < "f", "a", "b")
    table[:, 1] = np.where(table[:, 1] < "c", "a", np.where(table[:, 1] < "f", "b", "c"))
    encoder = TabularEncoder(categorical_features=[0, 1, 2]).fit(table)
    encoded = encoder.transform(table)
    assert set(encoded[:, 0]) == {-1, 1}
    np.testing.assert_array_equal(encoded[:, 1:4], np.eye(3)[(table[:, 1] > "a") + (table[:, 1] > "b") * 1])
    np.testing.assert_array_equal(encoded[:, 4], np.arange(1, 11))
    np.testing.assert_array_equal(encoder.transform(np.full((1, 3), "?", dtype=object)), np.zeros((1, 5)))
    layer = bound(Category(10))
    assert not layer.E[0].any()
    buf = layer.buffers(1, float, training=True)
    buf["delta"][...] = 1
    layer.backward(np.zeros((1, 1)), buf)
    assert not layer.dE.any()  # row 0 stays 0


def test_targets_are_standardised():
    y = IRIS[:, 3] * 100
    model = ANNRegressor((4,), n_estimators=1, early_stopping=False, max_iter=2, random_state=0).fit(IRIS[:, :3], y)
    raw = model.networks_.raw_outputs(model.encoder_.transform(IRIS[:, :3]))[0]
    np.testing.assert_allclose(model.predict(IRIS[:, :3]), y.mean() + y.std() * raw[:, 0], rtol=1e-5)


def test_periodic_start():
    """Frequencies of standard deviation 2 pi s, and features of variance 1/6 + 1/48 at every x."""
    layer = bound(Periodic(4000, sigma=0.3))
    assert layer.w.std() == pytest.approx(2 * math.pi * 0.3, rel=0.02)
    features = output(layer, np.full((1, 4000), 1.7)).reshape(4000, 4)
    assert features[:, 1:].var() == pytest.approx(1 / 6 + 1 / 48, rel=0.03)
    np.testing.assert_array_equal(features[:, 0], 1.7)


def test_piecewise_linear():
    """A line at the start; then the slope v + W_t / width in each bin, also beyond the outermost edges."""
    layer = bound(PiecewiseLinear(np.array([[-1.0, 0.0, 0.5, 2.0]]), n_features=1))
    places, which = np.array([-5.0, -0.5, 0.25, 1.0, 7.0]), [0, 0, 1, 2, 2]
    assert not layer.W.any()
    layer.W[...] = np.array([0.3, -1.0, 2.0])[:, None]
    slopes = [approx_fprime(x, lambda x: output(layer, x[:, None])[0, 0], 1e-6)[0] for x in places[:, None]]
    np.testing.assert_allclose(slopes, layer.v[0] + (layer.W[0, :, 0] / [1, 0.5, 1.5])[which], rtol=1e-4)


def test_bins_have_equally_many_rows():
    rows = ArrayRows(np.random.default_rng(0).normal(size=(4800, 1)), None)
    counts = np.histogram(rows.X[:, 0], PiecewiseLinear.from_rows(rows, 1).edges[0])[0]
    assert len(counts) == 48
    assert np.abs(counts - 100).max() <= 1


def test_least_divisor_of_the_start():
    """Rows that differ in one direction (k = 1) are divided by their root mean square at least."""
    x, W, b = np.outer(np.arange(50.0), [3.0, 0.0]), np.empty((2, 200)), np.empty(200)
    data(W, b, x, np.random.default_rng(0))
    drawn = np.random.default_rng(0).standard_normal((2, 200))
    np.testing.assert_allclose((x @ W).std(axis=0), np.minimum(1, np.abs(drawn[0])))


def test_parametric_mish():
    """a = z + p (z tanh(log(1 + e^z)) - z), with p = 1 at the start."""
    z = np.linspace(-5, 5, 21)[:, None]
    layer, mish = bound(ParametricMish(1)), z * np.tanh(np.log(1 + np.exp(z)))
    np.testing.assert_allclose(output(layer, z), mish, atol=1e-12)
    layer.p[...] = 0.3
    for training in (False, True):
        np.testing.assert_allclose(output(layer, z, training), z + 0.3 * (mish - z), atol=1e-12)
    assert isinstance(layer.activation, Mish)


def test_factors_of_groups():
    """Those of the table, in a network of the recipe."""
    table = np.column_stack([IRIS, np.arange(150) % 12])
    params = {"hidden_layer_sizes": (4, 9), "categorical_features": [4], "n_estimators": 1, "max_iter": 1}
    network = ANNClassifier(**params, random_state=0).fit(table, SPECIES).networks_.members[0].network
    embeddings, *layers = network.layers
    assert embeddings.parts["numeric"].multipliers["W"] == (0.1, pytest.approx(0.01))
    assert embeddings.parts["category0"].multipliers == {"E": (1, 1)}
    for layer in layers:
        if isinstance(layer, Dense):
            assert layer.multipliers == {"W": (layer.n_in**-0.5, 1), "b": (0.1, 0)}
        elif isinstance(layer, Scale):
            assert layer.multipliers == {"s": (6, 36)}
        elif isinstance(layer, ParametricMish):
            assert layer.multipliers == {"p": (0.1, pytest.approx(0.01))}
    assert [layer.kind for layer in layers] == ["scale", *["dense", "activation", "dropout"] * 2, "dense"]


def test_adam_on_scaled_weights():
    """Adam on W = V / sqrt(n) with the rate eta / sqrt(n) moves as Adam on V does with the rate eta."""
    rng, n, eta = np.random.default_rng(0), 16, 0.1
    V = rng.normal(size=n)
    W, of_V, of_W = V / 4, Adam(n, float, epsilon=0), Adam(n, float, epsilon=0, groups=[(slice(0, n), 1 / 4, 1.0)])
    for _ in range(5):
        g = rng.normal(size=n)
        of_V.step(V, g / 4, eta)  # dL/dV = dL/dW / sqrt(n)
        of_W.step(W, g, eta)
        np.testing.assert_allclose(W, V / 4)


def test_decay_of_the_scale():
    """A factor 6 on the rate makes 36 on the decay: 1.4 % in a step."""
    theta = np.ones(1)
    Adam(1, float, weight_decay=0.02, groups=[(slice(0, 1), 6.0, 36.0)]).step(theta, np.zeros(1), lr=0.02)
    assert theta[0] == pytest.approx(0.9856)


def test_four_cycles():
    """Each is twice as long as the one before, the last takes 8/15."""
    valleys = [t for t in range(1501) if CosLog4(1.0, 1500)(t) < 1e-9]
    lengths = np.diff(valleys)
    np.testing.assert_array_equal(lengths[1:], 2 * lengths[:-1])
    assert (len(lengths), lengths[-1]) == (4, 1500 * 8 // 15)


def test_fading():
    p = np.linspace(0, 1, 101)
    expected = np.where(p <= 0.5, 1, (1 + np.cos(np.pi * (2 * p - 1))) / 2)
    np.testing.assert_allclose([FlatCosine(1.0, 100)(100 * each) for each in p], expected)


def test_share_of_the_start():
    """t! 9! / (t + 9)! as long as t is at most 891; without the warm-up it is 37 % after 100 steps."""
    average = WeightAverage(0.99, np.ones(1))
    for t in range(1, 21):
        average.update(np.zeros(1))
        assert average.average[0] == pytest.approx(1 / math.comb(t + 9, 9))
    assert 891 / (891 + 9) == 0.99
    assert round(0.99**100, 2) == 0.37


@pytest.mark.parametrize("best", [1, 3, 10])
def test_end_of_a_training(best):
    """In epoch e + N / 8 + e, with e the best so far."""
    patience, epoch, is_over = Patience(40 // 8, 0.0, "validation_score", True, growth=1.0), 0, False
    run = SimpleNamespace(history={"validation_score": []})
    patience.on_fit_begin(run)
    while not is_over:
        epoch += 1
        run.epoch = epoch
        run.history["validation_score"].append(min(epoch, best))
        is_over = patience.on_epoch_end(run)
    assert epoch == best + 5 + best


def test_score_at_the_best_temperature():
    """The least loss of raw / T over all T, to within its tolerance; doubling raw changes nothing."""
    rng = np.random.default_rng(0)
    raw, y = rng.normal(size=(300, 3)), rng.integers(3, size=300)
    raw[np.arange(300), y] += 1
    score = CalibratedLoss(CrossEntropy(3), ArrayRows(raw, y))
    probabilities = np.array([CrossEntropy(3).predict(raw / T) for T in np.linspace(0.3, 3, 500)])
    best = np.log(probabilities[:, np.arange(300), y]).mean(axis=1).max()
    assert score(None, raw) == pytest.approx(best, abs=1e-3)
    assert score(None, 2 * raw) == pytest.approx(score(None, raw), abs=1e-3)
