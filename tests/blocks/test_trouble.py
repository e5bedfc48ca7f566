"""What may be wrong with files and arrays: each is an error that names file and column, or it works."""

import os
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pytest
from pyarrow.parquet import write_table

from skann import ANNClassifier, ANNRegressor
from skann.data import Block, BlockTable, from_arrays, from_parquet, predict_to
from tests.blocks.tables import COLUMNS, mixed, write

TABLE = mixed(300)
PART = TABLE.iloc[100:200]  # the rows of the second of three files
SHORT = {"hidden_layer_sizes": (4,), "n_estimators": 1, "max_iter": 1, "random_state": 0}
X = np.random.default_rng(0).normal(size=(300, 3))


def opened(folder):
    return from_parquet(folder, COLUMNS, "class", "weight")


# ------------------------------------------------------------------------------------------- files and folders


@pytest.mark.parametrize(
    "part, message",
    [
        (PART.assign(b=PART["b"].astype(str)), "column 'b' holds strings, but .*part0.parquet has numbers"),
        (PART.assign(d=7), "column 'd' holds numbers, but .*part0.parquet has strings"),
        (PART.assign(d=True), "column 'd' holds numbers, but .* has strings"),
        (PART.assign(a=pd.Timestamp("2000-01-01")), "column 'a' holds dates, but .* has numbers"),
        (PART.assign(a=[[1.0]] * 100), "column 'a' holds list<.*>, but .* has numbers"),
        (PART.assign(**{"class": 1}), "column 'class' holds numbers, but .* has strings"),
        (PART.assign(weight="heavy"), "column 'weight' holds strings, but weights are numbers"),
        (PART.drop(columns="class"), "there is no column 'class'"),
        (PART.rename(columns={"d": "D"}), "there is no column 'd'; .* Did you mean 'D'"),
        (b"", "is no Parquet file, or is cut: .* 0 bytes"),
        (b"a,b\n1,2\n" * 10, "is no Parquet file, or is cut"),
    ],
)
def test_a_second_file_that_does_not_go_with_the_first(part, message, tmp_path):
    path = write(TABLE, tmp_path) / "part1.parquet"
    path.write_bytes(part) if isinstance(part, bytes) else part.to_parquet(path)
    with pytest.raises(ValueError, match=f"part1.parquet: {message}"):
        opened(tmp_path)


def test_a_weight_that_is_no_number(tmp_path):
    with pytest.raises(ValueError, match=r"part0.parquet: column 'd' holds strings, but weights are numbers"):
        from_parquet(write(TABLE, tmp_path), ["a"], "class", "d")


@pytest.mark.parametrize(
    "part",
    [
        PART.iloc[:0],
        PART.assign(b=PART["b"].astype(np.float32)),
        PART.assign(d=PART["d"].astype("category")),
        PART.assign(c=None),
        PART[PART.columns[::-1]],
    ],
    ids=["no rows", "another float", "categories", "all missing", "another order"],
)
def test_a_second_file_that_goes_with_the_first(part, tmp_path):
    part.to_parquet(write(TABLE, tmp_path) / "part1.parquet")
    model = ANNClassifier(**SHORT).fit(opened(tmp_path))
    assert model.predict(opened(tmp_path)).shape == (200 + len(part),)


def test_a_first_file_without_rows(tmp_path):
    PART.iloc[:0].to_parquet(write(TABLE, tmp_path) / "part0.parquet")
    assert ANNClassifier(**SHORT).fit(opened(tmp_path)).predict(opened(tmp_path)).shape == (200,)


