"""The private names of scikit-learn and joblib that skann uses, in one place.

Each has been there since scikit-learn 1.6 and joblib 1.3, but the callbacks, which came with scikit-learn 1.9. What
changes between versions is evened out here.
"""

from contextlib import nullcontext
from inspect import Parameter, signature
from numbers import Real

import sklearn
from joblib.externals.loky.backend import resource_tracker as loky_tracker
from joblib.externals.loky.backend.process import LokyProcess
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    validate_parameter_constraints,
)
from sklearn.utils._param_validation import StrOptions as _StrOptions
from sklearn.utils.validation import _check_feature_names
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in

from ._objects import shown
from ._parts import did_you_mean

try:
    import cloudpickle
except ImportError:  # joblib brought its own before 1.6
    from joblib.externals import cloudpickle

try:
    from sklearn.callback import CallbackSupportMixin
    from sklearn.callback._callback_support import callback_management_context as managed_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """What stands in for callbacks before scikit-learn 1.9."""

        def set_callbacks(self, *callbacks):
            """Not possible before scikit-learn 1.9.

            Parameters
            ----------
            callbacks : callbacks

            Raises
            ------
            ImportError
                Always; it says which version has callbacks.
            """
            require_callbacks("set_callbacks")

    def managed_callbacks(estimator):
        """Do nothing."""
        return nullcontext()


ONE_FIT = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")  # attributes that scikit-learn sets for one fit
OF_CALLBACKS = ("_skl_callbacks", "_parent_callback_ctx")  # attributes with callbacks, which copies do without

__all__ = [
    "OF_CALLBACKS",
    "ONE_FIT",
    "AddedHTML",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "LokyProcess",
    "NamesIn",
    "Options",
    "StrOptions",
    "above",
    "at_least",
    "begin_tasks",
    "callbacks_of",
    "check_feature_names",
    "check_feature_names_in",
    "check_n_features",
    "check_parameters",
    "cloudpickle",
    "has_callbacks",
    "loky_tracker",
    "managed_callbacks",
    "require_callbacks",
    "safe_indexing",
    "score_name",
    "takes_sample_weight",
]


def has_callbacks():
    """Whether scikit-learn has callbacks."""
    return hasattr(CallbackSupportMixin, "_init_callback_context")


def require_callbacks(what):
    """ImportError if scikit-learn has no callbacks."""
    if not has_callbacks():
        raise ImportError(f"{what} needs scikit-learn 1.9 or newer, for its callbacks: this is {sklearn.__version__}.")


def callbacks_of(estimator):
    """The callbacks that ``set_callbacks`` has given to an estimator, a list."""
    return getattr(estimator, "_skl_callbacks", None) or []


def begin_tasks(estimator, max_subtasks, sequential):
    """scikit-learn's context of the task of a fit, with at most ``max_subtasks`` tasks in it."""
    return estimator._init_callback_context(max_subtasks=max_subtasks, sequential_subtasks=sequential)


class _Resolved:
    """What is shown of a parameter that was "auto"."""

    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return f"'auto': {self.value!r}"


class AddedHTML:
    """Adds what ``_added_html()`` returns to scikit-learn's HTML representation in a notebook."""

    def _repr_html_inner(self):
        return super()._repr_html_inner() + self._added_html()

    def _get_params_html(self, *args, **kwargs):
        """scikit-learn's table of parameters (1.7), which it also shows inside of pipelines and searches."""
        shown = super()._get_params_html(*args, **kwargs)
        for name, value in getattr(self, "resolved_params_", {}).items():
            shown[name] = _Resolved(value)
        return shown

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        added = self._added_html()
        # scikit-learn may have made the HTML by the method above, or not
        if "text/html" in bundle and added not in bundle["text/html"]:
            bundle["text/html"] += added
        return bundle


class StrOptions(_StrOptions):
    """A constraint: one of some strings, which messages list in alphabetical order."""

    def __str__(self):
        return f"a str among {{{', '.join(map(repr, sorted(self.options)))}}}"


