"""The estimators inside everything that scikit-learn builds around estimators."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
import sklearn
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    ParameterSampler,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann.engine.activations import Identity
from skann.engine.losses import SquaredError
from tests.plain import BOTH, ANNClassifier, ANNRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def quick(Estimator=ANNClassifier, **params):
    return Estimator(
        **{"hidden_layer_sizes": (8,), "learning_rate_init": 0.02, "max_iter": 30, "random_state": 0} | params
    )


def fitted(Estimator, data):
    X, y = data
    return quick(Estimator).fit(X, y if Estimator is ANNClassifier else X[:, 0] + y)


def test_pipeline(iris):
    """Scaler and network as one estimator: same as by hand; parameters are reached with two underscores."""
    X, y = iris
    pipe = make_pipeline(StandardScaler(), quick()).set_params(annclassifier__alpha=0.01).fit(X, y)
    by_hand = quick(alpha=0.01).fit(StandardScaler().fit_transform(X), y)
    np.testing.assert_array_equal(pipe.predict_proba(X), by_hand.predict_proba(StandardScaler().fit_transform(X)))
    assert pipe.score(X, y) > 0.9


def test_grid_search(iris):
    """Over sizes, activations and solvers; a grid with lists of lists works, and the best is refitted."""
    grid = {"hidden_layer_sizes": [(4,), (8, 4)], "activation": ["tanh", "relu"], "solver": ["adam", "lbfgs"]}
    search = GridSearchCV(quick(), grid, cv=3, error_score="raise").fit(*iris)
    assert search.best_score_ > 0.9
    assert len(search.cv_results_["params"]) == 8
    assert is_classifier(search)


def test_halving_grid_search_over_max_iter(iris):
    """The resource may be epochs."""
    search = HalvingGridSearchCV(
        quick(),
        {"alpha": [1e-4, 1.0, 30.0]},
        resource="max_iter",
        min_resources=15,
        max_resources=45,
        cv=2,
        random_state=0,
    ).fit(*iris)
    assert search.n_resources_ == [15, 45]
    assert search.best_estimator_.max_iter == 45
    assert search.score(*iris) > 0.85


def test_cross_val_score_and_scorers():
    """Scorers that want probabilities or ``decision_function``; regression scorers."""
    X, y = load_breast_cancer(return_X_y=True)
    scores = cross_validate(
        make_pipeline(StandardScaler(), quick()), X, y, cv=3, scoring=["accuracy", "roc_auc", "neg_log_loss"],
        error_score="raise",
    )  # fmt: skip
    assert scores["test_accuracy"].mean() > 0.95
    assert scores["test_roc_auc"].mean() > 0.98
    assert scores["test_neg_log_loss"].mean() > -0.2
    X, y = load_diabetes(return_X_y=True)
    model = make_pipeline(StandardScaler(), quick(ANNRegressor, solver="lbfgs", alpha=10.0))
    assert cross_val_score(model, X, y, cv=3, error_score="raise").mean() > 0.3


def test_meta_classifiers(iris):
    """Bagging (with its sample weights), calibration, voting, stacking."""
    X, y = iris
    for model in (
        BaggingClassifier(quick(), n_estimators=3, random_state=0),
        BaggingClassifier(quick(), n_estimators=3, n_jobs=2, max_features=0.75, random_state=0),
        CalibratedClassifierCV(quick(), cv=3, ensemble=False),
        CalibratedClassifierCV(quick(), cv=3, method="isotonic"),
        VotingClassifier([("a", quick()), ("b", quick(solver="lbfgs"))], voting="soft"),
        StackingClassifier([("a", quick()), ("b", quick(activation="tanh"))], cv=3),
    ):
        assert model.fit(X, y).score(X, y) > 0.9, model


def test_calibration_takes_two_classes(iris):
    """With ``decision_function`` of shape (n,), as calibration wants it."""
    X, y = iris
    model = CalibratedClassifierCV(quick(max_iter=100), cv=3).fit(X, y == 0)
    assert model.score(X, y == 0) > 0.95


def test_bagging_regressor(iris):
    X, _ = iris
    model = BaggingRegressor(quick(ANNRegressor, max_iter=100), n_estimators=3, random_state=0).fit(X[:, :3], X[:, 3])
    assert model.score(X[:, :3], X[:, 3]) > 0.7


def test_multi_output_classifier(iris):
    """Several targets of several classes each, one network for each target."""
    X, y = iris
    Y = np.column_stack([y, y == 1])
    model = MultiOutputClassifier(quick(max_iter=100)).fit(X, Y)
    assert model.predict(X).shape == (150, 2)
    assert (model.predict(X)[:, 0] == y).mean() > 0.9


def test_permutation_importance(iris):
    """The petals decide."""
    X, y = iris
    importances = permutation_importance(quick(max_iter=60).fit(X, y), X, y, n_repeats=3, random_state=0)
    assert set(np.argsort(importances.importances_mean)[-2:]) == {2, 3}


def test_partial_dependence(iris):
    """By brute force, the mean of the predictions with one column set to a value."""
    X, y = iris
    model = quick(ANNRegressor, max_iter=60).fit(X[:, :3], X[:, 3])
    result = partial_dependence(model, X[:, :3], [2], grid_resolution=4)
    grid = result["grid_values"][0]
    changed = [np.column_stack([X[:, :2], np.full(150, value)]) for value in grid]
    np.testing.assert_allclose(result["average"][0], [model.predict(rows).mean() for rows in changed], rtol=1e-6)
    y = y == 0
    result = partial_dependence(quick().fit(X, y), X, [2], grid_resolution=4)
    assert (np.diff(result["average"][0]) < 0).all()  # class 0 has the short petals


def test_learning_curve(iris):
    """Each score is that of a fit to the first rows of the fold's; all of it again by partial_fit."""
    X, y = iris
    sizes, _, scores = learning_curve(quick(), X, y, train_sizes=[40, 90], cv=StratifiedKFold(3), error_score="raise")
    train, test = next(iter(StratifiedKFold(3).split(X, y)))
    expected = [quick().fit(X[train[:n]], y[train[:n]]).score(X[test], y[test]) for n in sizes]
    np.testing.assert_array_equal(scores[:, 0], expected)
    options = {"train_sizes": [40, 90], "cv": StratifiedKFold(3), "exploit_incremental_learning": True}
    _, _, scores = learning_curve(quick(), X, y, **options, error_score="raise")
    model = quick().partial_fit(X[train[:40]], y[train[:40]], classes=[0, 1, 2])
    expected = [model.score(X[test], y[test])]
    expected += [model.partial_fit(X[train[40:90]], y[train[40:90]]).score(X[test], y[test])]
    np.testing.assert_array_equal(scores[:, 0], expected)


