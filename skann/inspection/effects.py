"""`effects`: the curves that an additive model is the sum of."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._typing import Array, Floats, MatrixLike
from ..encoding import inputs
from ..engine.additive import parts_of_groups
from ..fitting.derivatives import shares
from .effects_display import EffectsDisplay


@dataclass(repr=False)
class Effects:
    """What each column adds to the raw outputs of an additive model.

    `effects` returns it.

    Attributes
    ----------
    values : ndarray of shape (n_samples, n_features) or (n_samples, n_features, n_outputs)
        The effects, of mean 0 over the training rows. Intercept and sum over the columns are the raw output.
    intercept : float or ndarray of shape (n_outputs,)
    by_network : ndarray of shape (n_networks, n_samples, n_features) or (n_networks, n_samples, n_features, n_outputs)
        Those of each network.
    data : ndarray of shape (n_samples, n_features)
        The cells of X.
    feature_names : list of str

    Examples
    --------
    >>> import numpy as np
    >>> from skann import ANNRegressor
    >>> from skann.inspection import effects
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> model = ANNRegressor((8,), interaction_cst="no_interactions", n_estimators=1, max_iter=10, random_state=0)
    >>> found = effects(model.fit(X, 3 * X[:, 0]), X)
    >>> found.values.shape
    (200, 2)
    >>> found.feature_names
    ['column 0', 'column 1']
    """

    values: Floats
    intercept: Any
    by_network: Floats
    data: Array = field(repr=False)
    feature_names: list[str]

    def __repr__(self):
        return f"<Effects of {self.values.shape[1]} columns, {len(self.values)} rows>"

    def plot(self, axes: Any = None, *, output: int = 0) -> EffectsDisplay:
        """Draw them: see `EffectsDisplay.plot`.

        Parameters
        ----------
        axes, output : as there
            Where to draw, and what.

        Returns
        -------
        display : EffectsDisplay

        Examples
        --------
        >>> import numpy as np
        >>> from skann import ANNRegressor
        >>> from skann.inspection import effects
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> model = ANNRegressor((8,), interaction_cst="no_interactions", n_estimators=1, max_iter=10, random_state=0)
        >>> len(effects(model.fit(X, 3 * X[:, 0]), X).plot().axes_)
        2
        """
        return EffectsDisplay(self).plot(axes, output=output)


def effects(model: Any, X: MatrixLike) -> Effects:
    """What each column adds to the raw outputs of a model without interactions.

    Parameters
    ----------
    model : ANNClassifier or ANNRegressor
        Fitted with ``interaction_cst="no_interactions"``.
    X : {array-like, dataframe} of shape (n_samples, n_features)

    Returns
    -------
    effects : Effects
        In raw outputs, those before softmax or exp, averaged over the networks (targets in units of the training); of
        two classes the log-odds of the second one. What a missing value changes belongs to its column. The mean over
        the training rows, after `partial_fit` over those of the last call, is 0.

    Raises
    ------
    ValueError
        If the model has interactions.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skann import ANNRegressor
    >>> from skann.inspection import effects
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = ANNRegressor(interaction_cst="no_interactions", n_estimators=2, max_iter=10, random_state=0).fit(X, y)
    >>> found = effects(model, X[:5])
    >>> found
    <Effects of 10 columns, 5 rows>
    >>> found.values.shape
    (5, 10)
    """
    check_is_fitted(model)
    networks = model.networks_
    if networks.effect_columns is None or networks.members[0].mean_effects is None:
        raise ValueError("effects are those of a fitted model without interactions: interaction_cst='no_interactions'.")
    encoded = inputs.encode(model.encoder_, model._check_X(X))
    encoded = encoded.astype(networks.members[0].network.theta.dtype, copy=False)
    n_features = model.n_features_in_
    by_network: list = []
    intercept = np.zeros(networks.n_outputs)
    for member, (share,) in zip(networks.members, shares(networks), strict=True):
        mean = member.mean_effects
        parts = parts_of_groups(member.network, encoded, len(mean)).astype(float)
        of_columns = np.zeros((len(encoded), n_features, parts.shape[2]))
        of_columns[:, networks.effect_columns] = parts - mean
        by_network.append(of_columns / networks.temperature)
        intercept = intercept + share * (member.network.layers[-1].b + mean.sum(axis=0)) / networks.temperature
    every = np.array(by_network)
    weights = [share for (share,) in shares(networks)]
    if model._target.is_binary:
        every, intercept = every[..., 1:] - every[..., :1], intercept[1:] - intercept[:1]
    values = np.tensordot(weights, every, 1)
    if values.shape[2] == 1:
        values, every, intercept = values[..., 0], every[..., 0], intercept[0]
    names = [f"column {i}" for i in range(n_features)]
    names = list(getattr(model, "feature_names_in_", names))
    data = getattr(X, "to_numpy", lambda: np.asarray(X))()
    return Effects(values, intercept, every, data, names)
