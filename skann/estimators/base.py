"""Base of both estimators: `fit` and `predict`."""

import copy
import math
import warnings
from abc import ABCMeta
from contextlib import contextmanager
from operator import itemgetter
from typing import Self

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._compat import (
    OF_CALLBACKS,
    ONE_FIT,
    AddedHTML,
    CallbackSupportMixin,
    callbacks_of,
    managed_callbacks,
)
from .._estimator import Estimator
from .._typing import ArrayLike, Floats, MatrixLike, TargetLike
from ..callbacks.tasks import FitTask
from ..encoding import inputs
from ..fitting.block_arguments import goes_in_blocks, refuse_arguments, refuse_with_blocks
from ..fitting.block_table import ArrayTable, BlockTable, as_columns, targets_of
from ..fitting.blocks import errors_of
from ..fitting.conformal import Conformal, n_needed
from ..fitting.dask_table import DaskTable, is_dask
from ..fitting.evaluate import evaluate_held_out
from ..fitting.independent import IndependentNetworks
from ..fitting.member import Member
from ..fitting.networks import predictions_error
from ..fitting.portfolio import Portfolio
from ..fitting.prepare import Before, prepare
from ..fitting.resolved import resolved_params
from ..fitting.scoring import Scoring
from ..fitting.train import Trained
from ..fitting.validation import Validation
from ..plotting.html import added_html
from ..plotting.summary import Summary, summarize
from .checked_data import CheckedData
from .fitted import FittedAttributes
from .gradients import InputGradients
from .parameters import check_all_parameters, check_structure, structure
from .prediction import chunk_rows, in_chunks, joined

OF_THE_CALL = 3  # the stacklevel of the call of a public method, seen from the one that it calls, such as `_fit`


