"""What "auto" became: values that do the same when they are given."""

import copy
import pickle

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from tests.data import BOTH
from tests.estimators.ensembles import SMALL, X, fitted, target

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SHORT = {"max_iter": 2, "random_state": 0}
HAS_TABLE = hasattr(BaseEstimator, "_get_params_html")
WITH_TABLE = pytest.mark.skipif(not HAS_TABLE, reason="scikit-learn shows no parameters before 1.7")


def autos(model):
    return {name for name, value in model.get_params(deep=False).items() if isinstance(value, str) and value == "auto"}


@BOTH
@pytest.mark.parametrize("params", [{}, {"encoder": None}, {"solver": "lbfgs"}, {"solver": "sgd"}])
def test_each_auto_has_a_value(Estimator, params):
    """One for each, and none that is "auto"; they pass the checks of parameters, and make networks of the same size."""
    model = Estimator(**params, **SHORT).fit(X, target(Estimator))
    values = model.resolved_params_
    assert set(values) == autos(model)
    assert not any(isinstance(value, str) and value == "auto" for value in values.values())
    other = clone(model).set_params(**values).fit(X, target(Estimator))
    assert other.resolved_params_ == {}
    sizes = [[member.network.theta.size for member in each.networks_.members] for each in (model, other)]
    assert sizes[0] == sizes[1]


@BOTH
def test_they_are_those_of_the_fit(Estimator):
    """Read off the networks, their histories and the data."""
    model = Estimator(max_time=20, random_state=0).fit(X, target(Estimator))
    values, members = model.resolved_params_, model.estimators_
    assert values["hidden_layer_sizes"] == tuple(len(b) for b in members[0].intercepts_[:-1])
    assert values["n_estimators"] == len(members) == 8
    assert values["dtype"] == members[0].coefs_[0].dtype.name == "float32"
    assert values["early_stopping"] is True
    assert max(member.n_iter_ for member in members) <= values["max_iter"]
    assert max(members[0].history_["learning_rate"]) <= values["learning_rate_init"]
    assert type(values["encoder"]) is TabularEncoder
    assert not hasattr(values["encoder"], "n_features_in_")
    assert members[0].t_ == members[0].n_iter_ * 140  # one of eight folds is held out
    if Estimator is ANNRegressor:
        assert values["target_scaling"] is (model.target_scale_ is not None) is True
    else:
        assert values["calibration"] == "temperature"


def test_what_the_data_forbid():
    """Rows that are too few to hold some out, batches that are larger than all rows, L-BFGS, which has one batch."""
    few = ANNClassifier(**SHORT).fit(X[:40], (X[:40, 0] > 0).astype(int))
    assert few.resolved_params_["early_stopping"] is False
    assert few.resolved_params_["calibration"] is None
    assert few.resolved_params_["batch_size"] == 40
    assert few.resolved_params_["dtype"] == "float64"
    many = ANNClassifier(**SHORT).fit(X[:100], np.arange(100) % 50)  # classes that a fold of ten rows can't hold
    assert many.resolved_params_["early_stopping"] is False
    plain = ANNRegressor(encoder=None, early_stopping=True, **SHORT).fit(X, X[:, 0])
    assert plain.resolved_params_["batch_size"] == 144  # a tenth is held out
    lbfgs = ANNRegressor(solver="lbfgs", **SHORT).fit(np.tile(X, (2, 1)), np.tile(X[:, 0], 2))
    assert lbfgs.resolved_params_["batch_size"] == 320


def test_what_the_user_says_decides():
    model = ANNRegressor(early_stopping="auto", n_estimators=1, **SHORT).fit(X, X[:, 0], X_val=X, y_val=X[:, 0])
    assert model.resolved_params_["early_stopping"] is True
    assert "n_estimators" not in model.resolved_params_
    cv = ANNRegressor(cv=3, **SHORT).fit(X, X[:, 0])
    assert cv.resolved_params_["n_estimators"] == 3


