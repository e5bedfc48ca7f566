"""The `TabularEncoder` of an estimator, which has checked the table itself: no check is made twice."""

import copy

import numpy as np

from .._compat import check_parameters
from .._weights import nonzero_rows
from .encoder import TabularEncoder
from .learning import learn, learn_more
from .output import encode_table


def fit_checked(categorical_features, X, weight, rows, dtype, feature_names, is_stream=False):
    """A new encoder fitted to some rows of a table that `check_table` has passed, and all rows encoded.

    Parameters
    ----------
    categorical_features
        The encoder's parameter.
    X : {ndarray, DataFrame, sparse matrix} of shape (n_rows, n_columns)
    weight : ndarray of shape (n_rows,) or None
        Checked.
    rows : ndarray of int or None
        The rows to learn from, all of a weight above zero. None: every row of such a weight.
    dtype : dtype
        Of the encoded rows.
    feature_names : ndarray of str or None
        The ``feature_names_in_`` of the encoder; not copied, so that a pickle of an estimator holds them once.
    is_stream : bool, default=False
        Whether more rows are to come, as with `TabularEncoder.partial_fit`.

    Returns
    -------
    encoder : TabularEncoder
    encoded : {ndarray, CSR matrix} of shape (n_rows, n_encoded)
    """
    encoder = with_columns_of(TabularEncoder(categorical_features), X.shape[1], feature_names)
    rows = nonzero_rows(weight) if rows is None else np.sort(rows)
    encoder, table = learn(encoder, X, weight, rows, is_stream)
    return encoder, encode_table(encoder, table, dtype)


def with_columns_of(encoder, n_columns, feature_names):
    """The encoder, not fitted, which now knows the columns of a table, as the estimator has checked them."""
    check_parameters(encoder)
    encoder.n_features_in_ = n_columns
    if feature_names is not None:
        encoder.feature_names_in_ = feature_names
    return encoder


def learn_more_checked(encoder, X, weight, rows, dtype):
    """What an encoder knows after some more rows of a stream, and these rows encoded.

    Parameters
    ----------
    encoder : TabularEncoder
        Fitted; it stays as it is.
    X, weight, rows, dtype
        As in `fit_checked`.

    Returns
    -------
    encoder : TabularEncoder
        Another one.
    encoded : {ndarray, CSR matrix} of shape (n_rows, n_encoded)
    messages : list of str
        What to warn of.
    """
    encoder, table, messages = learn_more(encoder, X, weight, rows)
    return encoder, encode_table(encoder, table, dtype), messages


def frozen(encoder):
    """A copy of a fitted encoder that learns no more."""
    encoder = copy.copy(encoder)
    encoder._stream = None
    return encoder
