"""What a `TabularEncoder` learns: from a table at once, or from the rows of a stream."""

import copy

import numpy as np

from .columns import categorical_mask, split
from .dates import date_kinds
from .levels import CategoricalColumns
from .numbers import NumericColumns
from .output import table_of
from .reading import read_columns
from .refusals import of_table, remark_on_levels
from .stream import TableStream
from .tables import column_names


def learn(encoder, X, weight, rows, is_stream):
    """An encoder fitted to its first table.

    Parameters
    ----------
    encoder : TabularEncoder
        It stays as it is, and what it has learnt before does not count.
    X : {ndarray, DataFrame, sparse matrix} of shape (n_rows, n_columns)
        A table that `check_table` has passed.
    weight : ndarray of shape (n_rows,) or None
    rows : ndarray of int or None
        The rows to learn from, all of a weight above zero; None for all.
    is_stream : bool
        Whether more rows are to come.

    Returns
    -------
    fitted : TabularEncoder
        A copy that is fitted.
    table : Table
        All rows of X as they are read.
    """
    names, categorical_features = column_names(X), encoder.categorical_features
    by_dtype = categorical_features is None or isinstance(categorical_features, str)
    with of_table("X"):
        columns = read_columns(X, names, as_matrix=by_dtype)
        kinds = date_kinds(columns, names, allowed=encoder.dates == "parts")
    is_categorical = categorical_mask(categorical_features, columns, names)
    weight = weight if weight is None or rows is None else weight[rows]
    n_one_hot, high_cardinality = encoder.max_one_hot_levels, encoder.high_cardinality
    with of_table("X"):
        table = split(columns, is_categorical, names, kinds)
        encoder = copy.copy(encoder)
        encoder.date_kinds_ = kinds
        if is_stream:
            stream = TableStream.begin(table, rows, weight, n_one_hot, high_cardinality == "embed")
            return _with_stream(encoder, is_categorical, stream), table
        weight = None if weight is None or np.ptp(weight) == 0 else weight
        numeric = NumericColumns.learn(table.numbers, rows, weight, table.number_names, table.may_be_indicated)
        categorical = CategoricalColumns.learn(table.categories, rows, weight, n_one_hot, high_cardinality)
        return with_columns(encoder, is_categorical, numeric, categorical), table


def _with_stream(encoder, is_categorical, stream):
    return with_columns(encoder, is_categorical, stream.numeric_columns(), stream.categorical_columns(), stream)


def with_columns(encoder, is_categorical, numeric, categorical, stream=None):
    """A copy of an encoder that encodes these columns."""
    fitted = copy.copy(encoder)
    fitted.is_categorical_, fitted._stream = is_categorical, stream
    fitted.numeric_columns_, fitted.categorical_columns_ = numeric, categorical
    fitted.n_numeric_, fitted.center_, fitted.scale_ = len(numeric.scale), numeric.center, numeric.scale
    levels = iter([table.levels for table in categorical.tables])
    fitted.levels_ = [next(levels) if each else None for each in is_categorical]
    n_levels = categorical.n_levels
    first_code = numeric.n_encoded + categorical.n_encoded - len(n_levels)
    fitted.embedded_features_ = list(enumerate(n_levels, start=first_code))
    return fitted


def learn_more(encoder, X, weight, rows):
    """A fitted encoder that knows some more rows, too.

    Parameters
    ----------
    encoder : TabularEncoder
        Fitted; it stays as it is.
    X, weight, rows
        As in `learn`.

    Returns
    -------
    encoder : TabularEncoder
        Another one, or the same if it does not learn from a stream.
    table : Table
        All rows of X as they are read.
    messages : list of str
        What to warn of.
    """
    with of_table("X"):
        table = table_of(encoder, X)
        if encoder._stream is None:
            return encoder, table, []
        weight = weight if weight is None or rows is None else weight[rows]
        stream, messages = encoder._stream.after(table, rows, weight)
        return _with_stream(encoder, encoder.is_categorical_, stream), table, messages


def remarks(encoder):
    """What to warn of after a fit: a list of messages about columns that are categories by their dtype."""
    if not isinstance(encoder.categorical_features, str):
        return []
    names = getattr(encoder, "feature_names_in_", range(encoder.n_features_in_))
    columns = zip(encoder.levels_, names, strict=True)
    found = [remark_on_levels(levels, name) for levels, name in columns if levels is not None]
    return [message for message in found if message]
