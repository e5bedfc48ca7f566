"""How sure predictions are: intervals and sets of the values that a target may well have, from conformity scores.

The score of a value says how badly it agrees, as the target of a row, with the prediction of a network that has not
seen the row. In an interval or set are the values with smaller scores than most of the held-out rows have.

With five networks or more that held rows out, each held-out row is compared with a new one by the network that held it
out: CV+ (Barber et al. 2021, https://arxiv.org/abs/1905.02928; for sets Romano et al. 2020,
https://arxiv.org/abs/2006.02544), which is the jackknife+ if each row was held out alone. With fewer, the scores of all
held-out rows are compared with that of the whole model: split-conformal prediction.
"""

import math
from numbers import Real

import numpy as np

from .conformity import ROUNDING, conformity, pooled

N_CROSS = 5  # folds that networks held out, from which on the prediction is cross-conformal


class Conformal:
    """Intervals and sets for new rows, from the scores that the networks of a model have.

    Parameters
    ----------
    networks : Networks
    target : Labels or Values
    coverage : float
        Share of new rows whose target is to be covered.

    Attributes
    ----------
    is_sufficient : bool
        Whether there are enough held-out rows for this coverage; otherwise everything is covered.
    n_rows : float
        Number of held-out rows; with weights, that of rows of equal weight that tell as much.

    Raises
    ------
    ValueError
        If the coverage is no number between 0 and 1, or if there are no scores.
    """

    def __init__(self, networks, target, coverage):
        if not isinstance(coverage, Real) or isinstance(coverage, bool) or not 0 < coverage < 1:
            raise ValueError(f"coverage must be a number strictly between 0 and 1, got {coverage!r}.")
        scores = [member.scores for member in networks.members if member.scores is not None]
        if not scores:
            raise ValueError(f"There are no held-out rows to tell how sure predictions are: {networks.no_scores}.")
        n_folds = len({member.fold for member in networks.members if member.scores is not None})
        self.networks, self.target, self.is_cross = networks, target, n_folds >= N_CROSS
        self.measure = conformity(target, networks.loss, networks.n_outputs)
        self.groups = [list(each.columns()) for each in (scores if self.is_cross else [pooled(scores)])]
        self.total = sum(each.total for each in scores)
        of_new_row = sum(each.squares for each in scores) / self.total  # its weight, as that of a row drawn by weight
        self.wanted = float(coverage) * (self.total + of_new_row) * (1 - ROUNDING)
        self.n_rows, self.is_sufficient = self.total / of_new_row, self.wanted <= self.total

    def intervals(self, raw):
        """Intervals (n_rows, n_targets, 2) for rows, from the list of their raw outputs."""
        predictions = self._predictions(raw)
        ends = [self.measure.ends(each.astype(np.float64)) for each in predictions]
        with np.errstate(over="ignore", invalid="ignore"):
            lower = -self._upper([-low for low, _ in ends])
            upper = self._upper([high for _, high in ends])
            if getattr(self.networks.loss, "positive_only", False):
                lower = np.maximum(lower, 0)
            middle = np.where(lower > upper, lower / 2 + upper / 2, 0)
            lower, upper = (np.where(lower > upper, middle, end) for end in (lower, upper))
            return np.stack([lower, upper], axis=2).astype(predictions[0].dtype)

    def sets(self, raw):
        """Which classes are in the sets (n_rows, n_classes), from the list of raw outputs."""
        below = 0.0
        for proba, ((values, weights),) in zip(self._predictions(raw), self.groups, strict=True):
            scores = self.measure.of_classes(proba.astype(np.float64))
            below = below + weights[np.searchsorted(values, scores)]
        sets = below < self.wanted
        sets[np.arange(len(sets)), self.networks.predict(raw).argmax(axis=1)] = True
        return sets

    def _predictions(self, raw):
        """The predictions of the networks with scores, a list, or that of all together in a list."""
        if not self.is_cross:
            return [self.target.unscale(self.networks.predict(raw))]
        pairs = zip(self.networks.members, self.networks.by_member(raw), strict=True)
        found = [self.networks.only(member).predict(outputs) for member, outputs in pairs if member.scores is not None]
        return [self.target.unscale(each) for each in found]

    def _upper(self, ends):
        """The upper ends (n_rows, n_targets) that follow from those of each network at score 0."""
        if not self.is_sufficient:
            return np.full(ends[0].shape, np.inf)
        columns = zip(np.stack(ends).transpose(2, 0, 1), zip(*self.groups, strict=True), strict=True)
        return np.column_stack([quantile_of_sums(starts, groups, self.wanted) for starts, groups in columns])


def quantile_of_sums(starts, groups, wanted):
    """For each row the smallest sum that reaches a weight: sums are of a start and the values of the start's group.

    All sums of a row would be as many as there are held-out rows. Since the values of a group are sorted, the weight of
    the sums up to a number is found without them, and the number by bisection.

    Parameters
    ----------
    starts : ndarray of shape (n_groups, n_rows)
    groups : sequence of (ndarray of shape (n,), ndarray of shape (n + 1,))
        For each group its values in rising order, and the weight of those before each, the total at the end.
    wanted : float
        Weight that the sums up to the one returned have at least, together.

    Returns
    -------
    sums : ndarray of shape (n_rows,)
    """
    share = wanted / sum(weights[-1] for _, weights in groups)
    own = [v[min(np.searchsorted(w[1:], share * w[-1]), len(v) - 1)] for v, w in groups]  # quantile of each group
    reached = starts + np.array(own)[:, None]
    slack = 1e-12 * (np.abs(starts).max(axis=0) + np.abs(own).max()) + np.finfo(np.float64).tiny
    low, high = reached.min(axis=0) - slack, reached.max(axis=0) + slack  # too little weight, enough of it
    n_low, n_high = _n_up_to(low, starts, groups), _n_up_to(high, starts, groups)
    while True:
        middle = low / 2 + high / 2
        is_open = ((n_high - n_low).sum(axis=0) > 1) & (low < middle) & (middle < high)
        rows = np.flatnonzero(is_open)
        if not len(rows):
            break
        n_middle = _n_up_to(middle[rows], starts[:, rows], groups)
        weight = sum(weights[n] for (_, weights), n in zip(groups, n_middle, strict=True))
        above, below = rows[weight >= wanted], rows[weight < wanted]
        high[above], n_high[:, above] = middle[above], n_middle[:, weight >= wanted]
        low[below], n_low[:, below] = middle[below], n_middle[:, weight < wanted]
    sums = [start + np.append(v, np.inf)[n] for start, (v, _), n in zip(starts, groups, n_low, strict=True)]
    return np.min(sums, axis=0)


def _n_up_to(numbers, starts, groups):
    """For each group and row how many sums there are up to a number (n_groups, n_rows)."""
    return np.stack(
        [np.searchsorted(v, numbers - start, side="right") for start, (v, _) in zip(starts, groups, strict=True)]
    )


def n_needed(coverage):
    """How many held-out rows the coverage needs."""
    return math.ceil(coverage / (1 - coverage) - ROUNDING)
