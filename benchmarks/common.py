"""What the benchmarks share: options, interleaved measurement and the machine they ran on."""

import argparse
import json
import os
import platform
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import scipy
import sklearn
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_info

import skann


def parse_options(description):
    """Return the command line's options, ``quick`` and ``json``."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, rougher figures")
    parser.add_argument("--json", metavar="FILE", help="write the results to FILE, too")
    return parser.parse_args()


def interleave(contenders, repetitions):
    """Measure the contenders in turn, again and again, so that a noisy moment hits all of them.

    Parameters
    ----------
    contenders : dict of str to callable
        Each returns one measurement when it is called.
    repetitions : int
        How often each contender is measured, after a first round that does not count.

    Returns
    -------
    dict of str to ndarray of shape (repetitions,)
        Measurements at the same index were made next to each other; divide before taking medians.
    """
    names = list(contenders)
    rounds = {name: [] for name in names}
    for i in range(repetitions + 1):
        first = i % len(names)  # nobody always runs after the same neighbour
        for name in names[first:] + names[:first]:
            rounds[name].append(contenders[name]())
    return {name: np.array(values[1:]) for name, values in rounds.items()}


def describe_machine():
    """Return the versions and the BLAS libraries behind the figures."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "skann": skann.__version__,
        "processor": processor(),
        "cpus": os.cpu_count(),
        "blas": sorted(
            "{internal_api} {version} {architecture}".format(**library)
            for library in threadpool_info()
            if library["user_api"] == "blas"
        ),
    }


def processor():
    """The name of the processor, as far as the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def report(measurements, heading):
    """Measure, and print each figure beside its goal.

    Parameters
    ----------
    measurements : list of (str, float, callable)
        Name, the greatest value that meets the goal, and what measures it.
    heading : str
        What the names are about.

    Returns
    -------
    dict of str to float
    """
    results = {}
    print(f"\n{heading:<40}{'measured':>10}   goal")
    for name, goal, measure in measurements:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            value = results[name] = measure()
        print(f"{name:<40}{value:>10.2f} {'<=' if value <= goal else '> '} {goal:g}", flush=True)
    return results


def print_machine(machine):
    """Print one line about the machine and its software."""
    print(
        f"skann {machine['skann']}, scikit-learn {machine['scikit-learn']}, "
        f"NumPy {machine['numpy']}, Python {machine['python']}, "
        f"{machine['cpus']} CPUs, BLAS: {', '.join(machine['blas'])}"
    )


def write_json(path, machine, results):
    """Write the results and where they were measured to `path`."""
    with open(path, "w") as file:
        json.dump({"machine": machine, "results": results}, file, indent=1)


def geometric_mean(ratios):
    """The geometric mean of positive numbers; NaN of none."""
    return float(np.exp(np.mean(np.log(ratios)))) if len(ratios) else float("nan")


def average(results):
    """The mean over the splits: a dict without the split, the first entry of each key."""
    gathered = defaultdict(lambda: defaultdict(list))
    for (_, *key), measured in results.items():
        for name, value in measured.items():
            gathered[tuple(key)][name].append(value)
    return {key: {name: float(np.mean(values)) for name, values in each.items()} for key, each in gathered.items()}


def read_results(path):
    """The results that `write_results` has stored: a dict, empty where there is no file."""
    stored = json.loads(path.read_text("utf-8"))["results"] if path.exists() else []
    return {tuple(key): value for key, value in stored}


def write_results(path, results, machine):
    """Store results by key, a line for each, and the machine that measured the last of them.

    Parameters
    ----------
    path : Path
    results : dict of tuple to dict of str to float
    machine : dict
        As `describe_machine` returns it.
    """
    rounded = [[list(key), {name: round(each, 6) for name, each in value.items()}] for key, value in results.items()]
    lines = ",\n".join(json.dumps(line) for line in rounded)
    path.write_text(f'{{"machine": {json.dumps(machine)},\n"results": [\n{lines}\n]}}\n', "utf-8")


def write_table(page, name, lines):
    """Put the lines of a table between the comments ``<!-- table NAME -->`` and ``<!-- end NAME -->`` of a page."""
    before, rest = page.read_text("utf-8").split(f"<!-- table {name} -->")
    _, after = rest.split(f"<!-- end {name} -->")
    table = "\n".join(lines)
    page.write_text(f"{before}<!-- table {name} -->\n\n{table}\n\n<!-- end {name} -->{after}", "utf-8")
