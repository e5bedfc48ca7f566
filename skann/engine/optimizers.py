"""Optimizers: in-place updates of the flat parameter vector, equation (6) and its descendants.

Contract
--------
``step(theta, grad, lr)`` moves ``theta`` in place. The rules work block by block, so that a block and its moments stay
in the processor's cache through all the passes of a rule. Decoupled weight decay (Loshchilov and Hutter 2019,
https://arxiv.org/abs/1711.05101) is the same for every rule: theta <- max(0, 1 - lr x decay) theta, before the step.
Groups of parameters may have their own factors on the learning rate and on the decay.

A rule is a subclass that says how many vectors of state it keeps (``n_states``), which numbers beside them
(``kept``), gives the scalars of a step in ``_factors`` and updates one block in ``_update``, which may overwrite
``scratch`` and must not allocate. ``is_adaptive`` says that its steps have the same length whatever the scale of the
gradient. A rule with a name is made of the size and the dtype of theta and of those hyper-parameters that its
constructor names. To add one, write the class and name it in `OPTIMIZERS`.

Each pass over the vectors counts. A moving average s <- b s + g would take two; so a state may have a unit, `_decay`
multiplies the unit by b, and s += g / unit is one pass of BLAS. What a rule means by a state is state times unit:

>>> rng, state, unit, plain = np.random.default_rng(0), np.zeros(3), 1.0, np.zeros(3)
>>> for g in rng.normal(size=(50, 3)):
...     plain = 0.9 * plain + g
...     unit *= 0.9
...     state += g / unit
>>> np.allclose(unit * state, plain)
True

g is the gradient, t counts the steps from 1.
"""

import math

import numpy as np
from scipy.linalg import get_blas_funcs

BLOCK = 65_536  # elements: in float32 a block, its gradient, two moments and the scratch take 1.3 MB
LEAST_UNIT = 1e-3  # so that what a state holds is not much greater than what it means, which may overflow


class Optimizer:
    """What the rules share: state, blocks, weight decay, the count of steps.

    Parameters
    ----------
    size : int
        Length of theta.
    dtype : dtype
        float32 or float64, that of theta; the state has it too.
    weight_decay : float, default=0.0
    groups : sequence of (slice, float, float), default=None
        Stretches of theta, in order and without gaps, with the factors on learning rate and weight decay; None means
        one group with the factors 1.
    """

    n_states = 0
    kept: tuple[str, ...] = ()
    is_adaptive = False

    def __init__(self, size, dtype, weight_decay=0.0, groups=None):
        self.t = 0
        self.weight_decay = weight_decay
        groups = [(slice(0, size), 1.0, 1.0)] if groups is None else groups
        self._decays = [(group, decay) for group, _, decay in groups if decay]
        self._blocks = _blocks([(group, rate) for group, rate, _ in groups])
        self.state = np.zeros((self.n_states, size), dtype)
        self.units = [1.0] * self.n_states
        self._scratch = np.empty(min(size, BLOCK), dtype)
        self._axpy = get_blas_funcs("axpy", dtype=dtype)  # axpy(x, y, a=a) is y += a x

    def step(self, theta: np.ndarray, grad: np.ndarray, lr: float, decay_share: float = 1.0) -> None:
        """One step with learning rate lr; theta and the state change in place, grad does not.

        ``decay_share`` multiplies the weight decay: a schedule may lower it in the course of the training.
        """
        self.t += 1
        decay = lr * self.weight_decay * decay_share
        if decay:
            for group, factor in self._decays:
                theta[group] *= max(0.0, 1 - decay * factor)
        all_factors = self._factors([lr * rate for rate, _ in self._blocks])
        for factors, (_, blocks) in zip(all_factors, self._blocks, strict=True):
            for block in blocks:
                scratch = self._scratch[: block.stop - block.start]
                self._update(theta[block], grad[block], *self.state[:, block], scratch, *factors)

    def get_state(self):
        """What the rule remembers of the steps so far: a dict of arrays and plain numbers."""
        kept = {name: getattr(self, name) for name in self.kept}
        return {"t": self.t, "state": self.state, "units": list(self.units)} | kept

    def set_state(self, state):
        """Go on from there, as an optimizer of the same rule and size."""
        self.state[...], self.units = state["state"], list(state["units"])
        for name in ("t", *self.kept):
            setattr(self, name, state[name])

    def _decay(self, i, beta):
        """Multiply state i by beta, and return its unit."""
        self.units[i] *= beta
        if self.units[i] < LEAST_UNIT:
            self.state[i] *= self.units[i]
            self.units[i] = 1.0
        return self.units[i]

    def _factors(self, rates):
        """For each learning rate the scalars of step ``self.t``, the same for all blocks; called once in a step."""
        raise NotImplementedError

    def _update(self, theta, g, *state_scratch_factors):
        """Move one block of theta, and of each state, in place."""
        raise NotImplementedError


def _blocks(groups):
    """[(rate, slices of at most BLOCK elements)]: neighbouring groups with one rate make common blocks."""
    stretches = []
    for group, rate in groups:
        if stretches and stretches[-1][0] == rate:
            stretches[-1] = (rate, stretches[-1][1], group.stop)
        else:
            stretches.append((rate, group.start, group.stop))
    return [
        (rate, [slice(i, min(i + BLOCK, stop)) for i in range(start, stop, BLOCK)]) for rate, start, stop in stretches
    ]