class NamesIn(StrOptions):
    """A constraint: a name that is in a registry when the parameter is checked, or one of some others.

    Parameters
    ----------
    registry : dict, or callable that returns one, or a list
    others : str
    text : str, default=None
        What messages say in place of a list of the names.
    """

    def __init__(self, registry, *others, text=None):
        self.registry, self.others, self.text = registry, others, text
        super().__init__(self.options)

    def __str__(self):
        return super().__str__() if self.text is None else self.text

    @property
    def options(self):
        return {*(self.registry() if callable(self.registry) else self.registry), *self.others}

    @options.setter
    def options(self, names):
        """scikit-learn sets them once and for all, as they were then."""


def check_parameters(estimator):
    """Raise an InvalidParameterError, a ValueError and TypeError, if a parameter breaks its constraint.

    Where a name is misspelt, the message ends with the name that may be meant.

    A subclass may take fewer parameters and have constraints for more: what counts is the attributes.
    """
    constraints: dict = {}
    for cls in reversed(type(estimator).__mro__):
        constraints |= vars(cls).get("_parameter_constraints", {})
    parameters = {name: getattr(estimator, name) for name in constraints}
    try:
        validate_parameter_constraints(constraints, parameters, caller_name=type(estimator).__name__)
    except ValueError as error:
        wrong = next(name for name in parameters if f"The {name!r} parameter" in str(error))
        options = [each.options for each in constraints[wrong] if isinstance(each, StrOptions)]
        if isinstance(parameters[wrong], str):
            error.args = (f"{error}{did_you_mean(parameters[wrong], set().union(*options))}",)
        raise


def check_feature_names(estimator, X, reset, name="X"):
    """Compare the names of X's columns with the estimator's ``feature_names_in_``, or with ``reset`` set this.

    scikit-learn's `validate_data` does this first, then checks the array, then does as `check_n_features`. Errors call
    X ``name``.
    """
    _check_column_names(getattr(X, "columns", None), name)
    try:
        _check_feature_names(estimator, X, reset=reset)
    except (ValueError, TypeError) as error:  # which do not name X
        error.args = (f"{name}: {error}",)
        raise


def _check_column_names(columns, name):
    """ValueError or TypeError if a pandas DataFrame has two columns of a name, or strings beside other names."""
    if not hasattr(columns, "is_unique"):
        return
    if not columns.is_unique:
        twice = columns[columns.duplicated()][0]
        raise ValueError(f"{name} has several columns called {shown(twice)}: column names must be unique.")
    first = {type(column): column for column in reversed(columns.tolist())}
    if str in first and len(first) > 1:
        other = next(column for cls, column in first.items() if cls is not str)
        raise TypeError(
            f"{name} has column names that are strings and others that are not, such as {shown(first[str])} and "
            f"{shown(other)}: {name}.columns = {name}.columns.astype(str) makes all of them strings."
        )


def check_n_features(estimator, X, reset, name="X"):
    """Compare the number of X's columns with the estimator's ``n_features_in_``, or with ``reset`` set this."""
    n_features = X.shape[1]
    if reset:
        estimator.n_features_in_ = n_features
    elif n_features != estimator.n_features_in_:
        raise ValueError(
            f"{name} has {n_features} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input."
        )


def takes_sample_weight(scorer):
    """Whether a scorer, and the metric in it, has use for ``sample_weight``."""
    if hasattr(scorer, "_accept_sample_weight"):  # since 1.7
        return scorer._accept_sample_weight()
    parameters = signature(getattr(scorer, "_score_func", scorer)).parameters
    has_any = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values())
    return has_any or "sample_weight" in parameters


def score_name(estimator):
    """What people call the score that an estimator watches: see its parameter ``scoring``."""
    scoring, cls = estimator.scoring, type(estimator)
    if scoring is None and cls.score is not cls._default_score:
        return "score"
    if scoring is None:
        return "accuracy" if is_classifier(estimator) else "R2"
    if isinstance(scoring, str):
        return "R2" if scoring == "r2" else scoring
    function = getattr(scoring, "_score_func", scoring)
    return getattr(function, "__name__", type(function).__name__)


def at_least(low, kind=Real):
    return Interval(kind, low, None, closed="left")


def above(low):
    return Interval(Real, low, None, closed="neither")
