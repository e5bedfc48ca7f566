"""LossCurveDisplay: losses and scores over the epochs."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from .pyplot import SIZE, last_step, legend_below, pyplot

STYLES = {  # what tells the curves apart in grey, too
    "loss": {"color": "C0"},
    "validation_loss": {"color": "C1", "linestyle": "--"},
    "validation_score": {"color": "C2"},
    "learning_rate": {"color": "0.65", "linestyle": ":", "linewidth": 1.0},
}


class LossCurveDisplay:
    """Training loss, validation loss or score, and learning rate over the epochs.

    Make it with `from_estimator`. The score has a panel of its own, below the losses, unless it is minus the validation
    loss. Of several networks each has a thin line; a band reaches from the lowest of them to the highest, and their
    mean is thick. Both go on to the last epoch of all: a network that ended earlier counts with its last value.

    Parameters
    ----------
    histories : list of dict of str to list
        The `history_` of each network.
    name : str, default=None
        What the curves belong to.
    score_name : str, default=None
        What the score is called; None means "validation score".

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the losses.
    figure_ : matplotlib Figure
    axes_ : dict of str to matplotlib Axes
        By the entries of the history: "loss", and as far as drawn "validation_loss", "validation_score" and
        "learning_rate".
    lines_ : dict of str to list of matplotlib Line2D
        One per network, by the same names.
    mean_lines_ : dict of str to matplotlib Line2D
        Of losses and scores; empty for a single network.
    bands_ : dict of str to matplotlib PolyCollection
        By the same names.
    best_ : list of matplotlib Line2D
        For each network with held-out rows the mark of its best epoch, whose weights early stopping keeps.
    legend_ : matplotlib Legend

    See Also
    --------
    NetworkDisplay : The layers of a network.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import ANNClassifier, LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = ANNClassifier(n_estimators=1, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(classifier)
    >>> sorted(display.lines_)
    ['learning_rate', 'loss', 'validation_loss', 'validation_score']
    """

    ax_: Any
    figure_: Any
    axes_: dict[str, Any]
    lines_: dict[str, list[Any]]
    mean_lines_: dict[str, Any]
    bands_: dict[str, Any]
    best_: list[Any]
    legend_: Any

    def __init__(
        self, histories: Sequence[Mapping[str, list[float]]], *, name: str | None = None, score_name: str | None = None
    ) -> None:
        self.histories = histories
        self.name = name
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls, estimator: Any, ax: Any = None, *, name: str | None = None, learning_rate: bool = True,
        line_kw: dict[str, Any] | None = None,
    ) -> Self:  # fmt: skip
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : ANNClassifier or ANNRegressor
            Or a pipeline that ends with one, or a meta-estimator with a list `estimators_` of such.
        ax, name, learning_rate, line_kw : as in `plot`
            How to draw them; ``name=None`` means the name of the class.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If it has no `history_`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skann import ANNClassifier, LossCurveDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ANNClassifier((10,), max_iter=10, n_estimators=1, random_state=0).fit(X, y)
        >>> LossCurveDisplay.from_estimator(model, learning_rate=False).ax_.get_title()
        'ANNClassifier'
        """
        pyplot(f"{cls.__name__}.from_estimator")
        estimator = last_step(estimator)
        check_is_fitted(estimator)
        histories = [history for history in _histories(estimator) if history.get("loss")]
        if not histories:
            raise ValueError(f"{type(estimator).__name__} has no history_: fit an ANNClassifier or ANNRegressor.")
        name = type(estimator).__name__ if name is None else name
        display = cls(histories, name=name, score_name=_score_name(estimator))
        return display.plot(ax, learning_rate=learning_rate, line_kw=line_kw)

    def plot(
        self, ax: Any = None, *, name: str | None = None, learning_rate: bool = True,
        line_kw: dict[str, Any] | None = None,
    ) -> Self:  # fmt: skip
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where there are two panels, they share its place. None makes a new figure.
        name : str, default=None
            Title; None means that of the display.
        learning_rate : bool, default=True
            Whether to draw it, with an axis on the right.
        line_kw : dict, default=None
            Options for all lines, as of ``Axes.plot``.

        Returns
        -------
        self : LossCurveDisplay

        Examples
        --------
        >>> from skann import LossCurveDisplay
        >>> display = LossCurveDisplay([{"loss": [2.0, 1.0, 0.5]}, {"loss": [3.0, 1.5]}])
        >>> display.plot(name="two networks").ax_.get_title()
        'two networks'
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        has_score = self._has_own_score()
        if ax is None:
            _, ax = plt.subplots(figsize=(SIZE[0], 1.25 * SIZE[1]) if has_score else SIZE, layout="constrained")
        self.ax_, self.figure_, self._place = ax, ax.figure, ax.get_subplotspec()
        self.axes_, self.lines_, self.mean_lines_, self.bands_, self.best_ = {}, {}, {}, {}, []
        for key in ("loss", "validation_loss"):
            self._draw(key, ax, line_kw)
        lowest = ax
        if has_score:
            lowest = self._panel_below()
            self._draw("validation_score", lowest, line_kw)
        if learning_rate and any(np.isfinite(history.get("learning_rate", np.nan)).any() for history in self.histories):
            self._draw("learning_rate", self._axis_on_the_right("learning rate"), line_kw)
        self._mark_best()
        ax.set(ylabel="loss", title=self.name if name is None else name)
        lowest.set_xlabel("epoch")
        lowest.xaxis.get_major_locator().set_params(integer=True)
        self.legend_ = legend_below(lowest, self._handles(), n_columns=2)
        return self

    def _has_own_score(self):
        """Whether the score is more than minus the validation loss."""
        return any(
            not np.array_equal(history["validation_score"], np.negative(history["validation_loss"]), equal_nan=True)
            for history in self.histories
            if "validation_score" in history
        )

    def _panel_below(self):
        """A panel for the score, which gets the lower part of the place that the losses had."""
        if self._place is None:
            left, low, width, height = self.ax_.get_position().bounds
            self.ax_.set_position((left, low + 0.45 * height, width, 0.55 * height))
            panel = self.figure_.add_axes((left, low, width, 0.4 * height), sharex=self.ax_)
        else:
            upper, lower = self._place.subgridspec(2, 1, height_ratios=(3, 2))
            self.ax_.set_subplotspec(upper)
            panel = self.figure_.add_subplot(lower, sharex=self.ax_)
        self.ax_.tick_params(labelbottom=False)
        panel.set_ylabel(textwrap.fill(self.score_name or "validation score", 14))
        return panel

    def _erase(self):
        """Take the drawing away, and give the Axes that it was drawn in the place back that they had."""
        for ax in {id(ax): ax for ax in self.axes_.values() if ax is not self.ax_}.values():
            ax.remove()
        self.ax_.clear()
        if self._place is not None:
            self.ax_.set_subplotspec(self._place)

    def _axis_on_the_right(self, label):
        """For what has another unit than the losses."""
        ax = self.ax_.twinx()
        ax.set_ylabel(label, color="0.4")
        ax.tick_params(axis="y", colors="0.4")
        ax.set_ylim(0, 1.05 * max(np.nanmax(history["learning_rate"]) for history in self.histories))
        self.ax_.set_zorder(1)  # the losses are above
        self.ax_.patch.set_visible(False)
        return ax

    def _draw(self, key, ax, line_kw):
        """One line per network that has this entry, and the mean and the band of several."""
        curves = [history[key] for history in self.histories if key in history]
        if not curves:
            return
        several, longest = len(curves) > 1 and key != "learning_rate", max(map(len, curves))
        style = STYLES[key] | {"marker": "." if longest == 1 else None} | (line_kw or {})
        thin = style | ({"linewidth": 0.5, "alpha": 0.5} if several else {})
        self.axes_[key] = ax
        self.lines_[key] = [ax.plot(range(1, len(curve) + 1), curve, **thin)[0] for curve in curves]
        if several:
            whole = np.array([[*curve, *[curve[-1]] * (longest - len(curve))] for curve in curves])
            epochs, color = range(1, longest + 1), self.lines_[key][0].get_color()
            self.mean_lines_[key] = ax.plot(epochs, whole.mean(axis=0), **{"linewidth": 2.0} | style)[0]
            band = ax.fill_between(epochs, whole.min(axis=0), whole.max(axis=0), color=color, alpha=0.2, linewidth=0)
            self.bands_[key] = band

    def _mark_best(self):
        for history in self.histories:
            if "validation_score" in history and np.isfinite(history["validation_score"]).any():
                best = int(np.nanargmax(history["validation_score"]))
                key = "validation_score" if "validation_score" in self.axes_ else "validation_loss"
                style = {"markersize": 5, "markerfacecolor": "w", "color": "k", "zorder": 3}
                self.best_ += self.axes_[key].plot(best + 1, history[key][best], "o", **style)

    def _handles(self):
        """What the legend explains: the curves but for the score, whose panel has its name."""
        handles = []
        for key in [key for key in self.lines_ if key != "validation_score"]:
            handle = self.mean_lines_.get(key, self.lines_[key][0])
            label = "training loss" if key == "loss" else key.replace("_", " ")
            handle.set_label(f"{label}, mean" if key in self.mean_lines_ else label)
            handles.append(handle)
        if self.best_:
            self.best_[0].set_label("best epoch" if len(self.best_) == 1 else "best epochs")
            handles.append(self.best_[0])
        if self.bands_:
            lengths = {len(history["loss"]) for history in self.histories}
            label = f"all {len(self.histories)} networks"
            self.bands_["loss"].set_label(label if len(lengths) == 1 else f"{label}; ended ones stay at the last value")
            handles.append(self.bands_["loss"])
        return handles


def _score_name(estimator):
    """What the score in the histories is called."""
    members = getattr(estimator, "estimators_", None)
    if not hasattr(estimator, "scoring") and isinstance(members, list) and members:
        return _score_name(last_step(members[0]))
    scoring = getattr(estimator, "scoring", None)
    if scoring is None:
        return "accuracy" if is_classifier(estimator) else "R2"
    if isinstance(scoring, str):
        return "minus loss, calibrated" if scoring == "loss" else scoring.replace("_", " ")
    return getattr(scoring, "__name__", type(scoring).__name__).strip("_").replace("_", " ")


def _histories(estimator):
    """The histories of all networks in an estimator, those of its members included."""
    if isinstance(getattr(estimator, "history_", None), dict):
        return [estimator.history_]
    members = getattr(estimator, "estimators_", None)
    members = members if isinstance(members, list) else []
    return [history for member in members for history in _histories(last_step(member))]
