"""Checkpoints: a killed fit goes on and ends where it would have ended, to the bit, and no file is ever lost."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_regression
from sklearn.preprocessing import FunctionTransformer

import skann
from skann import ANNClassifier, ANNRegressor
from skann.callbacks import Checkpoint, EarlyStopping
from skann.callbacks import checkpoint as _checkpoint
from tests.data import IRIS as X
from tests.data import SPECIES as CODES
from tests.data import SPECIES_NAMES as Y
from tests.helpers import bits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
PLAIN = {"encoder": None, "hidden_layer_sizes": (5,), "max_iter": 12, "batch_size": 32}
CASES = {
    "adam": PLAIN,
    "nadam": PLAIN | {"solver": "nadam", "dropout": 0.3, "weight_averaging": 0.9},
    "rmsprop": PLAIN | {"solver": "rmsprop", "learning_rate": "one_cycle", "weight_decay": 0.1},
    "sgd": PLAIN | {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 2},
    "invscaling": PLAIN | {"solver": "sgd", "learning_rate": "invscaling", "max_grad_norm": 0.5},
    "float32": PLAIN | {"dtype": "float32"},
    "early": PLAIN | {"early_stopping": True, "n_iter_no_change": 9, "learning_rate_init": 0.5, "max_iter": 40},
    "recipe": {"n_estimators": 1, "max_iter": 12, "n_iter_no_change": 9},
    "score": {"n_estimators": 1, "max_iter": 12, "scoring": "balanced_accuracy", "n_iter_no_change": 7},
    "ensemble": {"n_estimators": 3, "max_iter": 9, "n_iter_no_change": 6},
    "threads": {"n_estimators": 3, "max_iter": 9, "n_iter_no_change": 6, "n_jobs": 2},
}


def classifier(case="adam", **params):
    return ANNClassifier(**{"random_state": 0} | CASES[case] | params)


class Killed(Exception):
    """What stands for the end of the process."""


class KillAfter:
    """Ends the fit after so many epochs, whichever networks they are of."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def setup(self, estimator, context):
        pass

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context):
        self.n_epochs -= context.task_name == "epoch"
        if self.n_epochs < 0:
            raise Killed


def killed(model, path, n_epochs, every=1, data=(X, Y), more=()):
    """Fit a model that does not live to the end."""
    with pytest.raises(Killed):
        model.set_callbacks(Checkpoint(path, every=every), *more, KillAfter(n_epochs)).fit(*data)


def n_epochs(model):
    return sum(each.n_iter_ for each in getattr(model, "estimators_", [model]))


def learnt(model):
    """Everything that the training has led to, but the times."""
    models = getattr(model, "estimators_", [model])
    histories = [{name: values for name, values in each.history_.items() if name != "seconds"} for each in models]
    extra = [getattr(model, "temperature_", 1.0), *(each.t_ for each in models), *(each.n_iter_ for each in models)]
    return bits(*(each.network_.theta for each in models), *extra), repr(histories)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.npz"


# ---------------------------------------------------------------------------------------------------- equality


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("n_epochs", [1, 5, 7])
@pytest.mark.parametrize("case", CASES)
def test_a_killed_fit_ends_where_it_would_have(case, n_epochs, every, path):
    whole = classifier(case).fit(X, Y)
    killed(classifier(case), path, n_epochs, every)
    resumed = classifier(case).set_callbacks(Checkpoint(path, every=every)).fit(X, Y)
    assert learnt(resumed) == learnt(whole)
    assert bits(resumed.predict_proba(X)) == bits(whole.predict_proba(X))


@pytest.mark.parametrize("case", ["adam", "early", "ensemble"])
def test_killed_again_and_again(case, path):
    whole = classifier(case).fit(X, Y)
    for n_epochs in (3, 2, 4):
        killed(classifier(case), path, n_epochs)
    assert learnt(classifier(case).set_callbacks(Checkpoint(path)).fit(X, Y)) == learnt(whole)


