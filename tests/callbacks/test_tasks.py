"""scikit-learn's callbacks on the estimators: what they are told, what they may do, and what they leave behind."""

import copy
import io
import pickle
import time
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_multilabel_classification, make_regression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import ANNRegressor
from tests.callbacks.recorder import EVERY_KIND, Recorder, Silent, classifier
from tests.data import BOTH
from tests.data import IRIS as X
from tests.data import SPECIES as CODES
from tests.data import SPECIES_NAMES as Y
from tests.helpers import bits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SOLVERS = pytest.mark.parametrize("solver", ["adam", "nadam", "rmsprop", "sgd", "lbfgs"])


# --------------------------------------------------------------------------------------------------------------- tasks


@EVERY_KIND
def test_callbacks_change_nothing(kind):
    """To the bit, also with a snapshot in each epoch."""
    before = classifier(kind).fit(X, Y)
    for callback in (Silent(), Recorder()):
        model = classifier(kind).set_callbacks(callback).fit(X, Y)
        np.testing.assert_equal(bits(model.predict_proba(X)), bits(before.predict_proba(X)))
        assert not [name for name in vars(model) if "callback" in name and name != "_skl_callbacks"]


@EVERY_KIND
def test_tasks_form_a_tree(kind):
    """Each task that begins ends; fit, networks if there are several, epochs; setup first, teardown last."""
    recorder = Recorder()
    model = classifier(kind).set_callbacks(recorder).fit(X, Y)
    names = recorder.names()
    assert names[:2] == [("setup", "fit"), ("begin", "fit")]
    assert names[-2:] == [("end", "fit"), ("teardown", "fit")]
    runs = model.estimators_ if kind in ("ensemble", "threads") else [model]
    assert names.count(("end", "network")) == names.count(("begin", "network")) == (len(runs) if len(runs) > 1 else 0)
    assert names.count(("end", "epoch")) == names.count(("begin", "epoch")) == sum(run.n_iter_ for run in runs)


@SOLVERS
@BOTH
def test_every_solver(Estimator, solver):
    recorder = Recorder()
    model = Estimator((4,), encoder=None, solver=solver, max_iter=3, random_state=0).set_callbacks(recorder)
    model.fit(X, CODES)
    models = recorder.models()
    assert len(models) == model.n_iter_
    np.testing.assert_array_equal(models[-1].network_.theta, model.network_.theta)
    assert [len(each.loss_curve_) for each in models] == list(range(1, model.n_iter_ + 1))


def test_lbfgs_ends_the_iteration_it_has_begun():
    """max_fun ends it within a line search."""
    recorder = Recorder()
    classifier("lbfgs", max_fun=4, max_iter=50).set_callbacks(recorder).fit(X, Y)
    names = recorder.names()
    assert names.count(("begin", "epoch")) == names.count(("end", "epoch"))


def test_callbacks_see_what_fit_was_given():
    recorder, weight = Recorder(), np.arange(1.0, 151)
    classifier("recipe").set_callbacks(recorder).fit(X, Y, weight)
    told = [told for event, _, _, told in recorder.events if event in ("begin", "end")]
    assert all(each["X"] is X and each["y"] is Y and each["metadata"]["sample_weight"] is weight for each in told)


def test_partial_fit_calls_none():
    """It is not a fit."""
    recorder = Recorder()
    classifier().set_callbacks(recorder).partial_fit(X, Y, classes=np.unique(Y))
    assert recorder.events == []


def test_only_callbacks_are_accepted():
    with pytest.raises(TypeError, match="FitCallback"):
        classifier().set_callbacks(print)


# ----------------------------------------------------------------------------------------------------------- snapshots


