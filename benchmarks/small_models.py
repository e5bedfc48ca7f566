"""Small models with every parameter, and what they predict, for `same_predictions.py`.

A configuration is a generator function of no arguments: it fits a few models and yields, for each, a name and a dict of
arrays. Models are made by public names only, so that the inside of skann may change.
"""

import numpy as np
import polars as pl
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler

from skann import TabularEncoder
from skann.engine import activations as activation_objects
from skann.engine import losses as loss_objects
from skann.engine import schedules as schedule_objects
from small_tables import (
    BINARY,
    COUNTS,
    LABELS,
    MULTILABEL,
    NUMBERS,
    ONE,
    PLAIN,
    POSITIVE,
    SIGNAL,
    SPARSE,
    SPARSE_GAPS,
    TABLE,
    THREE,
    TRAIN,
    VALUE,
    VALUES,
    WEIGHT,
    Expectile,
    Snake,
    X,
    classifier,
    fitted,
    regressor,
    said,
    warm_up,
)

# ------------------------------------------------------------------------------------------------ the networks


def plain_classifiers():
    codes = np.digitize(SIGNAL, [-0.5, 1.0])
    targets = {"binary": BINARY, "labels": LABELS, "codes": codes, "bool": SIGNAL > 0, "multilabel": MULTILABEL}
    for name, y in targets.items():
        yield name, fitted(classifier(**PLAIN), y)
    yield "sparse multilabel", fitted(classifier(**PLAIN), sparse.csr_matrix(MULTILABEL))
    yield "defaults", fitted(classifier(encoder=None), LABELS)


def plain_regressors():
    for name, y in {"value": SIGNAL, "values": VALUES, "column": VALUE[:, None]}.items():
        yield name, fitted(regressor(**PLAIN), y)
    yield "scaled", fitted(regressor(target_scaling=True, **PLAIN), VALUES)
    yield "defaults", fitted(regressor(encoder=None), SIGNAL)


def layers():
    for sizes in ((), 5, (7, 5, 3), (300, 300)):  # the last has more parameters than an optimizer takes at a time
        yield str(sizes), fitted(classifier(**PLAIN | {"hidden_layer_sizes": sizes, "max_iter": 4}), LABELS)


def solvers():
    options = {name: {"solver": name} for name in ("adam", "nadam", "rmsprop", "sgd", "lbfgs")}
    options["momentum"] = {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.7}
    options["no momentum"] = {"solver": "sgd", "momentum": 0.0, "shuffle": False}
    options["betas"] = {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4, "alpha": 0.1, "max_time": 1e6}
    options["max_fun"] = {"solver": "lbfgs", "max_fun": 7}
    for name, params in options.items():
        params |= PLAIN | {"learning_rate_init": 0.01, "batch_size": 32}
        yield name, fitted(classifier(**params), LABELS)
        yield f"{name}, values", fitted(regressor(**params), VALUES / 10)


def solvers_with_encoder():
    for name in ("nadam", "rmsprop", "sgd", "lbfgs"):
        yield name, fitted(classifier(solver=name, **ONE), LABELS, TABLE)
        yield f"{name}, value", fitted(regressor(solver=name, **ONE), VALUE, TABLE)


def activations():
    names = ("identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus")
    for name in names:
        yield name, fitted(classifier(activation=name, **PLAIN), LABELS)
        yield f"parametric {name}", fitted(regressor(activation=name, parametric_activation=True, **PLAIN), SIGNAL)
    several = ["tanh", activation_objects.LeakyReLU(), Snake()]
    yield "a list", fitted(regressor(**PLAIN | {"activation": several, "hidden_layer_sizes": (7, 6, 5)}), SIGNAL)
    yield "recipe", fitted(classifier(activation="gelu", parametric_activation=False, **ONE), LABELS, TABLE)


def initializers():
    for name in ("auto", "glorot", "he", "lecun", "data"):
        yield name, fitted(classifier(initializer=name, **PLAIN), LABELS)
        yield f"{name}, recipe", fitted(regressor(initializer=name, **ONE), VALUE, TABLE)


