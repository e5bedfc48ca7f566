"""Activation functions sigma of equation (2), each beside its derivative.

Contract
--------
``forward(z, a)`` writes f(z) into ``a``. ``backward(z, a, delta)`` multiplies ``delta`` by f'(z) in place; it may
overwrite ``z`` and ``a``, which nobody reads afterwards. If ``keeps_input`` is False, the derivative is a function of
the output alone; then ``z`` and ``a`` are one and the same buffer.

All arrays have one floating dtype and shape (n_rows, n_out). To add an activation, write a class and name it in
`ACTIVATIONS`.
"""

import math

import numpy as np
from scipy.special import expit, ndtr


class Identity:
    """f(z) = z;  f'(z) = 1."""

    keeps_input = False

    def forward(self, z, a):
        pass  # z is a

    def backward(self, z, a, delta):
        pass


class Logistic:
    """f(z) = 1 / (1 + exp(-z));  f'(z) = a (1 - a)."""

    keeps_input = False

    def forward(self, z, a):
        expit(z, out=a)

    def backward(self, z, a, delta):
        delta *= a
        np.subtract(1, a, out=a)
        delta *= a


class Tanh:
    """f(z) = tanh(z);  f'(z) = 1 - a^2."""

    keeps_input = False

    def forward(self, z, a):
        np.tanh(z, out=a)

    def backward(self, z, a, delta):
        np.multiply(a, a, out=a)
        np.subtract(1, a, out=a)
        delta *= a


class ReLU:
    """f(z) = max(0, z);  f'(z) = 1 where z > 0, else 0."""

    keeps_input = False

    def forward(self, z, a):
        np.maximum(z, np.zeros(z.shape[-1], z.dtype), out=a)  # with the scalar 0, NumPy does not vectorise

    def backward(self, z, a, delta):
        delta *= a > 0  # several times faster than delta[a == 0] = 0: no branch to mispredict


class LeakyReLU:
    """f(z) = z where z > 0, else s z;  f'(z) = 1 where z > 0, else s, with s = 0.01.

    Maas et al. 2013, Rectifier nonlinearities improve neural network acoustic models.
    """

    slope = 0.01
    keeps_input = False

    def forward(self, z, a):
        np.maximum(z, self.slope * z, out=a)

    def backward(self, z, a, delta):
        np.greater(a, 0, out=a)
        a *= 1 - self.slope
        a += self.slope
        delta *= a


class ELU:
    """f(z) = z where z > 0, else exp(z) - 1;  f'(z) = min(a, 0) + 1.

    Clevert et al. 2016, https://arxiv.org/abs/1511.07289. ``exp(z) - 1`` stands for ``expm1``, which NumPy does not
    vectorise: the absolute error is the same.
    """

    keeps_input = False

    def forward(self, z, a):
        below = np.minimum(z, 0)
        np.exp(below, out=below)
        below -= 1
        np.maximum(z, 0, out=a)
        a += below

    def backward(self, z, a, delta):
        np.minimum(a, 0, out=a)
        a += 1
        delta *= a


class SELU:
    """f(z) = s z where z > 0, else s c (exp(z) - 1);  f'(z) = s where z > 0, else a + s c.

    Klambauer et al. 2017, https://arxiv.org/abs/1706.02515; s and c make mean 0 and variance 1 a fixed point.
    """

    scale = 1.0507009873554805
    alpha = 1.6732632423543772
    keeps_input = False

    def forward(self, z, a):
        below = np.minimum(z, 0)
        np.exp(below, out=below)
        below -= 1
        below *= self.scale * self.alpha
        np.maximum(z, 0, out=a)
        a *= self.scale
        a += below

    def backward(self, z, a, delta):
        positive = np.greater(a, 0)
        np.minimum(a, 0, out=a)
        a += self.scale * self.alpha
        a += np.multiply(positive, self.scale * (1 - self.alpha), dtype=a.dtype)
        delta *= a


class GELU:
    """f(z) = z Phi(z);  f'(z) = Phi(z) + z phi(z), Phi and phi the standard normal distribution and density.

    Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415; the exact form.
    """

    keeps_input = True

    def forward(self, z, a):
        ndtr(z, out=a)
        a *= z

    def backward(self, z, a, delta):
        slope = ndtr(z)
        np.multiply(z, z, out=a)
        a *= -0.5
        np.exp(a, out=a)
        a *= z
        a *= 1 / math.sqrt(2 * math.pi)
        slope += a
        delta *= slope


class SiLU:
    """f(z) = z s(z), s the logistic function;  f'(z) = s + a (1 - s).

    Elfwing et al. 2018, https://arxiv.org/abs/1702.03118.
    """

    keeps_input = True

    def forward(self, z, a):
        expit(z, out=a)
        a *= z

    def backward(self, z, a, delta):
        expit(z, out=z)
        slope = 1 - z
        slope *= a
        slope += z
        delta *= slope


class Mish:
    """f(z) = z t, t = tanh(log(1 + e^z));  f'(z) = t + z s (1 - t^2), s the logistic function.

    Misra 2019, https://arxiv.org/abs/1908.08681. With e = exp(z) and n = e (e + 2): t = n / (n + 2) and s = e / (e +
    1), so one exponential serves all. Above z = 20, t is 1 in double precision, hence the cut.
    """

    keeps_input = True

    def forward(self, z, a):
        np.minimum(z, 20, out=a)
        np.exp(a, out=a)
        n = a + 2
        n *= a
        np.add(n, 2, out=a)
        np.divide(n, a, out=a)
        a *= z

    def backward(self, z, a, delta):
        e = np.minimum(z, 20)
        np.exp(e, out=e)
        t = e + 2
        t *= e
        t /= t + 2
        np.multiply(t, t, out=a)
        np.subtract(1, a, out=a)
        a *= z
        a *= e
        e += 1
        a /= e
        a += t
        delta *= a


class Softplus:
    """f(z) = log(1 + exp(z));  f'(z) = 1 - exp(-a)."""

    keeps_input = False

    def forward(self, z, a):
        np.logaddexp(0, z, out=a)

    def backward(self, z, a, delta):
        np.negative(a, out=a)
        np.exp(a, out=a)
        np.subtract(1, a, out=a)
        delta *= a


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
