"""Parquet files as tables of blocks: the rows that pandas reads, and errors that name file and column."""

import builtins

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pytest
from pyarrow.parquet import ParquetFile, write_table

from skann import ANNClassifier
from skann.data import from_parquet
from tests.blocks.tables import COLUMNS, mixed, write

TABLE = mixed(500)


@pytest.mark.parametrize("kind", ["folder", "file", "dataset"])
def test_the_rows_are_those_that_pandas_reads(tmp_path, kind):
    folder = write(TABLE, tmp_path / "table", n_files=1 if kind == "file" else 3)
    path = {"folder": folder, "file": folder / "part0.parquet", "dataset": None}[kind]
    path = pyarrow.dataset.dataset(folder) if path is None else path
    table = from_parquet(path, COLUMNS, "class", "weight")
    assert table.shape == (500, 5)
    blocks = list(table)
    assert [block.first for block in blocks] == np.cumsum([0, *(len(block.X) for block in blocks[:-1])]).tolist()
    X = pd.concat([block.X.astype({"c": object, "d": object}) for block in blocks], ignore_index=True)
    for name in COLUMNS:
        assert X[name].isna().tolist() == TABLE[name].isna().tolist()
        assert X[name].dropna().tolist() == TABLE[name].dropna().tolist()
    assert [label for block in blocks for label in block.y] == TABLE["class"].tolist()
    np.testing.assert_array_equal(np.concatenate([block.weight for block in blocks]), TABLE["weight"])


def test_all_columns_but_target_and_weight_are_those_of_x(tmp_path):
    """Nor is the index one, which pandas writes beside them unless it is a range."""
    write(TABLE, tmp_path)
    TABLE.iloc[::2].to_parquet(tmp_path / "z.parquet", index=True)
    assert from_parquet(tmp_path, target="class", weight="weight").columns == [*COLUMNS, "value"]
    assert from_parquet(tmp_path / "z.parquet", target="class", weight="weight").columns == [*COLUMNS, "value"]


def test_types_of_arrow_become_those_of_numpy(tmp_path):
    columns = {
        "flag": pa.array([True, None, False]),
        "price": pa.array([1, 2, None], pa.decimal128(5, 2)),
        "nothing": pa.nulls(3),
        "whole": pa.array([1, None, 3]),
        "text": pa.array(["a", None, "b"], pa.large_string()),
        "code": pa.array(["a", None, "b"]).dictionary_encode(),
        "day": pa.array([0, 1, None], pa.date32()),
    }
    write_table(pa.table(columns), tmp_path / "x.parquet")
    (block,) = from_parquet(tmp_path / "x.parquet")
    kinds = {name: dtype.kind for name, dtype in block.X.dtypes.items()}
    assert kinds == {"flag": "f", "price": "f", "nothing": "f", "whole": "f", "text": "O", "code": "O", "day": "M"}
    assert block.X["text"].cat.categories.tolist() == ["a", "b"]


def test_a_column_that_the_third_file_lacks_is_named(tmp_path):
    write(TABLE, tmp_path)
    TABLE.drop(columns="d").iloc[:10].to_parquet(tmp_path / "part2.parquet")
    with pytest.raises(ValueError, match=r"part2.parquet: there is no column 'd'"):
        from_parquet(tmp_path, COLUMNS, "class")


def test_a_file_that_is_cut_is_named(tmp_path):
    write(TABLE, tmp_path)
    path = tmp_path / "part1.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"part1.parquet: is no Parquet file, or is cut"):
        from_parquet(tmp_path, COLUMNS, "class")


@pytest.mark.parametrize("when", ["at first", "while it trains"])
def test_a_block_that_fails_to_read_is_named_and_the_estimator_is_as_it_was(tmp_path, when, monkeypatch):
    write(TABLE, tmp_path)
    table = from_parquet(tmp_path, COLUMNS, "class")
    model = ANNClassifier(n_estimators=1, max_iter=2, random_state=0).fit(table)
    before = model.predict_proba(TABLE[COLUMNS])
    if when == "at first":
        overwrite_column(tmp_path / "part1.parquet", "d")
    else:
        n_read = iter(range(10**6))
        read = type(table).read

        def then_broken(self, piece):
            if next(n_read) == table.n_pieces:
                overwrite_column(tmp_path / "part1.parquet", "d")
            yield from read(self, piece)

        monkeypatch.setattr(type(table), "read", then_broken)
    with pytest.raises(OSError, match=r"part1.parquet: column 'd' of row group \d can't be read"):
        model.fit(table)
    np.testing.assert_array_equal(model.predict_proba(TABLE[COLUMNS]), before)


def overwrite_column(path, name):
    """Put noise in the place of a column's pages, in all row groups; the footer stays."""
    data = bytearray(path.read_bytes())
    metadata = ParquetFile(path).metadata
    for group in range(metadata.num_row_groups):
        of_group = metadata.row_group(group)
        columns = [of_group.column(i) for i in range(of_group.num_columns)]
        column = next(each for each in columns if each.path_in_schema == name)
        start = column.dictionary_page_offset or column.data_page_offset
        data[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(data)


@pytest.mark.parametrize("name, message", [("nowhere", "no file or folder"), (".", "no file with the ending .parquet")])
def test_a_path_without_files_is_named(tmp_path, name, message):
    with pytest.raises((ValueError, OSError), match=message):
        from_parquet(tmp_path / name)


def test_a_missing_package_says_what_to_install(tmp_path, monkeypatch):
    own = builtins.__import__

    def without_pyarrow(name, *args, **kwargs):
        if name.startswith("pyarrow"):
            raise ImportError(name="pyarrow")
        return own(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    with pytest.raises(ImportError, match=r"pyarrow is missing: pip install skann\[data\]"):
        from_parquet(tmp_path)
