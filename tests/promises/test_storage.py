"""Stored models: small, the same to the bit, in formats that trust nothing but skann, and aware of their version."""

import copy
import io
import pickle
import re
import warnings
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy import sparse
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skann
from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann._compat import has_callbacks
from skann.engine.activations import ACTIVATIONS, Tanh
from skann.engine.initializers import INITIALIZERS
from skann.engine.losses import Huber
from skann.engine.optimizers import OPTIMIZERS
from skann.engine.schedules import SCHEDULES, Constant, InverseScaling
from tests.helpers import networks_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PLACES = ("checkpoint.Checkpoint", "early_stopping.EarlyStopping", "loss_plot.LossPlot")
CALLBACKS = {f"skann.callbacks.{place}" for place in PLACES}  # not always at hand
DOCS = Path(__file__).parents[2] / "docs"
RNG = np.random.default_rng(0)
N = 120
TABLE = pd.DataFrame(
    {
        "number": RNG.normal(size=N),
        "missing": np.where(RNG.random(N) < 0.2, np.nan, RNG.normal(size=N)),
        "flag": RNG.random(N) < 0.5,
        "few": RNG.choice(["a", "b", "c"], N),
        "many": RNG.choice([f"level {i}" for i in range(40)], N),
        "category": pd.Categorical(RNG.choice([3, 5, 8], N)),
    }
)
X = RNG.normal(size=(N, 4))
VALUES = X[:, 0] + 0.1 * RNG.normal(size=N)
LABELS = np.where(VALUES > 0, "yes", "no")
COUNTS = RNG.poisson(2.0, N) + 1.0

PLAIN = {"encoder": None, "hidden_layer_sizes": (7,), "max_iter": 3, "random_state": 0}
TABLES = {"hidden_layer_sizes": (8, 8), "max_iter": 2, "random_state": 0}
FINITE = [each for each in SCHEDULES.values() if "n_steps" in each.__dataclass_fields__]

MODELS = {
    **{f"activation {name}": (ANNRegressor(**PLAIN, activation=name), X, VALUES) for name in ACTIVATIONS},
    **{f"schedule {name}": (ANNRegressor(**PLAIN, learning_rate=name), X, VALUES) for name in SCHEDULES},
    **{f"initializer {name}": (ANNRegressor(**PLAIN, initializer=name), X, VALUES) for name in INITIALIZERS},
    **{f"solver {name}": (ANNClassifier(**PLAIN, solver=name), X, LABELS) for name in [*OPTIMIZERS, "lbfgs"]},
    **{
        f"loss {name}": (ANNRegressor(**PLAIN, loss=name), X, COUNTS)
        for name in ("squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma", "tweedie")
    },
    "quantiles": (ANNRegressor(**TABLES, loss="quantile", quantile=[0.1, 0.5, 0.9], n_estimators=2), TABLE, VALUES),
    "multilabel": (ANNClassifier(**PLAIN), X, (X > 0).astype(int)),
    "several targets": (ANNRegressor(**TABLES, n_estimators=2), TABLE, X[:, :2]),
    "parts as objects": (ANNRegressor(**PLAIN, activation=Tanh(), loss=Huber(1.0)), X, VALUES),
    **{
        f"schedule object {schedule}": (ANNClassifier(**PLAIN, learning_rate=schedule), X, LABELS)
        for schedule in (InverseScaling(0.01, 0.5, 1, N), Constant(0.01), *(each(0.01, 3) for each in FINITE))
    },
    "dropout": (ANNClassifier(**PLAIN, dropout=0.3, early_stopping=True), X, LABELS),
    "parametric": (ANNClassifier(**PLAIN, parametric_activation=True), X, LABELS),
    "table, one network": (ANNClassifier(**TABLES, n_estimators=1), TABLE, LABELS),
    "table, ensemble": (ANNClassifier(**TABLES, n_estimators=3), TABLE, LABELS),
    "piecewise linear": (ANNRegressor(**TABLES, n_estimators=2, numeric_embedding="piecewise_linear"), TABLE, VALUES),
    "monotone": (ANNRegressor(**TABLES, n_estimators=2, monotonic_cst={"number": 1, "missing": -1}), TABLE, VALUES),
    "additive": (
        ANNClassifier(**TABLES, n_estimators=2, interaction_cst="no_interactions", monotonic_cst={"number": 1}),
        TABLE,
        LABELS,
    ),
    "pairs": (ANNRegressor(**TABLES, n_estimators=1, interaction_cst="pairwise"), X, VALUES),
    "bare numbers": (ANNRegressor(**TABLES, n_estimators=1, numeric_embedding=None), TABLE, VALUES),
    "portfolio": (ANNClassifier(**TABLES, n_estimators=5, portfolio=[{}, {"numeric_embedding": None}]), TABLE, LABELS),
    "user's encoder": (ANNClassifier(**TABLES, n_estimators=2, encoder=StandardScaler()), X, LABELS),
    "pipeline": (make_pipeline(TabularEncoder(high_cardinality="infrequent"), ANNClassifier(**PLAIN)), TABLE, LABELS),
}  # fmt: skip


