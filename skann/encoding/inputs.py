"""From X as it comes to the matrix that the network takes: as it is, or through an encoder."""

import re
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_array, check_consistent_length, get_tags
from sklearn.utils.validation import has_fit_parameter, validate_data

from ..engine.rows import as_rows
from .dtypes import accepted_dtypes, cast_rows, fits
from .encoder import TabularEncoder
from .reading import check_table

FLOATS = [np.float64, np.float32]


def check_training(estimator, X, y, reset):
    """X and y after scikit-learn's checks; with an encoder, the values of X are left to it."""
    if estimator.encoder is None:
        refuse_dates(X)
        with _speaking_of_X(X):
            return validate_data(
                estimator, X, y, accept_sparse=["csr", "csc"], dtype=accepted_dtypes(X), multi_output=True, reset=reset
            )
    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None.")
    X = check_table(estimator, X, reset)
    with _speaking_of_y():
        y = check_array(y, accept_sparse="csr", ensure_2d=False, dtype=None, input_name="y", estimator=estimator)
    check_consistent_length(X, y)
    return X, y


def as_it_came(given, checked):
    """X for a later predict: a DataFrame keeps its names, all else has been made an array that can be indexed."""
    return given if hasattr(given, "columns") else checked


def fit_encoder(estimator, X, weight, rows, dtype):
    """Set ``encoder_`` from the training rows; return all rows as the network takes them."""
    if estimator.encoder is None:
        estimator.encoder_ = None
        return cast_rows(X, dtype)
    if isinstance(estimator.encoder, str):
        estimator.encoder_ = TabularEncoder(estimator.categorical_features)
        encoded = estimator.encoder_._fit_encode(X, _without_held_out(weight, rows, X.shape[0]), dtype)
        if hasattr(estimator, "feature_names_in_"):
            estimator.encoder_.feature_names_in_ = estimator.feature_names_in_  # once in a pickle
        return encoded
    estimator.encoder_ = clone(estimator.encoder)
    kwargs = {}
    if weight is not None and has_fit_parameter(estimator.encoder_, "sample_weight"):
        kwargs["sample_weight"] = weight if rows is None else weight[rows]
    with _speaking_of_encoder(estimator):
        estimator.encoder_.fit(X if rows is None else _safe_indexing(X, rows), **kwargs)
    return encode(estimator, X, dtype)


def encode(estimator, X, dtype=None):
    """Rows that have been checked, as the network takes them, in ``dtype``; None means the dtype that they have."""
    if estimator.encoder_ is None:
        return as_rows(X) if dtype is None else cast_rows(X, dtype)
    if isinstance(estimator.encoder_, TabularEncoder):
        return estimator.encoder_._encode(X, dtype)
    with _speaking_of_encoder(estimator):
        encoded = check_array(estimator.encoder_.transform(X), accept_sparse=["csr", "csc"], dtype=FLOATS)
    dtype = encoded.dtype if dtype is None else dtype
    if not fits(encoded, dtype):
        raise ValueError(f"encoder={estimator.encoder!r} makes of X values too large for {dtype}: set dtype='float64'.")
    return cast_rows(encoded, dtype)


def check_rows(estimator, X):
    """X to predict on, after scikit-learn's checks.

    Returns
    -------
    X : {ndarray, DataFrame, sparse matrix}
    encode : callable(rows)
        Makes of some of the rows what the network takes. The user's transformer may look at several rows at once: X
        has passed it already.
    n_columns : int
        Of what the network takes.
    """
    encoder = estimator.encoder_
    if encoder is not None:
        X = check_table(estimator, X, reset=False)
        if isinstance(encoder, TabularEncoder):
            return X, encoder._encode, encoder._n_encoded
        X = encode(estimator, X)
    elif not _is_plain(estimator, X):
        with _speaking_of_X(X):
            X = validate_data(estimator, X, accept_sparse=["csr", "csc"], dtype=FLOATS, reset=False)
    return X, as_rows, X.shape[1]


@contextmanager
def _speaking_of_y():
    """Inside, the error for NaN in an array of objects, which scikit-learn gives no name, speaks of y."""
    try:
        with np.errstate(invalid="ignore"):  # scikit-learn adds up all values: huge ones of both signs make NaN
            yield
    except ValueError as error:
        if str(error) == "Input contains NaN":
            raise ValueError("Input y contains NaN.") from None
        raise


@contextmanager
def _speaking_of_X(X):
    """Inside, errors for values that are no numbers speak of X, or of y."""
    try:
        with _speaking_of_y():
            yield
    except (ValueError, TypeError, OverflowError) as error:
        if re.search(r"\b[Xy]\b", str(error)) or sparse.issparse(X):
            raise
        try:
            values = np.asarray(X)
            if values.dtype.kind != "c":
                values.astype(np.float64)
        except (ValueError, TypeError, OverflowError) as cause:
            kind = TypeError if isinstance(cause, TypeError) else ValueError
            raise kind(f"X must hold numbers: {cause}") from None
        raise


@contextmanager
def _speaking_of_encoder(estimator):
    """Inside, errors say that they are those of the user's transformer."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"encoder={estimator.encoder!r} can't be used with this X: {error}") from error


def inputs(estimator, X):
    """The columns of the encoded X."""
    encoder = estimator.encoder_
    if isinstance(encoder, TabularEncoder):
        return Inputs(X.shape[1], encoder.n_numeric_, tuple(n for _, n in encoder.embedded_features_))
    return Inputs(X.shape[1], X.shape[1])


def set_input_tags(estimator, tags):
    """What X may be."""
    dense_only = estimator.numeric_embedding not in (None, "auto") or estimator.feature_scaling is True
    if estimator.encoder is not None:
        encoder = TabularEncoder() if isinstance(estimator.encoder, str) else estimator.encoder
        own = get_tags(encoder).input_tags
        tags.string, tags.categorical = own.string, own.categorical
        tags.allow_nan = isinstance(encoder, TabularEncoder)  # others may let NaN pass, which the network can't take
        dense_only = dense_only or not own.sparse
    tags.sparse = not dense_only


def _without_held_out(weight, rows, n_rows):
    """Weights that are 0 outside ``rows``."""
    if rows is None:
        return weight
    kept = np.zeros(n_rows)
    kept[rows] = 1 if weight is None else weight[rows]
    return kept


def _is_plain(estimator, X):
    """Whether X is an array that passes validate_data, which takes longer than a row in the network."""
    is_float_matrix = type(X) is np.ndarray and X.ndim == 2 and X.dtype in (np.float64, np.float32)
    return (
        is_float_matrix
        and not hasattr(estimator, "feature_names_in_")
        and X.shape[1] == estimator.n_features_in_
        and len(X) > 0
        and bool(np.isfinite(np.max(X)) and np.isfinite(np.min(X)))
    )


def refuse_dates(X):
    """TypeError for dates, which scikit-learn would turn into nanoseconds in silence."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        dtypes = zip(X.columns, X.dtypes, strict=True)  # pandas, polars
    else:
        dtypes = [("all", getattr(X, "dtype", None))]
    for name, dtype in dtypes:
        if getattr(dtype, "kind", "") in ("m", "M") or str(dtype).startswith(("Date", "Duration", "Time")):
            raise TypeError(
                f"X must hold numbers, got {dtype} in column {name!r}: turn dates into numbers, such as days."
            )


class Inputs(NamedTuple):
    """The columns that the network takes: numbers first, codes of embedded categories last."""

    n_columns: int
    n_numeric: int
    n_levels: tuple[int, ...] = ()
