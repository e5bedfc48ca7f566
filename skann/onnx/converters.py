"""What skl2onnx calls for ANNClassifier, ANNRegressor and TabularEncoder: output types, and the nodes."""

from typing import NamedTuple

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from skl2onnx.common.utils_classifier import get_label_classes
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import check_is_fitted

from ..encoding.encoder import TabularEncoder
from ..encoding.output import n_encoded
from ..engine.losses import BinaryCrossEntropy
from ..estimators.classifier import ANNClassifier
from ..estimators.regressor import ANNRegressor
from ..fitting.independent import IndependentNetworks
from ..fitting.portfolio import Portfolio
from .columns import as_matrix, columns_of
from .compat import parse, sklearn_operator_name_map
from .encoder import encode
from .graph import DOUBLE, FLOAT, Graph
from .layers import forward, without_counterpart
from .losses import PREDICT

OPTIONS = {"zipmap": [True, False, "columns"], "nocl": [True, False], "output_class_labels": [False, True]}


OPTIONS |= {"raw_scores": [True, False]}


def register():
    """Tell skl2onnx of skann's estimators."""
    update_registered_converter(ANNClassifier, "SkannClassifier", _set_label_and_proba, _classifier, options=OPTIONS)
    update_registered_converter(ANNRegressor, "SkannRegressor", _set_value, _regressor)
    update_registered_converter(TabularEncoder, "SkannTabularEncoder", _set_encoded, _encoder)


class Trained(NamedTuple):
    """What the nodes of a model are made from, beside its encoder and its public attributes."""

    networks: list
    weights: list | None
    loss: object
    is_multilabel: bool


def trained(model):
    """The `Trained` parts of a fitted model."""
    networks = model.networks_
    is_multilabel = isinstance(networks.loss, BinaryCrossEntropy)
    all_networks = [member.network for member in networks.members]
    return Trained(all_networks, networks.normalized_weights(), networks.loss, is_multilabel)


# ---------------------------------------------------------------------------------------------------- output types


def _number_type(operator):
    """As skl2onnx has it, doubles in make doubles out."""
    any_double = any(isinstance(each.type, DoubleTensorType) for each in operator.inputs)
    return DoubleTensorType if any_double else FloatTensorType


def _set_label_and_proba(operator):
    model = operator.raw_operator
    check_exportable(model)
    n_rows, n_classes = operator.inputs[0].get_first_dimension(), len(model.classes_)
    classes = _labels(get_label_classes(operator.scope_inst, model))
    label_type = StringTensorType if classes.dtype == object else Int64TensorType
    operator.outputs[0].set_type(label_type([n_rows, n_classes] if trained(model).is_multilabel else [n_rows]))
    operator.outputs[1].set_type(_proba_type(operator)([n_rows, n_classes]))


def _proba_type(operator):
    """As numbers are in general, but the ZipMap of ONNX takes no double, and skl2onnx has declared that of columns."""
    proba = operator.outputs[1]
    readers = {each.type for each in operator.scope_inst.operators.values() if proba in each.inputs}
    if "SklearnZipMap" in readers:
        return FloatTensorType
    return type(proba.type) if "SklearnZipMapColumns" in readers else _number_type(operator)


def _set_value(operator):
    check_exportable(operator.raw_operator)
    n_rows = operator.inputs[0].get_first_dimension()
    operator.outputs[0].set_type(_number_type(operator)([n_rows, operator.raw_operator.n_outputs_]))


def _set_encoded(operator):
    check_is_fitted(operator.raw_operator)
    n_rows, encoded = operator.inputs[0].get_first_dimension(), operator.outputs[0]
    # the type that skl2onnx has declared, that of the first input: what reads the output relies on it
    encoded.set_type(type(encoded.type)([n_rows, n_encoded(operator.raw_operator)]))


# ----------------------------------------------------------------------------------------------------------- nodes


def _classifier(scope, operator, container):
    model, graph = operator.raw_operator, Graph(scope, container)
    raw = _raw_outputs(graph, model, operator.inputs)
    if model.temperature_ != 1:
        raw = [graph.node("Mul", each, np.float32(1 / model.temperature_)) for each in raw]
    raw = [graph.mean(raw)] if model.networks_.averages_raw else raw
    proba = graph.mean([_predict(graph, model, each) for each in raw], trained(model).weights)
    if trained(model).is_multilabel:
        label = graph.node("Greater", proba, np.float32(0.5))
    else:
        best = graph.node("ArgMax", proba, axis=1, keepdims=0)
        label = graph.node("Gather", _labels(get_label_classes(scope, model)), best, axis=0)
    graph.finish(label, operator.outputs[0])
    wants_scores = scope.get_options(model, {"raw_scores": False})["raw_scores"]
    graph.finish(_scores(graph, model, raw, proba) if wants_scores else proba, operator.outputs[1])


