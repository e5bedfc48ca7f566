"""The inputs of an exported model are the columns of its table, with their types."""

import numpy as np
import onnx
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from skann import ANNClassifier, ANNRegressor
from skann.onnx import to_onnx
from tests.onnx.exports import FEW, TOLERANCE, assert_same, run, table

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_inputs_are_the_columns():
    X = table()
    model = ANNRegressor(**FEW).fit(X, X["float"])
    inputs = {each.name: each.type.tensor_type.elem_type for each in to_onnx(model, X).graph.input}
    assert list(inputs) == list(X.columns)
    double, float32, int64, string = (
        getattr(onnx.TensorProto, name) for name in ("DOUBLE", "FLOAT", "INT64", "STRING")
    )
    assert [inputs[name] for name in ("float", "with missing", "floats", "nullable")] == [double] * 4
    assert [inputs[name] for name in ("integer", "bool")] == [int64] * 2
    assert [inputs[name] for name in ("string", "many", "category")] == [string] * 3
    assert inputs["small-float"] == float32


def test_columns_whose_names_are_alike():
    """As identifiers, which skl2onnx makes of them; or like an output."""
    X = pd.DataFrame({"a-b": np.arange(50.0), "a_b": np.arange(50.0)[::-1] ** 2, "a b": [0, 1] * 25})
    model = ANNClassifier(**FEW).fit(X, [0, 1] * 25)
    assert [each.name for each in to_onnx(model, X).graph.input] == list(X.columns)
    assert_same(model, X)
    X = X.rename(columns={"a_b": "label"})
    model = ANNClassifier(**FEW).fit(X, [0, 1] * 25)
    exported = to_onnx(model, X)
    assert [each.name for each in exported.graph.input] == ["a-b", "label1", "a b"]
    proba = run(exported, X.rename(columns={"label": "label1"}))[1]
    np.testing.assert_allclose(proba, model.predict_proba(X), atol=TOLERANCE)
    with pytest.raises(ValueError, match="must have different names"):
        to_onnx(ANNClassifier(**FEW).fit(X.to_numpy(), [0, 1] * 25), X.set_axis(["a", "b", "a"], axis=1))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int8", "bool"])
@pytest.mark.parametrize("encoder", ["auto", None])
def test_arrays(numbers, dtype, encoder):
    X, y = (numbers[0] * 3).astype(dtype), numbers[1]
    model = ANNClassifier(**FEW, encoder=encoder).fit(X, y)
    exported = to_onnx(model, X)
    assert [each.name for each in exported.graph.input] == ["X"]
    assert_same(model, X, exported)


def test_array_of_strings():
    X = np.random.default_rng(0).choice(["a", "b", "c"], (60, 3)).astype(object)
    model = ANNClassifier(**FEW).fit(X, X[:, 0] == "a")
    assert_same(model, X)
    X[:, 0] = 1.5
    with pytest.raises(TypeError, match="X mixes strings and numbers"):
        to_onnx(ANNClassifier(**FEW).fit(X, X[:, 1] == "a"), X)


def test_lists():
    X = [[i / 10, i % 3] for i in range(60)]
    model = ANNRegressor(**FEW).fit(X, range(60))
    np.testing.assert_allclose(
        run(to_onnx(model, X), np.array(X))[0].ravel(), model.predict(X), rtol=1e-5, atol=1e-4
    )  # from 0 to 59


@pytest.mark.parametrize("layout", ["csr_matrix", "csc_array"])
def test_sparse_becomes_dense(layout, numbers):
    """The model has learnt from a sparse matrix, its export takes an array."""
    X = getattr(sparse, layout)(np.where(np.abs(numbers[0]) > 1, numbers[0], 0))
    for encoder in ("auto", None):
        assert_same(
            ANNClassifier(**FEW, encoder=encoder, numeric_embedding=None, feature_scaling=False).fit(X, numbers[1]), X
        )


def test_polars():
    X = table()
    X = pl.DataFrame({name: X[name].astype(object).where(X[name].notna(), None).tolist() for name in X.columns})
    assert_same(ANNClassifier(**FEW).fit(X, np.arange(len(X)) % 3), X)


def test_no_rows(numbers):
    X, y = numbers
    label, proba = run(to_onnx(ANNClassifier(**FEW).fit(X, y), X), X[:0])
    assert label.shape == (0,)
    assert proba.shape == (0, 3)
