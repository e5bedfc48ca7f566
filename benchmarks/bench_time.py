"""Accuracy against time: settings of skann and its peers on a folder of tables, with one job and with two.

    python benchmarks/bench_time.py FOLDER [--models NAME,..] [--jobs 1,2] [--only NAME,..] [--max-rows N]
        [--seeds N] [--out FILE] [--figure FILE]

FOLDER is as for bench_quality.py. The models are "single" (``n_estimators=1``), "skann" (the default), "portfolio"
(``portfolio=True``), and of scikit-learn "mlp" and "hgb", with default values; "lightgbm" and "catboost", where they
are installed, too. All of them are fitted to one split before the next split has its turn. The jobs are processes or
threads, as each model has them: ``n_jobs`` of skann and LightGBM, threads of BLAS and OpenMP of scikit-learn,
``thread_count`` of CatBoost.

What is printed is a line for each model, in the order of time: geometric means over the tables of error, log-loss and
1 - AUC or of RMSE, 0.01 added to each, relative to the default of skann, and the seconds of all fits together, by the
clock and of the processors. A line with another model above it that is as good in everything costs time for nothing.
--figure draws the loss against the seconds.
"""

import argparse
import json
import os
import time
import warnings
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from bench_quality import estimator, judge, split
from common import describe_machine, print_machine

SETTINGS = {
    "single": '{"n_estimators": 1}',
    "skann": "{}",
    "portfolio": '{"portfolio": true}',
    "mlp": "mlp",
    "hgb": "hgb",
}
PACKAGES = ("lightgbm", "catboost")
LOSSES = ("error", "log_loss", "1-auc", "rmse")


def make(model, is_classifier, seed, jobs):
    """The estimator of a model; LightGBM and CatBoost take columns of the dtype category as they are."""
    if model == "lightgbm":
        import lightgbm

        kind = lightgbm.LGBMClassifier if is_classifier else lightgbm.LGBMRegressor
        return kind(random_state=seed, n_jobs=jobs, verbosity=-1)
    if model == "catboost":
        import catboost

        kind = catboost.CatBoostClassifier if is_classifier else catboost.CatBoostRegressor
        return kind(random_seed=seed, thread_count=jobs, verbose=False, allow_writing_files=False)
    made = estimator(SETTINGS[model], is_classifier, seed)
    return made.set_params(n_jobs=jobs) if "n_jobs" in made.get_params() else made


def measure(path, model, seed, jobs, max_rows):
    """Fit with so many jobs, and judge with one."""
    X_train, X_test, y_train, y_test = split(path, seed, max_rows)
    options = {}
    if model == "catboost":
        names = [name for name in X_train if not pd.api.types.is_numeric_dtype(X_train[name])]
        X_train, X_test = (X.assign(**{name: X[name].astype(str) for name in names}) for X in (X_train, X_test))
        options["cat_features"] = names
    is_classifier = path.parent.name == "clf"
    fitted = make(model, is_classifier, seed, jobs)
    with threadpool_limits(jobs):
        start, before = time.perf_counter(), sum(os.times()[:4])
        fitted.fit(X_train, y_train, **options)
        seconds = {"seconds": time.perf_counter() - start, "cpu_seconds": sum(os.times()[:4]) - before}
    with threadpool_limits(1):
        return seconds | judge(fitted, X_test, y_train, y_test, is_classifier)


def curve(results):
    """For each (model, jobs): ratios to the default of skann with one job, and seconds; None without such tables.

    Parameters
    ----------
    results : dict of (table, model, seed, jobs) to dict of str to float

    Returns
    -------
    lines : dict of (model, jobs) to dict of str to float
    """
    mean = defaultdict(list)
    for (table, model, _, jobs), result in results.items():
        for name, value in result.items():
            mean[(model, jobs), name, table].append(value)
    mean = {key: np.mean(values) for key, values in mean.items()}
    lines = {}
    for who in dict.fromkeys(key[0] for key in mean):
        line = lines[who] = {}
        for name in LOSSES:
            pairs = [
                (value, mean[("skann", who[1]), name, table])
                for (other, measured, table), value in mean.items()
                if (other, measured) == (who, name) and (("skann", who[1]), name, table) in mean
            ]
            line[name] = np.exp(np.mean([np.log((a + 0.01) / (b + 0.01)) for a, b in pairs])) if pairs else np.nan
        for name in ("seconds", "cpu_seconds"):
            line[name] = sum(value for (other, measured, _), value in mean.items() if (other, measured) == (who, name))
    return lines


def draw(lines, path):
    """One panel for classification and one for regression: loss relative to the default, and seconds."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharex=True)
    for panel, name, title in zip(
        panels, ("log_loss", "rmse"), ("Classification: log-loss", "Regression: RMSE"), strict=True
    ):
        for jobs, marker in ((1, "o"), (2, "s")):
            own = [(line["seconds"], line[name], model) for (model, n), line in lines.items() if n == jobs]
            own = [each for each in sorted(own) if np.isfinite(each[1])]
            panel.plot(
                *zip(*[each[:2] for each in own], strict=True), marker, label=f"{jobs} job{'s' if jobs > 1 else ''}"
            )
            for seconds, ratio, model in own if jobs == 1 else []:
                panel.annotate(model, (seconds, ratio), xytext=(5, 5), textcoords="offset points", fontsize=9)
        panel.set(xscale="log", xlabel="Seconds of all fits", ylabel="relative to the default of skann", title=title)
        panel.axhline(1, color="gray", linewidth=0.8, zorder=0)
        panel.legend()
    figure.savefig(path, dpi=120)


def main():
    """Run what is missing in the file of results, then report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", default=",".join([*SETTINGS, *filter(find_spec, PACKAGES)]))
    parser.add_argument("--jobs", default="1,2")
    parser.add_argument("--only", default="")
    parser.add_argument("--max-rows", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("time.jsonl"))
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    print_machine(describe_machine())
    lines = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    results = {tuple(key): result for key, result in lines}
    models, all_jobs = options.models.split(","), [int(jobs) for jobs in options.jobs.split(",")]
    for path in sorted([*options.folder.glob("clf/*.parquet"), *options.folder.glob("reg/*.parquet")]):
        if options.only and path.stem not in options.only.split(","):
            continue
        for seed in range(options.seeds):
            for model in models:
                for jobs in all_jobs:
                    key = (path.stem, model, seed, jobs)
                    if key in results:
                        continue
                    results[key] = measure(path, model, seed, jobs, options.max_rows)
                    with options.out.open("a") as file:
                        file.write(json.dumps([key, results[key]]) + "\n")
    lines = curve({key: result for key, result in results.items() if key[1] in models and key[3] in all_jobs})
    columns = (*LOSSES, "seconds", "cpu_seconds")
    print(f"{'model':12s}{'jobs':>5s}" + "".join(f"{name:>13s}" for name in columns))
    for (model, jobs), line in sorted(lines.items(), key=lambda item: item[1]["seconds"]):
        print(f"{model:12s}{jobs:5d}" + "".join(f"{line[name]:13.3f}" for name in columns))
    if options.figure:
        draw(lines, options.figure)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")  # the peers' about convergence
    main()