def _regressor(scope, operator, container):
    model, graph = operator.raw_operator, Graph(scope, container)
    raw = _raw_outputs(graph, model, operator.inputs)
    raw = [graph.mean(raw)] if model.networks_.averages_raw else raw
    values = [_predict(graph, model, each) for each in raw]
    values = graph.mean(values, trained(model).weights)
    if model.target_scale_ is not None:
        values = graph.node("Mul", graph.cast(values, DOUBLE), np.float64(model.target_scale_))
        values = graph.node("Add", values, np.float64(model.target_mean_))
    graph.finish(values, operator.outputs[0])


def _encoder(scope, operator, container):
    graph = Graph(scope, container)
    graph.finish(encode(graph, operator.raw_operator, operator.inputs)[0], operator.outputs[0])


def _raw_outputs(graph, model, inputs):
    """The raw outputs of each network, tensors of shape (n_rows, n_outputs)."""
    x, type_of_x = _network_input(graph, model, inputs)
    return [forward(graph, network, x, type_of_x) for network in trained(model).networks]


def _network_input(graph, model, inputs):
    """What the networks take, and its type."""
    encoder = model.encoder_
    if encoder is None:
        return as_matrix(graph, columns_of(inputs, model))
    if isinstance(encoder, TabularEncoder):
        return encode(graph, encoder, inputs)
    encoded = parse(graph.scope, encoder, inputs)
    return graph.cast(graph.concat([each.full_name for each in encoded]), FLOAT), FLOAT


def _scores(graph, model, raw, proba):
    """What decision_function returns, a column per class; for two classes minus and plus the log-odds of the second."""
    scores, is_multilabel = raw[0], trained(model).is_multilabel
    if len(raw) > 1:
        scores = graph.node("Log", proba)
        if is_multilabel:
            scores = graph.node("Sub", scores, graph.node("Log", graph.node("Sub", np.float32(1), proba)))
    if len(model.classes_) == 2 and not is_multilabel:
        scores = graph.node("MatMul", scores, np.array([[1, -1], [-1, 1]], np.float32))
    return scores


def _predict(graph, model, raw):
    loss = trained(model).loss
    return PREDICT[type(loss)](graph, loss, raw)


def _labels(classes):
    """The classes as a label tensor can hold them: strings (dtype object) or integers."""
    if classes.dtype.kind in "US" or isinstance(classes[0], str):
        return np.array([str(each) for each in classes], dtype=object)
    return classes.astype(np.int64)  # floats among the classes are integers, as scikit-learn demands


# -------------------------------------------------------------------------------------------- what can't be exported


def check_exportable(model):
    """NotImplementedError that names the parameter whose object has no counterpart in ONNX."""
    check_is_fitted(model)
    if type(model.networks_) not in (IndependentNetworks, Portfolio):
        raise NotImplementedError(f"{type(model.networks_).__name__} can't be exported to ONNX.")
    parts = trained(model)
    if type(parts.loss) not in PREDICT:
        raise _not_exportable("loss", parts.loss, "the losses of skann.engine.losses")
    for network in parts.networks:
        for parameter, part in without_counterpart(network):
            module = "activations" if parameter == "activation" else "embeddings"
            raise _not_exportable(parameter, part, f"the {module} of skann.engine.{module}")
    if model.encoder_ is not None:
        for transformer in _steps(model.encoder_):
            if type(transformer) not in sklearn_operator_name_map and not hasattr(transformer, "onnx_converter"):
                raise _not_exportable("encoder", transformer, "transformers that skl2onnx has a converter for")


def _not_exportable(parameter, value, can):
    return NotImplementedError(f"{parameter}={value!r} can't be exported to ONNX. What can: {can}.")


def _steps(transformer):
    """The transformers that do the work in one made of several."""
    if isinstance(transformer, Pipeline):
        parts = [step for _, step in transformer.steps]
    elif isinstance(transformer, ColumnTransformer):
        parts = [part for _, part, _ in transformer.transformers_]
    elif isinstance(transformer, FeatureUnion):
        parts = [part for _, part in transformer.transformer_list]
    else:
        return [transformer]
    return [step for part in parts if part is not None and not isinstance(part, str) for step in _steps(part)]
