"""Dates, times and durations: what pandas and Python say of the same moments, whatever the table is made of."""

import datetime
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann.encoding.dates import from_array, part_names, parts

rng = np.random.default_rng(0)
N = 80
SECONDS = rng.integers(-2_000_000_000, 2_000_000_000, N) + rng.integers(0, 1_000_000, N) / 1e6
MOMENTS = pd.Series(pd.to_datetime(np.round(SECONDS * 1e6).astype("int64"), unit="us")).astype("datetime64[us]")
WHEN = MOMENTS.mask(np.arange(N) % 7 == 3)
A = rng.normal(size=N)
FRAME = pd.DataFrame({"a": A, "when": WHEN, "c": ["x", "y"] * (N // 2)})


def encoder(**params):
    return TabularEncoder(dates="parts", **params)


def test_parts_are_those_of_pandas():
    found = dict(zip(part_names("date"), parts(from_array(MOMENTS.to_numpy()).seconds, "date"), strict=True))
    dt = MOMENTS.dt
    for name, expected in {
        "year": dt.year, "month": dt.month, "day_of_week": dt.dayofweek, "hour": dt.hour,
        "seconds": (MOMENTS - pd.Timestamp("1970-01-01")).dt.total_seconds(),
    }.items():  # fmt: skip
        np.testing.assert_allclose(found[name], expected, rtol=1e-12, err_msg=name)
    of_day = (MOMENTS - dt.normalize()) / pd.Timedelta(days=1)
    phases = {"day": of_day, "week": (dt.dayofweek + of_day) / 7}
    phases["year"] = (dt.dayofyear - 1 + of_day) / (365 + dt.is_leap_year)
    for cycle, phase in phases.items():
        np.testing.assert_allclose(found[f"{cycle}_sin"], np.sin(2 * np.pi * phase), atol=1e-6)
        np.testing.assert_allclose(found[f"{cycle}_cos"], np.cos(2 * np.pi * phase), atol=1e-6)


def test_output_is_that_of_the_parts_as_numbers():
    """The encoding of dates is the encoding of a table in which their parts stand in their place.

    But for the indicators of missing values: one for all parts of a column.
    """
    names = [f"when_{name}" for name in part_names("date")]
    by_hand = pd.DataFrame(dict(zip(names, parts(from_array(WHEN.to_numpy()).seconds, "date"), strict=True)))
    by_hand = pd.concat([FRAME[["a"]], by_hand, FRAME[["c"]]], axis=1)
    expected = TabularEncoder().set_output(transform="pandas").fit_transform(by_hand)
    found = encoder().set_output(transform="pandas").fit_transform(FRAME)
    expected = expected.rename(columns={"missingindicator_when_seconds": "missingindicator_when"})
    assert list(found) == [name for name in expected if not name.startswith("missingindicator_when_")]
    pd.testing.assert_frame_equal(found, expected[list(found)])
    np.testing.assert_array_equal(found["missingindicator_when"], WHEN.isna())


def python_dates(values):
    return [None if pd.isna(value) else value.to_pydatetime() for value in values]


ZONE = datetime.timezone(datetime.timedelta(hours=-5))
SAME = {
    "pandas ns": lambda: FRAME.assign(when=WHEN.astype("datetime64[ns]")),
    "pandas objects": lambda: FRAME.assign(when=pd.Series(python_dates(WHEN), dtype=object)),
    "zone": lambda: FRAME.assign(when=WHEN.dt.tz_localize(ZONE)),
    "objects with a zone": lambda: FRAME.assign(when=WHEN.dt.tz_localize(ZONE).astype(object)),
    "arrow": lambda: FRAME.assign(when=WHEN.astype("timestamp[us][pyarrow]")),
    "polars": lambda: pl.DataFrame({"a": A, "when": python_dates(WHEN), "c": FRAME["c"].tolist()}),
    "polars ms": lambda: SAME["polars"]().with_columns(pl.col("when").cast(pl.Datetime("ms"))),
    "polars zone": lambda: SAME["polars"]().with_columns(pl.col("when").dt.replace_time_zone("Asia/Tokyo")),
    "array": lambda: np.column_stack(
        [A.astype(object), np.array(python_dates(WHEN), object), FRAME["c"].astype(object)]
    ),
}


@pytest.mark.parametrize("kind", SAME)
def test_the_same_in_every_table(kind):
    if kind == "arrow":
        pytest.importorskip("pyarrow")
    X = SAME[kind]()
    expected, found = encoder().fit_transform(FRAME), encoder().fit_transform(X)
    np.testing.assert_allclose(found, expected, atol=1e-3 if kind == "polars ms" else 1e-6)
    if hasattr(X, "columns"):
        np.testing.assert_allclose(encoder().fit(FRAME).transform(X), found, atol=1e-3 if kind == "polars ms" else 1e-6)


DAYS, TIMES, WAITS = WHEN.dt.date, WHEN.dt.time, WHEN - WHEN.min()
KINDS = {
    "date objects": (FRAME.assign(when=DAYS), "date"),
    "pl.Date": (pl.DataFrame({"a": A, "when": python_dates(WHEN)}).with_columns(pl.col("when").dt.date()), "date"),
    "datetime64[D]": (WHEN.to_numpy().astype("datetime64[D]")[:, np.newaxis], "date"),
    "objects of datetime64": (FRAME.assign(when=pd.Series(list(WHEN.to_numpy()), dtype=object)), "date"),
    "time objects": (FRAME.assign(when=TIMES), "time"),
    "pl.Time": (pl.DataFrame({"a": A, "when": python_dates(WHEN)}).with_columns(pl.col("when").dt.time()), "time"),
    "timedelta64": (FRAME.assign(when=WAITS), "duration"),
    "timedelta objects": (FRAME.assign(when=WAITS.astype(object)), "duration"),
    "pl.Duration": (
        pl.DataFrame({"a": A, "when": [None if pd.isna(each) else each.to_pytimedelta() for each in WAITS]}),
        "duration",
    ),
    "array of durations": (WAITS.to_numpy()[:, np.newaxis], "duration"),
    "array of objects": (np.array(python_dates(WHEN), object)[:, np.newaxis], "date"),
    "zone": (FRAME.assign(when=WHEN.dt.tz_localize("UTC")), "date"),
}  # fmt: skip


@pytest.mark.parametrize("X, kind", KINDS.values(), ids=KINDS)
def test_kinds(X, kind):
    """Each is recognised, and its seconds are those of pandas."""
    fitted = encoder().fit(X)
    assert [each for each in fitted.date_kinds_ if each] == [kind]
    of_day = (WHEN - WHEN.dt.normalize()).dt.total_seconds()
    exact = {
        "date": (WHEN - pd.Timestamp("1970-01-01")).dt.total_seconds(),
        "time": of_day,
        "duration": WAITS.dt.total_seconds(),
    }
    expected = TabularEncoder().fit_transform(exact[kind].to_numpy()[:, np.newaxis])[:, 0]
    column = fitted.transform(X)[:, int(X.shape[1] > 1)]
    only_days = fitted.get_feature_names_out().tolist().count("when_hour") == 0 and kind == "date"
    np.testing.assert_allclose(column, expected, atol=1e-3 if only_days else 1e-6)


@pytest.mark.parametrize("X, kind", KINDS.values(), ids=KINDS)
def test_the_lines_of_the_message_turn_them_into_numbers(X, kind):
    """Executed as they stand, they leave a table that the default encoder takes; missing values stay missing."""
    with pytest.raises(TypeError, match=r"TabularEncoder\(dates=\"parts\"\)") as error:
        TabularEncoder().fit(X)
    lines = [line.strip() for line in str(error.value).splitlines()[1:]]
    assert 1 <= len(lines) <= 2
    names = {"X": X.copy() if hasattr(X, "copy") else X, "pandas": pd, "polars": pl, "numpy": np}
    exec("\n".join(lines), names)
    numbers = TabularEncoder().fit(names["X"])
    assert any(name.startswith("missingindicator") for name in numbers.get_feature_names_out())
    for Estimator in (ANNClassifier, ANNRegressor):
        with pytest.raises(TypeError, match=re.escape(lines[-1])):
            Estimator(encoder="auto").fit(X, np.arange(N) % 2)


def test_missing_dates():
    """NaT, None and columns without a date are the centre, with the indicator."""
    fitted = encoder().set_output(transform="pandas").fit(FRAME)
    for nothing in (pd.NaT, None, np.nan):
        out = fitted.transform(FRAME.assign(when=nothing)).filter(like="when")
        assert (out.pop("missingindicator_when") == 1).all()
        assert (out == 0).all(axis=None)


def test_columns_of_other_kinds_are_refused():
    fitted = encoder().fit(FRAME)
    for other, got in ((A, "other values"), (WAITS, "durations"), ("x", "other values")):
        with pytest.raises(TypeError, match=f"Column 'when' must hold dates, as in fit, got {got}"):
            fitted.transform(FRAME.assign(when=other))
    with pytest.raises(TypeError, match="Column 'a' holds dates"):
        fitted.transform(FRAME.assign(a=WHEN))
    with pytest.raises(TypeError, match=r"Column 'c' holds dates.*can't be categories"):
        fitted.transform(FRAME.assign(c=WHEN))
    with pytest.raises(TypeError, match=r"Column 'when' holds dates.*can't be categories"):
        encoder(categorical_features=["when"]).fit(FRAME)
    mixed = pd.Series([datetime.date(2020, 1, 1), datetime.timedelta(1), *[None] * (N - 2)], dtype=object)
    with pytest.raises(TypeError, match="Column 'when' holds dates"):
        encoder().fit(FRAME.assign(when=mixed))
    with pytest.raises(ValueError, match=r"'dates' parameter .* Did you mean 'parts'\?"):
        TabularEncoder(dates="part").fit(FRAME)
    with pytest.raises(TypeError, match="must hold dates, as in fit, got times"):
        fitted.transform(FRAME.assign(when=TIMES))


def test_parts_of_one_value_vanish():
    names = encoder().fit(FRAME.assign(when=DAYS)).get_feature_names_out().tolist()
    assert not {"when_hour", "when_day_sin", "when_day_cos"} & set(names)
    assert {"when_seconds", "when_year", "when_week_sin"} <= set(names)


def test_a_stream():
    """In pieces as at once, up to constant columns and indicators, which a stream keeps."""
    whole, stream = encoder().set_output(transform="pandas").fit(FRAME), encoder().set_output(transform="pandas")
    for i in range(0, N, 20):
        stream.partial_fit(FRAME[i : i + 20])
    names = [name for name in whole.get_feature_names_out() if not name.startswith("c")]
    assert set(names) < set(stream.get_feature_names_out())
    assert not any(name.startswith("missingindicator_when_") for name in stream.get_feature_names_out())
    pd.testing.assert_frame_equal(stream.transform(FRAME)[names], whole.transform(FRAME)[names])


def test_clone_and_pickle_and_skops():
    fitted = encoder().fit(FRAME)
    expected = fitted.transform(FRAME)
    assert clone(fitted).dates == "parts"
    assert not hasattr(clone(fitted), "date_kinds_")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(FRAME), expected)
    polars = clone(fitted).set_output(transform="polars").fit(FRAME).transform(FRAME)
    np.testing.assert_array_equal(polars.to_numpy(), expected)
    assert polars.columns == fitted.get_feature_names_out().tolist()
    sio = pytest.importorskip("skops.io")
    stored = sio.dumps(fitted)
    loaded = sio.loads(stored, trusted=sio.get_untrusted_types(data=stored))
    np.testing.assert_array_equal(loaded.transform(FRAME), expected)


@pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])
def test_a_network_learns_the_day_of_the_week(Estimator):
    """From dates alone, on other dates."""
    days = pd.DataFrame({"when": pd.date_range("2020-01-01", periods=800)}).sample(frac=1, random_state=0)
    y = (days["when"].dt.dayofweek >= 5).to_numpy()
    model = Estimator((32,), encoder=encoder(), n_estimators=1, random_state=0)
    model.fit(days[:600], y[:600] if Estimator is ANNClassifier else y[:600] * 1.0)
    assert model.score(days[600:], y[600:]) > 0.95


