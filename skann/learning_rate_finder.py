"""A good learning rate, found by a short training in which the rate grows from far too small to far too large.

Smith 2017, https://arxiv.org/abs/1506.01186, section 3.3.
"""

import math
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from ._compat import check_parameters
from ._parts import listed
from ._threads import blas_threads
from ._typing import ArrayLike, Floats, MatrixLike, TargetLike
from .engine.optimizers import OPTIMIZERS
from .engine.schedules import Exponential
from .engine.stepping import Stepper
from .engine.sweep import Recorder, SweepEnded
from .engine.training import fit_minibatch
from .fitting import build
from .plotting.pyplot import SIZE, last_step, legend_below, pyplot

__all__ = ["LearningRateFinderDisplay", "LearningRateSweep", "find_learning_rate"]


@dataclass(frozen=True, eq=False)
class LearningRateSweep:
    """The losses of a sweep of the learning rate, and what they say: what `find_learning_rate` returns.

    Attributes
    ----------
    learning_rates, losses, smoothed_losses : ndarray of shape (n_steps_done,)
        A loss, which includes the penalty of ``alpha``, is that of the batch after the step.
    suggestion : float
        To be used as ``learning_rate_init``; NaN if no rate lowers the loss.
    lowest_rate, highest_rate : float
        Between these the network learns: at the first, the average of the losses has come half way from the first tenth
        of them to its lowest value; from the last on it is more than a tenth of this way above it again.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import ANNClassifier, find_learning_rate
    >>> X, y = load_iris(return_X_y=True)
    >>> sweep = find_learning_rate(ANNClassifier((20,), encoder=None, random_state=0), X, y)
    >>> sweep.lowest_rate <= sweep.suggestion <= sweep.highest_rate
    True
    """

    learning_rates: Floats = field(repr=False)
    losses: Floats = field(repr=False)
    smoothed_losses: Floats = field(repr=False)
    suggestion: float = math.nan
    lowest_rate: float = math.nan
    highest_rate: float = math.nan

    def __repr__(self) -> str:
        where = f"learns from {self.lowest_rate:.2g} to {self.highest_rate:.2g}"
        where = "does not learn" if math.isnan(self.suggestion) else where
        return f"<{type(self).__name__}: suggestion {self.suggestion:.2g}, {where}, {len(self.losses)} steps>"


def find_learning_rate(
    estimator: Any,
    X: MatrixLike,
    y: TargetLike,
    *,
    sample_weight: ArrayLike | None = None,
    start: float = 1e-6,
    end: float = 10.0,
    n_steps: int = 100,
    smoothing: float = 0.9,
    divergence: float = 1.0,
) -> LearningRateSweep:
    """Suggest a `learning_rate_init` by a sweep: one step at each of ``n_steps`` exponentially growing rates.

    A single network is trained on all rows, as `fit` would, but without early stopping, schedule and weight averaging.
    The rate swept means what a number means as `learning_rate_init`: in a plain network the rate of all parameters,
    in the recipe (see the Notes of the estimators) one that the factors of the groups of parameters multiply. With
    "one_cycle" and "coslog4" it is the highest rate of the schedule. A schedule object has rates of its own, which
    `learning_rate_init` does not change: give it the suggestion yourself.

    The suggestion for a plain network is the lowest rate at which it learns, as Smith has it. The rates of the recipe
    were chosen by results of whole trainings on many tables, of which a sweep knows nothing: its suggestion is the rate
    that "auto" stands for where this lies in the range in which the network learns, otherwise the nearer end of it.

    Parameters
    ----------
    estimator : ANNClassifier or ANNRegressor
        Or a pipeline that ends with one. It is cloned, so neither changed nor fitted; ``random_state`` determines the
        sweep, and None draws from a generator of its own.
    X, y, sample_weight : as in `fit`
        The rows to train on.
    start, end : float, default=1e-6, 10
        The first rate and the last.
    n_steps : int, default=100
        At least 10; more make the curve smoother.
    smoothing : float, default=0.9
        Decay, per step, of the moving average of the loss; 0 means none.
    divergence : float, default=1
        The sweep ends early when the average is above its lowest value by so many times the loss before the first step,
        or not finite.

    Returns
    -------
    sweep : LearningRateSweep
        Its ``suggestion`` is NaN, with a warning, if the average falls by no more than the standard deviation of the
        first tenth of the losses.

    Raises
    ------
    TypeError, ValueError
        If the estimator is of another kind, has ``solver="lbfgs"``, or if a value is not as described.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import ANNClassifier, find_learning_rate
    >>> X, y = load_iris(return_X_y=True)
    >>> sweep = find_learning_rate(ANNClassifier(random_state=0), X, y)
    >>> sweep
    <LearningRateSweep: suggestion 0.02, learns from ... to ..., ... steps>
    """
    _check(start, end, n_steps, smoothing, divergence)
    model, X = _model(estimator, X, y)
    ramp = Exponential(start, end, n_steps)
    recorder, settings = _sweep(model, X, y, sample_weight, ramp, smoothing, divergence)
    n_first = n_steps // 10
    if len(recorder.losses) <= n_first + 1:
        raise ValueError(f"The training diverges from start={start:g} on: try a smaller one, and scale X and y.")
    losses, smoothed = np.array(recorder.losses[1:]), np.array(recorder.smoothed[1:])
    rates = np.array([ramp(t) for t in range(len(losses))])
    with np.errstate(over="ignore"):
        lowest, highest = _learning_range(rates, smoothed, recorder.losses[:n_first])
    if math.isnan(lowest):
        message = f"No learning rate from {start:g} to {end:g} lowers the loss: there is none to suggest."
        warnings.warn(message, stacklevel=2)
    from_recipe = settings.from_recipe and not math.isnan(lowest)
    suggestion = min(max(settings.learning_rate_init, lowest), highest) if from_recipe else lowest
    return LearningRateSweep(rates, losses, smoothed, suggestion, lowest, highest)


