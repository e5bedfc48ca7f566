"""The private names of skl2onnx that skann uses, in one place."""

from skl2onnx._parse import _parse_sklearn as parse  # what skl2onnx's own converter of Pipeline calls for its steps
from skl2onnx._supported_operators import sklearn_operator_name_map

__all__ = ["parse", "sklearn_operator_name_map"]
