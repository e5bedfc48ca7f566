"""Rows to learn from and rows to stop by, with labels and targets."""

import numpy as np
import pandas as pd

import skann

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
SCORE = X @ [1.0, -1.0, 0.5, 0.0] + 0.3 * RNG.normal(size=120)
LABELS = np.array(["low", "mid", "top"])[np.digitize(SCORE, [-0.7, 0.7])]
TARGETS = {skann.ANNClassifier: LABELS, skann.ANNRegressor: 50 + 10 * SCORE}
TRAIN, VAL = np.arange(80), np.arange(80, 120)
SMALL = {"hidden_layer_sizes": (6,), "learning_rate_init": 0.02, "batch_size": 16, "max_iter": 12, "random_state": 0}
RECIPE = {"hidden_layer_sizes": (8,), "max_iter": 6, "n_estimators": 2, "random_state": 0}


def targets(Estimator):
    return LABELS if Estimator.__name__ == "ANNClassifier" else TARGETS[skann.ANNRegressor]


def table(n=150, seed=1):
    """A table with strings, a category and missing values, and its labels."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "colour": rng.choice(["red", "green", "blue"], n),
            "kind": pd.Categorical(rng.choice(["a", "b"], n)),
        }
    )
    y = np.where(frame["size"] + (frame["colour"] == "red") > 0.5, "yes", "no")
    frame.loc[rng.random(n) < 0.1, "size"] = np.nan
    frame.loc[rng.random(n) < 0.1, "colour"] = None
    return frame, y