def through_skops(model):
    return skops.io.loads(skops.io.dumps(model), trusted=documented_types())


def documented_types():
    """The list in docs/storage.md."""
    (block,) = re.findall(r"```text\n(.*?)```", (DOCS / "storage.md").read_text("utf-8"), re.S)
    return block.split()


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file, compress=1)
    file.seek(0)
    return joblib.load(file)


WAYS = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "pickle 2": lambda model: pickle.loads(pickle.dumps(model, protocol=2)),
    "joblib": through_joblib,
    "cloudpickle": lambda model: cloudpickle.loads(cloudpickle.dumps(model)),
    "skops": through_skops,
    "deepcopy": copy.deepcopy,
}


@pytest.fixture(scope="module")
def fitted():
    """Each model fitted once."""
    cache = {}

    def fit(name):
        if name not in cache:
            model, data, y = MODELS[name]
            cache[name] = model.fit(data, y), data
        return cache[name]

    return fit


@pytest.mark.parametrize("name", MODELS)
def test_the_same_to_the_bit(fitted, name):
    model, data = fitted(name)
    method = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    expected = getattr(model, method)(data)
    types = {key: type(value) for key, value in model.get_params().items()}
    for way, through in WAYS.items():
        loaded = through(model)
        assert np.array_equal(getattr(loaded, method)(data), expected), way
        assert {key: type(value) for key, value in loaded.get_params().items()} == types, way


def test_skops_trusts_nothing_but_skann(fitted):
    """The list on the page is all that is asked for, and has no entry that nothing needs or that does not exist."""
    asked_for = set()
    models = [fitted(name)[0] for name in MODELS]
    for first_rows in (TABLE[:20], sparse.csr_array(X[:20])):
        models.append(ANNRegressor(random_state=0).partial_fit(first_rows, VALUES[:20]))
    for model in models:
        asked_for |= set(skops.io.get_untrusted_types(data=skops.io.dumps(model)))
    assert {each.split(".")[0] for each in asked_for} == {"skann"}
    assert sorted(asked_for | CALLBACKS) == documented_types(), "the list in docs/storage.md"


@pytest.mark.skipif(not has_callbacks(), reason="callbacks came with scikit-learn 1.9")
@pytest.mark.parametrize("way", WAYS)
def test_callbacks_stay_with_the_model(way, tmp_path):
    from skann.callbacks import Checkpoint, EarlyStopping, LossPlot

    callbacks = [Checkpoint(tmp_path / "file", resume=False), EarlyStopping(X, LABELS, patience=1), LossPlot()]
    assert {f"{type(each).__module__}.{type(each).__name__}" for each in callbacks} == CALLBACKS
    model = ANNClassifier(**PLAIN | {"max_iter": 20}).set_callbacks(*callbacks).fit(X, LABELS)
    loaded = WAYS[way](model)
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.fit(X, LABELS).n_iter_ == model.n_iter_  # they still work
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("name", ["schedule constant", "dropout", "table, one network", "table, ensemble", "quantiles"])
def test_size(fitted, name):
    """Parameters, levels and history, and nothing of the training beside: not 1.1 times that and 20 kB."""
    model, _ = fitted(name)
    assert len(pickle.dumps(model)) <= 1.1 * needed(model) + 20_000


def test_size_with_many_levels_and_epochs():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({name: rng.permutation([f"{name}{i}" for i in range(10_000)]) for name in "abc"})
    encoder = TabularEncoder().fit(table)
    levels = sum(len(pickle.dumps(each)) for each in encoder.levels_)
    assert len(pickle.dumps(encoder)) <= 1.1 * levels + 20_000
    assert np.array_equal(pickle.loads(pickle.dumps(encoder)).transform(table), encoder.transform(table))
    y = rng.normal(size=10_000)
    params = {"max_iter": 1, "hidden_layer_sizes": (4,), "n_estimators": 2, "random_state": 0}
    model = ANNRegressor(**params).fit(table, y)
    assert len(pickle.dumps(model)) <= 1.1 * needed(model) + 20_000
    model = ANNRegressor(**PLAIN | {"max_iter": 2000, "tol": 0.0}, n_iter_no_change=np.inf).fit(X, VALUES)
    assert len(pickle.dumps(model)) <= 1.1 * needed(model) + 20_000


