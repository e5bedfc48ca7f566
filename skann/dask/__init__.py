"""Tables and clusters of Dask: ``pip install skann[dask]``."""

try:
    import distributed as _distributed  # noqa: F401
    from dask import array as _array  # noqa: F401
    from dask import dataframe as _dataframe  # noqa: F401
except ImportError as error:
    raise ModuleNotFoundError(
        f"skann.dask needs Dask with arrays, DataFrames and its scheduler, but {error.name or error} is missing: "
        "pip install skann[dask]",
        name=error.name,
    ) from error

from .estimators import DaskANNClassifier, DaskANNRegressor
from .shards import DaskShards

__all__ = ["DaskANNClassifier", "DaskANNRegressor", "DaskShards"]
