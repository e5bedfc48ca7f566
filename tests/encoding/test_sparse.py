"""Sparse matrices of numbers: they stay sparse and are not centred."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from skann.encoding import TabularEncoder
from tests.encoding.tables import NAN, clip, encode


def sparse_table(seed=0, shape=(60, 8)):
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random(shape) < 0.3, rng.normal(size=shape) * 10.0 ** np.arange(shape[1]), 0)
    dense[:, 2] = 0
    dense[:, 5] = 7
    return dense


FORMATS = pytest.mark.parametrize(
    "make",
    [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.lil_matrix],
)


@FORMATS
def test_sparse_closed_form(make):
    dense = sparse_table()
    encoder = TabularEncoder()
    encoded = encoder.fit_transform(make(dense))
    kept = np.delete(dense, [2, 5], axis=1)
    size = np.nanmean(np.where(kept != 0, np.abs(kept), NAN), axis=0)
    assert sparse.issparse(encoded)
    assert encoded.format == "csr"
    assert encoded.nnz == np.count_nonzero(kept)
    np.testing.assert_allclose(encoded.toarray(), clip(kept / size), rtol=1e-14)
    np.testing.assert_allclose(encoder.scale_, size, rtol=1e-14)
    assert not encoder.center_.any()


@FORMATS
def test_sparse_and_dense_input_of_one_encoder(make):
    dense = sparse_table()
    encoder = TabularEncoder().fit(make(dense))
    np.testing.assert_array_equal(encoder.transform(dense), encoder.transform(make(dense)).toarray())
    centred = TabularEncoder().fit(dense + np.eye(1, 8) * 3)
    np.testing.assert_array_equal(centred.transform(make(dense)), centred.transform(dense))


def test_sparse_integer_weights_are_repeated_rows():
    dense = sparse_table()
    weight = np.random.default_rng(0).integers(0, 4, len(dense))
    weighted = TabularEncoder().fit(sparse.csr_matrix(dense), sample_weight=weight)
    repeated = TabularEncoder().fit(sparse.csr_matrix(np.repeat(dense, weight, axis=0)))
    np.testing.assert_allclose(weighted.transform(dense), repeated.transform(dense), rtol=1e-14)


def test_sparse_missing():
    dense = np.array([[0, NAN, 1, NAN], [2, 0, 1, NAN], [0, 4, NAN, NAN], [0, 0, 1, NAN]])
    encoder = TabularEncoder()
    encoded = encoder.fit_transform(sparse.csc_array(dense))
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1", "x2", "missingindicator_x1", "missingindicator_x2"]
    f = clip(1)
    expected = [[0, 0, f, 1, 0], [f, 0, f, 0, 0], [0, f, 0, 0, 1], [0, 0, f, 0, 0]]
    np.testing.assert_allclose(encoded.toarray(), expected)
    np.testing.assert_allclose(encoder.transform(dense), expected)


def test_sparse_input_is_left_alone():
    X = sparse.csr_matrix(sparse_table())
    X.data[::5] = NAN
    X.data[1::5] = 0
    before = X.copy()
    encoded = TabularEncoder().fit_transform(X)
    encoded.data[:] = 0
    encoded.eliminate_zeros()
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(X, part), getattr(before, part))


def test_sparse_duplicate_entries_are_sums():
    X = sparse.csr_array((np.array([1.0, 2, 3]), np.array([0, 0, 0]), np.array([0, 2, 3])), shape=(2, 1))
    X = sparse.vstack([X, sparse.csr_array((1, 1))]).tocsr()
    np.testing.assert_allclose(encode(X).toarray(), clip([[1], [1], [0]]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, bool])
def test_sparse_dtype(dtype):
    X = sparse.csr_matrix((sparse_table() > 0).astype(dtype))
    encoded = encode(X)
    assert encoded.dtype == (np.float32 if dtype == np.float32 else np.float64)
    np.testing.assert_allclose(encoded.data, clip(1), rtol=1e-6)


def test_sparse_extremes():
    X = sparse.csr_matrix([[1e308, 1e-308], [-1.7e308, 0], [0, 2e-308]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoded = encode(X).toarray()
    assert np.isfinite(encoded).all()
    np.testing.assert_allclose(np.sign(encoded), np.sign(X.toarray()))


def test_sparse_has_no_categories():
    with pytest.raises(ValueError, match="categorical_features must be empty for a sparse X"):
        TabularEncoder([0]).fit(sparse.csr_matrix(sparse_table()))
