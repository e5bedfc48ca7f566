"""An encoder that learns from blocks: that of all rows at once, but for quantiles of a sample."""

import numpy as np
import pandas as pd
import pytest

from skann import TabularEncoder
from skann.encoding import blocks
from skann.encoding.blocks import TableStatistics
from skann.encoding.output import encode_checked

rng = np.random.default_rng(0)
N = 300
X = pd.DataFrame(
    {
        "number": rng.normal(size=N),
        "gaps": np.where(rng.random(N) < 0.1, np.nan, rng.exponential(size=N)),
        "constant": 1.0,
        "rare": np.arange(N) == 299,
        "few": pd.Categorical(rng.choice(["a", "b", "c"], N)),
        "many": pd.Categorical(np.where(rng.random(N) < 0.2, None, rng.choice([f"l{i}" for i in range(20)], N))),
        "codes": rng.integers(0, 4, N),
    }
)
WEIGHT = rng.integers(1, 4, N).astype(float)


def learnt(encoder, sample, weight=None):
    encoder.n_features_in_, encoder.feature_names_in_ = X.shape[1], np.array(X.columns, dtype=object)
    statistics = TableStatistics(encoder)
    for start in range(0, N, 70):
        block = X.iloc[start : start + 70].copy()
        for name in ("few", "many"):  # blocks have the categories that occur in them, in any order
            block[name] = block[name].cat.remove_unused_categories()
        statistics.add(block, None, None if weight is None else weight[start : start + 70])
    return statistics.fitted(X, sample, weight if weight is None or sample is None else weight[sample])


@pytest.mark.parametrize("high_cardinality", ["embed", "infrequent"])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weights"])
def test_with_all_rows_as_the_sample_it_is_the_encoder_of_all_rows(high_cardinality, weight):
    options = {"categorical_features": ["few", "many", "codes"], "high_cardinality": high_cardinality}
    found, expected = learnt(TabularEncoder(**options), None, weight), TabularEncoder(**options).fit(X, None, weight)
    np.testing.assert_array_equal(encode_checked(found, X), expected.transform(X))
    assert found.get_feature_names_out().tolist() == expected.get_feature_names_out().tolist()
    assert found.embedded_features_ == expected.embedded_features_


def test_with_a_sample_levels_and_gaps_are_exact_and_quantiles_those_of_the_sample():
    sample = np.arange(40)
    found, full = learnt(TabularEncoder(), sample), TabularEncoder().fit(X)
    for i in (4, 5):
        assert found.levels_[i].tolist() == full.levels_[i].tolist()
    assert found.get_feature_names_out().tolist() == full.get_feature_names_out().tolist()
    assert found.center_[0] == np.quantile(X["number"][:40], 0.5, method="inverted_cdf")


def test_a_column_that_is_constant_in_the_sample_only_has_its_range_as_scale():
    found = learnt(TabularEncoder(), np.arange(40))
    place = found.get_feature_names_out().tolist().index("rare")
    assert (found.center_[place], found.scale_[place]) == (0, 1)


def test_a_column_of_names_is_refused(monkeypatch):
    monkeypatch.setattr(blocks, "MOST_LEVELS", 10)
    with pytest.raises(ValueError, match="Column 'many' holds more than 10 different levels"):
        learnt(TabularEncoder(), None)