class SGD(Optimizer):
    """v <- momentum v - lr g;  theta <- theta + v, or with Nesterov's momentum theta <- theta + momentum v - lr g.

    Sutskever et al. 2013, On the importance of initialization and momentum in deep learning. With momentum 0:
    equation (6).
    """

    n_states = 1

    def __init__(self, size, dtype, momentum=0.9, nesterovs_momentum=True, **kwargs):
        super().__init__(size, dtype, **kwargs)
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum

    def _factors(self, rates):
        return [(rate,) for rate in rates]

    def _update(self, theta, g, v, s, lr):
        np.multiply(g, lr, out=s)
        if self.momentum == 0:
            theta -= s
            return
        v *= self.momentum
        v -= s
        if self.nesterovs_momentum:
            theta -= s
            np.multiply(v, self.momentum, out=s)
            theta += s
        else:
            theta += v


class WithMoments(Optimizer):
    """What Adam and Nadam share: m and v, averages of g and g^2, up to the factors 1 - b1 and 1 - b2."""

    n_states = 2
    is_adaptive = True

    def __init__(self, size, dtype, beta_1=0.9, beta_2=0.999, epsilon=1e-8, **kwargs):
        super().__init__(size, dtype, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def _decay_moments(self):
        """What makes of the states m, up to its bias to 0, and the square root of v; called once in a step."""
        unit_m, unit_v = self._decay(0, self.beta_1), self._decay(1, self.beta_2)
        return unit_m * (1 - self.beta_1), math.sqrt(unit_v * (1 - self.beta_2) / (1 - self.beta_2**self.t))

    def _move_moments(self, g, m, v, s):
        self._axpy(g, m, a=1 / self.units[0])
        np.multiply(g, g, out=s)
        self._axpy(s, v, a=1 / self.units[1])


class Adam(WithMoments):
    """m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  theta <- theta - lr m' / (sqrt(v') + epsilon).

    m' = m / (1 - b1^t) and v' = v / (1 - b2^t). Kingma and Ba 2015, https://arxiv.org/abs/1412.6980. The state means
    m / (1 - b1) and v / (1 - b2); the constants are in the two factors.
    """

    def _factors(self, rates):
        unscale_m, unscale_v = self._decay_moments()
        unscale_m /= 1 - self.beta_1**self.t
        return [(rate * unscale_m / unscale_v, self.epsilon / unscale_v) for rate in rates]

    def _update(self, theta, g, m, v, s, rate, epsilon):
        self._move_moments(g, m, v, s)
        np.sqrt(v, out=s)
        s += epsilon
        np.divide(m, s, out=s)
        self._axpy(s, theta, a=-rate)


class Nadam(WithMoments):
    """Adam with Nesterov's momentum: the step uses (1 - u_t) g / (1 - U_t) + u_{t+1} m / (1 - U_{t+1}) in place of m'.

    u_t = b1 (1 - 0.96^(t / 250) / 2) and U_t = u_1 ... u_t. Dozat 2016, Incorporating Nesterov momentum into Adam.
    """

    kept = ("momentum_product",)
    momentum_product = 1.0  # U_t

    def _momentum(self, t):
        return self.beta_1 * (1 - 0.5 * 0.96 ** (0.004 * t))

    def _factors(self, rates):
        now, after = self._momentum(self.t), self._momentum(self.t + 1)
        self.momentum_product *= now
        unscale_m, unscale_v = self._decay_moments()
        share_g = (1 - now) / (1 - self.momentum_product)
        share_m = after * unscale_m / (1 - self.momentum_product * after)
        return [(rate * share_g / unscale_v, share_m / share_g, self.epsilon / unscale_v) for rate in rates]

    def _update(self, theta, g, m, v, s, rate_g, m_per_g, epsilon):
        self._move_moments(g, m, v, s)
        # theta -= rate_g (g + m_per_g m) / (sqrt(v) + epsilon), with the one scratch vector
        np.sqrt(v, out=s)
        s += epsilon
        np.divide(g, s, out=s)
        self._axpy(s, theta, a=-rate_g)
        np.sqrt(v, out=s)
        s += epsilon
        np.divide(m, s, out=s)
        self._axpy(s, theta, a=-rate_g * m_per_g)


class RMSprop(Optimizer):
    """v <- b v + (1 - b) g^2;  theta <- theta - lr g / (sqrt(v) + epsilon).

    Tieleman and Hinton 2012, Lecture 6.5; ``beta_2`` is b. With ``bias_correction``, v / (1 - b^t) takes the place of
    v, as in Adam: without it the first steps are 1 / sqrt(1 - b) times too long, 32 times for b = 0.999.
    """

    n_states = 1
    is_adaptive = True

    def __init__(self, size, dtype, beta_2=0.99, epsilon=1e-8, bias_correction=True, **kwargs):
        super().__init__(size, dtype, **kwargs)
        self.beta_2, self.epsilon, self.bias_correction = beta_2, epsilon, bias_correction

    def _factors(self, rates):
        correction = 1 - self.beta_2**self.t if self.bias_correction else 1.0
        unscale_v = math.sqrt(self._decay(0, self.beta_2) * (1 - self.beta_2) / correction)
        return [(rate / unscale_v, self.epsilon / unscale_v) for rate in rates]

    def _update(self, theta, g, v, s, rate, epsilon):
        np.multiply(g, g, out=s)
        self._axpy(s, v, a=1 / self.units[0])
        np.sqrt(v, out=s)
        s += epsilon
        np.divide(g, s, out=s)
        self._axpy(s, theta, a=-rate)


OPTIMIZERS = {"adam": Adam, "nadam": Nadam, "rmsprop": RMSprop, "sgd": SGD}
