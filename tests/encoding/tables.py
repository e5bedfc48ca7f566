"""The tables that the encoder's tests encode, and ways to do it."""

import numpy as np
import pandas as pd
import polars as pl

from skann.encoding import TabularEncoder

NAN = np.nan


def clip(z):
    """The smooth clip, from its definition."""
    return z / np.sqrt(1 + (np.asarray(z) / 3) ** 2)


def encode(X, sample_weight=None, **params):
    return TabularEncoder(**params).fit_transform(X, sample_weight=sample_weight)


def column(values, **params):
    """The encoded columns of a single one."""
    return encode(np.reshape(values, (-1, 1)), **params)


def mixed_table(n_rows=200, seed=0):
    """A DataFrame with all that an encoder treats differently."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "number": rng.normal(50, 10, n_rows),
            "with_missing": np.where(rng.random(n_rows) < 0.2, NAN, rng.gamma(2, size=n_rows)),
            "integer": rng.integers(0, 5, n_rows),
            "mostly_zero": np.where(rng.random(n_rows) < 0.9, 0, rng.gamma(2, size=n_rows)),
            "constant": 3.0,
            "bool": rng.random(n_rows) < 0.7,
            "binary": rng.choice(["no", "yes"], n_rows),
            "few": pd.Categorical(rng.choice(list("abcd"), n_rows)),
            "few_missing": pd.Series(rng.choice(["x", "y", "z", None], n_rows), dtype=object),
            "many": [f"level {i}" for i in rng.zipf(1.5, n_rows) % 40],
        }
    )
    X["all_missing"] = NAN
    return X


def frame(series):
    """A DataFrame of this column, and one of another kind, so that the frame is not of one dtype."""
    other = [f"other {i % 2}" for i in range(len(series))]
    return (pd if isinstance(series, pd.Series) else pl).DataFrame({"a": series, "other": other})
