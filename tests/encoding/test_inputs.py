"""Tables as they come: the encoder inside the estimators, embeddings and scales before the network."""

import pickle
import warnings
from inspect import signature

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skann
from skann import TabularEncoder
from skann.encoding import encoder as encoder_module
from skann.encoding import inputs, tables
from skann.engine.embeddings import Category, Embeddings, Periodic, PiecewiseLinear
from skann.engine.layers import Parametric, Scale
from skann.fitting import recipe as _recipe
from skann.fitting.holdout import hold_out
from tests.plain import BOTH, ANNClassifier, ANNRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = {"hidden_layer_sizes": (16,), "max_iter": 40, "learning_rate_init": 0.02, "random_state": 0}
FAST |= {"n_estimators": 1, "early_stopping": False}
PLAIN = {name: _recipe.PLAIN[name] for name in set(_recipe.PLAIN) & set(signature(skann.ANNRegressor).parameters)}
CITIES = np.array(["Bern", "Genf", "Basel"])


def make_frame(n_rows=300, seed=0):
    """Numbers far from scaled, a category that matters, gaps, a constant column; y depends on all that varies."""
    rng = np.random.default_rng(seed)
    size, city, zip_code = rng.normal(size=n_rows), rng.integers(3, size=n_rows), rng.integers(20, size=n_rows)
    signal = size + np.array([-1.0, 0.0, 1.5])[city] + 0.1 * (zip_code - 10)
    frame = pd.DataFrame(
        {
            "size": 1e6 + 1e4 * size,
            "city": pd.Categorical(CITIES[city]),
            "zip": pd.array([f"z{code}" for code in zip_code], dtype="str"),
            "noise": rng.normal(size=n_rows),
            "always": 1.0,
        }
    )
    frame.loc[::17, "noise"] = np.nan
    frame.loc[5::31, "city"] = None
    return frame, signal


def target(Estimator, signal):
    return (signal > 0).astype(int) if Estimator is ANNClassifier else signal


@BOTH
def test_a_table_as_it_comes(Estimator):
    X, signal = make_frame(600)
    y = target(Estimator, signal)
    model = Estimator(**FAST, encoder="auto").fit(X[:400], y[:400])
    assert model.score(X[400:], y[400:]) > 0.85
    assert isinstance(model.encoder_, TabularEncoder)
    assert list(model.feature_names_in_) == list(X.columns)
    assert any(isinstance(part, Category) for part in model.network_.layers[0].parts.values())


@BOTH
def test_unseen_levels_and_new_gaps_are_valid_input(Estimator):
    X, signal = make_frame()
    model = Estimator(**FAST, encoder="auto").fit(X, target(Estimator, signal))
    strange = X[:4].copy()
    strange["city"], strange["zip"], strange["size"] = "Chur", "z99", np.nan
    assert np.isfinite(model.predict(strange)).all()


@BOTH
def test_the_encoder_inside_is_the_encoder_outside(Estimator):
    """Plain parameters and encoder="auto" are a pipeline of TabularEncoder and the plain network, to the bit."""
    X, signal = make_frame()
    X, y = X.drop(columns="zip"), target(Estimator, signal)  # nothing to embed
    params = PLAIN | FAST | {"solver": "sgd", "dtype": "float64", "batch_size": 50}
    params |= {"target_scaling": True} if Estimator is ANNRegressor else {}
    inside = Estimator(**params, encoder="auto").fit(X, y)
    outside = make_pipeline(TabularEncoder(), Estimator(**params)).fit(X, y)
    np.testing.assert_array_equal(inside.predict(X), outside.predict(X))


def test_statistics_come_from_the_training_rows_alone():
    """What the held-out rows hold has no influence on the encoder."""
    X, signal = make_frame()
    X = X[["size", "noise"]].fillna(0.0)
    params = FAST | {"encoder": "auto", "early_stopping": True, "validation_fraction": 0.1}
    model = ANNRegressor(**params).fit(X, signal)
    seed = model.networks_.members[0].state.holdout_seed
    ((train, held_out),) = hold_out(np.arange(len(X)), None, 1, 0.1, seed, signal)
    assert len(held_out) == 30
    expected = TabularEncoder().fit(X.iloc[train])
    np.testing.assert_array_equal(model.encoder_.center_, expected.center_)
    assert not np.array_equal(expected.center_, TabularEncoder().fit(X).center_)


