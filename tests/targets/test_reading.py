"""What y may be: labels and numbers of every kind in every container, and what the message says of all else."""

import datetime
import enum
import warnings
from collections import deque
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import clone

from skann.targets.labels import read_labels
from skann.targets.values import read_values
from tests.targets.estimators import classifier, regressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*batch_size.*:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*masked element:UserWarning"),
]

N = 30
X = np.random.default_rng(0).normal(size=(N, 2))
B = np.arange(N) % 2


class Letter(str, enum.Enum):  # noqa: UP042 (a StrEnum prints as its value)
    """Members whose names, hashes and prints are not those of their values."""

    FIRST = "a"
    SECOND = "b"


class Text(enum.StrEnum):
    A = "a"
    B = "b"


class Level(enum.IntEnum):
    LOW = 0
    HIGH = 1


class Plain(enum.Enum):
    A = "a"
    B = "b"


def of(*values):
    return list(values) * (N // len(values))


def objects(*values):
    array = np.empty(N, dtype=object)
    array[:] = of(*values)
    return array


def short(**params):
    return classifier(max_iter=2, **params)


# -------------------------------------------------------------------------------------------------------------- labels

INTEGERS = {
    "list": of(0, 1),
    "tuple": tuple(of(0, 1)),
    "objects": B.astype(object),
    "objects of NumPy": objects(np.int8(0), np.uint64(1)),
    "objects of bool and int": objects(False, 1),
    "IntEnum": of(Level.LOW, Level.HIGH),
    "objects of IntEnum": objects(Level.LOW, Level.HIGH),
    "Int64": pd.array(B, "Int64"),
    "Series of Int64": pd.Series(B, dtype="Int64"),
    "int64[pyarrow]": pd.Series(B, dtype="int64[pyarrow]"),
    "category": pd.Categorical(B),
    "frame of one column": pd.DataFrame({"y": pd.array(B, "Int64")}),
    "polars": pl.Series(B),
    "pyarrow": pa.array(B),
    "array with a mask that hides nothing": np.ma.masked_array(B, mask=False),
}
BOOLEANS = {
    "list": of(False, True),
    "objects": (B == 1).astype(object),
    "objects of NumPy": objects(np.False_, True),
    "boolean": pd.array(B == 1, "boolean"),
    "bool[pyarrow]": pd.Series(B == 1, dtype="bool[pyarrow]"),
    "polars": pl.Series(B == 1),
    "pyarrow": pa.array(B == 1),
}
STRINGS = {
    "list": of("a", "b"),
    "objects": objects("a", "b"),
    "np.str_": of(np.str_("a"), np.str_("b")),
    "objects of np.str_": objects(np.str_("a"), "b"),
    "StringDType": np.array(of("a", "b"), np.dtypes.StringDType()),
    "str Enum": of(Letter.FIRST, Letter.SECOND),
    "objects of str Enum": objects(Letter.FIRST, Letter.SECOND),
    "tuple of str Enum": tuple(of(Letter.FIRST, Letter.SECOND)),
    "column of str Enum": [[label] for label in of(Letter.FIRST, Letter.SECOND)],
    "str Enum and str": of(Letter.FIRST, "b", "a", Letter.SECOND, Letter.FIRST, "b"),
    "StrEnum": of(Text.A, Text.B),
    "objects of StrEnum": objects(Text.A, Text.B),
    "str": pd.Series(of("a", "b")),
    "string": pd.array(of("a", "b"), "string"),
    "string[pyarrow]": pd.array(of("a", "b"), "string[pyarrow]"),
    "category": pd.Categorical(of("a", "b")),
    "category of str Enum": pd.Categorical(objects(Letter.FIRST, Letter.SECOND)),
    "polars": pl.Series(of("a", "b")),
    "polars categories": pl.Series(of("a", "b"), dtype=pl.Categorical),
    "polars Enum": pl.Series(of(Letter.FIRST, Letter.SECOND)),
    "pyarrow": pa.array(of("a", "b")),
    "pyarrow chunks": pa.chunked_array([of("a", "b")]),
    "pyarrow dictionary": pa.array(of("a", "b")).dictionary_encode(),
}
FLOATS = {
    "objects": objects(0.0, 1.0),
    "Float64": pd.array(B.astype(float), "Float64"),
    "Decimal": of(Decimal(0), Decimal(1)),
    "Fraction": of(Fraction(0), Fraction(1)),
}
LABELS = [
    (name, y, expected)
    for expected, containers in (
        (np.array([0, 1]), INTEGERS),
        (np.array([False, True]), BOOLEANS),
        (np.array(["a", "b"]), STRINGS),
        (np.array([0.0, 1.0]), FLOATS),
    )
    for name, y in containers.items()
]


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.parametrize("name, y, expected", LABELS, ids=[f"{e.dtype.kind}-{name}" for name, _, e in LABELS])
def test_labels_of_every_container(name, y, expected):
    """The classes are the values, of one kind; the model, its scores and its validation rows are those of an array."""
    same = np.resize(expected, N)
    if name == "str Enum and str":
        same = np.asarray([str.__str__(label) for label in y])
    model = short().fit(X, y)
    assert model.classes_.tolist() == expected.tolist()
    assert [type(label) for label in model.classes_.tolist()] == [type(label) for label in expected.tolist()] or (
        name == "objects of np.str_"
    )
    plain = short().fit(X, same)
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    assert model.score(X, y) == plain.score(X, same)
    watched = short(early_stopping=True).fit(X, same, X_val=X[:7], y_val=y[:7])
    expected_scores = short(early_stopping=True).fit(X, same, X_val=X[:7], y_val=same[:7]).validation_scores_
    assert watched.validation_scores_ == expected_scores
    step = short().partial_fit(X, y, classes=y)
    np.testing.assert_array_equal(
        step.predict_proba(X), short().partial_fit(X, same, classes=expected).predict_proba(X)
    )


def test_equal_labels_are_one():
    """At later calls, too, and as keys of class weights."""
    y = of(Letter.FIRST, Letter.SECOND)
    model = short().partial_fit(X, of("a", "b"), classes=[Letter.FIRST, Letter.SECOND])
    model.partial_fit(X, y, classes=["a", "b"])
    assert model.predict(X).tolist() == np.array(["a", "b"])[(model.decision_function(X) > 0).astype(int)].tolist()
    weighted = short(class_weight={Letter.FIRST: 3.0, Letter.SECOND: 1.0}).fit(X, y)
    expected = short(class_weight={"a": 3.0, "b": 1.0}).fit(X, of("a", "b"))
    np.testing.assert_array_equal(weighted.predict_proba(X), expected.predict_proba(X))


def test_large_integers_stay_apart():
    """Neither a float nor a list with a float among them merges labels that are not equal."""
    large = 2**53
    assert short().fit(X, of(large, large + 1)).classes_.tolist() == [large, large + 1]
    assert short().fit(X, of(2**63, 2**63 + 1)).classes_.tolist() == [2**63, 2**63 + 1]
    for y in (of(large, large + 1, 1.0), of(2**63, -1), of(2**70, 2**71), of(Decimal(large + 1), Decimal(large))):
        with pytest.raises(ValueError, match=r"^y must hold strings, integers or booleans, got numbers .* too large"):
            short().fit(X, y)
    with pytest.raises(ValueError, match=r"Unknown label type: continuous.*in y, got the number 1e\+20"):
        short().fit(X, np.array(of(1e20, 2e20)))


def test_other_sequences_are_lists():
    for y in (deque(of(0, 1)), deque(of("a", "b")), deque(of(Letter.FIRST, Letter.SECOND))):
        np.testing.assert_array_equal(short().fit(X, y).predict_proba(X), short().fit(X, B).predict_proba(X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions of scikit-learn warn of so many classes
        assert short().fit(X, range(N)).classes_.tolist() == list(range(N))


MULTILABEL = {
    "objects": np.c_[B, 1 - B].astype(object),
    "frame of Int64": pd.DataFrame({"a": pd.array(B, "Int64"), "b": pd.array(1 - B, "boolean")}),
    "list": np.c_[B, 1 - B].tolist(),
    "booleans": np.c_[B, 1 - B] == 1,
    "polars": pl.DataFrame({"a": B, "b": 1 - B}),
}


@pytest.mark.parametrize("y", MULTILABEL.values(), ids=MULTILABEL.keys())
def test_multilabel_of_every_container(y):
    np.testing.assert_array_equal(short().fit(X, y).predict_proba(X), short().fit(X, np.c_[B, 1 - B]).predict_proba(X))


# ------------------------------------------------------------------------------------------------------ missing labels

MISSING = {
    "list of strings and NaN": of("a", "b", np.nan),
    "tuple of strings and NaN": tuple(of("a", "b", np.nan)),
    "list of strings and None": of("a", "b", None),
    "list of strings and NA": of("a", "b", pd.NA),
    "list of numbers and None": of(0, 1, None),
    "list of numbers and NA": of(0, 1, pd.NA),
    "list of numbers and NaN": of(0, 1, np.nan),
    "list of numbers and masked": of(0, 1, np.ma.masked),
    "objects and None": objects("a", "b", None),
    "objects and NaN": objects("a", "b", np.nan),
    "objects and NA": objects("a", "b", pd.NA),
    "objects and NaT": objects("a", "b", pd.NaT),
    "objects and NaT of NumPy": objects("a", "b", np.datetime64("NaT")),
    "booleans and None": objects(True, False, None),
    "Decimal": of(Decimal(0), Decimal(1), Decimal("NaN")),
    "signalling Decimal": of(Decimal(0), Decimal(1), Decimal("sNaN")),
    "str": pd.Series(of("a", "b", None)),
    "string": pd.Series(of("a", "b", None), dtype="string"),
    "string[python]": pd.Series(of("a", "b", None), dtype="string[python]"),
    "string[pyarrow]": pd.array(of("a", "b", None), "string[pyarrow]"),
    "arrow string": pd.array(of("a", "b", None), pd.ArrowDtype(pa.string())),
    "arrow bool": pd.array(of(True, False, None), pd.ArrowDtype(pa.bool_())),
    "Int64": pd.array(of(0, 1, None), "Int64"),
    "boolean": pd.array(of(True, False, None), "boolean"),
    "Float64": pd.array(of(0.0, 1.0, None), "Float64"),
    "category": pd.Categorical(of("a", "b", None)),
    "frame": pd.DataFrame({"y": of("a", "b", None)}),
    "polars strings": pl.Series(of("a", "b", None)),
    "polars integers": pl.Series(of(0, 1, None)),
    "polars booleans": pl.Series(of(True, False, None)),
    "polars categories": pl.Series(of("a", "b", None), dtype=pl.Categorical),
    "pyarrow strings": pa.array(of("a", "b", None)),
    "pyarrow integers": pa.array(of(0, 1, None)),
    "pyarrow dictionary": pa.array(of("a", "b", None)).dictionary_encode(),
    "StringDType": np.array(of("a", "b", None), np.dtypes.StringDType(na_object=None)),
    "mask": np.ma.masked_array(np.resize([0, 1, 0], N), mask=np.resize([False, False, True], N)),
    "mask of objects": np.ma.masked_array(objects("a", "b", "c"), mask=np.resize([False, False, True], N)),
    "floats": np.resize([0.0, 1.0, np.nan], N),
    "several columns": np.c_[B, np.resize([0.0, 1.0, np.nan], N)],
    "several columns of objects": np.c_[B.astype(object), objects(0, 1, None)],
}
WHERE = r"contains missing values in 10 of 30 rows: 2, 5, 8, 11, 14, \.\.\. \(the first row is 0\)"


@pytest.mark.parametrize("y", MISSING.values(), ids=MISSING.keys())
@pytest.mark.parametrize("make", [classifier, regressor])
def test_missing_targets_are_counted(make, y):
    with pytest.raises(ValueError, match=f"^Input y contains NaN: y {WHERE}") as caught:
        make(max_iter=2).fit(X, y)
    assert len(str(caught.value)) < 300
    whole = np.resize(["a", "b"], N) if make is classifier else X[:, 0]
    with pytest.raises(ValueError, match=f"^Input y_val contains NaN: y_val {WHERE}"):
        make(max_iter=2, early_stopping=True).fit(X, whole, X_val=X, y_val=y)


def test_missing_classes_are_counted():
    with pytest.raises(ValueError, match=r"^Input classes contains NaN: classes contains missing .* 1 of 2 rows: 1 \("):
        short().partial_fit(X, B, classes=["a", None])


def test_missing_targets_in_sparse_rows():
    y = sparse.csr_matrix(np.c_[B, np.resize([0.0, 1.0, np.nan], N)])
    with pytest.raises(ValueError, match=f"^Input y contains NaN: y {WHERE}"):
        short().fit(X, y)


# --------------------------------------------------------------------------------------------------------- other kinds

DAYS = pd.date_range("2020", periods=2).repeat(N // 2)
SEVERAL = r" For several labels in a row use sklearn\.preprocessing\.MultiLabelBinarizer\."
OTHER = {
    "sets": (of({"a"}, {"b"}), r"set objects such as \{'a'\}\." + SEVERAL),
    "frozensets": (of(frozenset("a"), frozenset("b")), r"frozenset objects.*" + SEVERAL),
    "ragged lists": (of(["a", "b"], ["a"]), r"list objects such as \['a', 'b'\]\." + SEVERAL),
    "ragged lists of numbers": (of([1], [1, 2]), r"list objects such as \[1\]\." + SEVERAL),
    "deeply ragged lists": (of([[1], [1, 2]], [[1]]), r"list objects.*" + SEVERAL),
    "ragged tuples": (of(("a",), ("a", "b")), r"tuple objects such as \('a',\)\." + SEVERAL),
    "objects that are lists": (pd.Series(of(["a"], ["a", "b"])), r"list objects.*" + SEVERAL),
    "objects that are arrays": (pd.Series(of(np.array(["a"]), np.array(["b"]))), r"ndarray objects.*" + SEVERAL),
    "dicts": (of({"a": 1}, {"b": 2}), r"dict objects such as \{'a': 1\}\." + SEVERAL),
    "polars lists": (pl.Series([["a"], ["b", "c"]] * (N // 2)), r"ndarray objects.*" + SEVERAL),
    "polars structs": (pl.Series([{"a": 1}, {"a": 0}] * (N // 2)), r"dict objects.*" + SEVERAL),
    "pyarrow lists": (pa.array(of(["a"], ["a", "b"])), r"ndarray objects.*" + SEVERAL),
    "bytes": (of(b"a", b"b"), r"bytes objects such as b'a'\. Decode"),
    "bytes and str": (of(b"a", "b"), r"bytes objects such as b'a'\. Decode"),
    "array of bytes": (np.array(of(b"a", b"b")), r"bytes\. Decode"),
    "bytearrays": (of(bytearray(b"a"), bytearray(b"b")), r"bytearray objects such as bytearray\(b'a'\)\. Decode"),
    "memoryviews": (of(memoryview(b"a"), memoryview(b"b")), "memoryview objects such as <memory at"),
    "scalars of pyarrow": (list(pa.array(of("a", "b"))), r"StringScalar objects such as <pyarrow\.StringScalar: 'a'>"),
    "polars frame of structs": (pl.DataFrame({"y": of({"a": 1}, {"a": 0})}), r"dict objects.*" + SEVERAL),
    "dates": (DAYS, r"dates, times or durations \(datetime64\[[a-z]+\]\)"),
    "dates in a list": (of(datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)), "date objects such as datetime"),
    "dates with a zone": (DAYS.tz_localize("UTC"), "Timestamp objects such as Timestamp"),
    "durations": (pd.to_timedelta(B, unit="D"), r"dates, times or durations \(timedelta64\[[a-z]+\]\)"),
    "missing dates": (pd.Series(DAYS).where(B == 1), r"dates, times or durations \(datetime64\[[a-z]+\]\)"),
    "Period": (pd.Series(pd.PeriodIndex(DAYS, freq="D")), r"Period objects such as Period\('2020-01-01', 'D'\)\."),
    "Interval": (pd.cut(X[:, 0], 3), r"Interval objects such as Interval\(.*\)\."),
    "IntervalArray": (pd.arrays.IntervalArray.from_breaks(range(N + 1)), r"Interval objects such as Interval\("),
    "records": (np.array(of((1, "a"), (2, "b")), [("f", "i4"), ("g", "U1")]), r"records with the fields \['f', 'g'\]"),
    "Enum": (of(Plain.A, Plain.B), r"Plain objects such as <Plain\.A: 'a'>\. Take the value"),
    "functions": (of(len, max), "builtin_function_or_method objects"),
    "long objects": (of("x" * 999, object(), 1), "object objects"),
}


@pytest.mark.parametrize("y, message", OTHER.values(), ids=OTHER.keys())
def test_other_kinds_of_labels_are_named(y, message):
    """The target, what was found and what is allowed; in any argument with labels."""
    message = "must hold strings, integers or booleans, got " + message
    for name, call in (
        ("y", lambda: short().fit(X, y)),
        ("y", lambda: short().partial_fit(X, y, classes=[0, 1])),
        ("classes", lambda: short().partial_fit(X, B, classes=y)),
        ("y_val", lambda: short(early_stopping=True).fit(X, B, X_val=X, y_val=y)),
        ("y", lambda: short().fit(X, B).score(X, y)),
    ):
        with pytest.raises(TypeError, match=f"^{name} {message}") as caught:
            call()
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("y, message", OTHER.values(), ids=OTHER.keys())
def test_other_kinds_of_values_are_named(y, message):
    message = message.removesuffix(SEVERAL).replace("Decode", "Replace them by numbers")
    for name, call in (
        ("y", lambda: regressor(max_iter=2).fit(X, y)),
        ("y_val", lambda: regressor(max_iter=2, early_stopping=True).fit(X, B, X_val=X, y_val=y)),
    ):
        with pytest.raises(TypeError, match=f"^{name} must hold numbers, got {message}") as caught:
            call()
        assert len(str(caught.value)) < 300


COMPLEX = {
    "array": (B + 1j, "complex128"),
    "without imaginary part": (B + 0j, "complex128"),
    "columns": (np.c_[B + 0j, B], "complex128"),
    "list": (of(1j, 2), "the complex number 1j"),
    "objects": (objects(1j, 2), "the complex number 1j"),
    "objects of NumPy": (objects(np.complex64(1j), 2), "the complex number 1j"),
    "frame": (pd.DataFrame({"a": B, "b": B + 1j}), "complex128"),
}


@pytest.mark.parametrize("y, found", COMPLEX.values(), ids=COMPLEX.keys())
@pytest.mark.parametrize("make", [classifier, regressor])
def test_complex_targets_are_named(make, y, found):
    what = "strings, integers or booleans" if make is classifier else "numbers"
    with pytest.raises(ValueError, match=f"^Complex data not supported: y must hold {what}, got {found}") as caught:
        make(max_iter=2).fit(X, y)
    assert len(str(caught.value)) < 300


def test_complex_sparse_labels_are_named():
    with pytest.raises(ValueError, match=r"^Complex data not supported: y must hold strings, .*, got complex128"):
        short().fit(X, sparse.csr_matrix(np.c_[B * 1j, B]))


SHAPES = {
    "number": (5, "a single scalar 5"),
    "string": ("abc", "a single scalar 'abc'"),
    "0-d array": (np.array(3), "a single scalar 3"),
    "dict": (dict(enumerate(B)), "a single dict object"),
    "set": ({0, 1}, "a single set object"),
    "generator": ((b for b in B), "a single generator object"),
    "keys": (dict(enumerate(B)).keys(), "a single dict_keys object"),
}


@pytest.mark.parametrize("y, found", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("make", [classifier, regressor])
def test_what_has_no_rows_is_named(make, y, found):
    with pytest.raises(TypeError, match=f"^y must be an array or list with one entry per row, got {found}"):
        make(max_iter=2).fit(X, y)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_shapes_are_named(make):
    with pytest.raises(ValueError, match=r"^y must have one or two dimensions, got an array of shape \(30, 2, 2\)"):
        make(max_iter=2).fit(X, np.zeros((N, 2, 2)))
    with pytest.raises(ValueError, match=r"^y must have rows and columns, found .* 0 column\(s\), shape \(30, 0\)"):
        make(max_iter=2).fit(X, np.zeros((N, 0)))
    with pytest.raises(ValueError, match=r"^y must have rows and columns, found .* 0 sample\(s\), shape \(0,\)"):
        make(max_iter=2).fit(X, [])
    for y in (B.reshape(1, -1), [B.tolist()], pd.DataFrame([B])):
        with pytest.raises(ValueError, match=r"^X and y have .* \[30, 1\]. y needs an entry .* shape \(1, 30\)"):
            make(max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"^X_val and y_val have .* \[30, 29\]. y_val needs .* row of X_val, got .*29"):
        make(max_iter=2, early_stopping=True).fit(X, B, X_val=X, y_val=B[1:])


# ------------------------------------------------------------------------------------------------------ several kinds

MIXED = {
    "1 and '1'": (of(1, "1", "x"), "'1' and 1"),
    "bool": (of(True, "x"), "'x' and True"),
    "float": (of(1.5, "x"), "'x' and 1.5"),
    "Enum": (of(Level.LOW, "x"), "'x' and <Level.LOW: 0>"),
    "np.str_": (of(np.str_("x"), 1), "'x' and 1"),
    "long": (of("x" * 999, 1), "'xxxxx"),
}


@pytest.mark.parametrize("y, found", MIXED.values(), ids=MIXED.keys())
@pytest.mark.parametrize("form", [list, tuple, deque, lambda y: np.array(y, dtype=object), pd.Series, pl.Series])
def test_mixed_labels_are_refused_in_every_container(form, y, found):
    if form is pl.Series:
        form = lambda y: pl.Series(y, dtype=pl.Object)  # noqa: E731
    message = f"holds labels of several kinds, such as {found}"
    for name, call in (
        ("y", lambda: short().fit(X, form(y))),
        ("classes", lambda: short().partial_fit(X, B, classes=form(y))),
        ("y_val", lambda: short(early_stopping=True).fit(X, B, X_val=X, y_val=form(y))),
    ):
        with pytest.raises(TypeError, match=f"^{name} {message}") as caught:
            call()
        assert len(str(caught.value)) < 300


def test_strings_are_no_values():
    for y, found in ((of("a", "b"), "'a'"), (of(1, "1.5"), "'1.5'"), (pd.Series(of(Letter.FIRST)), "'a'")):
        with pytest.raises(ValueError, match=f"^y must hold numbers, got the string {found}"):
            regressor(max_iter=2).fit(X, y)


def test_messages_about_labels_are_short():
    """However long and many they are."""
    names = [f"{i}" * 200 for i in range(N)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = short().fit(X, names)
    for call in (
        lambda: model.partial_fit(X, ["other" * 200] * N),
        lambda: model.partial_fit(X, names, classes=["other" * 200] * N),
    ):
        with pytest.raises(ValueError, match="class") as caught:
            call()
        assert len(str(caught.value)) < 300


# ----------------------------------------------------------------------------------------------------- several columns

COLUMNS = {
    "integers": (np.c_[B, np.arange(N) % 3], "2"),
    "1 and 2": (np.c_[B, 1 - B] + 1, "2"),
    "-1 and 1": (2 * np.c_[B, 1 - B] - 1, "-1"),
    "strings": (np.array(of(["spam", "dog"], ["eggs", "cat"])), "'spam'"),
    "lists": (of(["spam", "dog"], ["eggs", "cat"]), "'spam'"),
    "frame": (pd.DataFrame({"a": of("a", "b"), "b": of("x", "y", "z")}), "'a'"),
    "mixed frame": (pd.DataFrame({"a": of("a", "b"), "b": B}), "'a'"),
    "mixed lists": (of(["a", 1], ["b", 2]), "'a'"),
    "polars": (pl.DataFrame({"a": of("a", "b"), "b": B}), "'a'"),
    "strings of digits": (np.c_[B, 1 - B].astype(str), "'0'"),
    "sparse": (sparse.csr_matrix(2 * np.c_[B, 1 - B]), "2"),
}


@pytest.mark.parametrize("y, found", COLUMNS.values(), ids=COLUMNS.keys())
def test_columns_of_classes_are_told_what_to_use(y, found):
    message = (
        r"with several columns must hold 0 and 1 only \(multilabel, as sklearn\.preprocessing\.MultiLabelBinarizer "
        rf"makes it\), got shape \(30, 2\) with {found}\. For several columns of classes use "
        r"sklearn\.multioutput\.MultiOutputClassifier or ClassifierChain\."
    )
    with pytest.raises(ValueError, match=f"^y {message}$") as caught:
        short().fit(X, y)
    assert len(str(caught.value)) < 300
    with pytest.raises(ValueError, match=f"^y_val {message}$"):
        short(early_stopping=True).fit(X, np.c_[B, 1 - B], X_val=X, y_val=y)


def test_continuous_labels_are_named():
    for y in (X[:, 0], X[:, 0].astype(object), of(Fraction(1, 2), 1), pd.array(X[:, 0], "Float64")):
        with pytest.raises(ValueError, match=r"^y: Unknown label type: continuous\. .* in y, got the number"):
            short().fit(X, y)
    with pytest.raises(ValueError, match=r"^y: Unknown label type: continuous-multioutput"):
        short().fit(X, X)


def test_sparse_columns():
    with pytest.raises(TypeError, match=r"^y must be dense where it is one column, .* use y\.toarray\(\)"):
        short().fit(X, sparse.csr_matrix(B[:, None]))
    with pytest.raises(TypeError, match=r"^y must be dense in regression"):
        regressor().fit(X, sparse.csr_matrix(B[:, None]))


# -------------------------------------------------------------------------------------------------------------- values

VALUES = {
    "Decimal": of(Decimal("0.5"), Decimal("1.25")),
    "Fraction": of(Fraction(1, 2), Fraction(5, 4)),
    "objects": objects(0.5, 1.25),
    "Float64": pd.array(of(0.5, 1.25), "Float64"),
    "double[pyarrow]": pd.Series(of(0.5, 1.25), dtype="double[pyarrow]"),
    "polars Decimal": pl.Series(of(Decimal("0.50"), Decimal("1.25"))),
    "pyarrow": pa.array(of(0.5, 1.25)),
}


@pytest.mark.skipif(not hasattr(pl, "Int128"), reason="polars has no such integers")
@pytest.mark.parametrize("make", [classifier, regressor])
def test_integers_of_128_bits(make):
    """NumPy has no such dtype, and what fits into 64 bits is a number like others."""
    expected = make(max_iter=2).fit(X, B).predict(X)
    series = pl.Series(B, dtype=pl.Int128)
    np.testing.assert_array_equal(make(max_iter=2).fit(X, series).predict(X), expected)
    np.testing.assert_array_equal(np.ravel(make(max_iter=2).fit(X, series.to_frame()).predict(X)), expected)


@pytest.mark.parametrize("y", VALUES.values(), ids=VALUES.keys())
def test_values_of_every_container(y):
    expected = regressor(max_iter=2).fit(X, of(0.5, 1.25)).predict(X)
    np.testing.assert_array_equal(regressor(max_iter=2).fit(X, y).predict(X), expected)


def test_readers_make_no_copies_of_arrays():
    for read, y in ((read_labels, B), (read_values, X[:, 0])):
        assert np.shares_memory(read(y), y)


def test_a_failure_leaves_the_model_as_it_was():
    model = short().fit(X, B)
    before = clone(model).fit(X, B).predict_proba(X)
    with pytest.raises(TypeError):
        model.fit(X, of({"a"}, {"b"}))
    np.testing.assert_array_equal(model.predict_proba(X), before)
