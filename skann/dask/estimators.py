"""Estimators for tables of Dask: the plain ones, trained by the workers of a cluster."""

from typing import Any

from sklearn.base import ClassifierMixin, RegressorMixin

from ..estimators.classifier import ANNClassifier
from ..estimators.regressor import ANNRegressor
from ..fitting.conformity import several_levels
from ..fitting.dask_table import is_dask
from . import prediction
from .base import DaskANN


class DaskANNClassifier(DaskANN, ClassifierMixin, plain=ANNClassifier):
    """`ANNClassifier` for tables of Dask.

    All parameters of `ANNClassifier` are parameters of this, and all attributes that a fit gives to it are attributes
    of this. The page about several machines in the documentation says when it pays.

    Parameters
    ----------
    client : distributed.Client, default=None
        None means the one that was made last. It is neither in pickles nor in copies of a fitted estimator.
    strategy : {"auto", "networks", "rows"}, default="auto"
        How workers share the training.

        - "networks": each trains some networks of the ensemble on the whole table, which it is sent once. The result is
          that of the plain estimator, to the bit;
        - "rows": each keeps the rows that it holds, all train each network together;
        - "auto": "networks" if there are several networks and no worker has less memory than four times the bytes of
          the table, else "rows".

    Attributes
    ----------
    model_ : ANNClassifier
        The fitted plain estimator.
    strategy_ : {"networks", "rows"}
        How the workers shared the training.

    See Also
    --------
    skann.ANNClassifier : The plain estimator, with a description of all parameters and attributes.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from skann.dask import DaskANNClassifier
    >>> X = da.random.default_rng(0).normal(size=(1000, 2), chunks=(250, 2))
    >>> with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None):
    ...     model = DaskANNClassifier(n_estimators=1, max_iter=20, random_state=0).fit(X, X[:, 0] > 0)
    ...     labels = model.predict(X)
    ...     float((labels == (X[:, 0] > 0)).mean().compute()) > 0.9
    True
    >>> model.strategy_
    'rows'
    """

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities.

        Parameters
        ----------
        X : {Dask array or DataFrame, array-like, dataframe} of shape (n_samples, n_features)

        Returns
        -------
        proba : array of shape (n_samples, n_classes) or (n_samples, n_labels)
            A lazy Dask array with the partitions of X if this is of Dask, else an ndarray.
        """
        return prediction.predict(self._fitted(), "predict_proba", X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy; it is computed where the partitions are.

        Parameters
        ----------
        X : {Dask array or DataFrame, array-like, dataframe} of shape (n_samples, n_features)
        y : array, Series or DataFrame, of Dask or not
        sample_weight : array or Series, of Dask or not, default=None

        Returns
        -------
        score : float
        """
        model = self._fitted()
        if not is_dask(X):
            return model.score(X, y, sample_weight)
        return self._mean_score(X, y, sample_weight)


class DaskANNRegressor(DaskANN, RegressorMixin, plain=ANNRegressor):
    """`ANNRegressor` for tables of Dask.

    All parameters of `ANNRegressor` are parameters of this, and all attributes that a fit gives to it are attributes
    of this. The page about several machines in the documentation says when it pays.

    Parameters
    ----------
    client : distributed.Client, default=None
        None means the one that was made last. It is neither in pickles nor in copies of a fitted estimator.
    strategy : {"auto", "networks", "rows"}, default="auto"
        How workers share the training: see `DaskANNClassifier`.

    Attributes
    ----------
    model_ : ANNRegressor
        The fitted plain estimator.
    strategy_ : {"networks", "rows"}
        How the workers shared the training.

    See Also
    --------
    skann.ANNRegressor : The plain estimator, with a description of all parameters and attributes.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from skann.dask import DaskANNRegressor
    >>> X = da.random.default_rng(0).normal(size=(1000, 2), chunks=(250, 2))
    >>> with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None):
    ...     model = DaskANNRegressor(n_estimators=1, max_iter=20, random_state=0).fit(X, 3 * X[:, 0])
    ...     model.score(X, 3 * X[:, 0]) > 0.9
    True
    """

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Coefficient of determination R2; it is computed where the partitions are.

        Parameters
        ----------
        X : {Dask array or DataFrame, array-like, dataframe} of shape (n_samples, n_features)
        y : array, Series or DataFrame, of Dask or not
        sample_weight : array or Series, of Dask or not, default=None

        Returns
        -------
        score : float
            The mean over the targets; with several quantiles as loss minus their mean pinball loss.
        """
        model = self._fitted()
        if not is_dask(X):
            return model.score(X, y, sample_weight)
        if several_levels(model.networks_.loss) is not None:
            return self._mean_score(X, y, sample_weight)
        return prediction.r2(prediction.per_partition(prediction.moments, model, X, y, sample_weight, self.client))
