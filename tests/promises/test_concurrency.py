"""One seed, one model, however many threads and processes are at work; nothing of the process stays changed."""

import ast
import os
import random
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import joblib
import matplotlib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from threadpoolctl import ThreadpoolController, threadpool_limits

import skann
from skann import ANNClassifier, ANNRegressor, LossCurveDisplay
from tests import plain
from tests.data import BOTH
from tests.helpers import networks_of

RNG = np.random.default_rng(0)
N = 300
X = pd.DataFrame(RNG.normal(size=(N, 4)), columns=list("abcd")).assign(
    colour=RNG.choice(["red", "green", "blue"], N), town=[f"town {i}" for i in RNG.integers(30, size=N)]
)
Y = (X["a"] + X["b"] > 0).to_numpy().astype(int)
SMALL = {"hidden_layer_sizes": (16, 8), "max_iter": 3, "n_estimators": 3, "random_state": 0}
LARGE = {"hidden_layer_sizes": (600, 600), "max_iter": 1, "n_estimators": 2, "batch_size": 128, "random_state": 0}
CONTROLLER = ThreadpoolController()


def parameters(model):
    """All numbers that a fit has learnt."""
    arrays = [network.theta for network in networks_of(model)]
    learnt = [getattr(model, name, None) for name in ("temperature_", "target_mean_", "target_scale_")]
    return np.concatenate([*arrays, *(np.ravel(value) for value in learnt if value is not None)])


def assert_same(one, other):
    np.testing.assert_array_equal(parameters(one), parameters(other))
    if one.networks_.is_ensemble:
        np.testing.assert_array_equal(one.oof_prediction_, other.oof_prediction_)


# ------------------------------------------------------------------------------------------------- the same model


@BOTH
@pytest.mark.parametrize("params", [SMALL, LARGE, SMALL | {"n_estimators": 1, "hidden_layer_sizes": (128, 128)}])
def test_blas_threads_do_not_matter(Estimator, params):
    """Processes of joblib have fewer of them. In float32 the last bits of a large product depend on their number."""
    with threadpool_limits(1, user_api="blas"):
        one = Estimator(**params).fit(X, Y)
    with threadpool_limits(2, user_api="blas"):
        if {each["num_threads"] for each in CONTROLLER.info() if each["user_api"] == "blas"} != {2}:
            pytest.skip("BLAS has one thread only")
        two = Estimator(**params).fit(X, Y)
    assert_same(one, two)


@BOTH
def test_searches_in_threads_with_ensembles_in_threads(Estimator):
    """Threads within threads: the models and scores of one loop in another."""
    grid = {"alpha": [1e-4, 1.0], "n_estimators": [1, 3]}
    serial = GridSearchCV(Estimator(**SMALL), grid, cv=2).fit(X, Y)
    limits = CONTROLLER.info()
    in_threads = getattr(joblib, "parallel_config", joblib.parallel_backend)  # since joblib 1.3
    with in_threads("threading"):
        nested = GridSearchCV(Estimator(**SMALL, n_jobs=2), grid, cv=2, n_jobs=2).fit(X, Y)
    assert CONTROLLER.info() == limits
    assert_same(serial.best_estimator_, nested.best_estimator_)
    for name in ("mean_test_score", "split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(serial.cv_results_[name], nested.cv_results_[name])


@pytest.mark.slow
@BOTH
def test_searches_in_processes_with_ensembles_in_threads(Estimator):
    grid = {"alpha": [1e-4, 1.0]}
    searches = [
        GridSearchCV(Estimator(**SMALL | {"n_jobs": inner}), grid, cv=2, n_jobs=outer).fit(X, Y)
        for outer, inner in [(1, 1), (2, 1), (2, 2), (-1, -1)]
    ]
    for search in searches[1:]:
        assert_same(search.best_estimator_, searches[0].best_estimator_)
        for name in ("split0_test_score", "split1_test_score"):
            np.testing.assert_allclose(search.cv_results_[name], searches[0].cv_results_[name], rtol=1e-12)


@BOTH
def test_fits_in_overlapping_threads(Estimator):
    """Of different data, some of which fail: each as if alone."""
    model, start = Estimator(**SMALL), Barrier(4, timeout=60)

    def fit(i, wait=True):
        if wait:
            start.wait()
        y = (i % 2 == Y).astype(int) if i != 3 else np.full(N, np.nan)
        try:
            return clone(model).set_params(random_state=i).fit(X, y)
        except ValueError:
            return None

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(fit, range(4)))
    assert together[3] is None
    for i in range(3):
        assert_same(together[i], fit(i, wait=False))


# ------------------------------------------------------------------------------------------ predictions in threads