@EVERY_KIND
def test_snapshots_predict_and_stay(kind):
    """What a snapshot predicted in its epoch it predicts ever after; it knows the labels; the last is the model."""
    seen = []

    class Predict(Recorder):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                seen.append((fitted_estimator, fitted_estimator.predict_proba(X), fitted_estimator.predict(X)))

    model = classifier(kind).set_callbacks(Predict()).fit(X, Y)
    for snapshot, proba, labels in seen:
        np.testing.assert_array_equal(snapshot.predict_proba(X), proba)
        assert set(labels) <= set(Y)
        np.testing.assert_array_equal(snapshot.classes_, model.classes_)
        assert len(snapshot.history_["loss"]) == snapshot.n_iter_
        assert not hasattr(snapshot, "_callback_fit_ctx")
        clone(snapshot)
        pickle.loads(pickle.dumps(snapshot.set_callbacks())).predict(X)
    assert len({bits(proba) for _, proba, _ in seen}) == len(seen)
    if kind in ("plain", "lbfgs"):
        np.testing.assert_array_equal(seen[-1][1], model.predict_proba(X))


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_snapshots_of_regression_are_in_the_units_of_y(n_estimators):
    features, y = make_regression(120, 5, random_state=0)
    recorder = Recorder()
    model = ANNRegressor(n_estimators=n_estimators, max_iter=8, random_state=0).set_callbacks(recorder)
    model.fit(features, 1e6 + 100 * y)
    assert abs(recorder.models()[-1].predict(features).mean() - 1e6) < 1e5
    task = "network" if n_estimators == 2 else "fit"
    if n_estimators == 1:
        assert bits(recorder.models("end", "fit")[0].predict(features)) == bits(model.predict(features))
    else:
        each = [network.predict(features) for network in recorder.models("end", task)]
        np.testing.assert_allclose(np.mean(each, axis=0), model.predict(features), rtol=1e-6)


def test_snapshots_of_multilabel_targets():
    features, y = make_multilabel_classification(80, 6, random_state=0)
    recorder = Recorder()
    classifier("recipe").set_callbacks(recorder).fit(features, y)
    assert recorder.models()[-1].predict(features).shape == y.shape


def test_a_snapshot_before_the_first_epoch():
    recorder = Recorder()
    classifier("recipe").set_callbacks(recorder).fit(X, Y)
    first = recorder.models("begin")[0]
    assert first.history_ == {}
    np.testing.assert_allclose(first.predict_proba(X).sum(axis=1), 1)


def test_snapshots_warn_of_nothing():
    """What there is to warn of is said once, at the end."""
    model = classifier("recipe", calibration="temperature", early_stopping=False).set_callbacks(Recorder())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, Y)
    assert sum("calibration" in str(warning.message) for warning in caught) == 1


def test_snapshots_are_made_when_asked_for(monkeypatch):
    made = []
    monkeypatch.setattr(copy, "deepcopy", lambda value, *args, real=copy.deepcopy: made.append(value) or real(value))
    classifier().set_callbacks(Silent()).fit(X, Y)
    assert made == []


@pytest.mark.parametrize("first, second", [("ensemble", "plain"), ("plain", "ensemble")])
def test_a_refit_forgets_the_fit_before(first, second):
    """No network of the first fit takes part in snapshots of the second."""
    recorder = Recorder()
    model = classifier(first).fit(X, Y).set_params(**classifier(second).get_params()).set_callbacks(recorder)
    model.fit(X, Y)
    assert not any(hasattr(each, "estimators_") for each in recorder.models())
    assert bits(recorder.models()[-1].predict_proba(X)) != bits(recorder.models()[0].predict_proba(X))


@pytest.mark.parametrize("kind", ["plain", "ensemble"])
def test_warm_start(kind):
    """The snapshots of the second fit go on from the first, and so does the model."""
    recorder = Recorder()
    once = classifier(kind, warm_start=True, early_stopping=False).fit(X, Y).fit(X, Y)
    model = classifier(kind, warm_start=True, early_stopping=False).fit(X, Y).set_callbacks(recorder).fit(X, Y)
    assert bits(model.predict_proba(X)) == bits(once.predict_proba(X))
    assert [len(each.loss_curve_) for each in recorder.models()][:6] == list(range(7, 13))


