"""One BLAS thread while small networks train: for small matrices the threads cost more than they bring.

The number of BLAS threads belongs to the whole process. So overlapping fits share one limit, counted under a lock:
the first in sets it, the last out restores what was there. It is only ever lowered.
"""

import threading
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_fits = 0
_controller = None
_limit = None


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
    _enter()
    try:
        yield
    finally:
        _leave()


WORTH_THREADS = 50_000_000


def _enter():
    global _fits, _controller, _limit
    with _lock:
        if _fits == 0:
            if _controller is None:
                _controller = ThreadpoolController().select(user_api="blas")  # finding the libraries takes milliseconds
            _limit = _controller.limit(limits=1)
        _fits += 1


def _leave():
    global _fits, _limit
    with _lock:
        _fits -= 1
        if _fits == 0:
            _limit.restore_original_limits()
            _limit = None