@pytest.mark.parametrize("weighted", [False, True])
def test_an_encoder_of_the_user_learns_from_the_training_rows(weighted):
    """With their weights, if it takes any."""
    X, signal = make_frame()
    X = X[["size", "noise"]].fillna(0.0)
    weight = np.random.default_rng(0).uniform(0.5, 5, len(X)) if weighted else None
    params = FAST | {"encoder": StandardScaler(), "early_stopping": True, "validation_fraction": 0.1}
    model = ANNRegressor(**params).fit(X, signal, sample_weight=weight)
    seed = model.networks_.members[0].state.holdout_seed
    ((train, _),) = hold_out(np.arange(len(X)), None, 1, 0.1, seed, signal, weight)
    expected = StandardScaler().fit(X.iloc[train], sample_weight=weight[train] if weighted else None)
    np.testing.assert_allclose(model.encoder_.mean_, expected.mean_, rtol=1e-12)
    np.testing.assert_allclose(model.encoder_.scale_, expected.scale_, rtol=1e-12)


@BOTH
def test_pandas_and_polars_give_the_same_model(Estimator):
    X, signal = make_frame()
    y = target(Estimator, signal)
    first = Estimator(**FAST, encoder="auto").fit(X, y)
    city = X["city"].astype(object)
    X_polars = pl.from_pandas(X.assign(city=city.where(city.notna(), None)))
    second = Estimator(**FAST, encoder="auto").fit(X_polars, y)
    np.testing.assert_allclose(first.predict(X), second.predict(X_polars), rtol=1e-6)


@BOTH
def test_a_transformer_as_encoder(Estimator):
    """It is cloned and fitted; the result is that of the pipeline."""
    X, signal = make_frame()
    X, y = X.drop(columns="zip"), target(Estimator, signal)
    encoder = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["size", "noise"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["city"]),
    )
    params = PLAIN | FAST | {"solver": "sgd", "batch_size": 50, "dtype": "float64"}
    params |= {"target_scaling": True} if Estimator is ANNRegressor else {}
    inside = Estimator(**params, encoder=encoder).fit(X, y)
    outside = make_pipeline(encoder, Estimator(**params)).fit(X, y)
    np.testing.assert_array_equal(inside.predict(X), outside.predict(X))
    assert inside.encoder_ is not encoder


@BOTH
@pytest.mark.parametrize("encoder", ["auto", None])
@pytest.mark.parametrize(
    ("params", "layer"),
    [
        ({"feature_scaling": True}, Scale),
        ({"numeric_embedding": "periodic"}, Periodic),
        ({"numeric_embedding": "piecewise_linear"}, PiecewiseLinear),
        ({"parametric_activation": True, "initializer": "data"}, Parametric),
    ],
    ids=str,
)
def test_parts_of_the_network(Estimator, params, layer, encoder):
    """Each is there when asked for, learns, and survives pickling."""
    X, signal = make_frame()
    X = X[["size", "noise"]].fillna(0.0)
    X, y = (X - X.mean()) / X.std(), target(Estimator, signal)
    model = Estimator(**FAST, **params, encoder=encoder, dtype="float64").fit(X, y)
    layers = model.network_.layers
    parts = [part for each in layers for part in (each.parts.values() if isinstance(each, Embeddings) else [each])]
    (part,) = [part for part in parts if isinstance(part, layer)]
    start = {"s": 1, "p": 1}.get(next(iter(part.shapes)), 0)
    assert (getattr(part, next(iter(part.shapes))) != start).all()
    assert model.loss_ < model.loss_curve_[0]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@BOTH
