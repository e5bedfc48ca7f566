"""Simulate data-parallel training: local steps and averages on 2 to 64 parts of real tables, without a cluster.

    nice -n 15 env OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/simulate_workers.py FOLDER
        [--only NAME,..] [--workers 2,4,8] [--rounds 4,16] [--seeds N] [--max-rows N] [--params JSON] [--time]

FOLDER holds clf/*.parquet and reg/*.parquet, tables whose last column is ``target``; those with 20 000 rows and more
are taken. Each is split 75 to 25, and the rows to learn from are dealt out at random to so many parts, which take
their steps one after the other in this process. What is printed for each table and number of workers: accuracy, or RMSE
divided by the standard deviation, on the rows left, after one process and after each number of rounds in an epoch, mean
over the seeds, and processor seconds. --time measures instead what a round consists of.
"""

import argparse
import json
import pickle
import time
import warnings
from pathlib import Path
from unittest.mock import patch

import numpy as np

from bench_quality import split
from skann import ANNClassifier, ANNRegressor
from skann.fitting import rounds
from skann.fitting.block_table import Block, BlockTable
from skann.fitting.local_steps import ROUNDS
from skann.fitting.sharded import ShardedTable
from skann.fitting.shards import LocalShards

LEAST_ROWS = 20_000
PARAMS = {"n_estimators": 1, "hidden_layer_sizes": [64, 64], "max_iter": 10}


class FrameTable(BlockTable):
    """A DataFrame and its targets as one block."""

    def __init__(self, X, y):
        self.X, self.y, self.shape = X, y, X.shape
        self.has_target, self.has_weight, self.n_pieces = True, False, 1

    def read(self, piece):
        yield Block(0, self.X, self.y, None, "X")


def dealt_out(X, y, n_parts, seed):
    """The rows as the parts of a table."""
    order = np.random.default_rng(seed).permutation(len(X))
    parts = [FrameTable(X.iloc[rows].reset_index(drop=True), y[rows]) for rows in np.array_split(order, n_parts)]
    return ShardedTable(LocalShards(parts))


def measure(path, params, n_workers, seed, max_rows):
    """Accuracy, or RMSE divided by the standard deviation, and processor seconds; no workers mean one process."""
    X_train, X_test, y_train, y_test = split(path, 0, max_rows)
    is_classifier = path.parent.name == "clf"
    model = (ANNClassifier if is_classifier else ANNRegressor)(random_state=seed, **params)
    start = time.process_time()
    if n_workers:
        model.fit(dealt_out(X_train, y_train, n_workers, seed))
    else:
        model.fit(X_train, y_train)
    seconds = time.process_time() - start
    if is_classifier:
        return model.score(X_test, y_test), seconds
    return np.sqrt(np.mean((model.predict(X_test) - y_test) ** 2)) / y_test.std(), seconds


def simulate(path, args):
    """Print a line for one process and one for each number of workers."""
    seeds = range(args.seeds)

    def cell(n_workers, n_rounds):
        with patch("skann.fitting.local_steps.ROUNDS", n_rounds):
            found = [measure(path, args.params, n_workers, seed, args.max_rows) for seed in seeds]
        return tuple(np.mean(found, axis=0))

    score, seconds = cell(0, 1)
    print(f"{path.stem:20s} {'one process':>11s} {score:8.4f} ({seconds:.1f} s)", flush=True)
    for n_workers in args.workers:
        cells = [cell(n_workers, n_rounds) for n_rounds in args.rounds]
        line = "".join(f" {score:8.4f} ({seconds:.1f} s)" for score, seconds in cells)
        print(f"{path.stem:20s} {n_workers:11d}{line}", flush=True)


class Clock:
    """Processor seconds of the pieces of a round, by their names."""

    def __init__(self):
        self.spent: dict = {}

    def timed(self, name, function):
        def call(*arguments):
            start = time.process_time()
            result = function(*arguments)
            self.add(name, time.process_time() - start)
            return result

        return call

    def add(self, name, value):
        self.spent.setdefault(name, []).append(value)

    def median(self, name):
        return float(np.median(self.spent[name]))


def sent_shards(clock, steps):
    """A class of parts whose arguments and results, in a round, go through pickles."""

    class SentShards(LocalShards):
        def run(self, function, *arguments):
            if function is not steps:
                return super().run(function, *arguments)
            clock.add("begin", time.process_time())
            sent = clock.timed("pickle", pickle.dumps)(arguments)
            found = []
            for part in self.parts:
                local = function(part, *clock.timed("unpickle", pickle.loads)(sent))
                clock.add("rows", local.n_rows)
                back = clock.timed("pickle back", pickle.dumps)(local)
                found.append(clock.timed("unpickle back", pickle.loads)(back))
            clock.add("bytes", len(back))
            return found

        def hold(self, function, *arguments):
            return SentShards(self.run(function, *arguments))

        def numbered(self):
            return SentShards(list(enumerate(self.parts)))

    return SentShards


def time_rounds(path, args):
    """Print, for each number of workers, what a round takes, and what its pieces add up to: medians."""
    for n_workers in args.workers:
        clock = Clock()
        steps = clock.timed("steps", rounds.local_steps)
        with (
            patch.object(rounds, "local_steps", steps),
            patch.object(rounds, "take_average", clock.timed("average", rounds.take_average)),
            patch(f"{__name__}.LocalShards", sent_shards(clock, steps)),
        ):
            measure(path, args.params, n_workers, 0, args.max_rows)
        at_part = sum(clock.median(name) for name in ("steps", "unpickle", "pickle back", "unpickle back"))
        model = n_workers * at_part + clock.median("pickle") + clock.median("average")
        took = float(np.median(np.diff(clock.spent["begin"])))
        print(
            f"{path.stem:20s} {n_workers:4d} workers: {clock.median('bytes') / 1e3:.0f} kB from each; steps "
            f"{1e3 * clock.median('steps'):.2f} ms, {1e6 * clock.median('steps') / clock.median('rows'):.1f} us a row; "
            f"pickles of a part {1e3 * (at_part - clock.median('steps')):.2f} ms; average "
            f"{1e3 * clock.median('average'):.2f} ms; round {1e3 * took:.1f} ms, pieces {1e3 * model:.1f} ms",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument(
        "--workers", type=lambda text: [int(each) for each in text.split(",")], default=[2, 4, 8, 16, 32, 64]
    )
    parser.add_argument("--rounds", type=lambda text: [int(each) for each in text.split(",")], default=[ROUNDS])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--max-rows", type=int, default=LEAST_ROWS)
    parser.add_argument("--params", type=lambda text: PARAMS | json.loads(text), default=PARAMS)
    parser.add_argument("--time", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    for path in sorted(args.folder.glob("*/*.parquet")):
        if args.only and path.stem not in args.only.split(","):
            continue
        if len(np.concatenate([part for part in split(path, 0, None)[2:]])) >= LEAST_ROWS:
            time_rounds(path, args) if args.time else simulate(path, args)


if __name__ == "__main__":
    main()
