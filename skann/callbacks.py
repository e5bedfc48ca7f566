"""Callbacks for ``set_callbacks``: early stopping on a score of choice, checkpoints, a live plot of the loss.

They need scikit-learn 1.9 or newer and follow its `sklearn.callback.FitCallback` protocol, so they go together with
its own `sklearn.callback.ScoringMonitor` and `sklearn.callback.ProgressBar`. `partial_fit` calls none.

- Each epoch is a task, named "epoch"; an ensemble has a task "network" for each of its networks, and in this its
  epochs. With ``n_jobs`` networks learn side by side, but one at a time speaks to the callbacks.
- X, y and the weights are those that `fit` was given, with the rows that early stopping holds out.
- ``fitted_estimator`` is a copy of the model with the weights of this epoch, averaged if ``weight_averaging`` says so,
  not yet the best ones; in an ensemble the model of that one network. It is made for callbacks that ask for it.
- True from ``on_fit_task_end`` of an epoch ends the training of its network; early stopping then restores the best
  weights as ever. From the end of other tasks it has no effect.

Contract
--------
scikit-learn calls ``setup``, ``teardown``, ``on_fit_task_begin`` and ``on_fit_task_end``.
"""

import os
import threading
import time
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from sklearn.metrics import check_scoring

from ._checkpoint import read
from ._compat import require_callbacks
from ._displays import pyplot
from ._typing import ArrayLike, MatrixLike, Scoring, TargetLike
from .plotting import LossCurveDisplay

__all__ = ["Checkpoint", "EarlyStopping", "LossPlot"]


class _FitCallback:
    """Does nothing; asks for nothing, so that nothing is made for it."""

    def __init__(self) -> None:
        require_callbacks(f"skann.callbacks.{type(self).__name__}")

    def setup(self, estimator: Any, context: Any) -> None:
        pass

    def teardown(self, estimator: Any, context: Any) -> None:
        pass

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        pass

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool | None:
        pass


class EarlyStopping(_FitCallback):
    """Ends the training of a network when a score of choice on rows of your own does not improve any more.

    Without callbacks the same is done by ``early_stopping``, ``scoring`` and the ``X_val`` of `fit`. This one can also
    demand a least improvement of its own, watch a measure whose smaller values are better, and be combined with those.

    Parameters
    ----------
    X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features)
        As the estimator that has the callback gets its X: in a pipeline after the steps before it.
    y_val : array-like of shape (n_val,) or (n_val, n_outputs)
    scoring : str, callable or None, default=None
        The name of a scikit-learn scorer, a callable ``scorer(estimator, X, y)``, or None: accuracy or R2.
    sample_weight_val : array-like of shape (n_val,), default=None
        Given to the scorer if it is not None.
    patience : int, default=10
        Epochs in a row without an improvement after which the training ends.
    min_delta : float, default=0.0
        The score must improve by more than this.
    mode : {"max", "min"}, default="max"
        Whether greater scores are better, as those of scikit-learn are, or smaller ones.
    restore_best : bool, default=True
        Whether the network gets the weights of the epoch with the best score, also if nothing ended the training
        early. They replace those that the estimator's own early stopping has chosen.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from skann import ANNClassifier
    >>> from skann.callbacks import EarlyStopping
    >>> X, X_val, y, y_val = train_test_split(*load_iris(return_X_y=True), random_state=0)
    >>> stop = EarlyStopping(X_val, y_val, "balanced_accuracy", patience=5)
    >>> classifier = ANNClassifier(n_estimators=1, early_stopping=False, random_state=0)
    >>> classifier.set_callbacks(stop).fit(X, y).n_iter_ < 50
    True
    """

    def __init__(
        self,
        X_val: MatrixLike,
        y_val: TargetLike,
        scoring: Scoring = None,
        *,
        sample_weight_val: ArrayLike | None = None,
        patience: int = 10,
        min_delta: float = 0.0,
        mode: Literal["max", "min"] = "max",
        restore_best: bool = True,
    ) -> None:
        super().__init__()
        if mode not in ("max", "min"):
            raise ValueError(f"mode must be 'max' or 'min', got {mode!r}.")
        _check_epochs("patience", patience)
        _check_not_negative("min_delta", min_delta)
        self.X_val, self.y_val, self.sample_weight_val = X_val, y_val, sample_weight_val
        self.scoring, self.patience, self.min_delta, self.mode = scoring, patience, min_delta, mode
        self.restore_best = restore_best
        self._states: dict = {}  # by the task that the epochs are of: one callback serves many fits

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> bool:
        if context.max_subtasks != 0 or context.parent is None or fitted_estimator is None:
            self._states.pop(context, None)
            return False
        score = self._score(fitted_estimator) * (1 if self.mode == "max" else -1)
        state = self._states.setdefault(context.parent, {"best": -np.inf, "reference": -np.inf, "waited": 0})
        if score > state["best"]:
            theta = getattr(getattr(fitted_estimator, "network_", None), "theta", None)
            state |= {"best": score, "theta": theta if self.restore_best else None}
        improved = score > state["reference"] + self.min_delta
        state |= {"reference": score, "waited": 0} if improved else {"waited": state["waited"] + 1}
        return state["waited"] >= self.patience

    def teardown(self, estimator: Any, context: Any) -> None:
        for task in [task for task in self._states if context in (task, task.parent)]:  # a failed fit leaves some
            del self._states[task]

    def _score(self, model):
        weight = {} if self.sample_weight_val is None else {"sample_weight": self.sample_weight_val}
        score = check_scoring(model, scoring=self.scoring)(model, self.X_val, self.y_val, **weight)
        if not np.ndim(score) == 0 or np.isnan(score):
            raise ValueError(f"scoring={self.scoring!r} must give a number on X_val and y_val, got {score!r}.")
        return float(score)

    def _get_state(self, context):
        return self._states.get(context)

    def _set_state(self, context, state):
        if state is not None:
            self._states[context] = state

    def _restore_best(self, context, theta):
        best = self._states.get(context, {}).get("theta")
        if best is not None:
            np.copyto(theta, best)

    def __getstate__(self):
        return vars(self) | {"_states": {}}