def test_going_on_keeps_the_encoder(Estimator):
    """partial_fit and warm_start scale with the statistics of the first call."""
    X, signal = make_frame()
    y = target(Estimator, signal)
    model = Estimator(**FAST, encoder="auto", warm_start=True).fit(X, y)
    center = model.encoder_.center_.copy()
    model.fit(X[:50], y[:50]).partial_fit(X[:20], y[:20])
    np.testing.assert_array_equal(model.encoder_.center_, center)


def test_sparse_input_stays_sparse():
    _, signal = make_frame()
    dense = np.where(np.random.default_rng(0).random((300, 5)) < 0.3, 1.0, 0.0) * signal[:, None]
    model = ANNRegressor(**FAST, encoder="auto").fit(sparse.csr_matrix(dense), signal)
    assert np.isfinite(model.predict(sparse.csc_matrix(dense))).all()
    with pytest.raises(ValueError, match="feature_scaling"):
        ANNRegressor(feature_scaling=True).fit(sparse.csr_matrix(dense), signal)


@BOTH
def test_errors_name_the_column(Estimator):
    X, signal = make_frame()
    y = target(Estimator, signal)
    with pytest.raises((TypeError, ValueError), match="when"):
        Estimator(**FAST, encoder="auto").fit(X.assign(when=pd.Timestamp("2026-01-01")), y)
    model = Estimator(**FAST, encoder="auto").fit(X, y)
    with pytest.raises(ValueError, match="size"):
        model.predict(X.assign(size=np.inf))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.predict(X)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_target_scaling(loss):
    """The units of y do not matter: predictions for a y + b are a times those for y, plus b."""
    X, signal = make_frame()
    X = X[["size", "noise"]]
    params = FAST | {"encoder": "auto", "target_scaling": True, "loss": loss, "dtype": "float64"}
    model = ANNRegressor(**params).fit(X, signal)
    other = ANNRegressor(**params).fit(X, 1e-3 * signal + 1e3)
    np.testing.assert_allclose((other.predict(X) - 1e3) / 1e-3, model.predict(X), atol=1e-6)
    assert model.target_mean_ == pytest.approx(signal.mean())
    assert model.target_scale_ == pytest.approx(signal.std())


def test_target_scaling_of_several_targets_and_of_huge_ones():
    """Each target has its own scale; squares of 1e300 do not overflow; a constant target is predicted."""
    X, signal = make_frame()
    Y = np.column_stack([1e300 * signal, signal, np.full(300, 7.0)])
    params = FAST | {"learning_rate_init": "auto", "encoder": "auto", "target_scaling": True, "dtype": "float64"}
    model = ANNRegressor(**params).fit(X, Y)
    np.testing.assert_allclose(model.predict(X)[:, 0] / 1e300, model.predict(X)[:, 1], atol=0.5)
    np.testing.assert_allclose(model.predict(X)[:, 2], 7.0, atol=0.2)


def test_target_scaling_refuses_counts():
    X, signal = make_frame()
    with pytest.raises(ValueError, match=r"target_scaling.*poisson"):
        ANNRegressor(**FAST, encoder="auto", target_scaling=True, loss="poisson").fit(X, np.abs(signal))


def test_predictions_follow_the_fit_and_not_later_parameters():
    """set_params after fit changes nothing until the next fit; a fit without encoder leaves none behind."""
    X, signal = make_frame()
    X = X[["size", "noise"]].fillna(0.0)
    model = ANNRegressor(**FAST, encoder="auto", target_scaling=True).fit(X, 1e3 * signal)
    expected = model.predict(X)
    model.set_params(encoder=None, target_scaling=False)
    np.testing.assert_array_equal(model.predict(X), expected)
    model.fit(X, signal)
    assert model.encoder_ is None
    assert model.target_mean_ is None


def test_hidden_activations_of_a_parametric_activation():
    """They are what the next layer sees: the output follows from them by the last weights."""
    X, signal = make_frame()
    X = X[["size", "noise"]].fillna(0.0)
    params = FAST | {"parametric_activation": True, "target_scaling": False, "dtype": "float64"}
    model = ANNRegressor(**params, encoder="auto").fit(X, signal)
    hidden = model.hidden_activations(X)
    np.testing.assert_allclose(hidden @ model.coefs_[-1][:, 0] + model.intercepts_[-1], model.predict(X), rtol=1e-10)


