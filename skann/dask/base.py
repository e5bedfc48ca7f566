"""Base of both estimators for tables of Dask."""

import copy
import inspect
import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.utils import check_random_state

from .._estimator import Estimator
from ..estimators.base import OF_THE_CALL, unchanged_on_failure
from ..estimators.parameters import check_all_parameters
from ..fitting.block_arguments import settings_for_blocks
from ..fitting.dask_table import Collections
from ..fitting.portfolio import Portfolio
from ..fitting.sharded import ShardedTable
from . import prediction
from .networks import fit_networks
from .shards import DaskShards

STRATEGIES = ("auto", "networks", "rows")
MEMORY = 4  # a worker that trains networks needs so many times the bytes of the table

Strategy: TypeAlias = Literal["auto", "networks", "rows"]


def make_init(plain: type) -> Callable[..., None]:
    """An ``__init__`` with the parameters of ``plain``, and client and strategy."""
    of_plain = list(inspect.signature(plain).parameters.values())
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    own = [
        inspect.Parameter("client", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Any),
        inspect.Parameter("strategy", inspect.Parameter.KEYWORD_ONLY, default="auto", annotation=Strategy),
    ]
    signature = inspect.Signature([itself, *of_plain, *own], return_annotation=None)

    def __init__(*args: Any, **parameters: Any) -> None:
        bound = signature.bind(*args, **parameters)
        bound.apply_defaults()
        self, *names = bound.arguments
        for name in names:
            setattr(bound.arguments[self], name, bound.arguments[name])

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__


