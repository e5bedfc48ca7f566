"""The layers of a network with monotone constraints: those of one without them, with signs and two kinds of units.

The mathematics is in `skann.engine.monotone`.
"""

import numpy as np

from .._parts import made
from ..engine.activations import ELU
from ..engine.embeddings import EMBEDDINGS, Category, Embeddings, PassThrough, PiecewiseLinear
from ..engine.layers import Dense, Parametric
from ..engine.monotone import Curved, SideBySide, Signed


class SomeColumns:
    """The training rows as an embedding sees them that gets some of the columns only."""

    def __init__(self, rows, which):
        self.rows, self.which = rows, which

    def quantiles(self, levels, n_columns):
        return self.rows.quantiles(levels, self.which.max() + 1)[self.which[:n_columns]]


def embeddings(settings, inputs, rows):
    """The `Embeddings`, which put the constrained numbers behind the others; those become features that rise with them.

    Parameters
    ----------
    settings : Settings
    inputs : Inputs
        With directions.
    rows : Rows
        To learn from.
    """
    n_coded = len(inputs.n_levels)
    rising = np.flatnonzero(inputs.directions)
    numbers = np.setdiff1d(np.arange(inputs.n_numeric), rising)
    rest = np.setdiff1d(np.arange(inputs.n_numeric, inputs.n_columns - n_coded), rising)
    parts: dict = {}
    if len(numbers) and settings.numeric_embedding:
        kind = EMBEDDINGS[settings.numeric_embedding]
        values = vars(settings) | {"rows": SomeColumns(rows, numbers), "n_in": len(numbers)}
        parts["numeric"] = made(getattr(kind, "from_rows", kind), values)
    elif len(numbers):
        parts["numeric"] = PassThrough(len(numbers))
    if settings.numeric_embedding:
        edges = PiecewiseLinear.from_rows(SomeColumns(rows, rising), len(rising)).edges
        part = PiecewiseLinear(np.pad(edges, ((0, 0), (1, 1)), mode="edge"))  # no narrow bin goes on beyond the rows
        parts["rising"] = Signed(part, {"v": np.ones(1), "W": np.ones(1)})
    else:
        parts["rising"] = PassThrough(len(rising))
    if len(rest):
        parts["rest"] = PassThrough(len(rest))
    parts |= {f"category{i}": Category(n) for i, n in enumerate(inputs.n_levels)}
    codes = np.arange(inputs.n_columns - n_coded, inputs.n_columns)
    return Embeddings(parts, np.concatenate([numbers, rising, rest, codes]))


def with_signs(chain, inputs, two_classes):
    """The layers with which the outputs rise or fall with the constrained columns.

    Parameters
    ----------
    chain : list of layers
        Those of the network without constraints, behind the `Embeddings` that `embeddings` returns.
    inputs : Inputs
    two_classes : bool
        Whether the outputs are those of two classes: then the first one moves against the directions.
    """
    directions = _of_features(chain[0], inputs.directions)
    n_dense, found = sum(layer.kind == "dense" for layer in chain), [chain[0]]
    for layer in chain[1:]:
        if layer.kind == "scale":
            found.append(Signed(layer, {"s": np.where(directions == 0, np.nan, 1)}))
        elif layer.kind == "dense":
            n_dense -= 1
            of_outputs = _of_units(layer.n_out, directions)
            if n_dense == 0:
                of_outputs = np.array([-1, 1]) if two_classes else np.ones(layer.n_out)
            found.append(Signed(Dense(layer.n_in, layer.n_out), {"W": _factors(directions, of_outputs)}))
            directions = of_outputs
            if n_dense and type(layer.activation).__name__ != "Identity":
                found.append(_bends(directions, Curved(np.sum(directions == 0), layer.activation), layer.activation))
        elif isinstance(layer, Parametric):
            found.append(_bends(directions, _fewer(layer, np.sum(directions == 0)), layer.activation))
        else:
            found.append(layer)
    return found


def _of_features(layer, directions):
    """The direction of each feature that the embeddings make."""
    of_columns, found, i = directions[layer.order], [], 0
    for part in layer.parts.values():
        found.append(np.repeat(of_columns[i : i + part.n_in], part.n_out // max(part.n_in, 1)))
        i += part.n_in
    return np.concatenate(found)


def _of_units(n_units, of_inputs):
    """The kinds of units: a quarter of them free, 0, the others rising, 1; all rising where nothing else comes in."""
    return np.arange(n_units) >= (n_units // 4 if (of_inputs == 0).any() else 0)


def _factors(of_inputs, of_outputs):
    """The factors of `Signed` for weights between units of these kinds (0 for free ones).

    Weights of one sign add up, so that they are to be smaller, by the root of their number; since steps are not, the
    factors are. Twice this is what learns well.
    """
    size = 2 / np.sqrt(max(np.count_nonzero(of_inputs), 1))
    factors = size * np.outer(of_inputs, of_outputs)
    factors[of_inputs == 0] = np.nan
    return factors


def _bends(directions, free, activation):
    """The activation layer for free units and rising ones, half of which are turned."""
    n_rising = np.count_nonzero(directions)
    rising = Curved(
        n_rising,
        activation if getattr(type(activation), "monotone", False) else ELU(),
        np.arange(n_rising) >= (n_rising + 1) // 2,
    )
    return SideBySide({"free": free, "rising": rising} if free.n_out else {"rising": rising})


def _fewer(layer, n_units):
    """A parametric activation for so many units."""
    kind = type(layer)
    return kind(n_units, layer.activation) if "activation" in vars(layer) else kind(n_units)
