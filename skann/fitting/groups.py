"""The layers of a network that is a sum over groups of columns: those of one without groups, cut up.

The mathematics is in `skann.engine.additive`, and in `skann.engine.monotone` where there are directions, too.
"""

import numpy as np

from ..engine.activations import ELU
from ..engine.additive import Grouped
from ..engine.layers import Dense, Parametric
from ..engine.monotone import Curved, Signed

LEAST_UNITS = 8  # of a group in each layer


def shared_out(sizes, n_groups):
    """Sizes of hidden layers that are multiples of the number of groups, each of which has 8 units at least."""
    return [n_groups * max(LEAST_UNITS, size // n_groups) for size in sizes]


def with_groups(chain, inputs, two_classes):
    """The layers of a sum over groups.

    Parameters
    ----------
    chain : list of layers
        Those of the network without groups, with as many units as `shared_out` says.
    inputs : Inputs
        With groups, and perhaps with directions.
    two_classes : bool
        See `skann.fitting.signs.with_signs`.
    """
    columns, has_signs = _columns_of_features(chain[0], inputs.n_columns), inputs.directions is not None
    directions = inputs.directions[columns] if has_signs else np.zeros(len(columns))
    belongs = np.array([np.isin(columns, group) for group in inputs.groups])  # (n_groups, n_features)
    n_dense, n_groups, found, is_first = sum(layer.kind == Dense.kind for layer in chain), len(belongs), [], True
    for layer in chain:
        n_dense -= layer.kind == Dense.kind
        if layer.kind == "scale" and has_signs:
            found.append(Signed(layer, {"s": np.where(directions == 0, np.nan, 1)}))
        elif layer.kind == Dense.kind and n_dense:
            n_units = layer.n_out // n_groups
            of_outputs = _of_units(n_units, belongs, directions) if is_first else directions
            if is_first:
                found.append(_first(layer, belongs, directions, of_outputs))
            else:
                found.append(_hidden(n_groups, layer, directions, of_outputs, has_signs))
            directions, is_first = of_outputs, False
            if type(layer.activation).__name__ != "Identity" or has_signs:
                found.append(_bend(layer.n_out, layer.activation, directions, n_groups))
        elif layer.kind == Dense.kind and has_signs:
            of_outputs = np.array([-1, 1]) if two_classes else np.ones(layer.n_out)
            found.append(Signed(layer, {"W": _factors(directions, of_outputs)}))
        elif isinstance(layer, Parametric) and has_signs:
            found[-1] = _bend(layer.n_out, layer.activation, directions, n_groups)
        else:
            found.append(layer)
    return found


def _columns_of_features(layer, n_columns):
    """The encoded column that each feature is made of, behind the first layer."""
    if layer.kind != "embeddings":
        return np.arange(n_columns)
    found, i = [], 0
    for part in layer.parts.values():
        found.append(
            np.repeat(layer.ordered(np.arange(n_columns)[None])[0, i : i + part.n_in], part.n_out // part.n_in)
        )
        i += part.n_in
    return np.concatenate(found)


def _of_units(n_units, belongs, directions):
    """The kinds of the units of all groups: all free where no column is constrained, all rising where each is."""
    found = []
    for of_group in belongs:
        n_free = n_units if not directions[of_group].any() else n_units // 4 if (directions[of_group] == 0).any() else 0
        found.append(np.arange(n_units) >= n_free)
    return np.concatenate(found).astype(float)


def _first(layer, belongs, directions, of_outputs):
    factors = _factors(directions, of_outputs)
    seen = np.repeat(belongs, layer.n_out // len(belongs), axis=0).T
    return Signed(Dense(layer.n_in, layer.n_out), {"W": np.where(seen, factors, 0)})


def _hidden(n_groups, layer, directions, of_outputs, has_signs):
    n_in, n_units = layer.n_in // n_groups, layer.n_out // n_groups
    grouped = Grouped(n_groups, n_in, n_units)
    if not has_signs:
        return grouped
    pairs = zip(np.split(directions, n_groups), np.split(of_outputs, n_groups), strict=True)
    return Signed(grouped, {"W": np.stack([_factors(*pair) for pair in pairs])})


def _factors(of_inputs, of_outputs):
    """The factors of `Signed`; weights of one sign are twice the root of their number smaller, see `fitting.signs`."""
    factors = 2 / np.sqrt(max(np.count_nonzero(of_inputs), 1)) * np.outer(of_inputs, of_outputs)
    factors[of_inputs == 0] = np.nan
    return factors


def _bend(n_units, activation, directions, n_groups):
    """The activation layer: where there are signs, every second rising unit is turned."""
    is_rising = directions != 0
    if is_rising.any() and not getattr(type(activation), "monotone", False):
        activation = ELU()
    return Curved(n_units, activation, is_rising & (np.arange(n_units) % 2 == 1))
