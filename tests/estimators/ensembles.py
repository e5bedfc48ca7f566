"""Small ensembles, and what tests compare of them."""

import numpy as np
import pytest

from skann import ANNClassifier

RNG = np.random.default_rng(0)
X = RNG.normal(size=(160, 3))
SIGNAL = X[:, 0] + X[:, 1] ** 2 + 0.3 * RNG.normal(size=160)
LABELS = {
    "two classes": (SIGNAL > 1).astype(int),
    "three classes": np.digitize(SIGNAL, [0.5, 1.5]),
    "multilabel": np.column_stack([SIGNAL > 1, X[:, 1] > 0]).astype(int),
}
KINDS = pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 8, "n_estimators": 5, "dtype": "float64", "random_state": 0}


def target(Estimator):
    return LABELS["three classes"] if Estimator is ANNClassifier else SIGNAL


def fitted(Estimator, **params):
    return Estimator(**SMALL | params).fit(X, target(Estimator))


def thetas(model):
    return [member.network_.theta for member in model.estimators_]


def assert_same(model, other):
    """The same networks, to the bit."""
    for theta, its in zip(thetas(model), thetas(other), strict=True):
        np.testing.assert_array_equal(theta, its)


def public(model):
    """The names of its fitted attributes."""
    return {name for name in dir(model) if name.endswith("_") and not name.startswith("_") and hasattr(model, name)}


def members_behind(model, X):
    """For each row the only member whose prediction is the one out of fold; -1 where that is NaN."""
    predict = "predict_proba" if isinstance(model, ANNClassifier) else "predict"
    members = np.array([getattr(member, predict)(X).reshape(len(X), -1) for member in model.estimators_])
    is_it = np.isclose(members, model.oof_prediction_.reshape(len(X), -1), rtol=1e-9, atol=1e-12).all(axis=2)
    assert is_it.sum(axis=0).max() == 1
    assert (is_it.any(axis=0) == ~np.isnan(model.oof_prediction_).reshape(len(X), -1).any(axis=1)).all()
    return np.where(is_it.any(axis=0), is_it.argmax(axis=0), -1)
