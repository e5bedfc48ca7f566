"""Plain estimators on tables of Dask, a partition at a time on this machine."""

import dask.array as da
import dask.bag as db
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from tables import SINGLE, make_classes

from skann import ANNClassifier, ANNRegressor
from skann.data import from_arrays, from_dask, predict_to

pytestmark = pytest.mark.timeout(120)

N = 4096  # rows that a table of arrays reads at a time
X = np.random.default_rng(0).normal(size=(2 * N, 3)).astype(np.float32)
y = X[:, 0] ** 2 + X[:, 1]
WEIGHT = np.random.default_rng(1).uniform(0.5, 2, len(X))
SETTINGS = SINGLE | {"max_iter": 2}
FRAME, LABELS = make_classes(900)
MIXED = dd.from_pandas(FRAME.assign(label=LABELS), npartitions=3)


def unknown(array):
    """The same without known chunk sizes."""
    return da.concatenate([array[(array if array.ndim == 1 else array[:, 0]) < 99]])


@pytest.mark.parametrize("make", [da.asarray, unknown], ids=["known", "unknown chunk sizes"])
def test_partitions_are_learnt_as_blocks_of_arrays_are(make):
    """To the bit, where partitions are as large; given as they are or as a table."""
    as_blocks = ANNRegressor(**SETTINGS).fit(from_arrays(X, y, WEIGHT))
    dask = [make(da.from_array(each, chunks=(N, -1)[: each.ndim])) for each in (X, y, WEIGHT)]
    expected = as_blocks.predict(X)
    np.testing.assert_array_equal(ANNRegressor(**SETTINGS).fit(*dask).predict(X), expected)
    np.testing.assert_array_equal(ANNRegressor(**SETTINGS).fit(from_dask(*dask)).predict(X), expected)
    np.testing.assert_array_equal(as_blocks.predict(dask[0]), expected)
    np.testing.assert_array_equal(predict_to(as_blocks, from_dask(dask[0]), np.empty(len(X), np.float32)), expected)


def test_frames_with_strings_and_missing_values():
    """Learnt about as well as in memory, and predicted to the bit."""
    columns = list(FRAME.columns)
    settings = SINGLE | {"max_iter": 15}
    found = ANNClassifier(**settings).fit(MIXED[columns], MIXED["label"])
    plain = ANNClassifier(**settings).fit(FRAME, LABELS)
    assert found.score(FRAME, LABELS) == pytest.approx(plain.score(FRAME, LABELS), abs=0.04)
    np.testing.assert_array_equal(found.predict(MIXED[columns]), found.predict(FRAME))
    assert list(found.feature_names_in_) == columns


def test_empty_partitions_have_no_blocks():
    thinned = MIXED.map_partitions(lambda part: part[part.index < 500], meta=MIXED)
    table = from_dask(thinned[["age", "city"]], thinned["label"])
    assert len(table) == 500
    assert [len(block.X) for block in table] == [300, 200]
    assert [block.first for block in table] == [0, 300]


def test_what_is_wrong_is_said():
    dask = da.from_array(X, chunks=(N, 3))
    with pytest.raises(TypeError, match="X must be a Dask array or DataFrame"):
        ANNRegressor().fit(db.from_sequence([1, 2]), y)
    with pytest.raises(TypeError, match="X must be a Dask array or DataFrame"):
        from_dask(X, y)
    with pytest.raises(ValueError, match="y needs an entry for each of the 8192 rows of X, got 8191"):
        ANNRegressor().fit(dask, y[1:])
    with pytest.raises(ValueError, match="no rows"):
        from_dask(MIXED[["age"]].map_partitions(lambda part: part[:0], meta=MIXED[["age"]]))
    with pytest.raises(ValueError, match="cv"):
        ANNRegressor(cv=3).fit(dask, y)
    with pytest.raises(ValueError, match="no target"):
        ANNRegressor().fit(dask, y, X_val=dask)


def test_rows_to_watch_and_batches_may_be_of_dask():
    """As if they were in memory."""
    dask, labels = da.from_array(X, chunks=(N, 3)), da.from_array(y, chunks=N)
    model, other = (
        ANNRegressor(**SETTINGS).fit(X, y, X_val=watched, y_val=of_watched)
        for watched, of_watched in ((X, y), (dask, labels))
    )
    np.testing.assert_array_equal(model.predict(X), other.predict(X))
    model, other = (
        ANNRegressor(**SETTINGS).partial_fit(X, y),
        ANNRegressor(**SETTINGS).partial_fit(da.from_array(X, chunks=(len(X), 3)), y),
    )
    np.testing.assert_array_equal(model.predict(X), other.predict(X))


def test_a_partition_that_fails_is_named_and_the_estimator_stays_as_it_was():
    def fail(part, partition_info=None):
        if partition_info and partition_info["number"] == 1:
            raise OSError("the disk is gone")
        return part

    model = ANNClassifier(**SETTINGS).fit(FRAME[["age"]], LABELS)
    before = model.predict_proba(FRAME[["age"]])
    broken = MIXED[["age"]].map_partitions(fail, meta=MIXED[["age"]])
    given = broken, MIXED["label"]
    with pytest.raises((RuntimeError, OSError), match="disk is gone"):
        model.fit(*given)
    np.testing.assert_array_equal(model.predict_proba(FRAME[["age"]]), before)
    known = da.from_array(X, chunks=(N, 3)).map_blocks(_fails_later, dtype=np.float32)
    with pytest.raises(RuntimeError, match="Partition 1 of the table can't be computed: the disk is gone"):
        ANNRegressor(**SETTINGS).fit(known, y)


def _fails_later(block, block_info=None):
    if block_info and block_info[0]["chunk-location"][0] == 1:
        raise OSError("the disk is gone")
    return block


def test_targets_of_a_series_with_categories():
    labels = pd.Series(LABELS, dtype="category")
    found = ANNClassifier(**SETTINGS).fit(MIXED[["age"]], dd.from_pandas(labels, npartitions=3))
    assert list(found.classes_) == ["poor", "rich"]