def schedules():
    names = ("constant", "invscaling", "adaptive", "linear", "cosine", "one_cycle", "coslog4", "flat_cosine")
    objects = {"Cosine": schedule_objects.Cosine(0.02, 40), "warm_up": warm_up}
    for name, schedule in ({each: each for each in names} | objects).items():
        params = {"learning_rate": schedule, "tol": 0.05, "n_iter_no_change": 2}
        yield f"{name}, sgd", fitted(classifier(solver="sgd", learning_rate_init=0.1, **PLAIN | params), LABELS)
        yield f"{name}, recipe", fitted(regressor(**ONE | params), VALUE, TABLE)


def regularisation():
    options = [{"dropout": 0.3}, {"dropout": [0.1, 0.4]}, {"weight_averaging": 0.9}, {"weight_averaging": None}]
    options += [{"max_grad_norm": 0.1}, {"weight_decay": 0.1}, {"alpha": 5.0}, {"label_smoothing": 0.2}]
    for params in options:
        plain = PLAIN | {"hidden_layer_sizes": (8, 6), "batch_size": 32}
        yield f"{params}", fitted(classifier(**plain | params), LABELS)
        sizes = {"hidden_layer_sizes": (32, 32)}
        yield f"{params}, recipe", fitted(classifier(**ONE | sizes | params), MULTILABEL, TABLE)


def dtypes():
    for dtype in ("float32", "float64"):
        yield dtype, fitted(classifier(dtype=dtype, **PLAIN), LABELS)
        yield f"{dtype}, recipe", fitted(regressor(dtype=dtype, **THREE), VALUE, TABLE)
        yield f"{dtype}, lbfgs", fitted(regressor(dtype=dtype, solver="lbfgs", **PLAIN), VALUES, X.astype(np.float32))


# ------------------------------------------------------------------------------------------ targets and weights


def losses():
    targets = {"squared_error": VALUE, "absolute_error": VALUES, "huber": VALUES, "poisson": COUNTS, "gamma": POSITIVE}
    for loss, y in targets.items():
        yield loss, fitted(regressor(loss=loss, **PLAIN), y)
        yield f"{loss}, recipe", fitted(regressor(loss=loss, **ONE), y, TABLE, sample_weight=WEIGHT[TRAIN])
    yield "huber_delta", fitted(regressor(loss="huber", huber_delta=0.3, **PLAIN), SIGNAL)


def quantiles():
    for quantile in (0.5, 0.2, [0.9, 0.1, 0.5]):
        params = {"loss": "quantile", "quantile": quantile}
        yield f"{quantile}", fitted(regressor(**PLAIN | params), SIGNAL)
        yield f"{quantile}, recipe", fitted(regressor(**THREE | params), VALUE, TABLE)


def own_losses():
    for loss in (Expectile(), loss_objects.Huber(2.0), loss_objects.Quantile(0.7)):
        name = type(loss).__name__
        yield name, fitted(regressor(loss=loss, **PLAIN), SIGNAL, sample_weight=WEIGHT[TRAIN])
        yield f"{name}, recipe", fitted(regressor(loss=loss, **THREE), SIGNAL, TABLE)
    yield "CrossEntropy", fitted(classifier(loss=loss_objects.CrossEntropy(3, 0.1), **PLAIN), LABELS)


def sample_weights():
    for solver in ("adam", "lbfgs"):
        yield solver, fitted(classifier(solver=solver, **PLAIN), LABELS, sample_weight=WEIGHT[TRAIN])
    yield "recipe", fitted(classifier(**THREE), LABELS, TABLE, sample_weight=WEIGHT[TRAIN])
    yield "values", fitted(regressor(**THREE), VALUES, TABLE, sample_weight=WEIGHT[TRAIN])


def class_weights():
    for weight in ("balanced", {"high": 3.0, "low": 0.5}):
        yield f"{weight}", fitted(classifier(class_weight=weight, **PLAIN), LABELS)
        more = {"sample_weight": WEIGHT[TRAIN]}
        yield f"{weight}, recipe", fitted(classifier(class_weight=weight, **THREE), LABELS, TABLE, **more)
    for weight in ("balanced", [{0: 1, 1: 2}, {0: 3, 1: 1}, {1: 0.5}]):
        yield f"{weight}, multilabel", fitted(classifier(class_weight=weight, **PLAIN), MULTILABEL)