def test_it_really_goes_on(path):
    """Four epochs are left of twelve, and they have the numbers 8 to 11."""
    killed(classifier(), path, 8)
    assert Checkpoint(path).epochs() == [8]
    seen = []

    class See(KillAfter):
        def on_fit_task_end(self, estimator, context):
            seen.append((context.task_name, context.task_id))

    classifier().set_callbacks(Checkpoint(path), See(0)).fit(X, Y)
    assert seen == [("epoch", 8), ("epoch", 9), ("epoch", 10), ("epoch", 11), ("fit", 0)]


def test_finished_networks_are_not_trained_again(path):
    killed(classifier("ensemble"), path, 20)
    assert Checkpoint(path).epochs()[:2] == [each.n_iter_ for each in classifier("ensemble").fit(X, Y).estimators_][:2]
    resumed = classifier("ensemble").set_callbacks(Checkpoint(path), KillAfter(9)).fit(X, Y)
    assert len(resumed.estimators_) == 3


@pytest.mark.parametrize("case", ["adam", "early", "ensemble"])
def test_a_finished_fit_has_its_model_at_once(case, path):
    whole = classifier(case).set_callbacks(Checkpoint(path)).fit(X, Y)
    again = classifier(case).set_callbacks(Checkpoint(path), KillAfter(0)).fit(X, Y)
    assert learnt(again) == learnt(whole)


def test_without_a_seed(path):
    """Whatever the seed was: rows held out, start, order and masks are those of the first try."""
    drawn = []
    model = classifier("recipe", random_state=None)
    killed(model, path, 6)
    for _ in range(2):
        drawn.append(classifier("recipe", random_state=None).set_callbacks(Checkpoint(path)).fit(X, Y))
    assert learnt(drawn[0]) == learnt(drawn[1])
    assert learnt(drawn[0]) != learnt(classifier("recipe", random_state=None).fit(X, Y))
    generator = classifier("recipe", random_state=np.random.RandomState(0))
    killed(generator, path.with_name("other.npz"), 6)
    generator.set_callbacks(Checkpoint(path.with_name("other.npz"))).fit(X, Y)  # though it has drawn since


@pytest.mark.parametrize("kind", ["regression", "sparse", "weights", "X_val", "warm"])
def test_other_fits(kind, path):
    X_sparse, weight = sparse.csr_matrix(X), np.arange(150.0)
    data = {"regression": make_regression(150, 4, random_state=0), "sparse": (X_sparse, Y), "weights": (X, Y, weight)}
    data = data.get(kind, (X, Y))
    kwargs = {"X_val": X[:40], "y_val": Y[:40]} if kind == "X_val" else {}

    def model():
        if kind == "regression":
            return ANNRegressor(n_estimators=2, max_iter=6, n_iter_no_change=9, random_state=0)
        return classifier(warm_start=True).fit(X, Y) if kind == "warm" else classifier("recipe")

    with pytest.raises(Killed):
        model().set_callbacks(Checkpoint(path, every=2), KillAfter(5)).fit(*data, **kwargs)
    resumed = model().set_callbacks(Checkpoint(path, every=2)).fit(*data, **kwargs)
    assert learnt(resumed) == learnt(model().fit(*data, **kwargs))


def test_a_failed_warm_start_goes_on_in_the_same_process(path):
    """The estimator is as it was before, with the moments and random numbers that it had."""
    whole = classifier(warm_start=True).fit(X, Y).fit(X, Y)
    model = classifier(warm_start=True).fit(X, Y)
    killed(model, path, 5)
    assert learnt(model.set_callbacks(Checkpoint(path)).fit(X, Y)) == learnt(whole)
    assert learnt(model.set_callbacks().fit(X, Y)) == learnt(whole.fit(X, Y))


