"""TabularEncoder.partial_fit against `fit` on the rows so far, and against what the first call could not know."""

import pickle
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skann._first_rows import N_ROWS
from skann.encoding import TabularEncoder
from skann.encoding.stream import N_SLOTS
from tests.encoding.tables import NAN, clip, mixed_table


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def stream(batches, weights=None, **params):
    """An encoder that has seen these batches, stored and loaded between the calls."""
    encoder = TabularEncoder(**params)
    for i, batch in enumerate(batches):
        encoder = pickle.loads(pickle.dumps(encoder))
        encoder.partial_fit(batch, sample_weight=None if weights is None else weights[i])
    return encoder


def cut(X, sizes):
    edges = np.cumsum([0, *sizes])
    return [X[a:b] for a, b in pairwise(edges)]


def assert_scales_of_fit(encoder, X, weight=None):
    """Centres and scales of columns that vary are those of a fit to all these rows; the others are encoded as 0.

    In sparse rows a column varies if it is not zero: that of another row.
    """
    if sparse.issparse(X):
        X = sparse.vstack([X, sparse.csr_matrix((1, X.shape[1]))], format="csr")
        weight = None if weight is None else np.append(weight, 1)
    fitted = TabularEncoder().fit(X, sample_weight=weight)
    varying = fitted.numeric_columns_.varying
    np.testing.assert_allclose(encoder.center_[varying], fitted.center_, rtol=1e-14)
    np.testing.assert_allclose(encoder.scale_[varying], fitted.scale_, rtol=1e-14)
    constant = np.delete(np.arange(encoder.n_numeric_), np.arange(encoder.n_numeric_)[varying])
    assert (abs(encoder.transform((X.toarray() if sparse.issparse(X) else X) + 1)[:, constant]) < 1e-300).all()


@pytest.mark.parametrize("sizes", [[1] * 30, [1, 20, 9], [30], [2, 28]])
@pytest.mark.parametrize("make", [np.array, sparse.csr_matrix], ids=["dense", "sparse"])
def test_scales_are_those_of_all_rows_so_far(sizes, make):
    rng = np.random.default_rng(0)
    X = rng.normal([0, 1e6, 3, 0], [1, 1e3, 1e-5, 1], (30, 4)) * (rng.random((30, 4)) < 0.7)
    X[:, 3] = X[0, 3]  # constant
    X[:15, 2] = X[0, 2]  # at first
    X = make(X)
    batches = cut(X, sizes)
    for n in range(1, len(batches) + 1):
        assert_scales_of_fit(stream(batches[:n]), X[: sum(sizes[:n])])


@pytest.mark.parametrize("make", [np.array, sparse.csr_matrix], ids=["dense", "sparse"])
def test_weights(make):
    """As in fit; also beside calls without weights, and rows of weight zero have no influence at all."""
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(60, 3)), rng.integers(0, 3, 60).astype(float)
    weight[20:40] = 1
    X[weight == 0] = 1e9
    X = make(X)
    encoder = TabularEncoder().partial_fit(X[:20], sample_weight=weight[:20]).partial_fit(X[20:40])
    assert_scales_of_fit(encoder.partial_fit(X[40:], sample_weight=weight[40:]), X, weight)


