"""What goes into a pickle: the version, too, so that another one can warn."""

import copy
import warnings
from typing import Any, Self

from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning

from ._version import __version__


class OtherVersionWarning(InconsistentVersionWarning):
    """scikit-learn's warning of a model stored by another version, about versions of skann."""

    def __init__(self, estimator_name, stored):
        super().__init__(estimator_name=estimator_name, current_sklearn_version=None, original_sklearn_version=None)
        self.current_skann_version, self.original_skann_version = __version__, stored

    def __str__(self):
        return (
            f"{self.estimator_name} was stored by skann {self.original_skann_version}, this is skann "
            f"{self.current_skann_version}: it may fail, or predict something else. Fit it again, or load it with that "
            "version."
        )


# The address of the documentation, without a slash at the end: the one place that says it. Empty: no link is shown.
DOCS = ""


def doc_link_template(base: str) -> str:
    """What scikit-learn makes the links of an HTML representation from: empty if ``base`` is."""
    return base and base + "/generated/skann.{estimator_name}.html"


class Estimator(BaseEstimator):
    """Base of skann's estimators: stores the version, warns where another one loads, and links to its documentation.

    ``_of_one_call`` names attributes that are left out of pickles and copies.
    """

    _of_one_call: tuple[str, ...] = ()
    _doc_link_module = "skann"
    _doc_link_template = doc_link_template(DOCS)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        for name in self._of_one_call:
            state.pop(name, None)
        return state | {"_skann_version": __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        stored = state.get("_skann_version", "before 0.1")
        if stored != __version__:
            warnings.warn(OtherVersionWarning(type(self).__name__, stored), stacklevel=2)
        self.__dict__.update({name: value for name, value in state.items() if name != "_skann_version"})

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        other = memo[id(self)] = object.__new__(type(self))
        state = {name: value for name, value in vars(self).items() if name not in self._of_one_call}
        other.__dict__.update(copy.deepcopy(state, memo))
        return other
