"""Faults in the middle of the work: a fitted estimator stays as it was, one that was not fitted is not."""

import contextlib
import linecache
import os
import pickle
import signal
import sys
import threading
import time

import numpy as np
import pytest
import threadpoolctl
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

import skann
from skann import ANNClassifier, ANNRegressor
from skann._compat import has_callbacks
from skann.engine.activations import Tanh
from skann.engine.losses import SquaredError
from tests.helpers import networks_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
LABELS, VALUES = (X[:, 0] > 0).astype(int), X[:, 0] + 0.1 * RNG.normal(size=80)


class Fuse:
    """Counts calls in all threads; in the one that it is set to it raises ``error``, or calls it. 0 means never."""

    def __init__(self):
        self.lock, self.left, self.error = threading.Lock(), 0, None

    def set(self, calls, error):
        self.left, self.error = calls, error

    def burn(self):
        with self.lock:
            self.left -= 1
            if self.left == 0:
                if callable(self.error):
                    self.error()
                else:
                    raise self.error


FUSE = Fuse()


class FusedTanh(Tanh):
    def backward(self, z, a, delta):
        FUSE.burn()
        super().backward(z, a, delta)


class FusedLoss(SquaredError):
    def value_and_delta(self, raw, y, weight, delta):
        FUSE.burn()
        return super().value_and_delta(raw, y, weight, delta)


class FusedEncoder(StandardScaler):
    def transform(self, X):
        FUSE.burn()
        return super().transform(X)


def fused_scorer(model, X, y):
    FUSE.burn()
    return model.score(X, y)


PARAMS = {"hidden_layer_sizes": (6,), "max_iter": 4, "batch_size": 16, "random_state": 0}
CASES = {
    "plain": (ANNClassifier, {"encoder": None, "activation": FusedTanh()}),
    "lbfgs": (ANNClassifier, {"encoder": None, "activation": FusedTanh(), "solver": "lbfgs"}),
    "one network": (ANNClassifier, {"activation": FusedTanh(), "n_estimators": 1}),
    "ensemble": (ANNClassifier, {"activation": FusedTanh(), "n_estimators": 3}),
    "threads": (ANNClassifier, {"activation": FusedTanh(), "n_estimators": 3, "n_jobs": 2}),
    "loss": (ANNRegressor, {"loss": FusedLoss(), "n_estimators": 2}),
    "encoder": (ANNRegressor, {"encoder": FusedEncoder(), "n_estimators": 2}),
    "scorer": (ANNRegressor, {"scoring": fused_scorer, "n_estimators": 2}),
}
ERRORS = [MemoryError("no room"), OSError(28, "No space left on device"), ZeroDivisionError("a bug")]


def make(case, **more):
    Estimator, params = CASES[case]
    model = Estimator(**PARAMS | params | more)
    return model, LABELS if Estimator is ANNClassifier else VALUES


def calls_in(method, *args):
    """How often the fuse burns in one call."""
    FUSE.set(-1, None)
    method(*args)
    return -1 - FUSE.left


