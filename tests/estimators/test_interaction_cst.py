"""interaction_cst: mixed differences of raw outputs vanish between groups, effects add up, ensembles average raw."""

import copy
import pickle

import matplotlib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import FunctionTransformer

from skann import ANNClassifier, ANNRegressor
from skann.engine.additive import Grouped
from skann.engine.losses import SquaredError
from skann.engine.monotone import Signed
from skann.engine.network import Network
from skann.engine.objective import Objective
from skann.inspection import attributions, effects
from tests.helpers import assert_gradient, poison
from tests.onnx.exports import assert_same

matplotlib.use("agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(250, 4))
Y = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + X[:, 3] + 0.1 * RNG.normal(size=250)
ROWS = np.random.default_rng(1).normal(size=(100, 4))
SMALL = {"n_estimators": 1, "max_iter": 6, "hidden_layer_sizes": (24, 24), "random_state": 0}
ADDITIVE = SMALL | {"interaction_cst": "no_interactions"}


def raw(model, rows):
    """The averaged raw outputs."""
    if hasattr(model, "decision_function"):
        return model.decision_function(rows)
    found = np.log(model.predict(rows)) if model.loss == "poisson" else model.predict(rows)
    return found.reshape(len(rows), -1)[:, 0]


def mixed_difference(model, i, j):
    """Largest f(x + i + j) - f(x + i) - f(x + j) + f(x), in units of the spread."""
    step = np.eye(4) * 0.7
    parts = [raw(model, ROWS + move).astype(float) for move in (step[i] + step[j], step[i], step[j], 0 * step[0])]
    return np.abs(parts[0] - parts[1] - parts[2] + parts[3]).max() / parts[3].std()


MODELS = {
    "one": {},
    "ensemble": {"n_estimators": 3},
    "poisson": {"n_estimators": 2, "loss": "poisson"},
    "plain": {"encoder": None},
    "piecewise": {"numeric_embedding": "piecewise_linear"},
    "no embedding": {"numeric_embedding": None},
    "linear": {"hidden_layer_sizes": ()},
    "not parametric": {"parametric_activation": False, "activation": "gelu"},
    "glorot": {"initializer": "glorot", "dropout": 0.1},
    "lbfgs": {"solver": "lbfgs"},
    "monotone": {"monotonic_cst": [0, 0, 0, 1], "n_estimators": 2},
}


@pytest.mark.parametrize("name", MODELS)
def test_no_interactions(name):
    y = np.exp(Y / 4) if name == "poisson" else Y
    model = ANNRegressor(**ADDITIVE | MODELS[name]).fit(X, y)
    assert max(mixed_difference(model, i, j) for i in range(4) for j in range(i)) < 2e-5
    if name == "monotone":
        model_of_classes = ANNClassifier(**ADDITIVE | MODELS[name]).fit(X, Y > 0)
        more = model_of_classes.decision_function(ROWS + np.array([0, 0, 0, 0.3]))
        assert (more - model_of_classes.decision_function(ROWS)).min() > -1e-6
        assert (model.predict(ROWS + np.array([0, 0, 0, 0.3])) - model.predict(ROWS)).min() > -1e-6


def test_groups():
    """By index, by name and as arrays; the columns that are not listed are a group."""
    table = pd.DataFrame(X, columns=list("abcd"))
    by_index = ANNRegressor(**SMALL, interaction_cst=[{0, 1}, [2]]).fit(X, Y)
    by_name = ANNRegressor(**SMALL, interaction_cst=[["a", "b"], ("c",), {"d"}]).fit(table, Y)
    np.testing.assert_array_equal(by_index.predict(X), by_name.predict(table))
    assert mixed_difference(by_index, 0, 1) > 1e-3
    assert max(mixed_difference(by_index, i, j) for i, j in [(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]) < 2e-5
    overlapping = ANNRegressor(**SMALL, interaction_cst=[{0, 1}, {1, 2}]).fit(X, Y)
    assert mixed_difference(overlapping, 0, 1) > 1e-3
    assert mixed_difference(overlapping, 1, 2) > 1e-3
    assert max(mixed_difference(overlapping, i, j) for i, j in [(0, 2), (0, 3), (1, 3), (2, 3)]) < 2e-5


def test_pairwise_has_pairs_only():
    model = ANNRegressor(**SMALL, interaction_cst="pairwise").fit(X, Y)
    assert mixed_difference(model, 0, 1) > 1e-3
    step = np.eye(4) * 0.7
    signs = {(a, b, c): (-1) ** (3 - a - b - c) for a in (0, 1) for b in (0, 1) for c in (0, 1)}
    third = sum(s * raw(model, ROWS + a * step[0] + b * step[1] + c * step[2]) for (a, b, c), s in signs.items())
    assert np.abs(third).max() < 2e-5 * raw(model, ROWS).std()


def test_it_learns_what_is_a_sum_and_nothing_else():
    y = np.sin(2 * X[:, 2]) + X[:, 3] ** 2
    params = {"n_estimators": 1, "random_state": 0, "interaction_cst": "no_interactions"}
    new = np.random.default_rng(2).normal(size=(1000, 4))
    assert ANNRegressor(**params).fit(X, y).score(new, np.sin(2 * new[:, 2]) + new[:, 3] ** 2) > 0.95
    assert ANNRegressor(**params).fit(X, X[:, 0] * X[:, 1]).score(new, new[:, 0] * new[:, 1]) < 0.2


def mixed_table():
    table = pd.DataFrame(X, columns=list("abcd"))
    table["same"] = 1.0
    table["town"] = [f"town {i % 20}" for i in range(250)]
    table["gaps"] = table["d"].mask(RNG.random(250) < 0.2)
    return table


@pytest.mark.parametrize("weight", [None, RNG.integers(0, 3, 250).astype(float)])
def test_effects_add_up(weight):
    table = mixed_table()
    model = ANNRegressor(**ADDITIVE | {"n_estimators": 2}).fit(table, Y, sample_weight=weight)
    found = effects(model, table)
    assert found.values.shape == (250, 7)
    expected = (model.predict(table) - model.target_mean_) / model.target_scale_
    np.testing.assert_allclose(found.intercept + found.values.sum(axis=1), expected, atol=3e-6)
    np.testing.assert_allclose(np.average(found.values, axis=0, weights=weight), 0, atol=1e-6)
    np.testing.assert_array_equal(found.values[:, 4], 0)
    assert np.ptp(found.values[table["gaps"].isna(), 6]) < 1e-6  # all missing values are alike
    assert len(found.plot().axes_) == 7
    one = effects(model.estimators_[0], table)
    np.testing.assert_allclose(one.values, found.by_network[0], atol=1e-7)


@pytest.mark.parametrize("n_rows", [250, 40])  # with a temperature; with outputs that are shrunk
def test_effects_of_classes(n_rows):
    model = ANNClassifier(**ADDITIVE | {"n_estimators": 2}).fit(X[:n_rows], Y[:n_rows] > 0)
    found = effects(model, X)
    decision = model.decision_function(X)
    np.testing.assert_allclose(found.intercept + found.values.sum(axis=1), decision, atol=1e-5 * decision.std())
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-decision)), atol=1e-6)
    three = ANNClassifier(**ADDITIVE | {"n_estimators": 2}).fit(X, np.digitize(Y, [-1, 1]))
    found = effects(three, X)
    assert found.values.shape == (250, 4, 3)
    raw = three.decision_function(X)
    np.testing.assert_allclose(found.intercept + found.values.sum(axis=1), raw, atol=1e-5)
    np.testing.assert_allclose(np.exp(three.predict_log_proba(X)), three.predict_proba(X), rtol=1e-4)


