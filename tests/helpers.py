"""What several tests need: gradient checker, poisoned buffers, a guard against float64, small builders, settings."""

import tracemalloc
from itertools import pairwise

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier

from skann.engine.activations import ACTIVATIONS
from skann.engine.layers import Dense, Dropout
from skann.engine.losses import LOSSES
from skann.engine.network import Network
from skann.fitting import recipe

TOLERANCE = {np.float64: 1e-6, np.float32: 1e-4}  # of the checker: both far below 0.05 %


def assert_gradient(f, theta, grad, rtol=None, step=1e-6, n_directions=4, seed=0):
    """Compare ``grad`` with central differences of ``f`` along random directions.

    The directions d have entries 1 and -1: so grad . d is about as large as the norm of grad, whatever its length.

    Parameters
    ----------
    f : callable(theta) -> float
        Computed in float64, also when ``grad`` is float32: differences of float32 values would be too coarse.
    theta : ndarray of float64
        The point; any shape.
    grad : ndarray
        What is to be checked; the shape of theta.
    rtol : float, default=None
        The error that passes, in units of the norm of grad. None means 1e-6 for float64, 1e-4 for float32.
    """
    assert grad.shape == theta.shape
    assert theta.dtype == np.float64
    rtol = TOLERANCE[grad.dtype.type] if rtol is None else rtol
    grad = grad.astype(np.float64)
    norm = np.linalg.norm(grad)
    rng = np.random.default_rng(seed)
    for _ in range(n_directions):
        d = rng.choice([-1.0, 1.0], size=theta.shape)
        above, below = f(theta + step * d), f(theta - step * d)
        numeric, claimed = (above - below) / (2 * step), float(np.sum(grad * d))
        rounding = np.finfo(np.float64).eps * (abs(above) + abs(below)) / step
        error = abs(claimed - numeric)  # NaN fails, too
        assert error <= rtol * norm + rounding, f"the gradient says {claimed}, differences say {numeric}"


def poison(workspace):
    """Fill the float buffers of a workspace with NaN, but ``ones``: it is a constant, written once for all."""
    for buf in workspace.buffers:
        _poison_arrays(buf)
    return workspace


def _poison_arrays(buf):
    for name, own in buf.items():
        if isinstance(own, dict):
            _poison_arrays(own)
        elif name != "ones" and own.dtype.kind == "f":
            own.fill(np.nan)


class OnlyFloat32(np.ndarray):
    """An array that raises when a ufunc reads or makes float64 beside it: the guard against silent promotion."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        plain = [_plain(x) for x in inputs]
        if out:
            kwargs["out"] = tuple(_plain(x) for x in out)
        result = getattr(ufunc, method)(*plain, **kwargs)
        for x in (*plain, *kwargs.get("out", ()), result):
            promoted = isinstance(x, np.ndarray | np.generic) and x.dtype == np.float64
            assert not promoted, f"{ufunc.__name__} computes in float64"
        if out:
            return out[0]
        return result.view(OnlyFloat32) if isinstance(result, np.ndarray) else result


def only_float32(array):
    return np.array(array, np.float32).view(OnlyFloat32)


def _plain(x):
    return x.view(np.ndarray) if isinstance(x, OnlyFloat32) else x


class Peak:
    """``with Peak() as peak: ...``, then ``peak.bytes``: the most memory held inside beyond what was held before."""

    def __enter__(self):
        tracemalloc.start()
        self._before = tracemalloc.get_traced_memory()[0]
        return self

    def __exit__(self, *exception):
        self.bytes = tracemalloc.get_traced_memory()[1] - self._before
        tracemalloc.stop()


def make_network(sizes=(4, 6, 5, 3), activation="tanh", dropout=0.0, dtype=np.float64, seed=0):
    """A network ready to train: sizes (n_in, hidden ..., n_out), biases not 0, dropout after each hidden layer."""
    rng = np.random.default_rng(seed)
    layers = []
    for n_in, n_out in pairwise(sizes[:-1]):
        layers.append(Dense(n_in, n_out, ACTIVATIONS[activation]()))
        if dropout:
            layers.append(Dropout(n_out, dropout))
    network = Network([*layers, Dense(*sizes[-2:])], dtype)
    network.theta[...] = rng.normal(0, 0.5, network.theta.size)
    network.prepare_training()
    return network


def make_loss(name, n_out=3, **kwargs):
    """The loss of this name for n_out raw outputs."""
    if name == "log_loss":
        return LOSSES[name](n_out, **kwargs)
    if name == "quantile":
        return LOSSES[name](levels=np.linspace(0.2, 0.9, n_out))
    return LOSSES[name](**kwargs)


def make_targets(name, n_rows=8, n_out=3, dtype=np.float64, seed=0):
    """Targets in the domain of the loss of this name."""
    rng = np.random.default_rng(seed)
    if name == "log_loss":
        return rng.integers(n_out, size=n_rows)
    if name == "binary_log_loss":
        return rng.integers(2, size=(n_rows, n_out)).astype(dtype)
    if name == "poisson":
        return rng.poisson(1.5, (n_rows, n_out)).astype(dtype)
    if name == "quantile":
        return rng.gamma(2.0, size=(n_rows, 1)).astype(dtype)
    if name == "tweedie":
        return (rng.poisson(1.5, (n_rows, n_out)) * rng.gamma(2.0, size=(n_rows, n_out))).astype(dtype)
    return rng.gamma(2.0, size=(n_rows, n_out)).astype(dtype)


def make_weight(n_rows=8, dtype=np.float64, seed=0):
    """Weights of mean 1, one of them 0."""
    weight = np.random.default_rng(seed).uniform(0.2, 3, n_rows)
    weight[n_rows // 2] = 0
    return (weight / weight.mean()).astype(dtype)


def bits(*arrays):
    """The bytes of arrays and numbers: equal only if equal to the bit."""
    return b"".join(np.asarray(array).tobytes() for array in arrays)


def settings_of(estimator, X, partial=False):
    """The parameters of an estimator without "auto", for a fit to X."""
    return recipe.resolve(
        estimator.get_params(deep=False), *X.shape, is_sparse=sparse.issparse(X),
        is_classifier=is_classifier(estimator), partial=partial, has_validation=False,
    )  # fmt: skip


def networks_of(model):
    """The engine's networks of a fitted estimator."""
    return [member.network for member in model.networks_.members]
