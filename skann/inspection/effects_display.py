"""EffectsDisplay: a panel for each column of an additive model."""

import math
from typing import Any, Self

import numpy as np

from ..plotting.pyplot import pyplot

N_COLUMNS = 3  # panels side by side


class EffectsDisplay:
    """Curves of what each column adds to the raw output, with the networks of the ensemble as a band.

    Parameters
    ----------
    effects : Effects
        What `skann.inspection.effects` returns.

    Attributes
    ----------
    axes_ : list of matplotlib Axes
        One for each column.
    figure_ : matplotlib Figure

    See Also
    --------
    skann.inspection.effects : The effects, without matplotlib.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skann import ANNRegressor
    >>> from skann.inspection import effects, EffectsDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = ANNRegressor(interaction_cst="no_interactions", n_estimators=2, max_iter=10, random_state=0).fit(X, y)
    >>> display = EffectsDisplay(effects(model, X)).plot()
    >>> len(display.axes_)
    10
    """

    def __init__(self, effects: Any) -> None:
        self.effects = effects

    def plot(self, axes: Any = None, *, output: int = 0) -> Self:
        """Draw the curves, through the rows of X in the order of the column.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            One for each column; None makes a new figure.
        output : int, default=0
            Number of the output.

        Returns
        -------
        self : EffectsDisplay

        Examples
        --------
        >>> import numpy as np
        >>> from skann import ANNRegressor
        >>> from skann.inspection import EffectsDisplay, effects
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> model = ANNRegressor((8,), interaction_cst="no_interactions", n_estimators=1, max_iter=10, random_state=0)
        >>> EffectsDisplay(effects(model.fit(X, 3 * X[:, 0]), X)).plot(output=0).axes_[0].get_xlabel()
        'column 0'
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        found, n = self.effects, len(self.effects.feature_names)
        if axes is None:
            n_rows = math.ceil(n / N_COLUMNS)
            place = plt.figure(figsize=(6, 2.2 * n_rows), layout="constrained").add_gridspec(1, 1)[0]
            grid = place.subgridspec(n_rows, min(n, N_COLUMNS)).subplots(sharey=True, squeeze=False)
            axes = list(grid.ravel())
            for spare in axes[n:]:
                spare.set_visible(False)
        self.axes_ = list(axes)[:n]
        self.figure_ = self.axes_[0].figure
        values, every = found.values, found.by_network
        if values.ndim == 3:
            values, every = values[..., output], every[..., output]
        for i, ax in enumerate(self.axes_):
            self._panel(ax, found.data[:, i], values[:, i], every[:, :, i])
            ax.set_xlabel(found.feature_names[i])
            ax.spines[["top", "right"]].set_visible(False)
            if i % N_COLUMNS == 0:
                ax.set_ylabel("effect")
        self.axes_[min(1, n - 1)].set_title("What each column adds to the raw output")
        return self

    def _panel(self, ax, cells, values, every):
        """The curve of one column, or a bar for each of its categories."""
        try:
            x = cells.astype(float)
        except (ValueError, TypeError):
            labels, first = np.unique(cells.astype(str), return_index=True)
            spread = [values[first] - every[:, first].min(axis=0), every[:, first].max(axis=0) - values[first]]
            ax.bar(labels, values[first], yerr=np.maximum(spread, 0), color="C0")
            return
        order = np.argsort(x, kind="stable")
        order = order[np.isfinite(x[order])]
        ax.fill_between(x[order], every[:, order].min(axis=0), every[:, order].max(axis=0), alpha=0.25, color="C0")
        ax.plot(x[order], values[order], color="C0")
        ax.axhline(0, color="0.7", linewidth=0.8, zorder=0)