@pytest.mark.parametrize("cst", ["no_interactions", [[0, 1]]])
@pytest.mark.parametrize("monotonic_cst", [None, [0, 0, 0, 1]])
def test_onnx_and_pickle(cst, monotonic_cst):
    rows = X.astype(np.float32)
    params = SMALL | {"n_estimators": 2, "interaction_cst": cst, "monotonic_cst": monotonic_cst}
    for model, y in ((ANNRegressor(**params), Y), (ANNClassifier(**params), Y > 0)):
        assert_same(model.fit(rows, y), rows)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(rows), model.predict(rows))
        np.testing.assert_array_equal(copy.deepcopy(model).predict(rows), model.predict(rows))


def test_partial_fit_warm_start_and_search():
    model = ANNRegressor(**ADDITIVE)
    for rows in np.array_split(np.arange(250), 5):
        model.partial_fit(X[rows], Y[rows])
    assert mixed_difference(model, 0, 1) < 2e-5
    np.testing.assert_allclose(effects(model, X[rows]).values.mean(axis=0), 0, atol=1e-6)
    model = ANNRegressor(**ADDITIVE, warm_start=True).fit(X, Y)
    assert mixed_difference(model.fit(X, Y), 0, 1) < 2e-5
    with pytest.raises(ValueError, match="interaction_cst was"):
        model.set_params(interaction_cst="pairwise").fit(X, Y)
    grid = {"interaction_cst": [None, "no_interactions", "pairwise", [[0, 1]]]}
    assert np.isfinite(GridSearchCV(ANNRegressor(**SMALL), grid, cv=2).fit(X, Y).best_score_)


