"""What stands between estimator and networks, shown by two kinds of ensembles that the package itself lacks.

The oracle of all predictions is the combination, by hand, of the raw outputs of the engine's networks.
"""

import matplotlib as mpl
import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax
from sklearn.base import is_classifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss, mean_absolute_error, r2_score

from skann import ANNClassifier, ANNRegressor, NetworkDisplay, find_learning_rate
from skann.engine.evaluation import raw_outputs
from skann.engine.rows import ArrayRows
from skann.fitting.holdout import hold_out
from skann.plotting.html import network_svg
from tests.estimators.ensembles import LABELS, SIGNAL, X
from tests.fitting.kinds import (
    OWN,
    Mixed,
    MixedClassifier,
    MixedRegressor,
    SharedTrunk,
    TrunkClassifier,
    TrunkRegressor,
)
from tests.helpers import bits, networks_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BASE = {TrunkClassifier: ANNClassifier, MixedClassifier: ANNClassifier} | dict.fromkeys(
    (TrunkRegressor, MixedRegressor), ANNRegressor
)
KINDS = pytest.mark.parametrize("Estimator", BASE)
CLASSIFIERS = pytest.mark.parametrize("Estimator", [TrunkClassifier, MixedClassifier])
RECIPE = {"hidden_layer_sizes": (8,), "n_estimators": 3, "max_iter": 4, "dtype": "float64", "random_state": 0}
PLAIN = RECIPE | {"encoder": None, "batch_size": 32, "tol": 0.0, "n_iter_no_change": 1000}
SHARES = {SharedTrunk: [1 / 3, 1 / 3, 1 / 3], Mixed: [1 / 6, 2 / 6, 3 / 6]}
EXACT = {"rtol": 1e-12, "atol": 1e-14}


def target(Estimator):
    return LABELS["three classes"] if issubclass(Estimator, ANNClassifier) else SIGNAL


def fitted(Estimator, params=RECIPE, y=None, **changes):
    return Estimator(**params | changes).fit(X, target(Estimator) if y is None else y)


def raw_by_hand(model, which=slice(None)):
    """What a prediction is averaged over: the heads' stretches of raw outputs, or those of each network."""
    encoded = X if model.encoder_ is None else model.encoder_.transform(X)
    found = [raw_outputs(network, ArrayRows(np.asarray(encoded, np.float64)))[which] for network in networks_of(model)]
    if type(model.networks_) is SharedTrunk:
        (raw,) = found
        n = raw.shape[1] // 3
        return [raw[:, :n], raw[:, n : 2 * n], raw[:, 2 * n :]]
    return found


def averaged(model, function):
    return np.average([function(raw) for raw in raw_by_hand(model)], axis=0, weights=SHARES[type(model.networks_)])


def thetas(model):
    return bits(*(network.theta for network in networks_of(model)))


def predictions(model):
    return bits(model.predict(X), *([model.predict_proba(X)] if is_classifier(model) else []))


# --------------------------------------------------------------------------------------------------------- predictions


@pytest.mark.parametrize("of_training", ["float32", "float64"])
@pytest.mark.parametrize("of_X", [np.float32, np.float64])
def test_computed_in_the_dtype_of_the_training(of_training, of_X):
    model = ANNRegressor(**PLAIN | {"dtype": of_training}).fit(X, SIGNAL)
    found, table = model.networks_.raw_outputs(X.astype(of_X)), X.astype(of_X).astype(of_training)
    for raw, network in zip(found, networks_of(model), strict=True):
        assert raw.dtype == of_X
        np.testing.assert_array_equal(raw, raw_outputs(network, ArrayRows(table)).astype(of_X))


