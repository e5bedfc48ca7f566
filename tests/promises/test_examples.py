"""The examples run, from the docstring to the end, and warn of nothing."""

import runpy
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from skann._compat import has_callbacks

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("plot_*.py"))
SLOW = ("plot_scoring",)  # names of those that take more than five seconds
OF_CALLBACKS = ("plot_checkpoint", "plot_progress_and_callbacks")

mpl.use("Agg")


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
    plt.close("all")
    title, line = namespace["__doc__"].strip().splitlines()[:2]
    assert line == "=" * len(title)  # the heading that sphinx-gallery needs
