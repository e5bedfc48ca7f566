"""`input_gradients`: how fast the predictions change with each column of X."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from .._objects import shown
from .._parts import listed
from .._typing import Floats, MatrixLike, Space
from ..encoding import inputs
from ..encoding.sources import column_sources, slopes, sums_by_source
from ..fitting.derivatives import Said, gradients, has_derivative
from .prediction import chunk_rows, in_chunks

SPACES = ("prediction", "raw")


class InputGradients:
    """The method `input_gradients` of an estimator."""

    encoder_: Any
    networks_: Any
    n_features_in_: int
    n_jobs: int | None
    _target: Any
    _check_X: Callable[[Any], Any]

    def input_gradients(self, X: MatrixLike, *, space: Space = "prediction") -> Floats:
        """Derivatives of the predictions with respect to the columns of X, row by row.

        Of an ensemble they are those of the averaged prediction. `skann.inspection.attributions` says what columns make
        of a whole difference.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_samples, n_features)
            Dense.
        space : {"prediction", "raw"}, default="prediction"
            Of what: of what `predict` of a regressor or `predict_proba` returns, in the units of y per unit of the
            column, or of the raw outputs, averaged over the networks.

        Returns
        -------
        gradients : ndarray of shape (n_samples, n_features) or (n_samples, n_features, n_outputs)
            The first where there is one output; of two classes it is the second, and "raw" are its log-odds. NaN in
            columns of categories and of dates, and where a value is missing: there is no derivative.

        Raises
        ------
        ValueError
            If X is sparse, if the encoder is a transformer whose derivative is not known, or if ``space="prediction"``
            is not known for a loss object.

        Examples
        --------
        >>> from skann import ANNRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]  # on a straight line
        >>> model = ANNRegressor((), encoder=None, solver="lbfgs", alpha=0.0, random_state=0).fit(
        ...     X, y
        ... )  # a straight line
        >>> model.input_gradients([[0.5], [10.0]]).round(1)
        array([[2.],
               [2.]])
        """
        check_is_fitted(self)
        said = what_is_said(self, space)
        X = self._check_X(X)
        if sparse.issparse(X):
            raise ValueError("input_gradients needs a dense X: use X.toarray().")
        if self.encoder_ is not None and not inputs.is_tabular(self.encoder_):
            raise ValueError(
                f"encoder={shown(self.encoder_, 60)} has no known derivative: put it before the model in a Pipeline."
            )
        sources, n_columns = column_sources(self.encoder_, X), self.n_features_in_

        def of_rows(rows):
            encoded = inputs.encode(self.encoder_, rows)
            with np.errstate(over="ignore", invalid="ignore"):
                found = gradients(self.networks_, said, encoded) * slopes(self.encoder_, rows)
            return np.moveaxis(sums_by_source(found, sources, n_columns), 0, -1)

        n_numbers = self.networks_.n_outputs * (len(sources) + n_columns) + self.networks_.n_raw
        return in_units(self, in_chunks(of_rows, X, chunk_rows(n_numbers), self.n_jobs), space)


def loss_is_identity(loss):
    """Whether predictions are the raw outputs."""
    return loss.out_activation == "identity"


def what_is_said(model, space):
    """The functions that are explained: those of the space."""
    if space not in SPACES:
        raise ValueError(f"space must be {listed(SPACES)}, got {space!r}.")
    loss = model.networks_.loss
    if space == "prediction" and not has_derivative(loss):
        raise ValueError(
            f"What the loss object {shown(loss)} predicts has no known derivative: use space='raw', or write a method "
            "derivative(raw) beside its predict, as skann.engine.losses has it."
        )
    networks = model.networks_
    if space == "prediction" and networks.averages_raw and len(networks.members) > 1 and not loss_is_identity(loss):
        raise ValueError(
            "space='prediction' is not known for an ensemble with interaction_cst, whose raw outputs are averaged: use "
            "space='raw', or one of estimators_."
        )
    return Said.by(model.networks_, space == "raw", model._target.is_binary)


def in_units(model, differences, space):
    """Differences (n, ..., K) in the units of the space, without the last axis if K is 1."""
    if space == "prediction":
        differences = model._target.unscale_differences(differences)
    return differences[..., 0] if differences.shape[-1] == 1 else differences
