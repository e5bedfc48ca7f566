"""What goes into a copy of networks of any kind: all that they predict with; an export to ONNX knows one kind only."""

import copy
import io
import pickle

import joblib
import pytest
import skops.io

from tests.estimators.ensembles import X
from tests.fitting.test_networks import BASE, KINDS, fitted, predictions, target, thetas
from tests.promises.test_storage import documented_types


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


WAYS = {"pickle": lambda model: pickle.loads(pickle.dumps(model)), "joblib": through_joblib, "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("way", WAYS)
@KINDS
def test_copies_are_the_same_to_the_bit(Estimator, way):
    model = fitted(Estimator)
    other = WAYS[way](model)
    assert predictions(other) == predictions(model)
    assert thetas(other.partial_fit(X, target(Estimator))) != thetas(model)


@KINDS
def test_skops_asks_for_the_kind_and_the_estimator(Estimator):
    model = fitted(Estimator)
    stored = skops.io.dumps(model)
    types = skops.io.get_untrusted_types(data=stored)
    names = {f"tests.fitting.kinds.{each.__name__}" for each in (Estimator, Estimator._kind_of_networks)}
    assert set(types) - set(documented_types()) == names
    assert predictions(skops.io.loads(stored, trusted=types)) == predictions(model)


@KINDS
def test_onnx_refuses_it_by_name(Estimator, monkeypatch):
    """Of a subclass, and of an estimator that has a converter."""
    onnx = pytest.importorskip("skann.onnx")
    name = Estimator._kind_of_networks.__name__
    with pytest.raises(NotImplementedError, match=f"^{name} can't be exported"):
        onnx.to_onnx(fitted(Estimator), X)
    monkeypatch.setattr(BASE[Estimator], "_kind_of_networks", Estimator._kind_of_networks)
    with pytest.raises(NotImplementedError, match=f"^{name} can't be exported"):
        onnx.to_onnx(fitted(BASE[Estimator]), X)