def test_onnx_refuses_by_name():
    onnx = pytest.importorskip("skann.onnx")
    model = ANNRegressor((4,), encoder=encoder(), n_estimators=1, max_iter=1, random_state=0).fit(FRAME, A)
    with pytest.raises(TypeError, match=r"Column 'when' holds dates.*ONNX"):
        onnx.to_onnx(model, FRAME)


READ_LIKE_DATES = ["2020-01-05", "2020-1-5 10:20", "2020/01/05T00:00:00", "05.01.2020"]


@pytest.mark.parametrize("text", READ_LIKE_DATES)
def test_strings_that_read_like_dates_are_told(text):
    """As pandas reads them from a file; the lines of the message, executed, give a table of dates."""
    X = pd.DataFrame({"a": A, "when": [text, text.replace("5", "6")] * (N // 2)})
    for fit in (
        lambda: TabularEncoder().fit(X),
        lambda: TabularEncoder().fit_transform(X),
        lambda: TabularEncoder().partial_fit(X),
        lambda: ANNRegressor((2,), n_estimators=1, max_iter=4, random_state=0).fit(X, A),
    ):
        with pytest.warns(UserWarning, match="Column 'when' holds strings that read like dates") as caught:
            fit()
        assert caught[0].filename == __file__
    lines = [line.strip() for line in str(caught[0].message).splitlines()[1:3]]
    names = {"X": X.copy(), "pandas": pd, "TabularEncoder": TabularEncoder}
    exec("\n".join(lines), names)
    assert names["encoder"].fit(names["X"]).date_kinds_ == [None, "date"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TabularEncoder(["when"]).fit(X)
        TabularEncoder().fit(X.assign(when=["2020-01-05", "soon"] * (N // 2)))
        TabularEncoder().fit(X.assign(when=["1", "2"] * (N // 2)))
