"""Messages that say what may be meant: names, remedies, and no walls of text."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import get_scorer_names

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann._compat import StrOptions
from skann._parts import did_you_mean
from tests.data import IRIS as X
from tests.data import SPECIES as y

NAMED = [
    (Estimator, name, option)
    for Estimator in (ANNClassifier, ANNRegressor, TabularEncoder)
    for name, constraints in Estimator._parameter_constraints.items()
    for constraint in constraints
    if isinstance(constraint, StrOptions)
    for option in sorted(constraint.options)[:12]
]


@pytest.mark.parametrize("Estimator, name, option", NAMED, ids=lambda value: getattr(value, "__name__", value))
def test_every_option_is_found_again(Estimator, name, option):
    """With two letters swapped, a letter lost or in capitals, the message ends with the option that was meant."""
    for text in {option[:-2] + option[-1] + option[-2], option[:-1], option.upper()} - {option}:
        allowed = set().union(*(c.options for c in Estimator._parameter_constraints[name] if isinstance(c, StrOptions)))
        if text in allowed or len(option) < 4:
            continue
        model = Estimator(**{name: text})
        with pytest.raises(ValueError, match=name) as error:
            model.fit(X, y)
        assert str(error.value).endswith(f"Did you mean {option!r}?"), (text, str(error.value))
        assert len(str(error.value)) < 450


def test_names_far_from_all_options_get_no_guess():
    for text in ("", "q", "zzzzzz", "x" * 100_000):
        assert did_you_mean(text, get_scorer_names()) == ""


def test_options_have_a_fixed_order():
    """That of the alphabet; a set of strings has another one in each process."""
    with pytest.raises(ValueError, match="activation") as error:
        ANNClassifier(activation="q").fit(X, y)
    text = str(error.value)
    names = text[text.index("{") + 1 : text.index("}")].split(", ")
    assert len(names) > 5
    assert names == sorted(names)


def test_names_in_lists_and_of_columns():
    with pytest.raises(ValueError, match=r"got 'tahn'\. Did you mean 'tanh'\?"):
        ANNClassifier((4, 4), activation=["relu", "tahn"], max_iter=1).fit(X, y)
    frame = pd.DataFrame(X, columns=["sepal length", "sepal width", "petal length", "Petal width"])
    for Estimator in (ANNClassifier, TabularEncoder):
        with pytest.raises(ValueError, match=r"Did you mean 'Petal width'\?"):
            Estimator(categorical_features=["petal widht"]).fit(frame, y)
    wide = pd.DataFrame(np.zeros((20, 500)), columns=[f"column {i}" for i in range(500)])
    with pytest.raises(ValueError, match=r"Did you mean 'column 17'\?") as error:
        TabularEncoder(["colunm 17"]).fit(wide)
    assert len(str(error.value)) < 300


def test_an_unknown_scoring_is_no_wall():
    with pytest.raises(ValueError, match="get_scorer_names") as error:
        ANNClassifier(scoring="how good it is").fit(X, y)
    assert len(str(error.value)) < 250
    assert ANNClassifier(scoring="balanced_accuracy", n_estimators=1, max_iter=1).fit(X, y).validation_scores_


def test_strings_without_an_encoder():
    words = pd.DataFrame({"a": X[:, 0], "word": np.array(["u", "v"])[y % 2]})
    for table in (words, words.to_numpy()):
        for Estimator in (ANNClassifier, ANNRegressor):
            with pytest.raises(
                ValueError, match=r"could not convert string to float: 'u'.*default encoder.*OneHotEncoder"
            ):
                Estimator(encoder=None).fit(table, y)
    ANNClassifier((2,), n_estimators=1, max_iter=1).fit(words, y)  # what the message says


def test_labels_given_to_a_regressor():
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    with pytest.raises(ValueError, match=r"got the string 'setosa'\. ANNClassifier learns labels\."):
        ANNRegressor().fit(X, names)
    with pytest.raises(ValueError, match=r"got the string '0'\. numpy\.asarray\(y, dtype=float\)"):
        ANNRegressor().fit(X, y.astype(str))
    ANNRegressor((2,), n_estimators=1, max_iter=1).fit(X, np.asarray(y.astype(str), dtype=float))


def test_one_class_is_a_warning():
    """Also where it is the only one with a weight; the model says it for every row. Not for a stream or a regressor."""
    for labels, weight, label in (
        (np.full(150, "yes"), None, "yes"),
        (np.zeros(150), np.arange(150.0), 0.0),
        (np.where(y == 2, "yes", "no"), (y == 2).astype(float), "yes"),
    ):
        with pytest.warns(UserWarning, match=f"y holds a single class, {label!r}") as caught:
            model = ANNClassifier((2,), n_estimators=2, max_iter=2, random_state=0).fit(X, labels, weight)
        assert caught[0].filename == __file__
        assert set(model.predict(X)) == {label}
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "y holds a single class")
        ANNClassifier((2,)).partial_fit(X, np.zeros(150, int), classes=[0, 1])
        ANNRegressor((2,), n_estimators=1, max_iter=1).fit(X, np.zeros(150))
        ANNClassifier((2,), n_estimators=1, max_iter=1).fit(X, np.column_stack([y > 0, y > -1]).astype(int))
