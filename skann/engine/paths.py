"""Expected gradients: what each column makes of the difference between a row and the rows of a background.

The integrated gradient from a row b to a row x gives column j the part (x_j - b_j) times the mean of df/dx_j on the
straight line between them, and these parts add up to f(x) - f(b); the expected gradient is the mean over the rows b of
the background. Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365; Erion et al. 2021,
https://arxiv.org/abs/1906.10670.

A code has no values between its levels: where a network learns a vector for each level, the line goes from vector to
vector, and the parts of a vector's numbers are added up. Where it begins with a linear map (and then X may be sparse),
the lines are drawn behind it, at the same points and with fewer numbers; what the map does to each column is multiplied
in at the end.
"""

import numpy as np

from .embeddings import Category, Embeddings, PassThrough
from .evaluation import raw_outputs
from .layers import Bend, Scale
from .rows import ArrayRows, slices

POINTS = 1024  # to pass through the network at once: enough to fill the matrix products, few enough for the cache
NUMBERS = 2**20  # that any intermediate result may have
N_FINE = 8  # for each node


def expected_gradients(network, X, background, derivative, n_steps, weight=None):
    """The parts of each column in f(x) minus the mean of f over the background.

    Parameters
    ----------
    network : Network
    X, background : {ndarray, CSR matrix} of shape (n, n_in) and (n_background, n_in)
        Encoded.
    derivative : callable(ndarray) -> ndarray
        Of raw outputs (n_rows, n_out) makes the derivatives (K, n_rows, n_out) of the K functions f.
    n_steps : int
        Points on each line where the gradient is taken.
    weight : ndarray of shape (n_background,), default=None
        Of the background's rows, with sum 1; None for equal ones.

    Returns
    -------
    parts : ndarray of float64 of shape (K, n, n_in)
    """
    rule = Rule(n_steps, network.theta.dtype)
    weight = np.full(background.shape[0], 1 / background.shape[0]) if weight is None else weight
    lines = (VectorLines if isinstance(network.layers[0], Embeddings) else LinearLines)(network, X, background)
    n_functions, _, n_out = derivative(lines.raw_start[:1]).shape
    widest = max(lines.end.shape[1], *(layer.n_out for layer in lines.rest.layers))
    per_line = n_functions * max(len(rule.of_raw) * n_out, n_steps * widest)
    n_lines = max(1, min(POINTS // n_steps, NUMBERS // per_line, X.shape[0] * background.shape[0]))
    workspace = lines.rest.workspace(n_lines * n_steps)
    total = np.zeros((n_functions, *X.shape))
    for starts in slices(background.shape[0], n_lines):
        n_starts = starts.stop - starts.start
        n_ends = max(1, min(n_lines // n_starts, NUMBERS // max(1, n_functions * lines.numbers_per_row)))
        for ends in slices(X.shape[0], n_ends):
            gradient = _mean_gradient(lines, ends, starts, rule, derivative, workspace)
            total[:, ends] += lines.parts(ends, starts, gradient * weight[starts, None])
    return total


def _mean_gradient(lines, ends, starts, rule, derivative, workspace):
    """The mean gradient on each line, (K, n_ends, n_starts, n_coordinates), in the coordinates of the lines."""
    points = lines.end[ends, None, None] - lines.start[starts, None]
    points = points * rule.nodes[:, None]
    points += lines.start[starts, None]
    shape, n_points = points.shape, points.size // points.shape[-1]
    points, workspace = points.reshape(n_points, -1), workspace.rows(n_points)
    raw = lines.rest.forward(points, workspace)
    of_line = np.empty((*shape[:2], shape[2] + 2, raw.shape[1]), raw.dtype)
    of_line[:, :, 0], of_line[:, :, -1] = lines.raw_start[starts], lines.raw_end[ends, None]
    of_line[:, :, 1:-1] = raw.reshape(*shape[:3], -1)
    fine = np.matmul(rule.of_raw, of_line)
    link = derivative(fine.reshape(-1, raw.shape[1]))
    delta = np.matmul(rule.of_gradient, link.reshape(-1, *fine.shape).astype(raw.dtype, copy=False))
    gradient = lines.rest.input_gradient(points, workspace, delta.reshape(-1, *raw.shape))
    return gradient.reshape(-1, *shape).sum(axis=3)


class Rule:
    """Quadrature on a line of J(raw) times the gradient of raw, with J the derivative of f, which may be much steeper.

    Both raw and its gradient are the polynomials through their values at the nodes, those of Gauss and Legendre (raw
    also at both ends); J costs no pass through the network, so that the integral of the product is taken at many points
    more. Saturated probabilities need half the nodes of Gauss and Legendre's rule in this way; where f is raw, it is
    their rule.

    Parameters
    ----------
    n_steps : int
        Number of nodes.
    dtype : dtype

    Attributes
    ----------
    nodes : ndarray of shape (n_steps,)
        From 0 to 1.
    of_raw : ndarray of shape (n_fine, n_steps + 2)
        From raw at 0, at the nodes and at 1 to raw at the fine points.
    of_gradient : ndarray of shape (n_steps, n_fine)
        From J at the fine points to the factor that the gradient of raw has at each node.
    """

    def __init__(self, n_steps, dtype):
        nodes, _ = np.polynomial.legendre.leggauss(n_steps)
        fine, share = np.polynomial.legendre.leggauss(N_FINE * n_steps)
        self.nodes = ((nodes + 1) / 2).astype(dtype)
        self.of_raw = _polynomials(np.array([-1, *nodes, 1]), fine).astype(dtype)
        self.of_gradient = (_polynomials(nodes, fine) * share[:, None] / 2).T.astype(dtype)


def _polynomials(nodes, places):
    """Lagrange's polynomials at the places, (n_places, n_nodes): each is 1 at its own node and 0 at the others."""
    values = np.empty((len(places), len(nodes)))
    for i, node in enumerate(nodes):
        others = np.delete(nodes, i)
        values[:, i] = np.prod((places[:, None] - others) / (node - others), axis=1)
    return values


class VectorLines:
    """Lines for a network with embeddings: between numbers, and between the vectors that codes stand for.

    Parameters
    ----------
    network : Network
    X, background : ndarray
        The rows where the lines end and start.

    Attributes
    ----------
    end, start : ndarray of shape (n, n_coordinates) and (n_background, n_coordinates)
    raw_end, raw_start : ndarray of shape (n, n_out) and (n_background, n_out)
    rest : Network
        Takes points on the lines.
    numbers_per_row : int
        That `parts` makes for a row and each function.
    """

    def __init__(self, network, X, background):
        embeddings, *others = network.layers
        self._embeddings = embeddings
        self._parts = list(embeddings.parts.values())
        as_vectors = {
            name: PassThrough(part.n_out) if isinstance(part, Category) else part
            for name, part in embeddings.parts.items()
        }
        self.rest = network.with_layers([Embeddings(as_vectors), *others])
        self.end, self.start = self._coordinates(X), self._coordinates(background)
        self.raw_end, self.raw_start = _raw(self.rest, self.end), _raw(self.rest, self.start)
        self.numbers_per_row = len(background) * self.end.shape[1]
        widths = [each.n_out if isinstance(each, Category) else 1 for each in self._parts for _ in range(each.n_in)]
        self._first = np.cumsum([0, *widths[:-1]])  # coordinate of each column

    def _coordinates(self, X):
        X, found, i = self._embeddings.ordered(X), [], 0
        for part in self._parts:
            columns = X[:, i : i + part.n_in]
            found.append(part.vectors(columns) if isinstance(part, Category) else columns)
            i += part.n_in
        return np.concatenate(found, axis=1)

    def parts(self, ends, starts, gradient):
        """The parts of the columns (K, n_ends, n_in), from weighted mean gradients."""
        way = self.end[ends, None] - self.start[starts]
        of_columns = np.add.reduceat(np.einsum("kesc,esc->kec", gradient, way), self._first, axis=2)
        return self._embeddings.as_given(of_columns)


class LinearLines:
    """Lines for a network that begins with a linear map, behind it; arguments and attributes as of `VectorLines`."""

    def __init__(self, network, X, background):
        n_scales = next(i for i, layer in enumerate(network.layers) if not isinstance(layer, Scale))
        dense = network.layers[n_scales]
        self.W = dense.W
        for scale in network.layers[:n_scales]:
            self.W = scale.s[:, None] * self.W
        self.rest = network.with_layers([Bend(dense), *network.layers[n_scales + 1 :]])
        self.X, self.background = X, background
        self.end, self.start = X @ self.W + dense.b, background @ self.W + dense.b
        self.raw_end, self.raw_start = _raw(self.rest, self.end), _raw(self.rest, self.start)
        self.is_sparse = not isinstance(X, np.ndarray)
        self.numbers_per_row = self.W.size if self.is_sparse else background.size

    def parts(self, ends, starts, gradient):
        """The parts of the columns (K, n_ends, n_in), from weighted mean gradients."""
        X, background = self.X[ends], self.background[starts]
        if not self.is_sparse:
            return np.einsum("kesj,esj->kej", gradient @ self.W.T, X[:, None] - background)
        of_end = gradient.sum(axis=2) @ self.W.T
        of_end *= X.toarray()
        of_start = background.T @ gradient.transpose(2, 0, 1, 3).reshape(background.shape[0], -1)
        of_start = of_start.reshape(-1, *gradient.shape[:2], gradient.shape[3])
        return of_end - np.einsum("jkec,jc->kej", of_start, self.W)


def _raw(network, X):
    """Raw outputs of all rows."""
    return raw_outputs(network, ArrayRows(X)).copy()