class BaseANN(
    CallbackSupportMixin, CheckedData, FittedAttributes, InputGradients, AddedHTML, Estimator, metaclass=ABCMeta
):  # fmt: skip
    """What classifier and regressor share: everything but targets and methods of their own."""

    _of_one_call = ONE_FIT
    _parameters: tuple[str, ...]  # what a fit reads, whatever the `__init__` of a subclass takes
    _kind_of_networks = IndependentNetworks

    def fit(
        self,
        X: MatrixLike,
        y: TargetLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: TargetLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features), or table of blocks
            Numbers, finite; with an encoder whatever it takes. A table of blocks, from `skann.data`, is read from disk
            in each epoch, and carries y and sample_weight. A memory map of 256 MB and more is read in the same way
            where it would be copied otherwise, but not with ``cv``. So is an array or DataFrame of Dask, a partition
            at a time: see `skann.data.from_dask`; `skann.dask` trains on the workers of a cluster.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets. Only a table of blocks does without.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative, at least one above zero. Rows of weight zero do not exist; an integer weight stands
            for as many copies, exactly so on full batches, such as the recipe has up to 60 rows, and in expectation on
            smaller ones.
        X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features), or table of blocks, default=None
            Rows for early stopping to watch, with the columns of X; of a table with its targets, 65 536 at most, drawn
            by their numbers. Nothing is then held out: every network learns from all rows of X, is stopped by these,
            which it does not learn from, and gets the weights that are best on them; they also set the temperature of a
            classifier. Not with ``early_stopping=False``; "auto" is then True.
            In a `Pipeline`, ``transform_input=["X_val"]`` transforms them like X, with metadata routing enabled. As
            ``params`` of `cross_val_score` and the like, X_val is cut into folds with X if it has *as many rows as X*:
            give it any other number of rows.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their targets; of a classifier, none but those in y.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights; ``class_weight`` has no part in these, as in scikit-learn's HistGradientBoostingClassifier.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, for a splitter such as `GroupKFold` as ``cv``. With metadata routing enabled,
            ``set_fit_request(groups=True)`` lets a `Pipeline` or `cross_val_score` pass it on.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not as described, or if the training diverges. The estimator is then as it
            was before.

        Warns
        -----
        ConvergenceWarning
            If ``max_iter`` ends the training, or if it learnt no more than a constant.

        Examples
        --------
        >>> from skann import ANNRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]  # on a straight line
        >>> model = ANNRegressor((), encoder=None, solver="lbfgs", alpha=0.0, random_state=0)
        >>> model.fit(X, y).predict([[4.0]]).round(1)
        array([9.])
        """
        with unchanged_on_failure(self), managed_callbacks(self):
            first = not (self.warm_start and hasattr(self, "networks_"))
            validation = Validation(X_val, y_val, sample_weight_val, groups).in_memory()
            return self._fit(X, y, sample_weight, validation, first=first)

    def _fit(self, X, y, sample_weight, validation=None, *, first, partial=False, **target_options):
        """Check, prepare, train, keep. ``partial``: for one epoch, without callbacks, and nothing is watched."""
        check_all_parameters(self)
        task = None
        if not partial and callbacks_of(self):
            task = FitTask(self, X, y, sample_weight, lambda *state: self._snapshot(start, *state))
        start = self._start(X, y, sample_weight, validation, task, first=first, partial=partial, **target_options)
        for message in start.messages:
            warnings.warn(message, stacklevel=OF_THE_CALL)
        tasks = None if task is None else task.begin(start, is_warm=not first)
        try:
            trained = start.train(is_warm=not first, tasks=tasks)
        finally:
            if task is not None:
                task.close()
        self._keep(start, trained)
        if task is not None:
            task.end()
        if not partial:
            for message, category in start.warnings(trained):
                warnings.warn(message, category, stacklevel=OF_THE_CALL)
        return self

    def _keep(self, start, trained):
        """Learn from the held-out rows what they can tell of the trained networks, and keep these."""
        start.evaluate_held_out(self._target)
        start.learn_effects()
        start.learn_importances(self._target, self.n_features_in_, trained)
        self.networks_, self._structure = start.networks, structure(self)

    def _start(self, X, y, sample_weight, validation=None, task=None, *, first=True, partial=False, **target_options):
        """The start of a training, after all checks of the data; sets what predictions need beside the networks."""
        if not first:
            check_structure(self, self._structure)
        scoring = None if partial else Scoring.of(self, self._with_networks)
        kind = Portfolio if self.portfolio and not partial else self._kind_of_networks
        parameters = {name: getattr(self, name) for name in self._parameters}
        if not partial and goes_in_blocks(X, validation, parameters):
            X, y, sample_weight = ArrayTable(X, *as_columns(X, y, sample_weight)), None, None
        if is_dask(X):
            X, y, sample_weight = DaskTable(X, y, sample_weight), None, None
        if isinstance(X, BlockTable):
            refuse_with_blocks(X, y, sample_weight, validation, parameters, is_new=first)
            given = self._check_blocks(X, validation, kind, parameters, first)
        else:
            given = self._check(X, y, sample_weight, validation, first, **target_options)
        start = prepare(
            parameters, given, self._target, kind,
            scoring=scoring, partial=partial, new_seed=lambda: self._new_seed(task),
            before=None if first else Before(self.encoder_, self.networks_),
            feature_names=getattr(self, "feature_names_in_", None),
        )  # fmt: skip
        self.encoder_ = start.encoder
        self.resolved_params_ = resolved_params(parameters, start, None if first else self.resolved_params_)
        return start

    def _new_seed(self, task):
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max, size=4)
        return seed if task is None else task.seed(seed)

    def _with_networks(self, networks):
        """A copy of this estimator that predicts with these networks."""
        model = copy.copy(self)
        for name in OF_CALLBACKS:
            vars(model).pop(name, None)
        model.n_estimators, model.networks_ = networks.n_estimators, networks
        model.portfolio = self.portfolio if networks.is_ensemble else False
        model._structure = structure(model)
        own = networks.own_params()
        resolved = {name: own.get(name, value) for name, value in self.resolved_params_.items()}
        model.resolved_params_ = {name: value for name, value in resolved.items() if name != "n_estimators"}
        return model

    def _snapshot(self, start, i, run, state):
        """The attributes of a model with a copy of the network of training i, as if the training had ended here."""
        data = start.data[i]
        network = copy.deepcopy(run.network)
        network.set_dropout(1.0)
        member = copy.copy(start.networks.members[i])
        member.take(Trained(network, state, run, len(data.rows), math.nan))
        networks = start.networks.only(member)
        evaluate_held_out(networks, [data], start.settings, self._target, judge=start.judge)
        return vars(self._with_networks(networks))

    def _predict(self, X, from_raw=None, networks=None):
        """The result of ``from_raw``, by default the prediction, for all rows of X.

        ``from_raw`` takes a list of raw outputs (n_rows, n_outputs), one for each network. The prediction are
        probabilities (n_samples, n_classes) or values (n_samples, n_outputs).
        """
        if not hasattr(self, "networks_"):  # check_is_fitted itself takes as long as a small network
            check_is_fitted(self)
        if is_dask(X):
            X = DaskTable(X)
        if isinstance(X, BlockTable):
            return joined([self._predict_block(block, from_raw, networks) for block in X])
        from_raw = self._from_raw if from_raw is None else from_raw
        networks = self.networks_ if networks is None else networks
        X, encode, n_columns = inputs.chunkwise(self.encoder_, self._check_X(X))
        n_chunk = chunk_rows(n_columns + networks.n_raw + networks.n_outputs)
        return in_chunks(lambda rows: from_raw(networks.raw_outputs(encode(rows))), X, n_chunk, self.n_jobs)

    def _predict_block(self, block, from_raw, networks):
        with errors_of(block):
            return self._predict(block.X, from_raw, networks)

    def _from_raw(self, raw):
        """The prediction, in the units of y, from the raw outputs of each network."""
        predicted = self.networks_.predict(raw)
        prediction = self._target.unscale(predicted)
        if prediction is not predicted and not np.isfinite(prediction).all():
            raise predictions_error(prediction.dtype)
        return prediction

    def _judged_by(self, X, y, sample_weight):
        """y and sample_weight of a score: a table of blocks carries them."""
        if y is None and isinstance(X, BlockTable):
            refuse_arguments(X, y, sample_weight)
            return targets_of(X)
        if y is None:
            raise ValueError("score requires y to be passed, but the target y is None.")
        return y, sample_weight

    def _conformal(self, coverage, otherwise):
        """What makes intervals or sets of this coverage; a warning of what they are where held-out rows are too few."""
        conformal = Conformal(self.networks_, self._target, coverage)
        if not conformal.is_sufficient:
            message = (
                f"coverage={coverage:g} needs at least {n_needed(coverage)} held-out rows, and there are "
                f"{conformal.n_rows:.0f}: {otherwise}."
            )
            warnings.warn(message, stacklevel=OF_THE_CALL)
        return conformal

    def hidden_activations(self, X: MatrixLike, layer: int = -1) -> Floats:
        """Activations of a hidden layer: the features that the network has learnt.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        layer : int, default=-1
            Which hidden layer, counted from 0; negative numbers count from the last.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_units)

        Raises
        ------
        ValueError
            If there is no such layer.

        Examples
        --------
        >>> from skann import ANNClassifier
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"]
        >>> model = ANNClassifier((5,), encoder=None, solver="lbfgs", random_state=0).fit(X, y)
        >>> model.hidden_activations([[0.5], [2.5]]).shape
        (2, 5)
        """
        check_is_fitted(self)
        if self.networks_.is_ensemble:
            raise ValueError(
                "The networks of an ensemble have hidden units of their own: call hidden_activations of one of "
                "estimators_, or set n_estimators=1."
            )
        hidden = self.network_.hidden_layers()
        if not -len(hidden) <= layer < len(hidden):
            raise ValueError(
                f"layer must be from {-len(hidden)} to {len(hidden) - 1}, one of the hidden layers, got {layer!r}."
            )
        head = self.network_.head(hidden[layer] + 1)
        networks = IndependentNetworks(self.networks_.loss, head.layers[-1].n_out)
        networks.members = [Member(head)]
        return self._predict(X, itemgetter(0), networks)

    def summary(self) -> Summary:
        """What is in the fitted estimator, as text.

        A line for each layer, with its activation and its number of parameters; the columns that enter, by what they
        become; the classes or targets that leave; epochs, scores and memory; and what "auto" stood for. Of an ensemble
        whose networks have the same layers, those of one are shown.

        Returns
        -------
        summary : Summary
            Its ``str`` and ``repr`` are the text: nothing is printed.

        Examples
        --------
        >>> from skann import ANNRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]  # on a straight line
        >>> model = ANNRegressor((), encoder=None, solver="lbfgs", random_state=0).fit(X, y)
        >>> print(model.summary())
        ANNRegressor: 1 network
        <BLANKLINE>
        layer   output shape  parameters  activation and more
        -----------------------------------------------------
        Input         (n, 1)           0
        Output        (n, 1)           2  identity
        -----------------------------------------------------
        total                          2
        <BLANKLINE>
        columns   1 number: x0
        outputs   1 target
        ...
        """
        check_is_fitted(self)
        return summarize(self)

    def _added_html(self):
        return added_html(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        dense_only = self.numeric_embedding not in (None, "auto") or self.feature_scaling is True
        tags.input_tags = inputs.input_tags(tags.input_tags, self.encoder, dense_only)
        return tags


def has_partial_fit(estimator):
    """Condition for the method partial_fit to exist."""
    if estimator.solver == "lbfgs":
        raise AttributeError("solver='lbfgs' has no partial_fit: it needs all rows at once.")
    if estimator.portfolio:
        raise AttributeError("portfolio has no partial_fit: candidates need held-out rows, and so all rows at once.")
    if getattr(estimator, "class_weight", None) == "balanced":
        raise AttributeError("class_weight='balanced' has no partial_fit: it needs all rows at once.")
    return True


@contextmanager
def unchanged_on_failure(estimator):
    """Give the estimator the attributes back that it had, if the block raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