class Checkpoint(_FitCallback):
    """Writes the state of a fit to a file, so that a killed fit can go on from there.

    The fit that goes on ends at the same weights, to the bit, as one that was never killed: the file holds the weights
    of all networks, begun or finished, what the optimizers, averages and early stopping remember, random numbers and
    history. Not in it are the states of callbacks that are not from this module, and the time that networks of an
    ensemble took which are finished, so ``max_time`` is shared anew.

    The file is replaced in one step: a crash or a full disk while it is written leaves the one before; the error ends
    the fit, which can go on later. It is an npz of arrays and JSON: to read it executes nothing. A finished fit leaves
    its file, and the next `fit` with it has the same model at once.

    Parameters
    ----------
    path : str or path-like
        In a folder that exists. Of one fit: in a search or a cross-validation the fits would have to share it.
    every : int, default=10
        Epochs from one writing to the next. The last epoch is always written.
    resume : bool, default=True
        Whether `fit` goes on from the file, if there is one. It must be of the same version of skann, parameters (but
        ``n_jobs`` and ``verbose``) and data; otherwise `fit` raises a ValueError that says what differs. False begins
        anew, and replaces the file. A `random_state` of None is no obstacle: the seed is in the file.

    Notes
    -----
    A processor of another kind may round differently, then "to the bit" does not hold. An ``encoder`` of your own must
    give the same columns for the same rows. "lbfgs" can't be checkpointed: its state is inside of SciPy.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from skann import ANNClassifier
    >>> from skann.callbacks import Checkpoint
    >>> path = os.path.join(tempfile.mkdtemp(), "iris.npz")
    >>> classifier = ANNClassifier(n_estimators=1, random_state=0).set_callbacks(Checkpoint(path))
    >>> classifier = classifier.fit(*load_iris(return_X_y=True))  # after a crash: run this again
    >>> Checkpoint(path).epochs() == [classifier.n_iter_]
    True
    """

    def __init__(self, path: str | os.PathLike[str], *, every: int = 10, resume: bool = True) -> None:
        super().__init__()
        _check_epochs("every", every)
        self.path, self.every, self.resume = os.fspath(path), every, resume

    def epochs(self) -> list[int]:
        """How far the fit in the file has come.

        Returns
        -------
        epochs : list of int
            Epochs done by each network that has begun; empty if there is no file.
        """
        networks = read(self.path)["networks"] if os.path.exists(self.path) else {}
        return [networks[i]["run"]["epoch"] for i in sorted(networks, key=int)]

    def _store_options(self):
        return self.path, self.every, self.resume


class LossPlot(_FitCallback):
    """Draws the curves of `skann.LossCurveDisplay` while the network learns. It needs matplotlib.

    A notebook shows one picture, which changes; elsewhere an interactive window is brought up to date. Of an ensemble
    the network in training is drawn, and in the end all of them.

    Parameters
    ----------
    ax : matplotlib Axes, default=None
        Where to draw; None means a new figure for each fit.
    seconds : float, default=0.5
        The least time from one drawing to the next.

    Attributes
    ----------
    display_ : LossCurveDisplay
        The last drawing. It is not stored with a model.
    """

    def __init__(self, ax: Any = None, *, seconds: float = 0.5) -> None:
        super().__init__()
        self.ax, self.seconds = ax, seconds
        self._lock, self._drawn, self._shown, self._figure = threading.Lock(), 0.0, None, None

    def setup(self, estimator: Any, context: Any) -> None:
        plt = pyplot("LossPlot")
        self._figure = plt.figure() if self.ax is None else self.ax.figure
        if self.ax is None and _in_notebook():
            plt.close(self._figure)  # or the notebook would show it once more, below the cell
        self._drawn, self._shown = 0.0, None

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> None:
        is_end = context.parent is None or context.source_task_name is not None
        with self._lock:
            if fitted_estimator is not None and (is_end or time.perf_counter() - self._drawn >= self.seconds):
                self._draw(fitted_estimator)
                self._drawn = time.perf_counter()

    def _draw(self, model):
        ax = self.ax
        if ax is None:
            self._figure.clear()
            ax = self._figure.subplots()
        else:
            for twin in [other for other in ax.figure.axes if other is not ax and other.bbox.bounds == ax.bbox.bounds]:
                twin.remove()
            ax.clear()
        self.display_ = LossCurveDisplay.from_estimator(model, ax=ax)
        if not _in_notebook():
            self._figure.canvas.draw_idle()
            self._figure.canvas.flush_events()
        elif self._shown is None:
            from IPython.display import display

            self._shown = display(self._figure, display_id=True)
        else:
            self._shown.update(self._figure)

    def __getstate__(self):
        kept = {name: value for name, value in vars(self).items() if name != "display_"}
        return kept | {"_lock": None, "_shown": None, "_figure": None, "ax": None}

    def __setstate__(self, state):
        vars(self).update(state, _lock=threading.Lock())


def _check_epochs(name, value):
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")


def _check_not_negative(name, value):
    if not isinstance(value, Real) or not value >= 0:
        raise ValueError(f"{name} must be a number of at least 0, got {value!r}.")


def _in_notebook():
    """Whether pictures are shown by IPython."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
