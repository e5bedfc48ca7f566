"""What "auto" became: the values that a fit had in place of it."""

from sklearn.base import clone

from .build import batch_size
from .recipe import is_auto

OF_THE_NETWORK = (  # parameters that have their effect where a network is made, and keep it while it is
    "hidden_layer_sizes", "activation", "parametric_activation", "initializer", "dropout", "dtype", "encoder",
    "numeric_embedding", "feature_scaling", "target_scaling", "n_estimators",
)  # fmt: skip


def resolved_params(parameters, start, before=None):
    """For each parameter that is "auto" its value in a fit.

    Parameters
    ----------
    parameters : dict
        As given.
    start : Start
        Of the training.
    before : dict, default=None
        The values of the fit that this one goes on from.

    Returns
    -------
    values : dict
        Values that could be given in place of "auto".
    """
    settings = start.settings
    is_watched = start.data[0].watched is not None
    values = vars(settings) | {
        "dtype": start.networks.members[0].network.theta.dtype.name,
        "early_stopping": is_watched,
        "batch_size": batch_size(settings, start.data[0].rows),
    }
    if is_auto(parameters["encoder"]):
        values["encoder"] = clone(start.encoder)
    if not is_watched:
        values["calibration"] = None
    values |= {name: before[name] for name in OF_THE_NETWORK if name in (before or {})}
    return {name: values[name] for name, value in parameters.items() if is_auto(value)}
