"""The columns of a table, sorted into numbers and categories."""

from dataclasses import dataclass
from itertools import compress

import numpy as np
from scipy import sparse

from .._objects import shown
from .._parts import did_you_mean
from . import dates
from .refusals import dates_error


@dataclass
class Coded:
    """A column of categories.

    Parameters
    ----------
    labels : ndarray
        The values that the column may hold: strings (dtype object) or numbers, none of them missing.
    codes : ndarray of int of shape (n_rows,)
        Index of each row's value in ``labels``; -1 where it is missing.
    """

    labels: np.ndarray
    codes: np.ndarray


@dataclass
class Table:
    """A table sorted into numeric and categorical columns.

    Parameters
    ----------
    numbers : {ndarray, sparse matrix} of shape (n_rows, n_numeric)
        The numeric columns, of any dtype of numbers; float32 only if each of them is. NaN where a value is missing.
    categories : list of Coded
        The categorical columns.
    number_names, category_names : sequences
        What messages call them.
    may_be_indicated : ndarray of bool of shape (n_numeric,), default=None
        Which numeric columns may get an indicator of missing values; None for all of them.
    """

    numbers: np.ndarray
    categories: list
    number_names: list
    category_names: list
    may_be_indicated: np.ndarray | None = None


def categorical_mask(categorical_features, columns, names):
    """Mask of the categorical columns, from the parameter ``categorical_features``."""
    mask = np.zeros(len(names), bool)
    if categorical_features is None:
        return mask
    if isinstance(categorical_features, str):  # "from_dtype"
        mask[:] = [isinstance(column, Coded) for column in columns] if isinstance(columns, list) else False
        return mask
    features = np.asarray(categorical_features)
    if features.dtype.kind == "b":
        if features.shape != mask.shape:
            raise ValueError(
                f"categorical_features as a mask must have shape ({len(names)},), as X has {len(names)} columns, got "
                f"shape {features.shape}."
            )
        mask[:] = features
    else:
        mask[[_column_index(feature, names) for feature in features.ravel().tolist()]] = True
    if mask.any() and sparse.issparse(columns):
        raise ValueError("categorical_features must be empty for a sparse X: make it a dense array.")
    return mask


def _column_index(feature, names):
    """Index of a column given by its index or name."""
    is_index = isinstance(feature, int) and not isinstance(feature, bool)
    if is_index and 0 <= feature < len(names):
        return feature
    if isinstance(feature, str) and feature in names:
        return list(names).index(feature)
    of_x = "without names" if isinstance(names, range) else names if len(names) <= 20 else shown(names)
    hint = did_you_mean(feature, names) if isinstance(feature, str) else ""
    raise ValueError(
        f"categorical_features must hold names or indices of columns, or be a mask, got {feature!r}; the {len(names)} "
        f"columns of X are {of_x}.{hint}"
    )


def split(columns, is_categorical, names, date_kinds=None):
    """A `Table` from what `read_columns` returns, a mask of the categorical columns, and the kinds of dates of each."""
    if not is_categorical.any() and not isinstance(columns, list):
        return Table(columns, [], names, [])
    if isinstance(columns, np.ndarray):
        columns = list(columns.T)
    is_categorical = is_categorical.tolist()
    is_numeric = [not categorical for categorical in is_categorical]
    number_names, category_names = list(compress(names, is_numeric)), list(compress(names, is_categorical))
    numeric = zip(compress(columns, is_numeric), number_names, strict=True)
    categories = [as_coded(c, name) for c, name in zip(compress(columns, is_categorical), category_names, strict=True)]
    if date_kinds is not None:
        kinds = list(compress(date_kinds, is_numeric))
        numbers = [
            part
            for (column, name), kind in zip(numeric, kinds, strict=True)
            for part in ([as_numbers(column, name)] if kind is None else dates.as_parts(column, name, kind))
        ]
        number_names = dates.expanded_names(number_names, kinds)[0].tolist()
        matrix, mask = _stack(numbers, _n_rows(columns[0])), dates.may_be_indicated(kinds)
        return Table(matrix, categories, number_names, category_names, mask)
    numbers = [as_numbers(column, name) for column, name in numeric]
    return Table(_stack(numbers, _n_rows(columns[0])), categories, number_names, category_names)


def _stack(numbers, n_rows):
    """Arrays of numbers as the columns of a matrix; they stay contiguous."""
    all_float32 = bool(numbers) and all(column.dtype == np.float32 for column in numbers)
    matrix = np.empty((len(numbers), n_rows), np.float32 if all_float32 else np.float64)
    for row, column in zip(matrix, numbers, strict=True):
        row[...] = column
    return matrix.T


def _n_rows(column):
    return len(column.codes if isinstance(column, Coded) else column)


def as_coded(column, name):
    """A column of numbers as categories, each number one; `Coded` ones as they are."""
    if isinstance(column, dates.Dates):
        raise TypeError(
            f"Column {name!r} holds dates, times or durations, which can't be categories: leave it out of "
            "categorical_features, or make strings of them."
        )
    if isinstance(column, Coded):
        return column
    labels, codes = np.unique(column, return_inverse=True)
    if labels.dtype.kind == "f" and np.isnan(labels[-1]):
        labels, codes = labels[:-1], np.where(codes == len(labels) - 1, -1, codes)
    return Coded(labels, codes)


def as_numbers(column, name):
    """A column of categories as numbers, if all its labels are numbers or read like numbers."""
    if isinstance(column, np.ndarray):
        return column
    if isinstance(column, dates.Dates):
        raise dates_error(column.dtype, name, column.origin)
    return np.append(labels_as_numbers(column.labels, name), np.nan)[column.codes]


def labels_as_numbers(labels, name):
    """Labels as floats; ValueError with the first that does not read like a number."""
    try:
        return labels.astype(np.float64)
    except ValueError:
        wrong = next(label for label in labels if not _reads_like_number(label))
        raise ValueError(
            f"Column {name!r} must hold numbers, got {wrong!r}. If it holds categories, list it in "
            "categorical_features; if this stands for a missing value, replace it by None or NaN."
        ) from None


def _reads_like_number(label):
    try:
        float(label)
    except ValueError:
        return False
    return True
