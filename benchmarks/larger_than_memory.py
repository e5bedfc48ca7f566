"""Training on more rows than fit into memory: one network, one epoch, mixed columns read from Parquet files.

Memory is limited by RLIMIT_DATA, which the operating system enforces. While it trains, a line says how many rows have
been seen; at the end there are the peak resident size and the rows per second. 20 million rows take 1.5 GB on disk.
``--small`` compares two million rows with a quarter of them, in processes of their own.

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

ROWS_PER_FILE, ROWS_PER_GROUP = 10**6, 10**5
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
    """Parquet files with so many rows in all, no two of them the same; those that are there are left."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, n_rows, ROWS_PER_FILE):
        path = folder / f"rows{first // ROWS_PER_FILE:05d}.parquet"
        if not path.exists():
            rows = make_rows(first, min(ROWS_PER_FILE, n_rows - first))
            rows.to_parquet(path, row_group_size=ROWS_PER_GROUP)


def train(folder, limit, hidden):
    """Train for an epoch within ``limit`` megabytes; the figures as a dict."""
    from skann import ANNClassifier
    from skann.data import from_parquet

    if limit:
        resource.setrlimit(resource.RLIMIT_DATA, (limit * 2**20,) * 2)
    table = from_parquet(folder, target="target")
    started = [time.perf_counter(), time.process_time()]
    size = {} if hidden is None else {"hidden_layer_sizes": (hidden,), "numeric_embedding": None}
    model = ANNClassifier(max_iter=1, n_estimators=1, random_state=0, verbose=1, **size).fit(table)
    seconds, processor = time.perf_counter() - started[0], time.process_time() - started[1]
    return {
        "rows": len(table), "peak_mb": peak_mb(),
        "seconds": seconds, "processor_seconds": processor, "rows_per_second": len(table) / seconds,
        "held_out_score": max(model.history_["validation_score"]),
    }  # fmt: skip


def peak_mb():
    """The peak resident size of this process; that of `resource.getrusage` may be that of the process before it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def in_own_process(folder, limit, hidden):
    """Print the figures of `train` in a process of its own, which shows its progress."""
    command = [sys.executable, __file__, "--train", "--folder", str(folder), "--limit", str(limit)]
    command += [] if hidden is None else ["--hidden", str(hidden)]
    subprocess.run(command, check=True, env=os.environ | SYSTEM_POOL)


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
    n_rows, limit = (2_000_000, 512) if options.small else (options.rows, options.limit)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        for n in (n_rows // 4, n_rows):
            write(folder / str(n), n)
            in_own_process(folder / str(n), limit, options.hidden)


if __name__ == "__main__":
    main()
