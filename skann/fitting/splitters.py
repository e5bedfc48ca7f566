"""Held-out rows of the user's own choice: what the parameter ``cv`` makes of the rows given to `fit`."""

from numbers import Integral

import numpy as np
from sklearn.model_selection import check_cv

from .holdout import Split


def own_splits(cv, given, target, early_stopping):
    """The splits that ``cv`` names, without the rows of weight zero.

    Parameters
    ----------
    cv : int, splitter, iterable of pairs of index arrays, or None
        The parameter.
    given : Given
    target : Labels or Values
    early_stopping : bool or "auto"
        The parameter.

    Returns
    -------
    splits : list of Split
        None if ``cv`` is None.

    Raises
    ------
    ValueError, TypeError
        If there is no split, if one does not fit the rows, or if other arguments contradict.
    """
    if cv is None:
        if given.groups is not None:
            raise ValueError("groups is given to fit, but cv=None: set cv to a splitter such as GroupKFold().")
        return None
    if given.validation is not None:
        raise ValueError(
            "X_val and y_val are given to fit, but cv is set, too: either they are watched or held-out rows are."
        )
    if not early_stopping:
        raise ValueError("cv is set, but early_stopping=False: set that to True or 'auto', or cv to None.")
    pairs = _pairs(cv, given, target)
    if not pairs:
        raise ValueError("cv holds no split. A generator is used up by the first fit: give a list in its place.")
    return [_checked(pair, i, len(given.y), given.weight) for i, pair in enumerate(pairs)]


def _pairs(cv, given, target):
    """What ``cv`` yields for the rows."""
    n_rows, groups = len(given.y), given.groups
    if not isinstance(cv, Integral) and not hasattr(cv, "split"):
        if groups is not None:
            raise ValueError("groups is given to fit, but cv holds pairs of indices, which have no use for it.")
        return list(cv)
    n_groups = n_rows if groups is None else len(groups) if hasattr(groups, "__len__") else "a scalar"
    if n_groups != n_rows:
        raise ValueError(f"groups must have one entry for each of the {n_rows} rows of X, got {n_groups}.")
    y = target.decode(given.y)
    try:
        splitter = check_cv(cv, y, classifier=target.is_classification)
        return list(splitter.split(given.as_given.X, y, groups))
    except (ValueError, TypeError) as error:
        raise ValueError(f"cv={cv!r} can't split the rows given to fit: {error}") from error


def _checked(pair, i, n_rows, weight):
    """A pair of index arrays as a `Split`."""
    try:
        train, test = pair
    except (ValueError, TypeError):
        raise TypeError(
            f"cv must hold pairs (rows to train on, rows to hold out), but entry {i} is {_shortened(pair)}."
        ) from None
    train, test = (
        _indices(part, f"{name} of split {i} of cv", n_rows)
        for part, name in ((train, "Training rows"), (test, "Held-out rows"))
    )
    if both := np.intersect1d(train, test).tolist():
        raise ValueError(f"Split {i} of cv has row {both[0]} both among the training rows and among the held-out ones.")
    if weight is not None:
        train, test = train[weight[train] > 0], test[weight[test] > 0]
    for part, name in ((train, "training"), (test, "held-out")):
        if not len(part):
            beyond = "" if weight is None else " of a weight above zero"
            raise ValueError(f"Split {i} of cv has no {name} rows{beyond}.")
    return Split(train, test)


def _indices(part, name, n_rows):
    """Rising row numbers, each once."""
    part = np.asarray(part)
    if part.size == 0:
        return np.empty(0, np.intp)
    if part.ndim != 1 or part.dtype.kind not in "iu":
        raise TypeError(f"{name} must be a sequence of row numbers, got {_shortened(part)} of dtype {part.dtype}.")
    unique, counts = np.unique(part, return_counts=True)
    if unique[0] < 0 or unique[-1] >= n_rows:
        wrong = unique[0] if unique[0] < 0 else unique[-1]
        raise ValueError(f"{name} must be numbers from 0 to {n_rows - 1}, one less than the rows of X, got {wrong}.")
    if counts.max() > 1:
        twice = unique[counts.argmax()]
        raise ValueError(f"{name} hold row {twice} more than once: sample_weight says how much a row counts.")
    return unique.astype(np.intp)


def _shortened(value):
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:60]}..."
