"""Parts of a table on the workers of Dask."""

import asyncio
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

from ..fitting.dask_table import Collections, PartitionTable, checked_partition
from ..fitting.shards import Shards

LARGE = 2**14  # bytes of a function and its arguments from which they are a task of their own
TICK = 5.0  # seconds between two looks at whether there are workers
WITHOUT_WORKERS = 60.0  # seconds after which there will be none


class Part:
    """A part of a table, or what was made of it, that tells Dask about how large it is."""

    def __init__(self, value: Any, n_bytes: int) -> None:
        self.value, self.n_bytes = value, n_bytes

    def __sizeof__(self) -> int:
        return self.n_bytes


class DaskShards(Shards):
    """Parts that are held by workers of Dask, at most one for each.

    A function runs on the worker that holds the part. When a worker is lost, what it held is computed again on another
    one, from the partitions on. Arguments travel pickled, once to each worker, and each part has a copy of its own.

    Parameters
    ----------
    client : distributed.Client
    parts : list of Future
        Of a `Part` each.
    workers : list of str or None
        The address of the worker that holds each, None where it is not known.
    """

    def __init__(self, client: Any, parts: list[Any], workers: list[str | None]) -> None:
        self._client, self._parts, self._workers = client, parts, workers

    @classmethod
    def of(cls, client: Any, collections: Collections) -> "DaskShards":
        """The partitions of a table where they lie: the part of a worker is a `BlockTable` of those that it holds."""
        from dask import delayed

        collected = delayed(checked_partition, pure=False)
        pieces = client.compute([collected(i, *each) for i, each in enumerate(collections.delayed())])
        finish(client, pieces)
        holders = client.who_has(pieces)
        at = defaultdict(list)
        for piece in pieces:
            at[next(iter(holders[piece.key]), None)].append(piece)
        workers = list(at)
        parts = [_submit(client, worker, _gathered, at[worker]) for worker in workers]
        finish(client, parts)
        return cls(client, parts, workers)

    @classmethod
    def copies(cls, client: Any, collections: Collections, n_most: int) -> "DaskShards":
        """The whole table on each of at most ``n_most`` workers: parts are triples of X, y and weight."""
        whole = client.compute([each for each in collections if each is not None])
        workers = sorted(client.nthreads())[:n_most]
        if not workers:
            raise no_workers()
        whole = [*whole, None] if collections.weight is None else whole
        parts = [_submit(client, worker, _whole, *whole) for worker in workers]
        finish(client, parts)
        return cls(client, parts, workers)

    def __len__(self) -> int:
        return len(self._parts)

    def run(self, function: Callable, *arguments: Any) -> list:
        import cloudpickle

        packed = self._packed(function, arguments)
        futures = self._at_parts(_called, packed)
        return [cloudpickle.loads(each) for each in results(self._client, futures)]

    def hold(self, function: Callable, *arguments: Any) -> "DaskShards":
        futures = self._at_parts(_held, self._packed(function, arguments))
        finish(self._client, futures)
        return DaskShards(self._client, futures, self._workers)

    def numbered(self) -> "DaskShards":
        pairs = zip(self._parts, self._workers, strict=True)
        futures = [_submit(self._client, worker, _numbered, i, part) for i, (part, worker) in enumerate(pairs)]
        finish(self._client, futures)
        return DaskShards(self._client, futures, self._workers)

    def only(self, number: int) -> "DaskShards":
        """The part with this number."""
        return DaskShards(self._client, [self._parts[number]], [self._workers[number]])

    def _packed(self, function, arguments):
        """A function and its arguments as bytes; many are a task, which goes to each worker once."""
        import cloudpickle

        packed = cloudpickle.dumps((function, arguments))
        return packed if len(packed) < LARGE else _submit(self._client, None, _same, packed)

    def _at_parts(self, function, packed):
        pairs = zip(self._parts, self._workers, strict=True)
        return [_submit(self._client, worker, function, part, packed) for part, worker in pairs]


# ------------------------------------------------------------------------------------------------------- at the client


def _submit(client, worker, function, *arguments):
    """The Future of a call on this worker, or on another one where it is lost."""
    where = {} if worker is None else {"workers": [worker], "allow_other_workers": True}
    key = f"skann{function.__name__}-{uuid.uuid4().hex}"
    return client.submit(function, *arguments, key=key, pure=False, **where)


def results(client: Any, futures: list[Any]) -> list[Any]:
    """The results of these futures, which are cancelled if one fails, or if Ctrl-C ends the waiting."""
    finish(client, futures)
    return client.gather(futures)


def finish(client: Any, futures: list[Any]) -> None:
    """Wait until these futures are there.

    Raises
    ------
    RuntimeError
        If they can't be had, since workers are lost.
    Exception
        That of a function that failed.
    """
    from distributed import KilledWorker, TimeoutError, wait

    since = time.monotonic()
    try:
        while True:
            try:
                wait(futures, timeout=TICK)
                break
            except TimeoutError:
                if client.nthreads():
                    since = time.monotonic()
                elif time.monotonic() - since > WITHOUT_WORKERS:
                    raise no_workers() from None
        for future in futures:
            if future.status != "finished":
                future.result()
    except BaseException as error:
        client.cancel(futures)
        if isinstance(error, KilledWorker):
            raise RuntimeError(
                "Workers died again and again while they computed a part of the table: it may need more memory than "
                f"they have. {error}"
            ) from error
        if isinstance(error, asyncio.CancelledError | CancelledError):
            raise RuntimeError(
                f"Data on the workers are lost and can't be computed again, or were cancelled: {error}"
            ) from error
        raise


def no_workers() -> RuntimeError:
    """The error about a cluster without workers."""
    return RuntimeError("The Dask cluster has no workers (any more): the training can't go on.")


# ------------------------------------------------------------------------------------------------------ at the workers


def _gathered(pieces):
    from dask.sizeof import sizeof

    n_bytes = sum(sizeof(each) for piece in pieces for each in piece if each is not None)
    return Part(PartitionTable(pieces, n_bytes), n_bytes)


def _whole(X, y, weight):
    from dask.sizeof import sizeof

    return Part(checked_partition(0, X, y, weight), sizeof(X))


def _same(packed):
    return packed


def _called(part, packed):
    import cloudpickle

    function, arguments = cloudpickle.loads(packed)
    return cloudpickle.dumps(function(part.value, *arguments))


def _held(part, packed):
    import cloudpickle

    function, arguments = cloudpickle.loads(packed)
    value = function(part.value, *arguments)
    return Part(value, max(part.n_bytes, sys.getsizeof(value)))


def _numbered(number, part):
    return Part((number, part.value), part.n_bytes)
