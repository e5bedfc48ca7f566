"""The dtype of the training, and sparse rows."""

import numpy as np
import pytest
from scipy import sparse

from tests.data import SCALED_IRIS as X
from tests.data import SPECIES as Y
from tests.fitting.small import ALL_SOLVERS, SMALL, theta
from tests.plain import BOTH, ANNClassifier

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*batch_size.*:UserWarning"),
]


# -------------------------------------------------------------------------------------------------------------- dtypes


@BOTH
@ALL_SOLVERS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("input_dtype", [np.float32, np.float64, int])
def test_training_dtype(Estimator, solver, dtype, input_dtype):
    """``dtype`` decides for the parameters; predictions have the dtype of their input (integers: float64)."""
    A = (4 * X).astype(input_dtype)
    model = Estimator(**SMALL, solver=solver, dtype=dtype, max_iter=3, random_state=0).fit(A, Y)
    assert {p.dtype for p in [*model.coefs_, *model.intercepts_, theta(model)]} == {np.dtype(dtype)}
    predict = model.predict_proba if Estimator is ANNClassifier else model.predict
    out = np.float32 if input_dtype == np.float32 else np.float64
    assert predict(A).dtype == out
    np.testing.assert_allclose(predict(A.astype(np.float32)), predict(A.astype(np.float64)), rtol=1e-3, atol=1e-4)


@BOTH
@pytest.mark.parametrize(
    "solver, n_rows, expected",
    [("adam", 500, "float64"), ("adam", 501, "float32"), ("sgd", 501, "float32"), ("lbfgs", 501, "float64")],
)
@pytest.mark.parametrize("input_dtype", [np.float32, np.float64])
def test_auto_dtype(Estimator, solver, n_rows, expected, input_dtype):
    """float64 for L-BFGS and for at most 500 rows, float32 above."""
    A = np.resize(X, (n_rows, 4)).astype(input_dtype)
    model = Estimator(**SMALL, solver=solver, max_iter=2).fit(A, np.resize(Y, n_rows))
    assert theta(model).dtype == expected


@BOTH
def test_float32_and_float64_learn_the_same(Estimator):
    """The same start, the same order, the same model up to rounding."""
    a, b = (Estimator(**SMALL, dtype=dtype, max_iter=10, random_state=0).fit(X, Y) for dtype in ("float32", "float64"))
    np.testing.assert_allclose(theta(a), theta(b), atol=1e-4)


# -------------------------------------------------------------------------------------------------------------- sparse

CONTAINERS = [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array, sparse.coo_array]


@BOTH
@ALL_SOLVERS
@pytest.mark.parametrize("container", CONTAINERS)
def test_sparse_is_dense(Estimator, solver, container):
    """To rounding, in fit and predict, with early stopping."""
    A = np.where(X > 0.3, X, 0)
    params = SMALL | {"solver": solver, "dtype": "float64", "max_iter": 5, "random_state": 0, "early_stopping": True}
    dense, from_sparse = Estimator(**params).fit(A, Y), Estimator(**params).fit(container(A), Y)
    np.testing.assert_allclose(theta(from_sparse), theta(dense), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(dense.predict(container(A)), dense.predict(A), rtol=1e-9, atol=1e-12)


def test_sparse_is_not_made_dense():
    """300 000 columns with 8 units: 400 rows as a dense matrix would be almost 1 GB."""
    import tracemalloc

    rng = np.random.default_rng(0)
    cells = rng.integers(400, size=1200), rng.integers(300_000, size=1200)
    A = sparse.csr_matrix((rng.random(1200), cells), shape=(400, 300_000))
    tracemalloc.start()
    model = ANNClassifier((8,), max_iter=1, dtype="float32").fit(A, np.arange(400) % 2)
    model.predict(A)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.float32])
def test_sparse_integers(dtype):
    """Counts and flags in a sparse matrix are numbers."""
    A = (X > 0).astype(dtype)
    a, b = (ANNClassifier(**SMALL, max_iter=3, random_state=0).fit(B, Y) for B in (A, sparse.csr_array(A)))
    np.testing.assert_allclose(theta(a), theta(b), rtol=1e-6, atol=1e-9)
