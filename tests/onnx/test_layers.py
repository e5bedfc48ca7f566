"""Every layer, activation and embedding says in ONNX Runtime what it says here."""

import numpy as np
import pytest

from skann import ANNClassifier, ANNRegressor
from skann.engine import additive, embeddings, layers, monotone
from skann.engine.activations import ACTIVATIONS
from skann.engine.losses import LOSSES
from skann.onnx import layers as _layers
from skann.onnx import losses as _losses
from skann.onnx import to_onnx
from tests.onnx.exports import FEW, assert_same, run, table, with_news

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


MODULES = (layers, embeddings, monotone, additive)


def test_all_parts_of_the_engine_are_exported():
    """Each activation, loss and kind of layer has its function."""
    classes = [cls for module in MODULES for cls in vars(module).values() if isinstance(cls, type)]
    kinds = {cls for cls in classes if hasattr(cls, "kind")} | {monotone.Signed}
    assert set(_layers.ACTIVATIONS) == set(ACTIVATIONS.values()), "the table in skann/onnx/layers.py"
    assert set(_losses.PREDICT) == set(LOSSES.values())
    not_in_networks = {embeddings.Embedding, layers.Parametric, layers.Bend}  # bases, and the activation in a Dense
    assert set(_layers.LAYERS) == kinds - not_in_networks


@pytest.mark.parametrize("parametric", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(numbers, activation, parametric):
    X, y = numbers
    model = ANNRegressor(**FEW, activation=activation, parametric_activation=parametric, encoder=None).fit(X, y)
    assert_same(model, X)
    assert np.isfinite(run(to_onnx(model, X), X * 1e3)[0]).all()  # far from 0, too


@pytest.mark.parametrize("embedding", ["periodic", "piecewise_linear"])
@pytest.mark.parametrize("feature_scaling", [False, True])
def test_embeddings(embedding, feature_scaling):
    X = table()
    model = ANNClassifier(**FEW, numeric_embedding=embedding, feature_scaling=feature_scaling)
    model.fit(X, np.arange(len(X)) % 2)
    model.network_.theta[...] = np.random.default_rng(0).normal(size=model.network_.theta.size) / 3  # W no longer 0
    assert_same(model, with_news(X))


def test_narrow_bins():
    """Values that lie closer than float32 can tell, in bins of which the network makes much."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(500, 1)), 1 + 1e-6 * rng.random((200, 1))])
    model = ANNRegressor(**FEW, numeric_embedding="piecewise_linear", dtype="float64").fit(X, X.ravel())
    model.network_.layers[0].parts["numeric"].W[...] = rng.normal(size=(1, 48, 4))
    assert_same(model, X)


def test_scaling_layer_alone(numbers):
    X, y = numbers
    model = ANNRegressor(**FEW, numeric_embedding=None, feature_scaling=True).fit(X, y)
    model.network_.layers[0].s[...] = [1, 2, 3, 4]
    assert_same(model, X)