def test_randomized_search(iris):
    """Distributions are drawn from, as a sampler says."""
    space = {"alpha": loguniform(1e-5, 1e-1), "learning_rate_init": loguniform(1e-3, 1e-1)}
    search = RandomizedSearchCV(quick(), space, n_iter=4, cv=3, random_state=0, error_score="raise").fit(*iris)
    assert search.cv_results_["params"] == list(ParameterSampler(space, 4, random_state=0))
    scores = [cross_val_score(quick(**params), *iris, cv=3).mean() for params in search.cv_results_["params"]]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], scores)


def test_stacking_regressor(iris):
    """The second level learns from predictions for rows that the first had not seen."""
    X, z = iris[0][:, :3], iris[0][:, 3]
    networks = [("a", quick(ANNRegressor)), ("b", quick(ANNRegressor, activation="tanh"))]
    stack = StackingRegressor(networks, Ridge(), cv=3).fit(X, z)
    unseen = np.column_stack([cross_val_predict(network, X, z, cv=3) for _, network in networks])
    now = np.column_stack([clone(network).fit(X, z).predict(X) for _, network in networks])
    np.testing.assert_allclose(stack.predict(X), Ridge().fit(unseen, z).predict(now), rtol=1e-6)


def test_transformed_target_regressor(iris):
    """y standardised or logarithmic outside of the network; one column and two."""
    X, _y = iris
    target = np.exp(X[:, 3] + 5)
    model = TransformedTargetRegressor(quick(ANNRegressor, max_iter=100), func=np.log, inverse_func=np.exp)
    assert model.fit(X[:, :3], target).score(X[:, :3], target) > 0.6
    model = TransformedTargetRegressor(quick(ANNRegressor, max_iter=100), transformer=StandardScaler())
    assert model.fit(X[:, :2], X[:, 2:] * 1e5).score(X[:, :2], X[:, 2:] * 1e5) > 0.7


