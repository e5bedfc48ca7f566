"""Small data and short ways to train on them, for the tests of the training."""

import numpy as np

from skann.engine.callbacks import Callback
from skann.engine.layers import Dense
from skann.engine.network import Network
from skann.engine.objective import Objective
from skann.engine.optimizers import SGD
from skann.engine.rows import ArrayRows
from skann.engine.schedules import Constant
from skann.engine.stepping import Stepper
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


def make_stepper(network, optimizer=None, schedule=None, **kwargs):
    """Plain SGD at a rate of 0.05 unless told otherwise."""
    return Stepper(optimizer or sgd(network), schedule or Constant(0.05), **kwargs)


def train(
    network, X=X, y=Y, weight=None, rows=None, loss="squared_error", rng=0, l2=0.0, batch_size=16, max_epochs=5,
    shuffle=True, callbacks=(), stepper=None, **kwargs,
):  # fmt: skip
    """fit_minibatch on batches of 16 rows (the last one has 2), 5 epochs, by `make_stepper` with further arguments."""
    objective = Objective(network, make_loss(loss, network.layers[-1].n_out), l2)
    return fit_minibatch(
        objective, stepper or make_stepper(network, **kwargs), ArrayRows(X, y, weight, rows), batch_size=batch_size,
        max_epochs=max_epochs, rng=np.random.default_rng(rng), shuffle=shuffle, callbacks=callbacks,
    )  # fmt: skip


def lbfgs(
    network, X=X, y=Y, weight=None, rows=None, loss="squared_error", l2=0.0, max_iter=1000, tol=1e-10, **kwargs
):  # fmt: skip
    """fit_lbfgs, to the very minimum unless told otherwise."""
    objective = Objective(network, make_loss(loss, network.layers[-1].n_out), l2)
    rows = ArrayRows(X, y, weight, rows)
    return fit_lbfgs(objective, rows, max_iter=max_iter, max_fun=15_000, tol=tol, **kwargs)


class At(Callback):
    """Calls a function at the end of every epoch."""

    def __init__(self, f):
        self.f = f

    def on_epoch_end(self, run):
        return bool(self.f(run))
