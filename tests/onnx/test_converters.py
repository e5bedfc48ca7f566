"""Exported estimators and pipelines say in ONNX Runtime what they say in skann."""

import numpy as np
import pytest
import skl2onnx
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann.onnx import to_onnx
from tests.onnx.exports import FEW, TOLERANCE, assert_same, run, table, with_news

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# ---------------------------------------------------------------------------------------------------------- estimators


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
    model.networks_.temperature = 3.0
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


@pytest.mark.parametrize("n_first", [1, 5, 200])
def test_a_stream_of_tables(n_first):
    """Slots without a level, levels in the order in which they came, columns constant so far."""
    X = table()
    y = np.arange(len(X)) % 3
    model = ANNClassifier(**FEW).partial_fit(X[:n_first], y[:n_first], classes=[0, 1, 2])
    assert_same(model, X)
    assert_same(model.partial_fit(X, y), with_news(X), to_onnx(model, X))


# -------------------------------------------------------------------------------- transformers of others and pipelines


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


# ------------------------------------------------------------------------------------------------------------ skl2onnx


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
