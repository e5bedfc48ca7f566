"""Small tables, parts of the user's own, and what models say: for `small_models.py` and `small_fits.py`."""

import numpy as np
import pandas as pd
from scipy import sparse

from skann import ANNClassifier, ANNRegressor

N_ROWS = 240
TRAIN, TEST = slice(0, 180), slice(180, N_ROWS)
rng = np.random.default_rng(0)
X = rng.standard_normal((N_ROWS, 6))
SIGNAL = X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * rng.standard_normal(N_ROWS)
VALUE = 20 + 5 * SIGNAL
VALUES = np.column_stack([VALUE, X[:, 3] - SIGNAL])
COUNTS = rng.poisson(np.exp(SIGNAL / 2)).astype(float)
POSITIVE = rng.gamma(2.0, np.exp(SIGNAL / 2))
BINARY = np.where(SIGNAL > 0, "yes", "no")
LABELS = np.array(["high", "low", "middle"])[np.digitize(SIGNAL, [-0.5, 1.0])]
MULTILABEL = (np.column_stack([SIGNAL, X[:, 3], X[:, 4] + SIGNAL]) > 0.2).astype(int)
WEIGHT = rng.integers(0, 4, N_ROWS).astype(float)  # a quarter are zeros
SPARSE = sparse.csr_matrix(np.where(np.abs(X) > 0.7, X, 0))
SPARSE_GAPS = sparse.csr_matrix(np.where(np.abs(X) > 0.7, np.where(X > 1.5, np.nan, X), 0))
TABLE = pd.DataFrame(X[:, :3], columns=["signal", "gaps", "other"])
TABLE["gaps"] = TABLE["gaps"].mask(rng.random(N_ROWS) < 0.2)
TABLE["count"] = rng.integers(0, 50, N_ROWS)
TABLE["rare"] = np.where(rng.random(N_ROWS) < 0.15, X[:, 3], 0)  # quartiles are 0
TABLE["flag"] = X[:, 4] > 0
TABLE["colour"] = pd.Series(rng.choice(["red", "green", "blue"], N_ROWS)).mask(rng.random(N_ROWS) < 0.1)
TABLE["size"] = pd.Categorical(rng.choice(["small", "large"], N_ROWS))
TABLE["town"] = [f"town {i}" for i in rng.integers(0, 40, N_ROWS)]  # the last rows have unseen ones
TABLE["same"] = 1.0
NUMBERS = ["signal", "gaps", "other", "count"]

PLAIN = {"encoder": None, "hidden_layer_sizes": (8,), "max_iter": 10}
ONE = {"n_estimators": 1, "max_iter": 8}  # the recipe, with one network
THREE = {"n_estimators": 3, "max_iter": 8}


class Snake:
    """The activation z + sin(z)^2."""

    two_buffers = True

    def forward(self, z, a):
        np.square(np.sin(z), out=a)
        a += z

    def backward(self, z, a, delta):
        delta *= 1 + np.sin(2 * z)


class Expectile:
    """The loss share r^2 / 2, with r = raw - y, where share is 0.2 above y and 0.8 below it."""

    out_activation = "identity"

    def value_and_delta(self, raw, y, weight, delta):
        share = np.where(raw > y, 0.2, 0.8).astype(raw.dtype)
        np.subtract(raw, y, out=delta)
        loss = (share * delta**2 / 2).sum(axis=1)
        share /= len(raw)
        delta *= share if weight is None else share * weight[:, None]
        return float(loss.mean() if weight is None else (loss * weight).mean())

    def predict(self, raw):
        return raw

    def constant(self, y, weight):
        return np.average(y, axis=0, weights=weight)


def warm_up(t):
    """A schedule that rises for 20 steps."""
    return 0.01 * min(1.0, (t + 1) / 20)


def mean_gap(estimator, X, y):
    """A scorer of regressors: minus the distance of the means."""
    return -abs(float(np.mean(estimator.predict(X)) - np.mean(y)))


class Killed(Exception):
    """What stands for the end of the process."""


class KillAfter:
    """The callback that ends a fit after so many epochs."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def setup(self, estimator, context):
        pass

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context):
        self.n_epochs -= context.task_name == "epoch"
        if self.n_epochs < 0:
            raise Killed


def classifier(**params):
    """A classifier with a fixed seed."""
    return ANNClassifier(**{"random_state": 0} | params)


def regressor(**params):
    """A regressor with a fixed seed."""
    return ANNRegressor(**{"random_state": 0} | params)


def said(model, X=X):
    """All that a fitted model says of the rows of X and of its training, but the seconds."""
    arrays = {}
    for name in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        if hasattr(model, name):
            arrays[name] = getattr(model, name)(X)
    if isinstance(X, np.ndarray) and X.dtype.kind == "f":
        arrays["predict in float32"] = getattr(model, "predict_proba", model.predict)(X.astype(np.float32))
    networks = getattr(model, "estimators_", [model])
    if len(networks) == 1 and len(model.coefs_) > 1:
        arrays |= {f"hidden_activations of {i}": model.hidden_activations(X, i) for i in (0, -1)}
    for i, network in enumerate(networks):
        arrays |= {f"{name} of {i}": values for name, values in network.history_.items() if name != "seconds"}
        arrays |= {f"n_iter_ of {i}": network.n_iter_, f"t_ of {i}": network.t_}
    kept = ("oof_prediction_", "temperature_", "target_mean_", "target_scale_", "classes_")
    return arrays | {name: getattr(model, name) for name in kept if getattr(model, name, None) is not None}


def fitted(model, y, X=X, **options):
    """What a model says that was fitted to the training rows of X and y."""
    return said(model.fit(X[TRAIN], y[TRAIN], **options), X)
