"""Random cases for the fuzzing tests: parameters, tables, targets and weights, the hostile ones among them.

A case is a dict of names and numbers, so that a failing one can be read and pasted into a test; `build` makes the
objects of it.
"""

import tempfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import strategies as st
from scipy import sparse
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler

import skann
from skann.engine.activations import ACTIVATIONS
from skann.engine.initializers import INITIALIZERS
from skann.engine.schedules import SCHEDULES

TINY, HUGE = 5e-324, np.finfo(float).max


def mostly(usual, *others):
    """The usual value in three cases of four, else one of the others."""
    return st.sampled_from([usual] * 3 * len(others) + list(others))


# ------------------------------------------------------------------------------------------------------ numbers


def _outlier(z, rng):
    z[rng.integers(len(z)), rng.integers(z.shape[1])] = 1e300
    return z


VALUES = {  # of a table or of targets, from standard normal numbers
    "normal": lambda z, rng: z,
    "1e-300": lambda z, rng: z * 1e-300,
    "1e-40": lambda z, rng: z * 1e-40,  # denormal in float32
    "1e-5": lambda z, rng: z * 1e-5,
    "1e5": lambda z, rng: z * 1e5,
    "1e37": lambda z, rng: z * 1e37,
    "1e39": lambda z, rng: z * 1e39,  # beyond float32
    "1e150": lambda z, rng: z * 1e150,
    "1e300": lambda z, rng: z * 1e300,
    "largest": lambda z, rng: np.sign(z) * HUGE,
    "denormal": lambda z, rng: np.round(z) * TINY,
    "all scales": lambda z, rng: z * 10.0 ** rng.uniform(-300, 300, z.shape),
    "a scale for each column": lambda z, rng: z * 10.0 ** rng.uniform(-300, 300, z.shape[1]),
    "constant": lambda z, rng: np.full_like(z, 3.7),
    "constant 1e300": lambda z, rng: np.full_like(z, 1e300),
    "zeros": lambda z, rng: np.zeros_like(z),
    "minus zeros": lambda z, rng: np.where(z > 0, 0.0, -0.0),
    "same columns": lambda z, rng: np.repeat(z[:, :1], z.shape[1], axis=1),
    "outlier": _outlier,
    "offset": lambda z, rng: 1e15 + z,
    "last digits": lambda z, rng: 1 + np.round(z) * 2.0**-52,
    "integers": lambda z, rng: np.round(3 * z),
    "two values": lambda z, rng: np.where(z > 0, 1.0, 0.0),
    "positive": lambda z, rng: np.exp(z),
    "positive 1e300": lambda z, rng: 1e300 * np.exp(z),
    "positive 1e-300": lambda z, rng: 1e-300 * np.exp(z),
    "heavy tails": lambda z, rng: np.clip(np.tan(z) ** 15, -1e300, 1e300),
}
SPOILS = {
    "nothing": lambda a, rng: None,
    "some NaN": lambda a, rng: a.__setitem__(rng.random(a.shape) < 0.2, np.nan),
    "a column NaN": lambda a, rng: a.__setitem__((slice(None), 0), np.nan),
    "a row NaN": lambda a, rng: a.__setitem__(0, np.nan),
    "infinity": lambda a, rng: a.__setitem__((len(a) // 2, -1), np.inf),
    "minus infinity": lambda a, rng: a.__setitem__((0, 0), -np.inf),
}
values = st.sampled_from([*VALUES, *["normal"] * 5])
spoils = st.sampled_from([*SPOILS, *["nothing"] * 20])


def _numbers(n_rows, n_columns, values, spoil, rng):
    a = np.array(VALUES[values](rng.standard_normal((n_rows, n_columns)), rng))
    SPOILS[spoil](a, rng)
    return a


# ------------------------------------------------------------------------------------------------------- tables


def _cast(dtype):
    def cast(a, rng):
        info = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else None
        a = a if info is None else np.clip(np.nan_to_num(a), float(info.min) / 2, float(info.max) / 2)
        return a.astype(dtype)

    return cast


def _read_only(a, rng):
    a.flags.writeable = False
    return a


def _memory_map(a, rng):
    with tempfile.TemporaryFile() as file:
        array = np.memmap(file, a.dtype, "w+", shape=a.shape)
        array[...] = a
        return array


def _sparse(make):
    def convert(a, rng):
        return make(np.where(rng.random(a.shape) < 0.6, 0, a))

    return convert


def _unsorted(a):
    X = sparse.csr_matrix(a)
    for start, stop in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        X.indices[start:stop], X.data[start:stop] = X.indices[start:stop][::-1].copy(), X.data[start:stop][::-1].copy()
    X.has_sorted_indices = False
    return X


def _duplicates(a):
    rows, columns = np.nonzero(a)
    entries = np.tile(a[rows, columns] / 2, 2), (np.tile(rows, 2), np.tile(columns, 2))
    X = sparse.coo_matrix(entries, a.shape)
    return sparse.csr_matrix((X.data, X.col, np.searchsorted(np.sort(X.row), np.arange(len(a) + 1))), a.shape)


def _explicit_zeros(a):
    X = sparse.csr_array(np.where(a == 0, 1, a))
    X.data[np.flatnonzero(a.ravel() == 0)] = 0
    return X


def _long_indices(a):
    X = sparse.csr_array(a)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def _words(a, rng, n_levels=12):
    """A matrix of strings, as objects."""
    return np.array([f"w{k}" for k in range(n_levels)], object)[rng.integers(n_levels, size=a.shape)]


def _words_and_none(a, rng):
    words = _words(a, rng)
    words[rng.random(a.shape) < 0.3] = None
    return words


def _frame(a, make, names=None):
    names = [f"c{j}" for j in range(a.shape[1])] if names is None else names
    return pd.DataFrame({j: make(j, a[:, j]) for j in range(a.shape[1])}).set_axis(names, axis=1)


def _small(column):
    return np.clip(np.nan_to_num(np.round(column)), -9, 9).astype(int)


def _mixed_column(kind, column, rng):
    words = _words(column, rng, 3 + kind)
    missing = rng.random(len(column)) < 0.2
    return [
        lambda: column,
        lambda: pd.array(np.where(missing, None, _small(column)), "Int64"),
        lambda: pd.array(np.where(missing, None, column > 0), "boolean"),
        lambda: pd.array(column, "Float32"),
        lambda: pd.Series(np.where(missing, None, words), dtype="str"),
        lambda: pd.Series(np.where(missing, None, words), dtype=object),
        lambda: pd.Categorical(np.where(missing, None, words), ordered=True),
        lambda: pd.Categorical(_small(column), categories=range(-20, 20)),
        lambda: column > 0,
        lambda: pd.array(np.where(missing, None, words), "string"),
        lambda: pd.cut(column, [-1.0, 0.0, 1.0]),
        lambda: pd.arrays.SparseArray(np.nan_to_num(column)),
    ][kind]()


def _mixed(a, rng):
    return _frame(a, lambda j, column: _mixed_column(j % 12, column, rng))


def _polars_mixed(a, rng):
    words = _words_and_none(a, rng)
    kinds = [
        lambda j: pl.Series(a[:, j]),
        lambda j: pl.Series(words[:, j].tolist(), dtype=pl.String),
        lambda j: pl.Series(words[:, j].tolist(), dtype=pl.Categorical),
        lambda j: pl.Series(a[:, j] > 0),
        lambda j: pl.Series([None if w is None else int(w[1:]) for w in words[:, j]], dtype=pl.Int8),
        lambda j: pl.Series(a[:, j].astype(np.float32)),
    ]
    return pl.DataFrame({f"c{j}": kinds[j % 6](j) for j in range(a.shape[1])})


TABLES = {  # from a matrix of float64
    "float64": lambda a, rng: a,
    **{name: _cast(name) for name in ("float16", "float32", "longdouble", ">f8", ">f4")},
    **{name: _cast(name) for name in ("bool", "int8", "int64", "uint8", "uint64", ">i4")},
    "objects": lambda a, rng: a.astype(object),
    "objects and None": lambda a, rng: np.where(rng.random(a.shape) < 0.2, None, a),
    "long integers": lambda a, rng: np.array([[10**400 for _ in row] for row in a], object),
    "columns in order": lambda a, rng: np.asfortranarray(a),
    "negative strides": lambda a, rng: a[::-1, ::-1],
    "every second": lambda a, rng: np.repeat(np.repeat(a, 2, axis=0), 2, axis=1)[::2, ::2],
    "one row repeated": lambda a, rng: np.broadcast_to(a[:1], a.shape),
    "one column repeated": lambda a, rng: np.broadcast_to(a[:, :1], a.shape),
    "read-only": _read_only,
    "memory map": _memory_map,
    "list": lambda a, rng: a.tolist(),
    "np.matrix": lambda a, rng: np.asmatrix(a),
    "masked": lambda a, rng: np.ma.masked_array(a, rng.random(a.shape) < 0.1),
    "complex": lambda a, rng: a + 1j,
    "dates": lambda a, rng: np.full(a.shape, np.datetime64("2020-01-01")),
    "words": _words,
    "words, fixed width": lambda a, rng: _words(a, rng).astype(str),
    "words and None": _words_and_none,
    "words and numbers": lambda a, rng: np.where(rng.random(a.shape) < 0.5, _words(a, rng), a),
    "numbers as words": lambda a, rng: a.astype(str).astype(object),
    "bytes": lambda a, rng: _words(a, rng).astype(str).astype(bytes),
    "lists in cells": lambda a, rng: [[[1.0]] * a.shape[1]] * len(a),
    **{f"{name} {kind}": _sparse(getattr(sparse, f"{name}_{kind}"))
       for name in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia") for kind in ("matrix", "array")},
    "csr float32": _sparse(lambda a: sparse.csr_array(a.astype(np.float32))),
    "csr int": _sparse(lambda a: sparse.csr_array(_small(a))),
    "csr unsorted": _sparse(_unsorted),
    "csr duplicates": _sparse(_duplicates),
    "csr zeros": _sparse(_explicit_zeros),
    "csr long": _sparse(_long_indices),
    "csr empty": lambda a, rng: sparse.csr_array(a.shape),
    "pandas": lambda a, rng: _frame(a, lambda j, column: column),
    "pandas mixed": _mixed,
    "pandas nullable": lambda a, rng: _frame(a, lambda j, column: pd.array(column, "Float64")),
    "pandas categories": lambda a, rng: _frame(a, lambda j, column: pd.Categorical(_words(column, rng))),
    "pandas same names": lambda a, rng: _frame(a, lambda j, column: column, ["c"] * a.shape[1]),
    "pandas same names, mixed": lambda a, rng: _mixed(a, rng).set_axis(["c"] * a.shape[1], axis=1),
    "pandas numbers as names": lambda a, rng: _frame(a, lambda j, column: column, range(a.shape[1])),
    "pandas mixed names": lambda a, rng: _frame(a, lambda j, column: column, ["c", *range(1, a.shape[1])]),
    "pandas index": lambda a, rng: _mixed(a, rng).set_index(np.zeros(len(a))),
    "pandas dates": lambda a, rng: _frame(a, lambda j, column: pd.date_range("2020-01-01", periods=len(a))),
    "polars": lambda a, rng: pl.DataFrame(a, schema=[f"c{j}" for j in range(a.shape[1])]),
    "polars mixed": _polars_mixed,
}  # fmt: skip
tables = st.fixed_dictionaries(
    {
        "n_rows": st.sampled_from([1, 2, 3, 7, 15, 30, 30, 60]),
        "n_columns": st.sampled_from([1, 2, 3, 4, 13, 40]),
        "kind": st.sampled_from([*TABLES, *["float64"] * 40, *["pandas mixed"] * 20]),
        "values": values,
        "spoil": spoils,
    }
)


def make_table(spec, rng):
    names = ("n_rows", "n_columns", "values", "spoil")
    with np.errstate(all="ignore"):
        return TABLES[spec["kind"]](_numbers(*(spec[name] for name in names), rng), rng)


# ----------------------------------------------------------------------------------------------- labels, targets

LABELS = {  # from class indices
    "int": lambda c, rng: c,
    "negative": lambda c, rng: -3 * c,
    "int8": lambda c, rng: c.astype(np.int8),
    "large": lambda c, rng: c + 2**62,
    "uint64": lambda c, rng: c.astype(np.uint64),
    "float": lambda c, rng: c.astype(float),
    "bool": lambda c, rng: c % 2 == 0,
    "str": lambda c, rng: np.array([f"class {i}" for i in c]),
    "objects": lambda c, rng: np.array([f"class {i}" for i in c], object),
    "object numbers": lambda c, rng: c.astype(object),
    "list": lambda c, rng: c.tolist(),
    "column": lambda c, rng: c[:, np.newaxis],
    "pandas": lambda c, rng: pd.Series(c),
    "pandas category": lambda c, rng: pd.Series(pd.Categorical([f"class {i}" for i in c])),
    "pandas Int64": lambda c, rng: pd.Series(c, dtype="Int64"),
    "pandas str": lambda c, rng: pd.Series([f"class {i}" for i in c]),
    "polars": lambda c, rng: pl.Series(c),
    "read-only": lambda c, rng: np.broadcast_to(c[:1], c.shape),
    "multilabel": lambda c, rng: _indicators(c, rng),
    "multilabel bool": lambda c, rng: _indicators(c, rng).astype(bool),
    "multilabel csr": lambda c, rng: sparse.csr_matrix(_indicators(c, rng)),
    "multilabel csc array": lambda c, rng: sparse.csc_array(_indicators(c, rng)),
    "multilabel zeros": lambda c, rng: np.zeros((len(c), 3), int),
    "halves": lambda c, rng: c + 0.5,  # from here on they are refused
    "missing": lambda c, rng: np.where(c == c[0], np.nan, c),
    "None": lambda c, rng: None,
    "Nones": lambda c, rng: np.where(c == c[0], None, c.astype(object)),
    "mixed": lambda c, rng: np.where(c == c[0], "a", c.astype(object)),
    "words": lambda c, rng: pd.DataFrame({"a": c, "b": c}),
    "too short": lambda c, rng: c[1:],
    "dates": lambda c, rng: np.datetime64("2020-01-01") + c,
}
labels = st.fixed_dictionaries(
    {
        "kind": mostly("int", *LABELS),
        "n_classes": st.sampled_from([1, 2, 2, 2, 3, 3, 10, "rows"]),
        "noise": st.sampled_from([0.0, 0.5, 1.0]),
    }
)


def _indicators(c, rng):
    return ((c[:, np.newaxis] + rng.integers(2, size=(len(c), 3))) % 2).astype(int)


def make_labels(spec, n_rows, rng):
    n_classes = n_rows if spec["n_classes"] == "rows" else spec["n_classes"]
    c = np.sort(rng.permutation(n_rows) % n_classes)
    noisy = rng.random(n_rows) < spec["noise"]
    c[noisy] = rng.integers(n_classes, size=noisy.sum())
    return LABELS[spec["kind"]](c, rng)


TARGETS = {  # from a column of float64
    "float64": lambda y, rng: y,
    **{name: _cast(name) for name in ("float16", "float32", ">f8", "longdouble", "int8", "uint64", "bool")},
    "list": lambda y, rng: y.tolist(),
    "column": lambda y, rng: y[:, np.newaxis],
    "objects": lambda y, rng: y.astype(object),
    "pandas": lambda y, rng: pd.Series(y),
    "pandas Float64": lambda y, rng: pd.Series(pd.array(y, "Float64")),
    "polars": lambda y, rng: pl.Series(y),
    "two": lambda y, rng: np.column_stack([y, -y[::-1]]),
    "two, frame": lambda y, rng: pd.DataFrame({"a": y, "b": y * 0}),
    "seven": lambda y, rng: y[:, np.newaxis] * 10.0 ** rng.uniform(-3, 3, 7),
    "repeated": lambda y, rng: np.broadcast_to(y[:1], y.shape),
    "numbers as words": lambda y, rng: y.astype(str),  # from here on they are refused
    "words": lambda y, rng: np.array(["high", "low"])[(y > 0).astype(int)],
    "complex": lambda y, rng: y + 1j,
    "sparse": lambda y, rng: sparse.csr_matrix(y[:, np.newaxis]),
    "None": lambda y, rng: None,
    "too long": lambda y, rng: np.append(y, 1),
    "dates": lambda y, rng: np.full(y.shape, np.datetime64("2020-01-01")),
}
targets = st.fixed_dictionaries({"kind": mostly("float64", *TARGETS), "values": values, "spoil": spoils})


def make_targets(spec, n_rows, rng):
    y = _numbers(n_rows, 1, spec["values"], spec["spoil"], rng)[:, 0]
    with np.errstate(all="ignore"):
        return TARGETS[spec["kind"]](y, rng)


WEIGHTS = {
    "none": lambda n, rng: None,
    "ones": lambda n, rng: np.ones(n),
    "integers": lambda n, rng: rng.integers(1, 4, n),
    "some zero": lambda n, rng: rng.integers(2, size=n) * rng.random(n),
    "one row": lambda n, rng: np.where(np.arange(n) == n // 2, 1.0, 0.0),
    "12 orders": lambda n, rng: 10.0 ** rng.uniform(-6, 6, n),
    "600 orders": lambda n, rng: 10.0 ** rng.uniform(-300, 300, n),
    "1e300": lambda n, rng: np.full(n, 1e300),
    "largest": lambda n, rng: np.full(n, HUGE),
    "1e-300": lambda n, rng: np.full(n, 1e-300),
    "denormal": lambda n, rng: np.full(n, TINY),
    "float32": lambda n, rng: rng.random(n).astype(np.float32),
    "list": lambda n, rng: [2.0] * n,
    "pandas": lambda n, rng: pd.Series(rng.random(n)),
    "bool": lambda n, rng: np.arange(n) % 2 == 0,
    "zeros": lambda n, rng: np.zeros(n),  # from here on they are refused
    "negative": lambda n, rng: -np.ones(n),
    "NaN": lambda n, rng: np.full(n, np.nan),
    "infinity": lambda n, rng: np.full(n, np.inf),
    "too long": lambda n, rng: np.ones(n + 1),
}
weights = mostly("none", *WEIGHTS)


def make_weights(kind, n_rows, rng):
    return WEIGHTS[kind](n_rows, rng)


# --------------------------------------------------------------------------------------------------- parameters

ENCODERS = {
    "auto": "auto",
    "none": None,
    "StandardScaler": StandardScaler(),
    "OneHotEncoder": OneHotEncoder(handle_unknown="ignore"),
    "TabularEncoder": skann.TabularEncoder(max_one_hot_levels=3, high_cardinality="infrequent"),
    "QuantileTransformer": QuantileTransformer(n_quantiles=5),
}
SCALARS = (0.0, 1e-300, 1e-8, 1.0, 1e8, 1e300)
common = {
    "activation": st.sampled_from([*ACTIVATIONS, "auto"]),
    "parametric_activation": st.booleans(),
    "initializer": st.sampled_from([*INITIALIZERS, "data"]),
    "alpha": st.sampled_from(SCALARS),
    "weight_decay": st.sampled_from(SCALARS),
    "dropout": st.sampled_from([0.0, 0.5, 0.999999]),
    "batch_size": st.sampled_from([1, 7, "auto"]),
    "learning_rate": st.sampled_from([*SCHEDULES, "auto"]),
    "learning_rate_init": mostly("auto", 1e-3, 1e-300, 0.1, 10.0, 1e10, 1e300),
    "power_t": st.sampled_from([0.0, 0.5, 300.0]),
    "momentum": st.sampled_from([0.0, 0.9, 1.0]),
    "nesterovs_momentum": st.booleans(),
    "beta_1": st.sampled_from([0.0, 0.9, 1 - 1e-16]),
    "beta_2": st.sampled_from([0.0, 0.999, 1 - 1e-16]),
    "epsilon": st.sampled_from([1e-300, 1e-8, 1e300]),
    "max_fun": st.sampled_from([1, 5]),
    "max_grad_norm": st.sampled_from([None, 1e-300, 1.0, 1e300]),
    "weight_averaging": st.sampled_from([None, 0.0, 0.9, 1 - 1e-16]),
    "tol": st.sampled_from([0.0, 1e-300, 1e300]),
    "n_iter_no_change": st.sampled_from([1, 2, np.inf]),
    "early_stopping": st.sampled_from([True, False, "auto"]),
    "validation_fraction": st.sampled_from([0.0, 0.3, 0.5, 0.999]),
    "shuffle": st.booleans(),
    "n_estimators": mostly(1, 1, 2, 3),
    "categorical_features": st.sampled_from([None, "from_dtype", [0], [True], ["c0"], [-1]]),
    "numeric_embedding": st.sampled_from([None, "periodic", "piecewise_linear", "auto"]),
    "feature_scaling": st.sampled_from([True, False, "auto"]),
    "dtype": st.sampled_from(["auto", "float32", "float64"]),
}
always = {
    "solver": st.sampled_from(["adam", "adam", "nadam", "rmsprop", "sgd", "lbfgs"]),
    "hidden_layer_sizes": st.sampled_from([(), 1, (5,), (8,), (4, 3), (3, 3, 3)]),
    "encoder": st.sampled_from(["auto", "auto", "none", "none", *ENCODERS]),
    "max_iter": st.sampled_from([1, 2, 4]),
}
of_classifiers = common | {
    "label_smoothing": st.sampled_from([0.0, 0.1, 0.999999]),
    "class_weight": mostly(None, *[{0: 1e12, 1: 1e-12}, "balanced", {0: 0}, {0: 1e300}, {0: TINY, 1: TINY}]),
    "calibration": st.sampled_from([None, "temperature", "auto"]),
    "scoring": st.sampled_from(["loss", None, "accuracy", "roc_auc", "neg_brier_score"]),
}
of_regressors = common | {
    "loss": st.sampled_from(["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma", "tweedie"]),
    "huber_delta": st.sampled_from([1e-300, 1.35, 1e300]),
    "quantile": st.sampled_from([1e-300, 0.5, 0.9, [0.1, 0.9], [0.9, 0.1, 0.5]]),
    "target_scaling": st.sampled_from([True, False, "auto"]),
    "scoring": st.sampled_from(["loss", None, "r2", "neg_mean_squared_log_error"]),
}


@st.composite
def parameters(draw, optional):
    """Those that every case has, and up to eight others."""
    names = draw(st.lists(st.sampled_from(sorted(optional)), max_size=8, unique=True))
    return {name: draw(strategy) for name, strategy in (always | {name: optional[name] for name in names}).items()}


def make_estimator(kind, params):
    Estimator = skann.ANNClassifier if kind == "classifier" else skann.ANNRegressor
    return Estimator(**params | {"encoder": ENCODERS[params["encoder"]], "random_state": 0})


# -------------------------------------------------------------------------------------------------------- cases

ACTIONS = ("fit", "fit", "fit", "fit", "partial_fit", "warm start", "X_val", "finder")


@st.composite
def cases(draw):
    """A dict that `build` understands."""
    kind = draw(st.sampled_from(["classifier", "regressor"]))
    return {
        "kind": kind,
        "action": draw(st.sampled_from(ACTIONS)),
        "params": draw(parameters(of_classifiers if kind == "classifier" else of_regressors)),
        "table": draw(tables),
        "y": draw(labels if kind == "classifier" else targets),
        "weight": draw(weights),
        "new": draw(st.fixed_dictionaries({"values": values, "spoil": spoils})),
        "seed": draw(st.integers(0, 9)),
    }


encoder_cases = st.fixed_dictionaries(
    {
        "params": st.fixed_dictionaries(
            {},
            optional={
                "categorical_features": common["categorical_features"],
                "max_one_hot_levels": st.sampled_from([2, 8, 100]),
                "high_cardinality": st.sampled_from(["embed", "infrequent"]),
            },
        ),
        "table": tables,
        "weight": weights,
        "new": st.fixed_dictionaries({"values": values, "spoil": spoils}),
        "seed": st.integers(0, 9),
    }
)


def build(case):
    """Estimator, X, y, weight, and X_new, rows for a later predict."""
    rng = np.random.default_rng(case["seed"])
    table = case["table"]
    X = make_table(table, rng)
    make_y = make_labels if case["kind"] == "classifier" else make_targets
    return SimpleNamespace(
        estimator=make_estimator(case["kind"], case["params"]),
        X=X,
        y=make_y(case["y"], table["n_rows"], rng),
        weight=make_weights(case["weight"], table["n_rows"], rng),
        X_new=make_table(table | case["new"], rng),
    )
