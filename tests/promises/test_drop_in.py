"""A model written for scikit-learn's MLP runs here unchanged, and is as good or better."""

import inspect

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    make_friedman1,
    make_friedman3,
    make_regression,
)
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from tests.data import IRIS, SPECIES
from tests.helpers import settings_of
from tests.plain import ANNClassifier, ANNRegressor

PAIRS = pytest.mark.parametrize(
    "Peer, Ours", [(MLPClassifier, ANNClassifier), (MLPRegressor, ANNRegressor)], ids=["classifier", "regressor"]
)
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*ignored.*:UserWarning"),
]

# every value that the peer's 1.9.1 documentation names, and a second one where it is a number
VALUES = {
    "hidden_layer_sizes": [(), [], 8, (8,), [8, 4], np.array([8, 4])],
    "activation": ["identity", "logistic", "tanh", "relu"],
    "solver": ["lbfgs", "sgd", "adam"],
    "alpha": [0, 0.0, 1e-4, 1],
    "batch_size": ["auto", 1, 32, 150],
    "learning_rate": ["constant", "invscaling", "adaptive"],
    "learning_rate_init": [1e-3, 0.05],
    "power_t": [0.5, 0, 1],
    "max_iter": [1, 5, np.int64(3)],
    "shuffle": [True, False],
    "random_state": [None, 0, np.random.RandomState(0)],
    "tol": [1e-4, 0.1],
    "verbose": [False, True],
    "warm_start": [False, True],
    "momentum": [0.9, 0, 1],
    "nesterovs_momentum": [True, False],
    "early_stopping": [False, True],
    "validation_fraction": [0.1, 0.3],
    "beta_1": [0.9, 0],
    "beta_2": [0.999, 0],
    "epsilon": [1e-8, 1e-3],
    "n_iter_no_change": [10, 1, np.inf],
    "max_fun": [15000, 1],
}
LOSSES = ["squared_error", "poisson"]


def data(Estimator):
    X, y = IRIS, SPECIES
    return X, y if Estimator is ANNClassifier else X[:, 0] * 2.0


def test_the_list_of_values_is_complete():
    """Against the peer that is installed: a new parameter there shows up here."""
    peer = set(MLPClassifier().get_params()) | set(MLPRegressor().get_params()) - {"loss"}
    assert peer == set(VALUES)


@PAIRS
@pytest.mark.parametrize("name, value", [(name, value) for name, values in VALUES.items() for value in values])
def test_every_value_of_the_peer_is_accepted(Peer, Ours, name, value):
    """Both fit and predict with it; solvers to which it belongs are covered, too."""
    solver = "sgd" if name in ("learning_rate", "power_t", "momentum", "nesterovs_momentum") else "adam"
    solver = "lbfgs" if name == "max_fun" else solver
    params = {"solver": solver, "max_iter": 2} | {name: value}
    if name == "validation_fraction":
        params["early_stopping"] = True
    X, y = data(Ours)
    Peer(**params).fit(X, y)
    model = Ours(**params).fit(X, y)
    assert model.predict(X).shape == (150,)


@PAIRS
@pytest.mark.parametrize("loss", LOSSES)
def test_defaults_written_out(Peer, Ours, loss):
    """``Ours(**Peer().get_params(), encoder=None)``; without encoder "auto" is the peer's default: the same bits."""
    X, y = data(Ours)
    params = {"loss": loss} if "loss" in Peer().get_params() else {}  # the regressor's since 1.7
    written = Peer(**params).get_params()
    meant = vars(settings_of(Ours(**params), X))
    assert {name: meant[name] for name in written} == written | {"batch_size": 150}  # min(200, n)
    models = [Ours(**kwargs | {"max_iter": 3, "random_state": 0}).fit(X, y) for kwargs in (written, params)]
    np.testing.assert_array_equal(models[0].network_.theta, models[1].network_.theta)


@PAIRS
def test_only_sizes_and_activation_are_positional(Peer, Ours):
    """The order cannot change again under users, as the peer's did when ``loss`` moved to the front."""
    parameters = list(inspect.signature(Ours).parameters.values())
    assert [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY] == ["hidden_layer_sizes", "activation"]
    assert Ours((3,), "tanh").hidden_layer_sizes == (3,)


