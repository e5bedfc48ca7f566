"""Activation functions sigma of equation (2), each beside its derivative.

Contract
--------
``forward(z, a)`` writes f(z) into ``a``. ``backward(z, a, delta)`` multiplies ``delta`` by f'(z) in place; it may
overwrite ``z`` and ``a``, which nobody reads afterwards. If ``two_buffers`` is False, the derivative is a function of
the output alone; then ``z`` and ``a`` are one and the same buffer. If it is True, they are two, and ``backward`` finds
in ``z`` what ``forward`` left there: z, or f'(z) where forward has most of it at hand.

A fact about an activation stands on its class, and is False where it says nothing: ``monotone``, it never falls.

All arrays have one floating dtype and shape (n_rows, n_out). To add an activation, write a class and name it in
`ACTIVATIONS`.
"""

import math

import numpy as np
from scipy.special import ndtr


class Identity:
    """f(z) = z;  f'(z) = 1."""

    two_buffers = False
    monotone = True

    def forward(self, z: np.ndarray, a: np.ndarray) -> None:
        pass  # z is a

    def backward(self, z: np.ndarray, a: np.ndarray, delta: np.ndarray) -> None:
        pass


class Logistic:
    """f(z) = 1 / (1 + exp(-z));  f'(z) = a (1 - a)."""

    two_buffers = False
    monotone = True

    def forward(self, z: np.ndarray, a: np.ndarray) -> None:
        _logistic(z, out=a)

    def backward(self, z: np.ndarray, a: np.ndarray, delta: np.ndarray) -> None:
        delta *= a
        np.subtract(1, a, out=a)
        delta *= a


class Tanh:
    """f(z) = tanh(z);  f'(z) = 1 - a^2."""

    two_buffers = False
    monotone = True

    def forward(self, z: np.ndarray, a: np.ndarray) -> None:
        np.tanh(z, out=a)

    def backward(self, z: np.ndarray, a: np.ndarray, delta: np.ndarray) -> None:
        np.multiply(a, a, out=a)
        np.subtract(1, a, out=a)
        delta *= a


class ReLU:
    """f(z) = max(0, z);  f'(z) = 1 where z > 0, else 0."""

    two_buffers = False
    monotone = True

    def forward(self, z: np.ndarray, a: np.ndarray) -> None:
        np.maximum(z, same_for_rows(0, z), out=a)

    def backward(self, z: np.ndarray, a: np.ndarray, delta: np.ndarray) -> None:
        delta *= a > 0  # several times faster than delta[a == 0] = 0: no branch to mispredict


class LeakyReLU:
    """f(z) = z where z > 0, else s z;  f'(z) = 1 where z > 0, else s, with s = 0.01.

    Maas et al. 2013, Rectifier nonlinearities improve neural network acoustic models.
    """

    slope = 0.01
    two_buffers = False
    monotone = True

    def forward(self, z: np.ndarray, a: np.ndarray) -> None:
        np.maximum(z, self.slope * z, out=a)

    def backward(self, z: np.ndarray, a: np.ndarray, delta: np.ndarray) -> None:
        np.greater(a, 0, out=a)
        a *= 1 - self.slope
        a += self.slope
        delta *= a


class ELU:
    """f(z) = z where z > 0, else exp(z) - 1;  f'(z) = min(a, 0) + 1.

    Clevert et al. 2016, https://arxiv.org/abs/1511.07289. ``exp(z) - 1`` stands for ``expm1``, which NumPy does not
    vectorise: the absolute error is the same.
    """

    two_buffers = False
    monotone = True

    def forward(self, z: np.ndarray, a: np.ndarray) -> None:
        zeros = same_for_rows(0, z)
        below = np.minimum(z, zeros)
        np.exp(below, out=below)
        below -= 1
        np.maximum(z, zeros, out=a)
        a += below

    def backward(self, z: np.ndarray, a: np.ndarray, delta: np.ndarray) -> None:
        np.minimum(a, same_for_rows(0, a), out=a)
        a += 1
        delta *= a


