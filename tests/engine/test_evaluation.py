"""Raw outputs and mean losses of many rows, whatever the chunks."""

import numpy as np
import pytest
from scipy import sparse

from skann.engine import evaluation as module
from skann.engine.evaluation import chunk_rows, mean_loss, raw_outputs
from skann.engine.losses import LOSSES
from skann.engine.rows import ArrayRows
from tests.helpers import Peak, make_loss, make_network, make_targets, make_weight

X = np.random.default_rng(0).normal(size=(30, 4))
SHORT_CHUNKS = pytest.mark.parametrize("n_chunk", [1, 7, 29, 30, 31])


@SHORT_CHUNKS
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_raw_outputs_do_not_depend_on_chunks(n_chunk, make, dropout, monkeypatch):
    network = make_network(dropout=dropout)
    whole = raw_outputs(network, ArrayRows(X))
    np.testing.assert_array_equal(whole, network.forward(X, network.workspace(30)))
    monkeypatch.setattr(module, "chunk_rows", lambda network, n_in: n_chunk)
    np.testing.assert_allclose(raw_outputs(network, ArrayRows(make(X))), whole, rtol=1e-12, atol=1e-14)
    rows = np.array([5, 29, 0, 5, 6, 7, 8, 9, 10])
    np.testing.assert_allclose(
        raw_outputs(network, ArrayRows(make(X), which=rows)), whole[rows], rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("of_X", [np.float32, np.float64])
@pytest.mark.parametrize("of_theta", [np.float32, np.float64])
@SHORT_CHUNKS
def test_raw_outputs_in_the_wider_dtype(of_X, of_theta, n_chunk, monkeypatch):
    monkeypatch.setattr(module, "chunk_rows", lambda network, n_in: n_chunk)
    raw = raw_outputs(make_network(dtype=of_theta), ArrayRows(X.astype(of_X)))
    assert raw.dtype == np.result_type(of_X, of_theta)
    assert raw.shape == (30, 3)


def test_raw_outputs_belong_to_the_caller():
    """A second call leaves the first one's result alone."""
    network = make_network()
    first = raw_outputs(network, ArrayRows(X))
    kept = first.copy()
    raw_outputs(network, ArrayRows(-X))
    np.testing.assert_array_equal(first, kept)


def test_memory_of_raw_outputs_does_not_grow_with_rows():
    """Beyond the output itself: the buffers of one chunk, whatever the number of rows."""
    network, peaks = make_network((10, 50, 1)), []
    for n_rows in (20_000, 80_000):
        X = np.ones((n_rows, 10))
        with Peak() as peak:
            raw = raw_outputs(network, ArrayRows(X))
        peaks.append(peak.bytes - raw.nbytes)
    assert peaks[1] < peaks[0] + 10_000
    assert peaks[1] < 3 * chunk_rows(network, 10) * 51 * 8


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("weighted", [False, True])
def test_mean_loss_in_chunks(name, weighted):
    """10 000 rows in chunks are what they are at once; so is a constant prediction."""
    loss, y = make_loss(name), make_targets(name, 10_000)
    raw, weight = np.random.default_rng(1).normal(size=(10_000, 3)), make_weight(10_000) if weighted else None

    def at_once(raw):
        return loss.value_and_delta(raw, y, weight, np.empty_like(raw))

    assert mean_loss(loss, raw, y, weight) == pytest.approx(at_once(raw), rel=1e-12)
    assert mean_loss(loss, raw[:1], y, weight) == pytest.approx(at_once(np.tile(raw[:1], (10_000, 1))), rel=1e-12)