@BOTH
def test_clone_is_unfitted_and_equal(Estimator, iris):
    """Parameters only, also those that are arrays, generators or objects."""
    model = fitted(Estimator, iris).set_params(random_state=np.random.RandomState(0), hidden_layer_sizes=[3, 2])
    copy_ = clone(model)
    assert copy_.get_params()["hidden_layer_sizes"] == [3, 2]
    assert not [name for name in vars(copy_) if name.endswith("_")]
    assert repr(copy_).startswith(Estimator.__name__)


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


@BOTH
@pytest.mark.parametrize("copied", [copy.deepcopy, through_pickle, through_joblib, copy.copy])
def test_copies_predict_the_same_and_keep_their_views(Estimator, copied, iris):
    """Pickle and deepcopy cut views apart; ``coefs_`` have to stay windows on the one vector of parameters."""
    X = iris[0]
    model = fitted(Estimator, iris)
    other = copied(model)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    for fit in (model, other):
        for parameter in [*fit.coefs_, *fit.intercepts_]:
            assert np.shares_memory(parameter, fit.network_.theta)
    assert other.coefs_[0].base is not None
    if copied is not copy.copy:
        before = model.predict(X)
        assert not np.shares_memory(other.network_.theta, model.network_.theta)
        other.network_.theta[...] = 0
        assert all((c == 0).all() for c in other.coefs_)
        np.testing.assert_array_equal(model.predict(X), before)


@BOTH
@pytest.mark.parametrize("copied", [copy.deepcopy, through_pickle])
def test_a_copy_can_go_on_learning(Estimator, copied, iris):
    """``partial_fit`` after a copy trains the copy, and leaves the original alone."""
    X, y = iris
    y = y if Estimator is ANNClassifier else X[:, 0]
    model = quick(Estimator).partial_fit(X, y, **({"classes": [0, 1, 2]} if Estimator is ANNClassifier else {}))
    before = model.network_.theta.copy()
    other = copied(model).partial_fit(X, y)
    np.testing.assert_array_equal(model.network_.theta, before)
    assert not np.array_equal(other.network_.theta, before)
    assert np.isfinite(other.network_.theta).all()


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_joblib_backends_agree(backend, iris):
    """Fits in parallel processes and threads are those of a plain loop, bit for bit."""
    X, y = iris
    serial = [quick(random_state=seed).fit(X, y).predict_proba(X) for seed in range(4)]
    with joblib.parallel_backend(backend, n_jobs=2):
        models = joblib.Parallel()(joblib.delayed(quick(random_state=seed).fit)(X, y) for seed in range(4))
    for model, expected in zip(models, serial, strict=False):
        np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_predict_in_threads_at_once(iris):
    """One fitted model, many threads: no shared buffers."""
    X = np.tile(iris[0], (40, 1))
    model = fitted(ANNClassifier, iris)
    expected = model.predict_proba(X)
    many = joblib.Parallel(n_jobs=4, backend="threading")(joblib.delayed(model.predict_proba)(X) for _ in range(24))
    for proba in many:
        np.testing.assert_array_equal(proba, expected)


