"""`DaskShards`: parts of a table stay on their workers, functions go there, and lost workers are made up for."""

import os
import signal
import threading
import time

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster, get_worker

from skann import ANNClassifier
from skann.dask import DaskShards
from skann.dask import shards as module
from skann.fitting.dask_table import Collections
from skann.fitting.sharded import ShardedTable
from skann.fitting.shards import LocalShards

pytestmark = [pytest.mark.xdist_group("dask"), pytest.mark.timeout(180)]

X = np.random.default_rng(0).normal(size=(600, 3))
y = (X[:, 0] > 0).astype(int)


def rows(table):
    """All rows of a part with their targets, as one array."""
    return np.concatenate([np.column_stack([block.X, block.y]) for block in table])


def in_order(parts):
    found = np.concatenate(parts)
    return found[np.lexsort(found.T)]


ALL_ROWS = in_order([np.column_stack([X, y])])
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])


def frame(n_partitions):
    return dd.from_pandas(FRAME, npartitions=n_partitions)


def unknown(collection):
    """The same array without known chunk sizes."""
    return da.concatenate([collection[collection[:, 0] < 9]]) if collection.ndim == 2 else collection[collection < 9]


TABLES = {
    "arrays": lambda: (da.from_array(X, chunks=(100, 3)), da.from_array(y, chunks=100)),
    "unequal chunks": lambda: (da.from_array(X, chunks=((10, 390, 200), (1, 2))), da.from_array(y, chunks=250)),
    "unknown chunk sizes": lambda: (unknown(da.from_array(X, chunks=(150, 3))), unknown(da.from_array(y, chunks=150))),
    "y in memory": lambda: (unknown(da.from_array(X, chunks=(150, 3))), y),
    "frames": lambda: (frame(4), dd.from_pandas(pd.Series(y), npartitions=4)),
    "frames cut differently": lambda: (frame(4), dd.from_pandas(pd.Series(y), npartitions=3)),
    "frame and array": lambda: (frame(4), da.from_array(y, chunks=100)),
    "array and series": lambda: (da.from_array(X, chunks=(100, 3)), dd.from_pandas(pd.Series(y), npartitions=5)),
}


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_parts_hold_each_row_once_beside_its_target(client, make):
    shards = DaskShards.of(client, Collections.aligned(*make()))
    np.testing.assert_array_equal(in_order(shards.run(rows)), ALL_ROWS)


def test_functions_run_where_the_parts_are(client):
    x = client.persist(da.from_array(X, chunks=(100, 3)))
    shards = DaskShards.of(client, Collections.aligned(x, y))
    assert sorted(shards.run(lambda part: get_worker().address)) == sorted(client.nthreads())
    held = shards.hold(rows)
    assert [len(each) for each in held.run(np.asarray)] == [len(each) for each in shards.run(rows)]
    assert held.numbered().run(lambda pair: pair[0]) == list(range(len(shards)))
    assert held.run(lambda part: get_worker().address) == shards.run(lambda part: get_worker().address)


def test_arguments_are_copies_and_travel_once_to_each_worker(client):
    """A part that changes its argument changes nobody else's; the bytes that come are those that were sent."""
    shards = DaskShards.of(client, Collections.aligned(da.from_array(X, chunks=(100, 3)), y))
    large = np.zeros(10**5)

    def change(part, array):
        array += 1
        return array.sum()

    for _ in range(2):
        assert shards.run(change, large) == [1e5] * len(shards)
    assert not large.any()


def test_errors_of_a_function_come_back(client):
    shards = DaskShards.of(client, Collections.aligned(da.from_array(X, chunks=(100, 3)), y))

    def fail(part):
        raise ValueError(f"no good, {len(part) > 0}")

    with pytest.raises(ValueError, match="no good, True"):
        shards.run(fail)
    assert len(shards.run(len)) == len(shards)


