"""A portfolio of candidates: the kind of ensemble in which networks of several settings compete."""

import time

import numpy as np
from scipy.optimize import minimize

from ..engine.evaluation import mean_loss, pooled_targets
from . import build
from .deadline import is_past
from .networks import Networks
from .planning import planned

N_RACED = 2  # folds on which all candidates are trained
N_FINALISTS = 2  # candidates that are trained on all folds
PRIOR = 1.0  # rows that speak for equal shares
LEAST = 1e-3  # share of a finalist
TO_RAW = {"softmax": np.log, "logistic": lambda p: np.log(p) - np.log1p(-p), "exp": np.log}  # by the out_activation


class Portfolio(Networks):
    """Networks of several candidates: a race leaves the best, and these have shares in the predictions.

    All candidates are trained on the same first folds. Those with the best scores on the rows held out there, the
    finalists, are trained on the other folds, too. Their shares are those with which the mean of the predictions has
    the least loss on the held-out rows (Breiman 1996, Stacked regressions, https://doi.org/10.1007/BF00117832).

    Attributes
    ----------
    candidates : list of dict
        What each changes in the settings of the fit.
    scores : ndarray of shape (n_candidates,)
        Mean, over the folds of the race, of the best score on the held-out rows; NaN without a race.
    shares : ndarray of shape (n_candidates,)
        Sum 1; 0 for those that are no finalists.
    """

    are_alike = False

    def __init__(self, loss, n_outputs=0):
        super().__init__(loss, n_outputs)
        self.candidates, self.scores, self.shares = [], None, None

    @staticmethod
    def n_trainings(settings):
        return len(settings.candidates) * settings.n_estimators

    @staticmethod
    def n_trained(settings):
        """How many of the trainings there are if a race is run."""
        n_candidates, n_folds = len(settings.candidates), settings.n_estimators
        n_raced = min(N_RACED, n_folds)
        return n_candidates * n_raced + min(N_FINALISTS, n_candidates) * (n_folds - n_raced)

    @staticmethod
    def n_folds(settings):
        return settings.n_estimators

    @staticmethod
    def fold_of(number, settings):
        return number // len(settings.candidates)

    def settings_of(self, number, settings):
        self.candidates = self.candidates or settings.candidates  # those of the first fit
        own = self.candidates[number % len(self.candidates)] | {"plans_by_the_first": False}  # done here
        return type(settings)(**vars(settings) | own)

    def new_network(self, settings, inputs, rows, constant, rng):
        return build.network(settings, inputs, rows, constant, rng)

    def train_members(self, trainings, settings, deadline, tasks, train):
        def train_some(positions, deadline):
            own = [trainings[i] for i in positions]
            return train(own, settings.n_jobs, deadline, tasks and [tasks[i] for i in positions])

        if trainings[0].is_warm:
            wanted = range(len(trainings))
            return train_some(wanted, deadline), wanted
        of = self._candidates_of_members()
        fold = np.array([member.fold for member in self.members])
        self.scores = np.full(len(self.candidates), np.nan)
        if trainings[0].data.watched is None or len(self.candidates) == 1:  # there is nothing to choose by
            self.shares = np.eye(len(self.candidates))[0]
            wanted = np.flatnonzero(of == 0)
            return train_some(wanted, deadline), wanted
        first = np.flatnonzero(fold < N_RACED)
        part = _part_of(deadline, len(first), N_FINALISTS * np.count_nonzero(fold >= N_RACED))
        trained = dict(zip(first, train_some(first, part), strict=False))
        self.scores = _scores(trained, of, len(self.candidates))
        finalists = np.argsort(-self.scores, kind="stable")[:N_FINALISTS]
        finalists = finalists[np.isfinite(self.scores[finalists])]
        self.shares = np.isin(np.arange(len(self.candidates)), finalists) / len(finalists)
        wanted = np.flatnonzero(self.shares[of] > 0)
        kept = [trained[i] for i in wanted if i in trained]
        rest = [i for i in wanted if fold[i] >= N_RACED]
        if len(trained) < len(first) or kept[-1].run.interrupted or not rest or is_past(deadline):
            return kept, wanted
        if settings.plans_by_the_first:
            for i in rest:
                trainings[i] = planned(trainings[i], [trained[k] for k in first if of[k] == of[i]])
        return kept + train_some(rest, deadline), wanted

    def weigh(self, raw, watched):
        finalists = np.flatnonzero(self.shares)
        pairs = list(zip(self._candidates_of_members(), [member.fold for member in self.members], strict=True))
        of_pair = dict(zip(pairs, range(len(pairs)), strict=True))
        folds = [fold for fold in range(max(of_fold for _, of_fold in pairs) + 1)]
        folds = [fold for fold in folds if all((candidate, fold) in of_pair for candidate in finalists)]
        if len(finalists) == 1 or not folds:
            return
        predictions = []
        for candidate in finalists:
            own = self.calibrated([raw[of_pair[candidate, fold]].astype(np.float64) for fold in folds])
            predictions.append(np.concatenate([self.loss.predict(each) for each in own]))
        y, weight = pooled_targets([watched[of_pair[finalists[0], fold]] for fold in folds])
        self.shares[finalists] = best_shares(self.loss, np.array(predictions), y, weight)

    def training_loss(self):
        return self.loss

    def outputs(self, raw):
        return [raw]

    @property
    def weights(self):
        if not self.is_ensemble or self.shares is None or self.shares.max() == 1:
            return None
        of = self._candidates_of_members()
        n_members = np.bincount(of, minlength=len(self.candidates))
        return [float(self.shares[candidate] / n_members[candidate]) for candidate in of]

    @property
    def n_estimators(self):
        return max(member.fold for member in self.members) + 1 if self.is_ensemble else 1

    @property
    def keeps_out_of_fold(self):
        return self.is_ensemble

    def standings(self):
        """How the candidates did, a list of dicts: the values that they change, score, number of networks, weight."""
        n_networks = np.bincount(self._candidates_of_members(), minlength=len(self.candidates))
        return [
            {"params": dict(each), "score": float(score), "n_networks": int(number), "weight": float(share)}
            for each, score, number, share in zip(self.candidates, self.scores, n_networks, self.shares, strict=True)
        ]

    def _candidates_of_members(self):
        """The number of the candidate that each member is one of."""
        return np.array([member.number % len(self.candidates) for member in self.members])


