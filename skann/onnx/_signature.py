"""The input tensors of an exported model: one per column of a DataFrame, one for an array."""

import numpy as np
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType

from .._columns import Coded, column_names, is_frame, read_columns


def input_types(X, integers_as_double=False):
    """Names and types of the inputs for tables like X, in skl2onnx's terms.

    Raises
    ------
    ValueError, TypeError
        If X is no table, or one that tensors can't hold.
    """
    if np.ndim(X) != 2:
        raise ValueError(f"X must have two dimensions, rows and columns, got {np.ndim(X)}.")
    names = column_names(X)
    if is_frame(X):
        columns = read_columns(X, names, as_matrix=False)
        columns = columns if isinstance(columns, list) else columns.T
        if len({str(name) for name in names}) < len(names):
            raise ValueError(f"X must have columns of different names, for they become those of the inputs: {names}.")
        types = [_tensor_type(column, integers_as_double) for column in columns]
        return [(str(name), kind([None, 1])) for name, kind in zip(names, types, strict=True)]
    columns = read_columns(X if hasattr(X, "dtype") else np.asarray(X), names, as_matrix=True)
    types = {_tensor_type(column, integers_as_double) for column in (columns if isinstance(columns, list) else [columns])}
    if len(types) > 1:
        raise TypeError("X mixes strings and numbers, which one tensor can't hold: give a DataFrame.")
    return [("X", types.pop()([None, len(names)]))]


def _tensor_type(column, integers_as_double):
    """The type for a column, or a matrix, that `read_columns` has read."""
    if isinstance(column, Coded):
        if column.labels.dtype == object:
            return StringTensorType
        is_integer = column.labels.dtype.kind in "iub" and (column.codes >= 0).all()
    else:
        is_integer = column.dtype.kind in "iub"
        if column.dtype == np.float32:
            return FloatTensorType
    return Int64TensorType if is_integer and not integers_as_double else DoubleTensorType
