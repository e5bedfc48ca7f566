"""Measure what fit and predict cost beside the arithmetic: latency, memory and import time.

    python benchmarks/bench_predict.py [--quick] [--json FILE]

Memory is what tracemalloc sees: every NumPy array, but not the scratch space of the BLAS library.
"""

import gc
import subprocess
import sys
import tracemalloc
from functools import partial
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.neural_network import MLPClassifier

from common import describe_machine, interleave, parse_options, print_machine, report, write_json
from skann import ANNClassifier

MB = 1e6
IMPORT_TIMER = """
import sklearn.neural_network
from time import perf_counter
start = perf_counter()
import skann
print(perf_counter() - start)
"""


def make_data(n_rows, n_features, n_classes=3):
    """Return random X (float64) and y."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n_rows, n_features)), rng.integers(n_classes, size=n_rows)


def make_frame(n_rows):
    """Return a DataFrame of 20 numeric columns, and y."""
    X, y = make_data(n_rows, 20)
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(20)]), y


def one_row_ratio(make, X, y, repetitions):
    """Time of predict_proba on one row, that of a model of skann's over that of the peer with one layer of 100."""
    row = X[:1]

    def timer(model):
        model.fit(X, y)

        def seconds():
            start = perf_counter()
            for _ in range(100):
                model.predict_proba(row)
            return perf_counter() - start

        return seconds

    peer = MLPClassifier((100,), max_iter=1, random_state=0)
    times = interleave({"skann": timer(make(max_iter=1, random_state=0)), "peer": timer(peer)}, repetitions)
    return float(np.median(times["skann"] / times["peer"]))


def peak_bytes(function):
    """Return the most memory that was held while `function` ran, and what it returned."""
    gc.collect()
    tracemalloc.start()
    try:
        result = function()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


def predict_megabytes(method, model, X, y):
    """Memory held by a prediction above its input and output."""
    model.set_params(max_iter=1, random_state=0).fit(X[:1000], y[:1000])
    peak, output = peak_bytes(lambda: getattr(model, method)(X))
    return (peak - output.nbytes) / MB


def fit_copies(**params):
    """Memory held by fit beyond its input, in copies of X in the training dtype (float32)."""
    X, y = make_data(50_000, 200)
    model = ANNClassifier((100,), max_iter=2, encoder=None, random_state=0, dtype="float32", **params)
    peak, _ = peak_bytes(lambda: model.fit(X, y))
    return peak / (X.size * 4)


def import_milliseconds(repetitions):
    """Time to import skann once sklearn.neural_network is there."""
    command = [sys.executable, "-c", IMPORT_TIMER]
    runs = [
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(repetitions)
    ]
    return float(np.median(runs)) * 1e3


def main():
    options = parse_options(__doc__)
    repetitions = 5 if options.quick else 25
    machine = describe_machine()
    print_machine(machine)

    plain = partial(ANNClassifier, (100,), encoder=None)
    wide, small = ANNClassifier((200, 200), encoder=None), ANNClassifier((32,), n_estimators=2)
    million = 10**6

    # Labels, the order of the rows and batches need memory, too: a seventh of a copy is left to them.
    measurements = [
        (
            "one-row predict_proba, skann / sklearn",
            1.0,
            lambda: one_row_ratio(plain, *make_data(1000, 20), repetitions),
        ),
        (
            "default models, a DataFrame's row",
            3.0,
            lambda: one_row_ratio(ANNClassifier, *make_frame(1000), repetitions),
        ),
        ("predict a million rows, MB", 50, lambda: predict_megabytes("predict", wide, *make_data(million, 20))),
        ("predict_proba of them, MB", 50, lambda: predict_megabytes("predict_proba", wide, *make_data(million, 20))),
        (
            "and with encoder, two networks, MB",
            50,
            lambda: predict_megabytes("predict_proba", small, *make_frame(million)),
        ),
        ("fit 50 000 x 200, copies of X", 1.15, fit_copies),
        ("the same with early stopping", 1.15, lambda: fit_copies(early_stopping=True)),
        ("import skann after sklearn, ms", 50, lambda: import_milliseconds(repetitions)),
    ]
    results = report(measurements, "")
    if options.json:
        write_json(options.json, machine, results)


if __name__ == "__main__":
    main()
