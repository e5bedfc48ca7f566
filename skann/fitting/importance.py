"""The importances of columns: mean absolute parts in the predictions for held-out rows, from a small share of a fit."""

import numpy as np

from .._threads import blas_threads
from ..encoding.sources import sums_by_source
from .deadline import is_past
from .derivatives import Said, has_derivative, parts, shares

MOST_ROWS = 500  # of all networks together
MOST_BACKGROUND, LEAST_BACKGROUND = 32, 4  # rows for one network
N_STEPS = 2
SHARE = 0.02  # of the rows of a training, epoch by epoch, so many points on lines are passed through its network
LEAST_POINTS = 128  # which take about as long as one step of the training


def learn_importances(networks, data, target, sources, n_columns, deadline=None):
    """Set what each column means to each member of networks that were just trained.

    Each member explains rows that it held out, those of X_val, or else rows that it learnt from. A row counts as its
    weight says, each output the same: of values in the units of the training, of probabilities, or raw outputs where
    the derivative of what a loss predicts is not known.

    Parameters
    ----------
    networks : Networks
    data : list of TrainingData
        One for each member.
    target : Labels or Values
    sources : ndarray of int of shape (n_encoded,) or None
        See `column_sources`; where it is None, nothing can be said of columns.
    n_columns : int
        Of X.
    deadline : float, default=None
        The time of `time.perf_counter` from which on no member but the first is evaluated any more.
    """
    if sources is None:
        return
    said = Said.by(networks, not has_derivative(networks.loss), target.is_binary)
    with blas_threads(0), np.errstate(over="ignore", invalid="ignore"):
        for i, (member, its_data) in list(enumerate(zip(networks.members, data, strict=False)))[:: _stride(networks)]:
            if i and is_past(deadline):
                break
            only, n_rows = networks.only(member), MOST_ROWS // len(data)
            of_member = _mean_absolute_parts(only, said, its_data, sources, n_columns, n_rows)
            member.importances = of_member if np.isfinite(of_member).all() else None


def _stride(networks):
    """That from one member to the next that is evaluated: 1, but where a training is shorter than a hundred steps."""
    return max(1, min(len(networks.members) // 2, round(LEAST_POINTS / (SHARE * max(1, networks.members[0].t)))))


def importances(networks):
    """The importances (n_columns,) with sum 1, or all 0 where the model is constant; None if none were learnt."""
    pairs = zip(networks.members, shares(networks), strict=True)
    known = [(member.importances, sum(each)) for member, each in pairs if member.importances is not None]
    if not known:
        return None
    total = sum(share * each for each, share in known)
    return total / total.sum() if total.any() else total


def _mean_absolute_parts(networks, said, data, sources, n_columns, most_rows):
    """Mean absolute parts (n_columns,) in the predictions of networks with one member."""
    explained = data.rows if data.watched is None else data.watched
    n_functions = said.values(np.ones((1, networks.n_outputs))).shape[1]
    n_points = max(LEAST_POINTS, SHARE * networks.members[0].t) * 2 / (1 + n_functions)
    n_rows = min(max(1, most_rows), len(explained), max(1, round(n_points / (LEAST_BACKGROUND * N_STEPS))))
    n_background = min(max(LEAST_BACKGROUND, round(n_points / (n_rows * N_STEPS))), MOST_BACKGROUND)
    X, weight = _spread(explained, n_rows)
    background, background_weight = _spread(data.rows, n_background)
    share = None if background_weight is None else background_weight / background_weight.sum()
    of_columns = sums_by_source(parts(networks, said, X, background, N_STEPS, share), sources, n_columns)
    return np.average(np.abs(of_columns).mean(axis=0), axis=0, weights=weight)


def _spread(rows, n):
    """X and weights of at most n of the rows, evenly spaced."""
    rows = rows.in_memory()
    part = rows.part(len(rows) // -(-len(rows) // n))
    (X,) = part.chunks(len(part))
    return X, part.targets()[1]
