"""The private names of scikit-learn that skann uses, in one place.

Each has been there since scikit-learn 1.6. What changes between versions is evened out here.
"""

from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_sample_weight

__all__ = [
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "check_feature_names_in",
    "check_parameters",
    "check_weight",
]


def check_parameters(estimator):
    """Raise an InvalidParameterError, a ValueError and TypeError, if a parameter breaks its constraint."""
    validate_parameter_constraints(
        estimator._parameter_constraints, estimator.get_params(deep=False), caller_name=type(estimator).__name__
    )


def check_weight(sample_weight, X, dtype):
    """``sample_weight`` as an array (n_rows,) of ``dtype``, or None; negative and all-zero weights are a ValueError."""
    if sample_weight is None:
        return None
    weight = _check_sample_weight(sample_weight, X, dtype=dtype, ensure_non_negative=True)
    if not weight.any():  # scikit-learn checks this since 1.9
        raise ValueError(f"sample_weight must have at least one weight above zero, but all {len(weight)} are zero.")
    return weight
