"""joblib's backends and dask-ml: searches, ensembles and streams give the same wherever they run."""

import dask
import dask.array as da
import joblib
import numpy as np
import pytest
from dask_ml.wrappers import Incremental, ParallelPostFit
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from tables import SINGLE, SMALL, make_classes

from skann import ANNClassifier, ANNRegressor

pytestmark = [pytest.mark.xdist_group("dask"), pytest.mark.timeout(240)]

BACKENDS = ["loky", "threading", "dask"]
FRAME, LABELS = make_classes(300)
X = np.random.default_rng(0).normal(size=(400, 3))
y = X[:, 0] + X[:, 1] ** 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_grid_search_finds_the_same(client, backend):
    model = ANNClassifier(**SINGLE | {"max_iter": 3})
    grid = {"learning_rate_init": [0.001, 0.02]}
    alone = GridSearchCV(model, grid, cv=2).fit(FRAME, LABELS)
    with joblib.parallel_config(backend, n_jobs=2):
        found = GridSearchCV(model, grid, cv=2).fit(FRAME, LABELS)
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(found.predict_proba(FRAME), alone.predict_proba(FRAME))


@pytest.mark.parametrize("backend", BACKENDS)
def test_ensembles_are_the_same(client, backend):
    """To the bit."""
    settings = SMALL | {"n_estimators": 5, "max_iter": 6}
    with joblib.parallel_config(backend, n_jobs=2):
        found = ANNRegressor(n_jobs=2, **settings).fit(X, y)
        predicted = found.predict(X)
    np.testing.assert_array_equal(predicted, ANNRegressor(**settings).fit(X, y).predict(X))


def test_incremental_is_partial_fit_chunk_by_chunk(client):
    """To the bit in one process. Between workers models travel as pickles, which hold no state of the optimizer."""
    settings = SINGLE | {"max_iter": 3}
    chunks = da.from_array(X, chunks=(100, 3)), da.from_array((y > 0).astype(int), chunks=100)
    model = Incremental(ANNClassifier(**settings), shuffle_blocks=False)
    there = clone(model).fit(*chunks, classes=[0, 1])
    assert there.estimator_.t_ == 400
    assert there.estimator_.score(X, y > 0) > 0.75
    with dask.config.set(scheduler="synchronous"):
        found = model.fit(*chunks, classes=[0, 1])
    plain = ANNClassifier(**settings)
    for start in range(0, 400, 100):
        rows = slice(start, start + 100)
        plain.partial_fit(X[rows], (y[rows] > 0).astype(int), classes=[0, 1])
    np.testing.assert_array_equal(found.estimator_.predict_proba(X), plain.predict_proba(X))


def test_parallel_post_fit_predicts_block_by_block(client):
    plain = ANNRegressor(**SINGLE).fit(X, y)
    found = ParallelPostFit(ANNRegressor(**SINGLE)).fit(X, y).predict(da.from_array(X, chunks=(150, 3)))
    assert found.numblocks == (3,)
    np.testing.assert_allclose(found.compute(), plain.predict(X), rtol=1e-6)
