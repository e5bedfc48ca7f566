"""Export to ONNX. Importing this module also tells skl2onnx of skann's estimators, so that its own functions work.

It needs the packages onnx and skl2onnx: ``pip install skann[onnx]``.
"""

from typing import Any

from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

try:
    import onnx as _onnx  # noqa: F401
    import skl2onnx as _skl2onnx
except ImportError as error:
    raise ImportError(
        f"skann.onnx needs the packages onnx and skl2onnx, but {error.name} is missing: pip install skann[onnx]",
        name=error.name,
    ) from error

from .._typing import MatrixLike
from ..encoding.encoder import TabularEncoder
from ..estimators.base import BaseANN
from .converters import check_exportable, register
from .signature import input_types, rename_inputs

__all__ = ["to_onnx"]

register()


def to_onnx(
    model: Any,
    X: MatrixLike,
    *,
    name: str | None = None,
    target_opset: int | dict[str, int] | None = None,
    options: dict[Any, Any] | None = None,
) -> Any:
    """Export a fitted estimator, its encoder included, or a pipeline with one in it.

    Parameters
    ----------
    model : estimator
        ANNClassifier, ANNRegressor, TabularEncoder, or what skl2onnx can convert and has such in it, as `Pipeline`.
    X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
        Rows like those to predict on; they say what the inputs of the exported model are. A DataFrame has one per
        column, of shape (n, 1), with its name: tensors of float for float32 columns, double for all other floats and
        for nullable numbers, int64 for integers and booleans, string for strings and categories of strings. Where a
        transformer of scikit-learn reads the columns, all of numbers get the widest of their types. An array has one
        input, "X". A sparse matrix is exported as the array that it stands for: ONNX Runtime takes no other.
    name : str, default=None
        Of the graph; that of the class if None.
    target_opset : int or dict of str to int, default=None
        Version of the ONNX operators, of each domain in a dict; at least 13. None: the latest that skl2onnx knows.
    options : dict, default=None
        Options of skl2onnx's converters. Unlike there, ``zipmap`` is False for ``model`` if it is not given.

    Returns
    -------
    onnx_model : onnx.ModelProto
        Of a classifier, "label" (n,) and "probabilities" (n, n_classes), or for multilabel targets "label"
        (n, n_labels) and "probabilities" (n, n_labels); of a regressor, "variable" (n, n_outputs).

    Raises
    ------
    NotFittedError
        If ``model`` has not been fitted.
    NotImplementedError
        If a part of it has no counterpart in ONNX, such as a loss of one's own; it names the parameter.
    ValueError, TypeError
        If X is not a table like that of `fit`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import ANNClassifier
    >>> from skann.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> classifier = ANNClassifier(n_estimators=2, max_iter=10, random_state=0).fit(X, y)
    >>> onnx_model = to_onnx(classifier, X)
    >>> [each.name for each in onnx_model.graph.input][:2]
    ['sepal length (cm)', 'sepal width (cm)']
    >>> [each.name for each in onnx_model.graph.output]
    ['label', 'probabilities']
    """
    check_is_fitted(model)
    if isinstance(model, BaseANN):  # skl2onnx itself knows no subclasses
        check_exportable(model)
    _check_columns(model, X)
    inputs = input_types(X, one_type_of_number=not _reads_columns_itself(model))
    options = ({id(model): {"zipmap": False}} if is_classifier(model) else {}) | (options or {})
    name = type(model).__name__ if name is None else name
    exported = _skl2onnx.to_onnx(model, initial_types=inputs, name=name, target_opset=target_opset, options=options)
    rename_inputs(exported.graph, [name for name, _ in inputs])
    return exported


def _reads_columns_itself(model):
    """Whether skann's converters see the columns first, not those of scikit-learn's transformers."""
    if isinstance(model, Pipeline):
        return _reads_columns_itself(model.steps[0][1])
    if hasattr(model, "best_estimator_"):
        return _reads_columns_itself(model.best_estimator_)
    if isinstance(model, BaseANN):
        return model.encoder_ is None or isinstance(model.encoder_, TabularEncoder)
    return isinstance(model, TabularEncoder)


def _check_columns(model, X):
    """ValueError if X has other columns than those that the model was fitted with."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None and hasattr(X, "columns") and list(X.columns) != list(names):
        raise ValueError(f"X must have the columns of fit, in their order: {list(names)}, got {list(X.columns)}.")
