"""The loss curve: its lines are the history."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier, LossCurveDisplay
from tests.data import IRIS as X
from tests.data import SPECIES as y

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_lines_are_the_history(single):
    display = LossCurveDisplay.from_estimator(single)
    assert set(display.lines_) == {"loss", "validation_loss", "learning_rate"}
    for key, (line,) in display.lines_.items():
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 7))
        np.testing.assert_array_equal(line.get_ydata(), single.history_[key])
    (best,) = display.best_
    epoch = np.argmin(single.history_["validation_loss"])
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (epoch + 1, single.history_["validation_loss"][epoch])
    assert not display.mean_lines_
    assert display.ax_.get_title() == "ANNClassifier"
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        "training loss", "validation loss", "learning rate", "best epoch"
    ]  # fmt: skip


def test_lines_of_an_ensemble(ensemble):
    """A line per network, the mean of all to the last epoch, and a band from the lowest to the highest."""
    display = LossCurveDisplay.from_estimator(ensemble)
    histories = [member.history_ for member in ensemble.estimators_]
    for key in ("loss", "validation_loss"):
        for line, history in zip(display.lines_[key], histories, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), history[key])
        n_epochs = max(len(history[key]) for history in histories)
        at = [[history[key][min(i, len(history[key]) - 1)] for history in histories] for i in range(n_epochs)]
        np.testing.assert_allclose(display.mean_lines_[key].get_ydata(), np.mean(at, axis=1), rtol=1e-12)
        corners = display.bands_[key].get_paths()[0].vertices
        for i, values in enumerate(at):
            there = corners[corners[:, 0] == i + 1, 1]
            np.testing.assert_allclose([there.min(), there.max()], [min(values), max(values)], rtol=1e-12)
    assert len({len(history["loss"]) for history in histories}) > 1
    assert "ended ones stay at the last value" in display.legend_.get_texts()[-1].get_text()
    assert len(display.best_) == 3


def test_readable_in_a_small_figure(ensemble):
    """At 6 by 4 inches nothing is cut off, nothing is small, and the legend is off the data."""
    display = LossCurveDisplay.from_estimator(ensemble)
    figure = display.figure_
    figure.set_size_inches(6, 4)
    figure.canvas.draw()
    texts = [text for ax in figure.axes for text in (ax.title, ax.xaxis.label, ax.yaxis.label)]
    for text in [*texts, *display.legend_.get_texts()]:
        assert text.get_fontsize() >= 8
        box = text.get_window_extent()
        assert -1 <= box.x0 <= box.x1 <= figure.bbox.x1 + 1, text
        assert -1 <= box.y0 <= box.y1 <= figure.bbox.y1 + 1, text
    legend = display.legend_.get_window_extent()
    assert not any(legend.overlaps(ax.get_window_extent()) for ax in figure.axes)
    panels = {display.axes_[key] for key in ("loss", "validation_score")}
    assert len(panels) == 2
    upper, lower = (display.axes_[key].get_window_extent() for key in ("loss", "validation_score"))
    assert lower.y1 < upper.y0
    assert all(panel.get_ylabel() for panel in panels)
    assert display.axes_["validation_score"].get_xlabel() == "epoch"


def test_curves_differ_in_grey(ensemble):
    """Two curves of a panel have another style of line, or tones of grey that the eye tells apart."""
    display = LossCurveDisplay.from_estimator(ensemble)
    lines = [display.mean_lines_["loss"], display.mean_lines_["validation_loss"], display.lines_["learning_rate"][0]]
    assert len({line.get_linestyle() for line in lines}) == len(lines)


@pytest.mark.parametrize(
    "scoring, label",
    [("loss", "minus loss,\ncalibrated"), ("balanced_accuracy", "balanced\naccuracy"), (None, "accuracy")],
)
def test_the_score_has_its_name(scoring, label):
    model = ANNClassifier((4,), n_estimators=1, max_iter=2, scoring=scoring, random_state=0).fit(X, y)
    assert LossCurveDisplay.from_estimator(model).axes_["validation_score"].get_ylabel() == label


def test_panels_share_the_place_that_is_given(ensemble):
    """Also where the Axes have no cell of a grid."""
    for ax in (plt.subplots(1, 2)[1][0], plt.figure().add_axes((0.1, 0.1, 0.8, 0.8))):
        before = ax.get_position()
        display = LossCurveDisplay.from_estimator(ensemble, ax=ax)
        for panel in (ax, display.axes_["validation_score"]):
            assert before.x0 == pytest.approx(panel.get_position().x0)
            assert before.y0 - 1e-9 <= panel.get_position().y0 <= panel.get_position().y1 <= before.y1 + 1e-9


def test_a_score_other_than_the_loss_has_its_axis():
    history = {"loss": [3.0, 2.0], "validation_loss": [3.0, 2.5], "validation_score": [0.5, 0.4]}
    display = LossCurveDisplay([history]).plot()
    assert display.axes_["validation_score"] is not display.ax_
    np.testing.assert_array_equal(display.lines_["validation_score"][0].get_ydata(), [0.5, 0.4])
    assert (display.best_[0].get_xdata()[0], display.best_[0].get_ydata()[0]) == (1, 0.5)


def test_the_calibrated_loss_is_a_score_of_its_own():
    """It decides which epoch is best, and is not the validation loss."""
    model = ANNClassifier((8,), n_estimators=1, max_iter=6, random_state=0).fit(X, y)
    display = LossCurveDisplay.from_estimator(model)
    np.testing.assert_array_equal(display.lines_["validation_score"][0].get_ydata(), model.validation_scores_)
    assert display.best_[0].get_xdata()[0] == np.argmax(model.validation_scores_) + 1


def test_lbfgs_has_no_learning_rate():
    model = ANNClassifier((), encoder=None, solver="lbfgs").fit(X, y)
    assert set(LossCurveDisplay.from_estimator(model).lines_) == {"loss"}


def test_curves_of_pipelines_and_meta_estimators(single):
    steps = make_pipeline(StandardScaler(), ANNClassifier((8,), n_estimators=2, max_iter=2, random_state=0))
    assert len(LossCurveDisplay.from_estimator(steps.fit(X, y)).lines_["loss"]) == 2
    bagging = BaggingClassifier(steps, n_estimators=3, random_state=0).fit(X, y)
    assert len(LossCurveDisplay.from_estimator(bagging).lines_["loss"]) == 6