class DaskANN(Estimator, metaclass=ABCMeta):
    """What `DaskANNClassifier` and `DaskANNRegressor` share; ``plain`` is the class whose parameters they take."""

    _of_one_call = ("client",)
    _plain: ClassVar[type]
    client: Any = None  # of what comes out of a pickle
    strategy: Strategy
    warm_start: bool
    random_state: Any
    verbose: Any

    def __init_subclass__(cls, plain: type) -> None:
        super().__init_subclass__()
        cls._plain, cls.__init__ = plain, make_init(plain)  # type: ignore[method-assign]

    if TYPE_CHECKING:

        def __init__(self, *args: Any, **parameters: Any) -> None: ...

    @abstractmethod
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """How good predictions are."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on a table of Dask.

        Parameters
        ----------
        X : dask.array.Array or dask.dataframe.DataFrame of shape (n_samples, n_features)
            Chunk sizes need not be known; partitions may be empty.
        y : dask.array.Array, dask.dataframe.Series or DataFrame, or array-like
            Targets, best with the partitions of X. They belong to the rows of X by their order, not by an index.
        sample_weight : dask.array.Array, dask.dataframe.Series or array-like, default=None
            Weights, not negative.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not as described, or without a client. The estimator is then as it was.
        RuntimeError
            If workers are lost, and what they held can't be computed again.
        """
        with unchanged_on_failure(self):
            plain = self._new_plain()
            client = self._client()
            collections = Collections.aligned(X, y, sample_weight)
            if collections.y is None:
                raise ValueError("This estimator requires y to be passed, but the target y is None.")
            held = client.persist([each for each in collections if each is not None])
            collections = Collections(*held, *[None] * (3 - len(held)))
            self.strategy_ = self.strategy
            if self.strategy != "networks":
                shards = DaskShards.of(client, collections)
                self.strategy_ = choose(plain, shards, client) if self.strategy == "auto" else "rows"
                if self.strategy_ == "rows":
                    self.model_ = plain.fit(ShardedTable(shards))
                    return self
                del shards
            self.model_ = self._fit_networks(plain, client, collections)
        return self

    def _fit_networks(self, plain, client, collections):
        if self.random_state is None:  # all workers need the same
            plain.random_state = int(check_random_state(None).randint(np.iinfo(np.int32).max))
        plain.verbose = False
        copies = DaskShards.copies(client, collections, n_networks(plain, 1000, 1))
        fitted, messages = fit_networks(plain, copies, bool(self.verbose))
        for message, category in messages:
            warnings.warn(message, category, stacklevel=OF_THE_CALL)
        if isinstance(self.random_state, np.random.RandomState):
            self.random_state.set_state(fitted.random_state.get_state())
        fitted.random_state, fitted.verbose = self.random_state, self.verbose
        return fitted

    def predict(self, X: Any) -> Any:
        """Predict.

        Parameters
        ----------
        X : {Dask array or DataFrame, array-like, dataframe} of shape (n_samples, n_features)

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            A lazy Dask array with the partitions of X if this is of Dask, else an ndarray.
        """
        return prediction.predict(self._fitted(), "predict", X)

    def _mean_score(self, X, y, sample_weight):
        """The score of the plain estimator where it is a mean over rows."""
        function = prediction.mean_score
        parts = prediction.per_partition(function, self._fitted(), X, y, sample_weight, self.client)
        total, score = parts.sum(axis=0)
        return float(score / total)

    def to_local(self) -> Any:
        """The plain estimator, fitted, which needs no Dask.

        Returns
        -------
        model : ANNClassifier or ANNRegressor
        """
        return copy.deepcopy(self._fitted())

    def _new_plain(self):
        """The plain estimator with these parameters, after all checks."""
        if self.strategy not in STRATEGIES:
            raise ValueError(f"strategy must be 'auto', 'networks' or 'rows', got {self.strategy!r}.")
        parameters = self.get_params(deep=False)
        del parameters["client"], parameters["strategy"]
        plain = self._plain(**{name: clone(value, safe=False) for name, value in parameters.items()})
        plain.random_state = self.random_state
        check_all_parameters(plain)
        if self.warm_start:
            raise ValueError("warm_start goes with rows in memory only: to_local() gives an estimator that goes on.")
        return plain

    def _client(self):
        from distributed import Client, default_client

        if isinstance(self.client, Client):
            if self.client.status in ("closing", "closed"):
                raise ValueError("client is closed: pass one that is connected to a cluster.")
            return self.client
        if self.client is not None:
            raise TypeError(f"client must be a distributed.Client or None, got {type(self.client).__name__}.")
        try:
            return default_client()
        except ValueError as error:
            raise ValueError(
                "There is no Dask client: make one, client = distributed.Client(...), or pass it as client."
            ) from error

    def _fitted(self):
        if "model_" not in vars(self):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(f"This {type(self).__name__} is not fitted yet: call fit first.")
        return self.model_

    def __getattr__(self, name: str) -> Any:
        """The fitted attributes of the plain estimator."""
        if name.endswith("_") and not name.startswith("_") and "model_" in vars(self):
            return getattr(self.model_, name)
        where = ""
        if not name.startswith("_") and hasattr(self._plain, name):
            where = f": {self._plain.__name__} has it, and to_local() gives one"
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{where}")

    def __sklearn_clone__(self) -> Self:
        parameters = self.get_params(deep=False)
        client = parameters.pop("client")
        return type(self)(**{name: clone(value, safe=False) for name, value in parameters.items()}, client=client)

    def __sklearn_tags__(self) -> Any:
        parameters = self.get_params(deep=False)
        del parameters["client"], parameters["strategy"]
        return self._plain(**parameters).__sklearn_tags__()


def n_networks(plain: Any, n_rows: int, n_columns: int) -> int:
    """How many networks a fit of so many rows trains."""
    kind = Portfolio if plain.portfolio else plain._kind_of_networks
    parameters = {name: getattr(plain, name) for name in plain._parameters}
    table = SimpleNamespace(shape=(n_rows, n_columns))
    return kind.n_trainings(settings_for_blocks(parameters, table, is_classifier(plain), False))


def choose(plain: Any, shards: DaskShards, client: Any) -> Strategy:
    """The strategy "networks" if there are several and each worker has memory for the table, else "rows"."""
    found = shards.run(_size)
    n_rows, n_bytes = (sum(each) for each in zip(*((n, size) for n, _, size in found), strict=True))
    limits = [each["memory_limit"] for each in client.scheduler_info()["workers"].values()]
    fits = MEMORY * n_bytes <= min((limit for limit in limits if limit), default=np.inf)
    several = plain.cv is not None or n_networks(plain, n_rows, found[0][1]) > 1
    return "networks" if fits and several else "rows"


def _size(table):
    return (*table.shape, table.n_bytes)
