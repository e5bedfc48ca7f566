"""Predictions block by block: those of all rows at once, wherever they are written."""

import numpy as np
import pandas as pd
import pytest

from skann import ANNClassifier
from skann.data import from_arrays, from_parquet, predict_to
from tests.blocks.tables import COLUMNS, mixed, write

TABLE = mixed(400)
MODEL = ANNClassifier(n_estimators=1, max_iter=2, random_state=0).fit(TABLE[COLUMNS], TABLE["class"])


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return from_parquet(write(TABLE, tmp_path_factory.mktemp("table")), COLUMNS)


def test_into_an_array_and_a_memory_map(table, tmp_path):
    expected = MODEL.predict_proba(TABLE[COLUMNS])
    np.testing.assert_allclose(predict_to(MODEL, table, np.empty((400, 2)), "predict_proba"), expected, rtol=1e-4)
    mapped = np.memmap(tmp_path / "proba", np.float64, "w+", shape=(400, 2))
    predict_to(MODEL, table, mapped, "predict_proba")
    found = np.memmap(tmp_path / "proba", np.float64, "r", shape=(400, 2))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_into_a_parquet_file(table, tmp_path):
    predict_to(MODEL, table, tmp_path / "labels.parquet")
    assert pd.read_parquet(tmp_path / "labels.parquet")["prediction"].tolist() == MODEL.predict(TABLE[COLUMNS]).tolist()
    predict_to(MODEL, table, tmp_path / "proba.parquet", "predict_proba")
    found = pd.read_parquet(tmp_path / "proba.parquet")
    assert found.columns.tolist() == ["prediction_no", "prediction_yes"]
    np.testing.assert_allclose(found, MODEL.predict_proba(TABLE[COLUMNS]), rtol=1e-4)


def test_a_failure_leaves_the_file_that_was_there(table, tmp_path):
    path = tmp_path / "labels.parquet"
    predict_to(MODEL, table, path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="features"):
        predict_to(MODEL, from_arrays(np.zeros((5, 2))), path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["labels.parquet"]


def test_an_array_of_another_length_is_refused(table):
    with pytest.raises(ValueError, match="out must have 400 rows"):
        predict_to(MODEL, table, np.empty(3))
