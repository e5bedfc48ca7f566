"""Rows per second of an epoch that reads a table from Parquet files, over those of the same rows held in memory.

    python benchmarks/bench_blocks.py [--rows 400000] [--repetitions 5] [--hidden 16]

One network is trained for an epoch in each way, in turn; a row counts if the network learns from it. A figure is the
median over repetitions of the ratio of neighbouring measurements: in processor time, where the thread that reads counts
as much as the one that trains, and by the clock, where they go on side by side if there are cores for both. It needs
the callbacks of scikit-learn 1.9.
"""

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from common import describe_machine, interleave, print_machine
from larger_than_memory import write
from skann import ANNClassifier
from skann.data import from_parquet


class EpochClock:
    """A callback that measures the last epoch, in processor time and by the clock."""

    def setup(self, estimator, context):
        pass

    teardown = setup

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "epoch":
            self.start = np.array([time.process_time(), time.perf_counter()])

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            self.seconds = np.array([time.process_time(), time.perf_counter()]) - self.start


def rows_per_second(params, *data):
    """Rows per second of processor time and by the clock, of the epoch alone and of the whole fit."""
    clock, start = EpochClock(), np.array([time.process_time(), time.perf_counter()])
    model = ANNClassifier(max_iter=1, n_estimators=1, random_state=0, **params).set_callbacks(clock).fit(*data)
    whole = np.array([time.process_time(), time.perf_counter()]) - start
    return model.t_ / np.array([clock.seconds, whole])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--hidden", type=int, help="units of the one layer of a small network; else that by default")
    options = parser.parse_args()
    size = {"hidden_layer_sizes": (options.hidden,), "numeric_embedding": None} if options.hidden else {}
    warnings.simplefilter("ignore", ConvergenceWarning)
    print_machine(describe_machine())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write(folder, options.rows)
        table, rows = from_parquet(folder, target="target"), pd.read_parquet(folder)
        X, y = rows.drop(columns="target"), rows["target"]
        contenders = {
            "blocks": lambda: rows_per_second(size, table),
            "memory": lambda: rows_per_second(size, X, y),
        }
        found = interleave(contenders, options.repetitions)
    ratio = found["blocks"] / found["memory"]
    print(f"\n{'rows per second':<30}{'blocks':>12}{'memory':>12}{'ratio':>8}{'least':>8}{'most':>8}")
    for i, part in enumerate(("epoch", "whole fit of one epoch")):
        for j, unit in enumerate(("processor time", "clock")):
            medians = (np.median(found[name][:, i, j]) for name in ("blocks", "memory"))
            of_pairs = ratio[:, i, j]
            figures = np.median(of_pairs), of_pairs.min(), of_pairs.max()
            print(f"{part}, {unit:<{28 - len(part)}}" + "".join(f"{each:>12,.0f}" for each in medians), end="")
            print("".join(f"{each:>8.2f}" for each in figures))


if __name__ == "__main__":
    main()