def test_computed_in_float64_where_float32_does_not_reach():
    """Numbers that it does not hold, or whose products it does not, are no error if X is float64."""
    model = ANNRegressor(**PLAIN | {"dtype": "float32"}, activation="relu").fit(X, SIGNAL)
    for scale in (1e38, 1e200):
        found = model.networks_.raw_outputs(scale * X)
        assert np.max(np.abs(found)) > np.finfo(np.float32).max
        for raw, network in zip(found, networks_of(model), strict=True):
            np.testing.assert_array_equal(raw, raw_outputs(network, ArrayRows(scale * X)))
    with pytest.raises(ValueError, match="too large for predictions in float32"):
        model.predict((3e38 * np.sign(X)).astype(np.float32))


@pytest.mark.parametrize("labels", ["two classes", "three classes"])
@CLASSIFIERS
def test_classes(Estimator, labels):
    """Probabilities at the temperature are averaged, and all methods agree with them."""
    model = fitted(Estimator, y=LABELS[labels] + 5)
    proba = averaged(model, lambda raw: softmax(raw / model.temperature_, axis=1))
    assert model.temperature_ != 1
    np.testing.assert_allclose(model.predict_proba(X), proba, **EXACT)
    np.testing.assert_array_equal(model.predict(X), proba.argmax(axis=1) + 5)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(proba), **EXACT)
    decision = np.log(proba[:, 1] / proba[:, 0]) if labels == "two classes" else np.log(proba)
    np.testing.assert_allclose(model.decision_function(X), decision, rtol=1e-9, atol=1e-12)


