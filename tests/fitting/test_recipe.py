"""What "auto" stands for: the plain network, or the recipe for tables."""

from inspect import signature
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_friedman1
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann.engine.activations import ReLU
from skann.engine.embeddings import Embeddings, PassThrough, Periodic
from skann.engine.layers import Dense, Dropout, ParametricMish, Scale
from skann.engine.losses import CrossEntropy, SquaredError
from skann.engine.schedules import CosLog4, FlatCosine
from skann.fitting import build as _build
from tests.data import BOTH
from tests.helpers import settings_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = make_friedman1(150, random_state=0)
PEER = {ANNClassifier: MLPClassifier, ANNRegressor: MLPRegressor}
ONE = {"n_estimators": 1, "max_iter": 3, "random_state": 0}


def target(Estimator):
    return (Y > 14).astype(int) if Estimator is ANNClassifier else Y


def resolved(Estimator, n_rows=150, partial=False, matrix=np.zeros, **params):
    return vars(settings_of(Estimator(**params), matrix((n_rows, 2)), partial))


def first_layers(model):
    """The kinds of layers before the first hidden one, embeddings by name."""
    kinds = []
    for layer in model.network_.layers:
        if isinstance(layer, Dense):
            return kinds
        kinds += [type(part) for part in layer.parts.values()] if isinstance(layer, Embeddings) else [type(layer)]


def may_be_auto(Estimator):
    return [name for name, parameter in signature(Estimator).parameters.items() if parameter.default == "auto"]


# --------------------------------------------------------------------------------------------------- two meanings


@BOTH
@pytest.mark.parametrize("params", [{}, {"encoder": None}, {"solver": "sgd"}, {"solver": "lbfgs"}, {"solver": "nadam"}])
@pytest.mark.parametrize("n_rows", [1, 500, 5000])
@pytest.mark.parametrize("partial", [False, True])
def test_nothing_stays_auto(Estimator, params, n_rows, partial):
    """But the encoder, and the dtype, which the values of the data decide."""
    settings = resolved(Estimator, n_rows, partial, **params)
    assert {name for name, value in settings.items() if isinstance(value, str) and value == "auto"} <= {
        "encoder", "dtype",
    }  # fmt: skip
    assert set(may_be_auto(Estimator)) <= set(settings)


@BOTH
@pytest.mark.parametrize(
    "params",
    [{"encoder": None}, {"encoder": None, "solver": "nadam"}, {"solver": "sgd"}, {"solver": "lbfgs"},
     {"encoder": TabularEncoder(), "solver": "sgd"}],
    ids=str,
)  # fmt: skip
def test_plain(Estimator, params):
    """The peer's defaults, and none of what the peer has not."""
    settings, peer = resolved(Estimator, n_rows=150, **params), PEER[Estimator]().get_params()
    peer |= {"batch_size": 150, "solver": settings["solver"]}
    assert {name: settings[name] for name in peer} == peer
    off = {"weight_decay": 0, "dropout": 0, "n_estimators": 1, "numeric_embedding": None, "weight_averaging": None}
    off |= {"feature_scaling": False, "parametric_activation": False, "from_recipe": False, "rate_factors": False}
    off |= {"fades": False} | ({"calibration": None} if Estimator is ANNClassifier else {})
    assert {name: settings[name] for name in off} == off


@BOTH
def test_a_plain_network(Estimator):
    """One hidden layer of 100 ReLUs on the columns as they are; with an encoder, too, if the solver asks for it."""
    for params in ({"encoder": None}, {"solver": "sgd", "learning_rate_init": 1e-4}, {"solver": "lbfgs"}):
        model = Estimator(**params, max_iter=3).fit(X, target(Estimator))
        hidden, output = model.network_.layers
        assert hidden.W.shape == (10, 100)
        assert isinstance(hidden.activation, ReLU)
        assert output.W.shape[0] == 100
        assert (model.encoder_ is None) == ("encoder" in params)


@BOTH
@pytest.mark.parametrize("solver", ["adam", "nadam", "rmsprop"])
@pytest.mark.parametrize("encoder", ["auto", TabularEncoder()], ids=["auto", "object"])
def test_a_network_by_the_recipe(Estimator, solver, encoder):
    """Periodic embeddings, a learnt scale, three layers of parametric Mish with dropout; trained in float32."""
    model = Estimator(**ONE, solver=solver, encoder=encoder, dropout=0.1).fit(X, target(Estimator))
    assert first_layers(model) == [Periodic, Scale]
    layers = model.network_.layers[2:]
    assert [type(layer) for layer in layers] == 3 * [Dense, ParametricMish, Dropout] + [Dense]
    assert model.network_.theta.dtype == np.float32
    assert len(model.validation_scores_) == 3


