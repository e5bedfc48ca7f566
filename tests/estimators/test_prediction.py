"""Predictions for many rows: chunks and threads change nothing but the memory and the time that they take."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.preprocessing import FunctionTransformer
from threadpoolctl import threadpool_limits

from skann import ANNClassifier, ANNRegressor
from skann.encoding import inputs
from skann.estimators import base as _base
from tests import plain
from tests.helpers import Peak

RNG = np.random.default_rng(0)
N = 1000
NUMBERS = RNG.normal(size=(N, 4))
NUMBERS[::17, 1] = np.nan
COLUMNS = {
    "a": NUMBERS[:, 0],
    "b": NUMBERS[:, 1],
    "colour": RNG.choice(["red", "green", "blue", None], N),
    "town": [f"town {i}" for i in RNG.integers(30, size=N)],
    "size": RNG.integers(5, size=N),
}
SPARSE = sparse.csr_array(np.where(RNG.random((N, 30)) < 0.2, RNG.random((N, 30)), 0.0))
TABLES = {
    "array": NUMBERS,
    "float32": NUMBERS.astype(np.float32),
    "fortran": np.asfortranarray(NUMBERS),
    "pandas": pd.DataFrame(COLUMNS),
    "categories": pd.DataFrame(COLUMNS).astype({"colour": "category", "town": "category"}),
    "polars": pl.DataFrame(COLUMNS),
    "objects": pd.DataFrame(COLUMNS).to_numpy(dtype=object),
    "csr": SPARSE,
    "csc": sparse.csc_matrix(SPARSE),
}
LABELS = RNG.integers(3, size=N)
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 2, "random_state": 0}
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


def classifier(**params):
    return ANNClassifier(**SMALL | {"n_estimators": 2} | params)


@pytest.fixture
def in_small_chunks(monkeypatch):
    """Cuts into chunks of 128 rows whatever is predicted on; lists the sizes of what is encoded at once."""
    sizes = []
    encode = inputs.encode_checked

    def watched(encoder, rows, *args):
        sizes.append(rows.shape[0])
        return encode(encoder, rows, *args)

    def cut():
        monkeypatch.setattr(_base, "chunk_rows", lambda n_columns: 128)
        monkeypatch.setattr(inputs, "encode_checked", watched)
        return sizes

    return cut


@pytest.mark.parametrize("table", TABLES)
def test_chunks_change_nothing(table, in_small_chunks):
    """But rounding: the encoder and the network see the rows in other company."""
    X = TABLES[table]
    model = classifier(dtype="float64").fit(X, LABELS)
    whole = {method: getattr(model, method)(X) for method in METHODS}
    sizes = in_small_chunks()
    rtol = 1e-4 if table == "float32" else 1e-11
    for method in METHODS:
        sizes.clear()
        result = getattr(model, method)(X)
        assert sizes == [128] * 7 + [104]
        assert result.dtype == whole[method].dtype
        np.testing.assert_allclose(result, whole[method], rtol=rtol, atol=rtol)


@pytest.mark.parametrize(
    "model",
    [
        ANNRegressor(**SMALL),
        ANNRegressor(**SMALL, n_estimators=1, loss="quantile", quantile=[0.1, 0.9]),
        plain.ANNRegressor(**SMALL),
        plain.ANNClassifier(**SMALL),
        classifier(n_estimators=1, numeric_embedding="piecewise_linear"),
        classifier(encoder=FunctionTransformer(np.nan_to_num)),
    ],
    ids=["ensemble", "quantiles", "plain", "plain classifier", "piecewise linear", "transformer"],
)
def test_chunks_change_nothing_for_other_models(model, in_small_chunks):
    X = np.nan_to_num(NUMBERS)
    model.set_params(dtype="float64").fit(X, LABELS)
    whole = model.predict(X)
    in_small_chunks()
    np.testing.assert_allclose(model.predict(X), whole, rtol=1e-11)
    if hasattr(model, "network_"):
        hidden = model.hidden_activations(X)
        assert hidden.shape == (N, 8)
        np.testing.assert_allclose(hidden[500:600], model.hidden_activations(X[500:600]), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("sparse_target", [False, True])
def test_chunks_of_several_labels(sparse_target, in_small_chunks):
    Y = np.stack([LABELS == 0, LABELS != 1], axis=1).astype(int)
    model = classifier().fit(NUMBERS, sparse.csr_matrix(Y) if sparse_target else Y)
    whole = model.predict(NUMBERS)
    in_small_chunks()
    predicted = model.predict(NUMBERS)
    assert sparse.issparse(predicted) == sparse_target
    assert (predicted != whole).sum() == 0


@pytest.mark.parametrize("table", ["array", "pandas", "polars", "csc"])
def test_threads_change_nothing(table, in_small_chunks):
    """Not a bit, with one BLAS thread."""
    X = TABLES[table]
    model = classifier(n_estimators=3).fit(X, LABELS)
    in_small_chunks()
    with threadpool_limits(1):
        serial = model.predict_proba(X)
        for n_jobs in (2, -1):
            np.testing.assert_array_equal(model.set_params(n_jobs=n_jobs).predict_proba(X), serial)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_errors_in_a_later_chunk(n_jobs, in_small_chunks):
    X = pd.DataFrame(COLUMNS)
    model = classifier(n_jobs=n_jobs).fit(X, LABELS)
    in_small_chunks()
    X.loc[N - 1, "a"] = np.inf
    with pytest.raises(ValueError, match="Column 'a' holds an infinite value"):
        model.predict(X)


def test_transformers_see_all_rows_at_once(in_small_chunks):
    """What they make of a row may depend on the others."""
    sizes = []

    def standardised(X):
        sizes.append(len(X))
        return (X - X.mean(axis=0)) / X.std(axis=0)

    X = np.nan_to_num(NUMBERS)
    model = classifier(encoder=FunctionTransformer(standardised)).fit(X, LABELS)
    in_small_chunks()
    sizes.clear()
    model.predict(X)
    assert sizes == [N]


def test_names_of_columns_are_still_checked():
    """The short way for tables with the columns of fit is for these alone."""
    X = pd.DataFrame(COLUMNS)
    model = classifier().fit(X, LABELS)
    for wrong in (X[["b", "a", "colour", "town", "size"]], X.rename(columns={"a": "A"}), X.assign(more=1)):
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(wrong)
    with pytest.raises(ValueError, match="features"):
        model.predict(X.to_numpy()[:, :4])
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(X[:0])


def tables_of(n_rows):
    """Makers of inputs with many rows: the encoder gets them in pieces."""
    numbers = np.random.default_rng(0).normal(size=(n_rows, 4))
    strings = np.resize(TABLES["pandas"]["town"].to_numpy(), n_rows)
    return {
        "array": numbers,
        "fortran": np.asfortranarray(numbers),
        "pandas": pd.DataFrame(numbers).rename(columns=str).assign(town=strings),
        "csr": sparse.csr_matrix(numbers),
    }


@pytest.mark.parametrize(
    "encoder, table", [*(("auto", table) for table in tables_of(1)), (None, "array"), (None, "fortran"), (None, "csr")]
)
def test_memory_does_not_grow_with_the_rows(encoder, table, monkeypatch):
    """Beyond input and output: eight times the rows, the same memory."""
    monkeypatch.setattr(_base, "chunk_rows", lambda n_columns: 2000)
    few, many = (tables_of(n)[table] for n in (4000, 32_000))
    model = classifier(encoder=encoder).fit(few, np.resize(LABELS, 4000))
    for method in METHODS:
        predict, held = getattr(model, method), []
        predict(few)
        for X in (few, many):
            with Peak() as peak:
                output = predict(X)
            held.append(peak.bytes - output.nbytes * (2 if method == "predict" else 1))  # also the labels' indices
        assert held[1] <= 1.2 * held[0] + 1e4, (method, held)
