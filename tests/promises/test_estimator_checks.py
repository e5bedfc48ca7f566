"""scikit-learn's own checks of what an estimator is: the defaults pass all, explicit dropout fails what it must."""

import numpy as np
import pytest
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skann import ANNClassifier, ANNRegressor
from tests.helpers import settings_of

PLAIN = [
    {},
    *({"solver": solver, "max_iter": 100} for solver in ("adam", "nadam", "rmsprop", "sgd", "lbfgs")),
    {"early_stopping": True, "max_iter": 100},
    {"hidden_layer_sizes": (), "solver": "lbfgs"},
    {"dropout": 0.2, "max_iter": 100},
    {"numeric_embedding": "piecewise_linear", "parametric_activation": True, "max_iter": 100},
]
NOT_RANDOM = {"n_estimators": 1, "shuffle": False, "dropout": 0, "initializer": "glorot"}
NOT_RANDOM |= {"numeric_embedding": "periodic", "feature_scaling": True, "batch_size": 10_000, "dtype": "float64"}
RECIPE = [
    {"hidden_layer_sizes": (16,), "max_iter": 16},
    {"n_estimators": 1, "max_iter": 20},
    {"n_estimators": 3, "hidden_layer_sizes": (32,), "solver": "nadam", "weight_averaging": 0.9, "max_iter": 20},
    {"n_estimators": 2, "hidden_layer_sizes": (16,), "early_stopping": True},
    {"n_estimators": 1, "hidden_layer_sizes": (16,), "solver": "rmsprop", "max_iter": 16},
    {"solver": "lbfgs"},
    NOT_RANDOM | {"hidden_layer_sizes": (16,), "max_iter": 100},
]
VARIANTS = [{"encoder": None} | params for params in PLAIN] + RECIPE
ESTIMATORS = [Estimator(**params) for Estimator in (ANNClassifier, ANNRegressor) for params in VARIANTS]
BOTH = pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)


pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:early_stopping can't hold out:UserWarning"),
    pytest.mark.filterwarnings("ignore:batch_size=10000:UserWarning"),
]


def expected_failures(estimator):
    settings = settings_of(estimator, np.zeros((30, 2)))
    if estimator.n_estimators == 1 and estimator.numeric_embedding == "auto":
        return {}  # the check sets cv: the one network holds out the split with weights, and trains on equal rows
    if settings.dropout:
        reason = "dropout draws a mask for each row of a batch: repeated rows get several masks, a weighted row one"
    else:
        name = "check_sample_weight_equivalence_on_sparse_data"  # scikit-learn 1.6 runs it whatever the tags say
        return {} if get_tags(estimator).input_tags.sparse else {name: "X must be dense"}
    return {f"check_sample_weight_equivalence_on_{kind}_data": reason for kind in ("dense", "sparse")}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_check_estimator(estimator, check):
    """Every check of ``check_estimator``."""
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [Estimator(**params) for Estimator in (ANNClassifier, ANNRegressor) for params in ({}, {"early_stopping": True})]
)
def test_check_estimator_as_it_comes(estimator, check):
    """The default with all its networks and epochs: no failure is expected."""
    check(estimator)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("params", [{"early_stopping": True}, {"n_estimators": 1}, {"solver": "nadam"}], ids=str)
@pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])
def test_weights_are_repetition(Estimator, params, kind):
    """The check that asks most of the defaults, exactly so since there are few rows."""
    from sklearn.utils import estimator_checks

    check = getattr(estimator_checks, f"check_sample_weight_equivalence_on_{kind}_data")
    check(Estimator.__name__, Estimator(**params))


@pytest.mark.parametrize("estimator", [ANNClassifier(), ANNRegressor()], ids=repr)
@pytest.mark.parametrize("name", ["check_param_validation", "check_dataframe_column_names_consistency"])
def test_checks_that_check_estimator_leaves_out(estimator, name):
    """scikit-learn runs these two on its own estimators only."""
    from sklearn.utils import estimator_checks

    getattr(estimator_checks, name)(type(estimator).__name__, estimator)


@pytest.mark.slow
@pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])
def test_weights_are_repetition_in_the_mean(Estimator):
    """What the checks cannot see with dropout, shuffling and a random start: the mean over seeds is the same.

    In batches that are the same share of the data; unweighted rows, for contrast, have another mean.
    """
    rng = np.random.default_rng(0)
    X, X_new = rng.normal(size=(300, 3)), rng.normal(size=(30, 3))
    y = X[:, 0] + X[:, 1] ** 2 + rng.normal(size=300)
    weight = np.where(y > 1, 3, 1)
    y = (y + rng.normal(size=300) > 1).astype(int) if Estimator is ANNClassifier else y

    def mean_and_error(X, y, weight, batch_size, first_seed, n_seeds=40):
        values = []
        for seed in range(first_seed, first_seed + n_seeds):
            model = Estimator(
                (16,), dropout=0.1, learning_rate_init=0.01, max_iter=24, n_estimators=1, early_stopping=False,
                batch_size=batch_size, random_state=seed,
            ).fit(X, y, sample_weight=weight)  # fmt: skip
            values.append(model.predict_proba(X_new)[:, 1] if Estimator is ANNClassifier else model.predict(X_new))
        return np.mean(values, axis=0), np.std(values, axis=0) / np.sqrt(n_seeds)

    weighted = mean_and_error(X, y, weight, 150, 0)
    repeated = mean_and_error(X.repeat(weight, axis=0), y.repeat(weight), None, round(150 * weight.mean()), 100)
    unweighted = mean_and_error(X, y, None, 150, 200)

    def distance(one, other):
        """In standard errors, root mean square over the new rows."""
        return np.sqrt(np.mean((one[0] - other[0]) ** 2 / (one[1] ** 2 + other[1] ** 2)))

    assert distance(weighted, repeated) < 1.5 < 2.5 < distance(weighted, unweighted)


@BOTH
def test_column_names_with_every_variant(estimator):
    """The peer fails this with early stopping, as it validates twice."""
    from sklearn.utils.estimator_checks import check_dataframe_column_names_consistency

    check_dataframe_column_names_consistency(type(estimator).__name__, estimator)


@pytest.mark.parametrize(
    "estimator, names",
    [
        (
            ANNClassifier(),
            {"check_classifiers_multilabel_output_format_predict_proba", "check_class_weight_classifiers"},
        ),
        (ANNRegressor(), {"check_regressor_multioutput"}),
    ],
    ids=["classifier", "regressor"],
)
def test_tags_let_the_checks_run(estimator, names):
    """A check that the tags switch off would pass by not running."""
    names = names | {"check_sample_weight_equivalence_on_sparse_data", "check_estimators_partial_fit_n_features"}
    run = {getattr(check, "func", check).__name__ for _, check in estimator_checks_generator(estimator)}
    assert names <= run
