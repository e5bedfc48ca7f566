"""The limit on BLAS threads: one while small fits run, up again after the last one, never touched by predict.

The BLAS of SciPy's wheel has one while any fit runs.

The tests raise the limit themselves, because `make test` sets it to 1 for the sake of its parallel workers.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.base import clone
from threadpoolctl import ThreadpoolController, threadpool_limits

from skann import _threads
from skann._threads import WORTH_THREADS, blas_threads
from skann.engine.activations import Tanh
from skann.estimators import base as _base
from tests.plain import BOTH, ANNClassifier, ANNRegressor

SMALL, LARGE = 1000, 10**12
X = np.random.default_rng(0).normal(size=(200, 5))
Y = (X[:, 0] > 0).astype(int)
CONTROLLER = ThreadpoolController().select(user_api="blas")


def limits():
    """The limit of each BLAS in the process."""
    return {library["num_threads"] for library in CONTROLLER.info()}


def limits_of_large():
    """The limits while a large fit runs alone: two threads for NumPy, one for a BLAS that is SciPy's own."""
    return {1 if "scipy.libs" in library["filepath"] else 2 for library in CONTROLLER.info()}


def set_limits(n):
    """As from outside: threadpoolctl >= 3.7 obeys the thread that first set a limit only, until that lets go."""
    for library in CONTROLLER.lib_controllers:
        release = getattr(library, "clear_controlling_thread", lambda force: None)
        release(force=True)
        library.set_num_threads(n)
        release(force=True)


@pytest.fixture(autouse=True)
def two_threads():
    """Every BLAS may use two threads; what was before comes back at the end."""
    before = {library["num_threads"] for library in CONTROLLER.info()}
    set_limits(2)
    if limits() != {2}:
        pytest.skip("BLAS has one thread only")
    yield
    set_limits(min(before))


def test_one_thread_inside():
    with blas_threads(SMALL):
        assert limits() == {1}
    assert limits() == {2}


def test_large_products_keep_their_threads():
    with blas_threads(LARGE):
        assert limits() == limits_of_large()
        of_numpy = [each for each in CONTROLLER.info() if "numpy.libs" in each["filepath"]]
        assert all(each["num_threads"] == 2 for each in of_numpy)
    assert limits() == {2}
    assert SMALL < WORTH_THREADS < LARGE


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_restored_after_an_exception(error):
    with pytest.raises(error), blas_threads(SMALL):
        raise error
    assert limits() == {2}


def test_nested():
    with blas_threads(SMALL):
        with blas_threads(SMALL):
            assert limits() == {1}
        with blas_threads(LARGE):
            assert limits() == {1}  # the small fit still runs
        assert limits() == {1}
    assert limits() == {2}


@pytest.mark.parametrize("first_out", [0, 1])
def test_overlapping_fits(first_out):
    """Whichever ends first: the limit stays until the other one ends, and is then what it was before the first."""
    entered, may_leave = threading.Barrier(3, timeout=10), [threading.Event(), threading.Event()]

    def fit(i):
        with blas_threads(SMALL):
            entered.wait()
            assert may_leave[i].wait(10)

    with ThreadPoolExecutor(2) as pool:
        fits = [pool.submit(fit, i) for i in range(2)]
        entered.wait()
        assert limits() == {1}
        may_leave[first_out].set()
        fits[first_out].result(10)
        assert limits() == {1}
        may_leave[1 - first_out].set()
        fits[1 - first_out].result(10)
        assert limits() == {2}


def test_many_overlapping_fits():
    """Some of which fail."""

    def fit(i):
        try:
            with blas_threads(LARGE if i % 7 == 0 else SMALL):
                if i % 7:
                    assert limits() == {1}
                if i % 5 == 0:
                    raise ValueError
        except ValueError:
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fit, range(200)))
    assert limits() == {2}


@pytest.mark.parametrize("product", [SMALL, LARGE])
def test_never_raised(product):
    """A limit that the user or joblib has set stays, inside and after."""
    with threadpool_limits(1, user_api="blas"):
        with blas_threads(product):
            assert limits() == {1}
        assert limits() == {1}
    assert limits() == {2}