# ---------------------------------------------------------------------------------------------------- the recipe


def recipe_alone():
    for name, y in {"binary": BINARY, "labels": LABELS, "multilabel": MULTILABEL}.items():
        yield name, fitted(classifier(n_estimators=1), y, TABLE)
    yield "value", fitted(regressor(n_estimators=1), VALUE, TABLE)
    yield "values", fitted(regressor(n_estimators=1), VALUES, TABLE)
    yield "few rows", said(classifier(**ONE).fit(TABLE[:20], BINARY[:20]), TABLE)


def recipe_defaults():
    yield "labels", fitted(classifier(), LABELS, TABLE)
    yield "value", fitted(regressor(), VALUE, TABLE)


def ensembles():
    for params in (THREE, THREE | {"n_jobs": 2}, ONE | {"n_estimators": 8, "max_iter": 3}):
        yield f"{params}, multilabel", fitted(classifier(**params), MULTILABEL, TABLE)
        yield f"{params}, values", fitted(regressor(**params), VALUES, TABLE)
    yield "12 networks", fitted(classifier(**PLAIN, n_estimators=12, early_stopping=True), BINARY)
    yield "no rows held out", fitted(classifier(**THREE, early_stopping=False), LABELS, TABLE)


def embeddings():
    for embedding in ("periodic", "piecewise_linear", None):
        for scaling in (True, False):
            params = {"numeric_embedding": embedding, "feature_scaling": scaling}
            yield f"{embedding}, {scaling}", fitted(classifier(**ONE | params), LABELS, TABLE)
            yield f"{embedding}, {scaling}, plain", fitted(regressor(**PLAIN | params), SIGNAL)


def encoders():
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer((numbers, NUMBERS), (OneHotEncoder(), ["size"]))
    small = TabularEncoder(max_one_hot_levels=4, high_cardinality="infrequent")
    choices = {"scaler": (StandardScaler(), X), "quantiles": (QuantileTransformer(n_quantiles=50), X)}
    choices |= {"columns": (columns, TABLE), "infrequent": (small, TABLE)}
    for name, (encoder, rows) in choices.items():
        yield name, fitted(classifier(encoder=encoder, **THREE), LABELS, rows)
        yield f"{name}, weights", fitted(regressor(encoder=encoder, **ONE), VALUE, rows, sample_weight=WEIGHT[TRAIN])
    for name, encoder in {"embed, alone": TabularEncoder(), "infrequent, alone": small}.items():
        Z = encoder.fit(TABLE[TRAIN], sample_weight=WEIGHT[TRAIN]).transform(TABLE)
        yield name, {"Z": Z, "names": encoder.get_feature_names_out()}
    yield "sparse, alone", {"Z": TabularEncoder().fit(SPARSE_GAPS[TRAIN]).transform(SPARSE_GAPS)}


def kinds_of_tables():
    yield "sparse, plain", fitted(classifier(**PLAIN), LABELS, SPARSE)
    yield "sparse, recipe", fitted(classifier(**THREE), LABELS, SPARSE)
    yield "sparse, gaps", fitted(classifier(**THREE), LABELS, SPARSE_GAPS, sample_weight=WEIGHT[TRAIN])
    yield "polars", fitted(classifier(**ONE), LABELS, pl.from_pandas(TABLE))
    yield "objects", fitted(classifier(**ONE), LABELS, TABLE.astype(object).to_numpy())
    yield "texts", fitted(classifier(categorical_features=None, **ONE), LABELS, X.astype(str))
    yield "float32", fitted(classifier(**ONE), LABELS, X.astype(np.float32))
    mask = [False, True, False, False, True, False]
    yield "mask", fitted(classifier(categorical_features=mask, **ONE), LABELS, X.round())
    categories = ["count", "colour", "size", "town"]
    yield "categories", fitted(regressor(categorical_features=categories, **ONE), VALUE, TABLE)
