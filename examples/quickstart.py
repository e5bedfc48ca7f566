"""Fit raw tables, compare with scikit-learn, tune in a pipeline, and look at what was learnt.

    python examples/quickstart.py [PICTURE]

A page of pictures goes to PICTURE (default: quickstart.png). The data are made, or come with installed packages.
"""

import sys
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from palmerpenguins import load_penguins_raw
from sklearn import metrics
from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from skann import ANNClassifier, ANNRegressor, LossCurveDisplay
from skann.inspection import attributions

# Lower is better, and one digit is enough, for some of the scores.
LOWER, ONE_DIGIT = {"log-loss", "MAE", "RMSE", "seconds"}, {"MAE", "RMSE", "seconds"}


def make_flats(n_rows=3000):
    """Return a table of flats, their rents, and what the rents are without noise."""
    rng = np.random.default_rng(0)
    district_level = rng.normal(0, 0.25, 30)
    district = rng.integers(0, 30, n_rows)
    flats = pd.DataFrame(
        {
            "area": (rng.gamma(6, 12, n_rows) + 15).round(),
            "district": [f"district {i + 1}" for i in district],
            "built": rng.integers(1880, 2024, n_rows).astype(float),
            "floor": rng.integers(0, 9, n_rows),
            "lift": rng.choice(["yes", "no"], n_rows),
            "heating": rng.choice(["gas", "oil", "district heating", "electric"], n_rows, p=[0.5, 0.2, 0.2, 0.1]),
            "to station": rng.lognormal(6.3, 0.8, n_rows).round(),
        }
    )
    rent = 14 * flats["area"] ** 0.92 * np.exp(district_level[district])
    rent *= 1 - 0.12 * np.log(flats["to station"] / 500)
    rent *= 1 + ((flats["built"] - 1960) / 100) ** 2
    rent *= 1 + flats["floor"] * flats["lift"].map({"yes": 0.02, "no": -0.04})
    rent *= flats["heating"].map({"gas": 1, "district heating": 1, "oil": 0.9, "electric": 0.85})
    flats.loc[rng.random(n_rows) < 0.1, "built"] = np.nan
    flats.loc[rng.random(n_rows) < 0.1, "heating"] = None
    return flats, (rent * np.exp(rng.normal(0, 0.06, n_rows))).round(), rent


def describe(table):
    """Print one line for each column."""
    print(f"  {'column':12} {'values':8} {'different':>9} {'missing':>8}   the first rows")
    for name, column in table.items():
        kind = "numbers" if pd.api.types.is_numeric_dtype(column) else "strings"
        first = ", ".join(map(str, column[:4]))
        print(f"  {name:12} {kind:8} {column.nunique():9} {column.isna().sum():8}   {first}")


def prepared(model):
    """Return scikit-learn's pipeline for a model that needs numbers, on one scale, and none missing."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    strings = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"), OneHotEncoder(handle_unknown="ignore")
    )
    is_number = make_column_selector(dtype_include="number")
    is_string = make_column_selector(dtype_exclude="number")
    return make_pipeline(make_column_transformer((numbers, is_number), (strings, is_string)), model)


def to_categories(X):
    """Return the table with categories in place of strings."""
    return X.astype(dict.fromkeys(X.select_dtypes(exclude="number"), "category"))


def with_categories(model):
    """Return scikit-learn's pipeline for boosted trees, which take missing values and categories, but no strings."""
    return make_pipeline(FunctionTransformer(to_categories), model)


CLASSIFIERS = {
    "skann": ANNClassifier(random_state=0),
    "skann, one network": ANNClassifier(n_estimators=1, random_state=0),
    "MLP in its pipeline": prepared(MLPClassifier(random_state=0)),
    "HistGradientBoosting": with_categories(HistGradientBoostingClassifier(random_state=0)),
}
REGRESSORS = {
    "skann": ANNRegressor(random_state=0),
    "skann, one network": ANNRegressor(n_estimators=1, random_state=0),
    "MLP in its pipeline": TransformedTargetRegressor(
        prepared(MLPRegressor(random_state=0)), transformer=StandardScaler()
    ),
    "HistGradientBoosting": with_categories(HistGradientBoostingRegressor(random_state=0)),
}


def class_scores(y, probability):
    """Return the scores of probabilities of two classes; "FEMALE", the first, is what is to be found."""
    female, predicted = y == "FEMALE", probability[:, 0] > 0.5
    return {
        "accuracy": metrics.accuracy_score(female, predicted),
        "precision": metrics.precision_score(female, predicted),
        "recall": metrics.recall_score(female, predicted),
        "F1": metrics.f1_score(female, predicted),
        "log-loss": metrics.log_loss(female, probability[:, 0]),
    }


def value_scores(y, predicted):
    """Return the scores of predicted numbers."""
    return {
        "MAE": metrics.mean_absolute_error(y, predicted),
        "RMSE": metrics.root_mean_squared_error(y, predicted),
        "R2": metrics.r2_score(y, predicted),
    }


