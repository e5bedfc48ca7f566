"""How long the later networks of an ensemble are trained: a little longer than the first ones were at their best."""

from dataclasses import replace

import numpy as np

from .recipe import Settings

N_FIRST = 2  # networks that are trained by the recipe's number of epochs
LONGER = 1.2  # than the mean of their best epochs
LEAST = 8  # epochs


def plans_by_the_first(trainings):
    """Whether the trainings after the first ones wait for what these tell.

    A schedule that ends where the best epoch is wastes none after it. Four networks and more, since the first ones
    gain nothing.
    """
    return len(trainings) >= 2 * N_FIRST and all(
        each.settings.plans_by_the_first and each.data.watched is not None and not each.is_warm for each in trainings
    )


def planned(training, first):
    """The training, with as many epochs as the first ones, which are `Trained`, let expect to be enough."""
    settings = training.settings
    best = np.mean([np.argmax(each.run.history["validation_score"]) + 1 for each in first])
    n_epochs = min(settings.max_iter, max(LEAST, round(LONGER * float(best))))
    values = {"max_iter": n_epochs, "n_epochs": n_epochs}
    if settings.patience_growth:
        values["n_iter_no_change"] = max(1, n_epochs // 8)
    return replace(training, settings=Settings(**vars(settings) | values))
