"""Categorical columns: levels and what they become, against scikit-learn's encoders."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from skann.encoding import TabularEncoder
from tests.encoding.tables import NAN, column, encode, mixed_table


def test_two_levels():
    np.testing.assert_array_equal(column(["b", "a", "b", "b"]), [[1], [-1], [1], [1]])
    encoder = TabularEncoder().fit([["b"], ["a"]])
    np.testing.assert_array_equal(encoder.transform([["new"], [None], ["a"]]), [[0], [0], [-1]])


def test_one_hot_as_scikit_learn():
    X = np.random.default_rng(0).choice(list("abcdefg"), (100, 3)).astype(object)
    X[:50, 1] = "q"
    new = np.append(X, [["new", "q", "z"]], axis=0)
    theirs = OneHotEncoder(handle_unknown="ignore", sparse_output=False, drop="if_binary").fit(X)
    ours = TabularEncoder().fit(X)
    np.testing.assert_array_equal(ours.transform(new), theirs.set_params(drop=None).transform(new))
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()


@pytest.mark.parametrize("weighted", [False, True])
def test_infrequent_as_scikit_learn(weighted):
    rng = np.random.default_rng(0)
    X = rng.permutation(["a"] * 3 + ["b"] * 9 + ["c"] * 5 + ["d"] * 2 + ["e"] * 7 + ["f"])[:, None].astype(object)
    weight = rng.integers(0, 5, len(X)) if weighted else np.ones(len(X), int)
    repeated = np.repeat(X, weight, axis=0)
    theirs = OneHotEncoder(max_categories=3, handle_unknown="infrequent_if_exist", sparse_output=False).fit(repeated)
    ours = TabularEncoder(max_one_hot_levels=3, high_cardinality="infrequent").fit(X, sample_weight=weight)
    new = [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["new"]]
    np.testing.assert_array_equal(ours.transform(new), theirs.transform(np.array(new, object)))
    np.testing.assert_array_equal(ours.transform([[None]]), [[0, 0, 0]])
    assert [name.split("_")[1] for name in theirs.get_feature_names_out()] == [
        name.split("_")[1] for name in ours.get_feature_names_out()
    ]


def test_infrequent_ties_go_to_the_first_in_order():
    encoder = TabularEncoder(max_one_hot_levels=3, high_cardinality="infrequent").fit([["d"], ["c"], ["b"], ["a"]])
    assert encoder.get_feature_names_out().tolist() == ["x0_a", "x0_b", "x0_infrequent"]
    assert encoder.embedded_features_ == []


@pytest.mark.parametrize("kind", ["strings", "integers"])
def test_high_cardinality(kind):
    values = np.random.default_rng(0).permutation(np.repeat(np.arange(10_000), 2))
    if kind == "strings":
        values = values.astype(str).astype(object)
    X = np.column_stack([values, np.roll(values, 1)])
    encoder = TabularEncoder(categorical_features=[0, 1]).fit(X)
    ordinal = OrdinalEncoder().fit(X)
    np.testing.assert_array_equal(encoder.transform(X), ordinal.transform(X) + 1)
    assert encoder.embedded_features_ == [(0, 10_000), (1, 10_000)]
    unseen = np.array([["new", None]] if kind == "strings" else [[-1.0, NAN]], dtype=object)
    np.testing.assert_array_equal(encoder.transform(unseen), [[0, 0]])
    assert len(pickle.dumps(encoder)) < 600_000


def test_threshold():
    values = list("abcdefgh")
    assert column(values).shape == (8, 8)
    assert column([*values, "i"]).shape == (9, 1)
    assert column(values, max_one_hot_levels=7).shape == (8, 1)
    assert column(list("ab"), max_one_hot_levels=2).shape == (2, 1)


@pytest.mark.parametrize("levels, n_columns", [(1, 0), (2, 1), (3, 3), (9, 1)])
def test_missing_categories_have_an_indicator_unseen_ones_do_not(levels, n_columns):
    X = np.array([[f"level {i}"] for i in range(levels)] + [[None]], object)
    encoder = TabularEncoder().fit(X)
    encoded = encoder.transform(np.append(X, [["new"]], axis=0))
    assert encoder.get_feature_names_out()[0] == "missingindicator_x0"
    np.testing.assert_array_equal(encoded[:, 0], [0] * levels + [1, 0])
    np.testing.assert_array_equal(encoded[-2:, 1:], np.zeros((2, n_columns)))
    np.testing.assert_array_equal(encoded[:levels, 1:], encode(X[:-1]))


def test_levels_are_those_of_the_data():
    """Not the categories of the dtype, nor their order."""
    few = pd.Categorical(["b", "c", "b"], categories=["c", "d", "b"], ordered=True)
    encoder = TabularEncoder().fit(pd.DataFrame({"few": few, "number": 1}))
    assert encoder.levels_[0].tolist() == ["b", "c"]
    assert encoder.levels_[1] is None


def test_the_categories_of_a_dtype_may_change():
    X = mixed_table()
    encoder = TabularEncoder().fit(X)
    other = X.assign(few=X["few"].cat.set_categories(["zz", *"dcba"]), many=X["many"].astype("category"))
    np.testing.assert_array_equal(encoder.transform(other), encoder.transform(X))
    few = [name.startswith(("few_a", "few_b", "few_c", "few_d")) for name in encoder.get_feature_names_out()]
    np.testing.assert_array_equal(encoder.transform(X.assign(few="new"))[:, few], np.zeros((len(X), 4)))


def test_numbers_as_categories():
    """As indices, name, mask: numbers are levels, NaN is missing, and 1 is 1.0 and True."""
    X = pd.DataFrame({"a": [3, 1, 2, 1], "b": [1.0, NAN, 2.5, 1.0], "c": [1.0, 2.0, 3.0, 5.0]})
    encoder = TabularEncoder(categorical_features=["a", "b"]).fit(X)
    assert encoder.get_feature_names_out().tolist() == ["c", "missingindicator_b", "a_1", "a_2", "a_3", "b_2.5"]
    np.testing.assert_array_equal(encoder.transform(X)[:, 1:], [[0, 0, 0, 1, -1], [1, 1, 0, 0, 0], [0, 0, 1, 0, 1],
                                                                [0, 1, 0, 0, -1]])  # fmt: skip
    for other in (X.astype({"a": float}), X.astype({"a": "category"}), X.astype({"a": "Int64"}), X.astype(object)):
        np.testing.assert_array_equal(encoder.transform(other), encoder.transform(X))
    np.testing.assert_array_equal(encoder.transform(X.astype({"a": str})), encoder.transform(X))


def test_64_bit_numbers_stay_different():
    X = pd.DataFrame({"id": [2**62, 2**62 + 1, 2**62 + 2], "constant": 1.0})
    np.testing.assert_array_equal(encode(X, categorical_features=["id"]), np.eye(3))
