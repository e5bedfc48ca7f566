"""Small estimators, as scikit-learn's MLP would be."""

from tests.plain import ANNClassifier, ANNRegressor


def classifier(**params):
    return ANNClassifier(
        **{"hidden_layer_sizes": (8,), "learning_rate_init": 0.02, "max_iter": 40, "random_state": 0} | params
    )


def regressor(**params):
    return ANNRegressor(
        **{"hidden_layer_sizes": (8,), "learning_rate_init": 0.02, "max_iter": 40, "random_state": 0} | params
    )


def sklearn_warning():
    from sklearn.exceptions import DataConversionWarning

    return DataConversionWarning
