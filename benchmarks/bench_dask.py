"""Data-parallel training on a cluster of two workers against training in one process, on a folder of tables.

    python benchmarks/bench_dask.py FOLDER NAME [NAME ...] [--epochs N] [--seeds N]

FOLDER holds clf/*.parquet and reg/*.parquet, tables whose last column is ``target``; those of these names are taken.
Each is split 75 to 25. One network is trained for as many epochs on the same rows three times: in memory, as a table of
blocks, which is what workers see, and by ``strategy="rows"`` of `skann.dask` on a `LocalCluster` of two processes with
one thread each. Printed are accuracy or RMSE on the rest, and of the rounds of the latter: their number, the median
seconds of one from call to return, processor seconds of the client and of the workers in one, and megabytes that go to
a worker and come back in one, with those that the cost model says: parameters, two moments and averaged weights.
"""

import argparse
import time
from pathlib import Path

import cloudpickle
import dask.dataframe as dd
import numpy as np
import pandas as pd
from distributed import Client, LocalCluster
from sklearn.metrics import accuracy_score, root_mean_squared_error
from sklearn.model_selection import train_test_split

from skann import ANNClassifier, ANNRegressor
from skann.dask import DaskShards
from skann.data import from_dask
from skann.fitting.dask_table import Collections
from skann.fitting.local_steps import local_steps
from skann.fitting.sharded import ShardedTable
from skann.fitting.shards import Shards

N_PARTITIONS = 8


class Counted(Shards):
    """Shards that note what each round of local steps takes: seconds, processor seconds here, bytes to and from a
    worker.
    """

    def __init__(self, shards, rounds=None):
        self.shards, self.rounds = shards, [] if rounds is None else rounds

    def __len__(self):
        return len(self.shards)

    def run(self, function, *arguments):
        start, cpu = time.perf_counter(), time.process_time()
        found = self.shards.run(function, *arguments)
        if function is local_steps:
            seconds = time.perf_counter() - start, time.process_time() - cpu
            self.rounds.append(
                (*seconds, len(cloudpickle.dumps((function, arguments))), len(cloudpickle.dumps(found[0])))
            )
        return found

    def hold(self, function, *arguments):
        return Counted(self.shards.hold(function, *arguments), self.rounds)

    def numbered(self):
        return Counted(self.shards.numbered(), self.rounds)


def split(path, seed):
    """X_train, X_test, y_train, y_test."""
    X = pd.read_parquet(path)
    y = X.pop("target")
    is_classifier = path.parent.name == "clf"
    y = y.astype(str) if is_classifier else y.astype(float)
    parts = train_test_split(X, y, random_state=seed, stratify=y if is_classifier else None)
    return [part.reset_index(drop=True) for part in parts]


def measure(client, path, epochs, seed):
    """Scores of the three trainings, and the rounds of the last with the processor time of the workers in it."""
    X_train, X_test, y_train, y_test = split(path, seed)
    is_classifier = path.parent.name == "clf"
    settings = {"n_estimators": 1, "max_iter": epochs, "n_iter_no_change": epochs, "random_state": seed}
    model = (ANNClassifier if is_classifier else ANNRegressor)(**settings)
    score = accuracy_score if is_classifier else root_mean_squared_error
    tables = [dd.from_pandas(each, npartitions=N_PARTITIONS) for each in (X_train, y_train)]
    scores = [score(y_test, model.fit(X_train, y_train).predict(X_test))]
    scores += [score(y_test, model.fit(from_dask(*tables)).predict(X_test))]
    shards = Counted(DaskShards.of(client, Collections.aligned(*client.persist(tables))))
    before = client.run(time.process_time)
    model.fit(ShardedTable(shards))
    spent = sum(client.run(time.process_time).values()) - sum(before.values())
    scores += [score(y_test, model.predict(X_test))]
    return scores, np.array(shards.rounds), spent, model.network_.theta.nbytes, is_classifier


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=1)
    args = parser.parse_args()
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        print(
            "table               seed  memory  blocks    rows  rounds  s/round  cpu client  cpu workers"
            "  MB to  back  model"
        )
        for name in args.names:
            [path] = args.folder.glob(f"*/{name}.parquet")
            for seed in range(args.seeds):
                scores, rounds, spent, n_bytes, _ = measure(client, path, args.epochs, seed)
                seconds, cpu, to, back = np.median(rounds, axis=0)
                print(
                    f"{name:20}{seed:4}" + "".join(f"{each:8.4f}" for each in scores)
                    + f"{len(rounds):8}{seconds:9.3f}{cpu:12.4f}{spent / len(rounds):13.4f}"
                    + f"{to / 1e6:7.2f}{back / 1e6:6.2f}{4 * n_bytes / 1e6:7.2f}",
                    flush=True,
                )  # fmt: skip


if __name__ == "__main__":
    main()
