"""Made tables of up to a million rows and 20 mixed columns, with structure that takes many rows to learn.

Each has 14 numbers (normal, skewed, uniform, counts; two of them with missing values) and 6 categories of 2 to 60
levels. The score of a row is the sum of three parts of equal variance, each of which suits another kind of model:

- a random deep function: a network of two tanh layers of the numbers and of random vectors for the levels;
- steps: ten trees of depth 4, whose conditions are about single columns and whose leaves have random values;
- for each level of each category an effect and the slopes of three numbers.

Noise is added to the score, whose sign is the class; the target of the regression is the noisy score itself.
"""

import numpy as np
import pandas as pd

N_NUMBERS, N_LEVELS = 14, (2, 4, 8, 15, 30, 60)
N_SCALE = 10_000  # first rows, by which the parts are brought to one scale
NOISE = 0.35  # its standard deviation relative to that of the score: no model has an R2 above 0.89


def made_table(n_rows, is_classifier, seed=0):
    """X, a DataFrame, and y: the first rows of a table without end, whose structure is drawn by the seed."""
    rng = np.random.default_rng([seed, 1])
    Z = np.random.default_rng([seed, 2]).standard_normal((n_rows, N_NUMBERS), dtype=np.float32)
    Z[:, 1:] += 0.5 * Z[:, :-1]  # neighbours are correlated
    Z /= np.sqrt(1.25)
    codes = _codes(n_rows, np.random.default_rng([seed, 3]))
    parts = [_deep(Z, codes, rng), _steps(Z, codes, rng), _levels(Z, codes, rng)]
    first = slice(0, N_SCALE)
    score = sum((part - part[first].mean()) / part[first].std() for part in parts) / np.sqrt(len(parts))
    y = score + NOISE * np.random.default_rng([seed, 4]).standard_normal(n_rows)
    return _frame(Z, codes, np.random.default_rng([seed, 5])), (y > 0).astype(int) if is_classifier else y


def _codes(n_rows, rng):
    """Codes (n_rows, 6) of the levels, whose frequencies fall as 1, 1/2, 1/3 and so on."""
    u = rng.random((n_rows, len(N_LEVELS)))
    codes = np.empty(u.shape, np.int8)
    for i, n_levels in enumerate(N_LEVELS):
        share = 1 / np.arange(1, n_levels + 1)
        codes[:, i] = np.minimum(np.searchsorted(np.cumsum(share / share.sum()), u[:, i]), n_levels - 1)
    return codes


def _deep(Z, codes, rng):
    vectors = [rng.standard_normal((n, 3)) for n in N_LEVELS]
    n_in = Z.shape[1] + 3 * len(N_LEVELS)
    W1, W2 = 1.5 * rng.standard_normal((n_in, 32)) / np.sqrt(n_in), 2 * rng.standard_normal((32, 32)) / np.sqrt(32)
    w = rng.standard_normal(32)
    out = np.empty(len(Z))
    for rows in (slice(i, i + 50_000) for i in range(0, len(Z), 50_000)):
        columns = [Z[rows], *(vector[code] for vector, code in zip(vectors, codes[rows].T, strict=True))]
        out[rows] = np.tanh(np.tanh(np.hstack(columns) @ W1) @ W2) @ w
    return out


def _steps(Z, codes, rng):
    out = np.zeros(len(Z))
    for _ in range(10):
        leaf = np.zeros(len(Z), np.int8)
        for column in rng.choice(Z.shape[1], 3, replace=False):
            leaf = 2 * leaf + (Z[:, column] > rng.uniform(-1, 1))
        category = rng.integers(len(N_LEVELS))
        leaf = 2 * leaf + (rng.random(N_LEVELS[category]) < 0.5)[codes[:, category]]
        out += rng.standard_normal(16)[leaf]
    return out


def _levels(Z, codes, rng):
    out = np.zeros(len(Z))
    for i, n_levels in enumerate(N_LEVELS):
        out += rng.standard_normal(n_levels)[codes[:, i]]
        for column in rng.choice(Z.shape[1], 3, replace=False):
            out += 0.5 * rng.standard_normal(n_levels)[codes[:, i]] * Z[:, column]
    return out


def _frame(Z, codes, rng):
    """The columns as they are given: half of the numbers transformed, some missing."""
    columns = {f"number_{i}": z for i, z in enumerate(Z.T)}
    for i in range(0, 4):
        columns[f"number_{i}"] = np.exp(Z[:, i])
    for i in range(4, 6):
        columns[f"number_{i}"] = np.floor(np.exp(1 + Z[:, i])).clip(0, 100)
    is_missing = rng.random((len(Z), 2)) < 0.05
    for i in range(6, 8):
        columns[f"number_{i}"] = np.where(is_missing[:, i - 6], np.float32(np.nan), Z[:, i])
    for i, n_levels in enumerate(N_LEVELS):
        levels = pd.Index([f"level {k}" for k in range(n_levels)])
        columns[f"category_{i}"] = pd.Categorical.from_codes(codes[:, i], levels)
    return pd.DataFrame(columns)
