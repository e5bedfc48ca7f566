"""Which rows early stopping holds out: a part of them for one network, the folds of a cross-validation for several."""

from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

MIN_ROWS = 10  # fewer make too noisy a judge


MIN_FOLDS, MAX_FOLDS = 5, 10  # of an ensemble


class Split(NamedTuple):
    """Indices of the rows to train on (None: all) and of the held-out ones (None: none)."""

    train: np.ndarray | None
    held_out: np.ndarray | None


def hold_out(rows, labels, n_networks, fraction, seed):
    """Split row indices, once for each network, into those to train on and those to hold out.

    One network holds out ``fraction`` of the rows. Several hold out folds, from 5 to 10 of them and of at least 10 rows
    each: disjoint ones as far as they go, further networks go through the rows again, in other folds.

    Parameters
    ----------
    rows : ndarray of int
        The rows to split.
    labels : ndarray of shape (n,) or None
        Class of each row of the data, to stratify by; a row that is a class of its own is never held out.
    n_networks : int
    fraction : float
    seed : int

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
    n_held_out = int(np.ceil(fraction * len(rows))) if n_networks == 1 else len(rows) // n_folds
    if n_held_out < max(MIN_ROWS, n_classes) or len(rows) - n_held_out < n_classes:
        return None
    single, rows = rows[is_single], rows[~is_single]
    if n_networks == 1:
        stratify = None if labels is None else labels[rows]
        splits = [train_test_split(rows, test_size=n_held_out, random_state=seed, stratify=stratify)]
    else:
        splits = []
        while len(splits) < n_networks:
            splits += _fold(rows, labels, n_folds, seed + len(splits))
    return [Split(np.sort(np.append(train, single)), np.sort(test)) for train, test in splits[:n_networks]]


def _fold(rows, labels, n_folds, seed):
    """Deal the rows of each class to the folds, in random order.

    `StratifiedKFold` would warn of classes with fewer rows than there are folds, and to silence it would change the
    filters of the whole process, for good if two fits overlap.
    """
    order = check_random_state(seed).permutation(len(rows))
    if labels is not None:
        order = order[labels[rows[order]].argsort(kind="stable")]
    fold = np.empty(len(rows), np.intp)
    fold[order] = np.arange(len(rows)) % n_folds
    return [(rows[fold != i], rows[fold == i]) for i in range(n_folds)]


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