@pytest.mark.parametrize("case", ["adam", "ensemble"])
@pytest.mark.parametrize("n_epochs", [4, 7])
def test_early_stopping_goes_on(case, n_epochs, path):
    """The callback of this package remembers its best weights and how long it has waited."""

    def stop():
        return EarlyStopping(X[::3], Y[::3], "neg_log_loss", patience=3)

    def fitted(*callbacks):
        return classifier(case, learning_rate_init=0.3).set_callbacks(*callbacks).fit(X, Y)

    whole = fitted(stop())
    killed(classifier(case, learning_rate_init=0.3), path, n_epochs, more=(stop(),))
    assert learnt(fitted(Checkpoint(path), stop())) == learnt(whole)


def test_the_clock_goes_on(path):
    killed(classifier(), path, 5)
    seconds = classifier().set_callbacks(Checkpoint(path)).fit(X, Y).history_["seconds"]
    assert len(seconds) == 12
    assert seconds == sorted(seconds)


# ----------------------------------------------------------------------------------------------- real processes

CHILD = """
    import os, signal, sys
    import numpy as np
    from sklearn.datasets import load_iris
    from skann import ANNClassifier
    from skann.callbacks import Checkpoint

    class Kill:
        n_left = int(sys.argv[2])
        def setup(self, estimator, context): pass
        teardown = on_fit_task_begin = setup
        def on_fit_task_end(self, estimator, context):
            Kill.n_left -= 1
            if Kill.n_left == 0:
                os._exit(17) if sys.argv[3] == "exit" else os.kill(os.getpid(), signal.SIGKILL)

    X, codes = load_iris(return_X_y=True)
    y = np.array(["setosa", "versicolor", "virginica"])[codes]
    params = {params}
    ANNClassifier(random_state=0, **params).set_callbacks(Checkpoint(sys.argv[1], every=2), Kill()).fit(X, y)
"""


