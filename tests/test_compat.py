"""What skann says where scikit-learn is older than one of its features."""

import pytest
import sklearn

from skann import ANNClassifier, ANNRegressor, _compat, callbacks
from skann._compat import has_callbacks

MAKERS = {
    "LossPlot": callbacks.LossPlot,
    "Checkpoint": lambda: callbacks.Checkpoint("x"),
    "EarlyStopping": lambda: callbacks.EarlyStopping([[0]], [0]),
}


def test_callbacks_are_there_since_1_9():
    assert has_callbacks() is (tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9))


@pytest.mark.skipif(has_callbacks(), reason="this scikit-learn has callbacks")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])
def test_set_callbacks_says_what_it_needs(Estimator):
    with pytest.raises(ImportError, match=r"set_callbacks needs scikit-learn 1\.9 or newer"):
        Estimator().set_callbacks()
    Estimator((3,), encoder=None, max_iter=2).fit([[0.0], [1.0]] * 9, [0, 1] * 9)


@pytest.mark.parametrize("name", MAKERS)
def test_callbacks_say_what_they_need(name, monkeypatch):
    monkeypatch.setattr(_compat, "CallbackSupportMixin", object)
    monkeypatch.setattr(sklearn, "__version__", "1.6.1")
    with pytest.raises(ImportError, match=rf"skann\.callbacks\.{name} needs scikit-learn 1\.9 .* this is 1\.6\.1"):
        MAKERS[name]()