def test_scales_stand_fast_after_enough_rows():
    """The call that reaches the number counts as a whole; of rows of weight zero there is none."""
    X = np.random.default_rng(0).normal(size=(3 * N_ROWS, 2))
    weight = np.ones(N_ROWS)
    weight[: N_ROWS // 2] = 0
    encoder = TabularEncoder().partial_fit(X[:N_ROWS], sample_weight=weight)
    encoder.partial_fit(X[N_ROWS : 2 * N_ROWS])
    assert_scales_of_fit(encoder, X[N_ROWS // 2 : 2 * N_ROWS])
    assert_scales_of_fit(encoder.partial_fit(100 * X), X[N_ROWS // 2 : 2 * N_ROWS])


def test_the_rows_are_kept_no_longer_than_needed():
    X = np.random.default_rng(0).normal(size=(N_ROWS, 20))
    X[:, 0] = 5.0
    sizes = [len(pickle.dumps(stream(cut(X, [n])))) for n in (N_ROWS // 2, N_ROWS)]
    assert sizes[0] > 0.5 * X.nbytes > 10 * sizes[1]


@pytest.mark.parametrize("before", [0, 1, 200, N_ROWS - 60, N_ROWS, 3 * N_ROWS + 17])
def test_a_column_that_begins_to_vary_late(before):
    """However late: its values are then told apart, and without gaps or jumps in the others."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(before + 2 * N_ROWS, 2))
    X[:before, 1] = 7.0
    X[before:, 1] = 1e4 + 1e3 * X[before:, 1]
    encoder = stream(cut(X, [1] + [100] * (len(X) // 100)))
    z = encoder.transform(X[before:])[:, 1]
    assert z.std() > 0.3
    assert np.corrcoef(z, X[before:, 1])[0, 1] > 0.9
    np.testing.assert_array_equal(encoder.transform(X)[:, 0], stream([X[:1], X[1:1001]]).transform(X)[:, 0])


def test_missing_values_that_come_late():
    """Each dense column has its indicator from the first call on, in which all may be missing."""
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [NAN, NAN, 5.0], "s": ["x", "y", "x"]})
    late = pd.DataFrame({"a": [NAN, 1.0], "b": [4.0, NAN], "s": [None, "y"]})
    encoder = TabularEncoder().partial_fit(X[:1]).partial_fit(X[1:]).partial_fit(late)
    names = ["a", "b", "missingindicator_a", "missingindicator_b", "missingindicator_s", "s"]
    assert list(encoder.get_feature_names_out()) == names
    encoded = encoder.transform(late)
    np.testing.assert_array_equal(encoded[:, 2:], [[1, 0, 1, 0], [0, 1, 0, 2]])
    assert encoded[0, 0] == encoded[1, 1] == 0
    assert encoder.center_[1] == 4


def test_missing_values_that_come_late_in_a_sparse_matrix():
    """Its columns have an indicator only if the first call had gaps; what has none is told once."""
    X = sparse.csr_matrix([[NAN, 1.0, 2.0], [1.0, 0.0, 1.0]])
    gaps = sparse.csr_matrix([[NAN, 1.0, NAN], [1.0, NAN, 1.0]])
    encoder = TabularEncoder().partial_fit(X)
    assert encoder.transform(X).shape == (2, 4)
    with pytest.warns(UserWarning, match=r"^Column 1 holds missing values, which it did not in the first call of p"):
        encoder.partial_fit(gaps)
    encoder.partial_fit(gaps)
    np.testing.assert_array_equal(encoder.transform(gaps).toarray()[:, 3], [1, 0])
    assert np.isfinite(encoder.transform(gaps).toarray()).all()


@pytest.mark.parametrize("levels", [list("dacb"), [4, 1, 3, 2], [0.5, -1.0, 7.0, 3.0]])
def test_levels_have_the_codes_in_the_order_in_which_they_come(levels):
    encoder = TabularEncoder(categorical_features=[0])
    for level in levels:
        encoder.partial_fit([[level]])
        codes = encoder.transform([[each] for each in levels])[:, -1]
        n = levels.index(level) + 1
        np.testing.assert_array_equal(codes, [*range(1, n + 1)] + [0] * (4 - n))
        assert encoder.levels_[0].tolist() == sorted(levels[:n])
        assert encoder.embedded_features_ == [(1, N_SLOTS)]


def test_a_dtype_that_lists_its_levels():
    """They have slots from the first call on, and as many spare ones."""
    many = [f"level {i}" for i in range(300)]
    X = pd.DataFrame({"s": pd.Categorical(["level 7"], many)})
    encoder = TabularEncoder().partial_fit(X)
    assert encoder.embedded_features_ == [(1, 600)]
    assert sorted(encoder.levels_[0]) == sorted(many)
    assert len(np.unique(encoder.transform(pd.DataFrame({"s": pd.Categorical(many)}))[:, 1])) == 300


def test_levels_in_rows_of_weight_zero_have_no_slot():
    encoder = TabularEncoder().partial_fit(pd.DataFrame({"s": ["a", "b"]}), sample_weight=[1, 0])
    assert encoder.levels_[0].tolist() == ["a"]
    encoder.partial_fit(pd.DataFrame({"s": ["c", "b"]}), sample_weight=[0, 1])
    assert encoder.levels_[0].tolist() == ["a", "b"]


def test_a_full_table_is_told_once():
    levels = [f"{i:04}" for i in range(N_SLOTS + 3)]
    encoder = TabularEncoder().partial_fit(pd.DataFrame({"city": levels[:1]}))
    with pytest.warns(UserWarning, match="city") as found:
        encoder.partial_fit(pd.DataFrame({"city": levels}))
    message = (
        f"Column 'city' has more levels than the {N_SLOTS} that the first call of partial_fit made room for: "
        f"'{levels[N_SLOTS]}' and others count as unseen. Give the first call more of the levels, or a category dtype "
        "that lists them all."
    )
    assert [str(each.message) for each in found] == [message]
    assert found[0].filename == __file__
    pickle.loads(pickle.dumps(encoder)).partial_fit(pd.DataFrame({"city": levels}))
    codes = encoder.transform(pd.DataFrame({"city": levels}))[:, -1]
    np.testing.assert_array_equal(codes, [*range(1, N_SLOTS + 1), 0, 0, 0])


def test_a_warning_that_is_an_error_leaves_the_encoder_as_it_was():
    levels = pd.DataFrame({"city": [f"{i:04}" for i in range(N_SLOTS + 3)], "x": 1.0})
    encoder = TabularEncoder().partial_fit(levels[:1])
    before = pickle.dumps(encoder)
    with pytest.raises(UserWarning, match="city"):
        encoder.partial_fit(levels)
    assert pickle.dumps(encoder) == before


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"x": ["word"], "s": ["a"]}, "Column 'x' must hold numbers"),
        ({"x": [np.inf], "s": ["a"]}, "Column 'x' holds an infinite value"),
        ({"x": [1.0], "s": [3.0]}, "Column 's' must hold strings"),
        ({"x": [1.0]}, "X: The feature names"),
    ],
)
def test_a_call_that_fails_leaves_the_encoder_as_it_was(wrong, error):
    """Kinds of columns are fixed by the first call."""
    encoder = TabularEncoder().partial_fit(pd.DataFrame({"x": [1.0, 2.0], "s": ["a", "b"]}))
    before = pickle.dumps(encoder)
    with pytest.raises((ValueError, TypeError), match=error):
        encoder.partial_fit(pd.DataFrame(wrong))
    assert pickle.dumps(encoder) == before


def test_one_hot_columns_get_the_levels_as_they_come():
    """Those of the first call by their frequency; without a column of its own a level is infrequent."""
    encoder = TabularEncoder(high_cardinality="infrequent", max_one_hot_levels=4)
    encoder.partial_fit(pd.DataFrame({"s": ["b", "a", "b"]}))
    names = ["missingindicator_s", "s_b", "s_a", "s_spare0", "s_infrequent"]
    assert list(encoder.get_feature_names_out()) == names
    encoder.partial_fit(pd.DataFrame({"s": ["d", "c"]}))
    assert list(encoder.get_feature_names_out()) == ["missingindicator_s", "s_b", "s_a", "s_c", "s_infrequent"]
    encoded = encoder.transform(pd.DataFrame({"s": ["a", "b", "c", "d", None]}))
    np.testing.assert_array_equal(encoded[:, 1:], [*np.eye(4)[[1, 0, 2, 3]], np.zeros(4)])
    np.testing.assert_array_equal(encoded[:, 0], [0, 0, 0, 0, 1])


def test_a_mixed_table_by_rows():
    """Scales as in fit, codes that tell the levels apart as its output does, whatever the batches."""
    X = mixed_table(60)
    encoder, fitted = stream(cut(X, [1, 1, 8, 50])), TabularEncoder().fit(X)
    varying = fitted.numeric_columns_.varying
    np.testing.assert_array_equal(encoder.center_[varying], fitted.center_)
    np.testing.assert_array_equal(encoder.scale_[varying], fitted.scale_)
    n = fitted.n_numeric_
    np.testing.assert_array_equal(encoder.transform(X)[:, varying], fitted.transform(X)[:, :n])
    for j, levels in enumerate(encoder.levels_):
        if levels is not None:
            np.testing.assert_array_equal(levels, fitted.levels_[j])


def test_after_fit_there_is_nothing_to_learn():
    """And fit begins anew after partial_fit, bit for bit."""
    X = mixed_table()
    encoder = TabularEncoder().fit(X)
    before = pickle.dumps(encoder)
    assert pickle.dumps(encoder.partial_fit(mixed_table(seed=1))) == before
    other = TabularEncoder().partial_fit(X[:1]).fit(X)
    np.testing.assert_array_equal(other.transform(X), encoder.transform(X))
    assert set(vars(other)) == set(vars(encoder))


@pytest.mark.parametrize("first", [np.array, sparse.csr_matrix])
def test_dense_and_sparse_calls(first):
    """The first decides: what is dense later is scaled like it."""
    X = np.array([[0.0, 2.0], [1.0, 0.0], [4.0, 2.0]])
    other = sparse.csr_matrix if first is np.array else np.array
    encoder = TabularEncoder().partial_fit(first(X[:1])).partial_fit(other(X[1:]))
    assert_scales_of_fit(encoder, first(X))
    encoded = encoder.transform(first(X))
    if first is np.array:
        np.testing.assert_allclose(encoded[:, 0], clip((X[:, 0] - 1) / 4))