# ------------------------------------------------------------------------------------------------------------ stopping


@EVERY_KIND
def test_a_callback_ends_the_training(kind):
    recorder = Recorder(stop_after=2)
    model = classifier(kind).set_callbacks(recorder).fit(X, Y)
    assert model.n_iter_ == 2
    if hasattr(model, "estimators_"):
        assert [each.n_iter_ for each in model.estimators_] == [2, 2, 2]


def test_the_best_weights_come_back_all_the_same():
    """At a rate so high that an epoch before the last one is the best."""
    recorder = Recorder(stop_after=5)
    params = {"learning_rate_init": 3.0, "max_iter": 50, "random_state": 2}
    model = classifier("early", **params).set_callbacks(recorder).fit(X, Y)
    best = int(np.argmax(model.validation_scores_))
    assert model.n_iter_ == 5
    assert best < 4
    np.testing.assert_array_equal(model.network_.theta, recorder.models()[best].network_.theta)


def test_the_reason_is_told(capsys):
    classifier(verbose=True).set_callbacks(Recorder(stop_after=2)).fit(X, Y)
    assert "Training stopped: a callback asked for it." in capsys.readouterr().out


def test_no_convergence_warning_after_a_stop():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier("recipe").set_callbacks(Recorder(stop_after=2)).fit(X, Y)


# ------------------------------------------------------------------------------------------------------------ failures

FAILURES = [
    ("setup", "fit"),
    ("begin", "fit"),
    ("begin", "epoch"),
    ("end", "epoch"),
    ("end", "fit"),
    ("teardown", "fit"),
]


@pytest.mark.parametrize("fail_at", FAILURES, ids="-".join)
@pytest.mark.parametrize("kind", ["plain", "ensemble", "threads", "lbfgs"])
def test_failure_leaves_the_estimator_as_it_was(kind, fail_at):
    model = classifier(kind).fit(X, Y)
    recorder = Recorder(fail_at)
    model.set_callbacks(recorder)
    before, proba = dict(vars(model)), model.predict_proba(X)
    with pytest.raises(RuntimeError, match="the callback failed"):
        model.fit(X[:100], Y[:100])
    assert vars(model) == before
    assert bits(model.predict_proba(X)) == bits(proba)
    assert recorder.names()[-1] == ("teardown", "fit")
    assert recorder.names().count(("teardown", "fit")) == 1


def test_threads_that_outlive_a_failure_are_silent():
    """One network fails, the other has hundreds of epochs to go: none of them is told after teardown."""
    recorder = Recorder(("end", "epoch"))
    with pytest.raises(RuntimeError):
        classifier("threads", n_estimators=2, max_iter=400, early_stopping=False).set_callbacks(recorder).fit(X, Y)
    time.sleep(0.5)
    assert recorder.names()[-1] == ("teardown", "fit")


def test_a_failure_in_a_first_fit_leaves_it_unfitted():
    model = classifier().set_callbacks(Recorder(("end", "epoch")))
    with pytest.raises(RuntimeError):
        model.fit(X, Y)
    assert vars(model).keys() == vars(classifier().set_callbacks(Silent())).keys()


# ----------------------------------------------------------------------------- scikit-learn's own, and meta-estimators


@EVERY_KIND
def test_scoring_monitor(kind):
    """One score for each epoch, that of the snapshot on the training data."""
    monitor, recorder = ScoringMonitor(scoring="accuracy"), Recorder()
    model = classifier(kind).set_callbacks(monitor, recorder).fit(X, Y)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    expected = [accuracy_score(Y, each.predict(X)) for each in recorder.models()]
    assert sorted(scores) == sorted(expected) if kind == "threads" else scores == expected
    whole = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "fit"]
    assert whole == [accuracy_score(Y, model.predict(X))]


