"""A thin layer over skl2onnx's container: nodes and constants get their names by themselves."""

import numpy as np
from onnx import TensorProto, numpy_helper
from skl2onnx.common.data_types import guess_proto_type

FLOAT, DOUBLE, INT64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64


ML = "ai.onnx.ml"  # the domain of LabelEncoder


OLDEST_OPSET = 13  # the first in which Split, Softmax and Reshape are what they are here


class Graph:
    """Where converters write the nodes of a model.

    Parameters
    ----------
    scope, container : Scope, ModelComponentContainer
        What skl2onnx hands to a converter.
    """

    def __init__(self, scope, container):
        self.scope, self.container = scope, container
        if container.target_opset_any_domain("") < OLDEST_OPSET:
            raise ValueError(f"target_opset must be at least {OLDEST_OPSET}, got {container.target_opset}.")

    def node(self, op, *inputs, n_outputs=1, domain="", **attributes):
        """Add a node; its inputs are names, or arrays and numbers that become constants.

        Returns
        -------
        name : str or list of str
            Of the output; of the outputs if there are several.
        """
        inputs = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        outputs = [self.scope.get_unique_variable_name(op.lower()) for _ in range(n_outputs)]
        name = self.scope.get_unique_operator_name(op)
        self.container.add_node(op, inputs, outputs, op_domain=domain, name=name, **attributes)
        return outputs[0] if n_outputs == 1 else outputs

    def constant(self, values):
        """Add an array as a constant; its name. Strings are an array of objects."""
        values = np.asarray(values)
        name = self.scope.get_unique_variable_name("constant")
        if values.dtype == object:
            encoded = [each.encode() for each in values.ravel()]
            self.container.add_initializer(name, TensorProto.STRING, values.shape, encoded)
        else:
            self.container.add_initializer(name, None, None, numpy_helper.from_array(np.ascontiguousarray(values)))
        return name

    def cast(self, x, to):
        """x as tensor of another type, one of FLOAT, DOUBLE and INT64."""
        return self.node("Cast", x, to=to)

    def take(self, x, columns):
        """Some columns of x."""
        return self.node("Gather", x, np.asarray(columns, np.int64), axis=1)

    def reshape(self, x, shape):
        """x in another shape; 0 stands for the length that this axis of x has."""
        return self.node("Reshape", x, np.array(shape, np.int64))

    def concat(self, parts, axis=1):
        """Tensors side by side."""
        return parts[0] if len(parts) == 1 else self.node("Concat", *parts, axis=axis)

    def mean(self, parts, weights=None):
        """The mean of tensors, with ``weights`` of sum 1 unless they all count the same."""
        if len(parts) == 1:
            return parts[0]
        if weights is None:
            return self.node("Mean", *parts)
        return self.node(
            "Sum", *[self.node("Mul", *pair) for pair in zip(parts, map(np.float32, weights), strict=True)]
        )

    def finish(self, x, variable):
        """Make x the output ``variable`` of the operator, in the type that this was declared to have."""
        name = self.scope.get_unique_operator_name("Output")
        to = guess_proto_type(variable.type)
        if to == TensorProto.STRING:
            self.container.add_node("Identity", [x], [variable.full_name], name=name)
        else:
            self.container.add_node("Cast", [x], [variable.full_name], name=name, to=to)


def as_float(values):
    """Fitted parameters in float32, what the exported network computes in."""
    with np.errstate(over="ignore"):
        result = np.asarray(values, np.float32)
    if not np.isfinite(result).all() and np.isfinite(values).all():
        raise NotImplementedError(
            "This network can't be exported to ONNX: some of its parameters are too large for float32. Scale X and y, "
            "or train with dtype='float32'."
        )
    return result
