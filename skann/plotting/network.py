"""NetworkDisplay: the units of a network and how they are connected."""

import textwrap
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .outline import outline
from .pyplot import last_step, pyplot

LONGEST, LETTER, LINE = 18, 0.075, 0.13  # a name: most letters; inches that a letter and a line of them take


NARROWEST = 0.7  # inches from column to column, or there is no room for names


class NetworkDisplay:
    """The layers of a network, each with its units, its activation and its number of parameters.

    Make it with `from_estimator`. Dropout and the parameters of activations belong to the column of their layer.

    Parameters
    ----------
    columns : list of namedtuple
        The input and each group of layers: ``title``, ``n_units``, ``notes``, ``n_parameters`` and ``parts``, how the
        units depend on those of the column before.
    name : str, default=None
        What the network belongs to.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    units_ : list of matplotlib PathCollection
        The circles of each column.
    edges_ : list of matplotlib LineCollection
        The connections of each column with the one before it.
    texts_ : list of matplotlib Text
        Under each column.
    names_ : list of matplotlib Text
        Beside the units of the input, where X has names, and of the output: columns and classes.

    See Also
    --------
    LossCurveDisplay : How the training went.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import ANNClassifier, NetworkDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = ANNClassifier((8, 4), encoder=None, learning_rate_init=0.02, tol=1e-3, random_state=0).fit(X, y)
    >>> display = NetworkDisplay.from_estimator(classifier)
    >>> [column.n_units for column in display.columns]
    [4, 8, 4, 3]
    """

    names_: list[Any]

    def __init__(self, columns: Sequence[Any], *, name: str | None = None) -> None:
        self.columns = columns
        self.name = name

    @classmethod
    def from_estimator(cls, estimator: Any, ax: Any = None, *, name: str | None = None, max_units: int = 12) -> Self:
        """Draw the network of a fitted estimator; of an ensemble, whose networks have the same layers, the first.

        Parameters
        ----------
        estimator : ANNClassifier or ANNRegressor
            Or a pipeline that ends with one.
        ax, name, max_units : as in `plot`
            How to draw it; ``name=None`` means the name of the class.

        Returns
        -------
        display : NetworkDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If it is of another kind.

        Examples
        --------
        >>> from skann import ANNClassifier, NetworkDisplay
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"]
        >>> model = ANNClassifier((5,), encoder=None, solver="lbfgs", random_state=0).fit(X, y)
        >>> NetworkDisplay.from_estimator(model, name="one hidden layer").name
        'one hidden layer'
        """
        pyplot(f"{cls.__name__}.from_estimator")
        estimator = last_step(estimator)
        if not hasattr(type(estimator), "network_"):
            raise TypeError(f"{cls.__name__} draws an ANNClassifier or ANNRegressor, got {type(estimator).__name__}.")
        check_is_fitted(estimator)
        if name is None:
            name = type(estimator).__name__
            if estimator.networks_.is_ensemble:
                name += f", one of {len(estimator.networks_.members)} networks"
        return cls(outline(estimator), name=name).plot(ax, max_units=max_units)

    def plot(self, ax: Any = None, *, name: str | None = None, max_units: int = 12) -> Self:
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure, as wide as the columns need. In a small one the names are left out.
        name : str, default=None
            Title, above the total number of parameters; None means that of the display.
        max_units : int, default=12
            Most circles in a column; of more units the first and the last ones are drawn.

        Returns
        -------
        self : NetworkDisplay

        Examples
        --------
        >>> from skann import ANNClassifier, NetworkDisplay
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"]
        >>> model = ANNClassifier((5,), encoder=None, solver="lbfgs", random_state=0).fit(X, y)
        >>> display = NetworkDisplay.from_estimator(model)
        >>> len(display.plot(max_units=3).units_)  # input, hidden layer, output
        3
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        from matplotlib.collections import LineCollection

        widths = [LETTER * max(map(len, _short(column.names)), default=0) for column in self.columns]
        if ax is None:
            width = max(4.0, 1.5 * len(self.columns)) + sum(widths)
            _, ax = plt.subplots(figsize=(width, 4.5), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.units_, self.edges_, self.texts_, self.names_ = [], [], [], []
        max_units = min(max_units, max(column.n_units for column in self.columns))
        pitch = _pitch(ax, len(self.columns), sum(widths), max_units)
        shown = [places(column.n_units, max_units) for column in self.columns]
        for i, (column, place) in enumerate(zip(self.columns, shown, strict=True)):
            color = "C1" if i == 0 else "C2" if i == len(self.columns) - 1 else "C0"
            self.units_.append(ax.scatter([i] * len(place), list(place.values()), 60, color, edgecolors="w", zorder=2))
            if len(place) < column.n_units:
                ax.text(i, 0, "⋮", ha="center", va="center", fontsize="large")
            ax.text(i, 1.12, column.title, ha="center", fontweight="bold", fontsize="medium")
            text = "\n".join(textwrap.fill(line, 21) for line in column.lines)
            self.texts_.append(ax.text(i, -1.12, text, ha="center", va="top", fontsize="small"))
            if pitch is not None:
                self._write_names(i, column, place)
            if i:
                segments = [((i - 1, y0), (i, y1)) for y0, y1 in edges(column, shown[i - 1], place)]
                self.edges_.append(LineCollection(segments, colors="0.7", linewidths=0.4, zorder=1))
                ax.add_collection(self.edges_[-1])
        n_lines = max(text.get_text().count("\n") + 1 for text in self.texts_)
        left, right = (0 if pitch is None else widths[i] / pitch for i in (0, -1))
        ax.set(xlim=(-0.6 - left, len(self.columns) - 0.4 + right), ylim=(-1.2 - 0.13 * n_lines, 1.3))
        n_parameters = sum(column.n_parameters for column in self.columns)
        name = self.name if name is None else name
        ax.set_title("\n".join(filter(None, (name, f"{n_parameters:,} parameters"))))
        ax.set_axis_off()
        return self

    def _write_names(self, i, column, place):
        """The names of the units that are drawn, on the outer side."""
        sign, side = (-1, "right") if i == 0 else (1, "left")
        for unit, height in place.items() if column.names else ():
            name = _short(column.names)[unit]
            text = self.ax_.text(i + 0.12 * sign, height, name, ha=side, va="center", fontsize="small")
            self.names_.append(text)


def _short(names):
    """Names as they are written."""
    return [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in names]


def _pitch(ax, n_columns, names_width, max_units):
    """Inches from column to column where names are written on both sides; None if there is no room for them."""
    width, height = ax.get_window_extent().size / ax.figure.dpi
    pitch = (width - names_width) / (n_columns + 0.2)
    from_unit_to_unit = height / 3.2 * 2 / max(max_units, 2)  # 3.2: about what the vertical axis spans
    return pitch if pitch >= NARROWEST and from_unit_to_unit >= LINE else None


def places(n_units, max_units):
    """{unit: height} of the units to draw, from 1 down to -1, with a gap in the middle if some are left out."""
    step = 2 / max(max_units, 2)
    if n_units <= max_units:
        return {unit: step * ((n_units - 1) / 2 - unit) for unit in range(n_units)}
    n_above = max(max_units // 2, 1)
    above = {unit: 1 - step * unit for unit in range(n_above)}
    return above | {n_units - 1 - unit: -height for unit, height in reversed(above.items())}


def edges(column, before, place):
    """Pairs of heights: from a unit of the column before to a unit; units left out are in the middle."""
    if column.parts is None:
        return [(y0, y1) for y0 in before.values() for y1 in place.values()]
    sources = np.concatenate([np.empty(0, int), *_sources(column.parts)])
    return [(before.get(int(sources[unit]), 0.0), y) for unit, y in place.items()]


def _sources(parts):
    """For each part, the unit of the column before that each of its units depends on."""
    starts = np.cumsum([0] + [n_columns for n_columns, _ in parts])
    return [start + np.repeat(np.arange(n), n_each) for start, (n, n_each) in zip(starts[:-1], parts, strict=True)]
