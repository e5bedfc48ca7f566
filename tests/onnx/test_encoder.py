"""The encoder in ONNX Runtime: the same columns, missing and unseen values included."""

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann.onnx import to_onnx
from tests.onnx.exports import FEW, assert_same, run, table, with_news

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("high_cardinality", ["embed", "infrequent"])
def test_encoder(high_cardinality):
    X = table()
    encoder = TabularEncoder(high_cardinality=high_cardinality, max_one_hot_levels=5).fit(X)
    for rows in (X, with_news(X)):
        encoded = run(to_onnx(encoder, X.assign(integers=rows["integers"])), rows)[0]
        np.testing.assert_allclose(encoded, encoder.transform(rows), rtol=1e-12, atol=1e-12)


def test_encoder_of_numbers_taken_as_categories(numbers):
    X, y = np.column_stack([numbers[0], numbers[1], numbers[1] * 0.1]), numbers[1]
    encoder = TabularEncoder(categorical_features=[4, 5]).fit(X)
    Z = X.copy()
    Z[::4, 4:] = [np.nan, 0.7]
    Z[1::4, 4:] = [2.5, np.nan]
    for rows in (X, Z):
        np.testing.assert_allclose(run(to_onnx(encoder, X), rows)[0], encoder.transform(rows), rtol=1e-12, atol=1e-12)
    as_float32 = X.astype(np.float32)  # in which 0.1 is another number
    assert_same(ANNClassifier(**FEW, categorical_features=[4, 5]).fit(X, y), as_float32)
    assert_same(ANNClassifier(**FEW, categorical_features=[4, 5]).fit(as_float32, y), as_float32)


@pytest.mark.parametrize("missing", ["", "nan", "None", "<NA>"])
def test_missing_strings(missing):
    """What stands for None in a tensor of strings, unless it is a level."""
    values = ["a", "b", "c", None] * 20
    encoder = TabularEncoder().fit(pd.DataFrame({"s": values}))
    exported = to_onnx(encoder, pd.DataFrame({"s": values}))
    rows = pd.DataFrame({"s": [missing, "a"]})
    np.testing.assert_array_equal(run(exported, rows)[0], [[1, 0, 0, 0], [0, 1, 0, 0]])

    values = ["a", "b", missing, None] * 20
    encoder = TabularEncoder().fit(pd.DataFrame({"s": values}))
    expected = encoder.transform(rows)
    assert expected[0, 0] == 0
    exported = to_onnx(encoder, pd.DataFrame({"s": values}))
    np.testing.assert_array_equal(run(exported, rows)[0], expected)
    nodes = {each.op_type: {a.name: a for a in each.attribute} for each in exported.graph.node}
    keys = nodes["LabelEncoder"]["keys_strings"].strings
    assert len(set(keys)) == len(keys)  # of two equal ones a runtime could take either


def test_onnx_runtime_reads_missing_values_as_documented():
    """It takes arrays of objects as they are, with what None, NaN and NA print as."""
    X = pd.DataFrame({"s": ["a", "b", "c", None] * 20})
    encoder = TabularEncoder().fit(X)
    session = onnxruntime.InferenceSession(to_onnx(encoder, X).SerializeToString())
    values = np.array([[None], [np.nan], [pd.NA], ["b"]], dtype=object)
    assert session.run(None, {"s": values})[0][:, 0].tolist() == [1, 1, 1, 0]


def test_large_numbers_keep_their_digits():
    """In float32, numbers around 1e9 are 64 apart."""
    rng = np.random.default_rng(0)
    X = 1e9 + rng.normal(size=(300, 2))
    model = ANNRegressor(**FEW).fit(X, X[:, 0] - 1e9)
    assert_same(model, X)
    in_float32 = run(to_onnx(model, X.astype(np.float32)), X.astype(np.float32))[0].ravel()
    assert np.abs(in_float32 - model.predict(X)).max() > 0.1  # hence inputs in float64


def test_huge_numbers():
    X = np.linspace(-1, 1, 200)[:, np.newaxis] * [1, 1e-300]
    model = ANNRegressor(**FEW).fit(X, X[:, 0])
    assert_same(model, X * 1e300)


def test_table_of_constants():
    X, y = pd.DataFrame({"a": [1.0] * 40, "b": ["s"] * 40}), np.arange(40) % 2
    assert_same(ANNClassifier(**FEW).fit(X, y), X)


def test_order_of_columns_is_checked():
    X = table()[["float", "integer"]]
    model = ANNRegressor(**FEW).fit(X, X["float"])
    with pytest.raises(ValueError, match="columns of fit, in their order"):
        to_onnx(model, X[["integer", "float"]])
    with pytest.raises(ValueError, match="fitted with 2 columns, but its inputs have 3"):
        to_onnx(model, np.zeros((4, 3)))


def test_kinds_of_columns_are_checked():
    X = pd.DataFrame({"number": np.arange(60.0), "string": ["a", "b", "c"] * 20})
    model = ANNRegressor(**FEW).fit(X, np.arange(60))
    with pytest.raises(TypeError, match=r"Column 'string' must hold strings, as in fit \('a'\)"):
        to_onnx(model, X.assign(string=1.5))
    with pytest.raises(TypeError, match="Column 'number' must hold numbers"):
        to_onnx(model, X.assign(number="a"))
