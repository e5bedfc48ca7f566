"""What "auto" stands for: the recipe for tables, or scikit-learn's defaults where the network is plain.

The network is plain without an encoder, and with solvers whose steps are not adaptive, which the recipe was not made
for. Which values the recipe
has, and why, is told in docs/recipe.md.
"""

from types import SimpleNamespace

from .._parts import fact
from ..engine.losses import LOSSES
from ..engine.optimizers import OPTIMIZERS
from .holdout import MOST_HELD_OUT

SMALL = 500  # rows up to which a plain network trains in float64: there it costs nothing
FEW = 60  # rows up to which none are held out and weights are exactly repetition
WIDE = 4  # columns for each row from which a table is wide
LARGE = 50  # thousands of rows up to which a fit takes the time that it needs


PLAIN = {
    "hidden_layer_sizes": (100,),
    "activation": "relu",
    "parametric_activation": False,
    "initializer": "glorot",
    "weight_decay": 0.0,
    "dropout": 0.0,
    "learning_rate": "constant",
    "learning_rate_init": 0.001,
    "beta_2": 0.999,
    "max_iter": 200,
    "n_iter_no_change": 10,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "numeric_embedding": None,
    "feature_scaling": False,
    "n_estimators": 1,
    "calibration": None,
    "sigma": 0.1,
    "weight_averaging": None,
}


RECIPE = {
    "parametric_activation": True,
    "initializer": "data",
    "activation": "mish",
    "learning_rate": "coslog4",
    "beta_2": 0.95,
    "early_stopping": True,
    "validation_fraction": 0.2,
    "numeric_embedding": "periodic",
    "feature_scaling": True,
    "calibration": "temperature",
    "sigma": 0.3,
    "weight_decay": 0.02,
    "weight_averaging": 0.99,
}


FEW_ROWS = {"dropout": 0.0, "early_stopping": False, "hidden_layer_sizes": (128,) * 3}
FEW_ROWS_OF_CLASSES = {"n_estimators": 16, "max_iter": 20, "weight_decay": 0.45}


WIDE_WITH_FEW_ROWS = {"numeric_embedding": None, "n_estimators": 8}


PORTFOLIO_OF_CLASSES: tuple[dict, ...] = ({}, {"numeric_embedding": "piecewise_linear"}, {"numeric_embedding": None})
PORTFOLIO_OF_VALUES: tuple[dict, ...] = ({}, {"sigma": 1.0})


class Settings(SimpleNamespace):
    """The parameters of a fit, without "auto". Nothing changes them."""

    def __setattr__(self, name, value):
        raise AttributeError(f"settings never change, but {name} was to become {value!r}")


