"""What `score` of a regressor says of quantiles: minus the mean pinball loss."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.metrics import mean_pinball_loss, r2_score
from sklearn.model_selection import cross_val_score

from skann import ANNRegressor
from skann.engine.losses import Quantile
from tests.estimators.ensembles import SIGNAL, SMALL, X

LEVELS = [0.9, 0.1, 0.5]
SEVERAL = SMALL | {"n_estimators": 1, "loss": "quantile", "quantile": LEVELS}
WEIGHT = np.random.default_rng(0).uniform(0, 2, 160)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["no weights", "weights"])
@pytest.mark.parametrize(
    "params", [{}, {"loss": Quantile(LEVELS)}, {"n_estimators": 3}], ids=["name", "loss", "several"]
)
def test_of_several_quantiles(params, weight):
    model = ANNRegressor(**SEVERAL | params).fit(X, SIGNAL)
    predicted = model.predict(X)
    losses = [
        mean_pinball_loss(SIGNAL, predicted[:, j], sample_weight=weight, alpha=level) for j, level in enumerate(LEVELS)
    ]
    assert model.score(X, SIGNAL, weight) == pytest.approx(-np.mean(losses))
    assert model.score(X, SIGNAL[:, None].tolist(), weight) == pytest.approx(-np.mean(losses))


def test_it_selects_the_better_model():
    scores = {n: cross_val_score(ANNRegressor(**SEVERAL | {"max_iter": n}), X, SIGNAL, cv=3).mean() for n in (1, 30)}
    assert scores[1] < scores[30] < 0


def test_early_stopping_watches_it():
    """``scoring=None`` means the score of the estimator."""
    held_out = np.arange(0, 160, 4)
    cv = [(np.setdiff1d(np.arange(160), held_out), held_out)]
    model = ANNRegressor(**SEVERAL, cv=cv, scoring=None).fit(X, SIGNAL)
    assert model.best_validation_score_ == pytest.approx(model.score(X[held_out], SIGNAL[held_out]))


@pytest.mark.parametrize("quantile", [0.3, [0.3]])
def test_of_one_quantile_it_is_r2(quantile):
    model = ANNRegressor(**SEVERAL | {"quantile": quantile}, scoring=None).fit(X, SIGNAL)
    assert model.score(X, SIGNAL, WEIGHT) == r2_score(SIGNAL, model.predict(X), sample_weight=WEIGHT)


def test_before_fit():
    with pytest.raises(NotFittedError):
        ANNRegressor(**SEVERAL).score(X, SIGNAL)
