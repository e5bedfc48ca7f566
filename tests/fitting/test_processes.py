"""Ensembles in worker processes: what one job gives, heard and ended from here.

Fits of tests are over before it pays to start a process, so it is made to pay, and a network of this process waits for
one of another.
"""

import multiprocessing
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from scipy import sparse

from skann import ANNClassifier, ANNRegressor
from skann._compat import has_callbacks
from skann.engine.activations import Tanh
from skann.engine.run import Run
from skann.fitting import parallel, shared, side_by_side
from skann.fitting.shared import SharedData
from skann.fitting.stopping import StopSignal
from tests.data import BOTH
from tests.estimators.ensembles import SIGNAL, SMALL, X, assert_same, target

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
N = SMALL["n_estimators"]
WITH_CALLBACKS = pytest.mark.skipif(not has_callbacks(), reason="scikit-learn has no callbacks before 1.9")


def slow(*args):
    return pytest.param(*args, marks=pytest.mark.slow)


def in_worker():
    return multiprocessing.parent_process() is not None


class Meeting(Tanh):
    """The first step in this process waits for the first one in a worker, which then may do ``what`` is to be done."""

    def __init__(self, folder, what=None):
        self.path, self.what = os.path.join(folder, "met"), what

    def backward(self, z, a, delta):
        if in_worker():
            open(self.path, "a").close()
            if self.what is not None:
                self.what()
        end = time.monotonic() + 60
        while not os.path.exists(self.path) and time.monotonic() < end:
            time.sleep(0.01)
        super().backward(z, a, delta)


@pytest.fixture
def long(monkeypatch):
    """Every fit is long enough for workers."""
    monkeypatch.setattr(side_by_side, "LONG", -np.inf)
    monkeypatch.setattr(side_by_side, "TICK", 0.01)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """For shared data. After the test it is empty, and there is no process and no thread."""
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(shared, "MEMORY", str(tmp_path / "memory"))
    before = multiprocessing.active_children()
    yield tmp_path / "memory"
    assert not [each for each in multiprocessing.active_children() if each not in before]
    assert not [each for each in threading.enumerate() if "_guarded" in each.name]
    assert not os.listdir(tmp_path / "memory")


def fitted(Estimator, folder, n_jobs=2, what=None, X=X, y=None, **params):
    model = Estimator(**SMALL | {"activation": Meeting(folder, what), "n_jobs": n_jobs, **params})
    fit = {"X_val": X[:40], "y_val": (target(Estimator) if y is None else y)[:40]} if params.get("scoring") else {}
    return model.fit(X, target(Estimator) if y is None else y, **fit)


# -------------------------------------------------------------------------------------------------------- what it gives

CASES = {"recipe": {}, "scorer": {"scoring": "neg_mean_absolute_error"}, "lbfgs": {"solver": "lbfgs", "alpha": 1.0}}


@pytest.mark.parametrize("case", ["recipe", slow("scorer"), slow("lbfgs")])
def test_the_same_as_with_one_job(case, tmp_path, long):
    """Networks, histories and out-of-fold predictions, and what a warm start makes of them, which has the states."""
    models = [fitted(ANNRegressor, tmp_path, n, warm_start=True, **CASES[case]) for n in (2, 1)]
    for _ in range(2):
        assert_same(*models)
        two, one = ([each.history for each in model.networks_.members] for model in models)
        assert all(len(each["seconds"]) == len(each.pop("seconds")) for each in one + two)
        np.testing.assert_equal(two, one)
        if hasattr(models[0], "oof_prediction_"):
            np.testing.assert_array_equal(*(model.oof_prediction_ for model in models))
        os.remove(tmp_path / "met")
        models[0].fit(X, SIGNAL, **({} if case != "scorer" else {"X_val": X[:40], "y_val": SIGNAL[:40]}))
        models[1].fit(X, SIGNAL, **({} if case != "scorer" else {"X_val": X[:40], "y_val": SIGNAL[:40]}))


@pytest.mark.parametrize("n_jobs", [2, slow(3)])
def test_classes_of_sparse_rows(n_jobs, tmp_path, long):
    rows, y = sparse.csr_matrix(np.where(X > 0, X, 0)), target(ANNClassifier)
    two, one = (fitted(ANNClassifier, tmp_path, n, X=rows, encoder=None, early_stopping=True) for n in (n_jobs, 1))
    assert_same(two, one)
    np.testing.assert_array_equal(two.predict_proba(rows), one.predict_proba(rows))
    assert two.score(rows, y) > 0.4  # of three classes