def resolve(parameters, n_rows, n_columns, *, is_sparse, is_classifier, partial, has_validation, n_splits=None):
    """The parameters with values in place of "auto".

    Parameters
    ----------
    parameters : dict
    n_rows : int
        Those with a weight above zero.
    n_columns : int
        Of X, before it is encoded.
    is_sparse : bool
        Whether X is.
    is_classifier : bool
    partial : bool
        Whether this is one of many calls, for an epoch each.
    has_validation : bool
        Whether early stopping watches X_val.
    n_splits : int, default=None
        Number of splits that the user's ``cv`` holds out; None without one.

    Returns
    -------
    settings : Settings
        Beside the parameters:

        - ``from_recipe``, whether this is not the plain network;
        - ``n_epochs``, those of this call, and ``is_partial``;
        - ``tol_is_relative``, to the loss of the best constant prediction;
        - ``batch_size_is_auto``;
        - ``rate_factors``, whether groups of parameters have learning rates of their own;
        - ``scale_rate``, the factor on the learning rate of the learnt scale among them;
        - ``sparse_rate``, whether the first layer has, for sparse rows, the rate of the few values that a row stores;
        - ``patience_growth``: ``n_iter_no_change`` grows by so many epochs with each epoch to the best one;
        - ``plans_by_the_first``, whether networks after the first ones are trained for as long as these needed;
        - ``fades``, whether dropout and weight decay fade in the course of the training;
        - ``float64_rows``, up to how many rows dtype="auto" is float64;
        - ``is_few_rows``, whether the table is so small that no rows are held out and no result may depend on how rows
          are drawn;
        - ``starts_in_seen_directions``, whether initial weights are 0 where rows do not differ;
        - ``shrinks``, whether the outputs are to be shrunk towards the best constant where no rows were held out;
        - ``candidates``, with a portfolio: for each candidate the values that differ, a list of dicts.
    """
    has_encoder = parameters["encoder"] is not None
    from_recipe = has_encoder and fact(OPTIMIZERS, parameters["solver"], "is_adaptive")
    is_few = from_recipe and not partial and n_rows <= FEW
    columns_per_row = n_columns / max(n_rows, FEW)  # up to FEW rows copies are weights, so their number has no say
    is_wide = from_recipe and not partial and columns_per_row > WIDE
    values = PLAIN | {"batch_size": min(200, n_rows)}
    if from_recipe:
        values |= RECIPE | by_size(n_rows, is_classifier, is_alone=partial or parameters["n_estimators"] == 1)
        if is_few:
            values |= FEW_ROWS | {"batch_size": n_rows} | (FEW_ROWS_OF_CLASSES if is_classifier else {})
        if is_wide:
            values |= WIDE_WITH_FEW_ROWS if is_few else wide(**values)
        if is_sparse:
            values |= {"numeric_embedding": None, "feature_scaling": False}
        if partial:  # no end in sight
            values |= {"learning_rate": "constant", "n_estimators": 1}
            values["learning_rate_init"] /= 1 if is_sparse else 5  # sparse rows tell of few columns each
        max_iter = values["max_iter"] if is_auto(parameters["max_iter"]) else parameters["max_iter"]
        values["n_iter_no_change"] = max(1, max_iter // 8)
    if n_splits and not partial:
        values["n_estimators"] = n_splits
    values["target_scaling"] = has_encoder and fact(LOSSES, parameters["loss"], "is_location")
    chosen = {name: values[name] for name in values if is_auto(parameters.get(name, "auto"))}
    if partial:
        chosen |= {"early_stopping": False, "calibration": None}
    elif has_validation or n_splits:
        chosen["early_stopping"] = True
    if not is_classifier:
        chosen["calibration"] = None
    resolved = parameters | chosen
    return Settings(
        **resolved,
        from_recipe=from_recipe,
        is_partial=partial,
        n_epochs=1 if partial else resolved["max_iter"],
        tol_is_relative=not is_classifier,
        batch_size_is_auto=is_auto(parameters["batch_size"]),
        rate_factors=from_recipe,
        scale_rate=min(6 * columns_per_row**0.5, 24.0) if is_wide and not is_few else 6.0,
        sparse_rate=from_recipe and (is_classifier or not is_few),
        patience_growth=float(from_recipe and is_auto(parameters["n_iter_no_change"])),
        plans_by_the_first=from_recipe
        and not partial
        and is_auto(parameters["max_iter"])
        and resolved["early_stopping"],
        fades=from_recipe and not partial,
        float64_rows=10**18 if parameters["solver"] == "lbfgs" else FEW * is_few if from_recipe else SMALL,
        is_few_rows=is_few,
        starts_in_seen_directions=is_few and not is_classifier,
        shrinks=is_few and is_classifier and is_auto(parameters["calibration"]),
        candidates=_candidates(parameters, resolved, from_recipe and not is_sparse and not is_wide, is_classifier),
    )


def _candidates(parameters, resolved, for_tables, is_classifier):
    """What the candidates of a portfolio change: those of the user, or what the recipe's leave of "auto"."""
    portfolio = parameters["portfolio"]
    if portfolio is True:
        own = PORTFOLIO_OF_CLASSES if is_classifier else PORTFOLIO_OF_VALUES
        of_recipe = own if for_tables and resolved["numeric_embedding"] == "periodic" else ()
        portfolio = [{key: each[key] for key in each if is_auto(parameters.get(key, "auto"))} for each in of_recipe]
    found: list = []
    for each in portfolio or ():
        changed = {key: value for key, value in each.items() if not is_auto(value)}
        if not any(resolved | changed == resolved | other for other in found):
            found.append(changed)
    return found or [{}]


def is_auto(value):
    return isinstance(value, str) and value == "auto"


def by_size(n_rows, is_classifier, is_alone):
    """The values that depend on the task and on the number of rows: powers of it, within limits.

    A network that is alone is wider: nothing averages what it lacks. Of large tables fewer and narrower networks, which
    learn faster, see all rows more often in the same time.
    """
    thousands = n_rows / 1000
    growth, excess = thousands ** (1 / 3), max(thousands / LARGE, 1.0)
    most = limited(256 / excess**0.5, 128, 256, step=32) if is_classifier else 128
    if is_alone or not is_classifier:
        width = limited(128 * growth, 128 if is_alone else 96, most, step=32)
    else:
        width = limited(64 * thousands**0.6, 64, most, step=32)
    values = {
        "hidden_layer_sizes": (width,) * 3,
        "batch_size": limited(64 * growth, 32, 512, step=16),
        "validation_fraction": min(RECIPE["validation_fraction"], MOST_HELD_OUT / max(n_rows, 1)),
    }
    if is_classifier:
        return values | {
            "max_iter": limited(70 / growth, 10, 64),
            "n_estimators": limited(8 * (10 / thousands) ** (1 / 3), 2, 8),
            "learning_rate_init": min(0.02 * excess**0.5, 0.04),
            "dropout": limited(0.15 / excess, 0.0, 0.15, step=0.05),
        }
    return values | {
        "max_iter": limited(128 / growth / excess**0.08, 8, 128),
        "n_estimators": limited(max(8 / growth, 5) / excess**0.36, 2, 8),
        "learning_rate_init": 0.1,
        "dropout": 0.0,
    }


def wide(hidden_layer_sizes, **_):
    """The values that differ where columns outnumber the rows many times: the first layer has most of the weights."""
    return {"numeric_embedding": None, "hidden_layer_sizes": tuple(max(size // 2, 64) for size in hidden_layer_sizes)}


def limited(value, low, high, step=1):
    """``value`` rounded to a multiple of ``step``, from ``low`` to ``high``."""
    return min(max(step * round(value / step), low), high)
