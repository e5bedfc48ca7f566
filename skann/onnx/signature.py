"""The input tensors of an exported model: one per column of a DataFrame, one for an array."""

import numpy as np
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType

from ..encoding.columns import Coded
from ..encoding.dates import Dates
from ..encoding.reading import read_columns
from ..encoding.tables import as_array, column_names, is_frame


def input_types(X, one_type_of_number=False):
    """Names and types of the inputs for tables like X, in skl2onnx's terms.

    Parameters
    ----------
    X : {array-like, dataframe, sparse matrix}
    one_type_of_number : bool, default=False
        Whether all columns of numbers get the widest type among them: skl2onnx joins columns for a transformer of
        scikit-learn in the type of the first, and integers would cut floats.

    Raises
    ------
    ValueError, TypeError
        If X is no table, or one that tensors can't hold.
    """
    if np.ndim(X) != 2:
        raise ValueError(f"X must have two dimensions, rows and columns, got {np.ndim(X)}.")
    X = as_array(X, "X") if isinstance(X, list | tuple) else X
    names = column_names(X)
    columns = read_columns(X, names, as_matrix=False)
    if not is_frame(X):
        types = {_tensor_type(column) for column in columns} if isinstance(columns, list) else {_tensor_type(columns)}
        if len(types) > 1:
            raise TypeError("X mixes strings and numbers, which one tensor can't hold: give a DataFrame.")
        return [("X", types.pop()([None, len(names)]))]
    names = [str(name) for name in names]
    if len(set(names)) < len(names):
        raise ValueError(f"The columns of X must have different names, which become those of the inputs, got {names}.")
    for column, name in zip(columns, names, strict=True) if isinstance(columns, list) else ():
        if isinstance(column, Dates):
            raise dates_refusal(name)
    types = [_tensor_type(column) for column in (columns if isinstance(columns, list) else columns.T)]
    if one_type_of_number:
        widest = next((kind for kind in (DoubleTensorType, FloatTensorType) if kind in types), Int64TensorType)
        types = [kind if kind is StringTensorType else widest for kind in types]
    return [(name, kind([None, 1])) for name, kind in zip(names, types, strict=True)]


def dates_refusal(name):
    """The error about a column of dates."""
    return TypeError(
        f"Column {name!r} holds dates, times or durations, which the tensors of ONNX can't hold: make numbers of them "
        "before fit, and give the exported model these."
    )


def _tensor_type(column):
    """The type for a column, or a matrix, that `read_columns` has read."""
    if isinstance(column, Dates):
        raise dates_refusal(0)
    if isinstance(column, Coded):
        if column.labels.dtype == object:
            return StringTensorType
        is_integer = column.labels.dtype.kind in "iub" and (column.codes >= 0).all()
    else:
        is_integer = column.dtype.kind in "iub"
        if column.dtype == np.float32:
            return FloatTensorType
    return Int64TensorType if is_integer else DoubleTensorType


def rename_inputs(graph, names):
    """Give the inputs of an exported graph the names of the columns, of which skl2onnx makes identifiers.

    A column called like an output keeps skl2onnx's name for it, such as "label1": ONNX allows each name once.
    """
    outputs = {each.name for each in graph.output}
    new = {each.name: name for each, name in zip(graph.input, names, strict=True) if name not in outputs}
    for each in graph.input:
        each.name = new.get(each.name, each.name)
    _rename_in_nodes(graph, new)


def _rename_in_nodes(graph, new):
    for node in graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename_in_nodes(attribute.g, new)
