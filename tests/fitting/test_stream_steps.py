"""partial_fit of one batch after the other is fit, where both describe the same steps.

To the bit, but for rounding where rows have weights, which each call divides by their mean, or weights are averaged.
"""

import copy

import numpy as np
import pytest

from skann import ANNClassifier, ANNRegressor
from skann.engine.optimizers import OPTIMIZERS
from tests.fitting.small import theta

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BATCH, N = 40, 190  # the last batch is shorter
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
Y = {ANNRegressor: X[:, 0] - X[:, 1], ANNClassifier: (X[:, 0] > X[:, 1]).astype(int)}
WEIGHT = np.tile([0.5, 1.5, 1.75, 0.25], N // 4 + 1)[:N]  # with the same mean in each batch: a call makes it 1
WEIGHT[-2:] = 1.0
PLAIN = {"hidden_layer_sizes": (6,), "batch_size": BATCH, "shuffle": False, "early_stopping": False, "alpha": 0.0}
PLAIN |= {"n_estimators": 1, "warm_start": True, "tol": 0.0, "learning_rate": "constant", "random_state": 0}
PLAIN |= {"dropout": 0.0, "weight_decay": 0.0, "weight_averaging": None, "beta_2": 0.99, "learning_rate_init": 0.01}


def batches(weight):
    for start in range(0, N, BATCH):
        rows = slice(start, start + BATCH)
        yield rows, None if weight is None else weight[rows]


@pytest.mark.parametrize("Estimator", [ANNRegressor, ANNClassifier])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("encoder", [None, "auto"])
@pytest.mark.parametrize(
    "changed",
    [
        *({"solver": solver} for solver in OPTIMIZERS),
        {"dropout": 0.3},
        {"weight_decay": 0.01},
        {"max_grad_norm": 0.1},
        {"weight_averaging": 0.9},
        {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False},
        {"learning_rate": lambda t: 0.01 / (1 + 0.1 * t)},
    ],
    ids=lambda changed: " ".join(str(each) if not callable(each) else "own" for each in changed.values()),
)
def test_batches_in_order(Estimator, weight, encoder, changed):
    """Two more epochs, by warm starts and by calls with a batch each: encoder and target scale are those of a fit."""
    y, params = Y[Estimator], PLAIN | {"encoder": encoder, "max_iter": 1} | changed
    whole = Estimator(**params).fit(X, y, sample_weight=weight)
    stream = copy.deepcopy(whole)
    whole.set_params(max_iter=2).fit(X, y, sample_weight=weight)
    for _ in range(2):
        for rows, of_rows in batches(weight):
            stream.partial_fit(X[rows], y[rows], sample_weight=of_rows)
    if weight is None and "weight_averaging" not in changed:
        np.testing.assert_array_equal(theta(stream), theta(whole))
    np.testing.assert_allclose(theta(stream), theta(whole), rtol=2e-6, atol=1e-6)
    assert stream.t_ == whole.t_ == 3 * N
    losses, sizes = np.reshape(stream.loss_curve_[1:], (2, -1)), [len(y[rows]) for rows, _ in batches(None)]
    np.testing.assert_allclose(np.average(losses, axis=1, weights=sizes), whole.loss_curve_[1:], rtol=1e-6)


@pytest.mark.parametrize("Estimator", [ANNRegressor, ANNClassifier])
def test_the_penalty_is_that_of_the_rows_of_a_call(Estimator):
    """alpha is divided by the weight of all rows that a call has: a quarter of it for each of four is the same."""
    y, params = Y[Estimator], PLAIN | {"encoder": None, "max_iter": 1}
    whole = Estimator(**params | {"alpha": 5.0}).fit(X[:160], y[:160])
    stream = copy.deepcopy(whole).set_params(alpha=1.25)
    whole.fit(X[:160], y[:160])
    for start in range(0, 160, BATCH):
        stream.partial_fit(X[start : start + BATCH], y[start : start + BATCH])
    np.testing.assert_array_equal(theta(stream), theta(whole))