def test_scoring_monitor_takes_weights():
    weight = np.where(CODES == 0, 1.0, 0.0)
    monitor = ScoringMonitor(scoring="accuracy")
    model = classifier("recipe").set_callbacks(monitor).fit(X, Y, weight)
    row = monitor.get_logs().data[0]
    assert row["accuracy"] == accuracy_score(Y, model.predict(X), sample_weight=weight)


def test_scoring_monitor_in_a_pipeline():
    monitor = ScoringMonitor(scoring="neg_log_loss")
    pipeline = make_pipeline(StandardScaler(), classifier().set_callbacks(monitor)).fit(X, Y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 6
    assert rows[-1]["neg_log_loss"] == pytest.approx(-log_loss(Y, pipeline.predict_proba(X)))


@pytest.mark.slow
def test_scoring_monitor_in_a_grid_search():
    """In two processes: 2 candidates, 2 folds and the refit, 4 epochs each and the fit as a whole."""
    monitor = ScoringMonitor(scoring="accuracy")
    pipeline = make_pipeline(StandardScaler(), classifier(max_iter=4).set_callbacks(monitor))
    GridSearchCV(pipeline, {"annclassifier__alpha": [0.0, 1.0]}, cv=2, n_jobs=2).fit(X, Y)
    rows = [row for log in monitor.get_logs(select="all") for row in log.data]
    assert [row["task_name"] for row in rows].count("epoch") == 5 * 4


@pytest.mark.parametrize("kind", ["plain", "ensemble", "threads", "lbfgs", "recipe"])
def test_progress_bar(kind, monkeypatch):
    pytest.importorskip("rich")
    shown = drawn(monkeypatch, lambda: classifier(kind).set_callbacks(ProgressBar()).fit(X, Y))
    assert "ANNClassifier - fit" in shown
    assert ("ANNClassifier - network #2" in shown) is (kind in ("ensemble", "threads"))
    assert "100%" in shown


@pytest.mark.parametrize("depth, shows", [(0, False), (1, True), (None, True)])
def test_progress_bar_on_a_pipeline(depth, shows, monkeypatch):
    pytest.importorskip("rich")
    pipeline = make_pipeline(StandardScaler(), classifier()).set_callbacks(ProgressBar(depth))
    shown = drawn(monkeypatch, lambda: pipeline.fit(X, Y))
    assert "Pipeline - fit" in shown
    assert ("ANNClassifier - fit" in shown) is shows


def test_progress_bar_on_a_grid_search(monkeypatch):
    pytest.importorskip("rich")
    search = GridSearchCV(classifier(), {"alpha": [0.0, 1.0]}, cv=2, n_jobs=2).set_callbacks(ProgressBar(None))
    shown = drawn(monkeypatch, lambda: search.fit(X, Y))
    assert shown.count("ANNClassifier - fit") >= 5


def drawn(monkeypatch, act):
    """What rich writes meanwhile."""
    import rich

    out = io.StringIO()
    monkeypatch.setattr(rich, "_console", rich.console.Console(file=out, width=200, force_terminal=False))
    act()
    return out.getvalue()


def test_meta_estimators_without_callbacks_work():
    features, y = make_regression(60, 3, random_state=0)
    monitor = ScoringMonitor(scoring="r2")
    network = ANNRegressor((4,), encoder=None, max_iter=3).set_callbacks(monitor)
    TransformedTargetRegressor(network).fit(features, y)
    assert [row["task_name"] for row in monitor.get_logs().data].count("epoch") == 3


def test_clone_and_pickle_keep_callbacks():
    model = classifier("ensemble").set_callbacks(Silent())
    assert clone(model)._skl_callbacks[0] is model._skl_callbacks[0]
    model.fit(X, Y)
    assert not any(hasattr(member, "_skl_callbacks") for member in model.estimators_)
    model.set_callbacks()
    assert isinstance(pickle.loads(pickle.dumps(model)), BaseEstimator)
