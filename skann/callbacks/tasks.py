"""The bridge between the callbacks of scikit-learn, set with ``set_callbacks``, and those of the engine."""

import copy
import threading

import numpy as np

from ..engine.callbacks import Callback
from ..estimators.fitted import OF_ENSEMBLE, OF_NETWORK
from ..fitting.train import Trained
from .checkpoint import Store


class Hub:
    """What a fit tells the callbacks of its estimator. Its tree of tasks: fit, networks if there are several, epochs.

    Parameters
    ----------
    estimator : ANNClassifier or ANNRegressor
    X, y, sample_weight
        As `fit` was given them: callbacks see them so.
    """

    def __init__(self, estimator, X, y, sample_weight):
        self.estimator = estimator
        self.callbacks = estimator._skl_callbacks
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self.store = Store.of(self.callbacks)
        self.lock = threading.Lock()
        self.closed = False

    @classmethod
    def of(cls, estimator, *data):
        """The hub of an estimator, None if it has no callbacks."""
        return cls(estimator, *data) if getattr(estimator, "_skl_callbacks", None) else None

    def seed(self, drawn):
        """The seed of the fit: that of its checkpoint, if it goes on from one."""
        return drawn if self.store is None else self.store.seed(drawn)

    def begin(self, settings, tables, loss, progress, goes_on):
        """Begin the task of the fit; return the engine callbacks, one for each network."""
        self.settings, self.tables, self.loss, self.goes_on = settings, tables, loss, goes_on
        if self.store is not None:
            self.store.check(self.estimator, settings, tables, goes_on)
        self.members = vars(self.estimator).get("estimators_") if goes_on else None
        # the estimator is to be a single network as long as it lends itself to snapshots
        for name in OF_ENSEMBLE if goes_on else OF_ENSEMBLE + OF_NETWORK:
            vars(self.estimator).pop(name, None)
        n_networks = len(tables)
        tree = {"max_subtasks": settings.max_iter if n_networks == 1 else n_networks}
        self.context = self.estimator._init_callback_context(**tree, sequential_subtasks=n_networks == 1)
        self.context.call_on_fit_task_begin(**self.told)
        if n_networks == 1:
            return [Bridge(self, 0, self.context, progress[0])]
        options = {"task_name": "network", "max_subtasks": settings.max_iter}
        contexts = [self.context.subcontext(task_id=i, **options) for i in range(n_networks)]
        return [Bridge(self, i, *each) for i, each in enumerate(zip(contexts, progress, strict=True))]

    def close(self):
        """The training is over, or has failed, though threads may go on: they tell no callback any more."""
        with self.lock:
            self.closed = True
        # the estimator goes on from its networks of before
        if self.members is not None:
            self.estimator.estimators_ = self.members

    def end(self):
        """End the task of the fit."""
        kept = {name: vars(self.estimator)[name] for name in ("oof_prediction_",) if name in vars(self.estimator)}
        self.context.call_on_fit_task_end(**self.told, reconstruction_attributes=kept)

    def snapshot(self, which, trained):
        """The attributes of a model with a copy of one network, as if the training had ended here."""
        model = copy.copy(self.estimator if self.members is None else self.members[which])
        model.n_estimators = self.estimator.n_estimators if len(self.tables) == 1 else 1
        network = copy.deepcopy(trained.network)
        network.set_dropout(1.0)
        settings = copy.copy(self.settings)
        if self.tables[which].watched is None:
            settings.calibration = None  # which would warn in each epoch
        trained = Trained(network, trained.progress, trained.run, trained.n_rows, trained.constant_loss)
        model._keep_all(settings, [trained], [self.tables[which]], self.loss, self.goes_on)
        return vars(model)


class Bridge(Callback):
    """Makes tasks of the epochs of one network; keeps and restores the states that make a checkpoint.

    It stands behind all other callbacks of the engine. In the threads of an ensemble one at a time speaks to the
    callbacks of the user.

    Attributes
    ----------
    watchers : list of engine callbacks
        Those before it.
    """

    def __init__(self, hub, which, context, progress):
        self.hub, self.which, self.context, self.progress = hub, which, context, progress
        self.watchers, self.epoch = [], None
        self.is_network_task = len(hub.tables) > 1
        self.own = [callback for callback in hub.callbacks if hasattr(callback, "_get_state")]

    def on_fit_begin(self, run):
        with self.hub.lock:
            if not self.hub.closed:
                self._begin(run)

    def on_epoch_begin(self, run):
        with self.hub.lock:
            if not self.hub.closed:
                self._begin_epoch(run)

    def on_epoch_end(self, run):
        with self.hub.lock:
            return self.hub.closed or self._end_epoch(run)

    def on_fit_end(self, run):
        with self.hub.lock:
            if not self.hub.closed:
                self._end(run)

    def _begin(self, run):
        if self.is_network_task:
            self.context.call_on_fit_task_begin(**self.hub.told)
        store = self.hub.store
        state = None if store is None else store.networks.get(self.which)
        if state is not None:
            self._restore(run, state)
            for _ in range(run.epoch):  # so that the numbers of the epochs go on
                self.context.subcontext("epoch")

    def _begin_epoch(self, run):
        self.epoch = self.context.subcontext("epoch")
        self.epoch.call_on_fit_task_begin(**self.hub.told, reconstruction_attributes=lambda: self._snapshot(run))

    def _end_epoch(self, run):
        epoch, self.epoch = self.epoch or self.context.subcontext("epoch"), None
        if epoch.call_on_fit_task_end(**self.hub.told, reconstruction_attributes=lambda: self._snapshot(run)):
            run.stopped_by = run.stopped_by or "a callback asked for it"
        if self.hub.store is not None:
            is_last = run.stopped_by is not None or run.epoch == self.hub.settings.max_iter
            self.hub.store.put(self.which, run.epoch, is_last, lambda: self._state(run))
        return run.stopped_by is not None

    def _end(self, run):
        if self.epoch is not None:  # interrupted, or an iteration of L-BFGS that did not come to its end
            self.epoch.call_on_fit_task_end(estimator=self.hub.estimator)
        for callback in self.own:
            callback._restore_best(self.context, run.network.theta)
        if self.is_network_task:
            self.context.call_on_fit_task_end(**self.hub.told, reconstruction_attributes=lambda: self._snapshot(run))

    def _snapshot(self, run):
        table = self.hub.tables[self.which]
        return self.hub.snapshot(self.which, Trained(run.network, self.progress, run, len(table.rows), np.nan))

    def _state(self, run):
        """All that decides how the training goes on."""
        return {
            "run": run.get_state(),
            "rng": self.progress.rng.bit_generator.state,
            "theta": run.network.theta,
            "stepper": run.stepper.get_state(),
            "watchers": [watcher.get_state() for watcher in self.watchers],
            "own": [callback._get_state(self.context) for callback in self.own],
        }

    def _restore(self, run, state):
        run.set_state(copy.deepcopy(state["run"]))
        self.progress.rng.bit_generator.state = state["rng"]
        run.network.theta[...] = state["theta"]
        run.stepper.set_state(state["stepper"], run.network)
        for watcher, each in zip(self.watchers, state["watchers"], strict=True):
            watcher.set_state(copy.deepcopy(each))
        for callback, each in zip(self.own, state["own"], strict=True):
            callback._set_state(self.context, copy.deepcopy(each))
