"""What do constraints cost in accuracy where they make sense, beside HistGradientBoosting with the same constraints?

    python benchmarks/bench_constraints.py FOLDER [--only NAME,...] [--params JSON] [--splits N] [--max-rows N]

FOLDER holds clf/*.parquet and reg/*.parquet, tables whose last column is ``target``; those that `CONSTRAINTS` names are
measured. Each is split 75 to 25 --splits times. What is printed is the mean loss on the test rows, log-loss or root
mean squared error in standard deviations of the target, of ANNClassifier or ANNRegressor without and with
``monotonic_cst``, and of HistGradientBoosting with it; and how many of the pairs (a test row, the same row with one
constrained column moved) the predictions without and with constraints order wrongly, in per cent. The last two columns
are the losses of the additive model, ``interaction_cst="no_interactions"``, and of a spline GAM of scikit-learn: cubic
splines with ten knots at quantiles, and a ridge or logistic regression with the penalty that cross-validation chooses.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer
from threadpoolctl import threadpool_limits

from skann import ANNClassifier, ANNRegressor

CONSTRAINTS = {
    "diabetes_pima": {"glucose": 1, "mass": 1, "pedigree": 1},  # diabetes
    "heart_disease": {"ST by exercise": 1, "major vessels colored": 1, "max HR": -1},  # disease
    "credit_scoring": {"Seniority": 1, "Income": 1, "Assets": 1, "Debt": -1, "Amount": -1},  # a good customer
    "auto_mpg": {"weight": -1, "horsepower": -1, "displacement": -1, "year": 1},  # miles per gallon
    "concrete": {"cement": 1, "slag": 1, "age": 1, "water": -1},  # strength
    "abalone": {"shell": 1, "shucked": -1},  # rings
    "diabetes_progression": {"bmi": 1, "bp": 1, "s5": 1},  # progression
    "wine_quality": {"alcohol": 1, "volatile acidity": -1},  # grade
}


def table(path, max_rows):
    """X and y, classes numbered, of up to ``max_rows`` rows."""
    X = pd.read_parquet(path)
    X = X.sample(min(len(X), max_rows), random_state=0)
    y = X.pop("target")
    if path.parent.name == "clf":
        return X, pd.factorize(y.astype(str), sort=True)[0]
    return X, y.to_numpy(float)


def prediction(model, X):
    """Probabilities of the second class, or values."""
    return model.predict_proba(X)[:, 1] if hasattr(model, "predict_proba") else model.predict(X)


def loss(model, X, y, y_train):
    """Log-loss, or root mean squared error in standard deviations of the training targets."""
    predicted = prediction(model, X)
    if hasattr(model, "predict_proba"):
        return log_loss(y, predicted)
    return float(np.sqrt(np.mean((predicted - y) ** 2)) / y_train.std())


def wrong_pairs(model, X, directions):
    """The share of pairs that are ordered wrongly by more than 1e-6 of the spread."""
    before, n_wrong = prediction(model, X), 0
    for name, direction in directions.items():
        values = np.random.default_rng(0).permutation(X[name].to_numpy(float))
        moved = prediction(model, X.assign(**{name: values}))
        gain = direction * np.sign(values - X[name].to_numpy(float)) * (moved - before)
        n_wrong += np.sum(gain < -1e-6 * before.std())
    return n_wrong / (len(X) * len(directions))


def spline_gam(X, is_classifier):
    """Splines of the numbers, indicators of the categories and missing values, and a linear model."""
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True), SplineTransformer(n_knots=10, knots="quantile")
    )
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    if is_classifier:
        return make_pipeline(columns, LogisticRegressionCV(Cs=8, max_iter=500, scoring="neg_log_loss"))
    return make_pipeline(columns, RidgeCV(np.logspace(-4, 3, 15)))


def measure(path, seed, options):
    """Losses without and with constraints and of the peer, and shares of wrong pairs without and with."""
    X, y = table(path, options.max_rows)
    is_classifier, directions = path.parent.name == "clf", CONSTRAINTS[path.stem]
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed, stratify=y if is_classifier else None)
    make = ANNClassifier if is_classifier else ANNRegressor
    peer = HistGradientBoostingClassifier if is_classifier else HistGradientBoostingRegressor
    free = make(**json.loads(options.params), random_state=seed).fit(X_train, y_train)
    constrained = make(**json.loads(options.params), random_state=seed, monotonic_cst=directions).fit(X_train, y_train)
    boosted = peer(monotonic_cst=directions, categorical_features="from_dtype", random_state=seed).fit(X_train, y_train)
    additive = make(**json.loads(options.params), random_state=seed, interaction_cst="no_interactions")
    additive.fit(X_train, y_train)
    splines = spline_gam(X_train, is_classifier).fit(X_train, y_train)
    losses = [loss(model, X_test, y_test, y_train) for model in (free, constrained, boosted, additive, splines)]
    return losses + [100 * wrong_pairs(model, X_test, directions) for model in (free, constrained)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default=",".join(CONSTRAINTS))
    parser.add_argument("--params", default="{}")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--max-rows", type=int, default=2000)
    options = parser.parse_args()
    heads = ("free", "monotone", "boosting", "additive", "splines", "wrong, free", "monotone")
    print(f"{'table':22}" + "".join(f"{head:>12}" for head in heads))
    paths = {path.stem: path for path in options.folder.glob("*/*.parquet")}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in options.only.split(","):
            rows = [measure(paths[name], seed, options) for seed in range(options.splits)]
            *losses, free, constrained = np.mean(rows, axis=0)
            cells = [f"{each:12.4f}" for each in losses] + [f"{free:10.1f} %", f"{constrained:10.1f} %"]
            print(f"{name:22}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()
