"""Time one training step of skann, scikit-learn's MLPClassifier, eager PyTorch and JAX.

    python benchmarks/bench_fit.py [--quick] [--json FILE]

Every contender trains the same network with Adam on the same rows. The time of a step is the
difference between a long and a short fit, divided by the steps that only the long one makes:
validation, initialisation and the other costs that occur once per fit cancel. What a contender
does once per epoch (shuffling, adding up the loss) is part of training and stays in. Nothing
ends a fit early: tol is 0 and n_iter_no_change out of reach.

Contenders are measured in turn within one process, and each ratio is the median over repetitions
of the ratio of neighbouring measurements, which drifting clock rates and other processes disturb
far less than absolute times.

One BLAS thread means one core for all of them, where the system lets a process choose it.

The bare matrix products of a step (x W, x^T delta, delta W^T) are measured in the same rotation,
in float32 into preallocated arrays. Their share of skann's step says how much is left to gain.
"""

import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from time import perf_counter

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from common import describe_machine, interleave, parse_options, print_machine, write_json
from frameworks import installed
from skann import ANNClassifier

try:
    import torch
except ImportError:
    torch = None

# Small, so that no network learns its data by heart: its vanishing gradients would become denormal
# numbers, which are slow.
LEARNING_RATE = 1e-4
SHARE_GOAL = 0.8  # of the matrix products, at widths of SHARE_WIDTH and above
SHARE_WIDTH = 256


@dataclass
class Case:
    """A network, how it is trained and how many times faster than the others skann should be."""

    widths: tuple[int, ...]
    batch_size: int
    steps_per_epoch: int
    epochs: int  # that the long fit makes beyond the short one
    peer_goal: float
    torch_goal: float

    def __str__(self):
        return "-".join(map(str, self.widths)) + f" @{self.batch_size}"

    @property
    def has_share_goal(self):
        return max(self.widths[1:-1]) >= SHARE_WIDTH

    def make_data(self):
        """Return random X and y; their values do not influence the time of a step."""
        rng = np.random.default_rng(0)
        n_rows = self.batch_size * self.steps_per_epoch  # no short last batch
        X = rng.standard_normal((n_rows, self.widths[0]))
        return X, rng.integers(self.widths[-1], size=n_rows)


CASES = [
    Case((64, 100, 10), 200, steps_per_epoch=50, epochs=20, peer_goal=3.0, torch_goal=2.0),
    Case((20, 64, 64, 3), 32, steps_per_epoch=100, epochs=20, peer_goal=4.0, torch_goal=3.0),
    Case((20, 256, 256, 3), 256, steps_per_epoch=20, epochs=10, peer_goal=2.5, torch_goal=1.1),
    Case((784, 1024, 1024, 10), 512, steps_per_epoch=4, epochs=2, peer_goal=1.7, torch_goal=0.95),
]


def seconds_per_step(case, fit):
    """Return what one training step takes; ``fit(n_epochs)`` trains a new network."""

    def seconds(n_epochs):
        start = perf_counter()
        fit(n_epochs)
        return perf_counter() - start

    return (seconds(1 + case.epochs) - seconds(1)) / (case.epochs * case.steps_per_epoch)


def estimator_fit(estimator_class, case, X, y):
    """Return a function that fits an estimator with the given number of epochs."""

    def fit(n_epochs):
        estimator_class(
            hidden_layer_sizes=case.widths[1:-1],
            batch_size=case.batch_size,
            learning_rate_init=LEARNING_RATE,
            max_iter=n_epochs,
            tol=0.0,
            n_iter_no_change=10**6,
            random_state=0,
        ).fit(X, y)

    return fit


def network_fit(made, case, X, y):
    """Return the same for a contender of `frameworks`."""
    X = X.astype(np.float32)

    def fit(n_epochs):
        model = made(case.widths, case.batch_size, LEARNING_RATE)
        model.begin(X, y)
        for _ in range(n_epochs):
            model.epoch()

    return fit


