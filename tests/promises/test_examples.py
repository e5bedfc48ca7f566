"""The examples run, from the docstring to the end, and warn of nothing."""

import runpy
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from skann._compat import has_callbacks

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("plot_*.py"))
SLOW = (  # names of those that take more than a second
    "plot_attributions", "plot_auto", "plot_calibration", "plot_constraints", "plot_early_stopping", "plot_ensembles",
    "plot_going_on", "plot_intervals", "plot_loss_curve", "plot_oof_score", "plot_own_loss", "plot_own_parts",
    "plot_poisson_exposure", "plot_quantiles", "plot_scoring", "plot_sets", "plot_validation_data",
)  # fmt: skip
OF_CALLBACKS = ("plot_checkpoint", "plot_progress_and_callbacks")

mpl.use("Agg")


def place_of(ax):
    """Its place among those of the figure; what a display divides is one place."""
    return ax.get_subplotspec().get_topmost_subplotspec()


def names(head, ax):
    """Whether the title of an axes is for another one, too: in the same place, or below, with the x axis in common."""
    place, below = place_of(head), place_of(ax)
    is_joined = head.get_shared_x_axes().joined(head, ax)
    return place == below or (
        is_joined and place.colspan == below.colspan and place.rowspan.stop <= below.rowspan.start
    )


def check_style(figure):
    """One style for all: their size, a title, a name for every axis, and legends that are off the data."""
    assert figure.get_layout_engine() is not None
    width, height = figure.get_size_inches()
    bars = [ax for ax in figure.axes if ax.get_label() == "<colorbar>"]
    assert all(bar.get_ylabel() for bar in bars)
    drawn = [ax for ax in figure.axes if ax.axison and ax not in bars]
    if not drawn:  # the drawing of a network
        return
    assert 4 <= height <= 5
    assert 6 <= width <= 6 * len({place_of(ax).colspan.start for ax in drawn})
    titled = [ax for ax in drawn if ax.get_title() and not ax.get_title()[0].islower()]
    assert all(any(names(head, ax) for head in titled) for ax in drawn)
    figure.canvas.draw()
    for ax in drawn:
        labels = ax.get_xticklabels() if ax.xaxis.get_visible() else []
        assert ax.get_xlabel() or not any(label.get_visible() for label in labels), ax
        assert ax.get_ylabel() or not any(label.get_visible() for label in ax.get_yticklabels()), ax
    for legend in [*figure.legends, *(ax.get_legend() for ax in drawn if ax.get_legend())]:
        assert not any(legend.get_window_extent().overlaps(ax.get_window_extent()) for ax in drawn)


@pytest.fixture(autouse=True)
def _close_figures():
    plt.close("all")  # those of other tests
    yield
    plt.close("all")


@pytest.mark.parametrize(
    "path", [pytest.param(path, marks=[pytest.mark.slow] * (path.stem in SLOW), id=path.stem) for path in EXAMPLES]
)
def test_example_runs(path, tmp_path, monkeypatch):
    if path.stem in OF_CALLBACKS and not has_callbacks():
        pytest.skip("callbacks came with scikit-learn 1.9")
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")
        namespace = runpy.run_path(str(path), run_name="__main__")
    assert plt.get_fignums()
    for number in plt.get_fignums():
        check_style(plt.figure(number))
    title, line = namespace["__doc__"].strip().splitlines()[:2]
    assert line == "=" * len(title)  # the heading that sphinx-gallery needs
