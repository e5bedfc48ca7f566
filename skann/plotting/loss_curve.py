"""LossCurveDisplay: losses and scores over the epochs."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .pyplot import last_step, pyplot


class LossCurveDisplay:
    """Training loss, validation loss or score, and learning rate over the epochs.

    Make it with `from_estimator`. Of several networks each has thin lines, and their mean, over the epochs that all of
    them have done, is thick.

    Parameters
    ----------
    histories : list of dict of str to list
        The `history_` of each network.
    name : str, default=None
        What the curves belong to.

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
    best_ : list of matplotlib Line2D
        For each network with held-out rows the mark of its best epoch, whose weights early stopping keeps.

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
    best_: list[Any]

    def __init__(self, histories: Sequence[Mapping[str, list[float]]], *, name: str | None = None) -> None:
        self.histories = histories
        self.name = name

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
        ax, name, learning_rate, line_kw
            See `plot`; ``name=None`` means the name of the class.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If it has no `history_`.
        """
        pyplot(f"{cls.__name__}.from_estimator")
        estimator = last_step(estimator)
        check_is_fitted(estimator)
        histories = [history for history in _histories(estimator) if history.get("loss")]
        if not histories:
            raise ValueError(f"{type(estimator).__name__} has no history_: fit an ANNClassifier or ANNRegressor.")
        display = cls(histories, name=type(estimator).__name__ if name is None else name)
        return display.plot(ax, learning_rate=learning_rate, line_kw=line_kw)

    def plot(
        self, ax: Any = None, *, name: str | None = None, learning_rate: bool = True,
        line_kw: dict[str, Any] | None = None,
    ) -> Self:  # fmt: skip
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure.
        name : str, default=None
            Title; None means that of the display.
        learning_rate : bool, default=True
            Whether to draw it, with an axis on the right.
        line_kw : dict, default=None
            Options for all lines, as of ``Axes.plot``.

        Returns
        -------
        self : LossCurveDisplay
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.axes_, self.lines_, self.mean_lines_, self.best_ = {}, {}, {}, []
        self._draw("loss", ax, "C0", line_kw)
        self._draw("validation_loss", ax, "C1", line_kw)
        if self._has_own_score():
            self._draw("validation_score", self._axis_on_the_right("validation score", "C2"), "C2", line_kw)
        if learning_rate and any(np.isfinite(history.get("learning_rate", np.nan)).any() for history in self.histories):
            line_kw = {"linestyle": ":"} | (line_kw or {})
            self._draw("learning_rate", self._axis_on_the_right("learning rate", "0.5"), "0.5", line_kw)
            self.axes_["learning_rate"].set_ylim(bottom=0)
        self._mark_best()
        ax.set_zorder(1)  # so that the legend is above the other axes
        ax.patch.set_visible(False)
        ax.set(xlabel="epoch", ylabel="loss", title=self.name if name is None else name)
        ax.legend(handles=[(self.mean_lines_.get(key) or lines[0]) for key, lines in self.lines_.items()])
        return self

    def _has_own_score(self):
        """Whether the score is more than minus the validation loss."""
        return any(
            not np.array_equal(history["validation_score"], np.negative(history["validation_loss"]), equal_nan=True)
            for history in self.histories
            if "validation_score" in history
        )

    def _axis_on_the_right(self, label, color):
        ax = self.ax_.twinx()
        n_others = len(set(map(id, self.axes_.values()))) - 1
        if n_others:
            ax.spines["right"].set_position(("axes", 1 + 0.18 * n_others))
        ax.set_ylabel(label, color=color)
        ax.tick_params(axis="y", colors=color)
        return ax

    def _draw(self, key, ax, color, line_kw):
        """One line per network that has this entry, and the mean of several."""
        curves = [history[key] for history in self.histories if key in history]
        if not curves:
            return
        several, n_epochs = len(curves) > 1, min(map(len, curves))
        style = {"color": color, "marker": "." if max(map(len, curves)) == 1 else None} | (line_kw or {})
        thin = style | ({"linewidth": 0.7, "alpha": 0.5} if several else {})
        label = "training loss" if key == "loss" else key.replace("_", " ")
        self.axes_[key] = ax
        self.lines_[key] = [ax.plot(range(1, len(curve) + 1), curve, **thin)[0] for curve in curves]
        self.lines_[key][0].set_label(label)
        if several and key != "learning_rate":
            mean = np.mean([curve[:n_epochs] for curve in curves], axis=0)
            self.mean_lines_[key] = ax.plot(range(1, n_epochs + 1), mean, **style, label=f"{label}, mean")[0]

    def _mark_best(self):
        for history in self.histories:
            if "validation_score" in history and np.isfinite(history["validation_score"]).any():
                best = int(np.nanargmax(history["validation_score"]))
                key = "validation_score" if "validation_score" in self.axes_ else "validation_loss"
                color = self.lines_[key][0].get_color()
                self.best_ += self.axes_[key].plot(best + 1, history[key][best], "o", color=color, markersize=4)


def _histories(estimator):
    """The histories of all networks in an estimator, those of its members included."""
    if isinstance(getattr(estimator, "history_", None), dict):
        return [estimator.history_]
    members = getattr(estimator, "estimators_", None)
    members = members if isinstance(members, list) else []
    return [history for member in members for history in _histories(last_step(member))]
