"""A member of the networks of a model: one network with the record of its trainings."""

import copy
import math


class Member:
    """A network with its record: what one training made, and what a later one goes on from.

    Attributes
    ----------
    network : Network
    number, fold : int
        Those of the training that it began with.
    state : TrainingState or None
        None after unpickling: the weights are there, the state of the optimizer is not.
    history : dict of str to list
        One entry for each epoch of all trainings so far.
    n_iter : int
        Epochs of the last training.
    t : int
        Rows seen in all epochs.
    oof_score, oof_loss : float or None
        Of the rows that it held out: see `skann.fitting.out_of_fold`.
    scores : Scores or None
        Conformity scores of the rows that the network held out.
    importances : ndarray of shape (n_columns,) or None
        Mean absolute part of each column of X in the predictions; None where it was not learnt after the last training.
    mean_effects : ndarray of shape (n_groups, n_out) or None
        Mean over the training rows of what each group of an additive model adds to the raw outputs; None for others.
    """

    def __init__(self, network, state=None, number=0, fold=0):
        self.network, self.state = network, state
        self.number, self.fold = number, fold
        self.history, self.n_iter, self.t = {}, 0, 0
        self.oof_score = self.oof_loss = None
        self.scores = None
        self.importances = self.mean_effects = None

    def take(self, trained):
        """Go on from what a training has made."""
        before, new, n_epochs = self.history, trained.run.history, trained.run.epoch
        n_before = len(before.get("loss", ()))
        self.history = {
            name: list(before.get(name, [math.nan] * n_before)) + new.get(name, [math.nan] * n_epochs)
            for name in sorted(before.keys() | new.keys())
        }
        self.network, self.state, self.n_iter = trained.network, trained.state, n_epochs
        self.importances = self.mean_effects = None
        self.t += trained.n_rows * n_epochs

    @property
    def best_recent_score(self):
        """The greatest score on the watched rows in the last training; NaN if it ended before there was one."""
        n_before = len(self.history["loss"]) - self.n_iter if self.n_iter else None
        scores = [] if n_before is None else self.history.get("validation_score", [])[n_before:]
        return max((score for score in scores if not math.isnan(score)), default=math.nan)

    def __getstate__(self):
        return vars(self) | {"state": None}

    def __deepcopy__(self, memo):
        other = memo[id(self)] = object.__new__(type(self))
        vars(other).update(copy.deepcopy(vars(self), memo))
        return other
