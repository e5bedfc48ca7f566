"""Which rows early stopping holds out: a part of them for one network, the folds of a cross-validation for several."""

from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

MIN_ROWS = 10  # fewer make too noisy a judge


MIN_FOLDS, MAX_FOLDS = 5, 10  # of an ensemble
MOST_HELD_OUT = 2**14  # rows, where not all are held out: the standard error of an accuracy is 0.4 points at most


class Split(NamedTuple):
    """Indices of the rows to train on (None: all) and of the held-out ones (None: none)."""

    train: np.ndarray | None
    held_out: np.ndarray | None


def hold_out(rows, labels, n_networks, fraction, seed, values=None, weight=None):
    """Split row indices, once for each network, into those to train on and those to hold out.

    One network holds out ``fraction`` of the rows. Several hold out folds, from 5 to 10 of them and of at least 10 rows
    each: disjoint ones as far as they go, further networks go through the rows again, in other folds. Two to four
    networks, whose folds are not all rows anyway, hold out 16 384 rows each at most.

    Parameters
    ----------
    rows : ndarray of int
        The rows to split.
    labels : ndarray of shape (n,) or None
        Class of each row of the data, to stratify by; a row that is a class of its own is never held out.
    n_networks : int
    fraction : float
    seed : int
    values : ndarray of shape (n,), default=None
        Number for each row of the data, which is to be distributed alike among held-out and other rows. Not with
        ``labels``.
    weight : ndarray of shape (n,), default=None
        Weight of each row in these distributions.

    Returns
    -------
    splits : list of Split
        None if there would be fewer than 10 held-out rows, or fewer than one per class.
    """
    is_single, n_classes = np.zeros(len(rows), bool), 1
    if labels is not None:
        classes, index, counts = np.unique(labels[rows], return_inverse=True, return_counts=True)
        is_single, n_classes = counts[index] == 1, len(classes)
    n_folds = min(max(n_networks, MIN_FOLDS), MAX_FOLDS, max(len(rows) // MIN_ROWS, MIN_FOLDS))
    if n_networks < MIN_FOLDS:
        n_folds = max(n_folds, -(-len(rows) // MOST_HELD_OUT))
    n_held_out = int(np.ceil(fraction * len(rows))) if n_networks == 1 else len(rows) // n_folds
    if n_held_out < max(MIN_ROWS, n_classes) or len(rows) - n_held_out < n_classes:
        return None
    single, rows = rows[is_single], rows[~is_single]
    if values is not None:
        values, weight = values[rows], np.ones(len(rows)) if weight is None else weight[rows]
    if n_networks == 1 and values is not None:
        splits = [_sample_of_strata(rows, values, weight, n_held_out, seed)]
    elif n_networks == 1:
        stratify = None if labels is None else labels[rows]
        splits = [train_test_split(rows, test_size=n_held_out, random_state=seed, stratify=stratify)]
    else:
        splits = []
        while len(splits) < n_networks:
            each_seed = seed + len(splits)
            if values is None:
                fold = _fold(rows, labels, n_folds, each_seed)
            else:
                fold = _fold_by_values(rows, values, weight, n_folds, each_seed)
            splits += [(rows[fold != i], rows[fold == i]) for i in range(min(n_folds, n_networks - len(splits)))]
    return [Split(np.sort(np.append(train, single)), np.sort(test)) for train, test in splits]


def _fold(rows, labels, n_folds, seed):
    """The fold of each row: those of each class are dealt to the folds, in random order.

    `StratifiedKFold` would warn of classes with fewer rows than there are folds, and to silence it would change the
    filters of the whole process, for good if two fits overlap.
    """
    order = check_random_state(seed).permutation(len(rows))
    if labels is not None:
        order = order[labels[rows[order]].argsort(kind="stable")]
    fold = np.empty(len(rows), np.intp)
    fold[order] = np.arange(len(rows)) % n_folds
    return fold


def _fold_by_values(rows, values, weight, n_folds, seed):
    """The fold of each row: rows are dealt so that all folds have about the same distribution of values.

    From the greatest value down, of each so many rows as there are folds one goes to each fold, in an order that is
    drawn anew, but not within a run of equal values: of any such run the folds get the same number of rows, give or
    take one. Where weights differ, the heaviest row goes to the fold with the least weight so far.
    """
    rng = np.random.default_rng(seed)
    order = _descending(values, weight, rng)
    first = np.arange(0, len(rows), n_folds)  # of the rows that are dealt at once
    goes_on = np.append(False, values[order[first[1:]]] == values[order[first[1:] - 1]])
    turns = rng.permuted(np.tile(np.arange(n_folds), (len(first), 1)), axis=1)
    turns = turns[np.maximum.accumulate(np.where(goes_on, 0, np.arange(len(first))))]
    if weight.min() < weight.max():
        _even_out(turns, weight[order])
    fold = np.empty(len(rows), np.intp)
    fold[order] = turns.ravel()[: len(rows)]
    return fold


def _even_out(turns, weight):
    """Change the order of the folds in each of the turns so that all get the same weight: heavy rows to light folds."""
    total, n_folds = np.zeros(turns.shape[1]), turns.shape[1]
    for i, turn in enumerate(turns):
        of_turn = weight[i * n_folds : (i + 1) * n_folds]
        lightest = turn[np.argsort(total[turn], kind="stable")]
        turn[np.argsort(-of_turn, kind="stable")] = lightest[: len(of_turn)]
        total[turn[: len(of_turn)]] += of_turn


def _sample_of_strata(rows, values, weight, n_held_out, seed):
    """Hold out one row of each stratum, which are as many, of equal size in the order of the values."""
    rng = np.random.default_rng(seed)
    edges = np.arange(n_held_out + 1) * len(rows) // n_held_out
    drawn = edges[:-1] + rng.integers(np.diff(edges))
    is_held_out = np.zeros(len(rows), bool)
    is_held_out[_descending(values, weight, rng)[drawn]] = True
    return rows[~is_held_out], rows[is_held_out]


def _descending(values, weight, rng):
    """The order of falling values, of falling weights where these are equal, and else a random one."""
    order = rng.permutation(len(values))
    return order[np.lexsort((-weight[order], -values[order]))]


def none_held_out(rows, fraction):
    """What to warn of where early stopping does without held-out rows."""
    return (
        f"early_stopping can't hold out rows: of {len(rows)} rows, validation_fraction={fraction:g} is fewer than "
        f"{MIN_ROWS} or fewer than one for each class. No rows are held out, and the training loss is watched. "
        "Increase validation_fraction."
    )


def few_rows(n_rows):
    """What to warn of where early stopping is wanted on a table that is too small for it."""
    return (
        f"early_stopping can't hold out rows: of {n_rows} rows, up to 60, all are needed for the training, and "
        "the training loss is watched. Give fit X_val and y_val to watch other rows."
    )
