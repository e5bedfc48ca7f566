"""Training on more rows than fit into memory: one network, one epoch, mixed columns read from Parquet files.

Memory is limited by RLIMIT_DATA, which the operating system enforces. Prints the peak resident size and the rows per
second. ``--small`` compares 400 000 rows with a quarter of them, in processes of their own.

    python benchmarks/larger_than_memory.py --rows 20000000 --limit 1024 --folder /tmp/rows
    python benchmarks/larger_than_memory.py --small
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS_PER_FILE, ROWS_PER_GROUP, N_DIFFERENT = 10**6, 10**5, 5
SYSTEM_POOL = {"ARROW_DEFAULT_MEMORY_POOL": "system"}  # pyarrow's own allocator reserves 1 GB at once
LEVELS = [2, 3, 4, 5, 6, 8, 12, 40]  # of eight columns of strings; twelve are numbers


def make_rows(first, n):
    """A DataFrame of n rows with 20 mixed columns and a target, from row number ``first`` on."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(first)
    table, score = {}, np.zeros(n)
    for i in range(12):
        x = rng.standard_normal(n, dtype=np.float32)
        score += (i < 4) * np.sin(x + i)
        x[rng.random(n, np.float32) < 0.02 * (i % 3)] = np.nan
        table[f"number{i}"] = x
    for i, n_levels in enumerate(LEVELS):
        codes = rng.integers(n_levels, size=n)
        score += (i < 4) * (codes % 2)
        labels = [f"level{j}" for j in range(n_levels)]
        table[f"category{i}"] = pd.Categorical.from_codes(np.where(rng.random(n) < 0.01, -1, codes), labels)
    table["target"] = np.where(score + rng.logistic(size=n) > 2, "yes", "no")
    return pd.DataFrame(table)


def write(folder, n_rows):
    """Parquet files with so many rows in all, the sixth million and later ones links to those before."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, n_rows, ROWS_PER_FILE):
        path = folder / f"rows{first // ROWS_PER_FILE:05d}.parquet"
        if path.exists():
            continue
        if first >= N_DIFFERENT * ROWS_PER_FILE:
            os.link(folder / f"rows{first // ROWS_PER_FILE % N_DIFFERENT:05d}.parquet", path)
        else:
            rows = make_rows(first, min(ROWS_PER_FILE, n_rows - first))
            rows.to_parquet(path, row_group_size=ROWS_PER_GROUP)


def train(folder, limit, hidden):
    """Train for an epoch within ``limit`` megabytes; the figures as a dict."""
    from skann import ANNClassifier
    from skann.data import BlockTable, from_parquet

    class WithProgress(BlockTable):
        """A table that shows how many of its rows have been read."""

        def __init__(self, table):
            self.table, self.shape, self.n_pieces, self.n_read = table, table.shape, table.n_pieces, 0
            self.has_target, self.has_weight = table.has_target, table.has_weight

        def read(self, piece):
            for block in self.table.read(piece):
                self.n_read += len(block.X)
                passes = self.n_read / len(self)
                print(f"\r{'#' * int(20 * (passes % 1)):20} pass {passes:.3f}", end="", file=sys.stderr)
                yield block

    if limit:
        resource.setrlimit(resource.RLIMIT_DATA, (limit * 2**20,) * 2)
    table = from_parquet(folder, target="target")
    started = [time.perf_counter(), time.process_time()]
    size = {} if hidden is None else {"hidden_layer_sizes": (hidden,), "numeric_embedding": None}
    model = ANNClassifier(max_iter=1, n_estimators=1, random_state=0, **size).fit(WithProgress(table))
    seconds, processor = time.perf_counter() - started[0], time.process_time() - started[1]
    return {
        "rows": len(table), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "seconds": seconds, "processor_seconds": processor, "rows_per_second": len(table) / seconds,
        "held_out_score": max(model.history_["validation_score"]),
    }  # fmt: skip


def in_own_process(folder, limit, hidden):
    """The figures of `train` in a process of its own."""
    command = [sys.executable, __file__, "--train", "--folder", str(folder), "--limit", str(limit)]
    command += [] if hidden is None else ["--hidden", str(hidden)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | SYSTEM_POOL)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--limit", type=int, default=1024, help="RLIMIT_DATA in megabytes; 0 for none")
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--hidden", type=int, help="units of the one layer of a small network; else that by default")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--train", action="store_true", help="only train, on the files of the folder")
    options = parser.parse_args()
    if options.train:
        print(json.dumps(train(options.folder, options.limit, options.hidden)))
        return
    n_rows, limit = (400_000, 512) if options.small else (options.rows, options.limit)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        for n in (n_rows // 4, n_rows):
            write(folder / str(n), n)
            print("\n", json.dumps(in_own_process(folder / str(n), limit, options.hidden)), flush=True)


if __name__ == "__main__":
    main()
