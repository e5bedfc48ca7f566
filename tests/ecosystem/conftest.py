"""A cluster of two worker processes for all tests of Dask, which `--dist loadgroup` puts into one process of pytest."""

import pytest


@pytest.fixture(scope="session")
def client():
    from distributed import Client, LocalCluster

    options = {"dashboard_address": None, "worker_dashboard_address": None, "memory_limit": "2GB"}
    with LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster, Client(cluster) as client:
        yield client
