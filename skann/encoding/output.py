"""What a fitted `TabularEncoder` makes of a table: the columns of its output."""

import numpy as np
from scipy import sparse

from .columns import split
from .reading import read_columns
from .refusals import of_table
from .tables import column_names


def encode_checked(encoder, X, dtype=None, name="X"):
    """A table that `check_table` has passed, encoded.

    Parameters
    ----------
    encoder : TabularEncoder
        Fitted.
    X : {ndarray, DataFrame, sparse matrix} of shape (n_rows, n_columns)
    dtype : dtype, default=None
        None means the one that `TabularEncoder.transform` gives.
    name : str, default="X"
        What messages call X.

    Returns
    -------
    encoded : {ndarray, CSR matrix} of shape (n_rows, n_encoded)
    """
    with of_table(name):
        return encode_table(encoder, table_of(encoder, X), dtype)


def table_of(encoder, X):
    """The `Table` that X is for a fitted encoder."""
    stream = encoder._stream
    learns_dense = stream is not None and not stream.numbers.is_sparse
    if sparse.issparse(X) and (learns_dense or encoder.center_.any() or encoder.is_categorical_.any()):
        X = X.toarray()
    names = column_names(X)
    columns = read_columns(X, names, as_matrix=not encoder.is_categorical_.any())
    return split(columns, encoder.is_categorical_, names, encoder.date_kinds_)


def encode_table(encoder, table, dtype=None):
    """A `Table` encoded in ``dtype``; None means float32 if its numbers are, else float64."""
    numeric, categorical = encoder.numeric_columns_, encoder.categorical_columns_
    if dtype is None:
        dtype = np.float32 if table.numbers.dtype == np.float32 else np.float64
    if sparse.issparse(table.numbers):
        return numeric.encode_sparse(table.numbers, table.number_names, dtype)
    encoded = np.empty((table.numbers.shape[0], n_encoded(encoder)), dtype)
    numeric.encode(table.numbers, table.number_names, encoded[:, : numeric.n_encoded])
    categorical.encode(table.categories, table.category_names, encoded[:, numeric.n_encoded :])
    return encoded


def n_encoded(encoder):
    """Number of columns of the output of a fitted encoder."""
    return encoder.numeric_columns_.n_encoded + encoder.categorical_columns_.n_encoded
