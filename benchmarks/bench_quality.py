"""Compare settings of the estimators, and peers in scikit-learn, on a folder of tables.

    python benchmarks/bench_quality.py FOLDER SETTING [SETTING ...] [--out FILE] [--only NAME,..] [--seeds N]
        [--max-rows N]

FOLDER holds clf/*.parquet and reg/*.parquet, tables whose last column is ``target``. A SETTING is a JSON object of
parameters, such as '{}' or '{"n_estimators": 1, "classifier": {"dropout": 0.3}}', where "classifier" and "regressor"
hold what is for one of them only; or "mlp" or "hgb", scikit-learn's MLP behind a preprocessing pipeline and its
gradient boosting.

Each table is split 75 to 25, --seeds times below 2500 rows and once above, and cut to --max-rows rows. Every fit is a
line of --out, so that a run that was broken off goes on where it was. What is printed is relative to the first setting:
geometric means over the tables of error, log-loss and 1 - AUC or of RMSE, 0.01 added to each, and processor seconds.
Below 1 is better.
"""

import argparse
import json
import math
import time
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from skann import ANNClassifier, ANNRegressor

MEASURES = ("error", "log_loss", "1-auc", "rmse", "seconds")


def estimator(setting, is_classifier, seed):
    """The estimator that a setting on the command line stands for."""
    if setting == "hgb":
        return (HistGradientBoostingClassifier if is_classifier else HistGradientBoostingRegressor)(random_state=seed)
    if setting == "mlp":
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        categories = OneHotEncoder(handle_unknown="ignore", sparse_output=False, max_categories=50)
        columns = make_column_transformer(
            (numbers, make_column_selector(dtype_include="number")),
            (categories, make_column_selector(dtype_exclude="number")),
        )
        if is_classifier:
            return make_pipeline(columns, MLPClassifier(random_state=seed))
        return TransformedTargetRegressor(
            make_pipeline(columns, MLPRegressor(random_state=seed)), transformer=StandardScaler()
        )
    params = json.loads(setting)
    own = params.pop("classifier", {}), params.pop("regressor", {})
    return (ANNClassifier if is_classifier else ANNRegressor)(
        random_state=seed, **params, **own[0 if is_classifier else 1]
    )


def split(path, seed, max_rows):
    """X_train, X_test, y_train, y_test; classes are numbered."""
    X = pd.read_parquet(path)
    y = X.pop("target")
    is_classifier = path.parent.name == "clf"
    y = pd.factorize(y.astype(str), sort=True)[0] if is_classifier else y.to_numpy(float)
    parts = train_test_split(X, y, random_state=seed, stratify=y if is_classifier else None)
    return [part[:max_rows] for part in parts]


def measure(path, setting, seed, max_rows):
    """Fit and judge."""
    X_train, X_test, y_train, y_test = split(path, seed, max_rows)
    is_classifier = path.parent.name == "clf"
    model = estimator(setting, is_classifier, seed)
    start = time.process_time()
    model.fit(X_train, y_train)
    return {"seconds": time.process_time() - start} | judge(model, X_test, y_train, y_test, is_classifier)


def judge(model, X_test, y_train, y_test, is_classifier):
    """The losses of a fitted model on rows that it has not seen."""
    if not is_classifier:
        return {"rmse": root_mean_squared_error(y_test, model.predict(X_test)) / y_test.std()}
    proba = np.zeros((len(y_test), max(y_train.max(), y_test.max()) + 1))
    proba[:, model.classes_] = np.clip(model.predict_proba(X_test), 1e-7, 1)
    proba /= proba.sum(axis=1, keepdims=True)
    labels = np.arange(proba.shape[1])
    score = proba[:, 1] if len(labels) == 2 else proba
    return {
        "error": 1 - accuracy_score(y_test, proba.argmax(axis=1)),
        "log_loss": log_loss(y_test, proba, labels=labels),
        "1-auc": 1 - roc_auc_score(y_test, score, multi_class="ovr", labels=labels),
    }


def report(results, settings):
    """Print each setting relative to the first."""
    mean = defaultdict(list)
    for (table, setting, _), result in results.items():
        for name, value in result.items():
            mean[table, setting, name].append(value)
    print(f"{'relative to ' + settings[0]:60s}" + "".join(f"{name:>10s}" for name in MEASURES))
    for setting in settings:
        cells = []
        for name in MEASURES:
            tables = [t for t, s, n in mean if s == setting and n == name and (t, settings[0], n) in mean]
            add = 0 if name == "seconds" else 0.01
            pairs = [(np.mean(mean[t, setting, name]) + add, np.mean(mean[t, settings[0], name]) + add) for t in tables]
            if name == "seconds":
                ratio = sum(a for a, _ in pairs) / sum(b for _, b in pairs) if pairs else math.nan
            else:
                ratio = math.exp(np.mean([math.log(a / b) for a, b in pairs])) if pairs else math.nan
            cells.append(f"{ratio:10.3f}")
        print(f"{setting:60s}" + "".join(cells))


def main():
    """Run what is missing in the file of results, then report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("settings", nargs="+")
    parser.add_argument("--out", type=Path, default=Path("quality.jsonl"))
    parser.add_argument("--only", default="")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--max-rows", type=int, default=10_000)
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    results = {tuple(key): result for key, result in lines}
    for path in sorted([*options.folder.glob("clf/*.parquet"), *options.folder.glob("reg/*.parquet")]):
        if options.only and path.stem not in options.only.split(","):
            continue
        n_rows = len(pd.read_parquet(path, columns=["target"]))
        for seed in range(options.seeds if n_rows < 2500 else 1):
            for setting in options.settings:
                key = (path.stem, setting, seed)
                if key not in results:
                    results[key] = measure(path, setting, seed, options.max_rows)
                    with options.out.open("a") as file:
                        file.write(json.dumps([key, results[key]]) + "\n")
                    print(*key, {name: round(value, 4) for name, value in results[key].items()}, flush=True)
    report(results, options.settings)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")  # the peers' about convergence
    with threadpool_limits(1):
        main()
