"""Tables of blocks as arguments of a fit: what goes with them, and what does not."""

from contextlib import nullcontext

import numpy as np

from ..encoding.inputs import is_tabular
from .block_table import BlockTable, is_large_map
from .blocks import errors_of
from .dask_table import DaskTable, is_dask
from .recipe import resolve
from .sharded import ShardedTable


def settings_for_blocks(parameters, table, is_classifier, has_validation):
    """The settings of a fit on a table, before anything is known of its rows but their number."""
    return resolve(
        parameters, *table.shape, is_sparse=False, is_classifier=is_classifier, partial=False,
        has_validation=has_validation,
    )  # fmt: skip


def parts_of_a_call(X, y, sample_weight):
    """The arguments X, y and sample_weight of `partial_fit`, one time or for each block of a table or of Dask.

    With each comes a context in which errors say where the rows come from.
    """
    if is_dask(X):
        X, y, sample_weight = DaskTable(X, y, sample_weight), None, None
    if not isinstance(X, BlockTable):
        yield X, y, sample_weight, nullcontext()
        return
    refuse_arguments(X, y, sample_weight)
    n_rows = 0
    for block in X:
        if block.weight is None or np.any(block.weight):
            n_rows += block.X.shape[0]
            yield block.X, block.y, block.weight, errors_of(block)
    if not n_rows:
        raise ValueError("The table must have at least one row with a weight above zero.")


def goes_in_blocks(X, validation, parameters):
    """Whether X is a large memory map that is read block by block: where a fit would make a copy of it, if it can."""
    encoder = parameters["encoder"]
    if not is_large_map(X) or parameters["cv"] is not None or validation.groups is not None:
        return False
    if encoder is None:
        return not (X.dtype == np.float32 and X.flags.c_contiguous and parameters["dtype"] in ("auto", "float32"))
    return isinstance(encoder, str) or is_tabular(encoder)


def refuse_with_blocks(table, y, sample_weight, validation, parameters, *, is_new):
    """TypeError or ValueError if an argument or a parameter does not go with a table that is read block by block."""
    refuse_arguments(table, y, sample_weight)
    if isinstance(table, ShardedTable) and not is_new:
        raise ValueError("warm_start needs rows in memory or on disk, not a table whose parts stay with workers.")
    if parameters["cv"] is not None or validation.groups is not None:
        raise ValueError("cv and groups need rows in memory: a table of blocks holds rows out by their numbers.")


def refuse_arguments(table, y, sample_weight, name="X"):
    """TypeError or ValueError if a table has no target, or if one is given beside it."""
    if y is not None or sample_weight is not None:
        raise TypeError(
            f"{name} is a table of blocks, which carries y and sample_weight: name them where it is made, and give "
            f"nothing else with {name}."
        )
    if not table.has_target:
        raise ValueError(f"{name} is a table of blocks that has no target: name it where the table is made.")
