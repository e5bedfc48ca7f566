"""Exported models say in ONNX Runtime what skann says; what can't be exported is refused by name."""

import importlib
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann.engine import embeddings, layers
from skann.engine.activations import ACTIVATIONS, Tanh
from skann.engine.losses import LOSSES, Huber, SquaredError

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")

from skann.onnx import layers as _layers  # noqa: E402
from skann.onnx import losses as _losses  # noqa: E402
from skann.onnx import to_onnx  # noqa: E402

NUMPY_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
NUMPY_TYPES |= {"tensor(bool)": bool, "tensor(string)": object}
FEW = {"hidden_layer_sizes": (8, 6), "max_iter": 3, "n_estimators": 1, "random_state": 0}
TOLERANCE = 1e-5

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def run(model, X):
    """What ONNX Runtime makes of X: a list of outputs."""
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    if hasattr(X, "columns"):
        columns = {name: [np.nan if pd.isna(each) else each for each in X[name].to_list()] for name in X.columns}
        columns = {name: np.array(values, dtype=object).reshape(-1, 1) for name, values in columns.items()}
    else:
        columns = {"X": X.toarray() if sparse.issparse(X) else X}
    return session.run(
        None, {each.name: columns[each.name].astype(NUMPY_TYPES[each.type]) for each in session.get_inputs()}
    )


def assert_same(model, X, exported=None, tolerance=TOLERANCE):
    """Labels and probabilities, or values, are those of the model."""
    outputs = run(exported or to_onnx(model, X), X)
    if hasattr(model, "predict_proba"):
        np.testing.assert_array_equal(outputs[0], model.predict(X))
        np.testing.assert_allclose(outputs[1], model.predict_proba(X), rtol=0, atol=tolerance)
    else:
        expected = model.predict(X)
        np.testing.assert_allclose(outputs[0].reshape(expected.shape), expected, rtol=tolerance, atol=tolerance)


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 4)) * [1, 10, 0.1, 5], rng.integers(0, 3, 300)


