"""Where encoded columns come from: against the columns' names, and by what changes with a column of X."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skann.encoding import TabularEncoder
from skann.encoding.sources import column_sources, slopes, sums_by_source

N = 60
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "town": RNG.integers(20, size=N).astype(str),
        "size": np.where(RNG.random(N) < 0.2, np.nan, RNG.normal(size=N)),
        "same": 1.0,
        "colour": RNG.choice(["red", "green", "blue", None], N),
        "age": RNG.uniform(size=N),
        "garden": RNG.choice(["yes", "no"], N),
        "only": "one",
    }
)


def test_the_encoder_knows():
    """Names of encoded columns begin with that of their column, or with missingindicator_ and it."""
    encoder = TabularEncoder().fit(FRAME)
    found = FRAME.columns[column_sources(encoder, FRAME)]
    for source, name in zip(found, encoder.get_feature_names_out(), strict=True):
        assert name.removeprefix("missingindicator_").startswith(source)
    assert set(found) == set(FRAME) - {"same", "only"}


def test_parts_of_dates_come_from_their_column():
    """Names again; and a date has no slope, since a number does not say what a change of it by 1 is."""
    when = pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(900, size=N), unit="D")
    frame = FRAME[["town", "size", "age"]].assign(when=when, late=np.where(np.arange(N) < 9, pd.NaT, when))
    frame["late"] = pd.to_datetime(frame["late"])
    encoder = TabularEncoder(dates="parts").fit(frame)
    found, names = column_sources(encoder, frame), encoder.get_feature_names_out()
    for source, name in zip(frame.columns[found], names, strict=True):
        assert name.removeprefix("missingindicator_").startswith(source)
    assert set(found) == set(range(5))
    known = {i for i, name in enumerate(names) if name in ("size", "age") or name.startswith("missingindicator_")}
    assert set(np.flatnonzero(~np.isnan(slopes(encoder, frame)[-1]))) == known - set(
        np.flatnonzero(np.isnan(frame.iloc[-1][["size"]].astype(float)))
    )


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_array])
def test_the_encoder_knows_of_sparse_columns(make):
    X = np.where(RNG.random((50, 5)) < 0.4, RNG.normal(size=(50, 5)), 0)
    X[:, 2], X[3, 4] = 0, np.nan
    assert column_sources(TabularEncoder().fit(make(X)), make(X)).tolist() == [0, 1, 3, 4, 4]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_a_transformer_is_tried(make):
    columns = {name: FRAME[name].tolist() for name in ("town", "age", "garden")}
    one_hot = OneHotEncoder(sparse_output=False)
    transformer = make_column_transformer((one_hot, ["garden", "town"]), remainder=StandardScaler())
    X = make(columns)
    n_towns = FRAME["town"].nunique()
    found = column_sources(transformer.fit(X), X)
    assert found.tolist() == [2, 2] + [0] * n_towns + [1]
    head, rest = X[:10], X[10:]
    assert column_sources(transformer, head, rest).tolist() == found.tolist()


def test_what_is_constant_in_the_rows_has_no_source():
    X = np.column_stack([np.arange(5.0), np.ones(5)])
    assert column_sources(FunctionTransformer().fit(X), X).tolist() == [0, -1]


def test_mixtures_are_told():
    X = RNG.normal(size=(30, 3))
    assert column_sources(PCA().fit(X), X) is None
    assert column_sources(FunctionTransformer(lambda X: X[:, [0]] + X[:, [1]]).fit(X), X) is None


def test_a_transformer_that_fails_is_none_that_is_known():
    X = np.column_stack([np.arange(6.0), np.arange(6.0)])

    def picky(X):
        if not (X[:, 0] == X[:, 1]).all():
            raise ValueError("they must be the same")
        return X

    assert column_sources(FunctionTransformer(picky).fit(X), X) is None


def test_sums():
    parts = np.arange(10.0).reshape(2, 5)
    found = sums_by_source(parts, np.array([2, 0, -1, 2, 0]), 4)
    assert found.tolist() == [[1 + 4, 0, 0 + 3, 0], [6 + 9, 0, 5 + 8, 0]]


def test_slopes():
    """Against differences of the encoded columns; NaN where a value is missing and for categories."""
    encoder, step = TabularEncoder().fit(FRAME), 1e-6
    sources, found = column_sources(encoder, FRAME), slopes(encoder, FRAME)
    moved = FRAME.assign(size=FRAME["size"] + step, age=FRAME["age"] + step)
    numeric = (encoder.transform(moved) - encoder.transform(FRAME)) / step
    is_number = np.isin(sources, [1, 4])
    expected = np.where(is_number, numeric, np.nan)
    expected[FRAME["size"].isna(), list(sources).index(1)] = np.nan
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_parts_of_dates_are_those_of_their_column():
    frame = FRAME.assign(day=pd.date_range("2020-01-01", periods=N, freq="53h"))[["size", "day", "town"]]
    encoder = TabularEncoder(dates="parts").fit(frame)
    found = frame.columns[column_sources(encoder, frame)]
    for source, name in zip(found, encoder.get_feature_names_out(), strict=True):
        assert name.removeprefix("missingindicator_").startswith(source)
    assert np.isnan(slopes(encoder, frame)[:, found == "day"]).all()
    assert np.isfinite(slopes(encoder, frame)[frame["size"].notna()][:, found == "size"]).all()
