"""Callbacks for ``set_callbacks``: early stopping on a score of choice, checkpoints, a live plot of the loss.

They need scikit-learn 1.9 or newer and follow its `sklearn.callback.FitCallback` protocol, so they go together with
its own `sklearn.callback.ScoringMonitor` and `sklearn.callback.ProgressBar`. `partial_fit` calls none.

- Each epoch is a task, named "epoch"; an ensemble has a task "network" for each of its networks, and in this its
  epochs. With ``n_jobs`` networks learn side by side, but one at a time speaks to the callbacks,
  in the process of the fit. Where they ask for ``fitted_estimator``, all networks learn there, in threads.
- X, y and the weights are those that `fit` was given, with the rows that early stopping holds out.
- ``fitted_estimator`` is a copy of the model with the weights of this epoch, averaged if ``weight_averaging`` says so,
  not yet the best ones; in an ensemble the model of that one network. It is made for callbacks that ask for it.
- True from ``on_fit_task_end`` of an epoch ends the training of its network; early stopping then restores the best
  weights as ever. From the end of other tasks it has no effect.

Contract
--------
scikit-learn calls ``setup``, ``teardown``, ``on_fit_task_begin`` and ``on_fit_task_end``.
"""

from .checkpoint import Checkpoint
from .early_stopping import EarlyStopping
from .loss_plot import LossPlot

__all__ = ["Checkpoint", "EarlyStopping", "LossPlot"]