@BOTH
def test_the_rate_follows_coslog4(Estimator):
    model = Estimator(**ONE | {"max_iter": 16}, learning_rate_init=0.01, batch_size=30, n_iter_no_change=np.inf)
    model.fit(X, target(Estimator))
    steps = 4  # per epoch: a fifth of 150 rows is held out
    expected = [CosLog4(0.01, 16 * steps)(steps * epoch - 1) for epoch in range(1, 17)]
    np.testing.assert_allclose(model.history_["learning_rate"], expected, atol=1e-12)


@BOTH
def test_groups_of_parameters(Estimator):
    """Factors on learning rate and weight decay, as the notes of the estimators list them."""
    network = Estimator(**ONE).fit(X, target(Estimator)).network_
    expected = {Scale: {"s": (6, 36)}, ParametricMish: {"p": (0.1, 0.01)}}
    for layer in network.layers:
        if isinstance(layer, Dense):
            assert layer.multipliers == {"W": (pytest.approx(layer.n_in**-0.5), 1), "b": (0.1, 0)}
        elif type(layer) in expected:
            assert layer.multipliers == {name: pytest.approx(pair) for name, pair in expected[type(layer)].items()}
    table = network.layers[0].multipliers
    assert {name.split(".")[1] for name in table} >= {"w", "p", "W", "b"}
    assert all(pair == pytest.approx((0.1, 0.01)) for name, pair in table.items() if not name.endswith(".E"))


@BOTH
@pytest.mark.parametrize("max_iter, expected", [(80, 10), (4, 1)])
def test_patience_is_an_eighth_of_the_epochs(Estimator, max_iter, expected):
    assert resolved(Estimator, max_iter=max_iter)["n_iter_no_change"] == expected


@BOTH
def test_several_networks(Estimator):
    """The number of networks is one that folds can be made for."""
    model = Estimator(max_iter=1, hidden_layer_sizes=(2,), random_state=0).fit(X, target(Estimator))
    assert 5 <= len(model.estimators_) <= 10
    assert not np.isnan(model.oof_prediction_).any()


# ---------------------------------------------------------------------------------------------- explicit values

EXPLICIT = {
    "hidden_layer_sizes": (7,), "activation": "tanh", "parametric_activation": False, "initializer": "he",
    "weight_decay": 0.123, "dropout": 0.321, "batch_size": 17, "learning_rate": "linear", "learning_rate_init": 0.0123,
    "beta_2": 0.987, "max_iter": 77, "n_iter_no_change": 11, "early_stopping": False, "validation_fraction": 0.33,
    "weight_averaging": 0.77, "n_estimators": 3,
    "numeric_embedding": "piecewise_linear", "feature_scaling": False, "target_scaling": False,
    "calibration": None, "dtype": "float64", "encoder": TabularEncoder(),
}  # fmt: skip
DEPENDS = {  # what follows from whether, or how, a value is given
    "batch_size": {"batch_size_is_auto"},
    "max_iter": {"n_iter_no_change", "n_epochs", "plans_by_the_first"}, "early_stopping": {"plans_by_the_first"},
    "n_iter_no_change": {"patience_growth"},
}  # fmt: skip


@BOTH
def test_every_parameter_that_may_be_auto_is_tried(Estimator):
    assert set(may_be_auto(Estimator)) <= set(EXPLICIT)


@pytest.mark.parametrize("name", EXPLICIT)
@BOTH
@pytest.mark.parametrize("params", [{}, {"encoder": None}, {"solver": "sgd"}], ids=str)
def test_a_given_value_is_kept(Estimator, params, name):
    """And leaves all others as they are."""
    if name not in may_be_auto(Estimator) or name in params:
        return
    auto, given = resolved(Estimator, **params), resolved(Estimator, **params, **{name: EXPLICIT[name]})
    assert given[name] == EXPLICIT[name]
    differ = {other for other in auto if auto[other] != given[other]}
    assert differ <= {name} | DEPENDS.get(name, set())


