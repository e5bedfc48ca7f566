"""The rows given to `fit` as X_val, y_val and sample_weight_val."""

import re
from contextlib import contextmanager

import numpy as np
from sklearn.utils import check_consistent_length

from .._weights import check_weight, nonzero_rows
from ..encoding import inputs as _inputs
from .data import Rows, Watched

# ------------------------------------------------------------------------------------------------- own rows


class Own(Watched):
    """Rows of the user's, on their way from the arguments of fit to the network.

    Parameters
    ----------
    X, y, weight
        Checked; y encoded.
    as_given : Rows
        X as it came; y encoded.
    """

    def __init__(self, X, y, weight, as_given):
        super().__init__(X, y, weight, nonzero_rows(weight))
        self.as_given = as_given

    def scale(self, estimator, settings):
        self.y = estimator._scale_target(settings, self.y, None, None, first=False)

    def encode(self, estimator, loss, dtype):
        """Bring all into the form that the network takes."""
        with speaking_of_val("y_val"):
            estimator._check_domain(loss, self.y)
        with naming("X_val"):
            self.X = _inputs.encode(estimator.encoder_, self.X, dtype, "X_val")
        self.y = self.y.astype(dtype, copy=False) if self.y.dtype.kind == "f" else self.y
        self.weight = None if self.weight is None else (self.weight / self.weight.mean()).astype(dtype)


def check_own(estimator, X_val=None, y_val=None, sample_weight_val=None):
    """The rows that the user wants watched, or None.

    They are checked like those for training, whose features and classes the estimator knows by now; y is encoded.
    """
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val is given without X_val and y_val.")
        return None
    for name, value, other in (("X_val", X_val, "y_val"), ("y_val", y_val, "X_val")):
        if value is None:
            raise ValueError(f"{other} is given, but {name} is not: early stopping needs both.")
    if not estimator.early_stopping:
        raise ValueError(
            "X_val and y_val are given to fit, but early_stopping=False: set it to True or 'auto', or leave them out."
        )
    with naming("X_val and y_val"):
        check_consistent_length(X_val, y_val)
    with naming("X_val"):
        X, y = estimator._check_X_y(X_val, y_val, reset=False, names=("X_val", "y_val"))
    with speaking_of_val("y_val"):
        y = estimator._encode_target(y, False)
    with speaking_of_val("sample_weight_val"):
        weight = check_weight(sample_weight_val, X, np.float64)
    return Own(X, y, weight, Rows(_inputs.as_it_came(X_val, X), y, weight))


@contextmanager
def naming(what):
    """Inside, messages of a ValueError or TypeError that name neither X_val nor y_val begin with ``what``."""
    try:
        yield
    except (ValueError, TypeError) as error:
        message = str(error)
        if "X_val" in message or "y_val" in message:
            raise
        kind = TypeError if isinstance(error, TypeError) and not isinstance(error, ValueError) else ValueError
        raise kind(f"{what}: {message}") from error


@contextmanager
def speaking_of_val(what):
    """Inside, messages of a ValueError or TypeError name X_val, y_val, sample_weight_val, or begin with ``what``."""
    try:
        yield
    except (ValueError, TypeError) as error:
        # once, and not where it may be a column or a class of that name
        name = r"(?<!- )(?<!['\"])\b(X|y|sample_weight)\b(?!['\"])"
        message, n_named = re.subn(name, r"\1_val", str(error), count=1)
        kind = TypeError if isinstance(error, TypeError) and not isinstance(error, ValueError) else ValueError
        raise kind(message if n_named else f"{what}: {message}") from error
