"""TabularEncoder as a whole: what the columns become, what weights mean, what a failure leaves behind."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from skann.encoding import TabularEncoder
from skann.encoding.numbers import BLOCK
from tests.encoding.tables import NAN, encode, mixed_table
from tests.helpers import Peak

ENCODERS = [
    TabularEncoder(),
    TabularEncoder(high_cardinality="infrequent", max_one_hot_levels=2),
    TabularEncoder(categorical_features=None),
    TabularEncoder(categorical_features=[0], max_one_hot_levels=2),
]


# ----------------------------------------------------------------------------------------------------- rows and memory


def test_more_rows_than_a_block():
    X = np.random.default_rng(0).normal(size=(3 * BLOCK // 2, 2))
    X[::7, 0] = NAN
    encoder = TabularEncoder().fit(X)
    whole = encoder.transform(X)
    parts = [encoder.transform(part) for part in np.array_split(X, 11)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_memory_is_input_and_output():
    X = np.random.default_rng(0).normal(size=(50_000, 20))
    encoder = TabularEncoder().fit(X)
    with Peak() as peak:
        encoded = encoder.transform(X)
    assert peak.bytes < encoded.nbytes + 2e6
    with Peak() as peak:
        encoder.fit(X)
    assert peak.bytes < 2e6


# --------------------------------------------------------------------------------------- which columns are categorical


@pytest.mark.parametrize(
    "given",
    [
        [1, 2],
        (2, 1),
        np.array([1, 2]),
        [False, True, True],
        np.array([False, True, True]),
        ["b", "c"],
        pd.Index(["c", "b"]),
    ],
    ids=str,
)
def test_forms_of_categorical_features(given):
    X = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [1.0, 2.0, 2.0], "c": ["x", "y", "z"]})
    encoder = TabularEncoder(given).fit(X)
    np.testing.assert_array_equal(encoder.is_categorical_, [False, True, True])
    assert encoder.n_numeric_ == 1
    assert encoder.levels_[1].tolist() == [1, 2]


@pytest.mark.parametrize(
    "given, message",
    [
        ([3], "got 3; the 3 columns of X are .'a', 'b', 'c'."),
        ([-1], "got -1"),
        (["nope"], "got 'nope'"),
        ([0.0], "got 0.0"),
        ([True, False], r"shape \(3,\).*got shape \(2,\)"),
        ([None], "got None"),
        ("b", "'categorical_features' parameter"),
    ],
    ids=str,
)
def test_categorical_features_that_are_not_there(given, message):
    X = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0], "c": ["x", "y"]})
    with pytest.raises(ValueError, match=message):
        TabularEncoder(given).fit(X)


def test_names_need_names():
    with pytest.raises(ValueError, match="got 'a'; the 2 columns of X are without names"):
        TabularEncoder(["a"]).fit(np.ones((3, 2)))


def test_no_column_is_categorical():
    X = pd.DataFrame({"a": ["1.5", "2", None, "3"], "b": pd.Categorical([1, 2, 3, 4])})
    expected = encode(np.array([[1.5, 1], [2, 2], [NAN, 3], [3, 4]]))
    np.testing.assert_array_equal(encode(X, categorical_features=None), expected)
    with pytest.raises(ValueError, match=r"Column 'a' must hold numbers, got 'x'.*categorical_features"):
        encode(X.assign(a="x"), categorical_features=None)


# --------------------------------------------------------------------------------------------------------- row weights


@pytest.mark.parametrize(
    "params", [{}, {"high_cardinality": "infrequent"}, {"categorical_features": ["integer", "many"]}]
)
@pytest.mark.parametrize("seed", range(5))
def test_integer_weights_are_repeated_rows(params, seed):
    X = mixed_table(seed=seed)
    if "categorical_features" in params:
        X = X.drop(columns=["binary", "few", "few_missing"])
    weight = np.random.default_rng(seed).integers(0, 4, len(X))
    weighted = TabularEncoder(**params).fit(X, sample_weight=weight)
    repeated = TabularEncoder(**params).fit(X.iloc[np.repeat(np.arange(len(X)), weight)])
    np.testing.assert_array_equal(weighted.transform(X), repeated.transform(X))
    assert weighted.get_feature_names_out().tolist() == repeated.get_feature_names_out().tolist()


def test_rows_of_weight_zero_do_not_exist():
    X = mixed_table()
    dirt = pd.DataFrame({name: [NAN] for name in X}).assign(
        number=np.inf, integer=10**9, bool=True, constant=4.0, binary="dirt", few="dirt", many=None, all_missing=1.0
    )
    dirty = pd.concat([dirt, X.astype({"few": object}), dirt], ignore_index=True)
    weight = np.r_[0, np.ones(len(X)), 0]
    clean = TabularEncoder().fit(X)
    encoder = TabularEncoder().fit(dirty, sample_weight=weight)
    np.testing.assert_array_equal(encoder.transform(X), clean.transform(X))
    assert encoder.get_feature_names_out().tolist() == clean.get_feature_names_out().tolist()


def test_fit_transform_encodes_all_rows():
    X = mixed_table()
    weight = np.arange(len(X)) % 3
    encoded = TabularEncoder().fit_transform(X, sample_weight=weight)
    np.testing.assert_array_equal(encoded, TabularEncoder().fit(X, sample_weight=weight).transform(X))


@pytest.mark.parametrize(
    "weight, message", [([1, -1, 1], "egative"), ([0, 0, 0], "zero"), ([1, 1], "3"), ([1, 1, NAN], "NaN")]
)
def test_bad_weights(weight, message):
    with pytest.raises(ValueError, match=message):
        TabularEncoder().fit([[1.0], [2.0], [3.0]], sample_weight=weight)


# --------------------------------------------------------------------------------------------- what the columns become


def test_order_of_the_output():
    X = mixed_table()
    encoder = TabularEncoder().fit(X)
    names = encoder.get_feature_names_out().tolist()
    assert names == [
        "number", "with_missing", "integer", "mostly_zero", "bool",
        "missingindicator_with_missing", "missingindicator_few_missing",
        "binary_yes", "few_a", "few_b", "few_c", "few_d", "few_missing_x", "few_missing_y", "few_missing_z",
        "many",
    ]  # fmt: skip
    assert encoder.n_numeric_ == len(encoder.center_) == len(encoder.scale_) == 5
    assert encoder.embedded_features_ == [(len(names) - 1, X["many"].nunique())]
    encoded = encoder.transform(X)
    assert encoded.shape == (len(X), len(names))
    assert set(encoded[:, -1]) == set(range(1, X["many"].nunique() + 1))
    np.testing.assert_array_equal(
        encoder.is_categorical_, [name in ("binary", "few", "few_missing", "many") for name in X]
    )


def test_each_column_is_encoded_by_itself():
    X = mixed_table()
    together = pd.DataFrame(encode(X), columns=TabularEncoder().fit(X).get_feature_names_out())
    for name in X:
        alone = TabularEncoder().set_output(transform="pandas").fit_transform(X[[name]])
        np.testing.assert_array_equal(together[alone.columns], alone)


@pytest.mark.parametrize("transform", ["pandas", "polars"])
def test_set_output(transform):
    X = mixed_table()
    encoder = TabularEncoder().set_output(transform=transform).fit(X)
    framed = encoder.transform(X)
    assert list(framed.columns) == encoder.get_feature_names_out().tolist()
    np.testing.assert_array_equal(framed.to_numpy(), encode(X))
    assert list(encoder.fit_transform(X).columns) == list(framed.columns)


def test_feature_names():
    encoder = TabularEncoder().fit(np.array([[1, "a"], [NAN, "b"], [2, "c"]], object))
    assert encoder.get_feature_names_out().tolist() == ["x0", "missingindicator_x0", "x1_a", "x1_b", "x1_c"]
    assert encoder.get_feature_names_out(["p", "q"]).tolist() == ["p", "missingindicator_p", "q_a", "q_b", "q_c"]
    with pytest.raises(ValueError, match="input_features"):
        encoder.get_feature_names_out(["p"])


def test_clone_and_pickle():
    X = mixed_table()
    encoder = TabularEncoder(["many", "few", "few_missing", "binary"], max_one_hot_levels=3).fit(X)
    copied = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(copied.transform(X), encoder.transform(X))
    assert clone(encoder).get_params() == encoder.get_params()
    assert not hasattr(clone(encoder), "levels_")


def test_in_a_pipeline():
    X = mixed_table()
    y = X["number"] > 50
    model = make_pipeline(TabularEncoder(high_cardinality="infrequent"), LogisticRegression())
    assert model.fit(X, y, tabularencoder__sample_weight=np.arange(len(X))).score(X, y) > 0.9


# --------------------------------------------------------------------------------------------- parameters and failures


def test_names_and_numbers_of_columns():
    X = mixed_table()
    encoder = TabularEncoder().fit(X)
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        encoder.transform(X.iloc[:, ::-1])
    with pytest.raises(ValueError, match="unseen at fit time:\n- new"):
        encoder.transform(X.rename(columns={"number": "new"}))
    with pytest.raises(ValueError, match="expecting 2 features"):
        TabularEncoder().fit(np.ones((3, 2))).transform(np.ones((3, 3)))


@pytest.mark.parametrize(
    "params", [{"max_one_hot_levels": 1}, {"max_one_hot_levels": 2.5}, {"high_cardinality": "hash"}], ids=str
)
def test_parameters(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        TabularEncoder(**params).fit([[1.0], [2.0]])


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
@pytest.mark.parametrize("weight", [None, [1, 1, 0]])
def test_a_failure_changes_nothing(method, weight):
    """Also where the infinite value is met only when the rows of weight zero are encoded."""
    encoder = TabularEncoder().fit(mixed_table())
    before = dict(vars(encoder))
    if method == "fit_transform" or weight is None:
        with pytest.raises(ValueError, match="infinite"):
            getattr(encoder, method)([[1.0], [2.0], [np.inf]], sample_weight=weight)
    assert vars(encoder) == before


def test_input_is_left_alone():
    X = mixed_table()
    before = X.copy(deep=True)
    encode(X)
    pd.testing.assert_frame_equal(X, before)
    X = np.where(np.eye(5), NAN, np.arange(25.0).reshape(5, 5))
    before = X.copy()
    encoded = encode(X)
    np.testing.assert_array_equal(X, before)
    assert not np.shares_memory(encoded, X)


# ------------------------------------------------------------------------------------------- scikit-learn's own checks


@parametrize_with_checks(ENCODERS)
def test_check_estimator(estimator, check):
    """Every check of ``check_estimator``."""
    if "sparse_data" in str(check) and not estimator.__sklearn_tags__().input_tags.sparse:
        pytest.skip("scikit-learn 1.6 does not ask the tag")
    check(estimator)


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.parametrize(
    "name",
    [
        "check_param_validation",
        "check_dataframe_column_names_consistency",
        "check_transformer_get_feature_names_out",
        "check_transformer_get_feature_names_out_pandas",
        "check_set_output_transform",
        "check_set_output_transform_pandas",
        "check_global_output_transform_pandas",
        "check_set_output_transform_polars",
        "check_global_set_output_transform_polars",
    ],
)
def test_checks_that_check_estimator_leaves_out(name):
    """scikit-learn runs these on its own estimators only."""
    getattr(estimator_checks, name)("TabularEncoder", TabularEncoder())
