"""What both displays promise: where they draw, what they return, what they say without Matplotlib."""

import builtins

import matplotlib.pyplot as plt
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from skann import ANNClassifier, LossCurveDisplay, NetworkDisplay
from tests.data import IRIS as X
from tests.data import SPECIES as y

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
DISPLAYS = pytest.mark.parametrize("Display", [LossCurveDisplay, NetworkDisplay])


@DISPLAYS
def test_conventions_of_displays(Display, single):
    """``plot`` returns the display, draws where it is told to, and can be called again."""
    figure, ax = plt.subplots()
    display = Display.from_estimator(single, ax=ax, name="here")
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert ax.get_title().startswith("here")
    assert display.plot() is display
    assert display.ax_ is not ax


@DISPLAYS
def test_errors(Display, monkeypatch):
    with pytest.raises(NotFittedError):
        Display.from_estimator(ANNClassifier())
    with pytest.raises((ValueError, TypeError), match="LogisticRegression"):
        Display.from_estimator(LogisticRegression(max_iter=1000).fit(X, y))
    original = builtins.__import__

    def without_matplotlib(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    with pytest.raises(ImportError, match=rf"{Display.__name__}\.from_estimator needs matplotlib: pip install"):
        Display.from_estimator(ANNClassifier())
