"""Do intervals and sets hold the share of new rows that they promise, and how wide are they beside MAPIE's?

    python benchmarks/bench_intervals.py FOLDER [--only NAME,...] [--params JSON] [--splits N] [--peer-splits N]
        [--max-rows N] [--coverage C] [--out FILE]

FOLDER holds clf/*.parquet and reg/*.parquet, tables whose last column is ``target``. Each is split 75 to 25 --splits
times. What is printed are means over the splits: the share of test rows whose target is covered, and the width of the
intervals, in standard deviations of the target, or the number of classes in a set.

On the first --peer-splits of them MAPIE's cross-conformal prediction, with as many folds, gets the same model; its
coverage, and how many times wider our intervals or larger our sets are than its, stand beside; so does the processor
time that it takes, in units of ours. It trains all networks once for each fold, ours as many as there are folds in all.

Every split is a line of --out, so that a run that was broken off goes on where it was.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from skann import ANNClassifier, ANNRegressor


def split(path, seed, max_rows):
    """X_train, X_test, y_train, y_test; classes are numbered."""
    X = pd.read_parquet(path)
    if len(X) > max_rows:
        X = X.sample(max_rows, random_state=0)
    y = X.pop("target")
    is_classifier = path.parent.name == "clf"
    y = pd.factorize(y.astype(str), sort=True)[0] if is_classifier else y.to_numpy(float)
    return train_test_split(X, y, random_state=seed, stratify=y if is_classifier else None)


def judged(found, y):
    """Coverage and mean size of sets (n_rows, n_classes) or intervals (n_rows, 2)."""
    if found.dtype == bool:
        return float(found[np.arange(len(y)), y].mean()), float(found.sum(axis=1).mean())
    inside = (found[:, 0] <= y) & (y <= found[:, 1])
    return float(inside.mean()), float((found[:, 1] - found[:, 0]).mean() / y.std())


def measure(path, seed, options, with_peer):
    """Coverage, size and seconds of this split, and those of MAPIE."""
    X_train, X_test, y_train, y_test = split(path, seed, options.max_rows)
    is_classifier = path.parent.name == "clf"
    make = ANNClassifier if is_classifier else ANNRegressor
    model = make(**json.loads(options.params), random_state=seed)
    start = time.process_time()
    model.fit(X_train, y_train)
    predict = model.predict_set if is_classifier else model.predict_interval
    coverage, size = judged(predict(X_test, options.coverage), y_test)
    found = {"coverage": coverage, "size": size, "seconds": time.process_time() - start}
    if with_peer:
        start = time.process_time()
        peer = conformal(make, options, seed, len(model.estimators_), len(np.unique(y_train)))
        peer.fit_conformalize(X_train, y_train)
        sets = (peer.predict_set if is_classifier else peer.predict_interval)(X_test)[1][..., 0]
        coverage, size = judged(sets if is_classifier else sets.reshape(len(y_test), 2), y_test)
        found |= {"peer coverage": coverage, "peer size": size, "peer seconds": time.process_time() - start}
    return found


def conformal(make, options, seed, n_folds, n_classes):
    """MAPIE's cross-conformal prediction around the same model; for two classes it has no adaptive sets."""
    from mapie.classification import CrossConformalClassifier
    from mapie.regression import CrossConformalRegressor

    model = make(**json.loads(options.params), random_state=seed)
    if make is ANNClassifier:
        score = "aps" if n_classes > 2 else "lac"
        return CrossConformalClassifier(model, options.coverage, conformity_score=score, cv=n_folds, random_state=seed)
    return CrossConformalRegressor(model, options.coverage, cv=n_folds, random_state=seed)


def report(results):
    """A line for each table."""
    heading = f"{'table':<24}{'coverage':>9}{'size':>7}"
    print(heading + f"{'MAPIE: coverage':>17}{'size, ours / its':>18}{'seconds, its / ours':>21}")
    for table in dict.fromkeys(table for table, _ in results):
        all_splits = [result for (name, _), result in results.items() if name == table]
        both = [result for result in all_splits if "peer size" in result]
        line = f"{table:<24}{mean(all_splits, 'coverage'):9.3f}{mean(all_splits, 'size'):7.2f}"
        if both:
            ratio = mean(both, "size") / mean(both, "peer size")
            seconds = mean(both, "peer seconds") / mean(both, "seconds")
            line += f"{mean(both, 'peer coverage'):17.3f}{ratio:18.2f}{seconds:21.1f}"
        print(line)


def mean(results, name):
    return np.mean([result[name] for result in results])


def main():
    """Run what is missing in the file of results, then report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--params", default="{}", help="parameters of the estimators, a JSON object")
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--peer-splits", type=int, default=0)
    parser.add_argument("--max-rows", type=int, default=10_000)
    parser.add_argument("--coverage", type=float, default=0.9)
    parser.add_argument("--out", type=Path, default=Path("intervals.jsonl"))
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    results = {tuple(key): result for key, result in lines}
    for path in sorted([*options.folder.glob("clf/*.parquet"), *options.folder.glob("reg/*.parquet")]):
        if options.only and path.stem not in options.only.split(","):
            continue
        for seed in range(options.splits):
            if (path.stem, seed) not in results:
                results[path.stem, seed] = measure(path, seed, options, seed < options.peer_splits)
                with options.out.open("a") as file:
                    file.write(json.dumps([(path.stem, seed), results[path.stem, seed]]) + "\n")
    report(results)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    with threadpool_limits(1):
        main()
