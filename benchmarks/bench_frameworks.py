"""The same network in skann, scikit-learn, eager PyTorch and JAX: what a user waits for and has to install.

    python benchmarks/bench_frameworks.py [--quick] [--json FILE]

- a fitted model: 20 epochs on 10 000 rows, from the start of a new network, what is compiled included;
- a given accuracy: seconds of training until 96 % of the test rows of scikit-learn's digits are right, judged after
  each epoch, the judging not counted; the mean over five splits of the table;
- one row, a million rows: `predict_proba`, a fitted network of two layers of 64;
- memory: the peak of the resident size of a process that imports the package and fits the model;
- import: seconds of a new process, less those of one that imports NumPy alone;
- install size: the files of the package and of all that it requires, NumPy included.

One core, where the system lets a process choose it; memory is read where there is a /proc. Contenders have their turns
within one process where a clock is read; figures are medians, ratios the medians of ratios of neighbours. PyTorch and
JAX are left out where they are not installed.
"""

import importlib.metadata
import os
import re
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

import skann
from common import describe_machine, interleave, parse_options, print_machine, write_json
from frameworks import installed

WIDTHS, BATCH, RATE = (20, 64, 64, 3), 128, 1e-3
ONE_FIT = """
import sys
from pathlib import Path
import numpy as np
sys.path.insert(0, {folder!r})
from frameworks import CONTENDERS
rng = np.random.default_rng(0)
X, y = rng.standard_normal((10_000, 20), dtype=np.float32), rng.integers(3, size=10_000)
model = CONTENDERS[{name!r}]({widths}, {batch}, {rate})
model.begin(X, y)
for _ in range(2):
    model.epoch()
status = Path("/proc/self/status").read_text().splitlines()
print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024)
"""


def of_seconds(contenders, prepare, act, repetitions):
    """Seconds that ``act(model)`` takes for each contender, in turn, an array each."""

    def timer(model):
        def seconds():
            prepare(model)
            start = time.perf_counter()
            act(model)
            return time.perf_counter() - start

        return seconds

    models = {name: made(WIDTHS, BATCH, RATE) for name, made in contenders.items()}
    return interleave({name: timer(model) for name, model in models.items()}, repetitions)


def fitted(contenders, repetitions):
    """Seconds to a network trained for 20 epochs."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((10_000, 20), dtype=np.float32), rng.integers(3, size=10_000)

    def act(model):
        model.begin(X, y)
        for _ in range(20):
            model.epoch()

    return of_seconds(contenders, lambda model: None, act, repetitions)


def predictions(contenders, n_rows, n_calls, repetitions):
    """Seconds of `predict_proba` on so many rows."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((max(n_rows, 1000), 20), dtype=np.float32), rng.integers(3, size=max(n_rows, 1000))

    def prepare(model):
        if not hasattr(model, "X"):
            model.begin(X[:1000], y[:1000])
            model.epoch()
            model.predict_proba(X[:n_rows])

    def act(model):
        for _ in range(n_calls):
            model.predict_proba(X[:n_rows])

    return {name: each / n_calls for name, each in of_seconds(contenders, prepare, act, repetitions).items()}


def to_accuracy(contenders, repetitions, goal=0.96, most=200):
    """Seconds of training until so much of the test rows is right; NaN if that takes more than ``most`` epochs."""
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)

    def timer(made):
        def seconds():
            total = 0.0
            for seed in range(repetitions):
                X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed, stratify=y)
                model = made((64, 64, 10), 64, RATE)
                start = time.perf_counter()
                model.begin(X_train, y_train)
                total += time.perf_counter() - start
                for _ in range(most):
                    start = time.perf_counter()
                    model.epoch()
                    total += time.perf_counter() - start
                    if np.mean(model.predict_proba(X_test).argmax(axis=1) == y_test) >= goal:
                        break
                else:
                    return np.nan
            return total / repetitions

        return seconds

    return interleave({name: timer(made) for name, made in contenders.items()}, repetitions)


def in_new_process(code, repetitions):
    """What a program prints last, a float: the median over its runs."""
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(repetitions)
    ]
    return float(np.median([float(run.split()[-1]) for run in runs]))


def import_seconds(name, repetitions):
    package = "sklearn.neural_network" if name == "sklearn" else name
    code = f"import time, numpy; start = time.perf_counter(); import {package}; print(time.perf_counter() - start)"
    return in_new_process(code, repetitions)


def peak_megabytes(name):
    return in_new_process(
        ONE_FIT.format(folder=str(Path(__file__).parent), name=name, widths=WIDTHS, batch=BATCH, rate=RATE), 3
    )


def requirements(package):
    """The names of a package and of all that it requires, extras left out."""
    found, to_see = set(), [package]
    while to_see:
        name = re.sub(r"[-_.]+", "-", to_see.pop()).lower()
        try:
            wanted = importlib.metadata.requires(name) if name not in found else None
        except importlib.metadata.PackageNotFoundError:  # of another system
            continue
        found.add(name)
        to_see += [re.split(r"[^\w.-]", each)[0] for each in wanted or [] if "extra ==" not in each]
    return sorted(found)


def installed_megabytes(package):
    """Size of the files that an installation of a package leaves."""
    sizes = []
    for name in requirements(package):
        for file in importlib.metadata.files(name) or []:
            path = file.locate()
            if path.is_file() and ".." not in file.parts[0]:
                sizes.append(path.stat().st_size)
    if package == "skann":  # which may be installed as a link to its source
        sizes += [path.stat().st_size for path in Path(skann.__file__).parent.rglob("*.py")]
    return sum(sizes) / 1e6


def main():
    options = parse_options(__doc__)
    repetitions = 3 if options.quick else 9
    machine, contenders = describe_machine(), installed()
    machine |= {name: importlib.metadata.version(name) for name in ("torch", "jax") if name in contenders}
    print_machine(machine)
    if "torch" in contenders:
        import torch

        torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clocks = {
            "fitted": fitted(contenders, repetitions),
            "accuracy": to_accuracy(contenders, 5 if not options.quick else 2),
            "row": predictions(contenders, 1, 200, repetitions),
            "rows": predictions(contenders, 1_000_000, 1, repetitions),
        }
    results = {
        what: {
            name: {"seconds": float(np.median(times)), "ratio": float(np.median(times / found["skann"]))}
            for name, times in found.items()
        }
        for what, found in clocks.items()
    }
    packages = {"sklearn": "scikit-learn"}
    results["import_seconds"] = {name: import_seconds(name, repetitions) for name in contenders}
    if os.path.exists("/proc/self/status"):
        results["peak_megabytes"] = {name: peak_megabytes(name) for name in contenders}
    results["installed_megabytes"] = {name: installed_megabytes(packages.get(name, name)) for name in contenders}
    for what, found in results.items():
        print(
            what,
            {
                name: {k: round(v, 6) for k, v in each.items()} if isinstance(each, dict) else round(each, 3)
                for name, each in found.items()
            },
        )
    if options.json:
        write_json(options.json, machine, results)


if __name__ == "__main__":
    main()
