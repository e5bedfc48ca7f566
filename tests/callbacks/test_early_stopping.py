"""EarlyStopping: a score on rows of the user's ends the training and brings the best weights back."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from skann.callbacks import EarlyStopping
from tests.callbacks.recorder import EVERY_KIND, Recorder, classifier
from tests.data import IRIS as X
from tests.data import SPECIES_NAMES as Y
from tests.helpers import bits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

TRAIN, VAL, Y_TRAIN, Y_VAL = train_test_split(X, Y, random_state=0)


def scores_of(recorder, scorer=accuracy_score):
    return [scorer(Y_VAL, model.predict(VAL)) for model in recorder.models()]


@EVERY_KIND
def test_early_stopping_waits_and_restores(kind):
    """It ends ``patience`` epochs after the best one, whose weights come back."""
    recorder = Recorder()
    stop = EarlyStopping(VAL, Y_VAL, patience=3)
    model = classifier(kind, max_iter=60).set_callbacks(stop, recorder).fit(TRAIN, Y_TRAIN)
    assert stop._states == {}
    if not hasattr(model, "estimators_"):
        scores = scores_of(recorder)
        best = int(np.argmax(scores))
        assert model.n_iter_ in (best + 4, 60) or kind in ("lbfgs", "early", "recipe")
        np.testing.assert_array_equal(model.network_.theta, recorder.models()[best].network_.theta)
    else:
        assert [accuracy_score(Y_VAL, each.predict(VAL)) for each in model.estimators_] == [
            accuracy_score(Y_VAL, each.predict(VAL)) for each in sorted_models(recorder, model)
        ]


def sorted_models(recorder, model):
    """The snapshots of networks as they ended, in the order of the networks."""
    ended = {event[2]: event[3]["model"] for event in recorder.events if event[:2] == ("end", "network")}
    return [ended[i] for i in range(len(model.estimators_))]


def test_early_stopping_modes_agree():
    """A loss that shall fall and its negative that shall rise."""

    def loss(model, X, y):
        return log_loss(y, model.predict_proba(X))

    stops = (
        EarlyStopping(VAL, Y_VAL, loss, mode="min", patience=2),
        EarlyStopping(VAL, Y_VAL, "neg_log_loss", patience=2),
    )
    models = [classifier(max_iter=200, learning_rate_init=0.3).set_callbacks(stop) for stop in stops]
    models = [model.fit(TRAIN, Y_TRAIN) for model in models]
    assert models[0].n_iter_ == models[1].n_iter_ < 200
    assert bits(models[0].network_.theta) == bits(models[1].network_.theta)


def test_early_stopping_min_delta_and_weights():
    given = []

    def scorer(model, X, y, sample_weight=None):
        given.append(sample_weight)
        return len(given) * 0.1

    stop = EarlyStopping(VAL, Y_VAL, scorer, min_delta=0.15, patience=2, sample_weight_val=[1.0] * len(VAL))
    model = classifier(max_iter=9).set_callbacks(stop).fit(TRAIN, Y_TRAIN)
    assert given[0] == [1.0] * len(VAL)
    assert model.n_iter_ == 9  # small gains add up: every second epoch counts
    stop = EarlyStopping(VAL, Y_VAL, lambda model, X, y: 0.5, patience=2, restore_best=False)
    assert classifier(max_iter=9).set_callbacks(stop).fit(TRAIN, Y_TRAIN).n_iter_ == 3


@pytest.mark.parametrize("bad", [{"mode": "up"}, {"patience": 0}, {"patience": 1.5}, {"min_delta": -1}])
def test_early_stopping_checks_its_parameters(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        EarlyStopping(VAL, Y_VAL, **bad)


def test_early_stopping_leaves_nothing_after_a_failure():
    stop = EarlyStopping(VAL, Y_VAL, lambda model, X, y: np.nan)
    with pytest.raises(ValueError, match="must give a number"):
        classifier().set_callbacks(EarlyStopping(VAL, Y_VAL), stop).fit(TRAIN, Y_TRAIN)
    stop = EarlyStopping(VAL, Y_VAL)
    with pytest.raises(RuntimeError):
        classifier("ensemble").set_callbacks(stop, Recorder(("end", "epoch"))).fit(TRAIN, Y_TRAIN)
    assert stop._states == {}