def compare(models, predict, scores):
    """Print the scores of each model's predictions, and the seconds that they took on one processor core."""
    table = {}
    for name, model in models.items():
        start = time.process_time()
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the 200 epochs of the MLP may be few
            predicted = predict(model)
        table[name] = scores(predicted) | {"seconds": time.process_time() - start}
    columns = list(table["skann"])
    print(f"\n  {'default values':20}" + "".join(f"{column:>11}" for column in columns))
    for name, row in table.items():
        print(f"  {name:20}" + "".join(f"{cell(table, row, column):>11}" for column in columns).rstrip())


def cell(table, row, column):
    """Return a figure as text, with a star if it is the best of its column."""
    best = (min if column in LOWER else max)(other[column] for other in table.values())
    return f"{row[column]:.{1 if column in ONE_DIGIT else 3}f}{'*' if row[column] == best else ' '}"


def rents():
    """What is the rent? Return the fitted model, the flats to predict, and their rents."""
    X, y, rule = make_flats()
    X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=1000, random_state=0)
    print("Raw tables, default values, scores on rows that no model has seen; * is the best of a column\n")
    print(f"Rents of {len(X)} flats, made by a rule with noise: {len(X_train)} to train on\n")
    describe(X)
    compare(
        REGRESSORS,
        lambda model: model.fit(X_train, y_train).predict(X_test),
        lambda predicted: value_scores(y_test, predicted),
    )
    error = metrics.mean_absolute_error(y_test, rule[y_test.index])
    print(f"  The rule itself, with nothing missing, has a MAE of {error:.1f}: so large is the noise.")
    return REGRESSORS["skann"], X_train, X_test, y_test


def penguins():
    """Female or male? Penguins as biologists have written them down, without the numbers that name a bird."""
    table = load_penguins_raw().dropna(subset="Sex")
    X = table.drop(columns=["studyName", "Sample Number", "Individual ID", "Date Egg", "Sex"])
    y, folds = table["Sex"], KFold(5, shuffle=True, random_state=0)
    print(f"\nSex of {len(X)} real penguins, {X.shape[1]} columns, five-fold cross-validation")
    compare(
        CLASSIFIERS,
        lambda model: cross_val_predict(model, X, y, cv=folds, method="predict_proba"),
        lambda probability: class_scores(y, probability),
    )


def search():
    """Malignant or benign? Search over the parameters of a plain network in a pipeline."""
    X, y = load_breast_cancer(return_X_y=True)
    y = 1 - y  # 1 = malignant, so that recall is the share of the malignant tumours found
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

    network = ANNClassifier(learning_rate_init=0.01, max_iter=500, encoder=None, random_state=0)
    grid = {"annclassifier__hidden_layer_sizes": [(16,), (32, 16)], "annclassifier__alpha": [0.01, 10.0]}
    found = GridSearchCV(make_pipeline(StandardScaler(), network), grid, cv=5).fit(X_train, y_train)
    y_pred = found.predict(X_test)

    print(f"\nPipeline and GridSearchCV: breast cancer, {len(y_train)} patients to train on, {len(y_test)} to test")
    print(f"  best parameters          {found.best_params_}")
    print(f"  cross-validated accuracy {found.best_score_:.3f}")
    print(f"  test accuracy            {metrics.accuracy_score(y_test, y_pred):.3f}")
    print(f"  test precision           {metrics.precision_score(y_test, y_pred):.3f}")
    print(f"  test recall              {metrics.recall_score(y_test, y_pred):.3f}")
    print(f"  test F1                  {metrics.f1_score(y_test, y_pred):.3f}")


def cross_validate():
    """How far will diabetes progress? A network in cross_val_score."""
    X, y = load_diabetes(return_X_y=True)
    network = ANNRegressor(n_estimators=1, random_state=0)
    errors = -cross_val_score(network, X, y, cv=5, scoring="neg_mean_absolute_error")
    print(f"\ncross_val_score: diabetes, {len(y)} patients")
    print(f"  MAE of five folds        {', '.join(f'{error:.1f}' for error in errors)}; mean {errors.mean():.1f}")


def draw(model, background, X, y, path):
    """Draw the training, intervals for new flats, and why one of them has its prediction."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(18, 5), layout="constrained")
    LossCurveDisplay.from_estimator(model, ax=left, learning_rate=False, name="The training of the networks")
    left.set_yscale("log")

    predicted, (low, high) = model.predict(X), model.predict_interval(X, coverage=0.9).T
    inside = np.mean((low <= y) & (y <= high))
    shown = np.argsort(predicted)[:: len(X) // 60]
    place = np.arange(len(shown))
    middle.vlines(place, low[shown], high[shown], color="C0", alpha=0.4, linewidth=3, label="interval, coverage 0.9")
    middle.plot(place, predicted[shown], "_", color="C0", label="prediction")
    middle.plot(place, y.to_numpy()[shown], "k.", label="rent")
    middle.set(title=f"{inside:.0%} of the rents of {len(X)} new flats are in their intervals")
    middle.set(xlabel="some of these flats, by predicted rent", ylabel="rent")
    middle.legend(frameon=False)

    attributions(model, X[:1], background=background[:100]).plot(right, row=0)
    right.set_title("Why the first of the new flats has its rent")
    figure.savefig(path)
    print(f"\nThe training, intervals, and the reasons of one prediction are drawn in {path}")


def main(picture="quickstart.png"):
    """Run everything."""
    model, X_train, X_new, y_new = rents()
    penguins()
    search()
    cross_validate()
    draw(model, X_train, X_new, y_new, picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
