"""TabularEncoder as ONNX nodes: what `skann.encoding.numbers` and `skann.encoding.levels` compute, step by step."""

import numpy as np

from ..encoding.numbers import FLAT
from .columns import are_float32, as_matrix, columns_of
from .graph import DOUBLE, FLOAT, INT64, ML
from .signature import dates_refusal

# What stands for a missing value in a tensor of strings, which can't hold None: the empty string, and what ONNX
# Runtime makes of None, NaN and pandas.NA in an array of objects. None of them does if it is a level.
MISSING_STRINGS = ("", "None", "nan", "<NA>")


LARGEST_INTEGER = 2.0**53  # up to which float64 holds every integer


def encode(graph, encoder, inputs):
    """Add the nodes of a fitted TabularEncoder.

    Returns
    -------
    encoded : str
        Tensor of shape (n_rows, n_encoded).
    type : int
        Its type: FLOAT if all numbers are given in float32, else DOUBLE.
    """
    columns = columns_of(inputs, encoder)
    if encoder.date_kinds_ is not None:
        raise dates_refusal(next(c.name for c, kind in zip(columns, encoder.date_kinds_, strict=True) if kind))
    numeric = [c for c, categorical in zip(columns, encoder.is_categorical_, strict=True) if not categorical]
    categorical = [c for c, categorical in zip(columns, encoder.is_categorical_, strict=True) if categorical]
    to = FLOAT if numeric and are_float32(numeric) else DOUBLE
    parts = _numbers(graph, encoder.numeric_columns_, numeric, to)
    parts += _categories(graph, encoder.categorical_columns_, categorical, to)
    if not parts:  # every column was constant
        parts = [graph.cast(graph.take(inputs[0].full_name, []), to)]
    return graph.concat(parts), to


def _numbers(graph, encoding, columns, to):
    """The output of `NumericColumns`: scaled columns, in float64 until they are clipped, and indicators."""
    if encoding.n_encoded == 0:
        return []
    parts, x = [], graph.cast(as_matrix(graph, columns)[0], DOUBLE)
    if len(encoding.scale):
        varying = x if isinstance(encoding.varying, slice) else graph.take(x, encoding.varying)
        z = graph.node("Div", graph.node("Sub", varying, encoding.center), encoding.scale)
        z = graph.node("Max", graph.node("Min", z, FLAT), -FLAT)
        third = graph.node("Div", z, 3.0)
        z = graph.node("Div", z, graph.node("Sqrt", graph.node("Add", graph.node("Mul", third, third), 1.0)))
        parts.append(graph.cast(graph.node("Where", graph.node("IsNaN", varying), 0.0, z), to))
    if len(encoding.with_missing):
        parts.append(graph.cast(graph.node("IsNaN", graph.take(x, encoding.with_missing)), to))
    return parts


def _categories(graph, encoding, columns, to):
    """The output of `CategoricalColumns`: indicators, one-hot and code columns."""
    tables = encoding.tables
    used = {i for i, table in enumerate(tables) if table.n_columns} | set(encoding.with_missing)
    index = {i: _level_index(graph, columns[i], tables[i].levels) for i in sorted(used)}
    parts = [
        graph.cast(graph.node("Equal", index[i], np.int64(len(tables[i].levels) + 1)), to)
        for i in encoding.with_missing
    ]
    for i in encoding.order:
        if tables[i].n_columns:
            unseen_first = np.roll(tables[i].rows[:-1], 1, axis=0)
            rows = np.concatenate([unseen_first, tables[i].rows[-1:]]).astype(np.float32)
            part = graph.reshape(graph.node("Gather", rows, index[i], axis=0), [0, tables[i].n_columns])
            parts.append(graph.cast(part, to))
    return parts


def _level_index(graph, column, levels):
    """Tensor (n_rows, 1) of integers: 0 for an unseen level, 1, 2, ... for the levels, then one for missing values."""
    n_levels = len(levels)
    if n_levels == 0:  # of a stream that has not come to one
        levels = np.array([], object if column.is_string else np.float64)
    if levels.dtype == object:
        if not column.is_string:
            raise TypeError(
                f"Column {column.name!r} must hold strings, as in fit ({levels[0]!r}), but its input tensor holds "
                "numbers."
            )
        keys = levels.tolist()
        missing = [each for each in MISSING_STRINGS if each not in keys]
        values = [*range(1, n_levels + 1), *[n_levels + 1] * len(missing)]
        return _look_up(graph, column.pick(graph), values, keys_strings=keys + missing)
    x, _ = as_matrix(graph, [column])
    x = graph.cast(x, DOUBLE)
    levels = levels.astype(np.float64)
    if n_levels == 0:
        index = graph.cast(graph.node("Mul", graph.cast(graph.node("IsNaN", x), DOUBLE), 0.0), INT64)
    elif (levels == np.rint(levels)).all() and np.abs(levels).max() <= LARGEST_INTEGER:
        integer = graph.cast(x, INT64)
        index = _look_up(graph, integer, range(1, n_levels + 1), keys_int64s=levels.astype(np.int64).tolist())
        index = graph.node("Where", graph.node("Equal", graph.cast(integer, DOUBLE), x), index, np.int64(0))
    else:
        hit = graph.cast(graph.node("Equal", x, levels[np.newaxis]), FLOAT)
        index = graph.cast(
            graph.node("MatMul", hit, np.arange(1, n_levels + 1, dtype=np.float32)[:, np.newaxis]), INT64
        )
    return graph.node("Where", graph.node("IsNaN", x), np.int64(n_levels + 1), index)


def _look_up(graph, x, values, **keys):
    attributes = {"values_int64s": list(values), "default_int64": 0} | keys
    return graph.node("LabelEncoder", x, domain=ML, op_version=2, **attributes)  # the last that skl2onnx lets pass