def test_grid_search_in_processes(iris):
    """Two workers give the scores that one gives."""
    grid = {"alpha": [1e-4, 1.0]}
    one, two = (GridSearchCV(quick(), grid, cv=3, n_jobs=n).fit(*iris).cv_results_["mean_test_score"] for n in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_metadata_routing(iris):
    """A requested ``sample_weight`` reaches ``fit`` and ``score`` through a pipeline and a search."""
    X, y = iris
    weight = np.where(y == 2, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = quick().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        search = GridSearchCV(pipe, {"annclassifier__alpha": [0.01]}, scoring=scorer, cv=3, error_score="raise")
        search.fit(X, y, sample_weight=weight)
        score = search.best_estimator_.score(X, y, sample_weight=weight)
        model.set_partial_fit_request(classes=True, sample_weight=True)
    assert search.best_score_ > 0.95
    assert (search.predict(X)[y == 2] == 2).mean() < 0.1  # class 2 had no weight
    assert score == accuracy_score(y, search.predict(X), sample_weight=weight) > search.score(X, y) + 0.2


def test_pandas_and_polars(iris):
    """Frames give the model of the array, remember their column names and check them."""
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    X, y = iris
    names = ["a", "b", "c", "d"]
    expected = quick().fit(X, y).predict_proba(X)
    frames = {pd: pd.DataFrame(X, columns=names), pl: pl.DataFrame(X, schema=names)}
    for library, frame in frames.items():
        model = quick().fit(frame, library.Series(y))
        assert list(model.feature_names_in_) == names
        np.testing.assert_array_equal(model.predict_proba(frame), expected)
        with pytest.raises(ValueError, match="feature names"):
            model.predict(frame[["b", "a", "c", "d"]])
        with pytest.warns(UserWarning, match="feature names"):
            model.predict(X)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        quick().fit(X, y).predict(frames[pd])


def test_pandas_targets(iris):
    """A categorical Series of strings, a frame of two targets, weights with an index of their own."""
    pd = pytest.importorskip("pandas")
    X, y = iris
    words = pd.Series(pd.Categorical.from_codes(y, ["setosa", "versicolor", "virginica"]), index=range(150, 0, -1))
    weight = pd.Series(np.ones(150), index=range(7, 157))
    model = quick().fit(X, words, sample_weight=weight)
    np.testing.assert_array_equal(model.predict_proba(X), quick().fit(X, y).predict_proba(X))
    assert set(model.predict(X)) <= {"setosa", "versicolor", "virginica"}
    frame = pd.DataFrame({"u": X[:, 2], "v": X[:, 3]})
    assert quick(ANNRegressor).fit(X[:, :2], frame).predict(X[:, :2]).shape == (150, 2)


class Squared(Identity):
    """z^2, written by a user."""

    two_buffers = True

    def forward(self, z, a):
        np.multiply(z, z, out=a)

    def backward(self, z, a, delta):
        delta *= z
        delta *= 2


class LogCosh(SquaredError):
    """log cosh(raw - y), written by a user."""

    def value_and_delta(self, raw, y, weight, delta):
        loss = np.log(np.cosh(raw - y)).sum(axis=1)
        np.tanh(raw - y, out=delta)
        weight = np.ones(len(y)) if weight is None else weight
        delta *= weight[:, None] / len(y)
        return float(loss @ weight) / len(y)


def halving(t):
    return 0.05 * 0.5 ** (t // 50)


def test_objects_of_ones_own(iris):
    """An activation, a loss and a schedule as parameters: fitted, cloned, pickled, searched over."""
    X, _ = iris
    y = X[:, 2] ** 2
    params = {"hidden_layer_sizes": (8, 8), "activation": ["tanh", Squared()], "learning_rate": halving}
    model = quick(ANNRegressor, **params, loss=LogCosh(), max_iter=150).fit(X[:, 2:3], y)
    assert model.score(X[:, 2:3], y) > 0.9
    for other in (through_pickle(model), clone(model).fit(X[:, 2:3], y), copy.deepcopy(model)):
        np.testing.assert_array_equal(other.predict(X[:, 2:3]), model.predict(X[:, 2:3]))
    search = GridSearchCV(
        quick(ANNRegressor), {"loss": ["huber", LogCosh()], "activation": ["relu", Squared()]}, cv=2, n_jobs=2
    )
    assert search.fit(X[:, 2:3], y).predict(X[:, 2:3]).shape == (150,)
    assert quick(solver="lbfgs", activation=Squared()).fit(*iris).score(*iris) > 0.9


@BOTH
def test_display_in_a_notebook(Estimator, iris):
    """The HTML of scikit-learn and ``dir``, before and after ``fit``: nothing raises, nothing is computed."""
    model = quick(Estimator)
    if "__dir__" in vars(BaseEstimator):  # in newer versions of scikit-learn
        assert "coefs_" not in dir(model)
    assert not hasattr(model, "coefs_")
    assert Estimator.__name__ in model._repr_html_()
    model = fitted(Estimator, iris)
    assert {"coefs_", "intercepts_", "loss_curve_"} <= set(dir(model))
    assert Estimator.__name__ in model._repr_html_()


def test_kinds():
    """What other code asks of the tags."""
    assert is_classifier(ANNClassifier())
    assert is_regressor(ANNRegressor())
    for Estimator in (ANNClassifier, ANNRegressor):
        tags = Estimator().__sklearn_tags__()
        assert tags.input_tags.sparse
        assert not tags.input_tags.allow_nan
        assert not tags.non_deterministic
    assert ANNClassifier().__sklearn_tags__().classifier_tags.multi_label
    assert ANNRegressor().__sklearn_tags__().target_tags.multi_output
    for loss, positive in [("squared_error", False), ("poisson", True), ("gamma", True)]:
        assert ANNRegressor(loss=loss).__sklearn_tags__().target_tags.positive_only == positive