@BOTH
def test_given_layers_are_built(Estimator):
    """Explicit values are what the network is made of."""
    params = {"numeric_embedding": None, "feature_scaling": False, "activation": "relu", "hidden_layer_sizes": 5}
    params |= {"parametric_activation": False, "dropout": 0}
    model = Estimator(**ONE, **params).fit(X, target(Estimator))
    assert [(type(layer), layer.n_out) for layer in model.network_.layers[:1]] == [(Dense, 5)]
    assert isinstance(model.network_.layers[0].activation, ReLU)
    plain = Estimator(**ONE, encoder=None, numeric_embedding="periodic", feature_scaling=True).fit(X, target(Estimator))
    assert first_layers(plain) == [Periodic, Scale]


@BOTH
def test_a_given_rate_keeps_the_factors(Estimator):
    """The recipe has a rate for each group of parameters, for Dense weights 1 / sqrt(n_in) of the nominal one.

    Its own rate, given as a number, is the same model to the bit.
    """
    rates = {}, {"learning_rate_init": 1e-3}, {"learning_rate_init": resolved(Estimator)["learning_rate_init"]}
    model, given, same = (Estimator(**ONE, **rate).fit(X, target(Estimator)) for rate in rates)
    for layer in model.network_.layers:
        if isinstance(layer, Dense):
            assert layer.multipliers["W"] == (layer.n_in**-0.5, 1.0)
    assert len({rate for _, rate, _ in model.network_.groups}) > 3
    assert given.network_.groups == model.network_.groups
    assert not np.array_equal(given.network_.theta, model.network_.theta)
    np.testing.assert_array_equal(same.network_.theta, model.network_.theta)


@BOTH
def test_fading(Estimator):
    """Dropout and weight decay fade with the rate to the end of the run; not where no end is planned."""
    model = Estimator(max_iter=5, dropout=0.1, weight_decay=0.01)

    def fade(partial=False, **params):
        settings = settings_of(Estimator(**model.get_params() | params), X, partial)
        return _build.fade(settings, n_rows=120, batch_size=50)

    assert fade() == FlatCosine(1.0, 15)
    assert fade(learning_rate="linear") == FlatCosine(1.0, 15)
    assert fade(dropout=0) == FlatCosine(1.0, 15)
    for params in ({"encoder": None}, {"solver": "sgd"}, {"dropout": 0, "weight_decay": 0}, {"partial": True}):
        assert fade(**params) is None
    assert fade(learning_rate="constant") is None
    assert fade(learning_rate=CosLog4(0.1, 15)) is None


def test_target_scaling():
    """Where the target has units and the network is not plain."""
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        assert resolved(ANNRegressor, loss=loss)["target_scaling"]
        assert not resolved(ANNRegressor, loss=loss, encoder=None)["target_scaling"]
    for loss in ("poisson", "gamma", "tweedie", SquaredError()):
        assert not resolved(ANNRegressor, loss=loss)["target_scaling"]
    assert ANNRegressor(**ONE).fit(X, Y).target_mean_ is not None
    assert ANNRegressor(**ONE, encoder=None).fit(X, Y).target_mean_ is None


def test_calibration():
    """Temperature where rows are held out and the network is not plain; a loss object may have no temperature."""
    y = target(ANNClassifier)
    assert ANNClassifier(**ONE | {"max_iter": 10}).fit(X, y).temperature_ != 1
    for params in ({"calibration": None}, {"encoder": None}, {"early_stopping": False}):
        assert ANNClassifier(**ONE, **params).fit(X, y).temperature_ == 1
    assert np.isfinite(ANNClassifier(**ONE, loss=CrossEntropy(2)).fit(X, y).predict_proba(X)).all()


# ------------------------------------------------------------------------------------------ special circumstances


@BOTH
def test_sparse_data_have_neither_embedding_nor_scale(Estimator):
    """They would make them dense; asked for, they are an error."""
    matrix = sparse.csr_array(np.where(X > 0.5, X, 0))
    model = Estimator(**ONE).fit(matrix, target(Estimator))
    assert first_layers(model) == []
    assert resolved(Estimator, matrix=sparse.csr_array)["numeric_embedding"] is None
    for params in ({"numeric_embedding": "periodic"}, {"feature_scaling": True}):
        with pytest.raises(ValueError, match="sparse"):
            Estimator(**ONE, **params).fit(matrix, target(Estimator))


