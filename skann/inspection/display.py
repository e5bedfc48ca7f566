"""AttributionsDisplay: the columns that matter most, over many rows or in one."""

from typing import Any, Self

import numpy as np

from .._objects import shown
from .._typing import Floats
from ..plotting.pyplot import pyplot

RISE, FALL = "C1", "C0"
HATCHES = ("", "//", "..", "xx")  # of outputs side by side, to be told in grey, too


class AttributionsDisplay:
    """Bars of mean absolute attributions, or the attributions of one row as a waterfall.

    Parameters
    ----------
    attributions : Attributions
        What `skann.inspection.attributions` returns.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    bars_ : list of matplotlib BarContainer
        Those of each output, or the one of a waterfall; the columns are in the order from top to bottom.
    names_ : list of str
        What the bars belong to, in this order; of columns that are drawn together their number.

    See Also
    --------
    skann.inspection.attributions : The attributions, without matplotlib.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skann import ANNRegressor
    >>> from skann.inspection import attributions, AttributionsDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = ANNRegressor(n_estimators=1, random_state=0).fit(X, y)
    >>> display = AttributionsDisplay(attributions(model, X[:20])).plot(max_columns=4)
    >>> display.names_[-1]
    '7 other columns'
    """

    def __init__(self, attributions: Any) -> None:
        self.attributions = attributions

    def plot(
        self, ax: Any = None, *, row: int | None = None, output: int | str | None = None, max_columns: int = 10,
        name: str | None = None,
    ) -> Self:  # fmt: skip
        """Draw the attributions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure.
        row : int, default=None
            The position of the row whose attributions are drawn as a waterfall, from the mean prediction for the
            background, at the bottom, to its own. None draws the mean absolute attributions of all rows.
        output : int or str, default=None
            Number or name of the output. None means all, side by side in the bars; a waterfall then has that with the
            greatest prediction.
        max_columns : int, default=10
            Most bars; of more columns the last bar has the others together.
        name : str, default=None
            Title; None says what is explained.

        Returns
        -------
        self : AttributionsDisplay

        Raises
        ------
        ValueError
            If there is no such row or output.

        Examples
        --------
        >>> from skann import ANNRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]  # on a straight line
        >>> model = ANNRegressor((), encoder=None, solver="lbfgs", alpha=0.0, random_state=0).fit(
        ...     X, y
        ... )  # a straight line
        >>> from skann.inspection import AttributionsDisplay, attributions
        >>> AttributionsDisplay(attributions(model, X)).plot(name="one column").ax_.get_title()
        'one column'
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        values = np.atleast_3d(self.attributions.values)
        if max_columns < 2:
            raise ValueError(f"max_columns must be at least 2, got {max_columns!r}.")
        if row is not None and not -len(values) <= row < len(values):
            raise ValueError(f"row must be from {-len(values)} to {len(values) - 1}, got {row!r}.")
        output = None if output is None else self._number_of(output)
        if ax is None:
            n_bars = min(max_columns, values.shape[1])
            _, ax = plt.subplots(figsize=(6, max(4.0, 1.4 + 0.33 * n_bars)), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        if row is None:
            title = self._bars(ax, np.abs(values).mean(axis=0), output, max_columns)
        else:
            title = self._waterfall(ax, values[row], row, output, max_columns)
        ax.set_title(title if name is None else name)
        ax.spines[["top", "right"]].set_visible(False)
        return self

    def _number_of(self, output):
        """The index of an output given by its index or name."""
        names = self.attributions.output_names
        if isinstance(output, str) and output in names:
            return names.index(output)
        if isinstance(output, int | np.integer) and 0 <= output < len(names):
            return int(output)
        raise ValueError(f"output must be one of {shown(names, 200)} or its index, got {output!r}.")

    def _bars(self, ax, size, output, max_columns):
        """The mean absolute attributions (n_features, n_outputs) of one output, or of all side by side."""
        names = self.attributions.output_names
        shown_outputs = range(size.shape[1]) if output is None else [output]
        order, rest = _order(size[:, shown_outputs].sum(axis=1), max_columns)
        self.names_ = [self.attributions.feature_names[i] for i in order] + _others(rest)
        self.bars_, left = [], np.zeros(len(self.names_))
        for k in shown_outputs:
            width = np.append(size[order, k], [size[rest, k].sum()] if len(rest) else [])
            hatch = HATCHES[len(self.bars_) % len(HATCHES)]
            bars = ax.barh(range(len(width)), width, left=left, label=names[k], edgecolor="w", hatch=hatch)
            self.bars_.append(bars)
            left += width
        _label_rows(ax, self.names_)
        ax.set_xlabel("mean |attribution|")
        if len(self.bars_) > 1:
            ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize="small")  # off the bars
            return "What the columns make of the outputs"
        return f"What the columns make of {'the ' if len(names) == 1 else ''}{names[shown_outputs[0]]}"

    def _waterfall(self, ax, values, row, output, max_columns):
        """The attributions (n_features, n_outputs) of one row to one output, one upon the other."""
        found = self.attributions
        predictions = np.reshape(found.predictions[row], -1)
        k = int(predictions.argmax()) if output is None else output
        base, parts = np.reshape(found.base_values[row], -1)[k], values[:, k]
        order, rest = _order(np.abs(parts), max_columns)
        cells = [f"{found.feature_names[i]} = {_cell(found.data[row, i])}" for i in order]
        self.names_ = cells + _others(rest)
        widths = np.append(parts[order], [parts[rest].sum()] if len(rest) else [])
        ends = base + np.cumsum(widths[::-1])[::-1]  # from the bottom to the top
        colors = np.where(widths >= 0, RISE, FALL)
        hatches = ["" if width >= 0 else "//" for width in widths]  # to be told in grey, too
        bars = ax.barh(range(len(widths)), widths, left=ends - widths, color=colors, edgecolor="w", hatch=hatches)
        self.bars_ = [bars]
        ax.bar_label(bars, [f"{width:+.3g}" for width in widths], padding=3, fontsize="small")
        _label_rows(ax, self.names_)
        ax.set_ylim(len(widths) + 0.1, -1.1)
        ax.use_sticky_edges = False
        ax.margins(x=0.12)
        ax.autoscale_view(scaley=False)
        _mark(ax, predictions[k], "this row", -0.6, "bottom")
        _mark(ax, base, "background", len(widths) - 0.4, "top")
        ax.set_xlabel(found.output_names[k])
        return f"Why row {row} has this {'output' if values.shape[1] > 1 else found.output_names[k]}"


def _order(size: Floats, max_columns: int) -> tuple[Any, Any]:
    """The columns with a bar, largest first, and the others."""
    order = np.argsort(-size, kind="stable")
    n = len(order) if len(order) <= max_columns else max_columns - 1
    return order[:n], order[n:]


def _others(rest):
    return [f"{len(rest)} other columns"] if len(rest) else []


def _mark(ax, x, text, y, va):
    """A line at x and a text beside it, on the side of the middle, where it stays within the axes."""
    ax.axvline(x, color="0.5", linewidth=0.8, linestyle=":", zorder=0)
    offset, ha = (3, "left") if x < np.mean(ax.get_xlim()) else (-3, "right")
    style = {"textcoords": "offset points", "fontsize": "small", "color": "0.3"}
    ax.annotate(f"{text}: {x:.4g}", (x, y), (offset, 0), ha=ha, va=va, **style)


def _label_rows(ax, names):
    ax.set_yticks(range(len(names)), [name if len(name) <= 32 else f"{name[:16]}…{name[-15:]}" for name in names])
    ax.invert_yaxis()
    ax.set_ylabel("column")


def _cell(value):
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    return str(value)
