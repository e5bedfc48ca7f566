"""Columns of dates, times and durations: read as seconds, and the parts of them that a network learns from."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from .._objects import first_date, is_missing
from .refusals import dates_error, kind_of_dates

DAY = 86400  # seconds


CYCLES = {"date": ("year", "week", "day"), "time": ("day",), "duration": ()}


PARTS = {  # the first of them alone has an indicator of missing values: all are missing at once
    "date": ("seconds", "year", "month", "day_of_week", "hour"),
    "time": ("seconds", "hour"),
    "duration": ("seconds",),
}


@dataclass
class Dates:
    """A column of dates, times of day or durations.

    Parameters
    ----------
    seconds : ndarray of float64 of shape (n_rows,)
        Since the begin of 1970 by the clock of the column, whatever its time zone; since midnight; or how long. NaN
        where missing.
    dtype : dtype or type
        Of the column, or the class of its objects.
    origin : {"pandas", "polars", "numpy"}
        What the table is of.
    """

    seconds: np.ndarray
    dtype: Any
    origin: str

    def __len__(self):
        return len(self.seconds)

    @property
    def kind(self):
        """One of "date", which may have a time, "time" and "duration"."""
        return kind_of_dates(self.dtype)


def part_names(kind):
    """What the parts of a column of some kind are called."""
    cycles = [f"{cycle}_{of}" for cycle in CYCLES[kind] for of in ("sin", "cos")]
    return [*PARTS[kind], *cycles]


def parts(seconds, kind):
    """The parts of a column, by `part_names`, as arrays of float64 of shape (n_rows,); NaN where it is missing."""
    missing = np.isnan(seconds)
    s = np.where(missing, 0.0, seconds)
    day = np.floor(s / DAY)
    of_day = s - DAY * day
    found = {"seconds": s, "hour": of_day // 3600}
    phase = {"day": of_day / DAY}
    if kind == "date":
        days = day.astype(np.int64).astype("datetime64[D]")
        year = days.astype("datetime64[Y]")
        start, end = (each.astype("datetime64[D]").astype(np.float64) for each in (year, year + 1))
        found["year"] = year.astype(np.float64) + 1970
        found["month"] = (days.astype("datetime64[M]") - year.astype("datetime64[M]")).astype(np.float64) + 1
        found["day_of_week"] = (day + 3) % 7  # 1970 began on a Thursday; Monday is 0
        phase |= {"year": (s / DAY - start) / (end - start), "week": (found["day_of_week"] + phase["day"]) / 7}
    for cycle in CYCLES[kind]:
        found |= {f"{cycle}_sin": np.sin(2 * np.pi * phase[cycle]), f"{cycle}_cos": np.cos(2 * np.pi * phase[cycle])}
    return [np.where(missing, np.nan, found[name]) for name in part_names(kind)]


# ---------------------------------------------------------------------------------------------------------- reading


def from_array(values, origin="numpy"):
    """A column of dtype datetime64 or timedelta64."""
    unit = "datetime64[s]" if values.dtype.kind == "M" else "timedelta64[s]"
    whole = values.astype(unit)
    rest = (values - whole) / np.timedelta64(1, "s")  # NaN where missing
    return Dates(whole.astype(np.int64) + rest, values.dtype, origin)


def from_pandas(series):
    """A Series with a dtype of dates or durations; one with a time zone by its clock."""
    dtype = series.dtype
    if dtype.kind == "m":
        return Dates(series.dt.total_seconds().to_numpy(np.float64, na_value=np.nan), dtype, "pandas")
    has_zone = getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None) is not None
    local = series.dt.tz_localize(None) if has_zone else series
    local = local.to_numpy("datetime64[us]", na_value=np.datetime64("NaT"))
    return Dates(from_array(local).seconds, dtype, "pandas")


def from_polars(series):
    """A Series with a dtype of dates, times or durations."""
    dtype = series.dtype
    per_second = {"ns": 1e9, "us": 1e6, "ms": 1e3}.get(getattr(dtype, "time_unit", None), 1e9)
    if str(dtype) == "Date":
        per_second = 1 / DAY
    elif getattr(dtype, "time_zone", None) is not None:
        series = series.dt.replace_time_zone(None)
    return Dates(series.to_physical().cast(float).to_numpy() / per_second, dtype, "polars")


def from_objects(values, name, origin):
    """A list of dates, times or durations of one kind, and of missing values.

    Raises
    ------
    TypeError
        If other objects are among them.
    """
    present = [value for value in values if not is_missing(value)]
    first = first_date(values)
    kinds = {kind_of_dates(cls) for cls in {*map(type, present)}}
    if kinds != {kind_of_dates(type(first))}:
        raise dates_error(type(first), name, origin)
    seconds = [np.nan if is_missing(value) else _seconds(value) for value in values]
    return Dates(np.array(seconds, np.float64), type(first), origin)


def _seconds(value):
    if isinstance(value, np.datetime64 | np.timedelta64):
        return from_array(np.array([value])).seconds[0]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return (value.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()
    if isinstance(value, date):
        return DAY * (value - date(1970, 1, 1)).days
    return 3600 * value.hour + 60 * value.minute + value.second + value.microsecond / 1e6


# ------------------------------------------------------------------------------------------------------ from fit on


def date_kinds(columns, names, allowed):
    """For each column its kind of dates or None; None if no column holds dates. TypeError if there may be none."""
    kinds = [each.kind if isinstance(each, Dates) else None for each in columns if isinstance(columns, list)]
    for column, name in zip(columns, names, strict=True) if any(kinds) and not allowed else ():
        if isinstance(column, Dates):
            raise dates_error(column.dtype, name, column.origin)
    return kinds if any(kinds) else None


def as_parts(column, name, kind):
    """The parts of a column of which `fit` saw this kind, or which is missing throughout."""
    if isinstance(column, Dates) and column.kind == kind:
        return parts(column.seconds, kind)
    numbers = column if isinstance(column, np.ndarray) else getattr(column, "seconds", getattr(column, "codes", None))
    is_missing_throughout = (np.isnan(numbers) if numbers.dtype.kind == "f" else numbers < 0).all()
    if not is_missing_throughout:
        what = f"{column.kind}s" if isinstance(column, Dates) else "other values"
        raise TypeError(f"Column {name!r} must hold {kind}s, as in fit, got {what}.")
    return parts(np.full(len(numbers), np.nan), kind)


def expanded_names(names, kinds):
    """Names of the numbers that columns become, and the names of the columns that they come from."""
    own, of = [], []
    for name, kind in zip(names, kinds, strict=True):
        new = [name] if kind is None else [f"{name}_{part}" for part in part_names(kind)]
        own += new
        of += [name] * len(new)
    return np.array(own, dtype=object), np.array(of, dtype=object)


def may_be_indicated(kinds):
    """Mask of the numbers that columns become: the first of each column."""
    return np.array([not i for kind in kinds for i in range(1 if kind is None else len(part_names(kind)))], bool)
