"""TabularEncoder: against closed forms, NumPy's and scikit-learn's own encoders, and what weights mean."""

import datetime
import pickle
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers import Peak
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, RobustScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from skann.encoding import TabularEncoder
from skann.encoding.encoder import encode_checked, fit_checked
from skann.encoding.numbers import BLOCK

NAN = np.nan
ENCODERS = [
    TabularEncoder(),
    TabularEncoder(high_cardinality="infrequent", max_one_hot_levels=2),
    TabularEncoder(categorical_features=None),
    TabularEncoder(categorical_features=[0], max_one_hot_levels=2),
]


def clip(z):
    """The smooth clip, from its definition."""
    return z / np.sqrt(1 + (np.asarray(z) / 3) ** 2)


def encode(X, sample_weight=None, **params):
    return TabularEncoder(**params).fit_transform(X, sample_weight=sample_weight)


def column(values, **params):
    """The encoded columns of a single one."""
    return encode(np.reshape(values, (-1, 1)), **params)


def mixed_table(n_rows=200, seed=0):
    """A DataFrame with all that an encoder treats differently."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "number": rng.normal(50, 10, n_rows),
            "with_missing": np.where(rng.random(n_rows) < 0.2, NAN, rng.gamma(2, size=n_rows)),
            "integer": rng.integers(0, 5, n_rows),
            "mostly_zero": np.where(rng.random(n_rows) < 0.9, 0, rng.gamma(2, size=n_rows)),
            "constant": 3.0,
            "bool": rng.random(n_rows) < 0.7,
            "binary": rng.choice(["no", "yes"], n_rows),
            "few": pd.Categorical(rng.choice(list("abcd"), n_rows)),
            "few_missing": pd.Series(rng.choice(["x", "y", "z", None], n_rows), dtype=object),
            "many": [f"level {i}" for i in rng.zipf(1.5, n_rows) % 40],
        }
    )
    X["all_missing"] = NAN
    return X


# ---------------------------------------------------------------------------------------------- numeric columns


def test_closed_form():
    """Median 2 and quartiles 1 and 3 of four values, by the inverse of the distribution function."""
    np.testing.assert_allclose(column([4.0, 1.0, 3.0, 2.0])[:, 0], clip([1.0, -0.5, 0.5, 0.0]), rtol=1e-15)


def test_robust_scaler_where_the_quartiles_are_values():
    X = np.random.default_rng(0).normal(5, 100, (4 * 25 + 1, 3))
    scaler = RobustScaler().fit(X)
    encoder = TabularEncoder().fit(X)
    np.testing.assert_array_equal(encoder.center_, scaler.center_)
    np.testing.assert_allclose(encoder.scale_, scaler.scale_, rtol=1e-15)
    np.testing.assert_allclose(encoder.transform(X), clip(scaler.transform(X)), rtol=1e-14)


@pytest.mark.parametrize("seed", range(20))
def test_weighted_quantiles(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rng.integers(2, 60), 1)).round(rng.integers(0, 3))
    values[0] = 10  # not constant
    weight = rng.choice([rng.uniform(0.1, 3, len(values)), rng.integers(0, 4, len(values)) + np.eye(len(values))[0]])
    low, center, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0, weights=weight, method="inverted_cdf")
    encoder = TabularEncoder().fit(values, sample_weight=weight)
    there = values[weight > 0]
    if there.min() == there.max():
        assert encoder.n_numeric_ == 0
        return
    np.testing.assert_array_equal(encoder.center_, center)
    away = weight * (values[:, 0] != center) > 0
    distance = abs(values[away] - center)
    median = np.quantile(distance, 0.5, axis=0, weights=weight[away], method="inverted_cdf")
    np.testing.assert_array_equal(encoder.scale_, high - low if high > low else median)


@pytest.mark.parametrize("factor", [0.1, 1 / 3, 7e-5, 1e10])
def test_a_common_factor_of_the_weights_has_no_influence(factor):
    """Even where sums of weights reach a quartile exactly, but for rounding."""
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(40, 5)), rng.integers(1, 5, 40)
    np.testing.assert_array_equal(encode(X, weight * factor), encode(X, weight))


def test_median_distance_where_the_quartiles_are_equal():
    """Most are 0: the others keep their differences, however far out the farthest is."""
    values = np.array([0.0] * 9 + [4.0, -6.0, 9e9])
    np.testing.assert_allclose(column(values)[:, 0], clip(values / 6))


def test_missing_values_become_the_centre_and_have_an_indicator():
    encoded = column([1.0, NAN, 2.0, 3.0, NAN, 4.0])
    np.testing.assert_array_equal(encoded[:, 1], [0, 1, 0, 0, 1, 0])
    np.testing.assert_array_equal(encoded[[0, 2, 3, 5], :1], column([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_array_equal(encoded[[1, 4], 0], 0)


def test_missing_only_when_transforming():
    encoder = TabularEncoder().fit([[1.0], [2.0], [4.0]])
    np.testing.assert_array_equal(encoder.transform([[NAN], [2.0]]), [[0], [0]])


def test_columns_without_information_vanish():
    X = np.array([[1, 5, NAN, 5], [2, 5, NAN, NAN], [3, 5, NAN, 5]])
    encoder = TabularEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == ["x0", "missingindicator_x3"]
    np.testing.assert_array_equal(encoder.transform(X)[:, 1], [0, 1, 0])
    np.testing.assert_array_equal(encoder.transform(X + 1), encoder.transform(X + np.array([1, 7, -3, 0])))


def test_nothing_left():
    assert column([2.0, 2.0]).shape == (2, 0)
    assert encode(pd.DataFrame({"a": ["x", "x"], "b": [None, None]})).shape == (2, 0)


@pytest.mark.parametrize("power", [-1000, -900, -100, 100, 900, 1000])
def test_units_do_not_matter(power):
    """Powers of two, so that the equality is exact as long as nothing is subnormal."""
    X = np.random.default_rng(0).normal(size=(50, 3))
    np.testing.assert_array_equal(encode(np.ldexp(X, power)), encode(X))


@pytest.mark.parametrize(
    "values",
    [
        [-1.7e308, -1e308, 0.0, 1e308, 1.7e308],
        [-1.7e308, 1.7e308],
        [0.0, 0.0, 0.0, 0.0, 5e-324],
        [1e-300, 2e-300, 3e-300, 1e300],
        [5e-324, 1e-323, 1.5e-323],
        [1.0, np.nextafter(1.0, 2)],
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_extremes_stay_finite_and_in_order(values, dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, encoded = fit_checked("from_dtype", np.reshape(values, (-1, 1)), None, None, dtype, None)
    encoded = encoded[:, 0]
    assert encoded.dtype == dtype
    assert np.isfinite(encoded).all()
    assert np.abs(encoded).max() <= 3
    assert (np.diff(encoded) >= 0).all()
    assert encoded[0] < encoded[-1]


def test_values_far_from_those_of_fit():
    encoder = TabularEncoder().fit([[0.0], [1.0], [2.0], [3.0]])
    np.testing.assert_array_equal(encoder.transform([[1e300], [-1e300], [-1.7e308]]), [[3], [-3], [-3]])
    np.testing.assert_array_equal(encoder.transform(np.array([[3e38]], np.float32)), np.float32([[3]]))


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


# ------------------------------------------------------------------------------------------ categorical columns


def test_two_levels():
    np.testing.assert_array_equal(column(["b", "a", "b", "b"]), [[1], [-1], [1], [1]])
    encoder = TabularEncoder().fit([["b"], ["a"]])
    np.testing.assert_array_equal(encoder.transform([["new"], [None], ["a"]]), [[0], [0], [-1]])


def test_one_hot_as_scikit_learn():
    X = np.random.default_rng(0).choice(list("abcdefg"), (100, 3)).astype(object)
    X[:50, 1] = "q"
    new = np.append(X, [["new", "q", "z"]], axis=0)
    theirs = OneHotEncoder(handle_unknown="ignore", sparse_output=False, drop="if_binary").fit(X)
    ours = TabularEncoder().fit(X)
    np.testing.assert_array_equal(ours.transform(new), theirs.set_params(drop=None).transform(new))
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()


@pytest.mark.parametrize("weighted", [False, True])
def test_infrequent_as_scikit_learn(weighted):
    rng = np.random.default_rng(0)
    X = rng.permutation(["a"] * 3 + ["b"] * 9 + ["c"] * 5 + ["d"] * 2 + ["e"] * 7 + ["f"])[:, None].astype(object)
    weight = rng.integers(0, 5, len(X)) if weighted else np.ones(len(X), int)
    repeated = np.repeat(X, weight, axis=0)
    theirs = OneHotEncoder(max_categories=3, handle_unknown="infrequent_if_exist", sparse_output=False).fit(repeated)
    ours = TabularEncoder(max_one_hot_levels=3, high_cardinality="infrequent").fit(X, sample_weight=weight)
    new = [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["new"]]
    np.testing.assert_array_equal(ours.transform(new), theirs.transform(np.array(new, object)))
    np.testing.assert_array_equal(ours.transform([[None]]), [[0, 0, 0]])
    assert [name.split("_")[1] for name in theirs.get_feature_names_out()] == [
        name.split("_")[1] for name in ours.get_feature_names_out()
    ]


def test_infrequent_ties_go_to_the_first_in_order():
    encoder = TabularEncoder(max_one_hot_levels=3, high_cardinality="infrequent").fit([["d"], ["c"], ["b"], ["a"]])
    assert encoder.get_feature_names_out().tolist() == ["x0_a", "x0_b", "x0_infrequent"]
    assert encoder.embedded_features_ == []


@pytest.mark.parametrize("kind", ["strings", "integers"])
def test_high_cardinality(kind):
    values = np.random.default_rng(0).permutation(np.repeat(np.arange(10_000), 2))
    if kind == "strings":
        values = values.astype(str).astype(object)
    X = np.column_stack([values, np.roll(values, 1)])
    encoder = TabularEncoder(categorical_features=[0, 1]).fit(X)
    ordinal = OrdinalEncoder().fit(X)
    np.testing.assert_array_equal(encoder.transform(X), ordinal.transform(X) + 1)
    assert encoder.embedded_features_ == [(0, 10_000), (1, 10_000)]
    unseen = np.array([["new", None]] if kind == "strings" else [[-1.0, NAN]], dtype=object)
    np.testing.assert_array_equal(encoder.transform(unseen), [[0, 0]])
    assert len(pickle.dumps(encoder)) < 600_000


def test_threshold():
    values = list("abcdefgh")
    assert column(values).shape == (8, 8)
    assert column([*values, "i"]).shape == (9, 1)
    assert column(values, max_one_hot_levels=7).shape == (8, 1)
    assert column(list("ab"), max_one_hot_levels=2).shape == (2, 1)


@pytest.mark.parametrize("levels, n_columns", [(1, 0), (2, 1), (3, 3), (9, 1)])
def test_missing_categories_have_an_indicator_unseen_ones_do_not(levels, n_columns):
    X = np.array([[f"level {i}"] for i in range(levels)] + [[None]], object)
    encoder = TabularEncoder().fit(X)
    encoded = encoder.transform(np.append(X, [["new"]], axis=0))
    assert encoder.get_feature_names_out()[0] == "missingindicator_x0"
    np.testing.assert_array_equal(encoded[:, 0], [0] * levels + [1, 0])
    np.testing.assert_array_equal(encoded[-2:, 1:], np.zeros((2, n_columns)))
    np.testing.assert_array_equal(encoded[:levels, 1:], encode(X[:-1]))


def test_levels_are_those_of_the_data():
    """Not the categories of the dtype, nor their order."""
    few = pd.Categorical(["b", "c", "b"], categories=["c", "d", "b"], ordered=True)
    encoder = TabularEncoder().fit(pd.DataFrame({"few": few, "number": 1}))
    assert encoder.levels_[0].tolist() == ["b", "c"]
    assert encoder.levels_[1] is None


def test_the_categories_of_a_dtype_may_change():
    X = mixed_table()
    encoder = TabularEncoder().fit(X)
    other = X.assign(few=X["few"].cat.set_categories(["zz", *"dcba"]), many=X["many"].astype("category"))
    np.testing.assert_array_equal(encoder.transform(other), encoder.transform(X))
    few = [name.startswith(("few_a", "few_b", "few_c", "few_d")) for name in encoder.get_feature_names_out()]
    np.testing.assert_array_equal(encoder.transform(X.assign(few="new"))[:, few], np.zeros((len(X), 4)))


def test_numbers_as_categories():
    """As indices, name, mask: numbers are levels, NaN is missing, and 1 is 1.0 and True."""
    X = pd.DataFrame({"a": [3, 1, 2, 1], "b": [1.0, NAN, 2.5, 1.0], "c": [1.0, 2.0, 3.0, 5.0]})
    encoder = TabularEncoder(categorical_features=["a", "b"]).fit(X)
    assert encoder.get_feature_names_out().tolist() == ["c", "missingindicator_b", "a_1", "a_2", "a_3", "b_2.5"]
    np.testing.assert_array_equal(encoder.transform(X)[:, 1:], [[0, 0, 0, 1, -1], [1, 1, 0, 0, 0], [0, 0, 1, 0, 1],
                                                                [0, 1, 0, 0, -1]])  # fmt: skip
    for other in (X.astype({"a": float}), X.astype({"a": "category"}), X.astype({"a": "Int64"}), X.astype(object)):
        np.testing.assert_array_equal(encoder.transform(other), encoder.transform(X))
    np.testing.assert_array_equal(encoder.transform(X.astype({"a": str})), encoder.transform(X))


def test_64_bit_numbers_stay_different():
    X = pd.DataFrame({"id": [2**62, 2**62 + 1, 2**62 + 2], "constant": 1.0})
    np.testing.assert_array_equal(encode(X, categorical_features=["id"]), np.eye(3))


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


# ------------------------------------------------------------------------------------------------ row weights


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


# --------------------------------------------------------------------------------------------- kinds of columns

NUMBERS = {
    "float32": pd.Series([1, 2, 4, 0, 3], dtype="float32"),
    "float16": pd.Series([1, 2, 4, 0, 3], dtype="float16"),
    "longdouble": pd.Series(np.array([1, 2, 4, 0, 3], np.longdouble)),
    "int8": pd.Series([1, 2, 4, 0, 3], dtype="int8"),
    "uint64": pd.Series([1, 2, 4, 0, 3], dtype="uint64"),
    "object": pd.Series([1, 2.0, Decimal(4), np.int8(0), 3], dtype=object),
    "Int64": pd.Series([1, 2, 4, 0, 3], dtype="Int64"),
    "Float32": pd.Series([1, 2, 4, 0, 3], dtype="Float32"),
    "arrow": pd.Series([1, 2, 4, 0, 3], dtype="int16[pyarrow]"),
    "sparse": pd.Series(pd.arrays.SparseArray([1.0, 2, 4, 0, 3], fill_value=0)),
    "pl.UInt8": pl.Series([1, 2, 4, 0, 3], dtype=pl.UInt8),
    "pl.Float32": pl.Series([1, 2, 4, 0, 3], dtype=pl.Float32),
    "pl.Decimal": pl.Series([1, 2, 4, 0, 3]).cast(pl.Decimal(10, 2)),
}  # fmt: skip
NUMBERS_WITH_MISSING = {
    "float32": pd.Series([1, NAN, 4, 0], dtype="float32"),
    "object and None": pd.Series([1, None, 4.0, 0], dtype=object),
    "object and NA": pd.Series([1, pd.NA, 4.0, 0], dtype=object),
    "object and NaT": pd.Series([1, pd.NaT, 4.0, 0], dtype=object),
    "Int64": pd.Series([1, None, 4, 0], dtype="Int64"),
    "Float64": pd.Series([1, None, 4, 0], dtype="Float64"),
    "arrow": pd.Series([1, None, 4, 0], dtype="double[pyarrow]"),
    "sparse": pd.Series(pd.arrays.SparseArray([1.0, NAN, 4, 0])),
    "pl.Int64": pl.Series([1, None, 4, 0]),
    "pl.Float64": pl.Series([1, None, 4, 0], dtype=pl.Float64),
    "pl.Float64 and NaN": pl.Series([1, NAN, 4, 0], dtype=pl.Float64),
}  # fmt: skip
BOOLEANS = {
    "bool": pd.Series([True, False, True, True]),
    "boolean": pd.Series([True, False, True, True], dtype="boolean"),
    "object": pd.Series([True, np.False_, True, True], dtype=object),
    "arrow": pd.Series([True, False, True, True], dtype="bool[pyarrow]"),
    "pl.Boolean": pl.Series([True, False, True, True]),
}
BOOLEANS_WITH_MISSING = {
    "boolean": pd.Series([True, None, False, True], dtype="boolean"),
    "object": pd.Series([True, None, False, True], dtype=object),
    "arrow": pd.Series([True, None, False, True], dtype="bool[pyarrow]"),
    "pl.Boolean": pl.Series([True, None, False, True]),
}
STRINGS = {
    "str": pd.Series(list("bacab")),
    "object": pd.Series(list("bacab"), dtype=object),
    "string[python]": pd.Series(list("bacab"), dtype="string[python]"),
    "string[pyarrow]": pd.Series(list("bacab"), dtype="string[pyarrow]"),
    "arrow": pd.Series(list("bacab"), dtype=pd.ArrowDtype(pytest.importorskip("pyarrow").large_string())),
    "category": pd.Series(list("bacab"), dtype="category"),
    "unused category": pd.Series(pd.Categorical(list("bacab"), categories=list("dcba"))),
    "category of str": pd.Series(list("bacab")).astype("category"),
    "pl.String": pl.Series(list("bacab")),
    "pl.Categorical": pl.Series(list("bacab"), dtype=pl.Categorical),
    "pl.Enum": pl.Series(list("bacab"), dtype=pl.Enum(list("dcba"))),
}
STRINGS_WITH_MISSING = {
    "str": pd.Series(["b", None, "c", "a"]),
    "object and None": pd.Series(["b", None, "c", "a"], dtype=object),
    "object and NaN": pd.Series(["b", NAN, "c", "a"], dtype=object),
    "object and NA": pd.Series(["b", pd.NA, "c", "a"], dtype=object),
    "string": pd.Series(["b", None, "c", "a"], dtype="string"),
    "category": pd.Series(["b", None, "c", "a"], dtype="category"),
    "pl.String": pl.Series(["b", None, "c", "a"]),
    "pl.Categorical": pl.Series(["b", None, "c", "a"], dtype=pl.Categorical),
    "pl.Enum": pl.Series(["b", None, "c", "a"], dtype=pl.Enum(list("dcba"))),
}


def frame(series):
    """A DataFrame of this column, and one of another kind, so that the frame is not of one dtype."""
    other = [f"other {i % 2}" for i in range(len(series))]
    return (pd if isinstance(series, pd.Series) else pl).DataFrame({"a": series, "other": other})


def each(kinds):
    return pytest.mark.parametrize("series", kinds.values(), ids=kinds.keys())


def assert_encoded(series, expected):
    """Alone and in a mixed frame; what was fitted takes the same values as plain arrays of objects."""
    alone, mixed = TabularEncoder().fit(frame(series)[["a"]]), TabularEncoder().fit(frame(series))
    expected = np.asarray(expected, alone.transform(frame(series)[["a"]]).dtype)
    np.testing.assert_array_equal(alone.transform(frame(series)[["a"]]), expected)
    mixed_columns = [name.removeprefix("missingindicator_")[0] == "a" for name in mixed.get_feature_names_out()]
    np.testing.assert_array_equal(mixed.transform(frame(series))[:, mixed_columns], expected)
    rtol = np.finfo(expected.dtype).eps
    objects = [None if value is pd.NA or value is pd.NaT else value for value in series.to_list()]
    with pytest.warns(UserWarning, match="valid feature names"):
        np.testing.assert_allclose(alone.transform(np.array(objects, object)[:, None]), expected, rtol=rtol)


@each(NUMBERS)
def test_numbers(series):
    assert_encoded(series, column([1.0, 2, 4, 0, 3]))


@each(NUMBERS_WITH_MISSING)
def test_numbers_with_missing(series):
    assert_encoded(series, column([1.0, NAN, 4, 0]))


@each(BOOLEANS)
def test_booleans(series):
    assert_encoded(series, column([1.0, 0, 1, 1]))


@each(BOOLEANS_WITH_MISSING)
def test_booleans_with_missing(series):
    assert_encoded(series, column([1.0, NAN, 0, 1]))


@each(STRINGS)
def test_strings(series):
    assert_encoded(series, np.eye(3)[[1, 0, 2, 0, 1]])


@each(STRINGS_WITH_MISSING)
def test_strings_with_missing(series):
    assert_encoded(series, [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]])


@pytest.mark.parametrize(
    "values, names",
    [
        ([3, 1, 2], ["a_1", "a_2", "a_3"]),
        ([2.5, 1.0, 2.0], ["a_1.0", "a_2.0", "a_2.5"]),
        ([True, False], ["a_True"]),
        (pd.interval_range(0, 3), ["a_(0, 1]", "a_(1, 2]", "a_(2, 3]"]),
        (pd.period_range("2024", periods=3, freq="Y"), ["a_2024", "a_2025", "a_2026"]),
        ([1, "x", 2], ["a_1", "a_2", "a_x"]),
    ],
    ids=["int", "float", "bool", "interval", "period", "mixed"],
)
def test_categories_that_are_no_strings(values, names):
    X = pd.DataFrame({"a": pd.Categorical(values)})
    encoder = TabularEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == names
    expected = OneHotEncoder(drop="if_binary", sparse_output=False).fit_transform(X.astype(str))
    np.testing.assert_array_equal(encoder.transform(X), expected * 2 - 1 if len(names) == 1 else expected)


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X,
        lambda X: X.to_numpy(),
        lambda X: X.to_numpy().tolist(),
        pl.from_pandas,
        lambda X: X.convert_dtypes(),
        lambda X: X.astype({name: "category" for name in ("binary", "few_missing", "many")}),
        lambda X: X.set_axis(range(7, 18), axis=1),
        lambda X: X.set_axis(pd.MultiIndex.from_product([["top"], X.columns]), axis=1),
    ],
    ids=["pandas", "objects", "list", "polars", "nullable", "category", "numbered", "multi-index"],
)
def test_containers_are_equal(make):
    """The constant column and all missing ones vanish, whatever they are called."""
    X = mixed_table()
    encoder = TabularEncoder()
    np.testing.assert_array_equal(encoder.fit_transform(make(X)), encode(X))
    np.testing.assert_array_equal(encoder.transform(make(X)), encode(X))


@pytest.mark.parametrize("kind", ["U", "S", "O"])
def test_arrays_of_strings(kind):
    X = np.array([["b", "1"], ["a", "2"], ["c", "1"]]).astype(kind)
    X = X.astype(str).astype(object) if kind == "O" else X
    np.testing.assert_array_equal(encode(X), [[0, 1, 0, -1], [1, 0, 0, 1], [0, 0, 1, -1]])


def test_lists_keep_numbers_apart_from_strings():
    X = [[1, "a"], [2.5, "b"], [4, "b"]]
    encoder = TabularEncoder().fit(X)
    np.testing.assert_array_equal(encoder.is_categorical_, [False, True])
    np.testing.assert_array_equal(encoder.transform(X)[:, 1], [-1, 1, 1])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int8, np.uint64, bool])
def test_arrays_of_numbers(dtype, order):
    X = np.asarray(np.random.default_rng(0).uniform(0, 5, (50, 4)), dtype=dtype, order=order)
    X.setflags(write=False)
    encoded = encode(X)
    assert encoded.dtype == (np.float32 if dtype == np.float32 else np.float64)
    assert encoded.flags.c_contiguous
    np.testing.assert_array_equal(encoded, encode(X.astype(np.float64)).astype(encoded.dtype))


def test_dtype_of_frames():
    X = mixed_table()
    single = X.astype(dict.fromkeys(X.select_dtypes(["number", "bool"]), np.float32))
    assert encode(X).dtype == np.float64
    assert encode(single).dtype == np.float32
    assert encode(single.assign(number=X["number"])).dtype == np.float64
    assert encode(single[["number"]]).dtype == np.float32
    assert encode(X[["many"]]).dtype == np.float64


def test_float32_of_float64_is_rounded_once():
    """Seconds since 1970 differ by less than float32 can tell."""
    X = 1.7e9 + np.random.default_rng(0).uniform(0, 10, (100, 2))
    encoder = TabularEncoder().fit(X)
    np.testing.assert_array_equal(encode_checked(encoder, X, np.float32), encoder.transform(X).astype(np.float32))
    _, encoded = fit_checked("from_dtype", X, None, None, np.float32, None)
    np.testing.assert_array_equal(encoded, encode_checked(encoder, X, np.float32))


# -------------------------------------------------------------------------------------- what the columns become


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


# --------------------------------------------------------------------------------------------- sparse matrices


def sparse_table(seed=0, shape=(60, 8)):
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random(shape) < 0.3, rng.normal(size=shape) * 10.0 ** np.arange(shape[1]), 0)
    dense[:, 2] = 0
    dense[:, 5] = 7
    return dense


FORMATS = pytest.mark.parametrize(
    "make",
    [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.lil_matrix],
)


@FORMATS
def test_sparse_closed_form(make):
    dense = sparse_table()
    encoder = TabularEncoder()
    encoded = encoder.fit_transform(make(dense))
    kept = np.delete(dense, [2, 5], axis=1)
    size = np.nanmean(np.where(kept != 0, np.abs(kept), NAN), axis=0)
    assert sparse.issparse(encoded)
    assert encoded.format == "csr"
    assert encoded.nnz == np.count_nonzero(kept)
    np.testing.assert_allclose(encoded.toarray(), clip(kept / size), rtol=1e-14)
    np.testing.assert_allclose(encoder.scale_, size, rtol=1e-14)
    assert not encoder.center_.any()


@FORMATS
def test_sparse_and_dense_input_of_one_encoder(make):
    dense = sparse_table()
    encoder = TabularEncoder().fit(make(dense))
    np.testing.assert_array_equal(encoder.transform(dense), encoder.transform(make(dense)).toarray())
    centred = TabularEncoder().fit(dense + np.eye(1, 8) * 3)
    np.testing.assert_array_equal(centred.transform(make(dense)), centred.transform(dense))


def test_sparse_integer_weights_are_repeated_rows():
    dense = sparse_table()
    weight = np.random.default_rng(0).integers(0, 4, len(dense))
    weighted = TabularEncoder().fit(sparse.csr_matrix(dense), sample_weight=weight)
    repeated = TabularEncoder().fit(sparse.csr_matrix(np.repeat(dense, weight, axis=0)))
    np.testing.assert_allclose(weighted.transform(dense), repeated.transform(dense), rtol=1e-14)


def test_sparse_missing():
    dense = np.array([[0, NAN, 1, NAN], [2, 0, 1, NAN], [0, 4, NAN, NAN], [0, 0, 1, NAN]])
    encoder = TabularEncoder()
    encoded = encoder.fit_transform(sparse.csc_array(dense))
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1", "x2", "missingindicator_x1", "missingindicator_x2"]
    f = clip(1)
    expected = [[0, 0, f, 1, 0], [f, 0, f, 0, 0], [0, f, 0, 0, 1], [0, 0, f, 0, 0]]
    np.testing.assert_allclose(encoded.toarray(), expected)
    np.testing.assert_allclose(encoder.transform(dense), expected)


def test_sparse_input_is_left_alone():
    X = sparse.csr_matrix(sparse_table())
    X.data[::5] = NAN
    X.data[1::5] = 0
    before = X.copy()
    encoded = TabularEncoder().fit_transform(X)
    encoded.data[:] = 0
    encoded.eliminate_zeros()
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(X, part), getattr(before, part))


def test_sparse_duplicate_entries_are_sums():
    X = sparse.csr_array((np.array([1.0, 2, 3]), np.array([0, 0, 0]), np.array([0, 2, 3])), shape=(2, 1))
    X = sparse.vstack([X, sparse.csr_array((1, 1))]).tocsr()
    np.testing.assert_allclose(encode(X).toarray(), clip([[1], [1], [0]]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, bool])
def test_sparse_dtype(dtype):
    X = sparse.csr_matrix((sparse_table() > 0).astype(dtype))
    encoded = encode(X)
    assert encoded.dtype == (np.float32 if dtype == np.float32 else np.float64)
    np.testing.assert_allclose(encoded.data, clip(1), rtol=1e-6)


def test_sparse_extremes():
    X = sparse.csr_matrix([[1e308, 1e-308], [-1.7e308, 0], [0, 2e-308]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoded = encode(X).toarray()
    assert np.isfinite(encoded).all()
    np.testing.assert_allclose(np.sign(encoded), np.sign(X.toarray()))


def test_sparse_has_no_categories():
    with pytest.raises(ValueError, match="categorical_features must be empty for a sparse X"):
        TabularEncoder([0]).fit(sparse.csr_matrix(sparse_table()))


# ------------------------------------------------------------------------------------------- what bad input gets

DAY = datetime.date(2024, 2, 29)
UNKNOWN_KINDS = {
    "datetime64": (pd.Series(pd.to_datetime(["2024", "2025"])), "dates"),
    "datetime with zone": (pd.Series(pd.to_datetime(["2024", "2025"], utc=True)), "dates"),
    "timedelta64": (pd.Series(pd.to_timedelta([1, 2])), "dates"),
    "objects of date": (pd.Series([DAY, None], dtype=object), "dates"),
    "arrow dates": (pd.Series([DAY, DAY]).astype("date32[pyarrow]"), "dates"),
    "pl.Datetime": (pl.Series([datetime.datetime(2024, 1, 1), None]), "dates"),
    "pl.Date": (pl.Series([DAY, None]), "dates"),
    "pl.Duration": (pl.Series([datetime.timedelta(1), None]), "dates"),
    "pl.Time": (pl.Series([datetime.time(1), None]), "dates"),
    "periods": (pd.Series(pd.period_range("2024", periods=2)), "Period objects"),
    "complex": (pd.Series([1j, 2]), "complex.*Complex data not supported"),
    "objects of complex": (pd.Series([1j, "a"], dtype=object), "complex.*Complex data not supported"),
    "dicts": (pd.Series([{"a": 1}, None], dtype=object), "dict objects"),
    "lists": (pd.Series([[1], [2]], dtype=object), "list objects"),
    "tuples": (pd.Series([(1,), (2,)], dtype=object), "tuple objects"),
    "bytes": (pd.Series([b"a", b"b"], dtype=object), "bytes objects"),
    "pl.List": (pl.Series([[1], [2]]), "objects, which are neither"),
    "pl.Struct": (pl.Series([{"a": 1}, {"a": 2}]), "dict objects"),
    "strings and numbers": (pd.Series(["a", 5], dtype=object), "mixes strings and numbers, such as 'a' and 5"),
    "too large": (pd.Series([10**400, 1], dtype=object), "too large"),
}


@pytest.mark.parametrize("series, message", UNKNOWN_KINDS.values(), ids=UNKNOWN_KINDS.keys())
def test_unknown_kinds_are_named(series, message):
    with pytest.raises((TypeError, ValueError), match=f"Column 'a' .*{message}"):
        TabularEncoder().fit(frame(series))
    encoder = TabularEncoder().fit(frame(pd.Series(["a", "b"])))
    with pytest.raises((TypeError, ValueError), match=f"Column 'a' .*{message}"):
        encoder.transform(frame(series))


def test_arrays_of_dates_and_complex_numbers():
    with pytest.raises(TypeError, match="Column 0 holds dates"):
        TabularEncoder().fit(np.array([["2024"], ["2025"]], "datetime64[D]"))
    with pytest.raises(ValueError, match="Complex data not supported"):
        TabularEncoder().fit(np.array([[1j], [2]]))


@pytest.mark.parametrize(
    "make", [np.asarray, lambda X: pd.DataFrame(X, columns=list("abc")), sparse.csr_matrix, sparse.csc_array]
)
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_values_are_named(make, value):
    X = np.arange(12.0).reshape(4, 3)
    name = "'b'" if isinstance(make(X), pd.DataFrame) else 1
    encoder = TabularEncoder().fit(make(X))
    X[2, 1] = value
    X[1, 2] = NAN
    for call in (TabularEncoder().fit, TabularEncoder().fit_transform, encoder.transform):
        with pytest.raises(ValueError, match=f"Column {name} holds an infinite value"):
            call(make(X))


def test_infinite_value_in_a_column_that_vanished():
    encoder = TabularEncoder().fit([[1.0, 2.0, 0.0], [1.0, 3.0, 0.0]])
    with pytest.raises(ValueError, match="Column 2"):
        encoder.transform([[1.0, 2.0, np.inf]])


def test_the_right_column_is_named_beside_categories():
    X = pd.DataFrame({"c": ["x", "y"], "a": [1.0, 2.0], "d": ["u", "v"], "b": [1.0, np.inf]})
    with pytest.raises(ValueError, match="Column 'b' holds an infinite value"):
        TabularEncoder().fit(X)
    with pytest.raises(ValueError, match="Column 'b' holds an infinite value"):
        TabularEncoder().fit(X.assign(b=[1.0, 2.0])).transform(X)


def test_strings_where_numbers_were():
    encoder = TabularEncoder().fit(pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [1.0, 2.0, 3.0]}))
    like_numbers = pd.DataFrame({"a": ["1", " 2.0 ", None], "b": [1, 2, 3]})
    expected = encoder.transform(pd.DataFrame({"a": [1, 2, NAN], "b": [1, 2, 3]}))
    np.testing.assert_array_equal(encoder.transform(like_numbers), expected)
    np.testing.assert_array_equal(encoder.transform(like_numbers.astype({"a": "category"})), expected)
    with pytest.raises(ValueError, match="Column 'a' must hold numbers, got 'two'"):
        encoder.transform(like_numbers.assign(a=["1", "two", "3"]))


def test_numbers_where_strings_were():
    X = pd.DataFrame({"zip": ["01067", "80331", "20095"]})
    encoder = TabularEncoder().fit(X)
    with pytest.raises(TypeError, match=r"Column 'zip' must hold strings, as in fit .'01067'., got the number 1067"):
        encoder.transform(X.astype({"zip": int}))
    np.testing.assert_array_equal(encoder.transform(pd.DataFrame({"zip": [NAN, NAN]})), np.zeros((2, 3)))


def test_names_and_numbers_of_columns():
    X = mixed_table()
    encoder = TabularEncoder().fit(X)
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        encoder.transform(X.iloc[:, ::-1])
    with pytest.raises(ValueError, match="unseen at fit time:\n- new"):
        encoder.transform(X.rename(columns={"number": "new"}))
    with pytest.raises(ValueError, match="expecting 2 features"):
        TabularEncoder().fit(np.ones((3, 2))).transform(np.ones((3, 3)))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_empty_frames(make):
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        TabularEncoder().fit(make({"a": np.array([], float), "b": np.array([], object)}))
    with pytest.raises(ValueError, match=r"0 (feature|sample)\(s\)"):
        TabularEncoder().fit(make())


def test_ragged_lists():
    with pytest.raises(ValueError, match="inhomogeneous"):
        TabularEncoder().fit([["a", 1], ["b"]])


def test_series_is_no_table():
    with pytest.raises(ValueError, match=r"2D|2-dimensional"):
        TabularEncoder().fit(pd.Series(["a", "b"]))


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


# --------------------------------------------------------------------------------------- scikit-learn's own checks


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
