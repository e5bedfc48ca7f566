"""Processor seconds of a fit against rows and columns, of one network and of the default.

    python benchmarks/bench_size.py [--quick]

Not part of `make bench`. `--quick` leaves the default out. docs/performance.md shows what came out.
"""

import argparse
import time

from sklearn.datasets import make_friedman1
from threadpoolctl import threadpool_limits

from skann import ANNRegressor

SIZES = [(500, 10), (2000, 10), (8000, 10), (2000, 40), (2000, 160)]


def seconds(model, n_rows, n_columns):
    """Processor seconds of one fit, with one thread, and its epochs."""
    X, y = make_friedman1(n_rows, n_columns, noise=1.0, random_state=0)
    begin = time.process_time()
    model.fit(X, y)
    return time.process_time() - begin, model.n_iter_


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    models = {"n_estimators=1": {"n_estimators": 1}} | ({} if quick else {"default": {}})
    with threadpool_limits(1):
        seconds(ANNRegressor((4,), encoder=None, solver="lbfgs"), 50, 10)  # what happens once
        for name, params in models.items():
            for n_rows, n_columns in SIZES:
                took, epochs = seconds(ANNRegressor(**params, random_state=0), n_rows, n_columns)
                print(f"{name:15} {n_rows:5} rows {n_columns:4} columns {took:6.1f} s, {epochs} epochs", flush=True)


if __name__ == "__main__":
    main()