@pytest.mark.slow
def test_from_two_threads(tmp_path, long):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        models = list(pool.map(lambda folder: fitted(ANNRegressor, folder), folders))
    assert_same(models[0], fitted(ANNRegressor, folders[0], 1))
    assert_same(*models)


def jobs(n_jobs=2, n_trainings=5):
    return parallel._jobs(n_jobs, n_trainings, parallel.get_active_backend()[0])


def test_one_job_in_a_worker(monkeypatch):
    """And in the threads of a search."""
    assert jobs(2, 5) == jobs(-1, 2) == jobs(3, 2) == 2
    assert jobs(None, 5) == jobs(2, 1) == 1
    assert Parallel(n_jobs=2, prefer="threads")(delayed(jobs)() for _ in range(2)) == [1, 1]
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: "a process")
    assert jobs(2, 5) == 1


@pytest.mark.slow
def test_one_job_in_workers_of_joblib():
    assert Parallel(n_jobs=2)(delayed(jobs)() for _ in range(2)) == [1, 1]
    get_reusable_executor().shutdown()


# ------------------------------------------------------------------------------------------------------ when it is done


@BOTH
def test_no_process_for_little_work(Estimator, monkeypatch):
    monkeypatch.setattr(side_by_side, "Worker", None)
    monkeypatch.setattr(side_by_side, "SharedData", None)
    one, two = (Estimator(**SMALL, n_jobs=n).fit(X, target(Estimator)) for n in (1, 2))
    assert_same(one, two)


@pytest.mark.parametrize(
    ("n_done", "epoch", "left"), [(0, 0, 2 * (1 / (0.5 / 40) - 1)), (1, 4, 2 * (4 / 1.45 - 1)), (3, 10, 0)]
)
def test_seconds_left(n_done, epoch, left):
    """After 2 s, of 4 networks with 10 epochs each, some of which have been."""
    training = type("Training", (), {"settings": type("Settings", (), {"n_epochs": 10, "plans_by_the_first": False})})
    trainings = side_by_side.SideBySide([training] * 4, [None] * 4, None, 2)
    trainings.trained[:n_done] = [1] * n_done
    run = Run(None)
    run.epoch = epoch
    trainings.signal.runs = [run]
    trainings.start = time.monotonic() - 2
    assert trainings._seconds_left() == pytest.approx(left, rel=0.02, abs=0.01)
    trainings.deadline = time.perf_counter() - 1
    assert trainings._seconds_left() < 0


def test_what_can_not_be_pickled_is_trained_here(long):
    class Own(Tanh):
        lock = threading.Lock()

    activation = Own()
    activation.own_lock = threading.Lock()
    params = SMALL | {"activation": activation}
    one, two = (ANNRegressor(**params, n_jobs=n).fit(X, SIGNAL) for n in (1, 2))
    assert_same(one, two)


# ---------------------------------------------------------------------------------------------------------- shared data


def test_arrays_are_shared(folder):
    """Mapped, not copied: to write to them changes neither the others' nor the file."""
    large = {
        "C": np.arange(10**5, dtype=np.float32),
        "F": np.asfortranarray(np.random.default_rng(0).normal(size=(9, 7))),
    }
    objects = [large, sparse.random(50, 40, 0.1, format="csr", random_state=0), np.empty(0), "text", large["C"]]
    data = pickle.loads(pickle.dumps(SharedData(objects)))
    assert len(data.pickled) < 5000
    assert len(os.listdir(folder)) == 1
    try:
        one, other = data.load(), data.load()
    finally:
        data.remove()
    assert one[4] is one[0]["C"]
    one[0]["C"][:] = 0
    for name in "CF":
        np.testing.assert_array_equal(other[0][name], large[name])
        assert other[0][name].flags[f"{name}_CONTIGUOUS"]
        assert other[0][name].ctypes.data % 64 == 0
    assert (other[1] != objects[1]).nnz == 0


def test_a_file_that_can_not_be_written_leaves_none(monkeypatch):
    def full(file, mode):
        os.close(file)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OSError, match="No space"):
        SharedData([np.zeros(10)])


