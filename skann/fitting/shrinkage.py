"""Shrinkage of a classifier's outputs towards the best constant, where no held-out rows tell how sure it may be.

Few rows can be learnt by heart, and then the training says nothing of the confidence that the probabilities deserve.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

DOUBT = 20  # so many different rows halve the distance to the best constant


class Shrinkage(NamedTuple):
    """Raw outputs become constant + (raw - constant) / temperature: done in the last layer, so nothing else knows."""

    temperature: float
    constant: np.ndarray

    def apply(self, network):
        last = network.layers[-1]
        network.output_weights[...] /= self.temperature
        last.b[...] = self.constant + (last.b - self.constant) / self.temperature

    def undo(self, network):
        Shrinkage(1 / self.temperature, self.constant).apply(network)


def shrink(members, rows, loss):
    """Shrink the outputs of the networks of all members, which were trained on these rows; returns how."""
    shrinkage = shrinkage_for(rows, loss)
    for member in members:
        shrinkage.apply(member.network)
    return shrinkage


def unshrink(networks):
    """Give the outputs back what they were after the training, so that it can go on."""
    if networks.shrinkage is not None:
        for member in networks.members:
            networks.shrinkage.undo(member.network)
        networks.shrinkage = None


def shrinkage_for(rows, loss):
    """The shrinkage for networks that were trained on all of these rows, which are few.

    The temperature is 1 + 20 h / max(n, 10): n is the number of different rows of X, and h the share of the rows that
    can be learnt by heart, since no row of another class has the same X. Where rows weigh differently, n is the
    effective number (Kish 1965), the square of the sum of the weights over the sum of the squares. So copies of rows do
    the same as weights, and weights have no unit; what that costs is that copies are no evidence.
    """
    (X,), (y, weight) = rows.chunks(len(rows)), rows.targets()
    weight = np.ones(len(rows)) if weight is None else weight
    total: dict = {}
    targets: dict = {}
    for row, target, of_row in zip(_keys(X), _keys(y.reshape(len(y), -1)), weight, strict=True):
        total[row] = total.get(row, 0.0) + float(of_row)
        targets.setdefault(row, set()).add(target)
    n_different = sum(total.values()) ** 2 / sum(each**2 for each in total.values())
    by_heart = sum(total[row] for row in total if len(targets[row]) == 1) / sum(total.values())
    temperature = 1 + DOUBT * by_heart / max(n_different, DOUBT / 2)
    return Shrinkage(temperature, np.asarray(loss.constant(y, rows.targets()[1])))


def _keys(X):
    """For each row what is equal for equal rows."""
    if not sparse.issparse(X):
        return [row.tobytes() for row in X + 0]  # + 0 makes 0 of -0
    X = X.copy()
    X.sum_duplicates()
    X.eliminate_zeros()
    return [
        X.indices[start:stop].tobytes() + X.data[start:stop].tobytes()
        for start, stop in zip(X.indptr[:-1], X.indptr[1:], strict=True)
    ]
