"""Labels and class indices: what a classifier makes of y, and the weights of its classes."""

from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from .._objects import plain, shown
from .._parts import made
from ..engine.losses import LOSSES, BinaryCrossEntropy
from .reading import LARGEST, Wanted, read_targets

WANTED = Wanted(
    "strings, integers or booleans",
    "For several labels in a row use sklearn.preprocessing.MultiLabelBinarizer.",
    "Decode them.",
    "Make them strings.",
    exact=True,
)


def read_labels(y, name="y", caller=None):
    """The labels of a classifier as an array.

    Parameters
    ----------
    y : {array-like, dataframe, sparse matrix} of shape (n_rows,) or (n_rows, n_labels)
    name : str, default="y"
        What messages call y.
    caller : str, default=None
        Name of the estimator, for messages.

    Returns
    -------
    y : ndarray or CSR matrix
        Strings, integers, booleans or whole floats in one dimension or one column; with several columns 0 and 1.

    Raises
    ------
    ValueError, TypeError
        If y holds no labels, if some are missing, or if strings and numbers are mixed.
    """
    y = read_targets(y, name, caller, WANTED)
    if y.dtype.kind == "f":
        _refuse_fractions(y.data if sparse.issparse(y) else y, name)
    if y.ndim == 2 and y.shape[1] > 1:
        _refuse_classes_in_columns(y, name)
    elif sparse.issparse(y):
        raise TypeError(f"{name} must be dense where it is one column, got a sparse matrix: use {name}.toarray().")
    elif y.dtype == object:
        _refuse_mixture(y.ravel().tolist(), name)
    return y


def _refuse_fractions(y, name):
    """ValueError if some of these floats are not whole, or so large that they need not have been."""
    fractions = y[(y != np.trunc(y)) | (np.abs(y) >= LARGEST)]
    if len(fractions):
        kind = "continuous-multioutput" if y.ndim == 2 and y.shape[1] > 1 else "continuous"
        raise ValueError(
            f"{name}: Unknown label type: {kind}. A classifier needs {WANTED.what} in {name}, got the number "
            f"{shown(fractions[0])}. ANNRegressor learns numbers."
        )


def _refuse_classes_in_columns(y, name):
    """ValueError if several columns hold anything but 0 and 1."""
    values = y.data if sparse.issparse(y) else y
    is_indicator = (values == 0) | (values == 1) if values.dtype.kind in "biuf" else np.zeros(values.shape, bool)
    if not is_indicator.all():
        raise ValueError(
            f"{name} with several columns must hold 0 and 1 only (multilabel, as sklearn.preprocessing."
            f"MultiLabelBinarizer makes it), got shape {y.shape} with {shown(values[~is_indicator][0])}. For several "
            "columns of classes use sklearn.multioutput.MultiOutputClassifier or ClassifierChain."
        )


def _refuse_mixture(labels, name):
    """TypeError if strings and numbers are mixed: they have no order."""
    string = next((label for label in labels if isinstance(label, str)), None)
    number = next((label for label in labels if not isinstance(label, str)), None)
    if string is not None and number is not None:
        raise TypeError(
            f"{name} holds labels of several kinds, such as {shown(string)} and {shown(number)}: make all of them "
            "strings, or all of them numbers."
        )


def read_classes(classes):
    """The sorted labels that ``classes`` of partial_fit holds."""
    classes = read_labels(classes, "classes")
    if classes.ndim == 2 and classes.shape[1] > 1:
        raise ValueError(f"classes must be a list of labels, got an array of shape {classes.shape}.")
    return np.unique(classes.ravel())


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
        if _is_multilabel(y):
            return cls(np.arange(y.shape[1]), multilabel=True, is_sparse=sparse.issparse(y))
        if classes is None and classes_needed:
            raise ValueError("classes must be given in the first call of partial_fit: all labels that will ever occur.")
        y = column_or_1d(y)
        check_classification_targets(y)  # it warns of many classes
        return cls(LabelEncoder().fit(y).classes_ if classes is None else read_classes(classes))

    @property
    def is_binary(self):
        """Whether there are two classes, so that the probability of the second says it all."""
        return len(self.classes) == 2 and not self.multilabel

    def check_options(self, classes=None, classes_needed=False):
        """ValueError if these classes are not the labels of before."""
        if classes is None:
            return
        classes = read_classes(classes)
        if not self.multilabel and not np.array_equal(classes, self.classes):
            raise ValueError(
                f"classes must be the same in every call of partial_fit: {_few(self.classes)} before, got "
                f"{_few(classes)}."
            )

    def encode(self, y, name="y"):
        """Class indices (n_rows,), or an indicator matrix of floats (n_rows, n_labels), of what `read_labels` gave."""
        if _is_multilabel(y):
            if not self.multilabel or y.shape[1] != len(self.classes):
                expected = f"{len(self.classes)} label columns" if self.multilabel else "one label per row"
                raise ValueError(f"{name} must have {expected} as before, got {y.shape[1]} label columns.")
            return (y.toarray() if sparse.issparse(y) else np.asarray(y)).astype(np.float64)
        y = column_or_1d(y, warn=True)
        if self.multilabel:
            raise ValueError(
                f"{name} must be a multilabel indicator with {len(self.classes)} columns as before, got labels."
            )
        unseen = (
            np.unique(y[~np.isin(y, self.classes, kind="sort")])
            if _are_strings(y) == _are_strings(self.classes)
            else np.unique(y)
        )
        if len(unseen):
            raise ValueError(
                f"{name} holds labels that are not among the classes {_few(self.classes)}: {_few(unseen)}."
            )
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
        class_weight = _with_plain_keys(class_weight)
        _check_class_weight(class_weight)
        if isinstance(class_weight, str) and not self.multilabel:
            count = np.bincount(y, weight, minlength=len(self.classes))
            by_class = count.sum() / (np.count_nonzero(count) * np.where(count > 0, count, np.inf))[y]
        else:
            by_class = compute_sample_weight(class_weight, y.astype(int) if self.multilabel else self.classes[y])
        return by_class if weight is None else weight * by_class

    def remarks(self, y, weight):
        """What to warn of: that all rows with a weight are of one class."""
        y = y if weight is None else y[weight > 0]
        if self.multilabel or np.ptp(y) > 0:
            return []
        return [f"y holds a single class, {shown(self.classes[y[0]])}: the model will predict it for every row."]

    def learn_scale(self, y, weight):
        """Nothing: class indices have no units."""

    def scale(self, y):
        """The targets as they are."""
        return y

    def unscale_differences(self, differences):
        """The differences of probabilities as they are."""
        return differences

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


def _is_multilabel(y):
    """Whether what `read_labels` gave is an indicator matrix."""
    return y.ndim == 2 and y.shape[1] > 1


def _few(labels):
    """The first labels, for messages."""
    return f"[{', '.join(shown(label, 20) for label in labels[:4])}{', ...' if len(labels) > 4 else ''}]"


def _with_plain_keys(class_weight):
    """Class weights with the values of members of an Enum as keys, which are the labels."""
    return {plain(c): w for c, w in class_weight.items()} if isinstance(class_weight, dict) else class_weight


def _check_class_weight(class_weight):
    for by_class in class_weight if isinstance(class_weight, list) else [class_weight]:
        if isinstance(by_class, dict):
            bad = {c: w for c, w in by_class.items() if not (isinstance(w, Real) and 0 <= w < np.inf)}
            if bad:
                raise ValueError(f"class_weight must hold finite numbers of at least 0, got {bad!r}.")


def _are_strings(labels):
    return labels.dtype.kind in "US" or isinstance(labels[0], str)
