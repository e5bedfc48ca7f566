"""Numeric columns: their centre and scale, learnt from weighted rows, and the smooth clip."""

import numpy as np
from scipy import sparse

QUARTILES = np.array([0.25, 0.5, 0.75])


ROUNDING = 1e-12  # relative tolerance when a cumulative weight is compared with a quartile


TINY, HUGE = np.finfo(np.float64).tiny, np.finfo(np.float64).max


FLAT = 1e9  # the smooth clip of any number from here on is 3, to the last digit


BLOCK = 32768  # numbers encoded at a time, so that they stay in the processor's cache


class NumericColumns:
    """The encoding of a table's numeric columns: the scaled columns, then the indicators of missing values.

    Parameters
    ----------
    center, scale, has_missing
        What `robust_scales` or `sparse_scales` returns.

    Attributes
    ----------
    varying : slice or ndarray of int
        The columns that are scaled: those with more than one value. The others are left out.
    center, scale : ndarray of shape (n_varying,)
        What is subtracted from these, and by what they are then divided.
    with_missing : list of int
        The columns that get an indicator.
    """

    def __init__(self, center, scale, has_missing):
        self.varying = slice(None) if scale.all() else np.flatnonzero(scale)
        self.center, self.scale = center[self.varying], scale[self.varying]
        self.with_missing = np.flatnonzero(has_missing).tolist()

    @classmethod
    def learn(cls, numbers, rows, weight, names, may_be_indicated=None):
        """The encoding learnt from a matrix, dense or sparse; arguments are those of `robust_scales`, and `Table`'s."""
        scales = sparse_scales if sparse.issparse(numbers) else robust_scales
        center, scale, has_missing = scales(numbers, rows, weight, names)
        return cls(center, scale, has_missing if may_be_indicated is None else has_missing & may_be_indicated)

    @property
    def n_encoded(self):
        """Number of columns of the output."""
        return len(self.scale) + len(self.with_missing)

    def names(self, numbers, features):
        """Names of the output's columns, from arrays of the names of the numbers and of the features they are of."""
        return [*numbers[self.varying], *(f"missingindicator_{name}" for name in features[self.with_missing])]

    def sources(self, features):
        """The feature that each of the output's columns comes from, from an array of the features' indices."""
        return np.concatenate([features[self.varying], features[self.with_missing]])

    def slopes(self, numbers):
        """The derivatives of the scaled columns with respect to their features, NaN where a value is missing."""
        with np.errstate(over="ignore", under="ignore"):
            z = np.abs(np.subtract(numbers[:, self.varying], self.center, dtype=np.float64) / self.scale)
            return (1 + np.square(np.minimum(z, FLAT) / 3)) ** -1.5 / self.scale

    def encode(self, numbers, names, out):
        """Write the output of shape (n_rows, n_encoded) for a matrix into ``out``.

        It is computed in float64, block by block. ``names`` are what messages call the columns.
        """
        n_varying, n_rows = len(self.scale), max(1, BLOCK // max(1, numbers.shape[1]))
        for start in range(0, len(out), n_rows):
            chunk, block = numbers[start : start + n_rows], out[start : start + n_rows]
            missing = missing_numbers(chunk, names)
            with np.errstate(over="ignore"):
                z = np.subtract(chunk[:, self.varying], self.center, dtype=np.float64)
                z /= self.scale
            smooth_clip(z)
            block[:, n_varying:] = 0
            if missing is not None:
                z[missing[:, self.varying]] = 0
                block[:, n_varying:] = missing[:, self.with_missing]
            block[:, :n_varying] = z

    def encode_sparse(self, X, names, dtype):
        """The output for a sparse matrix, as CSR; nothing is subtracted."""
        X = canonical(X.tocsr())
        missing_stored(X, names)  # an infinite value is an error in any column
        scaled = scale_stored(X[:, self.varying], self.scale, dtype)
        if len(self.with_missing) == 0:
            return scaled
        return sparse.hstack([scaled, indicate_stored(X[:, self.with_missing], dtype)], format="csr")


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
    """Centre, scale and has_missing of one column, for `robust_scales`."""
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
    """Indices of the quartiles ("inverted_cdf") of n sorted values; of their weights only the first n count."""
    if weight is None:
        return np.ceil(QUARTILES * n).astype(np.intp) - 1
    total = np.cumsum(weight[:n])
    return np.searchsorted(total, QUARTILES * total[-1] * (1 - ROUNDING))


def sparse_scales(X, rows, weight, names):
    """As `robust_scales`, of a sparse matrix: the centre is 0, the scale the mean size of values that are not zero."""
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
