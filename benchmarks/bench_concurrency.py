"""Measure what two jobs gain over one: searches and ensembles in processes, predictions in threads.

    python benchmarks/bench_concurrency.py [--quick] [--json FILE]

Each figure is the time with two jobs over that of the same work with one. Above 1, jobs would be in each other's way.
BLAS may use all processors all the while, as it does by default. The first figure is that of a loop of plain Python:
what this machine has to give at the moment. Where others are at work that may be nothing, 1. The processor time of a
fit, that of all its processes, does not depend on what others do.
"""

import os
from time import perf_counter

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import GridSearchCV

from common import describe_machine, interleave, parse_options, print_machine, report, write_json
from skann import ANNClassifier

ALPHAS = [1e-5, 1e-4, 1e-3, 1e-2]


def make_data(n_rows):
    """Return random X of 20 columns, and y that depends on them."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, 20))
    return X, (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int)


def seconds(function):
    """Return the seconds that a call takes."""
    start = perf_counter()
    function()
    return perf_counter() - start


def ratio(two, one, repetitions):
    """Median ratio of the times of two calls, made in turn."""
    times = interleave({"two": lambda: seconds(two), "one": lambda: seconds(one)}, repetitions)
    return float(np.median(times["two"] / times["one"]))


def yardstick(repetitions):
    """A loop of Python in each of two processes, over one loop after the other."""
    two = Parallel(n_jobs=2)
    return ratio(lambda: two(delayed(count)() for _ in range(2)), lambda: [count(), count()], repetitions)


def count():
    """Keep one processor busy for about a second."""
    return sum(i * i for i in range(10**7))


def search_ratio(model, n_rows, repetitions):
    """A search in two processes over two searches for half of the candidates each, one after the other."""
    X, y = make_data(n_rows)

    def search(alphas, n_jobs):
        GridSearchCV(model, {"alpha": alphas}, cv=2, n_jobs=n_jobs, refit=False).fit(X, y)

    def halves():
        alone = model.get_params()["n_jobs"]
        model.set_params(n_jobs=None)
        search(ALPHAS[:2], 1)
        search(ALPHAS[2:], 1)
        model.set_params(n_jobs=alone)

    return ratio(lambda: search(ALPHAS, 2), halves, repetitions)


def fits(n_rows, **params):
    """Fits of an ensemble with two jobs and with one."""
    X, y = make_data(n_rows)
    two, one = (ANNClassifier(n_jobs=n, random_state=0, **params) for n in (2, 1))
    return lambda: two.fit(X, y), lambda: one.fit(X, y)


def processor_ratio(two, one, repetitions):
    """Median ratio of the processor times of two calls, made in turn, with those of the processes that they start."""
    times = interleave({"two": lambda: processor_seconds(two), "one": lambda: processor_seconds(one)}, repetitions)
    return float(np.median(times["two"] / times["one"]))


def processor_seconds(function):
    """Return the processor seconds that a call takes."""
    before = sum(os.times()[:4])
    function()
    return sum(os.times()[:4]) - before


def predict_ratio(n_rows, repetitions):
    """Predictions for many rows in two threads over those in one, which leaves the processors to BLAS."""
    X, y = make_data(n_rows)
    model = ANNClassifier(n_estimators=2, max_iter=1, random_state=0).fit(X[:1000], y[:1000])
    two, one = (lambda n=n: model.set_params(n_jobs=n).predict_proba(X) for n in (2, 1))
    return ratio(two, one, repetitions)


def main():
    options = parse_options(__doc__)
    repetitions, few = (3, 1) if options.quick else (7, 3)
    machine = describe_machine()
    print_machine(machine)

    plain = ANNClassifier((100,), encoder=None, max_iter=40, random_state=0)
    default = ANNClassifier(max_iter=4, random_state=0)
    nested = ANNClassifier(max_iter=4, random_state=0, n_jobs=2)
    measurements = [
        ("counting", 1.0, lambda: yardstick(repetitions)),
        ("a search of plain networks", 1.0, lambda: search_ratio(plain, 4000, repetitions)),
        ("a search of default models", 1.0, lambda: search_ratio(default, 800, repetitions)),
        ("with two jobs in each process", 1.0, lambda: search_ratio(nested, 800, repetitions)),
        ("fit of a default model, 300 rows", 1.05, lambda: ratio(*fits(300), repetitions)),
        ("the same, 2 000 rows", 0.72, lambda: ratio(*fits(2000), repetitions)),
        ("the same, 5 000 rows", 0.65, lambda: ratio(*fits(5000), few)),
        ("the same, 10 000 rows", 0.58, lambda: ratio(*fits(10_000), few)),
        ("its processor time, 5 000 rows", 1.1, lambda: processor_ratio(*fits(5000), few)),
        ("predict_proba for 200 000 rows", 0.58, lambda: predict_ratio(200_000, repetitions)),
    ]
    results = report(measurements, "two jobs / one")
    if options.json:
        write_json(options.json, machine, results)


if __name__ == "__main__":
    main()