def moments(n_calls):
    """The first call, the last one, and one between."""
    return sorted({1, (n_calls + 1) // 2, n_calls})


def expected(case, error):
    """What reaches the user: that of a scorer is wrapped, with a message that names it."""
    return ValueError if case == "scorer" else type(error)


def state(model):
    """All that decides what the model predicts and how it goes on."""
    networks = [(network.theta.tobytes(), [str(layer) for layer in network.layers]) for network in networks_of(model)]
    states = [member.state for member in model.networks_.members]
    progress = [pickle.dumps((each.rng.bit_generator.state, each.stepper)) for each in states]
    return networks, progress, sorted(vars(model)), model.predict(X).tobytes()


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("case", CASES)
def test_a_first_fit_that_fails_leaves_nothing(case, error):
    model, y = make(case)
    n_calls = calls_in(model.fit, X, y)
    for moment in moments(n_calls):
        model, _ = make(case)
        before = vars(model).copy()
        FUSE.set(moment, error)
        with pytest.raises(expected(case, error)):
            model.fit(X, y)
        FUSE.set(0, None)
        assert vars(model) == before
        with pytest.raises(NotFittedError):
            model.predict(X)
        model.fit(X, y)  # and nothing is in the way of another one


@pytest.mark.parametrize("method", ["fit", "warm start", "partial_fit"])
@pytest.mark.parametrize("case", CASES)
def test_a_fitted_model_stays_as_it_was(case, method):
    if case == "lbfgs" and method == "partial_fit":
        pytest.skip("L-BFGS has none")
    FUSE.set(0, None)
    model, y = make(case, warm_start=method == "warm start")
    model.fit(X, y)
    twin, _ = make(case, warm_start=method == "warm start")
    twin.fit(X, y)
    call = "partial_fit" if method == "partial_fit" else "fit"
    n_calls = calls_in(getattr(twin, call), X, y)
    if n_calls == 0:
        pytest.skip("partial_fit calls no scorer")
    before = state(model)
    for moment, error in zip(moments(n_calls), ERRORS, strict=False):
        FUSE.set(moment, error)
        with pytest.raises(expected(case, error)):
            getattr(model, call)(X, y)
        FUSE.set(0, None)
        assert state(model) == before
    getattr(model, call)(X, y)  # as if nothing had been
    assert state(model) == state(twin)


@pytest.mark.parametrize("case", ["plain", "one network", "ensemble"])
def test_ctrl_c_keeps_the_epochs_done(case):
    """In whichever step: the model is a whole one, and says that it was interrupted."""
    FUSE.set(0, None)
    model, y = make(case)
    n_calls = calls_in(model.fit, X, y)
    for moment in moments(n_calls)[1:]:
        model, _ = make(case)
        FUSE.set(moment, KeyboardInterrupt())
        with pytest.warns(UserWarning, match="Training interrupted in epoch"):
            model.fit(X, y)
        FUSE.set(0, None)
        assert np.isfinite(model.predict_proba(X)).all()
        pickle.loads(pickle.dumps(model)).predict(X)


def test_predict_that_fails_damages_nothing():
    class Broken(Tanh):
        def forward(self, z, a):
            FUSE.burn()
            super().forward(z, a)

    FUSE.set(0, None)
    model = ANNClassifier(**PARAMS, activation=Broken(), n_estimators=2).fit(X, LABELS)
    before = state(model)
    FUSE.set(2, MemoryError())
    with pytest.raises(MemoryError):
        model.predict(X)
    FUSE.set(0, None)
    assert state(model) == before


def ctrl_c():
    """As the main thread gets it, which waits for others."""
    if not hasattr(signal, "pthread_kill"):
        pytest.skip("this system can't signal a thread")
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def libraries():
    return [(each["filepath"], each["num_threads"]) for each in threadpoolctl.threadpool_info()]


@pytest.mark.filterwarnings("ignore:Training interrupted")
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_no_thread_goes_on_after_a_failure(error, method):
    """None of the other networks, which have 16000 steps to the end of their epoch; BLAS has its threads back.

    Ctrl-C leaves the networks that have begun.
    """
    many, labels = np.repeat(X, 200, axis=0), np.repeat(LABELS, 200)
    params = PARAMS | {"activation": FusedTanh(), "early_stopping": False, "n_estimators": 3, "n_jobs": 2}
    params |= {"max_iter": 10**6, "n_iter_no_change": np.inf, "tol": 0.0, "learning_rate": "constant"}
    model = ANNClassifier(**params | {"batch_size": 1})
    before, threads = vars(model).copy(), libraries()
    FUSE.set(40, MemoryError() if error is MemoryError else ctrl_c)
    with pytest.raises(error) if error is MemoryError else contextlib.nullcontext():
        model.fit(many, labels) if method == "fit" else model.partial_fit(many, labels, classes=[0, 1])
    n_steps = FUSE.left
    assert n_steps > -10_000
    time.sleep(0.05)
    assert FUSE.left == n_steps
    assert libraries() == threads
    if error is MemoryError:
        assert vars(model) == before
    else:
        assert 1 <= len(model.estimators_) <= 2
        assert np.isfinite(model.predict_proba(X)).all()


# ------------------------------------------------------------------------------------------------------ anywhere


def is_with(frame):
    """Whether it is at a with statement, whose line comes again on the way out, before what is held is released: there
    Python lets no signal in.
    """
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno).lstrip().startswith("with ")


class Tripwire:
    """Raises ``error`` before the line of skann that is the ``at``-th to run, in whichever thread; counts them all.

    But for the few lines that take note of what is to be put back after an error, or put it back.
    """

    def __init__(self, at=-1, error=None):
        self.at, self.error, self.n, self.where = at, error, 0, None
        self.folder = os.path.dirname(skann.__file__)

    def enter_function(self, frame, event, arg):
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        spared = os.path.basename(file) == "_threads.py" or name in ("_unchanged_on_failure", "call")
        return self.line if file.startswith(self.folder) and not spared else None

    def line(self, frame, event, arg):
        if event == "line" and not is_with(frame):
            self.n += 1
            if self.n >= self.at > 0 and self.where is None:
                self.where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                raise self.error
        return self.line

    def __enter__(self):
        self.before = sys.gettrace(), threading.gettrace()
        sys.settrace(self.enter_function)
        threading.settrace(self.enter_function)
        return self

    def __exit__(self, *args):
        sys.settrace(self.before[0])
        threading.settrace(self.before[1])


ANYWHERE = {
    "one network": {"n_estimators": 1, "early_stopping": True},
    "ensemble": {"n_estimators": 2},
    "threads": {"n_estimators": 3, "n_jobs": 2},
    "average": {"n_estimators": 1, "early_stopping": False, "weight_averaging": 0.9},
    "lbfgs": {"n_estimators": 1, "solver": "lbfgs"},
    "callbacks": {"n_estimators": 2},
}


@pytest.mark.filterwarnings("ignore:Training interrupted")
@pytest.mark.parametrize("n_times", [8, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("method", ["first fit", "fit", "warm start", "partial_fit"])
@pytest.mark.parametrize("case", ANYWHERE)
def test_an_error_in_any_line(case, method, n_times, tmp_path):
    """A sample of all lines that run. Ctrl-C may also leave the model so far, whole."""
    if (case, method) == ("lbfgs", "partial_fit"):
        pytest.skip("L-BFGS has none")
    if case == "callbacks" and not has_callbacks():
        pytest.skip("callbacks came with scikit-learn 1.9")

    def new(name="model"):
        model = ANNClassifier(**PARAMS | {"max_iter": 2} | ANYWHERE[case], warm_start=method == "warm start")
        if case == "callbacks":
            from skann.callbacks import Checkpoint, EarlyStopping

            model.set_callbacks(Checkpoint(tmp_path / name, every=1, resume=False), EarlyStopping(X, LABELS))
        return model if method == "first fit" else model.fit(X, LABELS)

    def run(model):
        (model.partial_fit if method == "partial_fit" else model.fit)(X, LABELS)

    twin = new("twin")
    with Tripwire() as all_lines:
        run(twin)
    rng = np.random.default_rng(0)
    threads, model = libraries(), new()
    seen = (lambda: vars(model).copy()) if method == "first fit" else (lambda: state(model))
    for i in range(n_times):
        before, error = seen(), [*ERRORS, KeyboardInterrupt()][i % 4]
        tripwire, raised = Tripwire(int(rng.integers(1, all_lines.n + 1)), error), None
        try:
            with tripwire:
                run(model)
        except BaseException as caught:
            raised = caught
        if raised is not None:
            assert error in (raised, raised.__cause__, raised.__context__), tripwire.where
            assert seen() == before, tripwire.where
        else:  # threads do not always run as many lines
            assert tripwire.where is None or isinstance(error, KeyboardInterrupt), tripwire.where
            assert np.isfinite(pickle.loads(pickle.dumps(model)).predict_proba(X)).all()
            model = new()
        assert libraries() == threads, tripwire.where
        assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")], tripwire.where