def test_partial_fit_keeps_the_network():
    """What the network is made of is that of the first call, whose rows are fewer; what a call has is that of it."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 2))
    y = (X[:, 0] > 0).astype(int)
    model = ANNClassifier(random_state=0).partial_fit(X[:100], y[:100], classes=[0, 1])
    first = model.resolved_params_
    model.partial_fit(X, y)
    assert ANNClassifier(**SHORT, n_estimators=1).fit(X, y).resolved_params_["hidden_layer_sizes"] != (128, 128, 128)
    assert model.resolved_params_["hidden_layer_sizes"] == first["hidden_layer_sizes"] == (128, 128, 128)
    assert tuple(len(b) for b in model.intercepts_[:-1]) == (128, 128, 128)
    assert (first["batch_size"], model.resolved_params_["batch_size"]) == (32, 112)
    assert first["n_estimators"] == 1
    assert first["early_stopping"] is False


@BOTH
def test_warm_start(Estimator):
    """A value that is given by then is no longer among them."""
    y = target(Estimator)
    model = Estimator(**SMALL | {"max_iter": 2}, warm_start=True).fit(X, y)
    assert "learning_rate" in model.resolved_params_
    model.set_params(learning_rate="constant").fit(X[:100], y[:100])
    assert "learning_rate" not in model.resolved_params_
    assert model.resolved_params_["numeric_embedding"] == "periodic"


@BOTH
def test_stored_cloned_failed(Estimator):
    model = fitted(Estimator, max_iter=2)
    values = {name: value for name, value in model.resolved_params_.items() if name != "encoder"}
    stored = skops.io.dumps(model)
    others = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    others += [skops.io.loads(stored, trusted=skops.io.get_untrusted_types(data=stored))]
    for other in others:
        assert {name: value for name, value in other.resolved_params_.items() if name != "encoder"} == values
    assert not hasattr(clone(model), "resolved_params_")
    before = model.resolved_params_
    with pytest.raises(ValueError, match="dropout"):
        model.set_params(dropout=[0.1] * 7).fit(X, target(Estimator))
    assert model.resolved_params_ is before


def test_members():
    """One network of the ensemble: how many there are is no longer "auto"."""
    model = ANNRegressor(**SHORT).fit(X, X[:, 0])
    (values,) = {tuple(sorted(member.resolved_params_)) for member in model.estimators_}
    assert set(values) == autos(model.estimators_[0]) == set(model.resolved_params_) - {"n_estimators"}


def test_members_of_a_portfolio():
    """Each has the values of its own candidate."""
    portfolio = [{"numeric_embedding": None}, {"numeric_embedding": "periodic"}]
    model = ANNRegressor(n_estimators=2, portfolio=portfolio, **SHORT).fit(X, X[:, 0])
    found = {member.resolved_params_["numeric_embedding"] for member in model.estimators_}
    assert found == {None, "periodic"}
    for member in model.estimators_:
        has_embedding = member.network_.layers[0].kind == "embeddings"
        assert has_embedding == (member.resolved_params_["numeric_embedding"] is not None)


# ------------------------------------------------------------------------------------------------------------ notebook


def test_html():
    """Below the network; before the fit there is nothing."""
    model = ANNRegressor(**SHORT)
    assert "skann-auto" not in model._repr_html_()
    html = model.fit(X, X[:, 0])._repr_html_()
    assert html.count("skann-auto") == 1
    assert f"<tr><td>hidden_layer_sizes</td><td>{model.resolved_params_['hidden_layer_sizes']}</td></tr>" in html
    given = model.set_params(**model.resolved_params_).fit(X, X[:, 0])
    assert "skann-auto" not in given._repr_html_()


@WITH_TABLE
def test_inside_of_others():
    """scikit-learn's table of parameters has the values, in a pipeline and as the best of a search."""
    text = "&#x27;auto&#x27;: &#x27;periodic&#x27;"
    model = ANNRegressor(n_estimators=1, **SHORT)
    pipeline = make_pipeline(StandardScaler(), model)
    assert text not in pipeline._repr_html_()
    assert text in pipeline.fit(X, X[:, 0])._repr_html_()
    search = GridSearchCV(clone(model), {"alpha": [0.0, 1.0]}, cv=2).fit(X, X[:, 0])
    assert text in search._repr_html_()
