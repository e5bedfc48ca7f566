"""Small models fitted in every way, and what they predict, for `same_predictions.py`: see `small_models.py`."""

import pickle
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import find_learning_rate
from skann.callbacks import Checkpoint, EarlyStopping
from small_tables import (
    BINARY,
    LABELS,
    MULTILABEL,
    N_ROWS,
    ONE,
    PLAIN,
    SIGNAL,
    TABLE,
    TEST,
    THREE,
    TRAIN,
    VALUE,
    VALUES,
    WEIGHT,
    KillAfter,
    Killed,
    X,
    classifier,
    fitted,
    mean_gap,
    regressor,
    said,
)

BENDS = ONE | {"solver": "nadam", "numeric_embedding": "piecewise_linear", "max_time": 1e6, "n_iter_no_change": 8}

# ------------------------------------------------------------------------------------------- going on, and ending


def warm_starts():
    for solver in ("adam", "sgd", "lbfgs"):
        model = classifier(warm_start=True, solver=solver, **PLAIN)
        for i in range(3):
            yield f"{solver}, {i}", fitted(model.set_params(max_iter=5 + i), LABELS)
    model = regressor(warm_start=True, **THREE)
    yield "recipe", fitted(model, VALUE, TABLE)
    yield "recipe, again", fitted(model, VALUE, TABLE, sample_weight=WEIGHT[TRAIN])


def partial_fits():
    for name, params, rows in (("plain", PLAIN, X), ("recipe", {}, TABLE), ("ensemble", {"n_estimators": 3}, TABLE)):
        model, other = classifier(**params), regressor(loss="huber", weight_averaging=0.9, **params)
        for i in range(0, 180, 60):
            part = slice(i, i + 60)
            model.partial_fit(rows[part], LABELS[part], classes=["high", "low", "middle"], sample_weight=WEIGHT[part])
            other.partial_fit(rows[part], VALUES[part])
        yield f"{name}, labels", said(model, rows)
        yield f"{name}, values", said(other, rows)


def partial_fits_after_fit():
    for name, params, rows in (("plain", PLAIN, X), ("recipe", THREE, TABLE), ("bends", BENDS, TABLE)):
        for stored in (False, True):
            model = classifier(**params).fit(rows[TRAIN], LABELS[TRAIN])
            if stored:
                model = pickle.loads(pickle.dumps(model))
                yield f"{name}, stored", said(model, rows)
            for _ in range(2):
                model.partial_fit(rows[TEST], LABELS[TEST])
            yield f"{name}, {stored}", said(model, rows)


def early_stopping():
    for solver in ("adam", "sgd", "lbfgs"):
        params = PLAIN | {"solver": solver, "early_stopping": True, "max_iter": 60, "n_iter_no_change": 4}
        params |= {"learning_rate_init": 0.05, "validation_fraction": 0.3}
        yield solver, fitted(classifier(**params), LABELS)
        yield f"{solver}, weights", fitted(regressor(**params), SIGNAL, sample_weight=WEIGHT[TRAIN])


def validation_data():
    options = {"X_val": X[TEST], "y_val": LABELS[TEST], "sample_weight_val": WEIGHT[TEST]}
    for solver in ("adam", "lbfgs"):
        model = classifier(solver=solver, class_weight="balanced", calibration="temperature", **PLAIN)
        yield solver, fitted(model, LABELS, sample_weight=WEIGHT[TRAIN], **options)
    yield "recipe", fitted(classifier(**THREE), LABELS, TABLE, **options | {"X_val": TABLE[TEST]})
    options |= {"X_val": TABLE[TEST], "y_val": VALUE[TEST]}
    yield "value", fitted(regressor(**THREE), VALUE, TABLE, **options)