class SELU:
    """f(z) = s z where z > 0, else s c (exp(z) - 1);  f'(z) = s where z > 0, else a + s c.

    Klambauer et al. 2017, https://arxiv.org/abs/1706.02515; s and c make mean 0 and variance 1 a fixed point.
    """

    scale = 1.0507009873554805
    alpha = 1.6732632423543772
    two_buffers = False
    monotone = True

    def forward(self, z: np.ndarray, a: np.ndarray) -> None:
        zeros = same_for_rows(0, z)
        below = np.minimum(z, zeros)
        np.exp(below, out=below)
        below -= 1
        below *= self.scale * self.alpha
        np.maximum(z, zeros, out=a)
        a *= self.scale
        a += below

    def backward(self, z: np.ndarray, a: np.ndarray, delta: np.ndarray) -> None:
        positive = np.greater(a, 0)
        np.minimum(a, same_for_rows(0, a), out=a)
        a += self.scale * self.alpha
        a += np.multiply(positive, self.scale * (1 - self.alpha), dtype=a.dtype)
        delta *= a


class GELU:
    """f(z) = z Phi(z);  f'(z) = Phi(z) + z phi(z), Phi and phi the standard normal distribution and density.

    Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415; the exact form.
    """

    two_buffers = True

    def forward(self, z: np.ndarray, a: np.ndarray) -> None:
        cdf = ndtr(z)
        np.multiply(z, cdf, out=a)
        density = z * z
        density *= -0.5
        np.exp(density, out=density)
        density *= 1 / math.sqrt(2 * math.pi)
        z *= density
        z += cdf  # f'(z)

    def backward(self, z: np.ndarray, a: np.ndarray, delta: np.ndarray) -> None:
        delta *= z


class SiLU:
    """f(z) = z s(z), s the logistic function;  f'(z) = s + a (1 - s).

    Elfwing et al. 2018, https://arxiv.org/abs/1702.03118.
    """

    two_buffers = True

    def forward(self, z: np.ndarray, a: np.ndarray) -> None:
        s = _logistic(z)
        np.multiply(z, s, out=a)
        np.subtract(1, s, out=z)
        z *= a
        z += s  # f'(z)

    def backward(self, z: np.ndarray, a: np.ndarray, delta: np.ndarray) -> None:
        delta *= z


class Mish:
    """f(z) = z t, t = tanh(log(1 + e^z));  f'(z) = t + z s (1 - t^2), s the logistic function.

    Misra 2019, https://arxiv.org/abs/1908.08681. With e = exp(z) and n = e (e + 2): t = n / (n + 2) and f'(z) = t + 4 z
    e (e + 1) / (n + 2)^2, so one exponential serves all. Above z = 20, t is 1 in double precision, hence the cut.
    """

    two_buffers = True

    def forward(self, z: np.ndarray, a: np.ndarray) -> None:
        e = np.minimum(z, same_for_rows(20, z))
        np.exp(e, out=e)
        n = e + 2
        n *= e
        np.add(n, 2, out=a)
        slope = np.subtract(n, e, out=e)  # e (e + 1)
        slope /= a
        slope /= a
        slope *= 4
        t = np.divide(n, a, out=n)
        np.multiply(z, t, out=a)
        z *= slope
        z += t  # f'(z)

    def backward(self, z: np.ndarray, a: np.ndarray, delta: np.ndarray) -> None:
        delta *= z


class Softplus:
    """f(z) = log(1 + exp(z));  f'(z) = 1 - exp(-a)."""

    two_buffers = False
    monotone = True

    def forward(self, z: np.ndarray, a: np.ndarray) -> None:
        np.logaddexp(0, z, out=a)

    def backward(self, z: np.ndarray, a: np.ndarray, delta: np.ndarray) -> None:
        np.negative(a, out=a)
        np.exp(a, out=a)
        np.subtract(1, a, out=a)
        delta *= a


def same_for_rows(value, z):
    """The value for each column of z: NumPy vectorises minimum and maximum with a row, but not with a scalar."""
    row = np.empty(z.shape[-1], z.dtype)
    row.fill(value)
    return row


def _logistic(z, out=None):
    """1 / (1 + exp(-z)), in float32 about twice as fast as ``scipy.special.expit``. 1 / infinity is rightly 0."""
    s = np.negative(z, out=out)
    with np.errstate(over="ignore"):
        np.exp(s, out=s)
    s += 1
    return np.divide(1, s, out=s)


ACTIVATIONS = {
    "identity": Identity,
    "logistic": Logistic,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "silu": SiLU,
    "mish": Mish,
    "softplus": Softplus,
}
