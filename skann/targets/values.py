"""Values and scaled columns: what a regressor makes of y, and the levels of its quantiles."""

import numpy as np
from scipy import sparse

from .._first_rows import FirstRows
from .._objects import shown
from .._parts import made, named
from ..engine.losses import LOSSES
from .reading import Wanted, read_targets

WANTED = Wanted(
    "numbers",
    "Several targets are an array of two dimensions, with as many numbers in each row.",
    "Replace them by numbers.",
    "Replace them by numbers.",
)

LARGEST = 1e302  # target; so that sums and differences of many are finite


class Values:
    """The targets of a regressor: float columns, in the units of the training if they are scaled.

    Parameters
    ----------
    is_flat : bool
        Whether y was one-dimensional: predictions of one column then are, too.
    n_targets : int

    Attributes
    ----------
    mean, spread : ndarray of shape (n_targets,) or None
        What scaling subtracts and divides by; None before `learn_scale`, and where targets keep their units.
    """

    is_classification = is_binary = False

    def __init__(self, is_flat, n_targets):
        self.is_flat, self.n_targets = is_flat, n_targets
        self.mean = self.spread = None
        self._seen = self._learns = None  # of a stream: its first rows, and which columns are learnt from them

    @classmethod
    def learn(cls, y):
        """The shape of the first y, which `read_values` gave."""
        return cls(y.ndim == 1, 1 if y.ndim == 1 else y.shape[1])

    def check_options(self):
        """Nothing: there are none."""

    def encode(self, y, name="y"):
        """Float columns (n_rows, n_targets), in the units of y, which `read_values` gave."""
        y = y.astype(np.float64).reshape(len(y), -1)
        if np.abs(y).max() > LARGEST:
            raise ValueError(f"{name} holds values too large: up to {np.abs(y).max():g}. Divide it by a constant.")
        if y.shape[1] != self.n_targets:
            raise ValueError(f"{name} must have {self.n_targets} columns as before, got {y.shape[1]}.")
        return y

    def decode(self, y):
        """Encoded targets as the user gave them."""
        return self.shaped(y)

    def shaped(self, values):
        """Columns of values in the shape that y had."""
        return values.ravel() if self.is_flat and values.shape[1] == 1 else values

    def stratify(self, y):
        """None: there are no classes."""
        return

    def order(self, y, weight):
        """A number for each row (n_rows,): held-out rows are to have the distribution of it that all have.

        Of several targets it is the mean, each measured by its standard deviation.
        """
        if y.shape[1] == 1:
            return y[:, 0]
        return (y / mean_and_spread(y, weight)[1]).mean(axis=1)

    def weight(self, y, weight, class_weight=None):
        """The weights as they are."""
        return weight

    def remarks(self, y, weight):
        """None: a constant target is one like others."""
        return []

    def learn_scale(self, y, weight):
        """Set mean and spread from encoded training targets and their weights."""
        self.mean, self.spread = mean_and_spread(y, weight)

    @property
    def learns_from_stream(self):
        """Whether mean and spread are those of the first rows of a stream, which are still too few."""
        return self._seen is not None

    def learn_more(self, y, weight):
        """Set mean and spread from some rows of a stream and those before, until there are enough.

        A column that is constant in these learns from as many more.
        """
        seen = FirstRows(y, weight) if self._seen is None else self._seen.joined(y, weight)
        mean, spread = mean_and_spread(seen.rows, seen.weight)
        learns = np.ones(y.shape[1], bool) if self._seen is None else self._learns
        self.mean = np.where(learns, mean, mean if self.mean is None else self.mean)
        self.spread = np.where(learns, spread, spread if self.spread is None else self.spread)
        if seen.are_enough:
            learns = learns & (np.ptp(seen.rows, axis=0) == 0)
            seen = seen.taken([-1]) if learns.any() else None
        self._seen, self._learns = seen, learns

    def scale(self, y):
        """Encoded targets in the units of the training."""
        return y if self.spread is None else (y - self.mean) / self.spread

    def unscale_differences(self, differences):
        """Differences of values (n_rows, ..., n_outputs) in the units of y."""
        return differences if self.spread is None else differences * self.spread

    def unscale(self, values):
        """Values in the units of y; they may be infinite where the dtype can't hold them."""
        if self.spread is None:
            return values
        with np.errstate(over="ignore"):
            return (values * self.spread + self.mean).astype(values.dtype)

    def loss(self, settings, y, weight, before=None):
        """The loss that ``settings.loss`` names, for encoded targets.

        ``before`` are the `Networks` that a fit goes on from: they keep their number of outputs, and a loss that was
        made to suit the targets of then.
        """
        if not isinstance(settings.loss, str):
            return settings.loss
        kind = LOSSES[settings.loss]
        make = getattr(kind, "from_parameters", kind)
        values = vars(settings) | {"n_targets": self.n_targets}
        if "spread" in named(make):
            if before is not None and type(before.loss) is kind:
                return before.loss
            with np.errstate(over="ignore"):
                values["spread"] = mean_and_spread(y, weight)[1]
        loss = made(make, values)
        n_outputs = getattr(loss, "n_outputs", None) or self.n_targets
        if before is not None and n_outputs != before.n_outputs:
            raise ValueError(
                f"loss={settings.loss!r} now needs {n_outputs} outputs, but the network has {before.n_outputs}."
            )
        return loss

    def check_domain(self, loss, y, given, name="y"):
        """ValueError if the loss, which was ``given`` as this, has no use for these encoded targets."""
        if hasattr(loss, "in_domain") and not loss.in_domain(y):
            found = f"values from {y.min():g} to {y.max():g}"
            raise ValueError(f"loss={given!r} needs a {name} of {loss.domain}, got {found}.")


def read_values(y, name="y", caller=None):
    """The targets of a regressor as an array of finite numbers.

    Parameters
    ----------
    y : {array-like, dataframe} of shape (n_rows,) or (n_rows, n_targets)
    name : str, default="y"
        What messages call y.
    caller : str, default=None
        Name of the estimator, for messages.

    Returns
    -------
    y : ndarray

    Raises
    ------
    ValueError, TypeError
        If y holds anything but numbers, or if some are missing or infinite.
    """
    if sparse.issparse(y):
        raise TypeError(f"{name} must be dense in regression, got a sparse matrix: use {name}.toarray().")
    y = read_targets(y, name, caller, WANTED)
    if y.dtype.kind in "UO":
        string = next(value for value in y.ravel().tolist() if isinstance(value, str))
        raise ValueError(f"{name} must hold numbers, got the string {shown(string)}. {_remedy(string, name)}")
    return y


def _remedy(string, name):
    """What to do with a string in y."""
    try:
        float(string)
    except ValueError:
        return "ANNClassifier learns labels."
    return f"numpy.asarray({name}, dtype=float) makes numbers of strings that read like them."


def mean_and_spread(y, weight):
    """Mean and standard deviation of each column of y, the latter 1 where it is 0."""
    unit = np.abs(y).max(axis=0)
    unit = np.where(unit > 0, unit, 1)  # so that the squares of huge values do not overflow
    mean = np.average(y / unit, axis=0, weights=weight)
    variance = np.average((y / unit - mean) ** 2, axis=0, weights=weight)
    spread = np.maximum(np.sqrt(variance) * unit, np.nextafter(0, 1))  # above 0 also beside denormal values
    return mean * unit, np.where(variance > 0, spread, 1).astype(y.dtype)
