"""Reports a fit to the callbacks of scikit-learn, those set with ``set_callbacks``."""

import copy
import threading
from dataclasses import dataclass
from inspect import signature
from typing import Any

from .._compat import begin_tasks, callbacks_of
from ..engine.callbacks import Callback
from .checkpoint import CheckpointFile

HOOKS = ("on_fit_task_begin", "on_fit_task_end")  # of callbacks, where they may ask for a fitted estimator


class FitTask:
    """Reports a fit to scikit-learn's callbacks as a tree of tasks: the fit, its networks if there are several, their
    epochs.

    Parameters
    ----------
    estimator : ANNClassifier or ANNRegressor
    X, y, sample_weight
        As `fit` was given them: callbacks see them so.
    snapshot : callable(i, run, state) -> dict
        The attributes of a model with a copy of the network of training i, as if the training had ended here.
    """

    def __init__(self, estimator, X, y, sample_weight, snapshot):
        self.estimator, self.snapshot = estimator, snapshot
        self.callbacks = callbacks_of(estimator)
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self.file = CheckpointFile.of(self.callbacks)
        self.lock = threading.Lock()
        self.closed = False

    def seed(self, drawn):
        """The seed of the fit: that of its checkpoint, if it goes on from one."""
        return drawn if self.file is None else self.file.seed(drawn)

    def begin(self, start, is_warm):
        """Begin the task of the fit.

        Returns
        -------
        tasks : list of TaskOfNetwork
            For each training what makes its engine callback.
        """
        self.max_iter = start.settings.max_iter
        if self.file is not None:
            self.file.check(self.estimator, start, is_warm)
        n_networks = len(start.data)
        n_subtasks = self.max_iter if n_networks == 1 else n_networks
        self.context = begin_tasks(self.estimator, n_subtasks, sequential=n_networks == 1)
        self.context.call_on_fit_task_begin(**self.data)
        contexts = [self.context]
        if n_networks > 1:
            options = {"task_name": "network", "max_subtasks": self.max_iter}
            contexts = [self.context.subcontext(task_id=i, **options) for i in range(n_networks)]
        return [TaskOfNetwork(self, i, context) for i, context in enumerate(contexts)]

    def close(self):
        """The training is over, or has failed, though threads may go on: they tell no callback any more."""
        with self.lock:
            self.closed = True

    def end(self):
        """End the task of the fit."""
        self.context.call_on_fit_task_end(**self.data, reconstruction_attributes={})


@dataclass(frozen=True)
class TaskOfNetwork:
    """Makes the `NetworkTask` of a training, as `skann.fitting.train.fit_network` calls it."""

    task: FitTask
    index: int
    context: Any

    @property
    def needs_weights(self):
        """Whether it reads or sets the weights in training, so that these must be in the same process."""
        task = self.task
        hooks = [getattr(each, name) for each in task.callbacks for name in HOOKS]
        takes_model = any("fitted_estimator" in signature(hook).parameters for hook in hooks)
        return takes_model or task.file is not None or any(hasattr(each, "_get_state") for each in task.callbacks)

    def __call__(self, state, watchers):
        return NetworkTask(self.task, self.index, self.context, state, watchers)


class NetworkTask(Callback):
    """Makes tasks of the epochs of one network; keeps and restores the states that make a checkpoint.

    It stands behind all other callbacks of the engine. In the threads of an ensemble one at a time speaks to the
    callbacks of the user.

    Parameters
    ----------
    task : FitTask
    index : int
        Which of the trainings.
    context : CallbackContext
        scikit-learn's, of this network.
    state : TrainingState
    watchers : list of engine callbacks
        Those before it.
    """

    def __init__(self, task, index, context, state, watchers):
        self.task, self.index, self.context = task, index, context
        self.state, self.watchers, self.epoch = state, watchers, None
        self.is_network_task = context is not task.context
        self.with_state = [callback for callback in task.callbacks if hasattr(callback, "_get_state")]

    def on_fit_begin(self, run):
        with self.task.lock:
            if not self.task.closed:
                self._begin(run)

    def on_epoch_begin(self, run):
        with self.task.lock:
            if not self.task.closed:
                self._begin_epoch(run)

    def on_epoch_end(self, run):
        with self.task.lock:
            return self.task.closed or self._end_epoch(run)

    def on_fit_end(self, run):
        with self.task.lock:
            if not self.task.closed:
                self._end(run)

    def _begin(self, run):
        if self.is_network_task:
            self.context.call_on_fit_task_begin(**self.task.data)
        file = self.task.file
        state = None if file is None else file.networks.get(self.index)
        if state is not None:
            self._restore(run, state)
            for _ in range(run.epoch):  # so that the numbers of the epochs go on
                self.context.subcontext("epoch")

    def _begin_epoch(self, run):
        self.epoch = self.context.subcontext("epoch")
        self.epoch.call_on_fit_task_begin(**self.task.data, reconstruction_attributes=lambda: self._snapshot(run))

    def _end_epoch(self, run):
        epoch, self.epoch = self.epoch or self.context.subcontext("epoch"), None
        if epoch.call_on_fit_task_end(**self.task.data, reconstruction_attributes=lambda: self._snapshot(run)):
            run.stopped_by = run.stopped_by or "a callback asked for it"
        if self.task.file is not None:
            is_last = run.stopped_by is not None or run.epoch == self.task.max_iter
            self.task.file.put(self.index, run.epoch, is_last, lambda: self._get_state(run))
        return run.stopped_by is not None

    def _end(self, run):
        if self.epoch is not None:  # interrupted, or an iteration of L-BFGS that did not come to its end
            self.epoch.call_on_fit_task_end(estimator=self.task.estimator)
        for callback in self.with_state:
            callback._restore_best(self.context, run.network.theta)
        if self.is_network_task:
            self.context.call_on_fit_task_end(**self.task.data, reconstruction_attributes=lambda: self._snapshot(run))

    def _snapshot(self, run):
        return self.task.snapshot(self.index, run, self.state)

    def _get_state(self, run):
        """All that decides how the training goes on."""
        return {
            "run": run.get_state(),
            "rng": self.state.rng.bit_generator.state,
            "theta": run.network.theta,
            "stepper": run.stepper.get_state(),
            "watchers": [watcher.get_state() for watcher in self.watchers],
            "callbacks": [callback._get_state(self.context) for callback in self.with_state],
        }

    def _restore(self, run, state):
        run.set_state(copy.deepcopy(state["run"]))
        self.state.rng.bit_generator.state = state["rng"]
        run.network.theta[...] = state["theta"]
        run.stepper.set_state(state["stepper"], run.network)
        for watcher, each in zip(self.watchers, state["watchers"], strict=True):
            watcher.set_state(copy.deepcopy(each))
        for callback, each in zip(self.with_state, state["callbacks"], strict=True):
            callback._set_state(self.context, copy.deepcopy(each))