def test_derivatives():
    model = ANNClassifier(**ADDITIVE | {"n_estimators": 2}).fit(X, Y > 0)
    with pytest.raises(ValueError, match="use space='raw'"):
        model.input_gradients(X[:3])
    found = attributions(model, X[:4], X[10:40], space="raw")
    own = effects(model, X)
    expected = own.values[:4] - own.values[10:40].mean(axis=0)  # of a sum, attributions are differences of effects
    np.testing.assert_allclose(found.values, expected, atol=0.02 * np.abs(expected).max())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("is_signed", [False, True])
def test_gradient_of_grouped(dtype, is_signed):
    factors = np.full((3, 2, 4), np.nan)
    factors[1, 0] = [0, 1, -1, 0.5]
    x, y = RNG.normal(size=(9, 6)), RNG.normal(size=(9, 12))

    def network(dtype):
        layer = Grouped(3, 2, 4)
        made = Network([Signed(layer, {"W": factors}) if is_signed else layer], dtype)
        made.theta[...] = np.random.default_rng(0).normal(size=len(made.theta))
        made.prepare_training()
        return made

    def f(theta):
        made = network(np.float64)
        made.theta[...] = theta
        return Objective(made, SquaredError())(x, y, None, made.workspace(9))

    made = network(dtype)
    Objective(made, SquaredError())(x.astype(dtype), y.astype(dtype), None, poison(made.workspace(9)))
    assert_gradient(f, made.theta.astype(np.float64), made.grad)
    exact, weight = network(np.float64), RNG.normal(size=(2, 9, 12))
    workspace = exact.workspace(9)
    exact.forward(x, workspace)
    gradient = exact.input_gradient(x, workspace, weight.copy())
    for k in range(2):
        assert_gradient(lambda x, k=k: float(np.sum(weight[k] * exact.forward(x, exact.workspace(9)))), x, gradient[k])


@pytest.mark.parametrize(
    "params, message",
    [
        ({"interaction_cst": [[0, 4]]}, "names or indices of the 4 columns of X, got 4"),
        ({"interaction_cst": [["a"]]}, "got 'a'"),
        ({"interaction_cst": [0, 1]}, "a list of groups of columns, got the group 0"),
        ({"interaction_cst": "none"}, "interaction_cst"),
        ({"interaction_cst": "pairwise", "portfolio": True}, "portfolio does not go with interaction_cst"),
        ({"interaction_cst": "pairwise", "encoder": FunctionTransformer()}, "behind encoder=FunctionTransformer"),
    ],
)
def test_refusals(params, message):
    with pytest.raises(ValueError, match=message):
        ANNRegressor(**SMALL | params).fit(X, Y)


def test_other_refusals():
    with pytest.raises(ValueError, match="for a sparse X"):
        ANNRegressor(**ADDITIVE).fit(sparse.csr_matrix(X), Y)
    with pytest.raises(ValueError, match="give groups of columns"):
        ANNRegressor(**SMALL, interaction_cst="pairwise").fit(RNG.normal(size=(50, 26)), Y[:50])
    with pytest.raises(ValueError, match="without interactions"):
        effects(ANNRegressor(**SMALL).fit(X, Y), X)
