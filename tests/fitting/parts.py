"""Tables in parts for the tests of data-parallel training, and shards that behave as those on other processes."""

import pickle

import numpy as np
import pandas as pd

from skann.fitting.block_table import Block, BlockTable
from skann.fitting.sharded import ShardedTable
from skann.fitting.shards import LocalShards


class FrameTable(BlockTable):
    """A table in memory, in blocks of so many rows."""

    def __init__(self, X, y, weight=None, n_block=130):
        self.X, self.y, self.weight, self.n_block = X, y, weight, n_block
        self.shape, self.n_pieces = X.shape, max(1, -(-len(X) // n_block))  # one may be empty
        self.has_target, self.has_weight = y is not None, weight is not None

    def read(self, piece):
        first = piece * self.n_block
        rows = slice(first, first + self.n_block)
        yield Block(first, *(None if each is None else each[rows] for each in (self.X, self.y, self.weight)), "X")


class PickledShards(LocalShards):
    """Every function is run twice, on what comes out of a pickle of its part and arguments, as if on other processes
    of which one is lost; what the second run returns counts.
    """

    def run(self, function, *arguments):
        sent = pickle.dumps((self.parts, function, arguments))
        for _ in range(2):
            parts, function, arguments = pickle.loads(sent)
            found = [pickle.loads(pickle.dumps(function(part, *arguments))) for part in parts]
        return found

    def hold(self, function, *arguments):
        return PickledShards(self.run(function, *arguments))

    def numbered(self):
        return PickledShards(list(enumerate(self.parts)))


def as_categories(X):
    """The DataFrame with categories in place of strings."""
    return X.astype({name: "category" for name in X.columns if not pd.api.types.is_numeric_dtype(X[name])})


def in_parts(cuts, X, y, weight=None, shards=LocalShards):
    """The rows as a `ShardedTable` of parts that begin and end at the cuts; of a DataFrame with dtypes of their own."""
    parts = []
    for start, stop in zip([0, *cuts], [*cuts, len(X)], strict=True):
        own = [None if each is None else each[start:stop] for each in (X, y, weight)]
        if isinstance(X, pd.DataFrame):
            own[0] = own[0].reset_index(drop=True)
            own[0] = as_categories(own[0])  # with the levels of this part
            own[1:] = [None if each is None else np.asarray(each) for each in own[1:]]
        parts.append(FrameTable(*own))
    return ShardedTable(shards(parts))