@BOTH
def test_a_table_without_information(Estimator):
    """All columns constant or missing: the encoder drops them, and the model predicts a constant."""
    _, signal = make_frame()
    X = pd.DataFrame({"a": 1.0, "b": np.nan, "c": "same"}, index=range(300))
    model = Estimator(**FAST, encoder="auto", numeric_embedding="periodic").fit(X, target(Estimator, signal))
    assert len(np.unique(model.predict(X))) == 1


class Doubling(TabularEncoder):
    """A TabularEncoder with a transform of its own."""

    def transform(self, X):
        return 2 * super().transform(X)


@BOTH
def test_a_transform_of_a_subclass_is_called(Estimator):
    """As if it were called by hand, to the bit."""
    X, signal = make_frame()
    X, y = X.drop(columns="zip"), target(Estimator, signal)  # nothing to embed
    params = PLAIN | FAST | {"solver": "sgd", "dtype": "float64", "batch_size": 50}
    params |= {"target_scaling": True} if Estimator is ANNRegressor else {}
    inside = Estimator(**params, encoder=Doubling()).fit(X, y)
    encoded = Doubling().fit(X).transform(X)
    np.testing.assert_array_equal(inside.predict(X), Estimator(**params).fit(encoded, y).predict(encoded))
    plain = Estimator(**params, encoder=TabularEncoder()).fit(X, y)
    assert not np.array_equal(inside.predict(X), plain.predict(X))


@BOTH
def test_a_fit_checks_the_table_once(Estimator, monkeypatch):
    checked = []

    def watched(X, caller, name="X"):
        checked.append(caller)
        return tables.check_table(X, caller, name)

    monkeypatch.setattr(inputs, "check_table", watched)
    monkeypatch.setattr(encoder_module, "check_table", watched)
    X, signal = make_frame()
    Estimator(**FAST, encoder="auto").fit(X, target(Estimator, signal))
    assert checked == [Estimator.__name__]


@BOTH
def test_the_encoder_inside_knows_its_columns(Estimator):
    """It may be used on its own; the names are those of the estimator, which a pickle holds once."""
    X, signal = make_frame()
    model = Estimator(**FAST, encoder="auto").fit(X, target(Estimator, signal))
    assert model.encoder_.feature_names_in_ is model.feature_names_in_
    assert model.encoder_.n_features_in_ == X.shape[1]
    alone = TabularEncoder().fit(X)
    assert model.encoder_.get_feature_names_out().tolist() == alone.get_feature_names_out().tolist()
    np.testing.assert_array_equal(model.encoder_.transform(X), alone.transform(X))


@BOTH
def test_dates_are_refused_in_one_wording(Estimator):
    """With an encoder and without, and where a model that was fitted to numbers meets them."""
    dates = np.arange(300).reshape(100, 3).astype("M8[D]")
    y = np.arange(100) % 2
    message = r"Column 0 holds dates, times or durations \(datetime64\[D\]\)"
    with pytest.raises(TypeError, match=f"^X: {message}"):
        Estimator(**FAST, encoder="auto").fit(dates, y)
    with pytest.raises(TypeError, match=f"^X must hold numbers: {message}"):
        Estimator(**FAST).fit(dates, y)
    with pytest.raises(TypeError, match=f"^X must hold numbers: {message}"):
        Estimator(**FAST).fit(dates.astype(float) / 300, y).predict(dates)
    frame = pd.DataFrame(dates, columns=["a", "b", "c"])
    with pytest.raises(TypeError, match=r"^X must hold numbers: Column 'a' holds dates"):
        Estimator(**FAST).fit(frame, y)
    with pytest.raises(TypeError, match=r"^X must hold numbers: Column 'a' holds dates"):
        Estimator(**FAST).fit(pl.DataFrame({"a": dates[:, 0], "b": y}), y)
