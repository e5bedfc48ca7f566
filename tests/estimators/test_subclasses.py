"""Subclasses whose ``__init__`` takes fewer or more parameters work as those of scikit-learn's own estimators."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier, ANNRegressor, find_learning_rate
from skann.encoding import TabularEncoder

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*batch_size.*:UserWarning"),
]


class Fewer(ANNClassifier):
    """One parameter of its own, from which it makes those of its base."""

    def __init__(self, width=8, random_state=0):
        super().__init__(
            hidden_layer_sizes=(width,), max_iter=10, n_estimators=1, encoder=None, random_state=random_state
        )
        self.width = width


class None_(ANNRegressor):
    """No parameter at all."""

    def __init__(self):
        super().__init__(hidden_layer_sizes=(8,), max_iter=10, n_estimators=1, random_state=0)


class More(ANNClassifier):
    """All parameters that a short signature can't list, and one more that is checked."""

    _parameter_constraints = ANNClassifier._parameter_constraints | {"threshold": [float]}

    def __init__(self, threshold=0.5, *, max_iter=10, n_estimators=2, encoder="auto", random_state=0):
        super().__init__((8,), max_iter=max_iter, n_estimators=n_estimators, encoder=encoder, random_state=random_state)
        self.threshold = threshold

    def predict(self, X):
        return self.classes_[(self.predict_proba(X)[:, 1] > self.threshold).astype(int)]


class OwnConstraints(ANNClassifier):
    """Constraints of the added parameter only, as a class of scikit-learn may have them."""

    _parameter_constraints = {"added": [int]}

    def __init__(self, added=1, hidden_layer_sizes=(8,), max_iter=10, n_estimators=1, random_state=0):
        super().__init__(hidden_layer_sizes, max_iter=max_iter, n_estimators=n_estimators, random_state=random_state)
        self.added = added


class Renamed(ANNRegressor):
    """A parameter of the base under another name, which is set in `fit`."""

    def __init__(self, layers=(8,)):
        self.layers = layers
        super().__init__(max_iter=10, n_estimators=2, random_state=0)

    def fit(self, X, y, **kwargs):
        self.hidden_layer_sizes = self.layers
        return super().fit(X, y, **kwargs)


SUBCLASSES = [Fewer, None_, More, OwnConstraints, Renamed]
EACH = pytest.mark.parametrize("Subclass", SUBCLASSES)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def base_of(model):
    """The base class itself with the same values of all parameters."""
    Base = ANNClassifier if isinstance(model, ANNClassifier) else ANNRegressor
    return Base(**{name: getattr(model, name) for name in Base().get_params()})


@EACH
def test_the_fit_reads_attributes(Subclass, data):
    """The same weights as those of the base class with these values."""
    model, (X, y) = Subclass(), data
    expected = base_of(model.fit(X, y)).fit(X, y)
    for one, other in zip(model.networks_.members, expected.networks_.members, strict=True):
        np.testing.assert_array_equal(one.network.theta, other.network.theta)
    assert model.predict(X).shape == y.shape
    assert np.isfinite(model.score(X, y))


@EACH
def test_clone_pickle_and_prints(Subclass, data):
    model, (X, y) = Subclass(), data
    twin = clone(model).fit(X, y)
    model.fit(X, y)
    expected = model.predict(X)
    for other in (twin, copy.deepcopy(model), copy.copy(model)):
        np.testing.assert_array_equal(other.predict(X), expected)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), expected)
    assert repr(model) == f"{Subclass.__name__}()"
    assert "skann-network" in model._repr_html_()
    assert str(model.summary()).startswith(f"{Subclass.__name__}: ")


@EACH
def test_pickle(Subclass, data):
    model, (X, y) = Subclass(), data
    model.fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@EACH
def test_partial_fit(Subclass, data):
    X, y = data
    model = Subclass()
    kwargs = {"classes": [0, 1]} if isinstance(model, ANNClassifier) else {}
    if Subclass is Renamed:
        model.hidden_layer_sizes = model.layers
    expected = base_of(model)
    for _ in range(3):
        model.partial_fit(X, y, **kwargs)
        expected.partial_fit(X, y, **kwargs)
    np.testing.assert_array_equal(model.networks_.members[0].network.theta, expected.networks_.members[0].network.theta)


