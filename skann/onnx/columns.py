"""The inputs of an operator as the columns of a table."""

from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from skl2onnx.common.data_types import FloatTensorType, StringTensorType

from .graph import DOUBLE, FLOAT


class Column(NamedTuple):
    """Where a column of the table is.

    Parameters
    ----------
    tensor : Variable
        An input of the operator.
    position, width : int
        Which of its columns, and how many it has.
    name : str or int
        What messages call the column.
    """

    tensor: object
    position: int
    width: int
    name: object

    @property
    def is_string(self):
        """Whether its values are strings."""
        return isinstance(self.tensor.type, StringTensorType)

    def pick(self, graph):
        """The column as a tensor of shape (n_rows, 1)."""
        return self.tensor.full_name if self.width == 1 else graph.take(self.tensor.full_name, [self.position])


def columns_of(inputs, model):
    """The columns, in order, of the table that these inputs hold.

    Raises
    ------
    ValueError
        If there are not as many as ``model`` was fitted with.
    """
    n_features = model.n_features_in_
    names = getattr(model, "feature_names_in_", range(n_features))
    widths = [_width(each, n_features if len(inputs) == 1 else 1) for each in inputs]
    if sum(widths) != n_features:
        raise ValueError(
            f"{type(model).__name__} was fitted with {n_features} columns, but its inputs have {sum(widths)}: "
            + ", ".join(f"{each.raw_name} {each.type}" for each in inputs)
        )
    places = [(tensor, i, width) for tensor, width in zip(inputs, widths, strict=True) for i in range(width)]
    return [Column(*place, name) for place, name in zip(places, names, strict=True)]


def are_float32(columns):
    """Whether all of these columns are float32: skann then computes in float32, too."""
    return all(isinstance(column.tensor.type, FloatTensorType) for column in columns)


def as_matrix(graph, columns):
    """Columns of numbers as one tensor of shape (n_rows, n_columns), and its type.

    float32 if all of them are; else float64, as float32 would round large numbers before they are centred.

    Raises
    ------
    TypeError
        If one of them holds strings.
    """
    strings = [column.name for column in columns if column.is_string]
    if strings:
        raise TypeError(f"Column {strings[0]!r} must hold numbers, as in fit, but its input tensor holds strings.")
    to = FLOAT if are_float32(columns) else DOUBLE
    parts = []
    for _, group in groupby(columns, key=attrgetter("tensor.full_name")):
        chosen = list(group)
        tensor, width = chosen[0].tensor.full_name, chosen[0].width
        positions = [column.position for column in chosen]
        parts.append(graph.cast(tensor if positions == [*range(width)] else graph.take(tensor, positions), to))
    return graph.concat(parts), to


def _width(variable, default):
    shape = variable.type.shape
    return shape[1] if len(shape) == 2 and isinstance(shape[1], int) else default
