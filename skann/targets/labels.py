"""Labels and class indices: what a classifier makes of y, and the weights of its classes."""

from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from .._typing import Array


class Labels:
    """The part of a classifier that knows labels; the rest sees class indices, or 0 and 1 for each of several labels.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels; for multilabel targets the column numbers.
    """

    classes_: Array
    _multilabel: bool

    def _encode_target(self, y, first, classes=None, classes_needed=False):
        if not sparse.issparse(y):
            _check_one_kind(np.asarray(y), "y")
        check_classification_targets(y)
        multilabel = type_of_target(y, input_name="y").startswith("multilabel")
        if multilabel:
            return self._encode_multilabel(y, first)
        y = column_or_1d(y, warn=True)
        if classes is not None:
            _check_one_kind(np.asarray(classes), "classes")
        if first:
            if classes_needed and classes is None:
                raise ValueError(
                    "classes must be given in the first call of partial_fit: all labels that will ever occur."
                )
            self.classes_ = LabelEncoder().fit(y if classes is None else column_or_1d(classes)).classes_
            self._multilabel = False
        elif self._multilabel:
            raise ValueError(
                f"y must be a multilabel indicator with {len(self.classes_)} columns as before, got labels."
            )
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes must be the same in every call of partial_fit: {self.classes_} before, got {classes}."
            )
        unseen = np.setdiff1d(y, self.classes_) if _are_strings(y) == _are_strings(self.classes_) else np.unique(y)
        if len(unseen):
            raise ValueError(f"y holds labels that are not among the classes {self.classes_}: {unseen[:10]}.")
        return np.searchsorted(self.classes_, y)

    def _encode_multilabel(self, y, first):
        if first:
            self.classes_ = np.arange(y.shape[1])
            self._multilabel = True
            self._sparse_target = sparse.issparse(y)
        elif not self._multilabel or y.shape[1] != len(self.classes_):
            expected = f"{len(self.classes_)} label columns" if self._multilabel else "one label per row"
            raise ValueError(f"y must have {expected} as before, got {y.shape[1]} label columns.")
        return (y.toarray() if sparse.issparse(y) else np.asarray(y)).astype(np.float64)

    def _decode_target(self, y):
        return y.astype(np.int64) if self._multilabel else self.classes_[y]

    def _training_weight(self, y, weight):
        if self.class_weight is None:
            return weight
        self._check_class_weight()
        if isinstance(self.class_weight, str) and not self._multilabel:
            count = np.bincount(y, weight, minlength=len(self.classes_))
            by_class = count.sum() / (np.count_nonzero(count) * np.where(count > 0, count, np.inf))[y]
        else:
            by_class = compute_sample_weight(self.class_weight, y.astype(int) if self._multilabel else self.classes_[y])
        return by_class if weight is None else weight * by_class

    def _check_class_weight(self):
        dicts = self.class_weight if isinstance(self.class_weight, list) else [self.class_weight]
        for by_class in dicts:
            if isinstance(by_class, dict):
                bad = {c: w for c, w in by_class.items() if not (isinstance(w, Real) and 0 <= w < np.inf)}
                if bad:
                    raise ValueError(f"class_weight must hold finite numbers of at least 0, got {bad!r}.")

    def _stratify_by(self, y):
        return None if self._multilabel else y


def _are_strings(labels):
    return labels.dtype.kind in "US" or isinstance(labels[0], str)


def _check_one_kind(labels, name):
    """TypeError if strings and other objects are mixed: they have no order."""
    if labels.dtype != object:
        return
    is_string = np.array([isinstance(label, str) for label in labels.ravel()], bool)
    if is_string.any() and not is_string.all():
        raise TypeError(
            f"{name} holds labels of several kinds, such as {labels.ravel()[is_string][0]!r} and "
            f"{labels.ravel()[~is_string][0]!r}: make all of them strings, or all of them numbers."
        )
