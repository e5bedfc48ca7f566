"""One BLAS thread while small networks train: for small matrices the threads cost more than they bring.

The same for the networks of an ensemble, whatever their size, and for predictions in several threads: those threads use
the processors better, and in float32 the last bits of a large product depend on the number of BLAS threads.

The wheels of NumPy and SciPy bring an OpenBLAS each. While large networks train, SciPy's has one thread all the same:
its threads are for the passes over vectors, which gain little by them, and NumPy's for the matrix products. Threads of
OpenBLAS wait for the next call in a loop, and two groups of them keep each other from the processors: a step of two
layers of 256 units took more than ten times as long on two cores.

The number of BLAS threads belongs to the whole process. So overlapping fits share one limit, counted under a lock: the
first in lowers it, the last out restores what was there. A library that is at one thread already, by the user's or
joblib's limit, is left alone.
"""

import threading
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import scipy
from threadpoolctl import ThreadpoolController

WORTH_THREADS = 8_000_000  # multiplications in a matrix product from which threads pay: benchmarks/bench_threads.py


class _Limit:
    """Libraries at one thread while at least one fit wants that: their number, and what there was before."""

    def __init__(self):
        self.n_fits, self.lowered = 0, []


_lock = threading.Lock()
_libraries = None
_limits = {False: _Limit(), True: _Limit()}  # the latter for those that only SciPy uses


@contextmanager
def blas_threads(largest_product):
    """Limit BLAS to one thread inside the block if the matrix products are small, and that of SciPy in any case.

    Parameters
    ----------
    largest_product : int
        Multiplications in the largest matrix product of a training step.
    """
    kinds = [True] if largest_product > WORTH_THREADS else [True, False]
    of_thread = _enter(kinds)
    try:
        yield
    finally:
        _leave(kinds, of_thread)


def _enter(kinds):
    """Lower the limits; return the ones to restore that belong to this thread alone, as those of OpenMP do."""
    global _libraries
    with _lock:
        if _libraries is None:  # finding them takes milliseconds
            _libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        wanted = [library for library in _libraries if _is_of_scipy(library) in kinds]
        of_thread = _lower(library for library in wanted if _belongs_to_thread(library))
        for kind in kinds:
            limit = _limits[kind]
            if limit.n_fits == 0:
                limit.lowered = _lower(
                    library for library in wanted if not _belongs_to_thread(library) and _is_of_scipy(library) == kind
                )
            limit.n_fits += 1
    return of_thread


def _leave(kinds, of_thread):
    with _lock:
        _restore(of_thread)
        for kind in kinds:
            limit = _limits[kind]
            limit.n_fits -= 1
            if limit.n_fits == 0:
                _restore(limit.lowered)
                limit.lowered = []


def _is_of_scipy(library):
    return _came_with_scipy(getattr(library, "filepath", ""))


@cache  # each fit asks several times, and the answer takes longer than a step of a small network
def _came_with_scipy(file):
    """Whether a library came with the wheel of SciPy, so that NumPy has one of its own."""
    package, path = Path(scipy.__file__).resolve().parent, Path(file).resolve()
    return path.is_relative_to(package) or path.is_relative_to(package.with_name("scipy.libs"))


def _belongs_to_thread(library):
    return getattr(library, "threading_layer", None) == "openmp"


def _lower(libraries):
    """Set each library to one thread; return those that took it, with the number of threads before."""
    before = [(library, library.get_num_threads()) for library in libraries]
    return [(library, n) for library, n in before if n is not None and n > 1 and _set(library, 1)]


def _restore(lowered):
    for library, n_threads in lowered:
        _set(library, n_threads)


def _set(library, n_threads):
    """Whether the library took the number: it does not while a thread that limits it by threadpoolctl is at work."""
    library.set_num_threads(n_threads)
    if hasattr(library, "clear_controlling_thread"):
        # threadpoolctl >= 3.7 would obey this thread alone from now on, but the last fit may end in another one
        library.clear_controlling_thread()
    return library.get_num_threads() == n_threads
