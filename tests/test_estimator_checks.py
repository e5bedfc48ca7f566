"""scikit-learn's own checks of what an estimator is, with no expected failure but the one that dropout implies."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skann import ANNClassifier, ANNRegressor

PLAIN = [
    {},
    *({"solver": solver, "max_iter": 100} for solver in ("adam", "nadam", "rmsprop", "sgd", "lbfgs")),
    {"early_stopping": True, "max_iter": 100},
    {"hidden_layer_sizes": (), "solver": "lbfgs"},
    {"dropout": 0.2, "max_iter": 100},
    {"numeric_embedding": "piecewise_linear", "parametric_activation": True, "max_iter": 100},
    {"n_estimators": 3, "weight_averaging": 0.9, "max_iter": 100},
]
NOT_RANDOM = {"n_estimators": 1, "early_stopping": False, "shuffle": False, "dropout": 0, "initializer": "glorot"}
NOT_RANDOM |= {"batch_size": 10_000, "dtype": "float64"}
RECIPE = [
    {},
    {"n_estimators": 1},
    {"n_estimators": 3, "hidden_layer_sizes": (32,), "warm_start": True},
    {"n_estimators": 1, "solver": "nadam", "hidden_layer_sizes": (32,), "weight_averaging": 0.9},
    {"solver": "sgd", "max_iter": 100},
    {"solver": "lbfgs"},
    NOT_RANDOM,
    NOT_RANDOM | {"hidden_layer_sizes": (16,), "numeric_embedding": "periodic", "feature_scaling": True},
    NOT_RANDOM | {"hidden_layer_sizes": (16,), "numeric_embedding": "piecewise_linear"},
]
VARIANTS = [{"encoder": None} | params for params in PLAIN] + RECIPE
ESTIMATORS = [Estimator(**params) for Estimator in (ANNClassifier, ANNRegressor) for params in VARIANTS]
BOTH = pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)


pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:early_stopping would hold out:UserWarning"),
]


def expected_failures(estimator):
    if not estimator.dropout:
        return {}
    reason = "dropout draws a mask for each row of a batch: repeated rows get several masks, a weighted row one"
    return {f"check_sample_weight_equivalence_on_{kind}_data": reason for kind in ("dense", "sparse")}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_check_estimator(estimator, check):
    """Every check of ``check_estimator``."""
    check(estimator)


@pytest.mark.parametrize("estimator", [ANNClassifier(), ANNRegressor()], ids=repr)
@pytest.mark.parametrize("name", ["check_param_validation", "check_dataframe_column_names_consistency"])
def test_checks_that_check_estimator_leaves_out(estimator, name):
    """scikit-learn runs these two on its own estimators only."""
    from sklearn.utils import estimator_checks

    getattr(estimator_checks, name)(type(estimator).__name__, estimator)


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