def table(n=400, seed=0):
    """Columns of all kinds, many with missing values."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "float": rng.normal(size=n),
            "with missing": rng.normal(size=n) * 1e6 + 1e9,
            "small-float": rng.normal(size=n).astype(np.float32),
            "integer": rng.integers(-5, 5, n),
            "bool": rng.random(n) > 0.5,
            "string": rng.choice(["x", "y", "é z"], n),
            "two": rng.choice(["yes", "no"], n),
            "many": rng.choice([f"level {i}" for i in range(20)], n),
            "category": pd.Categorical(rng.choice(["a", "b", "c"], n)),
            "floats": pd.Categorical(rng.choice([0.1, 0.25, 3.5], n)),
            "integers": pd.Categorical(rng.integers(0, 30, n)),
            "nullable": pd.array(rng.integers(0, 9, n), "Int64"),
            "constant": 7.0,
            "constant string": "s",
        }
    )
    for step, name in enumerate(("with missing", "string", "many", "category", "floats", "integers", "nullable"), 5):
        X.loc[::step, name] = None
    return X


def with_news(X):
    """Other rows than in fit, some with levels that it did not see."""
    news = X.copy()
    news["two"] = news["two"].astype(object)
    news.loc[news.index[::3], "two"] = None
    news.loc[news.index[1::3], ["string", "many"]] = "never seen"
    news["integers"] = news["integers"].astype("float64") + 0.5 * (np.arange(len(news)) % 4 == 0)
    news["floats"] = news["floats"].astype("float64").replace(3.5, -1.0)
    return news


# ------------------------------------------------------------------------------------------------- the three tables


def test_all_parts_of_the_engine_are_exported():
    """Each activation, loss and kind of layer has its function."""
    kinds = {
        cls
        for module in (layers, embeddings)
        for cls in vars(module).values()
        if isinstance(cls, type) and issubclass(cls, layers.Layer)
    }
    assert set(_layers.ACTIVATIONS) == set(ACTIVATIONS.values())
    assert set(_losses.PREDICT) == set(LOSSES.values())
    assert set(_layers.LAYERS) == kinds - {layers.Layer, embeddings.Embedding}


@pytest.mark.parametrize("parametric", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(numbers, activation, parametric):
    X, y = numbers
    model = ANNRegressor(**FEW, activation=activation, parametric_activation=parametric, encoder=None).fit(X, y)
    assert_same(model, X)
    assert np.isfinite(run(to_onnx(model, X), X * 1e3)[0]).all()  # far from 0, too


@pytest.mark.parametrize("loss", [*sorted(set(LOSSES) - {"log_loss", "binary_log_loss"}), Huber(2.0)])
def test_losses_of_the_regressor(numbers, loss):
    X, y = numbers
    assert_same(ANNRegressor(**FEW, loss=loss).fit(X, y + 0.5), X)


def test_quantiles_do_not_cross(numbers):
    """The raw outputs of this network cross."""
    X, y = numbers
    model = ANNRegressor(**FEW, loss="quantile", quantile=[0.9, 0.1, 0.5]).fit(X, y)
    model.network_.layers[-1].b[:] = [0, 1, 0.5]
    outputs = run(to_onnx(model, X), X)[0]
    assert (np.diff(outputs[:, [1, 2, 0]], axis=1) >= 0).all()
    assert_same(model, X)


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


# ------------------------------------------------------------------------------------------------------- the encoder


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


# -------------------------------------------------------------------------------------------------------- estimators


@pytest.mark.parametrize("n_estimators", [1, 3])
@pytest.mark.parametrize("estimator", [ANNClassifier, ANNRegressor])
def test_tables_of_all_kinds(estimator, n_estimators):
    """With the defaults, but for the time that they take."""
    X = table(800)
    y = np.nan_to_num(X["with missing"] / 1e6 - 1e3) + X["bool"] + (X["two"] == "yes")
    y = np.where(y > 1, "high", "low") if estimator is ANNClassifier else y * 1e4 + 1e6
    model = estimator(max_iter=4, n_estimators=n_estimators, random_state=0).fit(X, y)
    assert_same(model, X)
    assert_same(model, with_news(X))


@pytest.mark.parametrize("classes", [["c", "a", "b"], [3, 1, 7], [2.0, 1.0, 0.0], [False, True]], ids=str)
@pytest.mark.parametrize("encoder", ["auto", None])
def test_classes(numbers, classes, encoder):
    X, y = numbers
    y = np.array(classes)[y % len(classes)]
    assert_same(ANNClassifier(**FEW, encoder=encoder).fit(X, y), X)


def test_single_class(numbers):
    X, _ = numbers
    assert_same(ANNClassifier(**FEW).fit(X, ["a"] * len(X)), X)


def test_temperature(numbers):
    X, y = numbers
    model = ANNClassifier(**FEW).fit(X, y)
    model.temperature_ = 3.0
    assert_same(model, X)


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_multilabel(numbers, n_estimators):
    X, y = numbers
    Y = np.column_stack([y == 0, y > 0, X[:, 0] > 0]).astype(int)
    assert_same(ANNClassifier(**FEW | {"n_estimators": n_estimators}).fit(X, Y), X)


def test_several_targets(numbers):
    X, y = numbers
    model = ANNRegressor(**FEW | {"n_estimators": 2}).fit(X, np.column_stack([y, 1e6 + 1e3 * y]))
    assert_same(model, X)


def test_linear_model(numbers):
    X, y = numbers
    assert_same(ANNClassifier(**FEW | {"hidden_layer_sizes": ()}, encoder=None).fit(X, y), X)


def test_a_model_that_went_on_learning(numbers):
    X, y = numbers
    model = ANNClassifier(**FEW).partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    assert_same(model, X)


# ------------------------------------------------------------------------------------------------------------ inputs


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
    np.testing.assert_allclose(run(to_onnx(model, X), np.array(X))[0].ravel(), model.predict(X), rtol=1e-5)


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


# ------------------------------------------------------------------------------- transformers of others and pipelines


def for_scikit_learn():
    """Columns that its transformers and their converters take: ONNX Runtime has no Imputer of doubles."""
    X = table()[["integer", "float", "with missing", "two", "many"]]
    return X.fillna({"many": "none"}).astype({"float": np.float32, "with missing": np.float32})


def column_transformer(**options):
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["float", "with missing", "integer"]),
            ("strings", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["two", "many"]),
        ],
        **options,
    )


@pytest.mark.parametrize(
    "encoder", [StandardScaler(), make_union(StandardScaler(), MinMaxScaler())], ids=["one", "two"]
)
def test_encoder_of_scikit_learn(numbers, encoder):
    X, y = numbers
    assert_same(ANNClassifier(**FEW, encoder=encoder).fit(X, y), X)


def test_column_transformer_as_encoder():
    X = for_scikit_learn()
    assert_same(ANNClassifier(**FEW, encoder=column_transformer()).fit(X, np.arange(len(X)) % 2), X)


@pytest.mark.parametrize("estimator", [ANNClassifier, ANNRegressor])
@pytest.mark.parametrize("encoder", ["auto", None])
def test_pipeline(numbers, estimator, encoder):
    X, y = numbers
    assert_same(make_pipeline(StandardScaler(), estimator(**FEW, encoder=encoder)).fit(X, y), X)


def test_pipeline_on_columns_of_several_types():
    """Integers first: scikit-learn's transformers would get what follows as integers."""
    X = table()[["integer", "float", "bool"]]
    model = make_pipeline(StandardScaler(), ANNRegressor(**FEW)).fit(X, X["float"])
    assert_same(model, X)


