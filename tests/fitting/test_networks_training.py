"""How networks of any kind are trained: one picklable call for each, going on, side by side, from a checkpoint."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from skann import ANNClassifier, ANNRegressor
from skann._compat import has_callbacks
from skann.engine.losses import CrossEntropy, SquaredError
from skann.fitting.train import fit_network
from tests.callbacks.recorder import Recorder
from tests.estimators.ensembles import X
from tests.fitting.kinds import (
    OWN,
    MeanOfHeads,
    MixedClassifier,
    MixedRegressor,
    SharedTrunk,
    TrunkClassifier,
    TrunkRegressor,
)
from tests.fitting.test_networks import PLAIN, RECIPE, fitted, predictions, target, thetas
from tests.helpers import assert_gradient, bits, make_targets, make_weight, networks_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = pytest.mark.parametrize("Estimator", [TrunkClassifier, TrunkRegressor, MixedClassifier, MixedRegressor])
ALL = pytest.mark.parametrize(
    "Estimator", [ANNClassifier, ANNRegressor, TrunkClassifier, TrunkRegressor, MixedClassifier, MixedRegressor]
)
PARAMS = pytest.mark.parametrize("params", [RECIPE, PLAIN], ids=["recipe", "plain"])
WITH_CALLBACKS = pytest.mark.skipif(not has_callbacks(), reason="callbacks came with scikit-learn 1.9")


def start_of(Estimator, weight=None, **params):
    """The start of a fit, as `fit` itself makes it."""
    return Estimator(**params)._start(X, target(Estimator), weight)


# ----------------------------------------------------------------------------------------------------------- one call


@pytest.mark.parametrize("name, loss", [("log_loss", CrossEntropy(3)), ("squared_error", SquaredError())])
def test_gradient_of_the_toy_loss(name, loss):
    """Against differences, and the value against the mean over the heads."""
    mean, y, weight = MeanOfHeads(loss, 2), make_targets(name), make_weight()
    raw = np.random.default_rng(0).normal(size=(8, 6))
    delta = np.empty_like(raw)
    value = mean.value_and_delta(raw, y, weight, delta)
    heads = [loss.value_and_delta(each.copy(), y, weight, np.empty((8, 3))) for each in (raw[:, :3], raw[:, 3:])]
    assert value == pytest.approx(np.mean(heads), rel=1e-14)
    assert_gradient(lambda raw: mean.value_and_delta(raw, y, weight, np.empty_like(raw)), raw, delta)


@PARAMS
@pytest.mark.parametrize("scoring", [None, "loss", "other"])
@ALL
def test_a_pickled_training_makes_the_same_network(Estimator, scoring, params):
    """Settings, rows and start go in, the trained network comes out: that of `fit`, to the bit."""
    if scoring == "other":
        scoring = "f1_macro" if issubclass(Estimator, ANNClassifier) else "neg_mean_absolute_error"
    params = params | {"scoring": scoring, "early_stopping": True}
    start = start_of(Estimator, **params)
    model = fitted(Estimator, params)
    for i, network in enumerate(networks_of(model)):
        training = pickle.loads(pickle.dumps(start.networks.training(i, start.settings, start.data)))
        assert bits(fit_network(training).network.theta) == bits(network.theta)
        assert bits(training.network.theta) != bits(start.networks.members[i].network.theta)


@pytest.mark.parametrize("weight", [None, np.arange(len(X)) % 3 + 0.5], ids=["unweighted", "weighted"])
@ALL
def test_trainings_share_their_rows(Estimator, weight):
    """Indices differ from fold to fold; X and y are there once, in the process and in a pickle of all trainings."""
    start = start_of(Estimator, weight, **RECIPE)
    assert len(start.data) == len(start.networks.members) == (1 if type(start.networks) is SharedTrunk else 3)
    for data in (start.data, pickle.loads(pickle.dumps(start.data))):
        rows = [each.rows for each in data] + [each.watched for each in data]
        assert len({id(each.X) for each in rows}) == len({id(each.y) for each in rows}) == 1
        assert len({each.which.tobytes() for each in rows}) == len(rows)


@PARAMS
@ALL
def test_side_by_side(Estimator, params):
    """Two at a time: the same bits."""
    one, two = (fitted(Estimator, params, n_jobs=n_jobs, early_stopping=True) for n_jobs in (1, 2))
    assert (thetas(one), predictions(one)) == (thetas(two), predictions(two))
    if hasattr(one, "oof_prediction_"):
        assert bits(one.oof_prediction_) == bits(two.oof_prediction_)


def test_warnings_speak_of_the_settings_of_their_training(monkeypatch):
    """Not of those of the fit: here the first member may train for 3 epochs."""
    monkeypatch.setitem(OWN[0], "max_iter", 3)
    with pytest.warns(UserWarning, match="ended after 4 epochs, before it converged, with max_iter=3"):
        fitted(MixedRegressor, PLAIN)


# ----------------------------------------------------------------------------------------------------------- going on


@KINDS
def test_warm_start_goes_on(Estimator):
    """Three epochs and three more are six, to the bit."""
    whole = fitted(Estimator, PLAIN, max_iter=6)
    halves = fitted(Estimator, PLAIN, max_iter=3, warm_start=True)
    halves.fit(X, target(Estimator))
    assert thetas(halves) == thetas(whole)
    assert predictions(halves) == predictions(whole)
    assert [len(member.history["loss"]) for member in halves.networks_.members] == [6] * len(networks_of(whole))


@KINDS
def test_partial_fit_is_an_epoch(Estimator):
    y, model = target(Estimator), Estimator(**PLAIN)
    for _ in range(4):
        model.partial_fit(X, y, **({"classes": [0, 1, 2]} if hasattr(model, "predict_proba") else {}))
    assert thetas(model) == thetas(fitted(Estimator, PLAIN, max_iter=4))


@KINDS
def test_partial_fit_goes_on_with_what_there_is(Estimator):
    """Whatever number of networks "auto" would stand for: in the recipe partial_fit has one."""
    model = fitted(Estimator, n_estimators="auto", max_iter=1)
    sizes = [network.theta.size for network in networks_of(model)]
    before = thetas(model)
    model.partial_fit(X, target(Estimator))
    assert [network.theta.size for network in networks_of(model)] == sizes
    assert thetas(model) != before
    assert max(len(sizes), model.networks_.n_estimators) > 1


# ---------------------------------------------------------------------------------------------------------- callbacks


class Killed(Exception):
    """What stands for the end of the process."""


class KillAfter:
    """Ends the fit after so many epochs, whichever networks they are of."""

    def __init__(self, n_epochs):
        self.n_left = n_epochs

    def setup(self, estimator, context):
        pass

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context):
        self.n_left -= context.task_name == "epoch"
        if self.n_left < 0:
            raise Killed


def histories(model):
    return [dict(member.history, seconds=None) for member in model.networks_.members]


@WITH_CALLBACKS
@pytest.mark.parametrize("n_epochs", [1, 3, 6])
@pytest.mark.parametrize("n_jobs", [1, 2])
@PARAMS
@KINDS
def test_a_killed_fit_ends_where_it_would_have(Estimator, params, n_jobs, n_epochs, tmp_path):
    from skann.callbacks import Checkpoint

    checkpoint = Checkpoint(tmp_path / "file.npz", every=1)
    params = params | {"early_stopping": True, "n_jobs": n_jobs, "max_iter": 7}
    with pytest.raises(Killed):
        Estimator(**params).set_callbacks(checkpoint, KillAfter(n_epochs)).fit(X, target(Estimator))
    assert sum(checkpoint.epochs()) in (n_epochs, n_epochs + n_jobs - 1)
    resumed = Estimator(**params).set_callbacks(checkpoint).fit(X, target(Estimator))
    whole = fitted(Estimator, params)
    assert (thetas(resumed), predictions(resumed)) == (thetas(whole), predictions(whole))
    assert bits(resumed.oof_prediction_) == bits(whole.oof_prediction_)
    assert repr(histories(resumed)) == repr(histories(whole))


@WITH_CALLBACKS
@KINDS
def test_callbacks_get_models(Estimator):
    """Which predict after each epoch; after the last one as the model does, or as one of its members."""
    recorder = Recorder()
    model = Estimator(**PLAIN).set_callbacks(recorder).fit(X, target(Estimator))
    assert thetas(model) == thetas(fitted(Estimator, PLAIN))
    members = getattr(model, "estimators_", [model])
    models = recorder.models()
    assert len(models) == 4 * len(members)
    for member, last in zip(members, models[3::4], strict=True):
        assert predictions(last) == predictions(member)
        assert last.n_estimators == member.n_estimators == (3 if member is model else 1)
        assert predictions(last) != predictions(models[0])
    if len(members) == 1:  # otherwise the settings of the first
        again = clone(models[-1]).fit(X, target(Estimator))
        assert thetas(again) == thetas(model)


@WITH_CALLBACKS
@KINDS
def test_models_of_callbacks_are_calibrated(Estimator):
    """Like the model itself, by what was held out; a shared trunk has its out-of-fold predictions, too."""
    recorder = Recorder()
    model = Estimator(**RECIPE | {"max_iter": 20}).set_callbacks(recorder).fit(X, target(Estimator))
    scores = getattr(model, "estimators_", [model])[-1].validation_scores_
    last = recorder.models()[-len(scores) :][np.argmax(scores)]  # of the last network, in the epoch that was kept
    if type(model.networks_) is SharedTrunk:
        assert predictions(last) == predictions(model)
        assert bits(last.oof_prediction_) == bits(model.oof_prediction_)
    else:
        assert thetas(last) == thetas(model.estimators_[-1])
        assert not hasattr(last, "oof_prediction_")
