"""Labels and class indices: what a classifier makes of y, and the weights of its classes."""

from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from .._parts import made
from ..engine.losses import LOSSES, BinaryCrossEntropy


class Labels:
    """The targets of a classifier: class indices, or 0 and 1 for each of several labels.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels in sorted order; for multilabel targets the column numbers.
    multilabel : bool
        Whether a row may have several labels.
    is_sparse : bool
        Whether y was a sparse indicator matrix: predictions then are, too.
    """

    is_classification = True

    def __init__(self, classes, multilabel=False, is_sparse=False):
        self.classes, self.multilabel, self.is_sparse = classes, multilabel, is_sparse

    @classmethod
    def learn(cls, y, classes=None, classes_needed=False):
        """The labels of the first y, or those of ``classes``, which may hold more."""
        if _is_multilabel(y, "y"):
            return cls(np.arange(y.shape[1]), multilabel=True, is_sparse=sparse.issparse(y))
        y = column_or_1d(y)
        if classes is not None:
            _check_one_kind(np.asarray(classes), "classes")
        elif classes_needed:
            raise ValueError("classes must be given in the first call of partial_fit: all labels that will ever occur.")
        return cls(LabelEncoder().fit(y if classes is None else column_or_1d(classes)).classes_)

    def check_options(self, classes=None, classes_needed=False):
        """ValueError if these classes are not the labels of before."""
        if classes is None:
            return
        _check_one_kind(np.asarray(classes), "classes")
        if not self.multilabel and not np.array_equal(np.unique(classes), self.classes):
            raise ValueError(
                f"classes must be the same in every call of partial_fit: {self.classes} before, got {classes}."
            )

    def encode(self, y, name="y"):
        """Class indices (n_rows,), or an indicator matrix of floats (n_rows, n_labels)."""
        if _is_multilabel(y, name):
            if not self.multilabel or y.shape[1] != len(self.classes):
                expected = f"{len(self.classes)} label columns" if self.multilabel else "one label per row"
                raise ValueError(f"{name} must have {expected} as before, got {y.shape[1]} label columns.")
            return (y.toarray() if sparse.issparse(y) else np.asarray(y)).astype(np.float64)
        y = column_or_1d(y, warn=True)
        if self.multilabel:
            raise ValueError(
                f"{name} must be a multilabel indicator with {len(self.classes)} columns as before, got labels."
            )
        unseen = np.setdiff1d(y, self.classes) if _are_strings(y) == _are_strings(self.classes) else np.unique(y)
        if len(unseen):
            raise ValueError(f"{name} holds labels that are not among the classes {self.classes}: {unseen[:10]}.")
        return np.searchsorted(self.classes, y)

    def decode(self, y):
        """Encoded targets as the user gave them."""
        return y.astype(np.int64) if self.multilabel else self.classes[y]

    def labels(self, indices):
        """Predicted class indices, or 0 and 1 for each label, in the form of y."""
        if not self.multilabel:
            return self.classes[indices]
        return sparse.csr_matrix(indices) if self.is_sparse else indices

    def stratify(self, y):
        """The class of each row, None where a row may have several."""
        return None if self.multilabel else y

    def order(self, y, weight):
        """None: classes have no order."""
        return

    def weight(self, y, weight, class_weight):
        """Weights of the rows, class weights included, or None."""
        if class_weight is None:
            return weight
        _check_class_weight(class_weight)
        if isinstance(class_weight, str) and not self.multilabel:
            count = np.bincount(y, weight, minlength=len(self.classes))
            by_class = count.sum() / (np.count_nonzero(count) * np.where(count > 0, count, np.inf))[y]
        else:
            by_class = compute_sample_weight(class_weight, y.astype(int) if self.multilabel else self.classes[y])
        return by_class if weight is None else weight * by_class

    def learn_scale(self, y, weight):
        """Nothing: class indices have no units."""

    def scale(self, y):
        """The targets as they are."""
        return y

    def unscale(self, proba):
        """The probabilities as they are."""
        return proba

    def shaped(self, proba):
        """The probabilities as they are."""
        return proba

    def loss(self, settings, y, weight, before=None):
        """The loss that ``settings.loss`` names."""
        if not isinstance(settings.loss, str):
            return settings.loss
        kind = BinaryCrossEntropy if self.multilabel else LOSSES[settings.loss]
        return made(kind, vars(settings) | {"n_classes": len(self.classes)})

    def check_domain(self, loss, y, given, name="y"):
        """Nothing: every class index is in the domain of every loss."""


def _is_multilabel(y, name):
    """Whether y is an indicator matrix; ValueError or TypeError if it holds no labels at all."""
    if not sparse.issparse(y):
        _check_one_kind(np.asarray(y), name)
    check_classification_targets(y)
    return type_of_target(y, input_name=name).startswith("multilabel")


def _check_class_weight(class_weight):
    for by_class in class_weight if isinstance(class_weight, list) else [class_weight]:
        if isinstance(by_class, dict):
            bad = {c: w for c, w in by_class.items() if not (isinstance(w, Real) and 0 <= w < np.inf)}
            if bad:
                raise ValueError(f"class_weight must hold finite numbers of at least 0, got {bad!r}.")


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
