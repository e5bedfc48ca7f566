"""A callback that keeps what it is told, and estimators to tell it."""

import numpy as np
import pytest

from skann import ANNClassifier

KINDS = {
    "plain": {"encoder": None, "n_estimators": 1},
    "recipe": {"n_estimators": 1},
    "ensemble": {"n_estimators": 3},
    "threads": {"n_estimators": 3, "n_jobs": 2},
    "lbfgs": {"encoder": None, "solver": "lbfgs"},
    "early": {"encoder": None, "early_stopping": True},
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def classifier(kind="plain", **params):
    return ANNClassifier(**{"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 0} | KINDS[kind] | params)


class Recorder:
    """Keeps what it is told; ``fail_at`` and ``stop_after`` make it raise, and end the training."""

    def __init__(self, fail_at=None, stop_after=np.inf):
        self.events, self.fail_at, self.stop_after = [], fail_at, stop_after

    def note(self, name, context, **told):
        self.events.append((name, context.task_name, context.task_id, told))
        if (name, context.task_name) == self.fail_at:
            raise RuntimeError("the callback failed")

    def setup(self, estimator, context):
        self.note("setup", context)

    def teardown(self, estimator, context):
        self.note("teardown", context)

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.note("begin", context, X=X, y=y, metadata=metadata, model=fitted_estimator)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.note("end", context, X=X, y=y, metadata=metadata, model=fitted_estimator)
        return context.task_name == "epoch" and context.task_id + 1 >= self.stop_after

    def models(self, name="end", task="epoch"):
        return [told["model"] for event, its_task, _, told in self.events if (event, its_task) == (name, task)]

    def names(self):
        return [event[:2] for event in self.events]


class Silent:
    """Asks for nothing."""

    def setup(self, estimator, context):
        pass

    teardown = on_fit_task_begin = on_fit_task_end = setup