def test_a_folder_without_room(folder, monkeypatch):
    """Then the file is where temporary ones are."""
    free = shutil.disk_usage(folder).free
    assert shared._folder(free // 3) == str(folder)
    assert shared._folder(free) is None
    monkeypatch.setattr(shared, "MEMORY", str(folder / "none"))
    assert shared._folder(0) is None


# --------------------------------------------------------------------------------------------------- what is heard here


def test_verbose_speaks_here(tmp_path, long, capfd):
    """In whole lines, of each network the same as with one job, but for the seconds; the header first, the end last."""
    texts = {}
    for n_jobs in (2, 1):
        fitted(ANNRegressor, tmp_path, n_jobs, verbose=2)
        texts[n_jobs] = [line.split() for line in capfd.readouterr().out.splitlines()]
    for head, *rows, end in texts.values():
        assert head[0] == "network"
        assert end[:2] == ["5", "networks,"]
        assert {len(row) - ("*" in row) for row in rows} == {8}
    untimed = [sorted(row[:-2] for row in text[1:-1]) for text in texts.values()]
    assert untimed[0] == untimed[1]
    assert len(untimed[0]) > 5


class Listener:
    """Notes in which process, and whether another one speaks; may end the training of a network."""

    def __init__(self, last=None):
        self.events, self.at_once, self.last = [], 0, last

    def note(self, name, context):
        self.at_once += 1
        assert self.at_once == 1
        time.sleep(0.001)
        parent = context.parent
        self.events.append((name, context.task_name, context.task_id, None if parent is None else parent.task_id))
        self.at_once -= 1

    def setup(self, estimator, context):
        pass

    teardown = setup

    def on_fit_task_begin(self, estimator, context):
        self.note("begin", context)

    def on_fit_task_end(self, estimator, context):
        self.note("end", context)
        return context.task_name == "epoch" and context.task_id == self.last


class AsksForModels(Listener):
    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        return super().on_fit_task_end(estimator, context)


@WITH_CALLBACKS
@pytest.mark.parametrize("last", [2, slow(None)])
def test_callbacks_listen_here(last, tmp_path, long):
    """One at a time, to what they hear with one job, and they may end a training."""
    listeners, models = [Listener(last), Listener(last)], []
    for n_jobs, listener in zip((2, 1), listeners, strict=True):
        model = ANNRegressor(**SMALL, activation=Meeting(tmp_path), n_jobs=n_jobs)
        models.append(model.set_callbacks(listener).fit(X, SIGNAL))
    assert sorted(map(str, listeners[0].events)) == sorted(map(str, listeners[1].events))
    assert_same(*models)
    if last is not None:
        assert {member.n_iter_ for member in models[0].estimators_} == {last + 1}
    of_one = [event for event in listeners[0].events if event[3] == 1 or event[1:3] == ("network", 1)]
    assert of_one == [event for event in listeners[1].events if event[3] == 1 or event[1:3] == ("network", 1)]


@WITH_CALLBACKS
def test_callbacks_that_need_weights_have_threads(tmp_path, long, monkeypatch):
    monkeypatch.setattr(side_by_side, "Worker", None)
    model = ANNRegressor(**SMALL, n_jobs=2).set_callbacks(AsksForModels()).fit(X, SIGNAL)
    assert_same(model, ANNRegressor(**SMALL).fit(X, SIGNAL))


@WITH_CALLBACKS
def test_an_error_of_a_callback_ends_all(tmp_path, long):
    listener = Listener()
    listener.at_once = 1
    model = ANNRegressor(**SMALL, activation=Meeting(tmp_path), n_jobs=2).set_callbacks(listener)
    with pytest.raises(AssertionError):
        model.fit(X, SIGNAL)
    assert not hasattr(model, "networks_")


# ---------------------------------------------------------------------------------------------------------- how it ends


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


class OwnError(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def fail():
    raise ValueError("a bug")


def fail_unpicklably():
    raise OwnError("a", "bug")


@pytest.mark.parametrize(
    ("what", "error", "match"),
    [
        (kill, RuntimeError, "by signal 9"),
        (fail, ValueError, "a bug"),
        slow(fail_unpicklably, RuntimeError, "a bug"),
    ],
)
def test_a_worker_that_fails(what, error, match, tmp_path, long):
    """Its error is that of the fit, at once; the model stays as it was."""
    model = ANNRegressor(**SMALL | {"max_iter": 10**6, "tol": 0.0, "n_iter_no_change": 10**6}, n_jobs=2)
    model.set_params(activation=Meeting(tmp_path, what))
    with pytest.raises(error) as raised:
        model.fit(X, SIGNAL)
    assert match in str(raised.value)
    assert not hasattr(model, "networks_")


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.slow
def test_ctrl_c_in_the_code_of_a_worker(tmp_path, long):
    with pytest.warns(UserWarning, match="interrupted"):
        model = fitted(ANNRegressor, tmp_path, what=interrupt)
    assert 1 <= len(model.estimators_) < N


def test_a_signal_comes_too_late():
    assert StopSignal().call(lambda signal: 3) == 3
    late = StopSignal()
    late.now()
    assert late.call(lambda signal: 3) is None


SCRIPT = """
import os, sys, time, warnings
import numpy as np
from multiprocessing import parent_process
from skann import ANNRegressor
from skann.engine.losses import SquaredError
from skann.fitting import shared, side_by_side

warnings.simplefilter("ignore")
side_by_side.LONG, side_by_side.TICK = -1.0, 0.01
folder, n_epochs, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
shared.MEMORY = os.path.join(os.path.dirname(folder), "memory")

calls = []

class OfMain(SquaredError):
    def value_and_delta(self, raw, y, weight, delta):
        if parent_process() is not None:
            calls.append(None)
            if len(calls) > 40 or pause > 1:  # after some epochs, or in the first step
                open(os.path.join(folder, str(os.getpid())), "a").close()
            time.sleep(pause)
        else:
            end = time.monotonic() + 50
            while not os.listdir(folder) and time.monotonic() < end:
                time.sleep(0.01)
        return super().value_and_delta(raw, y, weight, delta)

X = np.random.default_rng(0).normal(size=(160, 3))
params = dict(hidden_layer_sizes=(8,), learning_rate="constant", n_iter_no_change=np.inf, tol=0.0, random_state=0)
model = ANNRegressor(n_estimators=4, n_jobs=2, loss=OfMain(), max_iter=n_epochs, **params).fit(X, X[:, 0])
print(len(model.estimators_), bool(np.isfinite(model.predict(X)).all()), min(m.n_iter_ for m in model.estimators_) > 0)
"""


@pytest.fixture
def script(tmp_path):
    """Runs `SCRIPT`, which has no main guard, with these arguments, until a worker is at work; returns its pid, too."""
    started = []

    def run(n_epochs, pause):
        (tmp_path / "script.py").write_text(SCRIPT)
        (tmp_path / "pids").mkdir()
        command = [sys.executable, "script.py", str(tmp_path / "pids"), str(n_epochs), str(pause)]
        env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, cwd=tmp_path, env=env, start_new_session=True, **pipes)
        started.append(process)
        end = time.monotonic() + 60
        while not os.listdir(tmp_path / "pids"):
            assert not process.poll(), process.communicate()
            assert time.monotonic() < end
            time.sleep(0.01)
        time.sleep(0.3)
        return process, int(os.listdir(tmp_path / "pids")[0])

    yield run
    for process in started:
        process.kill()
        process.communicate()


def is_gone(pid, seconds=5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


posix = pytest.mark.skipif(os.name != "posix", reason="has no signals to a group of processes")


@posix
@pytest.mark.parametrize("of_group", [True, slow(False)])
def test_ctrl_c_keeps_what_has_begun(of_group, script):
    """Whether the terminal sends it to all processes of the group or a notebook to this one only."""
    process, pid = script(10**6, 0.001)
    (os.killpg if of_group else os.kill)(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (out, err, process.returncode) == ("2 True True\n", "", 0)
    assert is_gone(pid)


@posix
def test_a_second_ctrl_c_ends_at_once(script):
    """Though the worker is in a step that takes a minute."""
    process, pid = script(10**6, 60)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    start = time.monotonic()
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - start < 5
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert is_gone(pid)


@pytest.mark.slow
@posix
def test_nothing_outlives_a_killed_parent(script, folder):
    process, pid = script(10**6, 0.001)
    process.kill()
    process.wait()
    assert is_gone(pid)
    end = time.monotonic() + 5
    while os.listdir(folder) and time.monotonic() < end:
        time.sleep(0.02)


@pytest.mark.slow
def test_losses_of_main(script):
    """A script without a main guard, whose own loss only ``__main__`` knows."""
    process, _ = script(30, 0)
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("4 True True\n", "")
