"""monotonic_cst: predictions move as they must for random pairs of rows, whatever trains them; the rest is refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skann import ANNClassifier, ANNRegressor
from skann.engine.activations import Tanh
from skann.engine.losses import SquaredError
from skann.onnx import to_onnx
from tests.onnx.exports import assert_same, run

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore:.*portfolio.*")

CST = [1, -1, 0, 0]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4)) * [1, 100, 1, 0.01]
SIGNAL = np.sin(2 * X[:, 0]) + (X[:, 1] / 100) ** 2 + X[:, 2]  # neither rises nor falls with the first two columns
Y = SIGNAL + 0.1 * RNG.normal(size=300)
ROWS = np.random.default_rng(1).normal(size=(3000, 4)) * [1.5, 150, 1.5, 0.015]
SMALL = {"n_estimators": 1, "max_iter": 4, "hidden_layer_sizes": (16, 16), "random_state": 0}


def steps(model, rows, column, seed=2):
    """How much each output gains when the values of a column rise, in units of its spread."""
    say = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    more = rows.copy()
    more[:, column] += np.abs(rows[:, column]) * np.random.default_rng(seed).exponential(size=len(rows)) ** 3
    before, after = say(rows), say(more)
    if hasattr(model, "predict_proba"):
        before, after = before[:, 1], after[:, 1]
    assert before.std() > 0
    return (after - before) / before.std(axis=0)


def assert_monotone(model, rows=ROWS):
    assert steps(model, rows, 0).min() >= -1e-6
    assert steps(model, rows, 1).max() <= 1e-6


REGRESSORS = {
    "one": {},
    "ensemble": {"n_estimators": 3},
    "absolute_error": {"loss": "absolute_error"},
    "huber": {"loss": "huber"},
    "quantiles": {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
    "poisson": {"loss": "poisson", "shift": 5},
    "tweedie": {"loss": "tweedie", "shift": 5},
    "lbfgs": {"solver": "lbfgs"},
    "sgd": {"solver": "sgd"},
    "plain": {"encoder": None},
    "linear": {"hidden_layer_sizes": ()},
    "one unit": {"hidden_layer_sizes": (1,)},
    "piecewise": {"numeric_embedding": "piecewise_linear"},
    "no embedding": {"numeric_embedding": None},
    "softplus": {"activation": ["tanh", "softplus"]},
    "not parametric": {"parametric_activation": False},
    "glorot": {"initializer": "glorot"},
    "dropout": {"dropout": 0.2},
    "portfolio": {"portfolio": True, "n_estimators": 3},
    "float64": {"dtype": "float64"},
}


@pytest.mark.parametrize("name", REGRESSORS)
def test_regression(name):
    params = dict(REGRESSORS[name])
    shift = params.pop("shift", 0)
    model = ANNRegressor(**SMALL | params, monotonic_cst=CST)
    assert_monotone(model.fit(X, np.maximum(Y + shift, 0) if shift else Y))


def test_without_a_constraint_the_predictions_do_not_move_so():
    model = ANNRegressor(**SMALL | {"max_iter": 30}).fit(X, Y)
    assert steps(model, ROWS, 0).min() < -0.1
    assert steps(model, ROWS, 1).max() > 0.1


@pytest.mark.parametrize("params", [{}, {"n_estimators": 3}, {"encoder": None}, {"dtype": "float64"}])
@pytest.mark.parametrize("n_rows", [300, 40])  # with a temperature; with outputs that are shrunk
def test_classification(params, n_rows):
    model = ANNClassifier(**SMALL | params, monotonic_cst=CST).fit(X[:n_rows], SIGNAL[:n_rows] > 0.5)
    assert_monotone(model)
    order = np.argsort(model.decision_function(ROWS), kind="stable")
    assert (np.diff(model.predict_proba(ROWS)[order, 1]) >= -1e-6).all()


def test_a_hundred_thousand_pairs():
    model = ANNRegressor(n_estimators=2, max_iter=20, random_state=0, monotonic_cst=CST).fit(X, Y)
    assert_monotone(model, np.random.default_rng(3).normal(size=(100_000, 4)) * [1.5, 150, 1.5, 0.015])


def test_each_of_several_targets():
    model = ANNRegressor(**SMALL, monotonic_cst=CST).fit(X, np.column_stack([Y, -Y]))
    assert_monotone(model)


def test_partial_fit_and_warm_start():
    model = ANNRegressor(**SMALL, monotonic_cst=CST)
    for rows in np.array_split(np.arange(300), 6):
        model.partial_fit(X[rows], Y[rows])
    assert_monotone(model)
    model = ANNRegressor(**SMALL, monotonic_cst=CST, warm_start=True).fit(X, Y)
    assert_monotone(model.fit(X, -Y))
    with pytest.raises(ValueError, match="monotonic_cst was"):
        model.set_params(monotonic_cst=[0, 0, 0, 1]).fit(X, Y)


def test_all_columns_constrained_learn_a_convex_and_a_concave_curve():
    x = np.linspace(-2, 2, 400)[:, None]
    for y in (np.exp(x[:, 0]), -np.exp(-x[:, 0])):
        model = ANNRegressor(n_estimators=1, random_state=0, monotonic_cst=[1]).fit(x, y)
        assert model.score(x, y) > 0.99


def test_a_true_constraint_costs_little():
    rng = np.random.default_rng(4)
    truth = lambda X: np.arctan(2 * X[:, 0]) - X[:, 1] ** 3 / 5 + np.sin(3 * X[:, 2])  # noqa: E731
    many, new = rng.normal(size=(600, 4)), rng.normal(size=(2000, 4))
    y = truth(many) + 0.3 * rng.normal(size=600)
    params = {"n_estimators": 1, "random_state": 0}
    free = ANNRegressor(**params).fit(many, y).score(new, truth(new))
    assert ANNRegressor(**params, monotonic_cst=CST).fit(many, y).score(new, truth(new)) > free - 0.03


def test_names_and_numbers_say_the_same():
    table = pd.DataFrame(X, columns=list("abcd"))
    by_name = ANNRegressor(**SMALL, monotonic_cst={"b": -1, "a": 1}).fit(table, Y).predict(table)
    np.testing.assert_array_equal(by_name, ANNRegressor(**SMALL, monotonic_cst=CST).fit(table, Y).predict(table))


def test_no_direction_is_no_constraint():
    plain = ANNRegressor(**SMALL).fit(X, Y)
    for none in ([0, 0, 0, 0], np.zeros(4)):
        other = ANNRegressor(**SMALL, monotonic_cst=none).fit(X, Y)
        np.testing.assert_array_equal(other.network_.theta, plain.network_.theta)


def mixed_table():
    table = pd.DataFrame(X, columns=list("abcd"))
    table["same"] = 1.0
    table["town"] = [f"town {i % 20}" for i in range(300)]
    table["colour"] = [["red", "green"][i % 2] for i in range(300)]
    table["gaps"] = table["d"].mask(RNG.random(300) < 0.2)
    return table


def test_tables_with_categories_and_missing_values():
    table = mixed_table()
    cst = {"a": 1, "gaps": -1, "same": 1}
    model = ANNRegressor(**SMALL | {"n_estimators": 2}, monotonic_cst=cst).fit(table, Y)
    more = table.assign(a=table["a"] + 1, gaps=table["gaps"] - 1)
    assert (model.predict(more) - model.predict(table)).min() > 0
    assert np.isfinite(model.predict(table.assign(a=np.nan))).all()
    assert_same(model, table)


def test_a_missing_value_may_mean_anything():
    """Where values are missing y is far below, against the direction of the column."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(400, 2))
    x[rng.random(400) < 0.3, 0] = np.nan
    y = np.where(np.isnan(x[:, 0]), -5, x[:, 0])
    for direction, sign in ((1, 1), (-1, -1)):
        model = ANNRegressor(n_estimators=1, random_state=0, monotonic_cst=[direction, 0]).fit(x, sign * y)
        assert model.score(x, sign * y) > 0.98


