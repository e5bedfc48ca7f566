"""Does skann still predict what it predicted, to the bit? Fits small models, stores what they say, and compares.

    python benchmarks/same_predictions.py store FILE.npz      # before a change that must not change predictions
    python benchmarks/same_predictions.py compare FILE.npz    # after it
    python benchmarks/same_predictions.py compare FILE.npz --only losses,ensembles

The models are those of small_models.py and small_fits.py. Printed is a line for each configuration that differs, with
the array that differs most; the exit status is 1 if there is one. Other processors and other versions of NumPy and its
kin may round differently: store and compare on one machine, in one environment. BLAS has one thread here. Needs pandas,
polars, pyarrow and scikit-learn 1.9, whose callbacks are used.
"""

import argparse
import inspect
import json
import sys
import warnings
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

import small_fits
import small_models
from common import describe_machine

CONFIGURATIONS = {
    name: value
    for module in (small_models, small_fits)
    for name, value in vars(module).items()
    if inspect.isgeneratorfunction(value)
}
MACHINE = "machine"  # the name of the one array that nobody predicted


def arrays_of(name):
    """Fit the models of a configuration and return the arrays that they give, by name."""
    arrays = {}
    for model, values in CONFIGURATIONS[name]():
        for key, value in values.items():
            value = value.toarray() if hasattr(value, "toarray") else np.asarray(value)
            full_name = f"{name} | {model} | {key}"
            assert full_name not in arrays, full_name
            arrays[full_name] = value.astype(str) if value.dtype == object else value
    return arrays


def difference(new, old):
    """How far two arrays are apart: 0.0 if they are the same to the bit, infinite if it is no number that says it."""
    if new.dtype != old.dtype or new.shape != old.shape:
        return np.inf
    if new.tobytes() == old.tobytes():
        return 0.0
    if new.dtype.kind in "US":
        return np.inf
    new, old = new.astype(float), old.astype(float)
    with np.errstate(invalid="ignore"):
        apart = np.where((new == old) | np.isnan(new) & np.isnan(old), 0.0, np.abs(new - old))
    return max(float(np.nan_to_num(apart, nan=np.inf).max()), 5e-324)  # above 0 also for 0.0 and -0.0


def compare(name, stored):
    """What differs in a configuration, in a line; None if nothing does."""
    old = {key: value for key, value in stored.items() if key.startswith(f"{name} | ")}
    try:
        new = arrays_of(name)
    except Exception as error:  # the others are still compared
        return f"{type(error).__name__}: {error}"
    if new.keys() != old.keys():
        only = sorted(new.keys() ^ old.keys())
        return f"{len(only)} arrays are only in one of the two, such as {only[0]!r}"
    apart = {key: value for key in old if (value := difference(new[key], old[key]))}
    if not apart:
        return None
    text = f"{len(apart)} of {len(old)} arrays differ"
    numbers = {key: value for key, value in apart.items() if np.isfinite(value)}
    if numbers:
        worst = max(numbers, key=numbers.get)
        text += f", by up to {numbers[worst]:.2g} ({worst!r})"
    others = [key for key in apart if key not in numbers]
    return text + (f", {len(others)} in labels, shape, type or what is finite ({others[0]!r})" if others else "")


def store(path, names):
    """Fit all models and write what they give to the file."""
    arrays = {MACHINE: np.array(json.dumps(describe_machine()))}
    for name in names:
        arrays |= arrays_of(name)
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)
    print(f"{len(names)} configurations, {len(arrays) - 1} arrays")


def compare_all(path, names):
    """Fit all models again, print what differs from the file, and return the number of configurations that do."""
    with np.load(path) as file:
        stored = dict(file)
    then, now = json.loads(str(stored.pop(MACHINE))), describe_machine()
    for key in now.keys() - {"skann"}:
        if now[key] != then[key]:
            print(f"{key}: {then[key]} when the file was made, now {now[key]}")
    n_wrong = 0
    for name in names:
        text = compare(name, stored)
        n_wrong += text is not None
        if text:
            print(f"{name}: {text}", flush=True)
    print(f"{len(names)} configurations, {n_wrong} differ")
    return n_wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["store", "compare"])
    parser.add_argument("file")
    parser.add_argument("--only", type=lambda text: text.split(","), help="names of configurations")
    arguments = parser.parse_args()
    names = arguments.only or list(CONFIGURATIONS)
    if unknown := set(names) - CONFIGURATIONS.keys():
        parser.error(f"no such configurations: {', '.join(sorted(unknown))}")
    warnings.simplefilter("ignore")  # of few epochs
    begin = perf_counter()
    with threadpool_limits(1):  # the last bits depend on the number
        n_wrong = store(arguments.file, names) if arguments.action == "store" else compare_all(arguments.file, names)
    print(f"{perf_counter() - begin:.0f} seconds")
    sys.exit(bool(n_wrong))


if __name__ == "__main__":
    main()
