"""Tables as they come: strings, missing values, columns on several scales. And small networks, quick to train."""

import numpy as np
import pandas as pd
import polars as pl

SMALL = {"hidden_layer_sizes": (16,), "max_iter": 20, "random_state": 0}
SINGLE = SMALL | {"n_estimators": 1}


def make_table(n_rows=600, seed=0):
    """A DataFrame and the number that is behind the targets: what it would take to know everything."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": rng.lognormal(10, 1, n_rows),
            "age": rng.integers(18, 90, n_rows),
            "city": rng.choice(["Bern", "Basel", "Genf"], n_rows),
            "noise": rng.normal(size=n_rows),
        }
    )
    signal = (np.log(frame["income"]) - 10 + frame["city"].map({"Bern": 1.5, "Basel": 0, "Genf": -1.5})).to_numpy()
    frame.loc[rng.random(n_rows) < 0.1, "city"] = None
    frame.loc[rng.random(n_rows) < 0.1, "income"] = np.nan
    return frame, signal


def make_classes(n_rows=600, seed=0):
    """The table and labels of two classes that it cannot tell apart with certainty."""
    frame, signal = make_table(n_rows, seed)
    noise = np.random.default_rng(seed + 1).logistic(scale=0.4, size=n_rows)
    return frame, np.where(signal + noise > 0, "rich", "poor")


def make_values(n_rows=600, seed=0):
    """The table and values with noise."""
    frame, signal = make_table(n_rows, seed)
    return frame, signal + np.random.default_rng(seed + 1).normal(scale=0.4, size=n_rows)


def as_polars(frame):
    """The same table in polars, missing values included."""
    return pl.DataFrame({name: [None if pd.isna(cell) else cell for cell in frame[name]] for name in frame})
