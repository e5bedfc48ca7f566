"""Random parameters on random tables: a model that is finite all over, or an error that says what is wrong.

Nothing else is allowed: no other exception, no message that speaks of the insides, no RuntimeWarning of NumPy, no NaN.
The cases are the same in each run. ``SKANN_FUZZ=20000`` tries as many new ones instead.
"""

import inspect
import linecache
import os
import re
import sys
import traceback
import warnings
from collections import Counter
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import given, settings
from scipy import sparse

import skann
from skann import ANNClassifier, ANNRegressor, TabularEncoder
from tests.data import BOTH
from tests.promises import strategies

NAMES = {"X", "y", "X_val", "y_val", "sample_weight", "sample_weight_val", "classes", "column", "columns", "labels"}
NAMES |= {"sample", "samples", "feature", "features", "target", "weights", "data", "array", "sparse", "quantiles"}
NAMES |= {*inspect.signature(ANNClassifier).parameters, *inspect.signature(ANNRegressor).parameters, "start"}
N_NEW = int(os.environ.get("SKANN_FUZZ", 0))


def is_clear(error):
    """Whether skann or scikit-learn raised it on purpose, in words that name a parameter or what is wrong with data.

    An accident is raised by a line that is no ``raise``, such as a call of NumPy.
    """
    frame = traceback.extract_tb(error.__traceback__)[-1]
    on_purpose = linecache.getline(frame.filename, frame.lineno).strip().startswith("raise")
    packages = ("skann", "sklearn", "narwhals")  # the last reads names of columns for scikit-learn
    roots = [str(Path(sys.modules[name].__file__).parent) for name in packages if name in sys.modules]
    ours = any(frame.filename.startswith(root) for root in roots)
    words = set(re.findall(r"\w+", str(error)))
    return on_purpose and ours and bool(words & NAMES or {word.lower() for word in words} & NAMES)


def outcome(action, *args, **kwargs):
    """What comes of it: "done" and the result, "refused" and the error, or what is wrong and the error."""
    try:
        with warnings.catch_warnings(), np.errstate(divide="warn", over="warn", invalid="warn"):
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", RuntimeWarning)
            return "done", action(*args, **kwargs)
    except RuntimeWarning as error:
        frames = traceback.extract_tb(error.__traceback__)
        return ("refused" if any("/sklearn/preprocessing/" in f.filename for f in frames) else "warned"), error
    except (ValueError, TypeError) as error:
        return ("refused" if is_clear(error) else "unclear"), error
    except Exception as error:
        return "crashed", error


def is_finite(array):
    values = array.data if sparse.issparse(array) else np.asarray(array)
    return values.dtype.kind not in "fc" or bool(np.isfinite(values).all())


def check_model(model, X):
    """All that a fitted model has and predicts for these rows is finite, and probabilities are such."""
    for each in getattr(model, "estimators_", [model]):
        assert all(map(is_finite, [*each.coefs_, *each.intercepts_, each.network_.theta])), "parameters"
        assert is_finite([value for name in ("loss", "validation_loss") for value in each.history_.get(name, [])])
        assert is_finite([each.loss_, each.best_loss_]), "loss"
    check_predictions(model, X)


def check_predictions(model, X):
    predicted = model.predict(X)
    n_rows = predicted.shape[0]
    assert is_finite(predicted), "predictions"
    if not hasattr(model, "predict_proba"):
        return
    p, log_p, decision = model.predict_proba(X), model.predict_log_proba(X), model.decision_function(X)
    assert is_finite(p), "probabilities"
    assert is_finite(log_p), "logarithms of probabilities"
    assert is_finite(decision), "decisions"
    assert p.shape == log_p.shape == (n_rows, len(model.classes_))
    assert p.min() >= 0
    assert p.max() <= 1
    assert log_p.max() <= 0
    np.testing.assert_allclose(np.exp(log_p.astype(float)), p, rtol=1e-3, atol=1e-6)
    if not model._target.multilabel:
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_array_equal(predicted, model.classes_[p.argmax(axis=1)])


def train(kind, model, X, y, weight):
    """Fit in one of several manners."""
    if kind == "partial_fit":
        if not hasattr(model, "partial_fit"):
            return model.fit(X, y, sample_weight=weight)
        kwargs = {"classes": list(dict.fromkeys(y))} if isinstance(model, ANNClassifier) and np.ndim(y) == 1 else {}
        model.partial_fit(X, y, sample_weight=weight, **kwargs)
        model.partial_fit(X, y)
        return model.partial_fit(X, y, sample_weight=weight)
    if kind == "warm start":
        return model.set_params(warm_start=True).fit(X, y, sample_weight=weight).fit(X, y)
    if kind == "X_val":
        return model.fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight)
    return model.fit(X, y, sample_weight=weight)


def examine(case):
    """ "model" or "refused", or what is wrong; and the error, if there was one."""
    c = strategies.build(case)
    if case["action"] == "finder":
        said, result = outcome(skann.find_learning_rate, c.estimator, c.X, c.y, sample_weight=c.weight, n_steps=10)
        if said == "done":
            said, result = outcome(check_sweep, result)
        return "model" if said == "done" else said, result
    said, result = outcome(train, case["action"], c.estimator, c.X, c.y, c.weight)
    if said != "done":
        return said, result
    said, result = outcome(check_model, c.estimator, c.X)
    if said == "refused" and "make X float64" in str(result):  # targets that the dtype of X can't hold
        return said, result
    if said != "done":
        return f"own rows: {said}", result
    said, result = outcome(check_predictions, c.estimator, c.X_new)
    return "model" if said in ("done", "refused") else f"new rows: {said}", result


