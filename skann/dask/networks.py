"""The networks of an ensemble side by side on workers, each of which has the whole table.

Every worker makes the same start of the training, from the same seed. The first one then goes through the training as
it is on one machine; where networks are to be trained that it does not have yet, the workers share them out.
"""

import copy
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ..fitting.parallel import train_all
from ..fitting.planning import N_FIRST, planned, plans_by_the_first
from ..fitting.recipe import Settings
from ..fitting.validation import Validation

N_ROUNDS = 8  # more than any kind of ensemble has


class Begun(NamedTuple):
    """What a worker holds: its number among so many, and an estimator with the start of its training."""

    number: int
    n_workers: int
    estimator: Any
    start: Any


class Missing(Exception):
    """Networks that are to be trained: ``settings`` is a dict with those of each by its number."""

    def __init__(self, settings: dict[int, Any]) -> None:
        super().__init__(settings)
        self.settings = settings


class TrainedElsewhere:
    """Stands in for `train_all`: finds the trainings done, or raises `Missing`.

    Parameters
    ----------
    trained : dict of int to Trained
        By the numbers of the networks.
    asked : set of int
        Those that have been asked for: what is not there of these had no time.
    """

    def __init__(self, trained: dict[int, Any], asked: set[int]) -> None:
        self.trained, self.asked = trained, asked

    def __call__(self, trainings: Sequence[Any], n_jobs: Any, deadline: Any = None, tasks: Any = None) -> list[Any]:
        if plans_by_the_first(trainings):
            first = self._find(trainings[:N_FIRST])
            if len(first) == N_FIRST:
                trainings = [*trainings[:N_FIRST], *(planned(each, first) for each in trainings[N_FIRST:])]
        trained = self._find(trainings)
        return list(itertools.takewhile(lambda each: not each.run.was_cut, trained)) or trained

    def _find(self, trainings):
        """Those of the trainings up to the first that had no time."""
        missing = {each.number: each.settings for each in trainings if each.number not in self.asked}
        if missing:
            raise Missing(missing)
        found = (self.trained.get(each.number) for each in trainings)
        return list(itertools.takewhile(lambda each: each is not None, found))


def fit_networks(estimator: Any, copies: Any, verbose: bool = False) -> tuple[Any, list]:
    """The estimator, fitted, and what to warn of: pairs of a message and its category.

    Parameters
    ----------
    estimator : ANNClassifier or ANNRegressor
        With a ``random_state`` that gives the same on every worker.
    copies : Shards
        Parts that are a triple (X, y, weight) each, all the same; with `only`.
    verbose : bool, default=False
        Whether a line is printed for each network.
    """
    begun = copies.numbered().hold(_begin, len(copies), estimator)
    trained: dict[int, Any] = {}
    asked: set[int] = set()
    for _ in range(N_ROUNDS):
        [(missing, fitted, out_of_fold, messages)] = begun.only(0).run(_go_on, trained, asked)
        if fitted is not None:
            fitted.networks_.out_of_fold = out_of_fold
            return fitted, messages
        for found in begun.run(_train, missing):
            trained |= found
        asked |= set(missing)
        if verbose:
            for number in sorted(missing.keys() & trained.keys()):
                print(_line(number, trained[number]))
    raise AssertionError("the training asked for networks again and again")


def _line(number, trained):
    scores = trained.run.history.get("validation_score")
    best = f", best score {max(scores):.5g}" if scores else ""
    return f"network {number + 1}: {trained.run.epoch} epochs{best}"


# ------------------------------------------------------------------------------------------------------ at the workers


def _begin(numbered, n_workers, estimator):
    number, (X, y, weight) = numbered
    start = estimator._start(X, y, weight, Validation(None, None, None, None))
    return Begun(number, n_workers, estimator, start)


def _train(begun, missing):
    """Train the networks of this worker: a dict of `Trained` by their numbers."""
    numbers = sorted(missing)[begun.number :: begun.n_workers]
    if not numbers:
        return {}
    networks, data = copy.deepcopy(begun.start.networks), begun.start.data
    trainings = [
        replace(
            networks.training(i, begun.start.settings, data),
            settings=Settings(**vars(missing[i]) | {"plans_by_the_first": False}),
        )
        for i in numbers
    ]
    return dict(zip(numbers, train_all(trainings, 1, begun.start.deadline), strict=False))


def _go_on(begun, trained, asked):
    """What is missing, or the fitted estimator, predictions for the held-out rows, and what to warn of."""
    start = replace(begun.start, networks=copy.deepcopy(begun.start.networks), data=list(begun.start.data))
    estimator = copy.copy(begun.estimator)
    try:
        done = start.train(is_warm=False, train=TrainedElsewhere(trained, asked))
    except Missing as missing:
        return missing.settings, None, None, []
    estimator._keep(start, done)
    messages = [*((message, UserWarning) for message in start.messages), *start.warnings(done)]
    return None, estimator, start.networks.out_of_fold, messages  # which is in no pickle of the networks
