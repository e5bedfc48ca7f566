"""Losses against scikit-learn's metrics, derivatives against differences, constants against their neighbours."""

from functools import partial

import numpy as np
import pytest
from scipy import special
from scipy.stats import norm
from sklearn import metrics

from skann.engine.losses import LOSSES, BinaryCrossEntropy, CrossEntropy, Gamma, Huber, Poisson, Quantile, Tweedie
from tests.helpers import assert_gradient, make_loss, make_targets, make_weight, only_float32

LEVELS = np.linspace(0.2, 0.9, 3)  # those of helpers.make_loss
N_ROWS = 8
NAMES = pytest.mark.parametrize("name", sorted(LOSSES))
WEIGHTED = pytest.mark.parametrize("weighted", [False, True])
SMOOTHED = [name for name in LOSSES if name.endswith("log_loss")]


def by_columns(metric, y, prediction, weight, *, level=None):
    """The sum over the outputs of a metric of scikit-learn's, which is a mean over rows."""
    total = 0.0
    for k in range(prediction.shape[1]):
        kwargs = {} if level is None else {"alpha": level[k]}
        total += metric(y[:, min(k, y.shape[1] - 1)], prediction[:, k], sample_weight=weight, **kwargs)
    return total


def huber(y, raw, weight):
    return np.average(special.huber(1.35, raw - y).sum(axis=1), weights=weight)


def log_loss(y, p, sample_weight):
    return metrics.log_loss(y, p, sample_weight=sample_weight, labels=range(p.shape[1] if p.ndim > 1 else 2))


FORMULAS = {  # (y, raw, weight) -> weighted mean
    "log_loss": lambda y, raw, w: log_loss(y, special.softmax(raw, axis=1), w),
    "binary_log_loss": lambda y, raw, w: by_columns(log_loss, y, special.expit(raw), w),
    "squared_error": lambda y, raw, w: by_columns(metrics.mean_squared_error, y, raw, w) / 2,
    "absolute_error": lambda y, raw, w: by_columns(metrics.mean_absolute_error, y, raw, w),
    "huber": huber,
    "quantile": lambda y, raw, w: by_columns(metrics.mean_pinball_loss, y, raw, w, level=LEVELS),
    "poisson": lambda y, raw, w: by_columns(metrics.mean_poisson_deviance, y, np.exp(raw), w) / 2,
    "gamma": lambda y, raw, w: by_columns(metrics.mean_gamma_deviance, y, np.exp(raw), w) / 2,
    "tweedie": lambda y, raw, w: by_columns(partial(metrics.mean_tweedie_deviance, power=1.5), y, np.exp(raw), w) / 2,
}


def case(name, weighted=False, dtype=np.float64, **kwargs):
    """A loss, raw outputs on both sides of every bend, targets and weights."""
    raw = np.random.default_rng(1).normal(0.5, 2, (N_ROWS, 3)).astype(dtype)
    weight = make_weight(N_ROWS, dtype) if weighted else None
    return make_loss(name, **kwargs), raw, make_targets(name, N_ROWS, dtype=dtype), weight


def value_and_delta(loss, raw, y, weight=None):
    delta = np.full_like(raw, np.nan)  # whatever it held before must not matter
    return loss.value_and_delta(raw, y, weight, delta), delta


@NAMES
@WEIGHTED
def test_value(name, weighted):
    loss, raw, y, weight = case(name, weighted)
    assert value_and_delta(loss, raw, y, weight)[0] == pytest.approx(FORMULAS[name](y, raw, weight), rel=1e-12)


@NAMES
@WEIGHTED
def test_delta(name, weighted):
    loss, raw, y, weight = case(name, weighted)
    delta = value_and_delta(loss, raw, y, weight)[1]
    assert_gradient(lambda raw: value_and_delta(loss, raw, y, weight)[0], raw, delta)


@pytest.mark.parametrize("power", [1.001, 1.2, 1.8, 1.999])
@WEIGHTED
def test_tweedie_of_every_power(power, weighted):
    """scikit-learn's deviance, and differences of it; targets of 0 among them."""
    _, raw, y, weight = case("tweedie", weighted)
    loss, y = Tweedie(power), np.where(y > 1.5, y, 0)
    value, delta = value_and_delta(loss, raw, y, weight)
    deviance = partial(metrics.mean_tweedie_deviance, power=power)
    assert value == pytest.approx(by_columns(deviance, y, np.exp(raw), weight) / 2, rel=1e-9)
    assert_gradient(lambda raw: value_and_delta(loss, raw, y, weight)[0], raw, delta)


