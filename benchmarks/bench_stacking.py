"""skann and HistGradientBoosting, each by itself and combined, on a folder of tables.

    python benchmarks/bench_stacking.py FOLDER [--splits N]     measure what is missing, then write the tables
    python benchmarks/bench_stacking.py                         write the tables only

FOLDER is as for bench_quality.py. Each table is split 75 to 25, --splits times, and cut to 2000 rows to train on, and
what is measured is averaged over the splits. All models have default values. "voting" is the mean of both, as in
VotingClassifier and VotingRegressor; "weighted" the mean with the weight that is best for the out-of-fold predictions
of both, those of skann from its one fit, those of HistGradientBoosting from `cross_val_predict`; "stacking" is
StackingClassifier or StackingRegressor with five folds. The fits are kept in results/stacking.json; the tables in
docs/trees.md are made of them: geometric means of error, log-loss, 1 - AUC and RMSE, 0.01 added to each, and of
processor seconds, relative to skann by itself.
"""

import argparse
import time
import warnings
from itertools import product
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.ensemble import StackingClassifier, StackingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import cross_val_predict
from threadpoolctl import threadpool_limits

from bench_quality import estimator, judge, split
from common import average, describe_machine, geometric_mean, read_results, write_results, write_table

MAX_ROWS = 2000
RESULTS = Path(__file__).parent / "results" / "stacking.json"
PAGE = Path(__file__).parents[1] / "docs" / "trees.md"
MODELS = ("skann", "hgb", "voting", "weighted", "stacking")
MEASURES = {"error": 0.01, "log_loss": 0.01, "1-auc": 0.01, "rmse": 0.01, "seconds": 0.0}  # and what is added to each


class Mean:
    """The weighted mean of two fitted models, with the methods that `judge` calls."""

    def __init__(self, first, second, weight):
        self.models, self.weights = (first, second), (weight, 1 - weight)
        self.classes_ = getattr(first, "classes_", None)

    def predict(self, X):
        return sum(share * model.predict(X) for share, model in zip(self.weights, self.models, strict=True))

    def predict_proba(self, X):
        return sum(share * model.predict_proba(X) for share, model in zip(self.weights, self.models, strict=True))


def best_weight(first, second, y):
    """The share of the first predictions in the mean of both that has the least loss."""

    def loss(weight):
        mean = weight * first + (1 - weight) * second
        if mean.ndim == 1:
            return root_mean_squared_error(y, mean)
        return log_loss(y, np.clip(mean, 1e-7, 1))

    return minimize_scalar(loss, bounds=(0, 1), method="bounded").x


def measure(path, seed):
    """The losses and seconds of all models on one split of a table."""
    X_train, X_test, y_train, y_test = split(path, seed, MAX_ROWS)
    is_classifier = path.parent.name == "clf"
    skann, hgb = (estimator(setting, is_classifier, seed) for setting in ("{}", "hgb"))
    if not is_classifier:
        stacking = StackingRegressor([("skann", skann), ("hgb", hgb)], RidgeCV())
    else:
        stacking = StackingClassifier([("skann", skann), ("hgb", hgb)], LogisticRegression(max_iter=1000))
    seconds, models = {}, {}
    for name, model in (("skann", skann), ("hgb", hgb), ("stacking", stacking)):
        begin = time.process_time()
        models[name] = model.fit(X_train, y_train)
        seconds[name] = time.process_time() - begin
    begin = time.process_time()
    method = "predict_proba" if is_classifier else "predict"
    out_of_fold = cross_val_predict(estimator("hgb", is_classifier, seed), X_train, y_train, cv=5, method=method)
    weight = best_weight(skann.oof_prediction_, out_of_fold, y_train)
    seconds["voting"] = seconds["skann"] + seconds["hgb"]
    seconds["weighted"] = seconds["voting"] + time.process_time() - begin
    models |= {"voting": Mean(skann, hgb, 0.5), "weighted": Mean(skann, hgb, weight)}
    return {
        name: judge(models[name], X_test, y_train, y_test, is_classifier) | {"seconds": seconds[name]}
        for name in MODELS
    }


def ratios(results, name, measured):
    """For each table that has this measure: that of a model relative to skann's."""
    tables = [table for table, model in results if model == "skann" and measured in results[table, model]]
    add = MEASURES[measured]
    return [(results[table, name][measured] + add) / (results[table, "skann"][measured] + add) for table in tables]


def rows(results):
    """The lines of the page's table of means.

    Parameters
    ----------
    results : dict of (table, model) to dict of str to float

    Returns
    -------
    rows : list of str
    """
    lines = ["| model | error | log-loss | 1 - AUC | RMSE | time |", "|---|---|---|---|---|---|"]
    names = {
        "skann": "skann",
        "hgb": "HistGradientBoosting",
        "voting": "mean of both (voting)",
        "weighted": "weighted mean, by out-of-fold predictions",
        "stacking": "stacking, five folds",
    }
    for model, title in names.items():
        cells = [f"{geometric_mean(ratios(results, model, measured)):.3f}" for measured in list(MEASURES)[:4]]
        cells.append(f"{geometric_mean(ratios(results, model, 'seconds')):.2f}")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def rows_by_table(results):
    """The lines of the table of single losses: log-loss of the classifications, then RMSE."""
    lines = ["| table | loss | " + " | ".join(MODELS) + " |", "|---|---|" + "---|" * len(MODELS)]
    tables = list(dict.fromkeys(table for table, _ in results))
    for measured, title in (("log_loss", "log-loss"), ("rmse", "RMSE")):
        for table in sorted(table for table in tables if measured in results[table, "skann"]):
            losses = [results[table, model][measured] for model in MODELS]
            cells = [f"**{loss:.3f}**" if loss == min(losses) else f"{loss:.3f}" for loss in losses]
            lines.append(f"| {table} | {title} | " + " | ".join(cells) + " |")
    return lines


def tables():
    """The tables of the page by name, made of the raw results: lists of lines."""
    mean = average(read_results(RESULTS))
    return {"stacking": rows(mean), "by table": rows_by_table(mean)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--splits", type=int, default=2)
    options = parser.parse_args()
    results = read_results(RESULTS)
    paths = [*options.folder.glob("*/*.parquet")] if options.folder else []
    paths.sort(key=lambda path: path.stat().st_size)
    for seed, path in product(range(options.splits), paths):
        if (seed, path.stem, "skann") in results:
            continue
        for model, measured in measure(path, seed).items():
            results[seed, path.stem, model] = measured
            print(seed, path.stem, model, {name: round(value, 4) for name, value in measured.items()}, flush=True)
        write_results(RESULTS, results, describe_machine())
    for name, lines in tables().items():
        print("\n".join(lines))
        write_table(PAGE, name, lines)


if __name__ == "__main__":
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
