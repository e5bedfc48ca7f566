"""Measure from which size of network BLAS threads pay: what `skann._threads.WORTH_THREADS` is set by.

    python benchmarks/bench_threads.py

Each network is fitted with one BLAS thread and with all, in turn; the gain is the median of the ratios. On a busy
machine threads gain less.
"""

import warnings
from itertools import pairwise
from time import perf_counter

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skann import ANNClassifier, _threads

CASES = [((20, 64, 64, 3), 32), ((64, 100, 10), 200), ((20, 256, 256, 3), 256), ((50, 384, 384, 3), 256)]


def gain(widths, batch_size, repetitions=5):
    """Time of a fit with one thread over that with all."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40 * batch_size, widths[0])).astype(np.float32)
    y = rng.integers(0, widths[-1], len(X))
    params = {"batch_size": batch_size, "max_iter": 5, "n_iter_no_change": np.inf, "random_state": 0}
    model = ANNClassifier(widths[1:-1], **params, encoder=None)
    ratios = []
    for _ in range(repetitions):
        seconds = []
        for _threads.WORTH_THREADS in (np.inf, 0):
            start = perf_counter()
            model.fit(X, y)
            seconds.append(perf_counter() - start)
        ratios.append(seconds[0] / seconds[1])
    return float(np.median(ratios))


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    for widths, batch_size in CASES:
        largest = batch_size * max(n_in * n_out for n_in, n_out in pairwise(widths))
        name = "-".join(map(str, widths))
        print(f"{name} @{batch_size}: {largest / 1e6:.1f} million multiplications, gain {gain(widths, batch_size):.2f}")