def test_other_threads_may_set_limits_afterwards():
    """A fit does not stay the one whom threadpoolctl obeys: this thread lives on, and another one limits BLAS."""
    with blas_threads(SMALL):
        pass

    def limit():
        with threadpool_limits(1, user_api="blas"):
            return limits()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(limit).result(10) == {1}
    assert limits() == {2}


def test_a_limit_set_between_two_fits_is_kept():
    with blas_threads(SMALL):
        pass
    with threadpool_limits(1, user_api="blas"):
        with blas_threads(SMALL):
            pass
        assert limits() == {1}
    assert limits() == {2}


class OpenMP:
    """Stands for an OpenBLAS built with OpenMP: there each thread has a limit of its own, four at first."""

    threading_layer = "openmp"

    def __init__(self):
        self.own = threading.local()

    def get_num_threads(self):
        return getattr(self.own, "limit", 4)

    def set_num_threads(self, n):
        self.own.limit = n


def test_limits_that_belong_to_threads(monkeypatch):
    """Each fit finds and leaves those of its own thread, whatever overlaps."""
    library, entered, may_leave = OpenMP(), threading.Event(), threading.Event()
    monkeypatch.setattr(_threads, "_libraries", [library])

    def fit():
        with blas_threads(SMALL):
            inside = library.get_num_threads()
            entered.set()
            assert may_leave.wait(10)
        return inside, library.get_num_threads()

    with ThreadPoolExecutor(1) as pool:
        with blas_threads(SMALL):
            assert library.get_num_threads() == 1
            other = pool.submit(fit)
            assert entered.wait(10)
        may_leave.set()
        assert other.result(10) == (1, 4)
    assert library.get_num_threads() == 4


class Watch(Tanh):
    """An activation that notes the limits whenever the network computes."""

    seen: set

    def __init__(self):
        self.seen = set()

    def forward(self, z, a):
        self.seen |= limits()
        super().forward(z, a)


@BOTH
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fit_limits_and_predict_does_not(Estimator, solver):
    watch = Watch()
    model = Estimator((4,), activation=watch, solver=solver, max_iter=2, random_state=0).fit(X, Y)
    assert watch.seen == {1}
    assert limits() == {2}
    in_network = model.network_.layers[0].activation
    in_network.seen.clear()
    model.predict(X)
    assert in_network.seen == {2}
    with threadpool_limits(1, user_api="blas"):
        in_network.seen.clear()
        model.predict(X)
        assert in_network.seen == {1}
    assert limits() == {2}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_threads_of_a_prediction_have_one_blas_thread_each(monkeypatch):
    """Not the first chunk, which is alone; a failure restores the limit, too."""
    watch = Watch()
    model = ANNClassifier((4,), activation=watch, max_iter=2, n_jobs=2, random_state=0).fit(X, Y)
    seen = model.network_.layers[0].activation.seen
    monkeypatch.setattr(_base, "chunk_rows", lambda n_columns: 50)
    seen.clear()
    model.predict(X[:50])
    assert seen == {2}
    model.predict(X)
    assert seen == {1, 2}
    assert limits() == {2}
    model.network_.theta[...] = np.inf
    with pytest.raises(ValueError, match="too large"):
        model.predict(X)
    assert limits() == {2}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_fits_in_threads_restore_the_limit():
    """Good and diverging ones side by side; and the good ones give what they give alone."""
    good = ANNRegressor((4,), max_iter=5, random_state=0)
    bad = ANNRegressor((4,), max_iter=50, random_state=0, solver="sgd", learning_rate_init=1e200)
    expected = clone(good).fit(X, Y).predict(X)

    def fit(model):
        try:
            return clone(model).fit(X, Y).predict(X)
        except ValueError:
            return None

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(fit, [good, bad] * 10))
    assert limits() == {2}
    assert all(result is None for result in results[1::2])
    for result in results[::2]:
        np.testing.assert_array_equal(result, expected)