@pytest.mark.parametrize("params", [{}, {"max_one_hot_levels": 2000}, {"high_cardinality": "infrequent"}])
@pytest.mark.parametrize("numbers", [False, True])
def test_size_of_a_category(params, numbers):
    """What each level becomes, a million entries if they are one-hot, is not stored beside the levels."""
    levels = np.arange(1500) if numbers else [f"level{i}" for i in range(1500)]
    table = pd.DataFrame({"c": pd.Categorical(np.random.default_rng(0).permutation(np.repeat(levels, 2)))})
    encoder = TabularEncoder(**params).fit(table)
    stored = pickle.dumps(encoder)
    assert len(stored) <= 1.1 * len(pickle.dumps(encoder.levels_[0])) + 2000
    loaded = pickle.loads(stored)
    assert np.array_equal(loaded.transform(table), encoder.transform(table))
    assert list(loaded.get_feature_names_out()) == list(encoder.get_feature_names_out())


@pytest.mark.parametrize("embedding", [None, "piecewise_linear"])
def test_size_with_many_columns(embedding):
    """Names are stored once, and of bins only their edges, which each network learns as it does weights."""
    names = [f"a rather long name of a column {i}" for i in range(300)]
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 300)), columns=names)
    model = ANNRegressor(**TABLES, n_estimators=3, numeric_embedding=embedding).fit(table, VALUES)
    scales = model.encoder_.center_.nbytes + model.encoder_.scale_.nbytes
    parts = [getattr(net.layers[0], "parts", {}).get("numeric") for net in networks_of(model)]
    edges = sum(part.edges.nbytes for part in parts if part)
    bound = 1.1 * (needed(model) + edges + scales + len(pickle.dumps(names))) + 4000 * 3
    assert len(pickle.dumps(model)) <= bound


def needed(model):
    members = getattr(model, "estimators_", [model])
    parameters = sum(member.network_.theta.nbytes for member in members)
    history = sum(len(pickle.dumps(member.history_)) for member in members)
    levels = [] if model.encoder_ is None else [each for each in model.encoder_.levels_ if each is not None]
    return parameters + history + sum(len(pickle.dumps(each)) for each in levels)


@pytest.mark.parametrize("params", [{"n_estimators": 1}, {"n_estimators": 2}, {"encoder": None}])
def test_a_loaded_model_goes_on(params):
    """Without the state of the optimizer, which is not stored, but from the weights that it has."""
    model = ANNRegressor(**TABLES | params, warm_start=True, learning_rate_init=1e-4).fit(X, VALUES)
    loaded = pickle.loads(pickle.dumps(model))
    before = [network.theta.copy() for network in networks_of(loaded)]
    loaded.fit(X, VALUES)
    for network, theta in zip(networks_of(loaded), before, strict=True):
        assert 0 < np.abs(network.theta - theta).max() < 0.01
    loaded.partial_fit(X, VALUES)


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_a_deep_copy_goes_on_exactly(n_estimators):
    """It has what is not stored, too, of its own."""
    model = ANNRegressor(**TABLES, n_estimators=n_estimators).fit(X, VALUES)
    twin = copy.deepcopy(model)
    before = twin.predict(X)
    expected = model.partial_fit(X, VALUES).predict(X)
    assert np.array_equal(twin.predict(X), before)
    assert np.array_equal(twin.partial_fit(X, VALUES).predict(X), expected)


def test_what_is_not_stored_says_so():
    model = ANNRegressor(**TABLES, n_estimators=2, early_stopping=True).fit(X, VALUES)
    assert np.array_equal(copy.deepcopy(model).oof_prediction_, model.oof_prediction_, equal_nan=True)
    loaded = pickle.loads(pickle.dumps(model))
    with pytest.raises(AttributeError, match="oof_prediction_ is not stored"):
        loaded.oof_prediction_  # noqa: B018
    assert len(loaded.fit(X, VALUES).oof_prediction_) == N


@pytest.mark.parametrize("model", [ANNClassifier(**PLAIN), ANNRegressor(**PLAIN), TabularEncoder()])
@pytest.mark.parametrize("way", ["pickle", "skops"])
def test_another_version_warns(model, way, monkeypatch):
    model = copy.deepcopy(model).fit(X, LABELS if isinstance(model, ANNClassifier) else VALUES)
    name = type(model).__name__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        WAYS[way](model)
    dump, load = (pickle.dumps, pickle.loads) if way == "pickle" else (skops.io.dumps, through_loads)
    monkeypatch.setattr("skann._estimator.__version__", "0.0.7")
    stored = dump(model)
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning, match=f"{name} was stored by skann 0.0.7, this is") as caught:
        loaded = load(stored)
    assert caught[0].message.original_skann_version == "0.0.7"
    assert caught[0].message.current_skann_version == skann.__version__
    assert not hasattr(loaded, "_skann_version")
    stored = pickle.dumps(loaded)
    with warnings.catch_warnings():  # stored again, it is of this version
        warnings.simplefilter("error")
        pickle.loads(stored)


def through_loads(data):
    return skops.io.loads(data, trusted=documented_types())


def test_a_copy_of_an_unfitted_model_is_unfitted():
    model = pickle.loads(pickle.dumps(ANNClassifier(alpha=0.5)))
    assert model.alpha == 0.5
    with pytest.raises(NotFittedError):
        model.predict(X)
