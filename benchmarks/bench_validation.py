"""What watching held-out rows costs: the share of an epoch that their loss and score take.

For "loss", "accuracy" and "r2", which need raw outputs only, the goal is below a tenth.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
import warnings

import numpy as np

from common import describe_machine, parse_options, print_machine, write_json
from skann import ANNClassifier, ANNRegressor
from skann.engine.callbacks import Validation

SIZES = ((150, 4), (500, 10), (1000, 20), (2000, 20))
NETWORKS = {"plain": {"encoder": None, "max_iter": 200}, "recipe": {"n_estimators": 1}}
GOAL = 0.1


class Clock:
    """Measures the time spent in a method of a class while it is entered."""

    def __init__(self, owner, name):
        self.owner, self.name, self.method = owner, name, getattr(owner, name)

    def __enter__(self):
        self.seconds = 0.0

        def timed(*args):
            start = time.perf_counter()
            try:
                return self.method(*args)
            finally:
                self.seconds += time.perf_counter() - start

        setattr(self.owner, self.name, timed)
        return self

    def __exit__(self, *_):
        setattr(self.owner, self.name, self.method)


def share_of_validation(estimator, X, y):
    """Seconds in validation divided by seconds in all else of the epochs."""
    with Clock(Validation, "evaluate") as clock:
        estimator.fit(X, y)
    return clock.seconds / (estimator.history_["seconds"][-1] - clock.seconds)


def main():
    options = parse_options(__doc__)
    warnings.simplefilter("ignore")
    machine, results = describe_machine(), []
    print_machine(machine)
    rng = np.random.default_rng(0)
    print(f"{'rows, columns':>14} {'network':8} {'scoring':9} share of an epoch (goal {GOAL})")
    for n_rows, n_columns in SIZES:
        X = rng.normal(size=(n_rows, n_columns))
        y = X[:, 0] + rng.normal(size=n_rows)
        for Estimator, target, score in ((ANNClassifier, y > 0, "accuracy"), (ANNRegressor, y, "r2")):
            for scoring in ("loss", score):
                for name, parameters in NETWORKS.items():
                    estimator = Estimator(**parameters, early_stopping=True, n_iter_no_change=1000, random_state=0)
                    estimator.set_params(scoring=scoring)
                    n = 3 if options.quick else 9
                    share = float(np.median([share_of_validation(estimator, X, target) for _ in range(n)]))
                    results.append([n_rows, n_columns, Estimator.__name__, name, scoring, share])
                    print(f"{n_rows:>8}, {n_columns:>4} {name:8} {scoring:9} {share:.3f} {Estimator.__name__}")
    if options.json:
        write_json(options.json, machine, results)


if __name__ == "__main__":
    main()