def _learning_range(rates, smoothed, first):
    """The rates from which on the loss has come half way to its lowest value, and up to which it stays near this.

    Both are NaN if the loss does not fall from what it was in the first steps.
    """
    lowest, level = int(smoothed.argmin()), float(np.mean(first))
    fall = level - smoothed[lowest]
    if not fall > np.std(first):
        return math.nan, math.nan
    above = np.flatnonzero(smoothed[: lowest + 1] > level - fall / 2)
    risen = np.flatnonzero(smoothed[lowest:] > smoothed[lowest] + fall / 10)
    last = lowest + risen[0] - 1 if len(risen) else len(rates) - 1
    return float(rates[above[-1] if len(above) else 0]), float(rates[last])


def _check(start, end, n_steps, smoothing, divergence):
    if not 0 < start < end < math.inf:
        raise ValueError(f"start and end must be finite with 0 < start < end, got {start!r} and {end!r}.")
    if not (n_steps >= 10 and n_steps == int(n_steps)):
        raise ValueError(f"n_steps must be an integer of at least 10, got {n_steps!r}.")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing must be from 0 to below 1, got {smoothing!r}.")
    if not divergence > 0:
        raise ValueError(f"divergence must be above 0, got {divergence!r}.")


def _model(estimator, X, y):
    """A clone with the parameters of the sweep, and X as it comes to it from the steps of a pipeline before it."""
    network = last_step(estimator)
    if not hasattr(network, "_start"):
        raise TypeError(f"A learning rate is found for an ANNClassifier or ANNRegressor, got {type(network).__name__}.")
    if network.solver == "lbfgs":
        raise ValueError(f"solver='lbfgs' has no learning rate: use {listed(OPTIMIZERS)}.")
    model = clone(network)
    vars(model).update(learning_rate_init="auto", n_estimators=1, early_stopping=False, cv=None, warm_start=False)
    if model.random_state is None:  # scikit-learn would draw from NumPy's global generator
        model.random_state = int(np.random.default_rng().integers(2**31))
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        X = clone(estimator[:-1]).fit_transform(X, y)
    return model, X


def _sweep(model, X, y, sample_weight, ramp, smoothing, divergence):
    """Train the one network of the model along the ramp: the recorder, and the settings of the fit."""
    check_parameters(model)
    start = model._start(X, y, sample_weight)
    training = start.networks.training(0, start.settings, start.data)
    settings, rows = training.settings, training.data.rows
    recorder = Recorder(training.objective(), ramp.n_steps, smoothing, divergence)
    stepper = Stepper(build.optimizer(settings, training.network), ramp, max_grad_norm=settings.max_grad_norm)
    quiet = np.errstate(over="ignore", invalid="ignore")
    with blas_threads(training.largest_product), quiet, suppress(SweepEnded, FloatingPointError):
        fit_minibatch(
            recorder, stepper, rows, batch_size=training.batch_size, max_epochs=ramp.n_steps + 1,
            rng=training.state.rng, shuffle=settings.shuffle,
        )  # fmt: skip
    return recorder, settings


