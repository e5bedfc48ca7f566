"""The loss curve: its lines are the history."""

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
        "training loss", "validation loss", "learning rate"
    ]  # fmt: skip


def test_lines_of_an_ensemble(ensemble):
    """A line per network, and the mean over the epochs that all have done."""
    display = LossCurveDisplay.from_estimator(ensemble)
    histories = [member.history_ for member in ensemble.estimators_]
    for key in ("loss", "validation_loss"):
        for line, history in zip(display.lines_[key], histories, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), history[key])
        n_epochs = min(len(history[key]) for history in histories)
        mean = [np.mean([history[key][i] for history in histories]) for i in range(n_epochs)]
        np.testing.assert_allclose(display.mean_lines_[key].get_ydata(), mean, rtol=1e-12)
    assert len(display.best_) == 3


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
