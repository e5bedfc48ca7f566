"""The outline of a network: one column for its input and for each group of layers, which all drawings are made from."""

import math
from typing import NamedTuple

import numpy as np


class Column(NamedTuple):
    """A stretch of layers that share their units.

    Attributes
    ----------
    title : str
    n_units : int
    notes : tuple of str
        What the layers are.
    n_parameters : int
    parts : tuple of (int, int) or None
        Stretches of units of the column before and how many units here each of them becomes; None if each unit here
        sees all.
    names : tuple of str
        Of the units; empty where they have none.
    """

    title: str
    n_units: int
    notes: tuple[str, ...] = ()
    n_parameters: int = 0
    parts: tuple[tuple[int, int], ...] | None = None
    names: tuple[str, ...] = ()

    @property
    def lines(self):
        """What to write under the drawing of the column."""
        units = f"{self.n_units:,} {'unit' if self.n_units == 1 else 'units'}"
        parameters = f"{self.n_parameters:,} {'parameter' if self.n_parameters == 1 else 'parameters'}"
        return [units, *self.notes, *([parameters] if self.n_parameters else [])]


def outline(estimator):
    """The columns of the first network of a fitted estimator."""
    layers = estimator.networks_.members[0].network.layers
    n_in = getattr(layers[0], "n_in", layers[0].n_out)
    n_features = estimator.n_features_in_
    notes = () if n_in == n_features else (f"from {n_features:,} columns",)
    columns = [Column("Input", n_in, notes, names=_input_names(estimator, n_in))]
    for layer in layers:
        columns = _extended(columns, layer)
    columns[-1] = columns[-1]._replace(title="Output", names=_output_names(estimator, columns[-1].n_units))
    return _with_note(columns, estimator.out_activation_)


def _input_names(estimator, n_in):
    """Names of the numbers that enter, where the columns of X have names."""
    if not hasattr(estimator, "feature_names_in_"):
        return ()
    names = estimator.feature_names_in_
    if hasattr(estimator.encoder_, "get_feature_names_out"):
        names = estimator.encoder_.get_feature_names_out()
    return tuple(map(str, names)) if len(names) == n_in else ()


def _output_names(estimator, n_out):
    """The classes that leave, or the quantiles."""
    names = getattr(estimator, "classes_", ())
    if getattr(estimator, "loss", None) == "quantile":
        names = [f"{level:.3g} quantile" for level in np.atleast_1d(estimator.quantile)]
    return tuple(map(str, names)) if len(names) == n_out else ()


def _extended(columns, layer):
    """The columns with one more layer."""
    n_parameters = sum(math.prod(shape) for shape in layer.shapes.values())
    if layer.kind in ("dropout", "activation"):
        columns = [*columns[:-1], columns[-1]._replace(n_parameters=columns[-1].n_parameters + n_parameters)]
        return _with_note(columns, str(layer)[0].lower() + str(layer)[1:])
    if layer.kind == "embeddings":
        parts = tuple((part.n_in, part.n_out // max(part.n_in, 1)) for part in layer.parts.values())
        return [*columns, Column("Embedding", layer.n_out, _embeddings(layer), n_parameters, parts)]
    if layer.kind == "scale":
        return [*columns, Column("Scale", layer.n_out, (), n_parameters, ((layer.n_out, 1),))]
    if layer.kind == "dense":
        title = f"Hidden {1 + sum(column.parts is None for column in columns[1:])}"
        name = type(layer.activation).__name__
        return [*columns, Column(title, layer.n_out, () if name == "Identity" else (name,), n_parameters)]
    return [*columns, Column(type(layer).__name__, layer.n_out, (), n_parameters)]


def _with_note(columns, note):
    """The columns, with a note on the last."""
    return [*columns[:-1], columns[-1]._replace(notes=(*columns[-1].notes, note))]


def _embeddings(layer):
    """A note for each part of the embeddings, one for all categories together."""
    levels = [part.n_levels for part in layer.parts.values() if part.kind == "category"]
    notes = [str(part) for part in layer.parts.values() if part.kind != "category"]
    if levels:
        notes.append(f"{len(levels)} {'category' if len(levels) == 1 else 'categories'}, {sum(levels):,} levels")
    return tuple(notes)