@pytest.mark.parametrize("power, other", [(1 + 1e-6, Poisson()), (2 - 1e-6, Gamma())])
def test_tweedie_lies_between_poisson_and_gamma(power, other):
    _, raw, y, weight = case("gamma", True)
    for one, two in zip(
        value_and_delta(Tweedie(power), raw, y, weight), value_and_delta(other, raw, y, weight), strict=True
    ):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", SMOOTHED)
@WEIGHTED
def test_label_smoothing(name, weighted):
    """The smoothed loss is the loss for the mixture of the labels with the uniform distribution."""
    smoothing = 0.3
    loss, raw, y, weight = case(name, weighted, label_smoothing=smoothing)
    if name == "log_loss":
        expected = (1 - smoothing) * FORMULAS[name](y, raw, weight)
        expected += smoothing / 3 * sum(FORMULAS[name](np.full(N_ROWS, k), raw, weight) for k in range(3))
    else:
        expected = (1 - smoothing / 2) * FORMULAS[name](y, raw, weight)
        expected += smoothing / 2 * FORMULAS[name](1 - y, raw, weight)
    value, delta = value_and_delta(loss, raw, y, weight)
    assert value == pytest.approx(expected, rel=1e-12)
    assert_gradient(lambda raw: value_and_delta(loss, raw, y, weight)[0], raw, delta)


@NAMES
@WEIGHTED
def test_float32(name, weighted):
    """float32 gives what float64 gives, to its precision, without computing in float64."""
    loss, raw, y, weight = case(name, weighted, np.float32)
    wide = [None if array is None else array.astype(np.float64) for array in (raw, weight)]
    expected, expected_delta = value_and_delta(loss, wide[0], y if y.dtype.kind == "i" else y.astype(float), wide[1])
    raw, weight = only_float32(raw), None if weight is None else only_float32(weight)
    value, delta = value_and_delta(loss, raw, y if y.dtype.kind == "i" else only_float32(y), weight)
    assert value == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(np.asarray(delta), expected_delta, rtol=1e-4, atol=1e-6)
    assert delta.dtype == np.asarray(loss.predict(np.asarray(raw))).dtype == np.float32
    assert isinstance(value, float)  # not an np.float64, which would promote what it meets


def test_float32_with_a_threshold_for_each_output():
    """As the regressor makes it: in float64, in units of each target."""
    raw, y = (only_float32(np.random.default_rng(i).normal(size=(4, 2))) for i in range(2))
    expected = special.huber([0.5, 2.0], np.asarray(raw, float) - np.asarray(y, float)).sum(axis=1).mean()
    assert value_and_delta(Huber(np.array([0.5, 2.0])), raw, y)[0] == pytest.approx(expected, rel=1e-6)


@NAMES
@WEIGHTED
def test_arguments_are_only_read(name, weighted):
    loss, raw, y, weight = case(name, weighted)
    before = [None if array is None else array.copy() for array in (raw, y, weight)]
    value_and_delta(loss, raw, y, weight)
    loss.predict(raw)
    loss.constant(y, weight)
    for array, old in zip((raw, y, weight), before, strict=True):
        np.testing.assert_array_equal(array, old)


@NAMES
def test_weights_mean_repetition(name):
    """A row of weight 2 counts as two rows; one of weight 0 as none; a batch of nothing but zeros as nothing."""
    loss, raw, y, _ = case(name)
    weight = np.array([0.0, 1, 2, 3, 1, 0, 2, 1])
    rows = np.repeat(np.arange(N_ROWS), weight.astype(int))
    value, delta = value_and_delta(loss, raw, y, weight)
    repeated, repeated_delta = value_and_delta(loss, raw[rows], y[rows])
    assert value == pytest.approx(repeated * len(rows) / N_ROWS, rel=1e-12)
    summed = np.zeros_like(raw)
    np.add.at(summed, rows, repeated_delta * len(rows) / N_ROWS)
    np.testing.assert_allclose(delta, summed, atol=1e-14)

    value, delta = value_and_delta(loss, raw, y, np.zeros(N_ROWS))
    assert value == 0
    assert not delta.any()