def test_coefs_are_effective():
    model = ANNRegressor(**SMALL, encoder=None, monotonic_cst=[1, -1, 1, 1]).fit(X, Y)
    first, *others = model.coefs_
    assert (first[[0, 2, 3]] >= 0).all()
    assert (first[1] <= 0).all()
    assert all((W >= 0).all() for W in others)


@pytest.mark.parametrize("params", [{}, {"n_estimators": 2, "numeric_embedding": None}, {"encoder": None}])
def test_onnx(params):
    rows = X.astype(np.float32)
    assert_same(ANNRegressor(**SMALL | params, monotonic_cst=CST).fit(rows, Y), rows)
    assert_same(ANNClassifier(**SMALL | params, monotonic_cst=CST).fit(rows, SIGNAL > 0.5), rows)


def test_onnx_is_monotone():
    model = ANNRegressor(**SMALL | {"n_estimators": 2}, monotonic_cst=CST).fit(X.astype(np.float32), Y)
    rows = ROWS.astype(np.float32)
    exported = to_onnx(model, rows)
    more = rows + np.array([0.5, 0, 0, 0], np.float32)
    gain = run(exported, more)[0] - run(exported, rows)[0]
    assert gain.min() >= -1e-6 * model.predict(rows).std()


def test_search_and_pipeline():
    table = pd.DataFrame(X, columns=list("abcd"))
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), ANNRegressor(**SMALL))
    grid = {"annregressor__monotonic_cst": [None, {"a": 1}, {"a": 1, "b": -1}]}
    found = GridSearchCV(pipeline, grid, cv=2).fit(table, Y)
    assert set(found.cv_results_["rank_test_score"]) <= {1, 2, 3}
    assert np.isfinite(found.cv_results_["mean_test_score"]).all()


