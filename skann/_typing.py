"""Short names for the types in public signatures. The names of options are those that are allowed: a test compares.

What the protocols ask for in full is said by the contracts in `skann.engine`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import metaestimators

T = TypeVar("T")
M = TypeVar("M", bound=Callable[..., Any])

# ------------------------------------------------------------------------------------------------------------ data


class Sparse(Protocol):
    """A sparse matrix or array of SciPy."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def tocsr(self) -> Any: ...


class Frame(Protocol):
    """A DataFrame of pandas or polars."""

    @property
    def columns(self) -> Any: ...

    @property
    def shape(self) -> tuple[int, int]: ...


MatrixLike: TypeAlias = ArrayLike | Sparse | Frame
TargetLike: TypeAlias = ArrayLike | Sparse | Frame
Array: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.floating[Any]]

# -------------------------------------------------------------------------------------------------- hyper-parameters


class ActivationObject(Protocol):
    """An activation of the user's."""

    def forward(self, z: Any, a: Any) -> Any: ...

    def backward(self, z: Any, a: Any, delta: Any) -> Any: ...


class LossObject(Protocol):
    """A loss of the user's."""

    def value_and_delta(self, raw: Any, y: Any, weight: Any, delta: Any) -> Any: ...

    def predict(self, raw: Any) -> Any: ...

    def constant(self, y: Any, weight: Any) -> Any: ...


class Transformer(Protocol):
    """An encoder of the user's."""

    def fit(self, X: Any, y: Any = None) -> Any: ...

    def transform(self, X: Any) -> Any: ...


class Splitter(Protocol):
    """A splitter of scikit-learn's, or one of the user's."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Any: ...

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int: ...


Auto: TypeAlias = Literal["auto"]
CV: TypeAlias = int | Splitter | Iterable[tuple[ArrayLike, ArrayLike]] | None
PerLayer: TypeAlias = T | Sequence[T]
ActivationName: TypeAlias = Literal[
    "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus"
]
Activation: TypeAlias = ActivationName | ActivationObject
ScheduleName: TypeAlias = Literal[
    "constant", "invscaling", "adaptive", "linear", "cosine", "flat_cosine", "one_cycle", "coslog4"
]
ClassificationLoss: TypeAlias = Literal["log_loss"] | LossObject
RegressionLossName: TypeAlias = Literal[
    "squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma", "tweedie"
]
RegressionLoss: TypeAlias = RegressionLossName | LossObject
Solver: TypeAlias = Literal["adam", "nadam", "rmsprop", "sgd", "lbfgs"]
Initializer: TypeAlias = Literal["auto", "glorot", "he", "lecun", "data"]
Schedule: TypeAlias = ScheduleName | Callable[[int], float]
Embedding: TypeAlias = Literal["periodic", "piecewise_linear"]
Scoring: TypeAlias = str | Callable[..., float] | None
ClassWeight: TypeAlias = dict[Any, float] | list[dict[Any, float]] | Literal["balanced"] | None
Categorical: TypeAlias = Sequence[int] | Sequence[str] | Sequence[bool] | Array | Literal["from_dtype"] | None
InteractionCst: TypeAlias = Literal["pairwise", "no_interactions"] | Sequence[Any] | None
MonotonicCst: TypeAlias = dict[Any, int] | Sequence[int] | Array | None
Calibration: TypeAlias = Literal["auto", "temperature"] | None
DType: TypeAlias = Literal["auto", "float32", "float64"]
Space: TypeAlias = Literal["prediction", "raw"]
RandomState: TypeAlias = int | np.random.RandomState | None


def available_if(condition: Callable[[Any], Any]) -> Callable[[M], M]:
    """scikit-learn's decorator, which has no types and would take the method's from it."""
    return metaestimators.available_if(condition)
