"""Columns of every kind, from arrays, pandas and polars: which are numbers, which categories, which are refused."""

import datetime
import enum
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.preprocessing import OneHotEncoder

from skann import ANNClassifier, ANNRegressor
from skann._objects import as_objects
from skann.encoding import TabularEncoder
from skann.encoding.checked import fit_checked
from skann.encoding.output import encode_checked
from tests.encoding.tables import NAN, column, encode, frame, mixed_table

# ---------------------------------------------------------------------------------------------------- kinds of columns

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


# ------------------------------------------------------------------------------------------------- what bad input gets

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
    "pl.List": (pl.Series([[1], [2]]), "objects, but an argument must be a string or a number"),
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


# --------------------------------------------------------------------------------------------- kinds that equal others


class Letter(str, enum.Enum):  # noqa: UP042 (a StrEnum prints as its value)
    """Members whose names, hashes and prints are not those of their values."""

    FIRST = "a"
    SECOND = "b"
    THIRD = "c"


class Text(enum.StrEnum):
    A = "a"
    B = "b"
    C = "c"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 5


ENUMS = {
    "str Enum": lambda labels: [{"a": Letter.FIRST, "b": Letter.SECOND, "c": Letter.THIRD}[each] for each in labels],
    "StrEnum": lambda labels: [*map(Text, labels)],
    "mixed": lambda labels: [Letter(each) if i % 2 else each for i, each in enumerate(labels)],
}
FORMS = {
    "frame": lambda values: pd.DataFrame({"a": pd.Series(values, dtype=object)}),
    "array": lambda values: as_objects([[value] for value in values]),
    "list": lambda values: [[value] for value in values],
    "tuple": lambda values: tuple((value,) for value in values),
    "polars": lambda values: pl.DataFrame({"a": pl.Series(values, dtype=pl.Object)}),
    "category": lambda values: pd.DataFrame({"a": pd.Series(values, dtype=object).astype("category")}),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("make", ENUMS.values(), ids=ENUMS.keys())
def test_members_of_an_enum_are_their_values(form, make):
    """They have the levels of their values, and are equal to these in `transform`, in both directions."""
    labels = list("bacab")
    strings, members = form(labels), form(make(labels))
    plain = TabularEncoder().fit(strings)
    encoder = TabularEncoder().fit(members)
    assert encoder.levels_[0].tolist() == ["a", "b", "c"]
    assert {type(level) for level in encoder.levels_[0]} == {str}
    for each in (plain, encoder):
        np.testing.assert_array_equal(each.transform(members), plain.transform(strings))
        np.testing.assert_array_equal(each.transform(strings), plain.transform(strings))


@pytest.mark.parametrize("categorical", ["from_dtype", [0]])
def test_members_of_an_int_enum_are_numbers(categorical):
    members = pd.DataFrame({"a": pd.Series([Level.LOW, Level.HIGH, 3, 2.0], dtype=object)})
    numbers = pd.DataFrame({"a": [1, 5, 3, 2]})
    for one, other in ((members, numbers), (numbers, members)):
        encoder = TabularEncoder(categorical).fit(one)
        np.testing.assert_array_equal(encoder.transform(one), encoder.transform(other))


def test_masked_values_are_missing():
    """A mask is not forgotten."""
    X = np.arange(12.0).reshape(6, 2)
    mask = X % 5 == 0
    expected = TabularEncoder().fit_transform(np.where(mask, NAN, X))
    np.testing.assert_array_equal(TabularEncoder().fit_transform(np.ma.masked_array(X, mask)), expected)
    np.testing.assert_array_equal(TabularEncoder().fit_transform(np.ma.masked_array(X.astype(int), mask)), expected)
    words = np.ma.masked_array([["a"], ["b"], ["c"], ["d"]], [[False], [False], [False], [True]])
    assert TabularEncoder().fit(words).levels_[0].tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(
        TabularEncoder().fit_transform(np.ma.masked_array(X)), TabularEncoder().fit_transform(X)
    )


@pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])
def test_masked_values_are_not_forgotten_without_an_encoder(Estimator):
    with pytest.raises(ValueError, match=r"^Input X contains NaN"):
        Estimator(encoder=None).fit(np.ma.masked_array(np.eye(4), np.eye(4) > 0), [0, 1, 0, 1])
