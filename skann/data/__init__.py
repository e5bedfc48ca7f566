"""Tables larger than memory: read block by block from Parquet files, memory-mapped arrays or Dask, predicted on so."""

from ..fitting.block_table import Block, BlockTable
from .arrays import from_arrays
from .dask import from_dask
from .parquet import from_parquet
from .prediction import predict_to

__all__ = ["Block", "BlockTable", "from_arrays", "from_dask", "from_parquet", "predict_to"]
