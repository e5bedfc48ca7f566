"""From raw outputs to predictions: the ``predict`` of each of the engine's losses as ONNX nodes."""

import numpy as np

from ..engine import losses

FLOAT32 = np.finfo(np.float32)


LIMIT = np.float32(np.log(FLOAT32.max)) - 1  # of what exp is taken of


def _softmax(graph, loss, raw):
    return graph.node("Max", graph.node("Softmax", raw, axis=1), FLOAT32.tiny)


def _logistic(graph, loss, raw):
    p = graph.node("Max", graph.node("Sigmoid", raw), FLOAT32.tiny)
    return graph.node("Min", p, np.float32(1) - FLOAT32.epsneg)


def _identity(graph, loss, raw):
    return raw


def _quantiles(graph, loss, raw):
    """Sorted, then each where its level stands."""
    if loss.levels.ndim == 0:
        return raw
    n_levels = np.array([len(loss.levels)], np.int64)
    rising, _ = graph.node("TopK", raw, n_levels, n_outputs=2, axis=1, largest=0, sorted=1)
    return graph.take(rising, loss.levels.argsort().argsort())


def _exp(graph, loss, raw):
    return graph.node("Exp", graph.node("Min", graph.node("Max", raw, -LIMIT), LIMIT))


PREDICT = {
    losses.CrossEntropy: _softmax,
    losses.BinaryCrossEntropy: _logistic,
    losses.SquaredError: _identity,
    losses.AbsoluteError: _identity,
    losses.Huber: _identity,
    losses.Quantile: _quantiles,
    losses.Poisson: _exp,
    losses.Gamma: _exp,
    losses.Tweedie: _exp,
}
