"""What can't be exported is refused by name; skann works without the packages that an export needs."""

import importlib
import subprocess
import sys
import warnings

import numpy as np
import pytest
import skl2onnx
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann.engine.activations import Tanh
from skann.engine.losses import SquaredError
from skann.onnx import to_onnx
from tests.onnx.exports import FEW

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# ------------------------------------------------------------------------------------------------------------ refusals


class OwnLoss(SquaredError):
    def __repr__(self):
        return "OwnLoss()"


class OwnActivation(Tanh):
    def __repr__(self):
        return "OwnActivation()"


class OwnTransformer(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.asarray(X)


@pytest.mark.parametrize(
    "parameter, value, name",
    [
        ("loss", OwnLoss(), "loss=OwnLoss()"),
        ("activation", OwnActivation(), "activation=OwnActivation()"),
        ("encoder", OwnTransformer(), "encoder=OwnTransformer()"),
        ("encoder", make_union(StandardScaler(), make_pipeline(OwnTransformer())), "encoder=OwnTransformer()"),
        (
            "encoder",
            ColumnTransformer([("own", OwnTransformer(), [0])], remainder="passthrough"),
            "encoder=OwnTransformer()",
        ),
    ],
)
def test_what_has_no_counterpart_is_refused(numbers, parameter, value, name):
    X, y = numbers
    model = ANNRegressor(**FEW, **{parameter: value}).fit(X, y)
    for convert in (to_onnx, skl2onnx.to_onnx):
        with pytest.raises(NotImplementedError) as error:
            convert(model, X)
        assert str(error.value).startswith(f"{name} can't be exported to ONNX. What can: ")


def test_weights_too_large_for_float32(numbers):
    X, y = numbers
    model = ANNRegressor(**FEW, encoder=None, dtype="float64").fit(X, y)
    model.network_.theta[0] = 1e200
    with pytest.raises(NotImplementedError, match="too large for float32"):
        to_onnx(model, X)


def test_unfitted_models():
    for model in (ANNClassifier(), TabularEncoder(), make_pipeline(StandardScaler(), ANNRegressor())):
        with pytest.raises(NotFittedError):
            to_onnx(model, np.zeros((2, 2)))


def test_what_is_no_table(numbers):
    X, y = numbers
    model = ANNClassifier(**FEW).fit(X, y)
    with pytest.raises(ValueError, match="X must have two dimensions"):
        to_onnx(model, X[0])


# ------------------------------------------------------------------------------------------------------------- imports


def test_skann_does_not_import_onnx():
    code = "import sys, skann; sys.exit(bool({'onnx', 'skl2onnx', 'onnxruntime', 'skann.onnx'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("package", ["onnx", "skl2onnx"])
def test_missing_packages(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "skann.onnx")
    with pytest.raises(ImportError, match=rf"but {package} is missing: pip install skann\[onnx\]"):
        importlib.import_module("skann.onnx")


def test_nothing_warns(numbers):
    X, y = numbers
    model = ANNClassifier(**FEW).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        to_onnx(model, X)
