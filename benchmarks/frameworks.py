"""One network in four packages: skann, scikit-learn, eager PyTorch and JAX, each as its users would write it.

Contract
--------
A contender is made with ``(widths, batch_size, rate)``. ``begin(X, y)`` makes a new network, ``epoch()`` trains it for
one pass over the rows in random order, ``predict_proba(X)`` is an array. All of them use ReLU, Adam and float32, and
start from the weights that their users would get. JAX has one thread, as it is told when it is imported.
A package is imported by the contender that needs it.
"""

import os
from importlib.util import find_spec
from itertools import pairwise

import numpy as np


class OfEstimator:
    """A network that `partial_fit` trains: scikit-learn's or skann's."""

    def __init__(self, widths, batch_size, rate):
        self.widths, self.batch_size, self.rate = widths, batch_size, rate

    def begin(self, X, y):
        self.model = self.made(self.widths[1:-1], batch_size=self.batch_size, learning_rate_init=self.rate)
        self.X, self.y, self.classes = X, y, np.arange(self.widths[-1])

    def epoch(self):
        self.model.partial_fit(self.X, self.y, classes=self.classes)

    def predict_proba(self, X):
        return self.model.predict_proba(X)


class Skann(OfEstimator):
    def made(self, sizes, **params):
        from skann import ANNClassifier

        return ANNClassifier(sizes, encoder=None, random_state=0, **params)


class ScikitLearn(OfEstimator):
    def made(self, sizes, **params):
        from sklearn.neural_network import MLPClassifier

        return MLPClassifier(sizes, random_state=0, **params)


class PyTorch:
    """The leanest eager loop: no DataLoader, no regularisation, no record of the loss."""

    def __init__(self, widths, batch_size, rate):
        self.widths, self.batch_size, self.rate = widths, batch_size, rate

    def begin(self, X, y):
        import torch

        self.torch = torch
        torch.manual_seed(0)
        layers = []
        for n_in, n_out in pairwise(self.widths):
            layers += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
        self.network, self.loss = torch.nn.Sequential(*layers[:-1]), torch.nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=self.rate, fused=True)
        self.X, self.y = torch.from_numpy(X), torch.from_numpy(y)

    def epoch(self):
        for rows in self.torch.randperm(len(self.X)).split(self.batch_size):
            self.optimizer.zero_grad()
            self.loss(self.network(self.X[rows]), self.y[rows]).backward()
            self.optimizer.step()

    def predict_proba(self, X):
        with self.torch.inference_mode():
            return self.network(self.torch.from_numpy(X)).softmax(1).numpy()


class Jax:
    """A step that is compiled with its update, Adam written out; the data lie on the device."""

    def __init__(self, widths, batch_size, rate):
        self.widths, self.batch_size, self.rate = widths, batch_size, rate

    def begin(self, X, y):
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
        import jax
        import jax.numpy as jnp

        def raw(theta, X):
            for W, b in theta[:-1]:
                X = jax.nn.relu(X @ W + b)
            return X @ theta[-1][0] + theta[-1][1]

        def loss(theta, X, y):
            return -jax.nn.log_softmax(raw(theta, X))[jnp.arange(len(y)), y].mean()

        def step(state, X, y):
            theta, mean, square, t = state
            grad = jax.grad(loss)(theta, X, y)
            mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, grad)
            square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, grad)
            rate = self.rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            theta = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), theta, mean, square)
            return theta, mean, square, t + 1

        rng = np.random.default_rng(0)
        theta = [
            (rng.normal(0, (2 / n_in) ** 0.5, (n_in, n_out)).astype(np.float32), np.zeros(n_out, np.float32))
            for n_in, n_out in pairwise(self.widths)
        ]
        zeros = jax.tree.map(np.zeros_like, theta)
        self.state, self.rng = jax.device_put((theta, zeros, zeros, np.float32(1))), rng
        self.step, self.softmax = jax.jit(step), jax.jit(lambda theta, X: jax.nn.softmax(raw(theta, X)))
        self.X, self.y = X, y

    def epoch(self):
        order = self.rng.permutation(len(self.X))
        for first in range(0, len(order), self.batch_size):
            rows = order[first : first + self.batch_size]
            self.state = self.step(self.state, self.X[rows], self.y[rows])
        self.state[3].block_until_ready()

    def predict_proba(self, X):
        return np.asarray(self.softmax(self.state[0], X))


CONTENDERS = {"skann": Skann, "sklearn": ScikitLearn, "torch": PyTorch, "jax": Jax}


def installed():
    """The contenders whose packages are there."""
    return {name: made for name, made in CONTENDERS.items() if find_spec(name)}
