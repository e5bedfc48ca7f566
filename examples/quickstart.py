"""Train, tune and evaluate a classifier and a regressor on real data: arrays from scikit-learn, and a raw table.

    python examples/quickstart.py [PICTURE]

The loss curves of the two networks go to PICTURE (default: loss_curve.png).
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from palmerpenguins import load_penguins
from sklearn import metrics
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier, ANNRegressor


def classify():
    """Malignant or benign? Tune a classifier by cross-validation, then test it."""
    X, y = load_breast_cancer(return_X_y=True)
    y = 1 - y  # 1 = malignant, so that recall is the share of the malignant tumours found
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

    model = make_pipeline(
        StandardScaler(),
        ANNClassifier((32,), learning_rate_init=0.01, max_iter=500, encoder=None, random_state=0),
    )
    grid = {
        "annclassifier__hidden_layer_sizes": [(16,), (32, 16)],
        "annclassifier__alpha": [0.01, 10.0],
    }
    search = GridSearchCV(model, grid, cv=5).fit(X_train, y_train)
    y_pred = search.predict(X_test)

    print(f"Breast cancer: {len(y_train)} patients to train on, {len(y_test)} to test")
    print(f"  best parameters          {search.best_params_}")
    print(f"  cross-validated accuracy {search.best_score_:.3f}")
    print(f"  test accuracy            {metrics.accuracy_score(y_test, y_pred):.3f}")
    print(f"  test precision           {metrics.precision_score(y_test, y_pred):.3f}")
    print(f"  test recall              {metrics.recall_score(y_test, y_pred):.3f}")
    print(f"  test F1                  {metrics.f1_score(y_test, y_pred):.3f}")
    return search.best_estimator_[-1]


def regress():
    """How far will diabetes progress? Cross-validate a regressor, then test it."""
    X, y = load_diabetes(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

    # Networks learn best when the target, too, has mean 0 and variance 1.
    model = make_pipeline(
        StandardScaler(),
        TransformedTargetRegressor(
            ANNRegressor((16,), alpha=10.0, learning_rate_init=0.01, max_iter=500, encoder=None, random_state=0),
            transformer=StandardScaler(),
        ),
    )
    scores = cross_val_score(model, X_train, y_train, cv=5, scoring="r2")
    y_pred = model.fit(X_train, y_train).predict(X_test)

    print(f"Diabetes: {len(y_train)} patients to train on, {len(y_test)} to test")
    print(f"  cross-validated R2 {scores.mean():.3f} +- {scores.std():.3f}")
    print(f"  test MAE           {metrics.mean_absolute_error(y_test, y_pred):.1f}")
    print(f"  test RMSE          {metrics.root_mean_squared_error(y_test, y_pred):.1f}")
    print(f"  test R2            {metrics.r2_score(y_test, y_pred):.3f}")
    return model[-1].regressor_


def raw_table():
    """Female or male? A table as it comes: numbers, strings, missing values, nothing scaled, nothing to tune."""
    penguins = load_penguins().dropna(subset="sex")
    X, y = penguins.drop(columns="sex"), penguins["sex"]
    # as in real data, some values are missing
    X = X.mask(np.random.default_rng(0).random(X.shape) < 0.05)
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

    model = ANNClassifier(random_state=0).fit(X_train, y_train)
    probability = model.predict_proba(X_test)
    held_out = model.classes_[model.oof_prediction_.argmax(axis=1)]

    print(f"Penguins: {len(y_train)} to train on, {len(y_test)} to test, {X_train.isna().sum().sum()} values missing")
    print(f"  columns            {', '.join(X.columns)}")
    print(f"  out-of-fold error  {np.mean(held_out != y_train):.3f} of {len(model.estimators_)} networks")
    print(f"  test accuracy      {metrics.accuracy_score(y_test, model.predict(X_test)):.3f}")
    print(f"  test log-loss      {metrics.log_loss(y_test, probability):.3f}")
    print(f"  test ROC AUC       {metrics.roc_auc_score(y_test, probability[:, 1]):.3f}")


def plot_loss_curves(path, **networks):
    """Draw the training loss of each fitted network over its epochs."""
    figure, axes = plt.subplots(1, len(networks), figsize=(9, 3.5), layout="constrained")
    for ax, (name, network) in zip(axes, networks.items(), strict=True):
        ax.plot(network.loss_curve_)
        ax.set(title=name, xlabel="epoch", ylabel="training loss", yscale="log")
    figure.savefig(path)


if __name__ == "__main__":
    classifier = classify()
    regressor = regress()
    raw_table()
    picture = sys.argv[1] if len(sys.argv) > 1 else "loss_curve.png"
    plot_loss_curves(picture, classifier=classifier, regressor=regressor)
    print(f"Loss curves written to {picture}")