def test_attributions_of_constrained_columns():
    from skann.inspection import attributions

    model = ANNRegressor(**SMALL, monotonic_cst=CST).fit(X, Y)
    found = attributions(model, X[:5], X[5:25])
    np.testing.assert_allclose(
        found.values.sum(axis=1) + found.base_values, model.predict(X[:5]), atol=0.01 * Y.std(), rtol=0
    )
    gradients = model.input_gradients(X[:50])
    assert gradients[:, 0].min() >= 0
    assert gradients[:, 1].max() <= 0


class OwnLoss(SquaredError):
    pass


class OwnActivation:
    two_buffers = False

    def forward(self, z, a):
        np.sin(z, out=a)

    def backward(self, z, a, delta):
        delta *= np.sqrt(1 - a * a)


class OwnRising(Tanh):
    pass


@pytest.mark.parametrize(
    "params, message",
    [
        ({"monotonic_cst": [1, 0]}, "one entry for each of the 4 columns"),
        ({"monotonic_cst": [[1, 0, 0, 0]]}, r"got shape \(1, 4\)"),
        ({"monotonic_cst": [1, 0, 0, 2]}, r"monotonic_cst\[3\] must be 1, rising, -1, falling, or 0, got 2"),
        ({"monotonic_cst": [1, 0, 0, "up"]}, r"monotonic_cst\[3\]"),
        ({"monotonic_cst": {"a": 1}}, "columns of X have none"),
        ({"activation": "gelu"}, "activation='gelu' is not monotone.*'relu'"),
        ({"activation": ["tanh", "mish"]}, "activation='mish' is not monotone"),
        ({"activation": OwnActivation()}, "OwnActivation object.*is not monotone"),
        ({"portfolio": [{}, {"activation": "silu"}]}, r"portfolio\[1\].*'silu' is not monotone"),
        ({"loss": OwnLoss()}, "loss of your own"),
        ({"encoder": FunctionTransformer()}, "behind encoder=FunctionTransformer"),
    ],
)
def test_refusals(params, message):
    with pytest.raises(ValueError, match=message):
        ANNRegressor(**SMALL | {"monotonic_cst": CST} | params).fit(X, Y)


def test_refused_columns():
    table = mixed_table()
    for name in ("town", "colour"):
        with pytest.raises(ValueError, match=f"column '{name}' holds categories"):
            ANNRegressor(**SMALL, monotonic_cst={name: 1}).fit(table, Y)
    with pytest.raises(ValueError, match=r"names 'gabs', which is no column of X. Did you mean 'gaps'\?"):
        ANNRegressor(**SMALL, monotonic_cst={"gabs": 1}).fit(table, Y)
    from scipy import sparse

    with pytest.raises(ValueError, match="for a sparse X"):
        ANNRegressor(**SMALL, monotonic_cst=CST).fit(sparse.csr_matrix(X), Y)


def test_refused_targets():
    with pytest.raises(ValueError, match="has 3 classes"):
        ANNClassifier(**SMALL, monotonic_cst=CST).fit(X, np.digitize(Y, [0, 1]))
    with pytest.raises(ValueError, match="has multilabel targets"):
        ANNClassifier(**SMALL, monotonic_cst=CST).fit(X, np.column_stack([Y > 0, Y > 1]).astype(int))


def test_an_own_activation_that_says_it_is_monotone():
    assert_monotone(ANNRegressor(**SMALL, activation=OwnRising(), monotonic_cst=CST).fit(X, Y))