def _part_of(deadline, n_now, n_later):
    """The time at which a first round ends that takes its part of the time until the deadline."""
    if deadline is None:
        return None
    now = time.perf_counter()
    return now + (deadline - now) * n_now / (n_now + n_later)


def _scores(trained, of, n_candidates):
    """For each candidate the mean of its best scores, on as many folds as all have; minus infinity without any."""
    best: list = [[] for _ in range(n_candidates)]
    for i, each in trained.items():
        best[of[i]].append(np.nanmax(each.run.history.get("validation_score", [-np.inf])))
    n_common = min(len(each) for each in best if each)
    return np.array([np.mean(each[:n_common]) if each else -np.inf for each in best])


def best_shares(loss, predictions, y, weight=None):
    """The shares for which the weighted mean of predictions has the least loss.

    Parameters
    ----------
    loss : Loss
    predictions : ndarray of shape (n_candidates, n_rows, ...)
        What the loss predicts, for rows that were not trained on.
    y : ndarray
        Their targets, as the loss wants them.
    weight : ndarray of shape (n_rows,), default=None

    Returns
    -------
    shares : ndarray of shape (n_candidates,)
        Positive, with sum 1. A term as of one row draws them together, so that few rows do not decide everything.
    """
    n_candidates, n_rows = predictions.shape[:2]
    equal = np.full(n_candidates, 1 / n_candidates)
    to_raw = TO_RAW.get(loss.out_activation, np.asarray)

    def value(shares):
        return mean_loss(loss, to_raw(np.tensordot(shares, predictions, 1)), y, weight)

    scale = abs(value(equal)) or 1.0
    found = minimize(
        lambda shares: value(shares) / scale - PRIOR / n_rows * np.log(shares).mean(), equal, method="SLSQP",
        bounds=[(LEAST, 1)] * n_candidates, constraints={"type": "eq", "fun": lambda shares: shares.sum() - 1},
        options={"ftol": 1e-7},
    )  # fmt: skip
    return found.x / found.x.sum() if np.isfinite(found.x).all() else equal