@CLASSIFIERS
def test_labels(Estimator):
    model = fitted(Estimator, y=LABELS["multilabel"])
    proba = averaged(model, lambda raw: expit(raw / model.temperature_))
    np.testing.assert_allclose(model.predict_proba(X), proba, **EXACT)
    np.testing.assert_array_equal(model.predict(X), proba > 0.5)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(proba), **EXACT)
    np.testing.assert_allclose(model.decision_function(X), np.log(proba / (1 - proba)), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("params", [RECIPE, PLAIN], ids=["recipe", "plain"])
@pytest.mark.parametrize("y", [SIGNAL, np.column_stack([SIGNAL, 100 * X[:, 0]])], ids=["one", "two"])
@pytest.mark.parametrize("Estimator", [TrunkRegressor, MixedRegressor])
def test_values(Estimator, y, params):
    model = fitted(Estimator, params, y)
    values = averaged(model, lambda raw: raw)
    if model.target_scale_ is not None:
        values = values * model.target_scale_ + model.target_mean_
    np.testing.assert_allclose(model.predict(X), values.reshape(y.shape), **EXACT)
    assert model.n_outputs_ == values.shape[1]


@KINDS
def test_float32_stays(Estimator):
    model = fitted(Estimator, dtype="float32")
    methods = ("predict_proba", "predict_log_proba", "decision_function") if is_classifier(model) else ("predict",)
    for method in methods:
        assert getattr(model, method)(X.astype(np.float32)).dtype == np.float32


def test_weights_of_those_that_are_left():
    """After Ctrl-C: they count as before against each other."""
    model = fitted(MixedRegressor, PLAIN)
    first, second, _ = raw_by_hand(model)
    del model.networks_.members[2:]
    np.testing.assert_allclose(model.predict(X), ((first + 2 * second) / 3).ravel(), **EXACT)


@pytest.mark.filterwarnings("ignore:No learning rate")
@KINDS
@pytest.mark.parametrize("params", [PLAIN, PLAIN | {"early_stopping": True}], ids=["all rows", "held out"])
def test_one_of_a_kind_is_the_plain_network(Estimator, params):
    """One head, or one network with the settings of the first member: to the bit, in fit, and in the finder."""
    own = {} if Estimator._kind_of_networks is SharedTrunk else OWN[0]
    plain = BASE[Estimator](**params | own | {"n_estimators": 1})
    model = Estimator(**params | {"n_estimators": 1})
    y = target(Estimator)
    assert predictions(model.fit(X, y)) == predictions(plain.fit(X, y))
    np.testing.assert_array_equal(model.hidden_activations(X), plain.hidden_activations(X))
    sweep, expected = (find_learning_rate(each, X, y, divergence=1e6) for each in (model, plain))
    np.testing.assert_array_equal(sweep.losses, expected.losses)


# ------------------------------------------------------------------------------------------------------- held-out rows


def splits_of(model, n):
    labels = target(type(model)) if is_classifier(model) else None
    seed = model.networks_.members[0].state.holdout_seed
    values = target(type(model)) if labels is None else None
    return hold_out(np.arange(len(X)), labels, n, model.validation_fraction, seed, values)


@KINDS
def test_out_of_fold(Estimator):
    """The predictions of those networks that held a row out; of a shared trunk, for the rows of its one fold."""
    model = fitted(Estimator, validation_fraction=0.25)
    expected = np.full((len(X), 3 if is_classifier(model) else 1), np.nan)
    splits = splits_of(model, len(model.networks_.members))
    for i, split in enumerate(splits):
        raw = raw_by_hand(model) if len(splits) == 1 else raw_by_hand(model)[i : i + 1]
        if is_classifier(model):
            prediction = np.mean([softmax(each / model.temperature_, axis=1) for each in raw], axis=0)
        else:
            prediction = np.mean(raw, axis=0) * model.target_scale_ + model.target_mean_
        expected[split.held_out] = prediction[split.held_out]
    assert 0 < np.isnan(expected).sum() < expected.size
    np.testing.assert_allclose(model.oof_prediction_.reshape(expected.shape), expected, **EXACT)


def test_out_of_fold_is_weighted():
    """Twelve members hold some rows out twice: each counts as it does in a prediction."""
    model = fitted(MixedRegressor, n_estimators=12, validation_fraction=0.25)
    predicted = np.array(raw_by_hand(model))[:, :, 0] * model.target_scale_ + model.target_mean_
    is_held_out = np.zeros((12, len(X)))
    for i, split in enumerate(splits_of(model, 12)):
        is_held_out[i, split.held_out] = i + 1
    assert (is_held_out > 0).sum(axis=0).max() == 2
    np.testing.assert_allclose(model.oof_prediction_, np.average(predicted, axis=0, weights=is_held_out), rtol=1e-10)


@CLASSIFIERS
def test_temperature(Estimator):
    """The loss of all raw outputs for rows held out is least at it."""
    model = fitted(Estimator, validation_fraction=0.25)
    splits = splits_of(model, len(model.networks_.members))

    def loss(temperature):
        losses = []
        for i, raw in enumerate(raw_by_hand(model)):
            rows = splits[min(i, len(splits) - 1)].held_out
            losses.append(-log_softmax(raw[rows] / temperature, axis=1)[np.arange(len(rows)), target(Estimator)[rows]])
        return np.concatenate(losses).mean()

    assert loss(model.temperature_) < min(loss(0.98 * model.temperature_), loss(1.02 * model.temperature_), loss(1))


@CLASSIFIERS
def test_early_stopping_judges_the_calibrated_loss(Estimator):
    """Minus the mean over the heads at their best temperature, which is found to within 5 %."""
    params = PLAIN | {"max_iter": 1, "early_stopping": True, "validation_fraction": 0.25}
    model = fitted(Estimator, params, calibration="temperature", scoring="loss")
    rows = splits_of(model, len(model.networks_.members))[0].held_out
    raw = raw_by_hand(model, rows)[: 1 if Estimator._kind_of_networks is Mixed else 3]
    losses = [
        np.mean([log_loss(target(Estimator)[rows], softmax(each / temperature, axis=1)) for each in raw])
        for temperature in np.geomspace(0.05, 20, 400)
    ]
    (score,) = model.networks_.members[0].history["validation_score"]
    assert score == pytest.approx(-min(losses), rel=1e-3)


@pytest.mark.parametrize("watched", ["held out", "X_val"])
@pytest.mark.parametrize("scoring", [None, "loss", "other"])
@KINDS
def test_early_stopping_judges_predictions(Estimator, scoring, watched):
    """Loss and score after the one epoch, whose weights the model has, are those of the first training's prediction."""
    if scoring == "other":
        scoring = "balanced_accuracy" if BASE[Estimator] is ANNClassifier else "neg_mean_absolute_error"
    params = PLAIN | {"max_iter": 1, "scoring": scoring, "validation_fraction": 0.25}
    y, validation = target(Estimator), {"X_val": X, "y_val": target(Estimator)} if watched == "X_val" else {}
    model = Estimator(**params, early_stopping=True).fit(X, y, **validation)
    rows = slice(None) if validation else splits_of(model, len(model.networks_.members))[0].held_out
    raw = raw_by_hand(model, rows)[: 1 if Estimator._kind_of_networks is Mixed else 3]
    if is_classifier(model):
        loss = np.mean([log_loss(y[rows], softmax(each, axis=1)) for each in raw])
        proba = np.mean([softmax(each, axis=1) for each in raw], axis=0)
        score = {None: accuracy_score, "balanced_accuracy": balanced_accuracy_score}
        score = -loss if scoring == "loss" else score[scoring](y[rows], proba.argmax(axis=1))
    else:
        loss = np.mean([((each[:, 0] - y[rows]) ** 2).mean() / 2 for each in raw])
        values = np.mean(raw, axis=0)[:, 0]
        score = {None: r2_score, "neg_mean_absolute_error": lambda *both: -mean_absolute_error(*both)}
        score = -loss if scoring == "loss" else score[scoring](y[rows], values)
    history = model.networks_.members[0].history
    np.testing.assert_allclose(history["validation_loss"], [loss], rtol=1e-10)
    np.testing.assert_allclose(history["validation_score"], [score], rtol=1e-10)


# ------------------------------------------------------------------------------------------------------------ pictures


@KINDS
def test_summary(Estimator):
    """All layers that differ, and how many parameters there are."""
    model = fitted(Estimator)
    lines = [line.split() for line in str(model.summary()).splitlines()]
    networks = networks_of(model)
    sizes = [network.theta.size for network in networks]
    totals = [int(line[-1].replace(",", "")) for line in lines if line[:1] == ["total"]]
    assert totals == sizes
    n_hidden = sum(line[:1] == ["Hidden"] for line in lines)
    assert n_hidden == sum(len(network.hidden_layers()) for network in networks)
    assert (["3", "networks:", f"{sum(sizes):,}"] in lines) == (len(sizes) > 1)


@KINDS
def test_drawings(Estimator):
    """They show the first network."""
    mpl.use("Agg")
    model = fitted(Estimator)
    network = networks_of(model)[0]
    assert f"{network.theta.size:,} parameters" in network_svg(model)
    assert network_svg(model) in model._repr_html_()
    display = NetworkDisplay.from_estimator(model)
    assert display.columns[-1].n_units == network.layers[-1].n_out
    assert sum(column.n_parameters for column in display.columns) == network.theta.size
    mpl.pyplot.close("all")


@KINDS
def test_attributes(Estimator):
    """Where there is one network, those of the network; where there are several, `estimators_`, which predict."""
    model = fitted(Estimator, PLAIN)
    if Estimator._kind_of_networks is SharedTrunk:
        assert model.network_ is networks_of(model)[0]
        assert len(model.loss_curve_) == model.n_iter_ == 4
        assert not hasattr(model, "estimators_")
        return
    assert not hasattr(model, "network_")
    for i, (member, raw) in enumerate(zip(model.estimators_, raw_by_hand(model), strict=True)):
        assert [w.shape[1] for w in member.coefs_][:-1] == list(OWN[i]["hidden_layer_sizes"])
        expected = softmax(raw, axis=1) if is_classifier(model) else raw.ravel()
        np.testing.assert_allclose(member.predict_proba(X) if is_classifier(model) else member.predict(X), expected)