class LearningRateFinderDisplay:
    """The loss in a sweep of the learning rate, and the rate that it suggests.

    Make it with `from_estimator`. The loss falls where the rate is high enough to learn and rises where it is too high.
    At the lowest point it is nearly too high. How the suggestion comes about: see `find_learning_rate`.

    Parameters
    ----------
    learning_rates, losses, smoothed_losses : ndarray of shape (n_steps,)
        What `find_learning_rate` returns.
    suggestion : float, default=None
        The rate to mark; None or NaN if there is none.
    learning_range : tuple of (float, float), default=None
        The ``lowest_rate`` and the ``highest_rate`` of the sweep, between which the background is grey.
    name : str, default=None
        What the curve belongs to.

    Attributes
    ----------
    suggestion_ : float or None
        To be used as `learning_rate_init`.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    line_, smoothed_line_ : matplotlib Line2D
    suggestion_line_ : matplotlib Line2D or None

    See Also
    --------
    find_learning_rate : The same without matplotlib.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import ANNClassifier, LearningRateFinderDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = ANNClassifier(random_state=0)
    >>> display = LearningRateFinderDisplay.from_estimator(classifier, X, y)
    >>> classifier.set_params(learning_rate_init=display.suggestion_).fit(X, y).score(X, y) > 0.9
    True
    """

    def __init__(
        self,
        learning_rates: Floats,
        losses: Floats,
        smoothed_losses: Floats,
        suggestion: float | None = None,
        *,
        learning_range: tuple[float, float] | None = None,
        name: str | None = None,
    ) -> None:
        self.learning_rates = learning_rates
        self.losses = losses
        self.smoothed_losses = smoothed_losses
        self.suggestion = suggestion
        self.learning_range = learning_range
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: MatrixLike,
        y: TargetLike,
        *,
        sample_weight: ArrayLike | None = None,
        start: float = 1e-6,
        end: float = 10.0,
        n_steps: int = 100,
        smoothing: float = 0.9,
        divergence: float = 1.0,
        ax: Any = None,
        name: str | None = None,
        line_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Sweep the learning rate for a clone of the estimator, and draw the losses.

        Parameters
        ----------
        estimator : ANNClassifier or ANNRegressor
            Or a pipeline that ends with one.
        X, y, sample_weight : as in `fit`
            The rows to train on.
        start, end, n_steps, smoothing, divergence : as in `find_learning_rate`
            How the rate grows.
        ax, name, line_kw : as in `plot`
            How to draw it; ``name=None`` means the name of the class.

        Returns
        -------
        display : LearningRateFinderDisplay

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skann import ANNClassifier, LearningRateFinderDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ANNClassifier((20,), encoder=None, random_state=0)
        >>> LearningRateFinderDisplay.from_estimator(model, X, y).ax_.get_xlabel()
        'learning rate'
        """
        pyplot(f"{cls.__name__}.from_estimator")
        sweep = find_learning_rate(
            estimator, X, y, sample_weight=sample_weight, start=start, end=end, n_steps=n_steps, smoothing=smoothing,
            divergence=divergence,
        )  # fmt: skip
        name = type(last_step(estimator)).__name__ if name is None else name
        display = cls(
            sweep.learning_rates, sweep.losses, sweep.smoothed_losses, sweep.suggestion,
            learning_range=(sweep.lowest_rate, sweep.highest_rate), name=name,
        )  # fmt: skip
        return display.plot(ax, line_kw=line_kw)

    def plot(self, ax: Any = None, *, name: str | None = None, line_kw: dict[str, Any] | None = None) -> Self:
        """Draw the losses against the learning rate.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure.
        name : str, default=None
            Title; None means that of the display.
        line_kw : dict, default=None
            Options for the line of the smoothed loss, as of ``Axes.plot``.

        Returns
        -------
        self : LearningRateFinderDisplay

        Examples
        --------
        >>> from skann import LearningRateFinderDisplay
        >>> display = LearningRateFinderDisplay([0.001, 0.01, 0.1], [1.0, 0.4, 0.9], [1.0, 0.5, 0.8], suggestion=0.01)
        >>> display.plot(name="a sweep").suggestion_
        0.01
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        if ax is None:
            _, ax = plt.subplots(figsize=SIZE, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.suggestion_, self.suggestion_line_ = self.suggestion, None
        (self.line_,) = ax.plot(self.learning_rates, self.losses, color="0.6", linewidth=0.7, label="of the batch")
        style = {"color": "C0", "label": "smoothed"} | (line_kw or {})
        (self.smoothed_line_,) = ax.plot(self.learning_rates, self.smoothed_losses, **style)
        if self.suggestion is not None and math.isfinite(self.suggestion):
            label = f"suggestion: {self.suggestion:.2g}"
            self.suggestion_line_ = ax.axvline(self.suggestion, color="C1", linestyle="--", label=label)
        if self.learning_range is not None and all(map(math.isfinite, self.learning_range)):
            ax.axvspan(*self.learning_range, color="0.92", zorder=0, label="here it learns")
        lowest = np.argmin(self.smoothed_losses)
        low, high = self.smoothed_losses[lowest], np.max(self.smoothed_losses[: lowest + 1])
        margin = 0.3 * (high - low) or 0.1
        ax.set(xscale="log", ylim=(low - margin, high + margin), xlabel="learning rate", ylabel="loss after the step")
        ax.set_title(self.name if name is None else name)
        legend_below(ax)
        return self
