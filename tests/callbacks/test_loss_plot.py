"""LossPlot: the curves that it draws are those of the history."""

import pickle
import warnings

import pytest

from skann.callbacks import LossPlot
from tests.callbacks.recorder import classifier
from tests.data import IRIS as X
from tests.data import SPECIES_NAMES as Y

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("kind", ["recipe", "ensemble", "threads"])
def test_loss_plot(kind):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    _, ax = plt.subplots()
    plot = LossPlot(ax, seconds=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = classifier(kind, max_iter=3).set_callbacks(plot).fit(X, Y)
    histories = [each.history_ for each in getattr(model, "estimators_", [model])]
    assert [line.get_ydata().tolist() for line in plot.display_.lines_["loss"]] == [each["loss"] for each in histories]
    assert set(ax.figure.axes) == set(plot.display_.axes_.values())  # none left of the drawings before
    pickle.loads(pickle.dumps(plot))
    LossPlot().setup(model, None)
    plt.close("all")