@pytest.mark.parametrize(
    "model",
    [
        ANNClassifier(**SMALL),
        ANNClassifier(**SMALL | {"n_estimators": 1, "numeric_embedding": "piecewise_linear"}),
        ANNRegressor(**SMALL),
        plain.ANNClassifier((16,), activation="gelu", max_iter=3),
        plain.ANNRegressor((16,), dropout=0.5, max_iter=3),
    ],
    ids=["ensemble", "piecewise linear", "regressor", "plain", "dropout"],
)
def test_predictions_from_many_threads(model):
    """Threads with different rows and different methods, one model: to the bit what one thread gives."""
    rows = X if model.encoder == "auto" else X[list("abcd")].to_numpy()
    model.fit(rows, Y)
    names = ("predict", "predict_proba", "predict_log_proba", "decision_function", "hidden_activations")
    methods = [getattr(model, name) for name in names if hasattr(model, name)]
    methods = methods[: None if hasattr(model, "network_") else -1]
    tasks = [(method, rows[start::7]) for start in range(7) for method in methods] * 6
    with threadpool_limits(1, user_api="blas"):
        serial = [method(part) for method, part in tasks]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda task: task[0](task[1]), tasks))
    for one, other in zip(serial, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_predictions_while_another_fit_is_running():
    """Of a copy that goes on learning: the model itself stays as it is."""
    model = ANNClassifier(**SMALL).fit(X, Y)
    expected = model.predict_proba(X)
    with ThreadPoolExecutor(2) as pool:
        fits = [pool.submit(clone(model).set_params(random_state=i).fit, X, Y) for i in range(4)]
        while not all(fit.done() for fit in fits):
            np.testing.assert_array_equal(model.predict_proba(X), expected)


# ------------------------------------------------------------------------------------------------ the process


def process_state():
    """What belongs to the whole process and is the user's."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return {
        "errors": np.geterr(),
        "filters of warnings": list(warnings.filters),
        "NumPy's generator": (name, keys.tolist(), *rest),
        "Python's generator": random.getstate(),
        "libraries' threads": CONTROLLER.info(),
        "scikit-learn": sklearn.get_config(),
        "environment": dict(os.environ),
        "matplotlib": dict(matplotlib.rcParams),
        "printing": np.get_printoptions(),
        "directory": os.getcwd(),
    }


def failing(function, *args):
    with pytest.raises((ValueError, TypeError)):
        function(*args)


def plot(model):
    matplotlib.use("agg")
    LossCurveDisplay.from_estimator(model)


ACTIONS = {
    "fit": lambda model: model.fit(X, Y),
    "fit in threads": lambda model: clone(model).set_params(n_jobs=2).fit(X, Y),
    "fit without encoder": lambda model: clone(model).set_params(encoder=None, n_estimators=1).fit(X[["a", "b"]], Y),
    "lbfgs": lambda model: clone(model).set_params(solver="lbfgs").fit(X, Y),
    "partial_fit": lambda model: model.partial_fit(X, Y),
    "predict": lambda model: model.predict(X),
    "predict in threads": lambda model: (
        clone(model).set_params(n_jobs=2).fit(X, Y).predict(X.loc[np.arange(40_000) % N])
    ),
    "cross_val_score": lambda model: cross_val_score(model, X, Y, cv=2),
    "repr": lambda model: (repr(model), model._repr_html_()),
    "plot": plot,
    "failing parameter": lambda model: failing(clone(model).set_params(alpha=-1.0).fit, X, Y),
    "failing y": lambda model: failing(clone(model).fit, X, np.full(N, np.nan)),
    "failing X": lambda model: failing(clone(model).set_params(encoder=None).fit, [[1j]] * N, Y),
    "diverging fit": lambda model: failing(
        clone(model).set_params(encoder=None, solver="sgd", learning_rate_init=1e300).fit, X[["a", "b"]] * 1e150, Y
    ),
    "failing predict": lambda model: failing(model.predict, X.assign(a=np.inf)),
}


@BOTH
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::UserWarning")
def test_the_process_stays_as_it_was(Estimator, action):
    """Also where the user has set what is not the default."""
    model = Estimator(**SMALL).fit(X, Y)
    matplotlib.use("agg")
    with np.errstate(all="raise", under="ignore"), sklearn.config_context(transform_output="pandas"):
        before = process_state()
        ACTIONS[action](model)
        after = process_state()
    for name, value in before.items():
        assert after[name] == value, name


CHANGES_THE_PROCESS = {
    "catch_warnings", "simplefilter", "filterwarnings", "resetwarnings", "seterr", "set_printoptions", "set_config",
    "putenv", "chdir", "rcdefaults", "setlocale", "setrecursionlimit", "threadpool_limits",
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(Path(skann.__file__).parent.rglob("*.py")), ids=lambda path: path.name)
def test_nothing_is_called_that_changes_the_process(path):
    """Even for a while: of two threads that overlap, the one that ends last would bring back what the other had set."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            assert name not in CHANGES_THE_PROCESS, f"{path.name}:{node.lineno}: {name}"
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Delete):
            for target in getattr(node, "targets", None) or [node.target]:
                changed = ast.unparse(target)
                assert "environ" not in changed, f"{path.name}:{node.lineno}: {changed}"
                assert "rcParams" not in changed, f"{path.name}:{node.lineno}: {changed}"