@pytest.mark.parametrize(
    "case, how, times",
    [
        ("recipe", "kill", 1),
        *(
            pytest.param(case, how, 2, marks=pytest.mark.slow)
            for case in ("recipe", "ensemble")
            for how in ("exit", "kill")
        ),
    ],
)
def test_a_process_that_dies(case, how, times, path):
    if how == "kill" and not hasattr(signal, "SIGKILL"):
        pytest.skip("this system has no SIGKILL")
    code = textwrap.dedent(CHILD).replace("{params}", repr(CASES[case]))
    where = str(Path(skann.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([where, os.environ.get("PYTHONPATH", "")])}
    for _ in range(times):
        arguments = [sys.executable, "-W", "ignore", "-c", code, str(path), "5", how]
        died = subprocess.run(arguments, env=environment, capture_output=True, text=True)
        assert died.returncode == (17 if how == "exit" else -signal.SIGKILL), died.stderr
    whole, resumed = classifier(case).fit(X, Y), classifier(case).set_callbacks(Checkpoint(path, every=2))
    written = (4,) if times == 1 else (6, 8)  # of five epochs one, or of each five up to two, were not written
    assert sum(Checkpoint(path).epochs()) in written
    assert learnt(resumed.fit(X, Y)) == learnt(whole)


# ------------------------------------------------------------------------------------------------------ the file


def broken(kind):
    """Functions that fail in place of others: (owner, name, function)."""

    def no_space(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    def half(file, **arrays):
        file.write(b"PK\x03\x04 half of it")
        no_space()

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    return {
        "replace": (os, "replace", no_space), "full": (np, "savez", half), "fsync": (os, "fsync", no_space),
        "interrupt": (np, "savez", interrupted),
    }[kind]  # fmt: skip


@pytest.mark.parametrize("kind", ["replace", "full", "fsync"])
def test_a_failed_write_leaves_the_file_before(kind, path, monkeypatch):
    """To the byte, with no other file beside it; the error ends the fit, and it goes on when there is space."""
    killed(classifier(), path, 4)
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(*broken(kind))
        with pytest.raises(OSError, match="No space left"):
            classifier().set_callbacks(Checkpoint(path, every=1)).fit(X, Y)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    assert learnt(classifier().set_callbacks(Checkpoint(path)).fit(X, Y)) == learnt(classifier().fit(X, Y))


def test_a_file_that_may_not_grow(path):
    """A write that the system itself cuts off: after the first checkpoint it has room for half of one."""
    resource = pytest.importorskip("resource")
    killed(classifier(), path, 4)
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            classifier().set_callbacks(Checkpoint(path, every=1)).fit(X, Y)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    assert learnt(classifier().set_callbacks(Checkpoint(path)).fit(X, Y)) == learnt(classifier().fit(X, Y))


def test_an_interrupted_write_leaves_the_file_before(path, monkeypatch):
    """Ctrl-C keeps the model so far, and the file goes on."""
    killed(classifier(), path, 4)
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(*broken("interrupt"))
        with pytest.warns(UserWarning, match="interrupted"):
            classifier().set_callbacks(Checkpoint(path, every=1)).fit(X, Y)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_the_file_is_never_half_written(path, monkeypatch):
    """Whenever it is replaced, both what was there and what comes can be read."""
    seen, replace = [], os.replace

    def watch(new, old):
        seen.append(
            [_checkpoint.read(each)["networks"]["0"]["run"]["epoch"] for each in (new, old) if os.path.exists(each)]
        )
        replace(new, old)

    monkeypatch.setattr(os, "replace", watch)
    classifier(max_iter=4).set_callbacks(Checkpoint(path, every=1)).fit(X, Y)
    assert seen == [[1], [2, 1], [3, 2], [4, 3]]


def test_every(path, monkeypatch):
    written = []
    monkeypatch.setattr(
        _checkpoint, "write", lambda path, content: written.append(content["networks"][0]["run"]["epoch"])
    )
    classifier().set_callbacks(Checkpoint(path, every=5)).fit(X, Y)
    assert written == [5, 10, 12]


def test_the_file_holds_no_pickle(path):
    classifier("ensemble").set_callbacks(Checkpoint(path)).fit(X, Y)
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file)


def test_values_survive(path):
    """Arrays with their dtypes, huge integers, numbers without a finite value."""
    content = {"format": _checkpoint.FORMAT, "a": [np.float32(0.1), {"b": np.arange(3, dtype=np.float32)}]}
    content |= {"big": 2**127 + 1, "inf": -np.inf, "nan": np.nan, "none": None, "third": 1 / 3}
    _checkpoint.write(path, content)
    back = _checkpoint.read(path)
    assert (back["big"], back["inf"], back["none"], back["third"]) == (2**127 + 1, -np.inf, None, 1 / 3)
    assert np.isnan(back["nan"])
    assert np.float32(back["a"][0]) == np.float32(0.1)
    assert back["a"][1]["b"].dtype == np.float32
    with pytest.raises(TypeError, match="can't hold a set"):
        _checkpoint.write(path, {"x": {1}})


# ------------------------------------------------------------------------------------------------- what belongs


@pytest.mark.parametrize(
    "change", [{"alpha": 0.5}, {"max_iter": 13}, {"random_state": 1}, {"hidden_layer_sizes": (6,)}]
)
def test_other_parameters(change, path):
    killed(classifier(), path, 4)
    before = path.read_bytes()
    (name,) = change
    with pytest.raises(ValueError, match=rf"belongs to another fit\. What differs: {name} \(it was"):
        classifier(**change).set_callbacks(Checkpoint(path)).fit(X, Y)
    assert path.read_bytes() == before


def test_parameters_without_effect(path):
    """The fit goes on, with the epochs that are left, and ends where it would have ended."""
    whole = classifier("ensemble").fit(X, Y)
    killed(classifier("ensemble"), path, 4)
    no_more = KillAfter(n_epochs(whole) - sum(Checkpoint(path).epochs()))
    resumed = classifier("ensemble", n_jobs=2, verbose=False).set_callbacks(Checkpoint(path), no_more).fit(X, Y)
    assert learnt(resumed) == learnt(whole)


@pytest.mark.parametrize("what", ["X", "y", "weight", "order"])
def test_other_data(what, path):
    killed(classifier(), path, 4)
    features, labels, weight = X.copy(), Y.copy(), None
    if what == "X":
        features[3, 2] = np.nextafter(features[3, 2], 9)
    elif what == "y":
        labels[0] = labels[-1]
    elif what == "weight":
        weight = np.r_[2.0, np.ones(149)]
    else:
        features = features[::-1]
    with pytest.raises(ValueError, match=r"What differs: data\."):
        classifier().set_callbacks(Checkpoint(path)).fit(features, labels, weight)


def test_other_estimators_versions_and_callbacks(path, monkeypatch):
    killed(classifier(), path, 4)
    with pytest.raises(ValueError, match="What differs: callbacks"):
        classifier().set_callbacks(Checkpoint(path), EarlyStopping(X, Y)).fit(X, Y)
    with pytest.raises(ValueError, match="What differs: estimator"):
        ANNRegressor(**PLAIN).set_callbacks(Checkpoint(path)).fit(X, CODES)
    monkeypatch.setattr(_checkpoint, "__version__", "99")
    with pytest.raises(ValueError, match="What differs: skann version"):
        classifier().set_callbacks(Checkpoint(path)).fit(X, Y)


def test_resume_false_starts_over(path):
    killed(classifier(alpha=0.5), path, 4)
    model = classifier().set_callbacks(Checkpoint(path, resume=False)).fit(X, Y)
    assert learnt(model) == learnt(classifier().fit(X, Y))
    assert Checkpoint(path).epochs() == [12]


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 half of it"])
def test_other_files(content, path):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a checkpoint"):
        classifier().set_callbacks(Checkpoint(path)).fit(X, Y)
    np.savez(path, X)
    with pytest.raises(ValueError, match="is not a checkpoint"):
        classifier().set_callbacks(Checkpoint(path)).fit(X, Y)


def test_what_cannot_be_checkpointed(path):
    with pytest.raises(ValueError, match="lbfgs"):
        classifier(solver="lbfgs").set_callbacks(Checkpoint(path)).fit(X, Y)
    with pytest.raises(ValueError, match="one Checkpoint, got 2"):
        classifier().set_callbacks(Checkpoint(path), Checkpoint(path)).fit(X, Y)
    with pytest.raises(ValueError, match="every"):
        Checkpoint(path, every=0)
    with pytest.raises(FileNotFoundError):
        classifier().set_callbacks(Checkpoint(path / "no" / "folder")).fit(X, Y)
    assert not path.exists()


def test_parameters_that_do_not_pickle(path):
    """A lambda is known by its type only: the fit goes on, also with another that does the same."""

    def model():
        return classifier(encoder=FunctionTransformer(lambda X: X / 3), n_estimators=1)

    whole = model().fit(X, Y)
    killed(model(), path, 4)
    no_more = KillAfter(n_epochs(whole) - sum(Checkpoint(path).epochs()))
    assert learnt(model().set_callbacks(Checkpoint(path), no_more).fit(X, Y)) == learnt(whole)


class Tuned(ANNClassifier):
    """Takes none of the parameters that lead to its weights, and one more."""

    def __init__(self, note="", random_state=0):
        super().__init__(**CASES["adam"], random_state=random_state)
        self.note = note


def test_what_a_subclass_does_not_take_is_compared_too(path):
    """The fit is that of its attributes, and so is the checkpoint; its own parameters are among them."""
    killed(Tuned(), path, 5)
    for name, value in {"learning_rate_init": 0.5, "note": "other"}.items():
        model = Tuned().set_callbacks(Checkpoint(path))
        setattr(model, name, value)
        with pytest.raises(ValueError, match=rf"belongs to another fit. What differs: {name} \(it was"):
            model.fit(X, Y)
    resumed = Tuned().set_callbacks(Checkpoint(path)).fit(X, Y)
    assert learnt(resumed) == learnt(Tuned().fit(X, Y))
