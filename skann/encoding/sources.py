"""Which column of the table each encoded column comes from, and how fast it changes with it."""

import sys

import numpy as np
from scipy import sparse
from sklearn.base import OneToOneFeatureMixin

from .._compat import safe_indexing
from .dates import expanded_names
from .inputs import encode, is_tabular
from .output import table_of
from .tables import is_pandas, is_polars

MOST_COLUMNS, MOST_ROWS = 500, 500  # that a transformer is tried on


def column_sources(encoder, X, background=None):
    """The index of the column of X that each encoded column comes from.

    Of a `TabularEncoder` it is known. Another transformer is tried: an encoded column comes from a column of X if it
    changes when the cells of that move down by a row.

    Parameters
    ----------
    encoder : transformer or None
        Fitted.
    X : {ndarray, DataFrame, sparse matrix} of shape (n_rows, n_columns)
        Checked rows to try a transformer on.
    background : like X, default=None
        More such rows; it is tried on all then, and on some if there are none.

    Returns
    -------
    sources : ndarray of int of shape (n_encoded,) or None
        -1 for a column that is constant in these rows; None where a column comes from several, or the transformer does
        not let itself be tried.
    """
    if encoder is None:
        return np.arange(X.shape[1])
    if is_tabular(encoder):
        categories = np.flatnonzero(encoder.is_categorical_)
        numeric = encoder.numeric_columns_.sources(_features_of_numbers(encoder)[0])
        return np.concatenate([numeric, encoder.categorical_columns_.sources(categories)])
    if sparse.issparse(X) or isinstance(encoder, OneToOneFeatureMixin):
        n = encode(encoder, safe_indexing(X, [0])).shape[1]
        return np.arange(n) if n == X.shape[1] and isinstance(encoder, OneToOneFeatureMixin) else None
    if X.shape[1] > MOST_COLUMNS:
        return None
    if background is None:
        return _by_trial(encoder, safe_indexing(X, np.arange(0, X.shape[0], -(-X.shape[0] // MOST_ROWS))))
    return _by_trial(encoder, _stacked(X, background))


def sums_by_source(parts, sources, n_columns):
    """What parts of encoded columns (..., n_encoded) add up to for the columns of X, (..., n_columns)."""
    order = np.argsort(sources, kind="stable")
    order = order[np.searchsorted(sources[order], 0) :]
    found, first = np.unique(sources[order], return_index=True)
    sums = np.zeros((*parts.shape[:-1], n_columns))
    if len(found):
        sums[..., found] = np.add.reduceat(parts[..., order], first, axis=-1)
    return sums


def slopes(encoder, X):
    """The derivative of each encoded column with respect to the column of X that it comes from: (n_rows, n_encoded).

    It is NaN for columns of categories and of dates, and for numbers where a value is missing.

    Parameters
    ----------
    encoder : TabularEncoder or None
        Fitted.
    X : {ndarray, DataFrame} of shape (n_rows, n_columns)
        Checked.
    """
    if encoder is None:
        return np.ones(X.shape)
    numeric, n_categorical = encoder.numeric_columns_, encoder.categorical_columns_.n_encoded
    of_numbers = numeric.slopes(table_of(encoder, X).numbers)
    of_numbers[:, _features_of_numbers(encoder)[1][numeric.varying]] = np.nan
    of_indicators = np.zeros((len(of_numbers), len(numeric.with_missing)))
    return np.hstack([of_numbers, of_indicators, np.full((len(of_numbers), n_categorical), np.nan)])


def _features_of_numbers(encoder):
    """For each number that the columns of X become: the index of its column, and whether that has dates."""
    features = np.flatnonzero(~encoder.is_categorical_)
    if encoder.date_kinds_ is None:
        return features, np.zeros(len(features), bool)
    kinds = [encoder.date_kinds_[i] for i in features]
    has_dates = dict(zip(features.tolist(), [kind is not None for kind in kinds], strict=True))
    features = expanded_names(features, kinds)[1].astype(int)
    return features, np.array([has_dates[i] for i in features.tolist()], bool)


def _by_trial(encoder, X):
    encoded = _dense(encode(encoder, X))
    sources, n_found = np.full(encoded.shape[1], -1), np.zeros(encoded.shape[1], int)
    for j in range(X.shape[1]):
        try:
            moved = _dense(encode(encoder, _with_moved(X, j)))
        except (ValueError, TypeError):  # what a transformer of the user's may say to strange rows
            return None
        if moved.shape != encoded.shape:
            return None
        changed = ~np.isclose(moved, encoded, rtol=1e-9, atol=1e-12).all(axis=0)
        sources[changed] = j
        n_found += changed
    return None if (n_found > 1).any() else sources


def _stacked(X, background):
    """The rows of two tables of one kind."""
    if is_pandas(X) or is_polars(X):
        library = sys.modules["pandas" if is_pandas(X) else "polars"]
        return library.concat([X, background])
    return np.concatenate([X, background])


def _with_moved(X, j):
    """A copy of X with the cells of column j one row further down, the last of them in the first row."""
    rows = np.roll(np.arange(X.shape[0]), 1)
    if is_polars(X):
        return X.with_columns(X[:, j][rows.tolist()].alias(X.columns[j]))
    X = X.copy()
    if is_pandas(X):
        X.isetitem(j, X.iloc[rows, j].array)
    else:
        X[:, j] = X[rows, j]
    return X


def _dense(X):
    return X.toarray() if sparse.issparse(X) else X
