"""X for a network: checked, then as it is or through an encoder."""

import copy
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_array, get_tags
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from .._compat import safe_indexing
from .._objects import shown
from ..engine.rows import as_rows
from . import learning
from .blocks import TableStatistics
from .checked import fit_checked, frozen, learn_more_checked, with_columns_of
from .dtypes import accepted_dtypes, cast_rows, fits
from .encoder import TabularEncoder
from .matrices import FLOATS, check_matrix
from .output import encode_checked, n_encoded
from .tables import check_table, has_columns, is_frame


class Inputs(NamedTuple):
    """The columns that the network takes: numbers first, codes of embedded categories last.

    ``directions`` (n_columns,) are the directions in which the outputs move with them, 1, -1 or 0 for any; None where
    no column has one. Of ``two_classes`` it is the second output, and the first moves against them.
    ``groups`` are the columns of which the outputs are a sum over functions; None where they may be any function.
    """

    n_columns: int
    n_numeric: int
    n_levels: tuple[int, ...] = ()
    directions: np.ndarray | None = None
    two_classes: bool = False
    groups: list[np.ndarray] | None = None


# ----------------------------------------------------------------------------------------------------------- checks


def check_X_y(X, y, encoder, caller, read, names=("X", "y")):
    """X and y after all checks but those of the encoder, to which the values of X are left.

    The columns are compared with those of an earlier call by the estimator, which knows them: see
    `_compat.check_feature_names`.

    Parameters
    ----------
    X, y
        As they are given to ``fit``.
    encoder : "auto", transformer or None
        The estimator's parameter.
    caller : str
        Name of the estimator, for messages.
    read : callable(y, name, caller) -> y
        Makes an array of y: `read_labels` or `read_values`.
    names : (str, str)
        What messages call X and y.

    Returns
    -------
    X : {ndarray, DataFrame, sparse matrix}
    y : {ndarray, CSR matrix}
    """
    if y is None:
        raise ValueError(f"This {caller} estimator requires y to be passed, but the target y is None.")
    if encoder is None:
        X = check_matrix(X, caller, accepted_dtypes(X), names[0])
    else:
        X = check_table(X, caller, names[0])
    y = read(y, names[1], caller)
    if X.shape[0] != y.shape[0]:
        raise ValueError(
            f"{names[0]} and {names[1]} have inconsistent numbers of samples: {[X.shape[0], y.shape[0]]}. {names[1]} "
            f"needs an entry for each row of {names[0]}, got an array of shape {y.shape}."
        )
    return X, y


def check_X(X, encoder, caller):
    """X to predict on, after the checks of `check_X_y`; floats if there is no encoder."""
    if encoder is not None:
        return check_table(X, caller)
    return check_matrix(X, caller, FLOATS, may_be_dates=not is_frame(X))  # pandas takes long to make a list of dtypes


def needs_no_check(X, encoder, n_features, feature_names):
    """Whether X passes all checks, `check_X` and those of its columns, which take longer than a row in the network.

    Parameters
    ----------
    X
        As it is given to ``predict``.
    encoder : transformer or None
    n_features : int
    feature_names : ndarray of str or None
        The estimator's ``n_features_in_`` and ``feature_names_in_``.
    """
    if encoder is not None:
        return has_columns(X, feature_names)
    is_float_matrix = type(X) is np.ndarray and X.ndim == 2 and X.dtype in (np.float64, np.float32)
    return (
        is_float_matrix
        and feature_names is None
        and X.shape[1] == n_features
        and len(X) > 0
        and bool(np.isfinite(np.max(X)) and np.isfinite(np.min(X)))
    )


def as_it_came(given, checked):
    """X for a later predict: a DataFrame keeps its names, all else has been made an array that can be indexed."""
    return given if hasattr(given, "columns") else checked


def input_tags(tags, encoder, dense_only):
    """scikit-learn's tags of what X may be.

    Parameters
    ----------
    tags : InputTags
        Those of an estimator without an encoder.
    encoder : "auto", transformer or None
    dense_only : bool
        Whether the network takes no sparse rows.
    """
    if encoder is None:
        return replace(tags, sparse=not dense_only)
    encoder = TabularEncoder() if isinstance(encoder, str) else encoder
    own = get_tags(encoder).input_tags
    allow_nan = isinstance(encoder, TabularEncoder)  # others may let NaN pass, which the network can't take
    sparse_too = own.sparse and not dense_only
    return replace(tags, sparse=sparse_too, string=own.string, categorical=own.categorical, allow_nan=allow_nan)


# --------------------------------------------------------------------------------------------------------- encoding


