"""Small data and short ways to train on them, for the tests of the training."""

import numpy as np

from skann.engine.callbacks import Callback
from skann.engine.layers import Dense
from skann.engine.network import Network
from skann.engine.objective import Objective
from skann.engine.optimizers import SGD
from skann.engine.schedules import Constant
from skann.engine.training import fit_lbfgs, fit_minibatch
from tests.helpers import make_loss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4))
Y = np.sin(X[:, :1]) + 0.3 * X[:, 1:2]
LABELS = (X[:, 0] > 0.4) + (X[:, 1] > 0).astype(int)  # three classes


def linear(n_out=1, dtype=np.float64):
    """A network without hidden layers, all zeros."""
    network = Network([Dense(4, n_out)], dtype)
    network.prepare_training()
    return network


def sgd(network, **kwargs):
    """Without momentum unless told otherwise."""
    return SGD(network.theta.size, network.theta.dtype, **({"momentum": 0.0} | kwargs))


def train(network, X=X, y=Y, weight=None, loss="squared_error", optimizer=None, schedule=None, rng=0, l2=0.0, **kwargs):
    """fit_minibatch on batches of 16 rows (the last one has 2), plain SGD, 5 epochs."""
    kwargs = {"batch_size": 16, "max_epochs": 5} | kwargs
    objective = Objective(network, make_loss(loss, network.layers[-1].n_out), l2)
    schedule, rng = schedule or Constant(0.05), np.random.default_rng(rng)
    return fit_minibatch(objective, optimizer or sgd(network), schedule, X, y, weight, rng=rng, **kwargs)


def lbfgs(network, X=X, y=Y, weight=None, loss="squared_error", l2=0.0, max_iter=1000, tol=1e-10, **kwargs):
    """fit_lbfgs, to the very minimum unless told otherwise."""
    objective = Objective(network, make_loss(loss, network.layers[-1].n_out), l2)
    return fit_lbfgs(objective, X, y, weight, max_iter=max_iter, max_fun=15_000, tol=tol, **kwargs)


class At(Callback):
    """Calls a function at the end of every epoch."""

    def __init__(self, f):
        self.f = f

    def on_epoch_end(self, run):
        return bool(self.f(run))
