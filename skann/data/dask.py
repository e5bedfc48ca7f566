"""Tables of blocks from arrays and DataFrames of Dask."""

from typing import Any

from ..fitting.block_table import BlockTable
from ..fitting.dask_table import DaskTable


def from_dask(X: Any, y: Any = None, weight: Any = None) -> BlockTable:
    """A table of blocks from Dask, of which one partition is in memory at a time, and one that is read ahead.

    Partitions are computed in each epoch anew, in this process; those that a cluster holds come from there. Where that
    is much work, store them as Parquet first: see `from_parquet`. Reading a partition takes about 10 ms beside what it
    takes to compute it, so make them of some thousand rows. It needs Dask: ``pip install skann[dask]``. `skann.dask`
    trains on the workers of a cluster.

    Parameters
    ----------
    X : dask.array.Array or dask.dataframe.DataFrame of shape (n_samples, n_features)
        Chunk sizes need not be known: partitions are then counted here.
    y : array, Series or DataFrame, of Dask or not, default=None
        Targets, best with the partitions of X; they belong to its rows by their order, not by an index. Not needed to
        predict.
    weight : array or Series, of Dask or not, default=None
        Weights of the rows.

    Returns
    -------
    table : BlockTable
        For ``fit(table)`` and ``predict(table)``. ``fit(X, y, sample_weight)`` makes it of Dask's collections itself.

    Raises
    ------
    ImportError
        If Dask is missing.
    TypeError
        If X is no array or DataFrame of Dask.
    ValueError
        If numbers of rows differ.

    Examples
    --------
    >>> import dask.array as da
    >>> from skann import ANNRegressor
    >>> X = da.random.default_rng(0).normal(size=(1000, 2), chunks=(250, 2))
    >>> table = from_dask(X, 3 * X[:, 0])
    >>> table.shape
    (1000, 2)
    >>> model = ANNRegressor(n_estimators=1, max_iter=20, random_state=0).fit(table)
    >>> model.oof_score_ > 0.9
    True
    """
    return DaskTable(X, y, weight)
