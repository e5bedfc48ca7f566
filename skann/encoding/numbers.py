"""Numeric columns: their centre and scale, learnt from weighted rows, and the smooth clip."""

import numpy as np

QUARTILES = np.array([0.25, 0.5, 0.75])


ROUNDING = 1e-12  # by what share of itself a sum of weights may miss a quartile and still reach it


TINY, HUGE = np.finfo(np.float64).tiny, np.finfo(np.float64).max


FLAT = 1e9  # from here on the smooth clip is 3 to the last digit


def robust_scales(numbers, rows, weight, names):
    """Centre and scale of each column of a matrix: its median and interquartile range.

    Parameters
    ----------
    numbers : ndarray of shape (n_rows, n_columns)
        NaN where a value is missing.
    rows : ndarray of int or None
        The rows to learn from; None for all.
    weight : ndarray or None
        A weight above zero for each of these rows; None where all are the same.
    names : sequence
        What messages call the columns.

    Returns
    -------
    center : ndarray of shape (n_columns,)
    scale : ndarray of shape (n_columns,)
        The interquartile range; where it is 0, the median distance from the centre of the values that are not at it; 0
        for a constant column.
    has_missing : ndarray of bool of shape (n_columns,)
        Whether some values are missing and others are not.
    """
    columns = (numbers[:, j] if rows is None else numbers[rows, j] for j in range(numbers.shape[1]))
    learnt = [_center_and_scale(column, weight, name) for column, name in zip(columns, names, strict=True)]
    center, scale, has_missing = np.reshape(learnt, (-1, 3)).T
    return center, scale, has_missing.astype(bool)


def _center_and_scale(values, weight, name):
    """A row of what `robust_scales` returns."""
    values = values.astype(np.float64)
    if weight is None:
        values.sort()
    else:
        order = values.argsort()
        values, weight = values[order], weight[order]
    n = np.searchsorted(values, np.nan)  # NaN comes last
    if n == 0:
        return 0.0, 0.0, False
    low, high = values[0], values[n - 1]
    if not (np.isfinite(low) and np.isfinite(high)):
        raise infinite_error(name)
    below, center, above = values[_quartile_positions(n, weight)]
    with np.errstate(over="ignore"):
        scale = above - below
        if scale == 0 and high > low:
            scale = _median_distance(values[:n], center, weight)
    return center, np.clip(scale, TINY, HUGE) if high > low else 0.0, n < len(values)


def _median_distance(values, center, weight):
    """Median distance from the centre of those values that are not at it."""
    distance = np.abs(values - center)
    order = distance.argsort()
    order = order[np.searchsorted(distance[order], 0, side="right") :]
    return distance[order[_quartile_positions(len(order), None if weight is None else weight[order])[1]]]


def _quartile_positions(n, weight):
    """Where the quartiles ("inverted_cdf") are in n sorted values; ``weight`` may go on beyond them."""
    if weight is None:
        return np.ceil(QUARTILES * n).astype(np.intp) - 1
    total = np.cumsum(weight[:n])
    return np.searchsorted(total, QUARTILES * total[-1] * (1 - ROUNDING))


def sparse_scales(X, rows, weight, names):
    """What `robust_scales` returns for a sparse matrix: centre 0, scale the mean size of values that are not zero."""
    X = canonical(X.tocsr() if rows is None else X.tocsr()[rows]).astype(np.float64)  # a copy
    weight = np.ones(X.shape[0]) if weight is None else weight
    missing = missing_stored(X, names)
    n_missing = np.bincount(X.indices[missing], minlength=X.shape[1])
    X.data[missing] = 0
    count = weight @ (X != 0)
    with np.errstate(over="ignore"):
        scale = np.clip((weight @ abs(X)) / np.maximum(count, TINY), TINY, HUGE)
    varies = X.max(axis=0).toarray().ravel() > X.min(axis=0).toarray().ravel()
    return np.zeros(X.shape[1]), np.where(varies, scale, 0), (n_missing > 0) & (n_missing < X.shape[0])


def canonical(X):
    """A CSR matrix without duplicate entries."""
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def smooth_clip(z):
    """f(z) = z / sqrt(1 + (z / 3)^2), between -3 and 3, in place."""
    np.minimum(z, FLAT, out=z)
    np.maximum(z, -FLAT, out=z)
    z /= np.sqrt(1 + np.square(z / 3))
    return z


def missing_numbers(numbers, names):
    """Mask of the missing values of a matrix, None if there are none; ValueError if one is infinite."""
    finite = np.isfinite(numbers)
    if finite.all():
        return None
    missing = np.isnan(numbers)
    finite |= missing
    if not finite.all():
        raise infinite_error(names[finite.all(axis=0).argmin()])
    return missing


def missing_stored(X, names):
    """Mask of the missing ones among the stored values of a CSR matrix; ValueError if one is infinite."""
    infinite = np.isinf(X.data)
    if infinite.any():
        raise infinite_error(names[X.indices[infinite.argmax()]])
    return np.isnan(X.data)


def infinite_error(name):
    """The error for a column with an infinite value."""
    return ValueError(
        f"Column {name!r} holds an infinite value. Replace it by NaN if it stands for a missing value, or by a number."
    )


def scale_stored(X, scale, dtype):
    """A CSR matrix divided by the scales of its columns and clipped, its missing values 0."""
    with np.errstate(over="ignore"):
        z = smooth_clip(X.data / scale[X.indices])
    z[np.isnan(z)] = 0
    return _with_data(X, z.astype(dtype))


def indicate_stored(X, dtype):
    """A CSR matrix that is 1 where a value of X is missing."""
    return _with_data(X, np.isnan(X.data).astype(dtype))


def _with_data(X, data):
    """A CSR matrix like X with these values instead; zeros among them are not stored."""
    result = type(X)((data, X.indices, X.indptr), shape=X.shape, copy=not data.all())
    result.eliminate_zeros()
    return result
