"""EarlyStopping: ends the training of a network on a score of choice."""

from typing import Any, Literal

import numpy as np
from sklearn.metrics import check_scoring

from .._typing import ArrayLike, MatrixLike, Scoring, TargetLike
from .base import _check_epochs, _check_not_negative, _FitCallback


class EarlyStopping(_FitCallback):
    """Ends the training of a network when a score of choice on rows of your own does not improve any more.

    Without callbacks the same is done by ``early_stopping``, ``scoring`` and the ``X_val`` of `fit`. This one can also
    demand a least improvement of its own, watch a measure whose smaller values are better, and be combined with those.

    Parameters
    ----------
    X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features)
        As the estimator that has the callback gets its X: in a pipeline after the steps before it.
    y_val : array-like of shape (n_val,) or (n_val, n_outputs)
        Their targets.
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