def fit_encoder(encoder, categorical_features, X, weight, rows, dtype, feature_names=None, is_stream=False):
    """Fit the encoder to the training rows, and encode all rows.

    Parameters
    ----------
    encoder, categorical_features
        The estimator's parameters.
    X : {ndarray, DataFrame, sparse matrix} of shape (n_rows, n_columns)
        Checked.
    weight : ndarray of shape (n_rows,) or None
    rows : ndarray of int or None
        The training rows, all of a weight above zero; None for all rows.
    dtype : dtype
        Of the encoded rows.
    feature_names : ndarray of str or None
        The estimator's ``feature_names_in_``.
    is_stream : bool, default=False
        Whether more rows are to come: a TabularEncoder is then fitted by its ``partial_fit``, and a transformer that is
        fitted already stays as it is.

    Returns
    -------
    fitted : transformer or None
    encoded : {ndarray, CSR matrix} of shape (n_rows, n_encoded)
    """
    if encoder is None:
        return None, cast_rows(X, dtype)
    if isinstance(encoder, str):
        return fit_checked(categorical_features, X, weight, rows, dtype, feature_names, is_stream)
    if is_stream and _is_fitted(encoder):
        fitted = frozen(encoder) if isinstance(encoder, TabularEncoder) else copy.deepcopy(encoder)
        return fitted, encode(fitted, X, dtype)
    fitted = clone(encoder)
    if is_stream and is_tabular(fitted):
        with _errors_of(fitted):
            fitted.partial_fit(X, sample_weight=weight)
        return fitted, encode(fitted, X, dtype)
    kwargs = {}
    if weight is not None and has_fit_parameter(fitted, "sample_weight"):
        kwargs["sample_weight"] = weight if rows is None else weight[rows]
    with _errors_of(fitted):
        fitted.fit(X if rows is None else safe_indexing(X, rows), **kwargs)
    return fitted, encode(fitted, X, dtype)


def statistics_of_blocks(encoder, categorical_features, n_columns, feature_names):
    """The `TableStatistics` that make an encoder of a table that is read block by block; None without an encoder."""
    if encoder is None:
        return None
    if isinstance(encoder, str):
        return TableStatistics(with_columns_of(TabularEncoder(categorical_features), n_columns, feature_names))
    if not is_tabular(encoder):
        raise TypeError(
            f"encoder={shown(encoder, 60)} needs all rows in memory; a table that is read block by block takes "
            "encoder='auto', a TabularEncoder, or None."
        )
    return TableStatistics(with_columns_of(clone(encoder), n_columns, feature_names))


def remarks(encoder):
    """What to warn of after an encoder was fitted: a list of messages."""
    return learning.remarks(encoder) if is_tabular(encoder) else []


def learn_more(encoder, X, weight, rows, dtype):
    """Let a fitted encoder learn from more rows, if it is one that learns from a stream, and encode them.

    Parameters
    ----------
    encoder : transformer or None
        It stays as it is.
    X, weight, rows, dtype
        As in `fit_encoder`.

    Returns
    -------
    encoder : transformer or None
    encoded : {ndarray, CSR matrix} of shape (n_rows, n_encoded)
    messages : list of str
        What to warn of.
    """
    if not learns_from_stream(encoder):
        return encoder, encode(encoder, X, dtype), []
    return learn_more_checked(encoder, X, weight, rows, dtype)


def learns_from_stream(encoder):
    """Whether an encoder goes on learning from call to call."""
    return is_tabular(encoder) and encoder._stream is not None


def encode(encoder, X, dtype=None, name="X"):
    """Rows as the network takes them.

    Parameters
    ----------
    encoder : transformer or None
        Fitted.
    X : {ndarray, DataFrame, sparse matrix} of shape (n_rows, n_columns)
        Checked.
    dtype : dtype, default=None
        Of the encoded rows; None means the dtype that they have.
    name : str, default="X"
        What messages call X.
    """
    if encoder is None:
        return as_rows(X) if dtype is None else cast_rows(X, dtype)
    if is_tabular(encoder):
        return encode_checked(encoder, X, dtype, name)
    with _errors_of(encoder, name):
        encoded = check_array(encoder.transform(X), accept_sparse=["csr", "csc"], dtype=FLOATS)
    dtype = encoded.dtype if dtype is None else dtype
    if not fits(encoded, dtype):
        text = f"makes of {name} values too large for {dtype}: set dtype='float64'."
        raise ValueError(f"encoder={shown(encoder, 60)} {text}")
    return cast_rows(encoded, dtype)


def chunkwise(encoder, X):
    """How to encode the rows of X chunk by chunk.

    Returns
    -------
    X : {ndarray, DataFrame, sparse matrix}
        The rows to cut into chunks: encoded already if the encoder is a transformer of the user's, which may need all
        rows at once.
    encode : callable(rows)
        Encodes a chunk.
    n_columns : int
        The number of encoded columns.
    """
    if is_tabular(encoder):
        return X, lambda rows: encode_checked(encoder, rows), n_encoded(encoder)
    X = X if encoder is None else encode(encoder, X)
    return X, as_rows, X.shape[1]


def inputs(encoder, X):
    """The `Inputs` that encoded rows X are, with the encoder that they come from, or None."""
    if isinstance(encoder, TabularEncoder):
        return Inputs(X.shape[1], encoder.n_numeric_, tuple(n for _, n in encoder.embedded_features_))
    return Inputs(X.shape[1], X.shape[1])


def is_tabular(encoder):
    """Whether the encoder is a TabularEncoder, not of a subclass with another `transform`."""
    return isinstance(encoder, TabularEncoder) and type(encoder).transform is TabularEncoder.transform


def _is_fitted(encoder):
    """Whether a transformer is fitted, and not only one that needs no fit, which a clone of it says, too."""
    return _says_fitted(encoder) and not _says_fitted(clone(encoder))


def _says_fitted(encoder):
    try:
        check_is_fitted(encoder)
    except (NotFittedError, TypeError):
        return False
    return True


@contextmanager
def _errors_of(encoder, name="X"):
    """Inside, errors say that they are those of the user's transformer."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        cause = str(error) if is_tabular(encoder) else (str(error).splitlines() or [""])[0][:150]
        raise kind(f"encoder={shown(encoder, 60)} can't be used with this {name}: {cause}") from error