def check_sweep(sweep):
    for name in ("learning_rates", "losses", "smoothed_losses"):
        assert is_finite(getattr(sweep, name)), name


def examine_encoder(case):
    """As `examine`, for a TabularEncoder on its own."""
    rng = np.random.default_rng(case["seed"])
    X, X_new = (strategies.make_table(case["table"] | more, rng) for more in ({}, case["new"]))
    weight = strategies.make_weights(case["weight"], case["table"]["n_rows"], rng)
    encoder = TabularEncoder(**case["params"])
    said, result = outcome(encoder.fit_transform, X, sample_weight=weight)
    if said != "done":
        return said, result
    if not is_finite(result):
        return "not finite", None
    if result.shape[1] != len(encoder.get_feature_names_out()):
        return "columns without names", None
    again, second = outcome(encoder.transform, X)
    if again != "done" or not _same(result, second):
        return f"fit_transform is not transform: {again}", second
    said, result = outcome(encoder.transform, X_new)
    if said == "done" and not is_finite(result):
        return "new rows: not finite", None
    return "model" if said in ("done", "refused") else f"new rows: {said}", result


def _same(a, b):
    a, b = (x.toarray() if sparse.issparse(x) else x for x in (a, b))
    return np.array_equal(a, b)


# -------------------------------------------------------------------------------------------------------- tests


def run(strategy, examine, n_cases, seed):
    """Examine so many cases; the smallest that fails is shown, whole."""

    @given(strategy)
    @settings(max_examples=N_NEW or n_cases, derandomize=not N_NEW, **QUIET)
    def property_(case):
        said, error = examine(case)
        if said not in ("model", "refused"):
            raise AssertionError(f"{said}: {type(error).__name__}: {error}") from error
        said_of[case["params"].get("solver"), said] += 1

    said_of = Counter()
    (property_ if N_NEW else hypothesis.seed(seed)(property_))()
    n_models = sum(n for (_, said), n in said_of.items() if said == "model")
    assert n_models > 0.3 * sum(said_of.values()), "most cases are refused: what is tested?"


QUIET = {"database": None, "deadline": None, "print_blob": False, "suppress_health_check": list(hypothesis.HealthCheck)}


def test_estimators():
    run(strategies.cases(), examine, 120, seed=0)


def test_encoders():
    run(strategies.encoder_cases, examine_encoder, 80, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(1, 9))
def test_estimators_at_length(part):
    run(strategies.cases(), examine, 300, seed=part)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(1, 3))
def test_encoders_at_length(part):
    run(strategies.encoder_cases, examine_encoder, 400, seed=part)


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("values", strategies.VALUES)
def test_every_range_of_values_with_the_defaults(Estimator, values):
    """The recipe, scaled down: with its encoder and target scaling no range of values is too wide, but the widest."""
    case = {
        "kind": "classifier" if Estimator is ANNClassifier else "regressor",
        "action": "fit",
        "params": {"encoder": "auto", "hidden_layer_sizes": (16, 16), "max_iter": 3, "n_estimators": 2},
        "table": {"n_rows": 80, "n_columns": 3, "kind": "float64", "values": values, "spoil": "nothing"},
        "y": {"kind": "int", "n_classes": 3, "noise": 0.5}
        if Estimator is ANNClassifier
        else {"kind": "float64", "values": values, "spoil": "nothing"},
        "weight": "12 orders",
        "new": {"values": "1e300", "spoil": "some NaN"},
        "seed": 0,
    }
    said, error = examine(case)
    assert said == ("refused" if values == "largest" and Estimator is ANNRegressor else "model"), error


@pytest.mark.parametrize("n_classes", [1, 2, 30, 1000])
@pytest.mark.parametrize("encoder", [None, "auto"])
def test_many_classes(n_classes, encoder):
    """As many as rows, or half as many."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((1000, 3)), np.arange(1000) % n_classes
    model = ANNClassifier((8,), encoder=encoder, n_estimators=1, max_iter=2, random_state=0)
    said, error = outcome(model.fit, X, y)
    assert said == "done", error
    check_model(model, X[:50])
    assert len(model.classes_) == n_classes


# ------------------------------------------------------------------------------------------- the tests of the tests


def test_what_counts_as_clear():
    """Accidents inside NumPy and errors that name nothing do not."""

    def accident():
        ANNRegressor.predict(None, np.ones(3) @ np.ones(2))

    def nameless():
        raise ValueError("something is wrong with X")  # not raised by skann

    assert outcome(accident)[0] == "unclear"
    assert outcome(nameless)[0] == "unclear"
    assert outcome(ANNRegressor(alpha=-1).fit, [[1.0]], [1.0])[0] == "refused"
    assert outcome(ANNRegressor().fit, [[np.inf]], [1.0])[0] == "refused"
    assert outcome(lambda: np.float64(1e308) * 10)[0] == "warned"
    assert outcome(lambda: 1 / 0)[0] == "crashed"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("attribute", ["coefs", "loss", "history", "probabilities"])
def test_what_counts_as_finite(attribute):
    X, y = np.random.default_rng(0).standard_normal((30, 2)), np.arange(30) % 3
    model = ANNClassifier((4,), encoder=None, max_iter=2, solver="lbfgs", random_state=0).fit(X, y)
    check_model(model, X)
    if attribute == "coefs":
        model.coefs_[0][0, 0] = np.nan
    elif attribute == "loss":
        model.history_["loss"][-1] = np.inf
    elif attribute == "history":
        model.history_["loss"][0] = np.nan
    else:
        model.predict_proba = lambda X: np.full((30, 3), 0.5)
    with pytest.raises(AssertionError):
        check_model(model, X)
