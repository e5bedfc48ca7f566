"""Tables that can't be used: errors that name X and the column, and say what was found and what is allowed."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann._objects import as_objects

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROWS = 40
WIDE = pd.DataFrame({"number": np.arange(float(ROWS))})


def beside(values):
    values = values if hasattr(values, "dtype") else pd.Series(values * (ROWS // len(values)), dtype=object)
    return WIDE.assign(odd=values)


UNUSABLE = {
    "sets": (beside([{"a"}, {"b"}]), "'odd' holds set objects"),
    "lists": (beside([["a"], ["b", "c"]]), "'odd' holds list objects"),
    "dicts": (beside([{"a": 1}, {}]), "'odd' holds dict objects"),
    "bytes": (beside([b"a", b"b"]), "'odd' holds bytes objects"),
    "lists of bytes": ([[1, b"a"], [2, b"b"]] * 20, "1 holds bytes objects"),
    "bytes beyond ASCII": (np.array([["\u00e9".encode()]] * ROWS), "0 holds bytes objects"),
    "Period": (beside(pd.Series(pd.period_range("2020", periods=ROWS))), "'odd' holds Period objects"),
    "Interval": (beside(pd.arrays.IntervalArray.from_breaks(range(ROWS + 1))), "'odd' holds Interval objects"),
    "complex": (beside(pd.Series(np.arange(ROWS) + 1j)), "'odd' holds complex objects.* Complex data not supported"),
    "complex objects": (beside([1j, 2]), "'odd' holds complex objects.* Complex data not supported"),
    "complex64 objects": (beside([np.complex64(1), 2]), "'odd' holds complex64 objects.* Complex data not supported"),
    "array of complex objects": (
        as_objects([[1.0, 1j]] * ROWS),
        "1 holds complex objects.* Complex data not supported",
    ),
    "dates": (beside([datetime.date(2020, 1, 1)]), r"'odd' holds dates, times or durations \(date\)"),
    "dates of NumPy": (beside([np.datetime64("2020")]), r"'odd' holds dates, times or durations \(datetime64\)"),
    "array of dates": (as_objects([[1.0, datetime.date(2020, 1, 1)]] * ROWS), r"1 holds dates, times or durations"),
    "polars lists": (pl.DataFrame({"odd": [["a"], ["b", "c"]] * 20}), "'odd' holds list objects"),
    "polars structs": (pl.DataFrame({"odd": [{"a": 1}, {"a": 2}] * 20}), "'odd' holds dict objects"),
    "long name": (beside([{1}]).rename(columns={"odd": "o" * 999}), r"'oooo.*\.\.\.' holds set objects"),
}


@pytest.mark.parametrize("encoder", ["auto", None])
@pytest.mark.parametrize("X, message", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_messages_name_the_column(X, message, encoder):
    """X and the column, what was found, what is allowed; with an encoder and without."""
    y, start = np.arange(ROWS) % 2, "X: " if encoder else "X must hold numbers: "
    if encoder is None and "dict" in message and pl.__version__ == "1.0.0":
        pytest.skip("polars 1.0 turns structs into numbers")
    with pytest.raises(TypeError, match=rf"^{start}Column {message}.* Replace it by ") as caught:
        ANNClassifier(max_iter=1, n_estimators=1, encoder=encoder).fit(X, y)
    assert len(str(caught.value)) < 300


COMPLEX = {
    "array": np.ones((ROWS, 2)) + 1j,
    "list": [[1.0, 1j]] * ROWS,
    "sparse": sparse.csr_matrix(np.ones((ROWS, 2)) + 1j),
}
SHAPES = {
    "ragged": ([[1.0], [1.0, 2.0]] * 20, r"X must have rows of the same length, got .* rows of \[1, 2\] entries"),
    "ragged strings": ([["a"], ["a", "b"]] * 20, r"X must have rows of the same length, got .* \[1, 2\] entries"),
    "one dimension": (np.arange(float(ROWS)), r"Expected 2D array, got 1D array instead: X has shape \(40,\)"),
    "Series": (pd.Series(range(ROWS)), r"Expected 2D array, got 1D .* X.to_frame\(\) makes one column of this Series"),
    "polars Series": (
        pl.Series(range(ROWS)),
        r"Expected 2D array, got 1D .* X.to_frame\(\) makes one column of this",
    ),
    "sparse, one dimension": (sparse.coo_array(np.ones(ROWS)), r"Expected 2D array, got 1D .* X has shape \(40,\)"),
    "three dimensions": (np.ones((ROWS, 2, 2)), r"Expected 2D array, got 3D .* X has 3 dimensions, shape \(40, 2, 2\)"),
    "lists of lists of lists": (
        [[[1.0]]] * ROWS,
        r"Expected 2D array, got 3D .* X has 3 dimensions, shape \(40, 1, 1\)",
    ),
    "float64": (np.float64(3), r"Expected 2D array, got scalar instead: X is a single float64 object, 3\.0"),
    "array of no dimension": (np.array(3.0), r"Expected 2D array, got scalar instead: X is a single ndarray object"),
    "string": ("table.csv", r"Expected 2D array, got scalar instead: X is a single str object, 'table\.csv'"),
    "None": (None, r"Expected 2D array, got scalar instead: X is a single NoneType object, None"),
    "dict": ({"a": range(ROWS)}, r"Expected 2D array, got scalar instead: X is a single dict object, \{'a'"),
    "generator": ((row for row in [[1.0]] * ROWS), r"Expected 2D array, got scalar instead: X is a single generator"),
    "no rows": (np.ones((0, 3)), r"X: Found array with 0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is requ"),
    "no columns": (np.ones((ROWS, 0)), r"X: Found array with 0 feature\(s\) \(shape=\(40, 0\)\)"),
    "empty DataFrame": (pd.DataFrame(), r"X: Found array with 0 sample\(s\) \(shape=\(0, 0\)\)"),
    "records": (np.ones(ROWS, [("f", int), ("g", int)]), r"X holds records with the fields \['f', 'g'\]"),
}


@pytest.mark.parametrize("encoder", ["auto", None])
@pytest.mark.parametrize("X", COMPLEX.values(), ids=COMPLEX.keys())
def test_complex_arrays_are_named(X, encoder):
    with pytest.raises(ValueError, match=r"^Complex data not supported: X holds complex128") as caught:
        ANNClassifier(max_iter=1, n_estimators=1, encoder=encoder).fit(X, np.arange(ROWS) % 2)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("encoder", ["auto", None])
@pytest.mark.parametrize("X, message", SHAPES.values(), ids=SHAPES.keys())
def test_tables_without_columns_are_named(X, message, encoder):
    model, y = ANNClassifier(max_iter=1, n_estimators=1, encoder=encoder), np.arange(ROWS) % 2
    with pytest.raises(ValueError, match=f"^{message}") as caught:
        model.fit(X, y)
    assert len(str(caught.value)) < 300
    if X is not None:
        with pytest.raises(ValueError, match=f"^{message.replace('X', 'X_val')}") as caught:
            model.fit(WIDE, y, X_val=X, y_val=y)
        assert len(str(caught.value)) < 300
    with pytest.raises(ValueError, match=f"^{message}"):
        model.fit(WIDE.to_numpy(), y).predict(X)


def test_long_strings_are_cut():
    for values in (["a" * 999, 1], ["a" * 999, "b"]):
        with pytest.raises((TypeError, ValueError), match="'odd'") as caught:
            ANNClassifier(encoder=None if values[1] == "b" else "auto").fit(beside(values), np.arange(ROWS) % 2)
        assert len(str(caught.value)) < 300


# ------------------------------------------------------------------------------------------ messages that name a table

WITH_GAPS = np.arange(4.0 * ROWS).reshape(ROWS, 4)
WITH_GAPS[[7, 3, 3], [0, 1, 2]] = np.nan
WITH_INFINITY = np.where(np.isnan(WITH_GAPS), np.inf, WITH_GAPS)
NULLS = pd.array([1, *[None] * 3, *range(ROWS - 4)], dtype="Int64")
MISSING = {
    "array": (WITH_GAPS, "3 of them, the first in row 3 of column 1"),
    "list": (WITH_GAPS.tolist(), "3 of them, the first in row 3 of column 1"),
    "float32": (WITH_GAPS.astype(np.float32), "3 of them, the first in row 3 of column 1"),
    "objects": (np.where(np.isnan(WITH_GAPS), None, WITH_GAPS), "3 of them, the first in row 3 of column 1"),
    "NA": (as_objects([[pd.NA], *[[1]] * (ROWS - 1)]), "1 of them, the first in row 0 of column 0"),
    "mask": (
        np.ma.masked_array(np.ones((ROWS, 1)), np.arange(ROWS) > 37),
        "2 of them, the first in row 38 of column 0",
    ),
    "CSR": (sparse.csr_matrix(WITH_GAPS), "3 of them, the first in row 3 of column 1"),
    "CSC": (sparse.csc_array(WITH_GAPS), "3 of them, the first in row 3 of column 1"),
    "COO": (sparse.coo_array(WITH_GAPS), "3 of them, the first in row 3 of column 1"),
    "pandas": (pd.DataFrame(WITH_GAPS, columns=list("abcd")), "3 of them, the first in row 3 of column 'b'"),
    "Int64": (pd.DataFrame({"n": NULLS}), "3 of them, the first in row 1 of column 'n'"),
    "polars": (pl.DataFrame({"n": [*range(ROWS - 1), None]}), "1 of them, the first in row 39 of column 'n'"),
    "long name": (pd.DataFrame({"o" * 999: WITH_GAPS[:, 0]}), r"1 of them, the first in row 7 of column 'oo.*\.\.\.'"),
}


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])
@pytest.mark.parametrize("X, message", MISSING.values(), ids=MISSING.keys())
def test_missing_values_without_an_encoder(X, message, Estimator):
    """Where the first is and what takes them: to fit, as X_val and to predict."""
    model, y = Estimator(encoder=None, max_iter=1), np.arange(ROWS) % 2
    message = f"contains NaN, missing values: {message}.*The default encoder takes them.*sklearn.impute.SimpleImputer"
    full = np.ones((ROWS, np.shape(X)[1]))
    with pytest.raises(ValueError, match=f"^Input X {message}") as caught:
        model.fit(X, y)
    assert len(str(caught.value)) < 300
    with pytest.raises(ValueError, match=f"^Input X_val {message}") as caught:
        model.fit(full, y, X_val=X, y_val=y)
    assert len(str(caught.value)) < 300
    with pytest.raises(ValueError, match=f"^Input X {message}"):
        model.fit(full, y).predict(X)


@pytest.mark.parametrize("make", [np.array, sparse.csr_array, pd.DataFrame], ids=["array", "CSR", "pandas"])
def test_infinite_values_without_an_encoder(make):
    message = "^Input X contains infinity .* 3 of them, the first in row 3 of column 1 "
    with pytest.raises(ValueError, match=message) as caught:
        ANNClassifier(encoder=None).fit(make(WITH_INFINITY), np.arange(ROWS) % 2)
    assert len(str(caught.value)) < 300


COLUMNS = {  # what is wrong with column "odd", here or in a row to predict
    "mixture": (["a", 1], TypeError, "mixes strings and numbers, such as 'a' and 1"),
    "infinity": ([np.inf, 1.0], ValueError, "holds an infinite value"),
    "huge integer": ([10**400, 1], ValueError, "holds an integer that is too large for a float"),
    "set": ([{1}, {2}], TypeError, "holds set objects"),
    "date": ([datetime.date(2020, 1, 1)] * 2, TypeError, r"holds dates, times or durations \(date\)"),
}
FITTED_TO = {
    "numbers": (["a", "b"], [1.0, 2.0], ValueError, "must hold numbers, got 'a'"),
    "strings": ([1.0, 2.0], ["a", "b"], TypeError, r"must hold strings, as in fit \('a'\), got the number 1.0"),
}


@pytest.mark.parametrize("values, error, message", COLUMNS.values(), ids=COLUMNS.keys())
def test_columns_are_those_of_a_table(values, error, message):
    """X or X_val, of the estimator and of the encoder alone."""
    X, y = beside(values), np.arange(ROWS) % 2
    message = f": Column 'odd' {message}"
    for fit in (TabularEncoder().fit, TabularEncoder().partial_fit, TabularEncoder().fit_transform):
        with pytest.raises(error, match=f"^X{message}"):
            fit(X)
    model = ANNClassifier(max_iter=1, n_estimators=1)
    with pytest.raises(error, match=f"^X{message}"):
        model.fit(X, y)
    good = beside([1.0, 2.0])
    with pytest.raises(error, match=f"^X_val{message}"):
        model.fit(good, y, X_val=X, y_val=y)
    with pytest.raises(error, match=f"^X{message}"):
        model.fit(good, y).predict(X)


@pytest.mark.parametrize("values, before, error, message", FITTED_TO.values(), ids=FITTED_TO.keys())
def test_columns_of_another_kind_than_in_fit(values, before, error, message):
    X, good, y = beside(values), beside(before), np.arange(ROWS) % 2
    message = f": Column 'odd' {message}"
    with pytest.raises(error, match=f"^X{message}"):
        TabularEncoder().partial_fit(good).partial_fit(X)
    model = ANNClassifier(max_iter=1, n_estimators=1)
    with pytest.raises(error, match=f"^X_val{message}"):
        model.fit(good, y, X_val=X, y_val=y)
    with pytest.raises(error, match=f"^X{message}"):
        model.fit(good, y).predict(X)


def test_errors_of_parameters_do_not_speak_of_a_table():
    with pytest.raises(ValueError, match=r"^categorical_features must hold"):
        TabularEncoder(categorical_features=["none"]).fit(WIDE)
