"""One BLAS thread while small networks train: for small matrices the threads cost more than they bring.

The same for the networks of an ensemble, whatever their size, and for predictions in several threads: those threads use
the processors better, and in float32 the last bits of a large product depend on the number of BLAS threads.

The number of BLAS threads belongs to the whole process. So overlapping fits share one limit, counted under a lock: the
first in lowers it, the last out restores what was there. A library that is at one thread already, by the user's or
joblib's limit, is left alone.
"""

import threading
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

WORTH_THREADS = 8_000_000  # multiplications in a matrix product from which threads pay: benchmarks/bench_threads.py

_lock = threading.Lock()
_fits = 0
_libraries = None
_lowered: list = []


@contextmanager
def blas_threads(largest_product):
    """Limit BLAS to one thread inside the block if the matrix products are small.

    Parameters
    ----------
    largest_product : int
        Multiplications in the largest matrix product of a training step.
    """
    if largest_product > WORTH_THREADS:
        yield
        return
    of_thread = _enter()
    try:
        yield
    finally:
        _leave(of_thread)


def _enter():
    """Lower the limits; return the ones to restore that belong to this thread alone, as those of OpenMP do."""
    global _fits, _libraries
    with _lock:
        if _libraries is None:  # finding them takes milliseconds
            _libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        of_thread = _lower(library for library in _libraries if _belongs_to_thread(library))
        if _fits == 0:
            _lowered.extend(_lower(library for library in _libraries if not _belongs_to_thread(library)))
        _fits += 1
    return of_thread


def _leave(of_thread):
    global _fits
    with _lock:
        _fits -= 1
        _restore(of_thread)
        if _fits == 0:
            _restore(_lowered)
            _lowered.clear()


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