CHANGES = {
    "gone": (None, FileNotFoundError, "part1.parquet"),
    "fewer rows": (PART.iloc[:50], ValueError, r"part1.parquet: the file has changed: it has 50 rows .*, and had 100"),
    "more rows": (TABLE, ValueError, r"part1.parquet: the file has changed: it has 130 rows .*, and had 100"),
    "fewer columns": (PART.drop(columns="d"), ValueError, r"part1.parquet: there is no column 'd'"),
    "other values": (PART.assign(a=PART["a"] + 1), ValueError, r"part1.parquet: the file has changed: row group 0"),
    "other labels": (PART.assign(**{"class": "new"}), ValueError, r"part1.parquet: the file has changed: row group 0"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_a_network_learns_from_it(change, tmp_path, monkeypatch):
    """After the first pass; the estimator is as it was."""
    part, error, message = CHANGES[change]
    table, path = opened(write(TABLE, tmp_path)), tmp_path / "part1.parquet"
    model = ANNClassifier(**SHORT).fit(table)
    before, n_read, read = model.predict_proba(TABLE[COLUMNS]), iter(range(10**6)), type(table).read

    def then_changed(self, piece):
        if next(n_read) == table.n_pieces + 1:
            path.unlink() if part is None else part.to_parquet(path, row_group_size=130)
        yield from read(self, piece)

    monkeypatch.setattr(type(table), "read", then_changed)
    with pytest.raises(error, match=message):
        model.fit(table)
    np.testing.assert_array_equal(model.predict_proba(TABLE[COLUMNS]), before)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the owner of all may read all")
def test_a_file_that_may_not_be_read(tmp_path):
    (write(TABLE, tmp_path) / "part1.parquet").chmod(0)
    with pytest.raises(PermissionError, match=r"part1.parquet"):
        opened(tmp_path)


@pytest.mark.parametrize("n_rows", [0, 1, 2])
def test_few_rows(n_rows, tmp_path):
    TABLE.iloc[:n_rows].to_parquet(tmp_path / "x.parquet")
    if n_rows == 0:
        with pytest.raises(ValueError, match="there are no rows"):
            from_parquet(tmp_path, COLUMNS, "value")
        return
    table = from_parquet(tmp_path, COLUMNS, "value")
    np.testing.assert_allclose(ANNRegressor(**SHORT).fit(table).predict(table), TABLE["value"][:n_rows], atol=3)


@pytest.mark.parametrize("as_dataset", [False, True])
@pytest.mark.parametrize("names", [["b"], ["c"], ["class"], ["c", "b"]], ids=str)
def test_columns_in_the_names_of_folders(names, as_dataset, tmp_path):
    """The rows are those that were written, levels and missing values too; no two have the same a."""
    TABLE.to_parquet(tmp_path, partition_cols=names)
    path = pyarrow.dataset.dataset(tmp_path, partitioning="hive") if as_dataset else tmp_path
    table = from_parquet(path, COLUMNS, "class")
    expected = TABLE.set_index("a").loc[np.concatenate([block.X["a"] for block in table])]
    for name in ("b", "c"):
        found = pd.concat([block.X[name].astype(object) for block in table])
        assert found.isna().tolist() == expected[name].isna().tolist()
        assert found.dropna().tolist() == expected[name].dropna().tolist()
    assert [label for block in table for label in block.y] == expected["class"].tolist()
    assert ANNClassifier(**SHORT).fit(table).predict(table).shape == (300,)
    assert set(from_parquet(path, target="class").columns) == {*COLUMNS, "value", "weight"}


def test_folders_above_the_table_are_no_columns(tmp_path):
    folder = write(TABLE[["a", "class"]], tmp_path / "run=3")
    as_list = [folder / "part0.parquet", folder / "part1.parquet"]
    for path in (folder, folder / "part0.parquet", as_list, pyarrow.dataset.dataset(folder)):
        assert from_parquet(path, target="class").columns == ["a"]


def test_unfinished_files_are_not_read(tmp_path):
    write(TABLE, tmp_path)
    write(TABLE, tmp_path / "_temporary")
    TABLE.to_parquet(tmp_path / ".part0.parquet")
    assert len(from_parquet(tmp_path)) == len(pd.read_parquet(tmp_path)) == 300


def test_a_filter_of_a_dataset_is_refused(tmp_path):
    dataset = pyarrow.dataset.dataset(write(TABLE, tmp_path)).filter(pyarrow.dataset.field("a") > 0)
    with pytest.raises(ValueError, match="dataset with a filter"):
        from_parquet(dataset)


@pytest.mark.parametrize("name", ["a", "y"])
def test_two_columns_of_one_name(name, tmp_path):
    write_table(pa.Table.from_arrays([pa.array([1.0, 2.0])] * 3, ["a", "y", name]), tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match=f"rows.parquet: there are 2 columns called '{name}'"):
        from_parquet(tmp_path / "rows.parquet", target="y")


def test_several_paths_are_one_table(tmp_path):
    write(TABLE, tmp_path)
    paths = [tmp_path / "part2.parquet", str(tmp_path / "part0.parquet")]
    found = np.concatenate([block.X["a"] for block in from_parquet(paths, "a")])
    np.testing.assert_array_equal(found, np.concatenate([TABLE["a"][200:], TABLE["a"][:100]]))


@pytest.mark.parametrize(
    "columns, target, error",
    [
        (["a", "nope"], "class", r"part0.parquet: there is no column 'nope'"),
        (["a"], "clas", r"there is no column 'clas'; .* Did you mean 'class'"),
        ([0, 1], "class", r"columns must be the name of a column or a list of names, got \[0, 1\]"),
        (["a", "class"], "class", r"Column 'class' is named twice"),
        (["a", "a"], "class", r"Column 'a' is named twice"),
        (["a"], ["b", "b"], r"Column 'b' is named twice"),
        (["a"], 3, r"target must be the name of a column or a list of names, got 3"),
        ([], "class", r"there are no columns"),
        (["a"], [], r"no target"),
    ],
)
def test_columns_that_are_not_there_or_twice(columns, target, error, tmp_path):
    with pytest.raises((ValueError, TypeError), match=error):
        ANNClassifier(**SHORT).fit(from_parquet(write(TABLE, tmp_path), columns, target))


@pytest.mark.parametrize(
    "weight, error",
    [
        ("value", r"Column 'value' is named twice"),
        ("a", r"Column 'a' is named twice"),
        (["weight", "b"], r"weight must be one column, got \['weight', 'b'\]"),
        (0, r"weight must be the name of a column or a list of names, got 0"),
    ],
)
def test_weights_that_are_no_column_of_their_own(weight, error, tmp_path):
    with pytest.raises((ValueError, TypeError), match=error):
        from_parquet(write(TABLE, tmp_path), ["a"], "value", weight)


@pytest.mark.parametrize(
    "path", [None, [], 3, iter(["x"]), [None]], ids=["none", "empty", "number", "generator", "list"]
)
def test_paths_that_are_none(path):
    with pytest.raises(TypeError, match="path must be that of a file or folder, a list of these or a dataset, got"):
        from_parquet(path)


def test_targets_of_booleans_are_booleans(tmp_path):
    TABLE.assign(flag=TABLE["a"] > 0).to_parquet(tmp_path / "x.parquet")
    model = ANNClassifier(**SHORT).fit(from_parquet(tmp_path, COLUMNS, "flag"))
    assert model.classes_.tolist() == [False, True]
    table = from_parquet(tmp_path, ["flag", "a"], "value")  # as a column they are numbers, as ever
    assert ANNRegressor(**SHORT).fit(table).encoder_.get_feature_names_out().tolist() == ["flag", "a"]
    values = ANNRegressor(**SHORT).fit(from_parquet(tmp_path, COLUMNS, "flag")).predict(TABLE[COLUMNS])
    as_numbers = ANNRegressor(**SHORT).fit(opened_again(tmp_path)).predict(TABLE[COLUMNS])
    np.testing.assert_array_equal(values, as_numbers)


def opened_again(folder):
    """The table of booleans with these as numbers."""
    pd.read_parquet(folder).astype({"flag": int}).to_parquet(folder / "x.parquet")
    return from_parquet(folder, COLUMNS, "flag")


# ------------------------------------------------------------------------------------------- types of arrow


TYPES = {
    "decimal": (pa.array([Decimal(i) / 4 for i in range(300)], pa.decimal128(10, 2)), None),
    "bool": (pa.array([True, False, None] * 100), None),
    "dictionary of strings": (pa.array(["u", "v", None] * 100).dictionary_encode(), None),
    "dictionary of numbers": (pa.array([7, 8, 9] * 100).dictionary_encode(), None),
    "half": (pa.array(np.arange(300).astype(np.float16)), None),
    "unsigned": (pa.array(np.arange(300).astype(np.uint64) * 2**54), None),
    "nothing": (pa.nulls(300), None),
    "time": (pa.array(range(300), pa.time64("us")), "dates, times or durations"),
    "duration": (pa.array(range(300), pa.duration("s")), "dates, times or durations"),
    "with a zone": (pa.array(range(300), pa.timestamp("s", "UTC")), "dates, times or durations"),
    "bytes": (pa.array([b"x", b"y"] * 150), "holds bytes objects"),
    "list": (pa.array([[1, 2]] * 300), "holds ndarray objects"),
    "struct": (pa.array([{"u": 1}] * 300), "holds dict objects"),
    "map": (pa.array([[("k", 1)]] * 300, pa.map_(pa.string(), pa.int64())), "holds list objects"),
    "infinite": (pa.array([1.0, np.inf] * 150), "holds an infinite value"),
}


@pytest.mark.parametrize("kind", TYPES)
def test_types_of_arrow(kind, tmp_path):
    column, message = TYPES[kind]
    write_table(pa.table({"a": X[:, 0], "odd": column, "y": X[:, 1]}), tmp_path / "x.parquet")
    table = from_parquet(tmp_path, target="y")
    if message is None:
        assert np.isfinite(ANNRegressor(**SHORT).fit(table).predict(table)).all()
        return
    with pytest.raises((ValueError, TypeError), match=rf"x.parquet, rows 0 to 299: Column 'odd' .*{message}|{message}"):
        ANNRegressor(**SHORT).fit(table)


@pytest.mark.parametrize("value, Estimator", [("value", ANNRegressor), ("class", ANNClassifier)])
def test_a_missing_target(value, Estimator, tmp_path):
    part = PART.copy()
    part.iloc[5, part.columns.get_loc(value)] = None
    part.to_parquet(write(TABLE, tmp_path) / "part1.parquet")
    with pytest.raises(
        ValueError, match=r"part1.parquet, rows 100 to 199: .*y contains missing values in 1 of 100 rows"
    ):
        Estimator(**SHORT).fit(from_parquet(tmp_path, COLUMNS, value))


# ------------------------------------------------------------------------------------------- arrays


@pytest.mark.parametrize("dtype", ["f2", ">f8", ">i2", "?", "U5", "S5"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_maps_that_work(dtype, order, tmp_path):
    values = np.sign(X).astype(dtype)
    mapped = np.memmap(tmp_path / "X", values.dtype, "w+", shape=values.shape, order=order)
    mapped[:] = values
    model = ANNRegressor(**SHORT)
    found = model.fit(from_arrays(mapped, X[:, 0])).predict(from_arrays(mapped))
    np.testing.assert_array_equal(found, model.fit(from_arrays(values, X[:, 0])).predict(values))


@pytest.mark.parametrize(
    "arrays, message",
    [
        ((X.astype(complex), X[:, 0]), "X holds complex128"),
        ((np.zeros((300, 2), [("u", "f4")]), X[:, 0]), "X holds records"),
        ((X[:, 0], X[:, 0]), "X must have rows and columns"),
        ((X.reshape(100, 3, 3), X[:100, 0]), "X must have rows and columns"),
        ((X, X[1:, 0]), r"y must have an entry for each of the 300 rows of X, got shape \(299,\)"),
        ((X, np.array(3.0)), r"y must have an entry for each .* got shape \(\)"),
        ((X, X[:, :, None]), "y must have one or two dimensions"),
        ((X, X[:, 0], X), "weight must be a 1D array"),
        ((X, np.array(["a", 1] * 150, dtype=object)), "y .*'a'"),
        ((X.tolist(), X[:, 0]), "X must be an array"),
        ((pd.DataFrame(X), X[:, 0]), "X must be an array"),
    ],
)
def test_arrays_that_do_not(arrays, message):
    with pytest.raises((ValueError, TypeError), match=message):
        ANNRegressor(**SHORT).fit(from_arrays(*arrays))


def test_labels_of_several_kinds(monkeypatch):
    monkeypatch.setattr("skann.fitting.block_table.PIECE_ROWS", 100)
    y = np.array(["a", "b"] * 50 + [1, 2] * 100, dtype=object)
    with pytest.raises(TypeError, match="y holds labels of several kinds, such as 'a' and 1"):
        ANNClassifier(**SHORT).fit(from_arrays(X, y))


@pytest.mark.parametrize(
    "out, method, message",
    [
        (np.empty((300, 3)), "predict_proba", r"out, float64 of shape \(300, 3\), can't hold .* of shape \(300, 2\)"),
        (np.empty(300), "predict", r"out, float64 of shape \(300,\), can't hold the predictions, object"),
        (np.empty(299), "predict", "out must have 300 rows"),
    ],
)
def test_predictions_that_do_not_fit(out, method, message, tmp_path):
    table = opened(write(TABLE, tmp_path))
    model = ANNClassifier(**SHORT).fit(table)
    with pytest.raises(ValueError, match=message):
        predict_to(model, table, out, method)
    PART.assign(a=np.inf).to_parquet(tmp_path / "part1.parquet")
    table = opened(tmp_path)
    for predict in (model.predict, lambda table: predict_to(model, table, np.empty(300, object))):
        with pytest.raises(ValueError, match=r"part1.parquet, rows 100 to 199: .*Column 'a' holds an infinite value"):
            predict(table)
    with pytest.raises(FileNotFoundError, match=r"out='.*nowhere/x.parquet': there is no folder '.*nowhere'"):
        predict_to(model, opened(tmp_path), tmp_path / "nowhere" / "x.parquet")
    with pytest.raises(TypeError, match="must be one of from_parquet or from_arrays, got DataFrame"):
        predict_to(model, TABLE, np.empty(300))


@pytest.mark.parametrize(
    "values, dtype",
    [(TABLE["value"], np.int64), (TABLE["value"], bool), (TABLE["class"], "U2"), (TABLE["b"] * 70, "i1")],
)
def test_an_array_that_would_change_predictions_is_left_as_it_is(values, dtype):
    Estimator = ANNRegressor if values.dtype.kind == "f" else ANNClassifier
    model, out = Estimator(**SHORT).fit(X, values.to_numpy()), np.ones(300, dtype)
    model.predict = lambda X: values.to_numpy()[: len(X)]
    with pytest.raises(ValueError, match=r"out, .* of shape \(300,\), can't hold the predictions, "):
        predict_to(model, from_arrays(X), out)
    assert (out == np.ones(300, dtype)).all()


def test_predictions_of_one_column_are_not_broadcast():
    model = ANNRegressor(**SHORT).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"out, float64 of shape \(300, 300\), can't hold .* of shape \(300,\)"):
        predict_to(model, from_arrays(X), np.empty((300, 300)))
    with pytest.raises(ValueError, match=r"out must have 300 rows, got shape \(\)"):
        predict_to(model, from_arrays(X), np.array(1.0))


def test_predictions_do_not_take_the_place_of_what_they_are_made_of(tmp_path, monkeypatch):
    table = opened(write(TABLE, tmp_path))
    model, path = ANNClassifier(**SHORT).fit(table), tmp_path / "part1.parquet"
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    for out in (path, "part1.parquet"):
        with pytest.raises(ValueError, match=r"part1.parquet' is a file of the table"):
            predict_to(model, table, out)
    with pytest.raises(IsADirectoryError, match="must be the path of a file"):
        predict_to(model, table, tmp_path)
    assert path.read_bytes() == before


def test_what_is_masked_is_missing(monkeypatch):
    monkeypatch.setattr("skann.fitting.block_table.PIECE_ROWS", 100)
    mask = np.abs(X) > 1.5
    mask[100:200] = False
    masked, missing = from_arrays(np.ma.masked_array(X, mask), X[:, 0]), np.where(mask, np.nan, X)
    model, expected = ANNRegressor(**SHORT).fit(masked), ANNRegressor(**SHORT).fit(from_arrays(missing, X[:, 0]))
    np.testing.assert_array_equal(model.predict(masked), expected.predict(missing))
    for y, weight, name in ((np.ma.masked_array(X[:, 0], mask[:, 0]), None, "y"), (X[:, 0], mask[:, 0], "weight")):
        weight = None if weight is None else np.ma.masked_array(np.ones(300), weight)
        with pytest.raises(ValueError, match=f"X, rows 0 to 99: .*{name} contains NaN"):
            ANNRegressor(**SHORT).fit(from_arrays(X, y, weight))


@pytest.mark.parametrize("Estimator, y", [(ANNRegressor, X[:, 0]), (ANNClassifier, X[:, 0] > 0)])
def test_a_table_of_which_all_rows_are_held_out(Estimator, y):
    with pytest.raises(ValueError, match="All 300 rows of the table are held out: lower validation_fraction"):
        Estimator(early_stopping=True, validation_fraction=0.9999, **SHORT).fit(from_arrays(X, y))


# ------------------------------------------------------------------------------------------- tables of one's own


class OwnTable(BlockTable):
    """Blocks as they are given, which may be wrong."""

    def __init__(self, blocks, **attributes):
        self.blocks, self.n_pieces, self.shape = blocks, len(blocks), (300, 5)
        self.has_target, self.has_weight = True, False
        vars(self).update(attributes)

    def read(self, piece):
        yield self.blocks[piece]


def own_blocks(**changes):
    """Three blocks of the table; the second one with these fields."""
    parts = [TABLE.iloc[first : first + 100].reset_index(drop=True) for first in (0, 100, 200)]
    blocks = [Block(100 * i, part[COLUMNS], part["value"].to_numpy(), None, f"part{i}") for i, part in enumerate(parts)]
    return [blocks[0], blocks[1]._replace(**changes), blocks[2]]


PART_X = own_blocks()[1].X
FAULTS = {
    "more rows": (own_blocks(), {"shape": (200, 5)}, "part2: there are more than the 200 rows that the table's shape"),
    "fewer rows": (own_blocks(), {"shape": (400, 5)}, "The blocks of the table have 300 rows, its shape says 400"),
    "no piece": ([], {}, "The blocks of the table have 0 rows, its shape says 300"),
    "other shape": (own_blocks(), {"shape": (300, 4)}, "part0: there are 5 columns in X, and 4 in the table's shape"),
    "order": (own_blocks()[::-1], {}, "part2: the block must begin at row 0 of the table, and says 200"),
    "number": (own_blocks(first=0), {}, "part1: the block must begin at row 100 of the table, and says 0"),
    "fewer columns": (own_blocks(X=PART_X[list("abcd")]), {}, "part1: there are 4 columns in X, and 5"),
    "order of columns": (own_blocks(X=PART_X[list("edcba")]), {}, r"part1: the columns of X are \['e', 'd', "),
    "names": (own_blocks(X=PART_X.rename(columns={"a": "z"})), {}, r"part1: the columns of X are \['z', 'b', "),
    "array": (own_blocks(X=PART_X.to_numpy()), {}, "part1: X is of type ndarray, and DataFrame in the first block"),
    "list": (own_blocks(X=[[1] * 5] * 100), {}, "part1: X must be a DataFrame or an array with .*, got list"),
    "no y": (own_blocks(y=None), {}, "part1: y is missing, unlike in the table"),
    "short y": (own_blocks(y=np.zeros(50)), {}, "part1: there are 100 rows in X and 50 in y"),
    "wide y": (own_blocks(y=np.zeros((100, 2))), {}, "part1: y has 2 columns, and 1 in the first block"),
    "weight": (own_blocks(weight=np.ones(100)), {}, "part1: weight is given, unlike in the table"),
    "tuple": ([tuple(each) for each in own_blocks()], {}, r"read of OwnTable must yield skann.data.Block, got tuple"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_table_of_ones_own_with_a_fault(fault):
    blocks, attributes, message = FAULTS[fault]
    table = OwnTable(blocks, **attributes)
    model = ANNRegressor(**SHORT).fit(OwnTable(own_blocks()))
    expected = model.predict(TABLE[COLUMNS])
    calls = model.fit, model.partial_fit, model.predict, lambda table: predict_to(model, table, np.empty(len(table)))
    for call in calls:
        with pytest.raises((ValueError, TypeError), match=message):
            call(table)
    np.testing.assert_array_equal(model.predict(TABLE[COLUMNS]), expected)


@pytest.mark.parametrize("source", ["map", "dask"])
@pytest.mark.parametrize(
    "y, message",
    [
        (["a", np.nan] * 150, "y contains missing values"),
        (["a", 1] * 150, "y holds labels of several kinds, such as 'a' and 1"),
        (np.ma.masked_array([0, 1] * 150, [True, False] * 150), "y contains missing values"),
    ],
)
def test_a_list_beside_a_table_is_read_as_one_beside_an_array(source, y, message, tmp_path, monkeypatch):
    """NumPy would make strings of all, and has no place for a mask in another array."""
    if source == "map":
        monkeypatch.setattr("skann.fitting.block_table.LARGE_MAP", 1)
        table = np.memmap(tmp_path / "X", np.float64, "w+", shape=X.shape)
        table[:] = X
    else:
        table = pytest.importorskip("dask.array").from_array(X, chunks=(100, 3))
    with pytest.raises((ValueError, TypeError), match=message):
        ANNClassifier(**SHORT).fit(table, y)
