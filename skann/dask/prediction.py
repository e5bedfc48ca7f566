"""Lazy predictions and scores for tables of Dask, partition by partition."""

from typing import Any

import numpy as np
from sklearn.utils import check_array

from .._weights import check_weight
from ..fitting.dask_table import Collections, checked_partition, is_dask


def predict(model: Any, method: str, X: Any) -> Any:
    """What ``model.<method>(X)`` returns: at once for a table in memory, a lazy array for one of Dask."""
    if not is_dask(X):
        return getattr(model, method)(X)
    import dask.array as da
    from dask import delayed

    X = Collections.aligned(X).X
    like = getattr(model, method)(_sample(X))[:0]
    predicted = delayed(_predicted, pure=True)
    model = delayed(model, pure=True)
    n_rows = X.chunks[0] if hasattr(X, "chunks") else [np.nan] * X.npartitions
    parts = X.to_delayed()
    blocks = [
        da.from_delayed(predicted(part, model, method, like), (n, *like.shape[1:]), meta=like)
        for part, n in zip(np.ravel(parts) if isinstance(parts, np.ndarray) else parts, n_rows, strict=True)
    ]
    return da.concatenate(blocks, allow_unknown_chunksizes=True)


def _sample(X):
    """A table in memory with a row or two of the dtypes of a Dask collection, whose values mean nothing."""
    if hasattr(X, "chunks"):
        return np.full((1, X.shape[1]), np.nan, object) if X.dtype == object else np.zeros((1, X.shape[1]), X.dtype)
    from dask.dataframe.utils import make_meta, meta_nonempty

    return meta_nonempty(make_meta(X))


def _predicted(X, model, method, like):
    """Predictions for a partition, which may be empty."""
    return getattr(model, method)(X).astype(like.dtype, copy=False) if X.shape[0] else like


def per_partition(function: Any, model: Any, X: Any, y: Any, weight: Any, scheduler: Any = None) -> Any:
    """What ``function(model, X, y, weight)`` returns for each partition that has rows, stacked.

    The first of what it returns are weights: a ValueError if all are zero.
    """
    from dask import compute, delayed

    one = delayed(_of_partition, pure=False)
    model = delayed(model, pure=True)
    parts = [one(function, model, i, *each) for i, each in enumerate(Collections.aligned(X, y, weight).delayed())]
    found = np.array([each for each in compute(*parts, scheduler=scheduler) if each is not None])
    if not len(found):
        raise ValueError("X has no rows: all its partitions are empty.")
    if not found[:, 0].any():
        raise ValueError("sample_weight is zero for every row.")
    return found


def _of_partition(function, model, number, X, y, weight):
    X, y, weight = checked_partition(number, X, y, weight)
    if not X.shape[0]:
        return None
    weight = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64).ravel()
    return function(model, X, y, check_weight(weight, X, np.float64) if weight.any() else weight)


def mean_score(model: Any, X: Any, y: Any, weight: Any) -> Any:
    """The weight of all rows, and with it as a factor their score, which is a mean over rows."""
    total = weight.sum()
    return np.array([total, total * model.score(X, y, weight) if total else 0.0])


def moments(model: Any, X: Any, y: Any, weight: Any) -> Any:
    """For each target: weight, mean, sum of squares around the mean, and sum of squares of the errors."""
    y = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y").reshape(len(weight), -1)
    predicted = model.predict(X).reshape(len(weight), -1)
    if y.shape != predicted.shape:
        raise ValueError(f"y must have {predicted.shape[1]} columns, one for each target of `fit`, got {y.shape[1]}.")
    total = weight.sum()
    mean = weight @ y / (total or 1)
    return np.stack([np.full(y.shape[1], total), mean, weight @ (y - mean) ** 2, weight @ (y - predicted) ** 2])


def r2(parts: Any) -> float:
    """The mean R2 of the targets from the `moments` of the parts."""
    total, means, squares, errors = parts.transpose(1, 0, 2)
    mean = (total * means).sum(axis=0) / total.sum(axis=0)
    spread = (squares + total * (means - mean) ** 2).sum(axis=0)
    errors = errors.sum(axis=0)
    constant = spread == 0
    return float(np.mean(np.where(constant, errors == 0, 1 - errors / np.where(constant, 1, spread))))