def scoring():
    for name in ("accuracy", "roc_auc", "neg_log_loss", None):
        yield f"{name}", fitted(classifier(scoring=name, **THREE), BINARY, TABLE)
        params = PLAIN | {"early_stopping": True, "scoring": name}
        yield f"{name}, plain", fitted(classifier(**params), BINARY, sample_weight=WEIGHT[TRAIN])
    for name in ("r2", "neg_mean_absolute_error", mean_gap, None):
        yield f"{getattr(name, '__name__', name)}, value", fitted(regressor(scoring=name, **THREE), VALUE, TABLE)


def calibration():
    for name in ("temperature", None):
        params = {"calibration": name, "early_stopping": True}
        yield f"{name}, plain", fitted(classifier(**PLAIN | params), LABELS)
        for y in (BINARY, MULTILABEL):
            yield f"{name}, {y.ndim}", fitted(classifier(**THREE | params), y, TABLE, sample_weight=WEIGHT[TRAIN])


def callbacks():
    for options in ({"patience": 2}, {"patience": 3, "scoring": "neg_log_loss", "min_delta": 0.01}):
        for name, model, rows in (("plain", classifier(**PLAIN), X), ("recipe", classifier(**THREE), TABLE)):
            stop = EarlyStopping(rows[TEST], LABELS[TEST], **options)
            yield f"{name}, {options}", fitted(model.set_callbacks(stop), LABELS, rows)


def checkpoints():
    models = {"adam": PLAIN, "sgd": PLAIN | {"solver": "sgd", "learning_rate": "adaptive"}, "recipe": ONE}
    models |= {"bends": BENDS, "ensemble": THREE | {"n_iter_no_change": 8}}
    for name, params in models.items():
        with tempfile.TemporaryDirectory() as folder:
            path, rows = Path(folder, "fit.npz"), X if "encoder" in params else TABLE
            options = {"X_val": rows[TEST], "y_val": LABELS[TEST]} if name == "bends" else {}
            kill = KillAfter(13 if name == "ensemble" else 5)
            model = classifier(**params).set_callbacks(Checkpoint(path, every=2), kill)
            with suppress(Killed):
                model.fit(rows[TRAIN], LABELS[TRAIN], **options)
            yield f"{name}, killed", {"epochs": Checkpoint(path).epochs()}
            yield name, fitted(clone(model).set_callbacks(Checkpoint(path)), LABELS, rows, **options)


# --------------------------------------------------------------------------------------------------- other uses


def learning_rates():
    for name, model, y, rows in (
        ("plain", classifier(**PLAIN), LABELS, X),
        ("recipe", regressor(**ONE), VALUE, TABLE),
        ("pipeline", make_pipeline(StandardScaler(), classifier(solver="sgd", **PLAIN)), BINARY, X),
    ):
        yield name, dict(find_learning_rate(model, rows, y, sample_weight=WEIGHT, n_steps=60))


def many_rows():
    """So many that they are predicted in chunks."""
    rows, table = np.tile(X, (150, 1)), TABLE.iloc[np.tile(np.arange(N_ROWS), 150)]
    for n_jobs in (None, 2):
        model = classifier(**PLAIN, n_jobs=n_jobs).fit(X, LABELS)
        yield f"plain, {n_jobs}", {"proba": model.predict_proba(rows), "labels": model.predict(rows)}
        model = regressor(**THREE, n_jobs=n_jobs).fit(TABLE, VALUE)
        yield f"recipe, {n_jobs}", {"values": model.predict(table)}
    model = regressor(**THREE | {"max_iter": 2}).fit(table[:3000], np.tile(VALUES, (13, 1))[:3000])
    yield "fit", said(model, TABLE)


def cross_validations():
    proba = cross_val_predict(classifier(**ONE), TABLE, LABELS, cv=3, method="predict_proba")
    yield "recipe", {"proba": proba}
    pipeline = make_pipeline(StandardScaler(), regressor(solver="lbfgs", **PLAIN))
    yield "pipeline", {"values": cross_val_predict(pipeline, X, VALUES, cv=3)}