@BOTH
def test_partial_fit_has_no_end_in_sight(Estimator):
    """One network and all rows, at a constant rate, which is lower than the peak of the schedule."""
    kwargs = {"classes": [0, 1]} if Estimator is ANNClassifier else {}
    model = Estimator(random_state=0)
    for _ in range(3):
        model.partial_fit(X, target(Estimator), **kwargs)
    rates = model.history_["learning_rate"]
    assert len(rates) == 3
    assert len(set(rates)) == 1
    assert 0 < rates[0] < resolved(Estimator)["learning_rate_init"]
    assert not hasattr(model, "estimators_")
    assert model.validation_scores_ is None
    assert model.t_ == 450
    assert first_layers(model) == [Periodic, PassThrough, Scale]  # a stream may have missing values later


@BOTH
def test_partial_fit_heeds_what_is_given(Estimator):
    kwargs = {"classes": [0, 1]} if Estimator is ANNClassifier else {}
    params = {"learning_rate_init": 0.0123, "learning_rate": "cosine", "max_iter": 4, "batch_size": 150}
    model = Estimator(**params, n_estimators=2, early_stopping=True)
    for _ in range(2):
        model.partial_fit(X, target(Estimator), **kwargs)
    assert len(model.estimators_) == 2
    expected = [0.0123 * (1 + np.cos(np.pi * t / 4)) / 2 for t in range(2)]
    np.testing.assert_allclose(model.estimators_[1].history_["learning_rate"], expected)
    assert model.estimators_[0].validation_scores_ is None


@BOTH
def test_a_batch_that_was_not_asked_for_does_not_warn(Estimator, recwarn):
    """Few rows make one batch: news only to whoever gave another size."""
    Estimator(**ONE).fit(X[:20], target(Estimator)[:20])
    assert not [each for each in recwarn if "batch_size" in str(each.message)]
    with pytest.warns(UserWarning, match="batch_size=64"):
        Estimator(**ONE, batch_size=64).fit(X[:20], target(Estimator)[:20])


@BOTH
def test_larger_tables_have_networks_at_least_as_large(Estimator):
    small, large = (resolved(Estimator, n_rows=n) for n in (200, 20_000))
    assert sum(small["hidden_layer_sizes"]) <= sum(large["hidden_layer_sizes"])
    assert small["batch_size"] <= large["batch_size"]


@BOTH
@pytest.mark.parametrize("n_estimators", ["auto", 1])
def test_what_a_fit_of_a_large_table_may_take(Estimator, n_estimators):
    """Above 50 000 rows a fit takes longer the more rows there are, but less than their number would have it."""

    def work(n_rows):
        """Weights times rows passed through them, in all epochs of all networks."""
        values = resolved(Estimator, n_rows, n_estimators=n_estimators)
        width, *others = values["hidden_layer_sizes"]
        assert others == [width, width]
        return n_rows * values["max_iter"] * values["n_estimators"] * width**2

    assert work(50_000) < work(1_000_000) < 10 * work(50_000)
    sizes = [50_000, 100_000, 200_000, 400_000, 1_000_000, 10_000_000]
    values = [resolved(Estimator, n_rows, n_estimators=n_estimators) for n_rows in sizes]
    for smaller, larger in pairwise(values):
        for name in ("max_iter", "n_estimators", "hidden_layer_sizes", "dropout", "validation_fraction"):
            assert smaller[name] >= larger[name], name
        assert 1 <= larger["learning_rate_init"] / smaller["learning_rate_init"] < 1.5
    assert values[-1]["n_estimators"] == (2 if n_estimators == "auto" else 1)


@BOTH
def test_a_single_network_holds_out_as_many_rows_as_tell_enough(Estimator):
    """A fifth, up to 16 384 rows."""
    for n_rows, expected in [(200, 0.2), (81_920, 0.2), (163_840, 0.1), (1_638_400, 0.01)]:
        assert resolved(Estimator, n_rows, n_estimators=1)["validation_fraction"] == pytest.approx(expected)


@BOTH
def test_a_constant_row(Estimator):
    """One row has no column that varies, and the rate factors no inputs to divide by."""
    model = Estimator().fit(X[:1], target(Estimator)[:1])
    np.testing.assert_allclose(model.predict(X), target(Estimator)[0], rtol=1e-3)
