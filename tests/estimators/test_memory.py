"""Predictions of many rows, and the memory that they and a fit take."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_regression

from tests.data import SCALED_IRIS as X
from tests.data import SPECIES as Y
from tests.fitting.small import SMALL
from tests.plain import BOTH, ANNClassifier, ANNRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*batch_size.*:UserWarning"),
]


@BOTH
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_predictions_do_not_depend_on_chunks(Estimator, container):
    """10 000 rows at once, or in any pieces: equal to rounding."""
    A = np.random.default_rng(0).normal(size=(10_000, 4))
    model = Estimator((300, 300), max_iter=2, random_state=0).fit(X, Y)
    predict = model.predict_proba if Estimator is ANNClassifier else model.predict
    whole = predict(container(A))
    for start, stop in [(0, 1), (0, 7), (777, 5000), (9999, 10_000)]:
        np.testing.assert_allclose(predict(container(A[start:stop])), whole[start:stop], rtol=1e-9, atol=1e-12)
    order = np.random.default_rng(1).permutation(10_000)
    np.testing.assert_allclose(predict(container(A[order])), whole[order], rtol=1e-9, atol=1e-12)


@BOTH
def test_predictions_are_the_callers(Estimator):
    """A second call does not overwrite what the first returned."""
    model = Estimator(**SMALL, max_iter=3, random_state=0).fit(X, Y)
    first = model.predict(X)
    kept = first.copy()
    model.predict(-X)
    np.testing.assert_array_equal(first, kept)
    first[...] = 0
    np.testing.assert_array_equal(model.predict(X), kept)


def test_memory_of_many_predictions():
    """200 000 rows of 20 features: far less than the 400 MB of one hidden layer of 250 units in float64."""
    import tracemalloc

    A = np.random.default_rng(0).normal(size=(200_000, 20))
    model = ANNRegressor((250,), max_iter=2).fit(A[:1000], A[:1000, 0])
    tracemalloc.start()
    model.predict(A)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6


def test_fit_holds_one_copy_of_the_data():
    """In the training dtype, and none of it in float64."""
    import tracemalloc

    A, y = make_regression(100_000, 50, random_state=0)
    tracemalloc.start()
    ANNRegressor((16,), max_iter=1, early_stopping=True, tol=0).fit(A, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < A.nbytes / 2 + 15e6
