"""Fitted estimators with every kind of layer."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skann import ANNClassifier, ANNRegressor
from tests.data import IRIS as X
from tests.data import SPECIES as y

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def single():
    return ANNClassifier((8,), n_estimators=1, calibration=None, max_iter=6, random_state=0).fit(X, y)


@pytest.fixture(scope="session")
def ensemble():
    return ANNClassifier((8,), n_estimators=3, n_iter_no_change=2, max_iter=12, random_state=0).fit(X, y)


def table():
    """Numbers, a binary column and a category with so many levels that it is embedded."""
    rng = np.random.default_rng(0)
    return pd.DataFrame({
        "a": rng.normal(size=200), "b": rng.normal(size=200), "c": rng.choice(["u", "v"], 200),
        "d": pd.Categorical(rng.integers(40, size=200).astype(str)),
    })  # fmt: skip


def networks():
    """Fitted estimators with every kind of layer."""
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(60, 500))
    return {
        "recipe": ANNClassifier(n_estimators=1, max_iter=1).fit(X, y),
        "plain": ANNClassifier((8, 4), encoder=None, dropout=[0.1, 0], max_iter=1).fit(X, y),
        "linear": ANNRegressor((), encoder=None, max_iter=1).fit(X, y),
        "wide": ANNRegressor((64,), encoder=None, max_iter=1).fit(wide, wide[:, 0]),
        "mixed": ANNRegressor(numeric_embedding="piecewise_linear", n_estimators=2, max_iter=1).fit(table(), table().a),
    }


@pytest.fixture(params=["recipe", "plain", "linear", "wide", "mixed"])
def name(request):
    return request.param


@pytest.fixture(scope="session")
def fitted():
    return networks()