@NAMES
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_far_out(name, dtype):
    """Finite for raw outputs of +-10 000 and for those of 0, in the loss, its derivative and the predictions."""
    loss, _, y, _ = case(name, dtype=dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        for far in (-1e4, 1e4, 0):
            for k in range(3):
                raw = np.zeros((1, 3), dtype)
                raw[0, k] = far
                for row in range(N_ROWS):
                    value, delta = value_and_delta(loss, raw, y[row : row + 1])
                    assert np.isfinite(value)
                    assert np.isfinite(delta).all()
                prediction = loss.predict(raw)
                assert np.isfinite(prediction).all()
                assert loss.out_activation == "identity" or (prediction > 0).all()


def test_cross_entropies_far_out_exactly():
    raw = np.array([[1e4, 0.0, -1e4]])
    assert [value_and_delta(CrossEntropy(3), raw, np.array([k]))[0] for k in range(3)] == [0, 1e4, 2e4]
    value, delta = value_and_delta(BinaryCrossEntropy(), raw[:, [0, 2]], np.array([[0.0, 1.0]]))
    assert value == 2e4
    np.testing.assert_array_equal(delta, [[1, -1]])


def test_cross_entropy_does_not_depend_on_an_offset():
    """softmax(raw + c) = softmax(raw), also in float32, where 1e4 has but three decimals left."""
    raw = np.array([[3.0, 0.0, -2.0]], np.float32)
    expected, expected_delta = value_and_delta(CrossEntropy(3), raw.astype(float), np.array([0]))
    value, delta = value_and_delta(CrossEntropy(3), raw + np.float32(2**13), np.array([0]))
    assert value == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(delta, expected_delta, rtol=1e-5)


@NAMES
@WEIGHTED
def test_constant_is_the_minimum(name, weighted):
    """No constant near by does better."""
    loss = make_loss(name)
    y, weight = make_targets(name, 41), make_weight(41) if weighted else None
    best = np.asarray(loss.constant(y, weight), dtype=float)
    assert best.shape == (3,)

    def value(constant):
        return value_and_delta(loss, np.tile(constant, (41, 1)), y, weight)[0]

    for k in range(3):
        for step in (-0.3, -0.01, 0.01, 0.3):
            assert value(best + step * np.eye(3)[k]) > value(best)


@pytest.mark.parametrize("name", SMOOTHED)
def test_constant_is_the_minimum_with_label_smoothing(name):
    loss, y = make_loss(name, label_smoothing=0.3), make_targets(name, 41)
    best = loss.constant(y, None)
    delta = value_and_delta(loss, np.tile(best, (41, 1)), y)[1]
    np.testing.assert_allclose(delta.sum(axis=0), 0, atol=1e-12)


def test_constants_in_closed_form():
    """Where the minimum is known: log shares, log odds, mean, median, quantiles, log mean."""
    y = np.array([[1.0], [2.0], [3.0], [10.0]])
    for name, expected in [("squared_error", 4), ("gamma", np.log(4)), ("poisson", np.log(4)), ("tweedie", np.log(4))]:
        np.testing.assert_allclose(LOSSES[name]().constant(y, None), [expected])
        np.testing.assert_allclose(
            LOSSES[name]().constant(y, np.array([1, 1, 1, 0])), [2 if expected == 4 else np.log(2)]
        )
    for name in ("absolute_error",):
        np.testing.assert_array_equal(LOSSES[name]().constant(y, np.array([1, 1, 3, 1])), [3])
    np.testing.assert_array_equal(Quantile([0.2, 0.9]).constant(y, None), [1, 10])
    np.testing.assert_array_equal(Quantile(0.6).constant(np.hstack([y, 2 * y]), None), [3, 6])
    np.testing.assert_allclose(CrossEntropy(2).constant(np.array([0, 1, 1, 1]), None), np.log([0.25, 0.75]))
    np.testing.assert_allclose(BinaryCrossEntropy().constant((y > 1) * 1.0, None), [np.log(3)])


def test_constants_stay_finite():
    """Also for a class or label that never occurs."""
    assert np.isfinite(CrossEntropy(3).constant(np.array([0, 0, 2]), None)).all()
    assert np.isfinite(BinaryCrossEntropy().constant(np.array([[0.0, 1.0]]), None)).all()


def test_poisson_constant_stays_finite_where_the_weighted_mean_is_zero():
    """Rows of weight 0 do not exist: without them, all targets are 0."""
    assert np.isfinite(Poisson().constant(np.array([[0.0], [3.0]]), np.array([1.0, 0.0]))).all()


@NAMES
def test_predict(name):
    loss, raw, _, _ = case(name)
    functions = {"softmax": special.softmax, "logistic": special.expit, "exp": np.exp, "identity": np.asarray}
    kwargs = {"axis": 1} if loss.out_activation == "softmax" else {}
    expected = functions[loss.out_activation](raw, **kwargs)
    if name == "quantile":
        expected = np.sort(raw, axis=1)
    np.testing.assert_allclose(loss.predict(raw), expected, rtol=1e-14)


@pytest.mark.parametrize("name", SMOOTHED)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_log_predict(name, dtype):
    """The logarithm of the probability; precise where 1 - p is below the precision of p, finite where p is 0."""
    loss, raw, _, _ = case(name, dtype=dtype)
    np.testing.assert_allclose(
        loss.log_predict(raw), np.log(loss.predict(raw)), rtol=20 * np.finfo(dtype).eps, atol=1e-6
    )
    small = loss.log_predict(np.array([[50.0, 0.0]], dtype))
    assert small[0, 0] == pytest.approx(-np.exp(-50.0), rel=1e-5)
    far = np.array([[1e4, -1e4]], dtype)
    assert np.isfinite(loss.log_predict(far)).all()
    np.testing.assert_allclose(loss.log_predict(far)[0, 1], np.log(loss.predict(far))[0, 1], rtol=1e-6)


def test_quantiles_are_sorted():
    """In the order of the levels as given; sorting never increases the loss."""
    rng = np.random.default_rng(0)
    loss, raw, y = Quantile([0.9, 0.1, 0.5]), rng.normal(size=(50, 3)), rng.normal(size=(50, 1))
    high, low, middle = loss.predict(raw).T
    assert (low <= middle).all()
    assert (middle <= high).all()
    np.testing.assert_array_equal(np.sort(loss.predict(raw)), np.sort(raw))
    for row in range(50):
        one = slice(row, row + 1)
        assert (
            value_and_delta(loss, loss.predict(raw)[one], y[one])[0]
            <= value_and_delta(loss, raw[one], y[one])[0] + 1e-15
        )


def test_one_level_serves_all_outputs():
    """Several outputs do not get sorted: each is its own target's quantile."""
    raw = np.array([[3.0, 1.0]])
    np.testing.assert_array_equal(Quantile(0.5).predict(raw), raw)
    value, delta = value_and_delta(Quantile(0.25), raw, np.array([[4.0, 0.0]]))
    assert value == pytest.approx(0.25 * 1 + 0.75 * 1)
    np.testing.assert_allclose(delta, [[-0.25, 0.75]])


def test_quantile_constant_finds_the_quantile_of_a_distribution():
    y = np.random.default_rng(0).normal(size=(20_000, 1))
    np.testing.assert_allclose(Quantile([0.1, 0.5, 0.9]).constant(y, None), norm.ppf([0.1, 0.5, 0.9]), atol=0.03)


@pytest.mark.parametrize("name", ["absolute_error", "quantile"])
def test_no_slope_at_the_bend(name):
    loss, y = make_loss(name), np.full((2, 1 if name == "quantile" else 3), 7.0)
    value, delta = value_and_delta(loss, np.full((2, 3), 7.0), y)
    assert value == 0
    assert not delta.any()


@pytest.mark.parametrize(
    "name, inside, outside",
    [
        ("binary_log_loss", [[0], [1]], [[0], [0.5]]),
        ("poisson", [[0, 1], [2.5, 0]], [[-1, 3], [2, 2]]),
        ("poisson", [[0], [1]], [[0], [0]]),
        ("poisson", [[0, 1], [1, 1]], [[0, 1], [0, 1]]),
        ("gamma", [[1e-9], [3]], [[0], [3]]),
        ("gamma", [[1], [3]], [[-1], [3]]),
        ("tweedie", [[0, 1], [2.5, 0]], [[-1, 3], [2, 2]]),
        ("tweedie", [[0, 1], [1, 1]], [[0, 1], [0, 1]]),
    ],
)
def test_domain(name, inside, outside):
    loss = make_loss(name)
    assert loss.in_domain(np.array(inside, float)) is True
    assert loss.in_domain(np.array(outside, float)) is False
    assert isinstance(loss.domain, str)


@pytest.mark.parametrize("name", ["log_loss", "squared_error", "absolute_error", "huber", "quantile"])
def test_domain_of_all_numbers(name):
    assert make_loss(name).in_domain(np.array([[-1e30], [0], [7]])) is True


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_derivative_of_the_prediction(name):
    """Each prediction with respect to each raw output, against differences."""
    loss, raw, step = make_loss(name), np.random.default_rng(5).normal(size=(6, 3)), 1e-6
    found = loss.derivative(raw)
    assert found.shape == (3, 6, 3)
    for j in range(3):
        e = step * np.eye(3)[j]
        numeric = (loss.predict(raw + e) - loss.predict(raw - e)) / (2 * step)
        np.testing.assert_allclose(found[:, :, j].T, numeric, atol=1e-8)


def test_one_level_for_all_outputs_has_no_order():
    np.testing.assert_array_equal(LOSSES["quantile"](0.3).derivative(np.ones((2, 2))), np.eye(2)[:, None].repeat(2, 1))