@PAIRS
@pytest.mark.parametrize("solver", ["adam", "nadam", "rmsprop", "sgd", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_methods_and_attributes_of_the_peer(Peer, Ours, solver, early_stopping):
    """All that a fitted peer shows exists after every solver: the loss curve after L-BFGS, too."""
    X, y = data(Ours)
    peer = Peer(early_stopping=early_stopping, max_iter=3).fit(X, y)
    model = Ours(solver=solver, early_stopping=early_stopping, max_iter=3, random_state=0).fit(X, y)
    public = {name for name in dir(peer) if not name.startswith("_")}
    if solver == "lbfgs":
        public.discard("partial_fit")
    assert public <= set(dir(model))

    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert model.n_layers_ == 3
    assert model.n_outputs_ == (3 if Ours is ANNClassifier else 1)
    assert model.out_activation_ == {ANNClassifier: "softmax", ANNRegressor: "identity"}[Ours]
    assert [c.shape for c in model.coefs_] == [(4, 100), (100, model.n_outputs_)]
    assert [b.shape for b in model.intercepts_] == [(100,), (model.n_outputs_,)]
    assert model.loss_ == model.loss_curve_[-1]
    assert model.t_ > 0
    if early_stopping:
        assert len(model.validation_scores_) == 3
        assert model.best_validation_score_ == max(model.validation_scores_)
    else:
        assert model.best_loss_ == min(model.loss_curve_)
        assert model.validation_scores_ is None
        assert model.best_validation_score_ is None


def test_lbfgs_loss_curve_is_the_objective():
    """``loss_`` after L-BFGS is the mean log-loss plus alpha / (2 n) |W|^2 at the weights that are returned."""
    X, y = data(ANNClassifier)
    model = ANNClassifier((6,), solver="lbfgs", alpha=0.3, max_iter=30, random_state=0).fit(X, y)
    log_loss = -model.predict_log_proba(X)[np.arange(150), y].mean()
    l2 = 0.3 / (2 * 150) * sum((c**2).sum() for c in model.coefs_)
    assert model.loss_ == pytest.approx(log_loss + l2, rel=1e-9)
    assert np.all(np.diff(model.loss_curve_) <= 1e-12)


def test_partial_fit_arguments_by_name():
    """``classes`` and ``sample_weight`` by name; by position they would be ambiguous, so they are refused."""
    X, y = data(ANNClassifier)
    ANNClassifier().partial_fit(X, y, classes=[0, 1, 2], sample_weight=np.ones(150))
    with pytest.raises(TypeError):
        ANNClassifier().partial_fit(X, y, [0, 1, 2])
    ANNRegressor().partial_fit(X, y, sample_weight=np.ones(150))


def test_digits():
    """At least 97 % on 450 held-out images."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, test_size=450, stratify=y, random_state=0)
    model = ANNClassifier((100,), max_iter=60, random_state=0).fit(X_train, y_train)
    assert model.score(X_test, y_test) >= 0.97


QUALITY = {
    "breast_cancer": load_breast_cancer,
    "diabetes": load_diabetes,
    "friedman1": lambda return_X_y: make_friedman1(1000, noise=1.0, random_state=0),
    "friedman3": lambda return_X_y: make_friedman3(1000, random_state=0),
    "linear": lambda return_X_y: make_regression(1000, 20, noise=10.0, random_state=0),
}


@pytest.mark.parametrize("name", QUALITY)
@pytest.mark.parametrize(
    "params",
    [
        {},
        pytest.param({"early_stopping": True}, marks=pytest.mark.slow),
        pytest.param({"solver": "sgd"}, marks=pytest.mark.slow),
        pytest.param({"activation": "tanh"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_not_worse_than_the_peer(name, params):
    """Same arguments, X and y standardised, four seeds: accuracy or R2 on a test set is the peer's or better."""
    X, y = QUALITY[name](return_X_y=True)
    classify = name == "breast_cancer"
    X, y = StandardScaler().fit_transform(X), y if classify else (y - y.mean()) / y.std()
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    ours, peers = (
        np.mean([E(random_state=s, **params).fit(X_train, y_train).score(X_test, y_test) for s in range(4)])
        for E in ((ANNClassifier, MLPClassifier) if classify else (ANNRegressor, MLPRegressor))
    )
    assert ours > peers - 0.02


def test_diabetes_in_its_own_units():
    """y around 150: the output starts at the mean of y, where the peer's starts at 0 and does not get there."""
    X, y = load_diabetes(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(StandardScaler().fit_transform(X), y, random_state=0)
    assert ANNRegressor(random_state=0).fit(X_train, y_train).score(X_test, y_test) > 0.3


@pytest.mark.parametrize("solver", ["adam", "nadam", "rmsprop", "sgd", "lbfgs"])
def test_xor(solver):
    """Four points that no linear model can separate."""
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), [0, 1, 1, 0]
    model = ANNClassifier(
        (8,), "tanh", solver=solver, learning_rate_init=0.05, alpha=0, max_iter=500, tol=1e-5, random_state=1
    )
    np.testing.assert_array_equal(model.fit(X, y).predict(X), y)


def test_two_spirals():
    """Two spirals of one and a half turns, learnt without a mistake."""
    rng = np.random.default_rng(0)
    angle = np.sqrt(rng.uniform(0.02, 1, size=400)) * 3 * np.pi
    y = np.arange(400) % 2
    X = np.column_stack([np.cos(angle + np.pi * y), np.sin(angle + np.pi * y)]) * angle[:, None] / 5
    model = ANNClassifier((64, 64), learning_rate_init=0.01, batch_size=64, max_iter=300, tol=0, random_state=0)
    assert model.fit(X[:300], y[:300]).score(X, y) == 1.0


def test_lbfgs_reaches_the_peers_loss():
    """The best of five starts is at least as low as the peer's best, on the same objective (one output: they agree)."""
    X, y = make_regression(80, 3, noise=1.0, random_state=0)
    X, y = X / X.std(axis=0), y / y.std()
    params = {"hidden_layer_sizes": (4,), "activation": "tanh", "solver": "lbfgs", "alpha": 0.1}
    params |= {"max_iter": 3000, "max_fun": 100_000, "tol": 1e-7}
    ours, peers = (
        min(Estimator(**params, random_state=seed).fit(X, y).loss_ for seed in range(5))
        for Estimator in (ANNRegressor, MLPRegressor)
    )
    assert ours <= peers + 1e-6
