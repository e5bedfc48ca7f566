"""Columns of a table that stand in the names of its folders, ``name=value``, as Hive has them."""

import os
from urllib.parse import unquote

import numpy as np

MISSING = "__HIVE_DEFAULT_PARTITION__"


def partitions_of(files, root=None):
    """What the names of the folders say of each file.

    Parameters
    ----------
    files : list of str
        The paths of all files of the table.
    root : str, default=None
        The folder of the table, whose own name and those above it are left out; None for none.

    Returns
    -------
    values : list of dict of str to value
        Numbers where all values of a column are, else strings; for a missing one NaN or None.
    """
    found = [_pairs(path if root is None else os.path.relpath(path, root)) for path in files]
    names = {name for pairs in found for name in pairs}
    numeric = {name for name in names if all(_is_number(pairs.get(name)) for pairs in found)}
    return [{name: _value(text, name in numeric) for name, text in pairs.items()} for pairs in found]


def with_partitions(frame, values):
    """The rows of a file with a column for each of these values; one of the file itself stays as it is."""
    import pandas as pd

    for name in values.keys() - set(frame.columns):
        value = values[name]
        is_text = value is None or isinstance(value, str)
        frame[name] = pd.Categorical([value]).repeat(len(frame)) if is_text else np.full(len(frame), value)
    return frame


def _pairs(path):
    folders = os.path.dirname(path).replace(os.sep, "/").split("/")
    pairs = (folder.split("=", 1) for folder in folders if "=" in folder)
    return {name: None if value == MISSING else unquote(value) for name, value in pairs}


def _is_number(text):
    try:
        return text is None or float(text) == float(text)
    except ValueError:
        return False


def _value(text, is_numeric):
    return text if not is_numeric else np.nan if text is None else float(text)
