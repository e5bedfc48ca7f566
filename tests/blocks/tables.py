"""A table with mixed columns, as a DataFrame and as Parquet files."""

import numpy as np
import pandas as pd

COLUMNS = list("abcde")


def mixed(n=1500, seed=0):
    """Columns a to e, a class, a value and a weight that depend on them."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "b": rng.integers(0, 5, n),
            "c": np.where(rng.random(n) < 0.1, None, rng.choice(["x", "y", "z"], n)),
            "d": rng.choice([f"l{i}" for i in range(30)], n),
            "e": np.where(rng.random(n) < 0.1, np.nan, rng.exponential(size=n)),
        }
    )
    score = table["a"] + (table["c"] == "x") + 0.3 * rng.normal(size=n)
    table["class"] = np.where(score > 0.3, "yes", "no")
    table["value"] = 2 * table["a"] + table["b"]
    table["weight"] = rng.integers(0, 3, n).astype(float)
    return table


def write(table, folder, n_files=3, row_group_size=130):
    """The table in several files of one folder."""
    folder.mkdir(exist_ok=True)
    for i, rows in enumerate(np.array_split(np.arange(len(table)), n_files)):
        table.iloc[rows].to_parquet(folder / f"part{i}.parquet", row_group_size=row_group_size)
    return folder
