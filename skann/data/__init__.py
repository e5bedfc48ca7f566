"""Tables larger than memory: read block by block from Parquet files or memory-mapped arrays, predicted on likewise."""

from ..fitting.block_table import Block, BlockTable
from .arrays import from_arrays
from .parquet import from_parquet
from .prediction import predict_to

__all__ = ["Block", "BlockTable", "from_arrays", "from_parquet", "predict_to"]