@EACH
def test_warm_start(Subclass, data):
    """It goes on where it was; what makes the network must stay as it is, whatever it is called."""
    model, (X, y) = Subclass(), data
    model.warm_start = True
    expected = base_of(model)
    if Subclass is Renamed:
        expected.hidden_layer_sizes = (8,)
    for each in (model, expected):
        each.fit(X, y).fit(X, y)
    np.testing.assert_array_equal(model.networks_.members[0].network.theta, expected.networks_.members[0].network.theta)
    if Subclass is Renamed:
        model.layers = (5,)
    else:
        model.hidden_layer_sizes = (5,)
    with pytest.raises(ValueError, match="hidden_layer_sizes was"):
        model.fit(X, y)


def test_searches(data):
    X, y = data
    search = GridSearchCV(Renamed(), {"layers": [(2,), (16,)]}, cv=2).fit(X, y)
    coefs = search.best_estimator_.estimators_[0].coefs_
    assert coefs[-1].shape[0] == search.best_params_["layers"][0]
    search = GridSearchCV(make_pipeline(StandardScaler(), More()), {"more__threshold": [0.0, 0.5]}, cv=2).fit(X, y)
    assert search.best_params_ == {"more__threshold": 0.5}
    assert len(cross_val_score(Renamed(), X, y, cv=2)) == 2


def test_parameters_are_checked(data):
    """Those that are added, and those of the base even where the subclass names the constraints of its own only."""
    with pytest.raises(ValueError, match="The 'threshold' parameter of More must be"):
        More(threshold="high").fit(*data)
    with pytest.raises(ValueError, match="The 'added' parameter of OwnConstraints must be"):
        OwnConstraints(added="one").fit(*data)
    with pytest.raises(ValueError, match="The 'max_iter' parameter of OwnConstraints must be"):
        OwnConstraints(max_iter=-1).fit(*data)
    model = Fewer()
    model.solver = "adamant"
    with pytest.raises(ValueError, match="The 'solver' parameter of Fewer must be"):
        model.fit(*data)


def test_members_of_an_ensemble_are_of_the_subclass(data):
    X, y = data
    model = More().fit(X, y)
    assert [type(each) for each in model.estimators_] == [More, More]
    assert model.estimators_[0].predict(X).shape == y.shape


def test_learning_rate_finder(data):
    """It sets attributes, too: a subclass may take none of them as parameters."""
    X, y = data
    found = find_learning_rate(Fewer(), X, y)
    np.testing.assert_array_equal(found.losses, find_learning_rate(base_of(Fewer()), X, y).losses)


def test_a_score_of_ones_own_is_watched(data):
    """``scoring=None`` means the method `score` of the subclass."""

    class Constant(Fewer):
        def score(self, X, y, sample_weight=None):
            return 0.125

    X, y = data
    model = Constant()
    model.set_params().early_stopping, model.scoring = True, None
    assert set(model.fit(X, y).validation_scores_) == {0.125}
    model = Fewer()
    model.early_stopping, model.scoring = True, None
    watched = model.fit(X, y).validation_scores_
    model.scoring = "accuracy"
    assert watched == model.fit(X, y).validation_scores_


class WithPrefix(TabularEncoder):
    """An encoder with fewer parameters."""

    def __init__(self, levels=4):
        super().__init__(max_one_hot_levels=levels)
        self.levels = levels


def test_encoders(data):
    X, y = data
    model = ANNClassifier((8,), max_iter=5, n_estimators=1, encoder=WithPrefix(), random_state=0).fit(X, y)
    expected = ANNClassifier(
        (8,), max_iter=5, n_estimators=1, encoder=TabularEncoder(max_one_hot_levels=4), random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_as_scikit_learn_does(data):
    """The same subclass of the peer, which reads attributes as well."""

    class Peer(MLPClassifier):
        def __init__(self, width=8):
            super().__init__((width,), max_iter=10)
            self.width = width

    X, y = data
    for Subclass in (Peer, Fewer):
        model = Subclass(width=4)
        assert [*model.get_params()][-1] == "width"
        model.fit(X, y)
        assert model.coefs_[0].shape == (3, 4)
        assert clone(model).width == 4
