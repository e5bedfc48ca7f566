"""Which rows early stopping holds out."""

import warnings

import numpy as np
from sklearn.model_selection import train_test_split

MIN_ROWS = 10  # fewer make too noisy a judge


def hold_out(rows, labels, fraction, seed):
    """Split row indices into those to train on and those to hold out.

    Parameters
    ----------
    rows : ndarray of int
        The rows to split.
    labels : ndarray of shape (n,) or None
        Class of each row of the data, to stratify by; classes with a single row stay in the training part.
    fraction : float
        Share to hold out.
    seed : int

    Returns
    -------
    train, held_out : ndarray of int
        Both None, after a warning, if there would be fewer than 10 held-out rows, or fewer than one per class.
    """
    n_held_out = int(np.ceil(fraction * len(rows)))
    single = np.zeros(len(rows), bool)
    n_classes = 1
    if labels is not None:
        classes, index, counts = np.unique(labels[rows], return_inverse=True, return_counts=True)
        n_classes, single = len(classes), counts[index] == 1
    if n_held_out < max(MIN_ROWS, n_classes) or len(rows) - n_held_out < n_classes:
        warnings.warn(
            f"early_stopping would hold out {n_held_out} of {len(rows)} rows; at least {MIN_ROWS} and one for each of "
            f"{n_classes} classes are needed. No rows are held out, and the training loss is watched. Increase "
            "validation_fraction.",
            stacklevel=5,
        )
        return None, None
    train, held_out = train_test_split(
        rows[~single],
        test_size=n_held_out,
        random_state=seed,
        stratify=None if labels is None else labels[rows[~single]],
    )
    return np.sort(np.concatenate([train, rows[single]])), np.sort(held_out)