def test_pipeline_with_column_transformer():
    X = for_scikit_learn()
    assert_same(make_pipeline(column_transformer(), ANNClassifier(**FEW)).fit(X, np.arange(len(X)) % 2), X)


@pytest.mark.parametrize("first", ["float", "small-float", "string"])
def test_encoder_in_a_pipeline(first):
    """skl2onnx takes the type of the first input for that of the output."""
    X = table()
    X = X[[first, *X.columns.drop(first)]]
    encoder = TabularEncoder(high_cardinality="infrequent")
    model = make_pipeline(encoder, LogisticRegression(max_iter=1000)).fit(X, np.arange(len(X)) % 2)
    assert_same(model, X)


def test_grid_search(numbers):
    X, y = numbers
    search = GridSearchCV(ANNClassifier(**FEW), {"activation": ["tanh", "relu"]}, cv=2).fit(X, y)
    assert_same(search, X)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("n_estimators", [1, 2])
def test_voting_and_calibration(numbers, n_classes, n_estimators):
    """Their converters call ours for a part of the graph; calibration asks for the decision function."""
    X, y = numbers[0], numbers[1] % n_classes
    part = ANNClassifier(**FEW | {"n_estimators": n_estimators})
    parts = [("a", part), ("b", clone(part).set_params(activation="tanh"))]
    assert_same(VotingClassifier(parts, voting="soft", flatten_transform=False).fit(X, y), X)
    X = X.astype(np.float32)
    assert_same(CalibratedClassifierCV(part, cv=2).fit(X, y), X)


# ----------------------------------------------------------------------------------------------------------- skl2onnx


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("labels", [np.array(["a", "b", "c"]), np.array([5, 6, 7])], ids=["strings", "integers"])
def test_zipmap(numbers, dtype, labels):
    """On by default in skl2onnx, as for its own classifiers."""
    X, y = numbers[0].astype(dtype), labels[numbers[1]]
    model = make_pipeline(StandardScaler(), ANNClassifier(**FEW)).fit(X, y)
    proba = model.predict_proba(X)
    outputs = run(skl2onnx.to_onnx(model, X, options={"zipmap": False}), X)
    np.testing.assert_allclose(outputs[1], proba, atol=TOLERANCE)
    label, *columns = run(skl2onnx.to_onnx(model, X, options={"zipmap": "columns"}), X)
    np.testing.assert_allclose(np.column_stack(columns), proba, atol=TOLERANCE)
    np.testing.assert_array_equal(label, model.predict(X))
    label, dicts = run(
        skl2onnx.to_onnx(model, X), X
    )  # with doubles, too, unlike skl2onnx's own: ONNX has ZipMap of float
    assert dicts[0].keys() == set(labels.tolist())
    np.testing.assert_allclose([[each[c] for c in labels.tolist()] for each in dicts], proba, atol=TOLERANCE)


@pytest.mark.parametrize("zipmap", [True, False, "columns"])
def test_zipmap_of_several_inputs(zipmap):
    """float32 first, then double."""
    X = table()[["small-float", "float", "integer"]]
    model = ANNClassifier(**FEW).fit(X, [0, 1] * 200)
    label, *proba = run(
        skl2onnx.to_onnx(model, X.rename(columns={"small-float": "s"}), options={"zipmap": zipmap}),
        X.assign(s=X["small-float"]),
    )
    np.testing.assert_array_equal(label, model.predict(X))
    proba = [each[1] for each in proba[0]] if zipmap is True else np.column_stack(proba)[:, 1]
    np.testing.assert_allclose(proba, model.predict_proba(X)[:, 1], atol=TOLERANCE)


def test_class_options(numbers):
    X, y = numbers
    model = ANNClassifier(**FEW).fit(X, np.array(["a", "b", "c"])[y])
    label = run(to_onnx(model, X, options={id(model): {"zipmap": False, "nocl": True}}), X)[0]
    np.testing.assert_array_equal(model.classes_[label], model.predict(X))
    names = run(to_onnx(model, X, options={id(model): {"zipmap": False, "output_class_labels": True}}), X)[2]
    np.testing.assert_array_equal(names, model.classes_)


