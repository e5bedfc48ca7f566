"""LossPlot: the curves of a training while it goes on."""

import threading
import time
from typing import Any

from ..plotting.loss_curve import LossCurveDisplay
from ..plotting.pyplot import pyplot
from .base import _FitCallback


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

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import ANNClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> from skann.callbacks import LossPlot
    >>> plot = LossPlot()
    >>> model = ANNClassifier((10,), max_iter=5, n_estimators=1, random_state=0)
    >>> model = model.set_callbacks(plot).fit(X, y)
    >>> plot.display_.ax_.get_ylabel()
    'loss'
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
            if getattr(self, "display_", None) is not None and self.display_.ax_ is ax:
                self.display_._erase()
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


def _in_notebook():
    """Whether pictures are shown by IPython."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
