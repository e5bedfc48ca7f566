"""Error against time from 10 000 to a million rows: the default of skann beside HistGradientBoosting.

    python benchmarks/bench_large.py [--folder FOLDER] [--tables NAME,..] [--models NAME,..] [--sizes N,..] [--jobs N]
    python benchmarks/bench_large.py --from-results

The tables are two made ones of a million rows by 20 mixed columns (large_tables.py: "made_classes" and "made_values"),
judged on 100 000 other rows, and those of 20 000 rows and more of FOLDER, which is as for bench_quality.py, judged on a
quarter of their rows. The models are "skann", the default, "hgb", HistGradientBoosting with its default values, and
"hgb_long", with up to 1000 trees of 63 leaves and early stopping. Each fit is made in a process of its own, with as
many jobs or threads (1), and noted in results/large.json, from which a run that was broken off goes on, and of which
the figure and the tables of docs/large_tables.md are made, at the end of a run or with --from-results. --anew makes
those fits again that were asked for. The page was made by

    python benchmarks/bench_large.py --folder FOLDER
    python benchmarks/bench_large.py --tables made_classes,made_values --models hgb,skann --sizes 1e6 --jobs 2

Seconds are those of the clock and those of all processors, which say more on a machine where others are at work. Memory
is the peak resident size of the process and its workers, above what it was with the table loaded; Linux only.
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from bench_quality import judge, split
from common import describe_machine, print_machine
from large_page import write_page
from large_tables import made_table
from skann import ANNClassifier, ANNRegressor

RESULTS = Path(__file__).parent / "results" / "large.json"
MADE = {"made_classes": True, "made_values": False}  # whether it is one of classification
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
N_TEST = 100_000
MANY = 20_000  # rows of an open table
LONG = {"max_iter": 1000, "max_leaf_nodes": 63, "early_stopping": True}
MODELS = ("hgb", "hgb_long", "skann")


def make(model, is_classifier, jobs):
    """The estimator of a model."""
    if model == "skann":
        return (ANNClassifier if is_classifier else ANNRegressor)(random_state=0, n_jobs=jobs)
    kind = HistGradientBoostingClassifier if is_classifier else HistGradientBoostingRegressor
    return kind(random_state=0, **(LONG if model == "hgb_long" else {}))


def read(table, n_rows):
    """X, X_test, y, y_test and whether it is a table of classification."""
    if table in MADE:
        X, y = made_table(max(SIZES) + N_TEST, MADE[table])
        return X[:n_rows].copy(), X[-N_TEST:].copy(), y[:n_rows].copy(), y[-N_TEST:].copy(), MADE[table]
    X, X_test, y, y_test = split(Path(table), 0, None)
    return X[:n_rows], X_test, y[:n_rows], y_test, Path(table).parent.name == "clf"


class Memory:
    """Inside, a thread watches how many megabytes this process and its workers hold; shared pages count once."""

    def __enter__(self):
        ctypes.CDLL(None).malloc_trim(0)  # what was freed before would else be used again, unseen
        self.before = self.most = self.now()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()

    @property
    def grown(self):
        """What the peak is above the start."""
        return self.most - self.before

    def _watch(self):
        while not self.is_over.wait(0.5):
            self.most = max(self.most, self.now())

    @staticmethod
    def now():
        workers = " ".join(each.read_text() for each in Path("/proc/self/task").glob("*/children")).split()
        total = 0.0
        for process in ("self", *workers):
            with suppress(OSError):  # it has just ended
                lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
                total += next(float(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
        return total


def measure(table, model, n_rows, jobs):
    """Fit, and judge with one thread."""
    X, X_test, y, y_test, is_classifier = read(table, n_rows)
    fitted = make(model, is_classifier, jobs)
    with threadpool_limits(jobs), Memory() as memory:
        start, before = time.perf_counter(), sum(os.times()[:4])
        fitted.fit(X, y)
        found = {"seconds": time.perf_counter() - start, "cpu_seconds": sum(os.times()[:4]) - before}
    found["megabytes"] = memory.grown
    if model == "skann":
        found |= {"networks": len(fitted.estimators_), "epochs": [each.n_iter_ for each in fitted.estimators_]}
    else:
        found["trees"] = fitted.n_iter_
    with threadpool_limits(1):
        return found | judge(fitted, X_test, y, y_test, is_classifier)


def in_a_process(*what):
    """`measure` in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--one", json.dumps(what)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def wanted(options):
    """The fits (table, model, rows) that were asked for: the small ones first."""
    n_rows = dict.fromkeys(MADE, max(SIZES))
    for path in sorted(options.folder.glob("*/*.parquet")) if options.folder else ():
        n = pq.read_metadata(path).num_rows
        n_rows |= {str(path): n * 3 // 4} if n >= MANY else {}
    chosen = options.tables.split(",") if options.tables else [Path(table).stem for table in n_rows]
    for size in options.sizes:
        for table, n in n_rows.items():
            if Path(table).stem in chosen and size / 2 < n:  # the last size of a table is all its rows
                for model in options.models.split(","):
                    yield table, model, n if size * 2 > n else size


def main():
    """Run what is missing in the file of results, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--tables", default="")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--sizes", type=lambda text: [int(float(n)) for n in text.split(",")], default=SIZES)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--anew", action="store_true")
    parser.add_argument("--from-results", action="store_true")
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one)))
        return
    if not options.from_results:
        for what in wanted(options):
            run(what, options.jobs, options.anew)
    stored = read_results()
    print_machine(stored["machine"])
    write_page(stored["fits"])


def run(what, jobs, anew):
    """Make the fit and note it, if it is not there already."""
    key = {"table": Path(what[0]).stem, "model": what[1], "rows": what[2], "jobs": jobs}
    if any(fit.items() >= key.items() for fit in read_results()["fits"]) and not anew:
        return
    found = key | in_a_process(*what, jobs)
    others = [fit for fit in read_results()["fits"] if not fit.items() >= key.items()]  # some may be new
    RESULTS.write_text(as_text({"machine": describe_machine(), "fits": [*others, found]}))
    print(json.dumps(found), flush=True)


def read_results():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {"fits": []}


def as_text(stored):
    """JSON with a line for each fit."""
    fits = sorted(stored["fits"], key=lambda fit: (fit["table"], fit["rows"], fit["model"], fit["jobs"]))
    lines = ",\n".join(
        json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in fit.items()}) for fit in fits
    )
    return f'{{"machine": {json.dumps(stored["machine"])},\n"fits": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