@pytest.mark.parametrize("n_estimators", [1, 2])
@pytest.mark.parametrize("kind", ["two", "three", "multilabel"])
def test_raw_scores(numbers, kind, n_estimators):
    X, y = numbers
    y = {"two": y > 0, "three": y, "multilabel": np.column_stack([y == 0, y == 1])}[kind]
    model = ANNClassifier(**FEW | {"n_estimators": n_estimators}).fit(X, y)
    scores = run(to_onnx(model, X, options={id(model): {"zipmap": False, "raw_scores": True}}), X)[1]
    expected = model.decision_function(X)
    expected = np.column_stack([-expected, expected]) if kind == "two" else expected
    np.testing.assert_allclose(scores, expected, atol=TOLERANCE)


def test_skl2onnx_reads_the_dataframe(numbers):
    """Its own guess of the inputs: categories become strings, booleans stay."""
    X = table()[["float", "integer", "bool", "string", "category", "many"]].astype({"string": object, "many": object})
    X = X.bfill().ffill()
    model = ANNClassifier(**FEW).fit(X, np.arange(len(X)) % 2)
    assert_same(model, X, skl2onnx.to_onnx(model, X, options={"zipmap": False}))


@pytest.mark.parametrize("opset", [13, 15, 18, 21])
def test_opsets(opset):
    X = table()
    model = ANNRegressor(**FEW, loss="quantile", quantile=[0.1, 0.9]).fit(X, X["float"])
    exported = to_onnx(model, X, target_opset=opset)
    assert max(each.version for each in exported.opset_import if each.domain == "") <= opset
    assert_same(model, X, exported)


def test_opsets_that_are_too_old(numbers):
    X, y = numbers
    with pytest.raises(ValueError, match="target_opset must be at least 13"):
        to_onnx(ANNClassifier(**FEW).fit(X, y), X, target_opset=12)


# ------------------------------------------------------------------------------------------------------------ refusals


class OwnLoss(SquaredError):
    def __repr__(self):
        return "OwnLoss()"


class OwnActivation(Tanh):
    def __repr__(self):
        return "OwnActivation()"


class OwnTransformer(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.asarray(X)


@pytest.mark.parametrize(
    "parameter, value, name",
    [
        ("loss", OwnLoss(), "loss=OwnLoss()"),
        ("activation", OwnActivation(), "activation=OwnActivation()"),
        ("encoder", OwnTransformer(), "encoder=OwnTransformer()"),
        ("encoder", make_union(StandardScaler(), make_pipeline(OwnTransformer())), "encoder=OwnTransformer()"),
        (
            "encoder",
            ColumnTransformer([("own", OwnTransformer(), [0])], remainder="passthrough"),
            "encoder=OwnTransformer()",
        ),
    ],
)
def test_what_has_no_counterpart_is_refused(numbers, parameter, value, name):
    X, y = numbers
    model = ANNRegressor(**FEW, **{parameter: value}).fit(X, y)
    for convert in (to_onnx, skl2onnx.to_onnx):
        with pytest.raises(NotImplementedError) as error:
            convert(model, X)
        assert str(error.value).startswith(f"{name} can't be exported to ONNX. What can: ")


def test_weights_too_large_for_float32(numbers):
    X, y = numbers
    model = ANNRegressor(**FEW, encoder=None, dtype="float64").fit(X, y)
    model.network_.theta[0] = 1e200
    with pytest.raises(NotImplementedError, match="too large for float32"):
        to_onnx(model, X)


def test_unfitted_models():
    for model in (ANNClassifier(), TabularEncoder(), make_pipeline(StandardScaler(), ANNRegressor())):
        with pytest.raises(NotFittedError):
            to_onnx(model, np.zeros((2, 2)))


def test_what_is_no_table(numbers):
    X, y = numbers
    model = ANNClassifier(**FEW).fit(X, y)
    with pytest.raises(ValueError, match="X must have two dimensions"):
        to_onnx(model, X[0])


# ------------------------------------------------------------------------------------------------------------- imports


def test_skann_does_not_import_onnx():
    code = "import sys, skann; sys.exit(bool({'onnx', 'skl2onnx', 'onnxruntime', 'skann.onnx'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("package", ["onnx", "skl2onnx"])
def test_missing_packages(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "skann.onnx")
    with pytest.raises(ImportError, match=rf"but {package} is missing: pip install skann\[onnx\]"):
        importlib.import_module("skann.onnx")


def test_nothing_warns(numbers):
    X, y = numbers
    model = ANNClassifier(**FEW).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        to_onnx(model, X)