def matrix_products(case):
    """Return a function that times the matrix products of one step, in float32 and in place."""
    rng = np.random.default_rng(0)

    def random(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    products = []
    for i, (n_in, n_out) in enumerate(pairwise(case.widths)):
        x, W = random(case.batch_size, n_in), random(n_in, n_out)
        delta = random(case.batch_size, n_out)
        products += [(x, W, np.empty_like(delta)), (x.T, delta, np.empty_like(W))]
        if i > 0:  # the gradient of the input is never needed
            products.append((delta, W.T, np.empty_like(x)))

    def seconds():
        n_steps = case.epochs * case.steps_per_epoch
        start = perf_counter()
        for _ in range(n_steps):
            for left, right, out in products:
                np.matmul(left, right, out=out)
        return (perf_counter() - start) / n_steps

    return seconds


@contextmanager
def cores(limit):
    """Inside, the process has so many cores, where the system lets it choose; None means all."""
    if limit is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[-limit:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def measure(case, repetitions, others):
    """Return the median times of one step in seconds, and the median ratios to skann's."""
    X, y = case.make_data()
    fits = {
        "skann": estimator_fit(partial(ANNClassifier, encoder=None), case, X, y),
        "peer": estimator_fit(MLPClassifier, case, X, y),
        "peer32": estimator_fit(MLPClassifier, case, X.astype(np.float32), y),
    }
    fits |= {name: network_fit(made, case, X, y) for name, made in installed().items() if name in others}
    contenders = {name: lambda fit=fit: seconds_per_step(case, fit) for name, fit in fits.items()}
    contenders["products"] = matrix_products(case)
    times = interleave(contenders, repetitions)
    return {
        "seconds": {name: float(np.median(t)) for name, t in times.items()},
        "ratio": {name: float(np.median(t / times["skann"])) for name, t in times.items()},
    }


def print_header(limit):
    """Print what the columns hold."""
    threads = "One BLAS thread" if limit else "All BLAS threads"
    goals = ">= or < the goal" if limit else "no goals"
    print(f"\n{threads}: time of one step, the others' divided by skann's ({goals})")
    columns = ["sklearn float64", "sklearn float32", "torch", "jax", "matrix products"]
    print(f"{'network @batch':<24}{'skann, us':>10}" + "".join(f"{name:>17}" for name in columns))


def table_row(case, result, with_goals):
    """Return one line of the table."""

    def cell(name, goal=None, form="{:.2f}x"):
        if name not in result["ratio"]:
            return f"{'-':>17}"
        ratio = result["ratio"][name]
        text = form.format(ratio)
        if with_goals and goal is not None:
            text += f" {'>=' if ratio >= goal else '< '} " + form.format(goal)
        return f"{text:>17}"

    return (
        f"{case!s:<24}{result['seconds']['skann'] * 1e6:>10.0f}"
        + cell("peer", case.peer_goal)
        + cell("peer32")
        + cell("torch", case.torch_goal)
        + cell("jax")
        + cell("products", SHARE_GOAL if case.has_share_goal else None, "{:.0%}")
    )


def main():
    options = parse_options(__doc__)
    repetitions = 3 if options.quick else 9
    machine = describe_machine()
    print_machine(machine)
    if torch is None:
        print("PyTorch is not installed: the comparison with it is skipped.")
    else:
        print(f"PyTorch {torch.__version__}")
        machine["torch"] = torch.__version__
    if "jax" in installed():
        machine["jax"] = version("jax")
    if torch is not None:
        all_threads = torch.get_num_threads()

    results = []
    for limit in (None, 1):  # threads that begin on one core stay there
        if torch is not None:
            torch.set_num_threads(limit or all_threads)
        print_header(limit)
        for case in CASES:
            others = ("torch", "jax") if limit else ("torch",)
            with cores(limit), threadpool_limits(limit, user_api="blas"), warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                result = measure(case, repetitions, others)
            print(table_row(case, result, with_goals=limit == 1), flush=True)
            results.append({"network": str(case), "blas_threads": limit or "all", **result})
    if options.json:
        write_json(options.json, machine, results)


if __name__ == "__main__":
    main()