def test_partitions_of_other_lengths_are_refused(client):
    other = unknown(da.from_array(y, chunks=((100, 500),)))
    with pytest.raises(ValueError, match="Partition 0 has 300 rows in X and 100 in y"):
        DaskShards.of(client, Collections.aligned(unknown(da.from_array(X, chunks=(300, 3))), other))
    with pytest.raises(ValueError, match="y needs an entry for each of the 600 rows of X, got 599"):
        Collections.aligned(da.from_array(X, chunks=(300, 3)), y[:-1])
    with pytest.raises(TypeError, match=r"X must be a Dask array or DataFrame .* got 'Series'"):
        Collections.aligned(frame(2)["a"])


def parts_of(shards):
    """The same parts in this process."""
    return LocalShards(shards.run(lambda part: part))


SETTINGS = {"n_estimators": 1, "max_iter": 2, "hidden_layer_sizes": (8,), "random_state": 0}


def test_training_gives_what_it_gives_in_one_process(client):
    """To the bit, on the same parts."""
    shards = DaskShards.of(client, Collections.aligned(da.from_array(X, chunks=(150, 3)), y))
    here = ANNClassifier(**SETTINGS).fit(ShardedTable(parts_of(shards)))
    there = ANNClassifier(**SETTINGS).fit(ShardedTable(shards))
    np.testing.assert_array_equal(there.predict_proba(X), here.predict_proba(X))


def kill_after(client, n_submitted, monkeypatch):
    """Kill a worker process when the client submits its n-th task from now on, and return its address; its nanny makes
    a new one.
    """
    pids, submit, count = client.run(os.getpid), client.submit, iter(range(10**9))
    lost = min(pids)

    def counted(*args, **kwargs):
        if next(count) == n_submitted:
            os.kill(pids[lost], signal.SIGKILL)
        return submit(*args, **kwargs)

    monkeypatch.setattr(client, "submit", counted)
    return lost


def test_training_goes_on_when_a_worker_is_killed(client, monkeypatch):
    """With the same result to the bit: what the worker held is made again, by the same steps."""
    shards = DaskShards.of(client, Collections.aligned(da.from_array(X, chunks=(150, 3)), y))
    here = ANNClassifier(**SETTINGS).fit(ShardedTable(parts_of(shards)))
    lost = kill_after(client, 20, monkeypatch)
    there = ANNClassifier(**SETTINGS).fit(ShardedTable(shards))
    monkeypatch.undo()
    while lost in client.nthreads():
        time.sleep(0.05)
    client.wait_for_workers(2)
    np.testing.assert_array_equal(there.predict_proba(X), here.predict_proba(X))


def test_data_that_cannot_be_made_again_are_an_error(client):
    """Of a client that only lent them: they are gone with their worker."""
    worker = next(iter(client.nthreads()))
    future = client.scatter(X, workers=[worker])
    lent = da.from_delayed(future, X.shape, X.dtype)
    shards = DaskShards.of(client, Collections.aligned(lent, y))
    assert shards.run(len) == [600]
    os.kill(client.run(os.getpid)[worker], signal.SIGKILL)
    while worker in client.nthreads():
        time.sleep(0.05)
    with pytest.raises(RuntimeError, match="lost"):
        shards.run(len)
    client.wait_for_workers(2)


def test_without_workers_it_ends_with_an_error(monkeypatch):
    monkeypatch.setattr(module, "TICK", 0.1)
    monkeypatch.setattr(module, "WITHOUT_WORKERS", 0.3)
    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        shards = DaskShards.of(client, Collections.aligned(da.from_array(X, chunks=(150, 3)), y))
        cluster.scale(0)
        while client.nthreads():
            time.sleep(0.05)
        with pytest.raises(RuntimeError, match="no workers"):
            shards.run(len)


def test_ctrl_c_cancels_what_was_asked_for(client, monkeypatch):
    shards = DaskShards.of(client, Collections.aligned(da.from_array(X, chunks=(150, 3)), y))
    cancelled, cancel = [], client.cancel

    def recorded(futures, **kwargs):
        cancelled.extend(futures)
        return cancel(futures, **kwargs)

    monkeypatch.setattr(client, "cancel", recorded)
    timer = threading.Timer(1.0, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT])
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        shards.run(lambda part: time.sleep(5))
    assert time.monotonic() - start < 4
    assert len(cancelled) == len(shards)
    assert all(each.cancelled() for each in cancelled)
