"""`attributions`: what each column of a table makes of each prediction."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from scipy import sparse
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._compat import safe_indexing
from .._objects import shown
from .._typing import Array, Floats, MatrixLike, Space
from ..encoding import inputs
from ..encoding.sources import column_sources, sums_by_source
from ..encoding.tables import is_frame
from ..estimators.gradients import in_units, what_is_said
from ..estimators.prediction import in_chunks
from ..fitting.derivatives import parts, shares
from .display import AttributionsDisplay

N_BACKGROUND = 100
FIRST_STEPS, MOST_STEPS = 8, 128
TOLERANCE = 0.01  # of the spread of the predictions
N_CHUNK = 64  # rows explained at once


@dataclass(repr=False)
class Attributions:
    """What each column makes of each prediction, compared with the mean prediction for a background.

    `attributions` returns it. The first four names are those of ``shap.Explanation``, which `to_shap` makes of it.

    Attributes
    ----------
    values : ndarray of shape (n_samples, n_features) or (n_samples, n_features, n_outputs)
        The attributions. The sum over the columns is the prediction minus the base value.
    base_values : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The mean prediction for the background, the same in each row.
    data : ndarray of shape (n_samples, n_features)
        The cells of X.
    feature_names : list of str
    output_names : list of str
        Names of the outputs; of one output, what it is.
    predictions : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        What is explained.

    Examples
    --------
    >>> from skann import ANNRegressor
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]  # on a straight line
    >>> model = ANNRegressor((), encoder=None, solver="lbfgs", alpha=0.0, random_state=0).fit(X, y)
    >>> from skann.inspection import attributions
    >>> found = attributions(model, X)
    >>> found.values.round(1).T  # the slope times the distance to the mean of X
    array([[-3., -1.,  1.,  3.]])
    """

    values: Floats
    base_values: Floats
    data: Array = field(repr=False)
    feature_names: list[str]
    output_names: list[str]
    predictions: Floats

    def __repr__(self):
        n_rows, n_columns = self.values.shape[:2]
        what = self.output_names[0] if self.values.ndim == 2 else f"{self.values.shape[2]} outputs"
        return f"<Attributions of {what}, {n_rows} rows, {n_columns} columns>"

    def to_shap(self) -> Any:
        """The same as an object of SHAP, for its plots.

        Returns
        -------
        explanation : shap.Explanation
        """
        try:
            import shap
        except ImportError as error:
            raise ImportError("Attributions.to_shap needs shap: pip install shap.") from error
        names = {} if self.values.ndim == 2 else {"output_names": self.output_names}
        return shap.Explanation(self.values, self.base_values, self.data, feature_names=self.feature_names, **names)

    def plot(self, ax: Any = None, *, row: int | None = None, output: int | str | None = None) -> AttributionsDisplay:
        """Draw them: see `AttributionsDisplay.plot`.

        Parameters
        ----------
        ax, row, output : as there
            Where to draw, and what.

        Returns
        -------
        display : AttributionsDisplay

        Examples
        --------
        >>> from skann import ANNRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]  # on a straight line
        >>> model = ANNRegressor((), encoder=None, solver="lbfgs", alpha=0.0, random_state=0).fit(
        ...     X, y
        ... )  # a straight line
        >>> from skann.inspection import attributions
        >>> attributions(model, X).plot(row=0).ax_.get_title()
        'Why row 0 has this prediction'
        """
        return AttributionsDisplay(self).plot(ax, row=row, output=output)


def attributions(
    model: Any,
    X: MatrixLike,
    background: MatrixLike | None = None,
    *,
    space: Space = "prediction",
    n_steps: int | Literal["auto"] = "auto",
) -> Attributions:
    """What each column makes of each prediction, compared with a background: expected gradients.

    From each row of the background to the row that is explained the gradient of the prediction is followed along a
    straight line. A column's part is the way that it goes times the mean of its derivative, and the attribution is the
    mean over the background [1]_ [2]_. The attributions of a row add up to its prediction minus the mean prediction for
    the background. Of an additive model they are the Shapley values.

    The lines are straight between the rows as they are encoded, with learnt vectors in place of the codes of
    categories. All that is made of a column (one-hot columns, the indicator of missing values, numbers of a vector) is
    added up to this column of the table as it came.

    Parameters
    ----------
    model : ANNClassifier or ANNRegressor
        Fitted; or a pipeline that ends with one, whose attributions are to the columns that come to its last step.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        The rows to explain.
    background : like X, of shape (n_background, n_features), default=None
        The rows to compare with; None means 100 rows of X, evenly spaced, or all if there are fewer.
    space : {"prediction", "raw"}, default="prediction"
        What is explained: what `predict` of a regressor or `predict_proba` returns, or the raw outputs before softmax
        or exp, averaged over the networks (targets in units of the training). A loss object of your own has "raw" only,
        unless it has a method ``derivative``.
    n_steps : int or "auto", default="auto"
        At how many points of each line the gradient is taken. "auto": 8, and for those rows where the sum is then off
        by more than 1 % of the standard deviation of the predictions, twice as many and so on, up to 128.

    Returns
    -------
    attributions : Attributions
        Of each output; of two classes of the second one.

    Raises
    ------
    TypeError, ValueError
        If the model is of another kind or its encoder makes one column of several, or if a value is not as described.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
    .. [2] G. Erion et al., "Improving Performance of Deep Learning Models with Axiomatic Attribution Priors and
       Expected Gradients", Nature Machine Intelligence, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skann import ANNRegressor
    >>> from skann.inspection import attributions
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = ANNRegressor(n_estimators=1, max_iter=10, random_state=0).fit(X, y)
    >>> found = attributions(model, X[:20])
    >>> found
    <Attributions of prediction, 20 rows, 10 columns>
    >>> total = found.base_values + found.values.sum(axis=1)
    >>> bool(abs(total - model.predict(X[:20])).max() < 0.01 * y.std())
    True
    """
    model, X, background, names = _last_step(model, X, background)
    if not (n_steps == "auto" or (isinstance(n_steps, int | np.integer) and 1 <= n_steps <= MOST_STEPS)):
        raise ValueError(f"n_steps must be 'auto' or an integer from 1 to {MOST_STEPS}, got {n_steps!r}.")
    said, networks = what_is_said(model, space), model.networks_
    data, X = X, model._check_X(X)
    background = _some_rows(X) if background is None else model._check_X(background)
    sources = column_sources(model.encoder_, X, background)
    if sources is None:
        raise ValueError(
            f"encoder={shown(model.encoder_, 60)} makes one column of several, or it is not known what it does: put it "
            "before the model in a Pipeline, for attributions to the columns that it makes."
        )
    weights = np.concatenate(shares(networks))

    def functions(raw):
        return sum(w * said.values(each.astype(np.float64)) for w, each in zip(weights, raw, strict=True))

    of_X, of_background = model._predict(X, functions), model._predict(background, functions)
    base, spread = of_background.mean(axis=0), np.concatenate([of_X, of_background]).std(axis=0)
    allowed = np.maximum(TOLERANCE * spread, 1e-5 * np.abs(of_X).max(axis=0))
    starts = inputs.encode(model.encoder_, background)
    rows, encode, _ = inputs.chunkwise(model.encoder_, X)

    def explained(rows):
        encoded = encode(rows)
        if n_steps == "auto":
            wanted = functions(networks.raw_outputs(encoded)) - base
            found = _with_steps_enough(networks, said, encoded, starts, wanted, allowed)
        else:
            found = parts(networks, said, encoded, starts, n_steps)
        return np.moveaxis(sums_by_source(found, sources, model.n_features_in_), 0, -1)

    with np.errstate(over="ignore", invalid="ignore"):
        values = in_units(model, in_chunks(explained, rows, N_CHUNK, model.n_jobs), space)
    shift = model._target.unscale if space == "prediction" else np.asarray
    predictions, base = shift(of_X), shift(np.repeat(base[None], len(of_X), axis=0))
    if values.ndim == 2:
        predictions, base = predictions[:, 0], base[:, 0]
    return Attributions(values, base, _cells(data), names, _output_names(model, values, space), predictions)


def _with_steps_enough(networks, said, encoded, starts, wanted, allowed):
    """The parts (K, n, n_encoded), with so many steps that their sums are as ``wanted`` (n, K)."""
    n_steps = FIRST_STEPS
    found = parts(networks, said, encoded, starts, n_steps)
    while n_steps < MOST_STEPS:
        wrong = np.flatnonzero((np.abs(found.sum(axis=2).T - wanted) > allowed).any(axis=1))
        if not len(wrong):
            break
        n_steps *= 2
        found[:, wrong] = parts(networks, said, encoded[wrong], starts, n_steps)
    return found


def _last_step(model, X, background):
    """The estimator, X and the background as they come to it, and the names of its columns."""
    names = None
    check_is_fitted(model)
    if isinstance(model, Pipeline) and len(model) > 1:
        before, model = model[:-1], model[-1]
        X, background = before.transform(X), None if background is None else before.transform(background)
        if hasattr(before, "get_feature_names_out"):
            names = list(before.get_feature_names_out())
    elif isinstance(model, Pipeline):
        model = model[-1]
    if not hasattr(model, "networks_"):
        raise TypeError(f"attributions explains an ANNClassifier or ANNRegressor, got {type(model).__name__}.")
    if names is None:
        names = getattr(model, "feature_names_in_", [f"x{i}" for i in range(model.n_features_in_)])
    return model, X, background, [str(name) for name in names]


def _some_rows(X):
    n_rows = X.shape[0]
    return safe_indexing(X, np.linspace(0, n_rows - 1, min(n_rows, N_BACKGROUND)).round().astype(int))


def _cells(X):
    if sparse.issparse(X):
        return X.toarray()
    return X.to_numpy() if is_frame(X) else np.asarray(X)


def _output_names(model, values, space):
    """What each output is."""
    classes, n_outputs = getattr(model, "classes_", None), 1 if values.ndim == 2 else values.shape[2]
    if classes is not None and len(classes) > 1:
        if n_outputs > 1:
            return [str(label) for label in classes]
        return [f"{'probability' if space == 'prediction' else 'log-odds'} of {classes[1]}"]
    if n_outputs == 1:
        return ["prediction" if space == "prediction" else "raw output"]
    levels = np.ravel(getattr(model.networks_.loss, "levels", ()))
    if len(levels) == n_outputs:
        return [f"quantile {level:g}" for level in levels]
    return [f"output {i}" for i in range(n_outputs)]
