"""Derivatives of what the networks of a model say, with respect to encoded columns, and the parts that these have.

Both are linear in the model, so that those of an ensemble are the weighted means of those of its networks.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.evaluation import chunk_rows
from ..engine.losses.mean import one_each
from ..engine.paths import expected_gradients
from ..engine.rows import slices


@dataclass(frozen=True)
class Said:
    """The functions of the raw outputs of a prediction that are explained.

    Attributes
    ----------
    loss : Loss
    temperature : float
    is_raw : bool
        Whether they are the raw outputs, at the temperature, not the predictions.
    is_binary : bool
        Whether the outputs are two classes: then the second is the only function, its log-odds where ``is_raw``.
    """

    loss: Any
    temperature: float
    is_raw: bool
    is_binary: bool

    @classmethod
    def by(cls, networks, is_raw, is_binary):
        """What these networks say."""
        return cls(networks.loss, networks.temperature, is_raw, is_binary)

    def values(self, raw):
        """The functions (n_rows, K) of raw outputs (n_rows, n_outputs)."""
        raw = raw / self.temperature
        if self.is_raw:
            return raw[:, 1:] - raw[:, :1] if self.is_binary else raw
        predicted = self.loss.predict(raw)
        return predicted[:, 1:] if self.is_binary else predicted

    def derivative(self, raw):
        """Their derivatives (K, n_rows, n_outputs) with respect to the raw outputs."""
        raw = raw / self.temperature
        derivative = one_each(np.ones_like(raw)) if self.is_raw else self.loss.derivative(raw)
        if self.is_binary:
            derivative = derivative[1:] - derivative[:1] if self.is_raw else derivative[1:]
        return derivative / self.temperature


def has_derivative(loss):
    """Whether the class that says what a loss predicts says the derivative, too."""
    owner = {
        name: next((cls for cls in type(loss).__mro__ if name in vars(cls)), None) for name in ("predict", "derivative")
    }
    return owner["derivative"] is not None and owner["derivative"] is owner["predict"]


def shares(networks):
    """For each member the shares that its `outputs` have in a prediction: a list of lists, which add up to 1."""
    counts = [len(outputs) for outputs in (_columns(networks, member) for member in networks.members)]
    weights = np.ones(sum(counts)) if networks.weights is None else np.asarray(networks.weights, float)
    return [each.tolist() for each in np.split(weights / weights.sum(), np.cumsum(counts)[:-1])]


def of_member(networks, member, said, weights):
    """The derivatives of the functions with respect to the raw outputs of a network, a callable for the engine.

    ``weights`` are what each of the member's `outputs` counts.
    """
    columns = _columns(networks, member)
    if len(columns) == 1:
        return lambda raw: said.derivative(raw) * raw.dtype.type(weights[0])

    def derivative(raw):
        parts = [weight * said.derivative(raw[:, own]) for own, weight in zip(columns, weights, strict=True)]
        total = np.zeros((len(parts[0]), *raw.shape), raw.dtype)
        for own, part in zip(columns, parts, strict=True):
            total[:, :, own] += part
        return total

    return derivative


def _columns(networks, member):
    """For each of the `outputs` of a member the columns of its raw outputs that it is made of."""
    return [each[0] for each in networks.outputs(np.arange(member.network.layers[-1].n_out)[np.newaxis])]


def parts(networks, said, X, background, n_steps, weight=None):
    """What each encoded column makes of a row's functions minus the background's: float64 (K, n, n_encoded)."""
    total = 0.0
    for member, weights in zip(networks.members, shares(networks), strict=True):
        dtype = member.network.theta.dtype
        X, background = X.astype(dtype, copy=False), background.astype(dtype, copy=False)
        derivative = of_member(networks, member, said, weights)
        total = total + expected_gradients(member.network, X, background, derivative, n_steps, weight)
    return total


def gradients(networks, said, X):
    """The derivatives of the functions with respect to the encoded columns of X, which is dense: (K, n, n_encoded)."""
    total = 0.0
    for member, weights in zip(networks.members, shares(networks), strict=True):
        network, derivative = member.network, of_member(networks, member, said, weights)
        rows, found = X.astype(network.theta.dtype, copy=False), []
        for chunk in slices(len(rows), chunk_rows(network, X.shape[1])):
            workspace = network.workspace(chunk.stop - chunk.start)
            raw = network.forward(rows[chunk], workspace)
            found.append(network.input_gradient(rows[chunk], workspace, derivative(raw)))
        total = total + np.concatenate(found, axis=1, dtype=np.float64)
    return total
