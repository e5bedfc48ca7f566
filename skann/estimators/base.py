"""The staircase between the two floors: hyper-parameters go down as engine objects, a trained network comes up."""

import copy
import math
import warnings
from abc import ABCMeta, abstractmethod
from contextlib import contextmanager
from operator import itemgetter
from typing import Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._compat import (
    CallbackSupportMixin,
    check_feature_names,
    check_n_features,
    check_parameters,
    managed_callbacks,
)
from .._estimator import DocLink, Versioned
from .._threads import blas_threads
from .._typing import ArrayLike, Floats, MatrixLike, TargetLike
from .._weights import check_total, check_weight, nonzero_rows
from ..callbacks.tasks import Hub
from ..encoding import inputs as _inputs
from ..encoding.dtypes import training_dtype
from ..engine.layers import Dense, ParametricActivation
from ..engine.network import Network
from ..fitting import build as _build
from ..fitting import recipe as _recipe
from ..fitting.data import Rows, Table
from ..fitting.holdout import Split, hold_out, warn_none_held_out
from ..fitting.parallel import fit_networks
from ..fitting.scoring import check_scorer, set_scores
from ..fitting.train import Progress, _trouble
from ..fitting.validation import check_own
from ..plotting.html import network_svg
from .fitted import FittedNetworks
from .parameters import check_contracts, check_structure
from .prediction import _raw_outputs, chunk_rows, in_chunks


class NetworkHTML(DocLink):
    """Adds to scikit-learn's HTML representation. Since 1.6 that calls the two methods below in a notebook."""

    def _repr_html_inner(self):
        return super()._repr_html_inner() + network_svg(self)

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        # scikit-learn may have made the HTML by the method above, or not
        if "text/html" in bundle and "skann-network" not in bundle["text/html"]:
            bundle["text/html"] += network_svg(self)
        return bundle


class BaseANN(CallbackSupportMixin, FittedNetworks, NetworkHTML, Versioned, BaseEstimator, metaclass=ABCMeta):
    """What classifier and regressor share: everything but targets and losses."""

    _not_stored = ("_progress", "oof_prediction_")
    _of_one_call = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")
    _tol_is_relative = False  # to the loss of the best constant prediction

    @abstractmethod
    def _encode_target(self, y, first, **kwargs):
        """Targets as the loss wants them; keeps what predictions need when ``first``."""

    @abstractmethod
    def _make_loss(self, y, weight, first):
        """The loss object for encoded targets; ValueError if they are outside its domain."""

    def _scale_target(self, settings, y, weight, rows, first):
        """The targets in the units of the training."""
        return y

    @abstractmethod
    def _decode_target(self, y):
        """Encoded targets, not scaled, as the user gave them."""

    def _check_domain(self, loss, y):
        """ValueError if the loss has no use for these encoded targets."""

    def _training_weight(self, y, weight):
        """Weights of the rows, class weights included, or None."""
        return weight

    def _calibrate(self, settings, raw, tables):
        """Learn from the raw outputs for the held-out rows of each table, None if there are none."""

    @abstractmethod
    def _combine(self, raw):
        """One prediction from the raw outputs of each network."""

    def _stratify_by(self, y):
        """Labels to stratify held-out rows by, or None."""
        return

    def fit(
        self,
        X: MatrixLike,
        y: TargetLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: TargetLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Numbers, finite; with an encoder whatever it takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative, at least one above zero. Rows of weight zero do not exist; an integer weight stands
            for as many copies, exactly so on full batches and in expectation on smaller ones.
        X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features), default=None
            Rows for early stopping to watch, with the columns of X. Nothing is then held out: every network learns from
            all rows of X, is stopped by these, which it does not learn from, and gets the weights that are best on
            them; they also set the temperature of a classifier. Not with ``early_stopping=False``; "auto" is then True.
            In a `Pipeline`, ``transform_input=["X_val"]`` transforms them like X, with metadata routing enabled. As
            ``params`` of `cross_val_score` and the like, X_val is cut into folds with X if it has *as many rows as X*:
            give it any other number of rows.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their targets; of a classifier, none but those in y.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights; ``class_weight`` has no part in these, as in scikit-learn's HistGradientBoostingClassifier.

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
        """
        with _unchanged_on_failure(self), managed_callbacks(self):
            check_contracts(self)
            check_parameters(self)
            own = (X_val, y_val, sample_weight_val)
            return self._train(X, y, sample_weight, goes_on=self.warm_start and hasattr(self, "_loss"), own=own)

    def _partial_fit(self, X, y, sample_weight, **target_kwargs):
        with _unchanged_on_failure(self):
            check_contracts(self)
            check_parameters(self)
            return self._train(X, y, sample_weight, goes_on=hasattr(self, "_loss"), partial=True, **target_kwargs)

    def _train(self, X, y, sample_weight, goes_on, partial=False, own=(), **target_kwargs):
        hub = None if partial else Hub.of(self, X, y, sample_weight)
        start = self._prepare(X, y, sample_weight, goes_on, partial, own, hub, **target_kwargs)
        settings, tables, loss, networks, progress = start
        bridges = None if hub is None else hub.begin(settings, tables, loss, progress, goes_on)
        options = {"partial": partial, "warm": goes_on, "bridges": bridges}
        try:
            trained = fit_networks(settings, tables, loss, networks, progress, **options)
        finally:
            if hub is not None:
                hub.close()
        left = progress[len(trained) :] if goes_on else []  # after Ctrl-C
        self._progress = [each.progress for each in trained] + left
        self._keep_all(settings, trained, tables, loss, goes_on)
        if hub is not None:
            hub.end()
        if not partial:
            self._warn(settings, trained)
        return self

    def _prepare(self, X, y, sample_weight, goes_on=False, partial=False, own=(), hub=None, **target_kwargs):
        """All that `fit_networks` needs; ``own`` are X_val, y_val and sample_weight_val, if it may hold them."""
        if goes_on:
            check_structure(self, self._structure)
        scorer = None if partial else check_scorer(self)
        given = X
        X, y, weight = self._validate(X, y, sample_weight, goes_on, **target_kwargs)
        own = check_own(self, *own)
        as_given = own.as_given if own else Rows(_inputs.as_it_came(given, X), y, weight)
        settings = self._resolve(X, partial, own)
        n_networks = len(self._networks) if goes_on else settings.n_estimators
        progress = self._start_progress(n_networks, goes_on, hub)
        splits = self._split(settings, y, weight, n_networks, progress[0].holdout_seed, own)
        # an ensemble has one encoder, so that of all rows
        rows = splits[0].train if n_networks == 1 else nonzero_rows(weight)
        y = self._scale_target(settings, y, weight, rows, first=not goes_on)
        if own:
            own.scale(self, settings)
        dtype = self._training_dtype(settings, X, y, goes_on, own)
        y = y.astype(dtype, copy=False) if y.dtype.kind == "f" else y
        loss = self._make_loss(y, weight, first=not goes_on)
        X = self._encode(X, weight, rows, dtype, goes_on)  # here may be the one copy of X
        if own:
            own.encode(self, loss, dtype)
        tables = [Table(X, y, weight, *split, own) for split in splits]
        set_scores(self, settings, scorer, loss, tables, as_given)
        if goes_on:
            networks = copy.deepcopy(self._networks)
        else:
            with blas_threads(0):  # the same start with any number of threads
                networks = [self._new_network(settings, *each, loss) for each in zip(tables, progress, strict=True)]
        return settings, tables, loss, networks, progress

    def _validate(self, X, y, sample_weight, goes_on, **target_kwargs):
        """X as it is, y encoded, and weight or None; all checked."""
        X, y = self._check_X_y(X, y, reset=not goes_on)
        y = self._encode_target(y, not goes_on, **target_kwargs)
        weight = check_weight(sample_weight, X, np.float64)
        with np.errstate(over="ignore"):
            weight = self._training_weight(y, weight)
        if weight is not None and not weight.any():
            raise ValueError("sample_weight times class_weight is zero for every row.")
        if weight is not None:
            check_total(weight, "sample_weight times class_weight")
        return X, y, weight

    def _check_X_y(self, X, y, reset, names=("X", "y")):
        """X and y after the checks of their shapes, and of X's columns against earlier ones, which ``reset`` sets."""
        check_feature_names(self, X, reset, names[0])
        X, y = _inputs.check_X_y(X, y, self.encoder, type(self).__name__, names)
        check_n_features(self, X, reset, names[0])
        return X, y

    def _check_X(self, X):
        """X to predict on, after the checks of its shape and of its columns against those of `fit`."""
        names = getattr(self, "feature_names_in_", None)
        if _inputs.needs_no_check(X, self.encoder_, self.n_features_in_, names):
            return X
        check_feature_names(self, X, reset=False)
        X = _inputs.check_X(X, self.encoder_, type(self).__name__)
        check_n_features(self, X, reset=False)
        return X

    def _encode(self, X, weight, rows, dtype, goes_on):
        """X as the networks take it; sets ``encoder_`` unless the training goes on."""
        if goes_on:
            return _inputs.encode(self.encoder_, X, dtype)
        names = getattr(self, "feature_names_in_", None)
        fitted = _inputs.fit_encoder(self.encoder, self.categorical_features, X, weight, rows, dtype, names)
        self.encoder_, encoded = fitted
        return encoded

    def _resolve(self, X, partial, own=None):
        """The parameters, without "auto"."""
        params = self.get_params(deep=False) | {"tol_is_relative": self._tol_is_relative}
        settings = _recipe.resolve(params, X.shape[0], sparse.issparse(X), is_classifier(self), partial)
        settings.early_stopping = settings.early_stopping or own is not None
        return settings

    def _training_dtype(self, settings, X, y, goes_on, own=None):
        wanted = self._networks[0].theta.dtype if goes_on else settings.dtype
        numbers = [("X", X), ("y", y)] + ([("X_val", own.X), ("y_val", own.y)] if own else [])
        if self.encoder is not None:  # X is left to it
            numbers = numbers[1::2]
        return training_dtype(numbers, wanted, small=X.shape[0] <= settings.float64_rows)

    def _start_progress(self, n_networks, goes_on, hub):
        """What each network goes on from: the last call's, copied so that a failure spares it, or a new one."""
        if goes_on and hasattr(self, "_progress"):  # a pickle holds none
            return copy.deepcopy(self._progress)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max, size=4)
        if hub is not None:
            seed = hub.seed(seed)
        rng = np.random.default_rng(seed)
        return [Progress(each) for each in ([rng] if n_networks == 1 else rng.spawn(n_networks))]

    def _new_network(self, settings, table, progress, loss):
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is found when the training begins
            constant = np.asarray(loss.constant(table.y, table.weight))
            layers = _build.layers(settings, _inputs.inputs(self.encoder_, table.X), len(constant), table)
            network = Network(layers, table.X.dtype)
            _build.initialize(settings, network, table, progress.rng)
        network.layers[-1].b[...] = constant
        return network

    def _split(self, settings, y, weight, n_networks, seed, own=None):
        """For each network the rows to train on and those to hold out."""
        rows = nonzero_rows(weight)
        if own or not settings.early_stopping:
            return [Split(rows, None)] * n_networks
        candidates = np.arange(len(y)) if rows is None else rows
        splits = hold_out(candidates, self._stratify_by(y), n_networks, settings.validation_fraction, seed)
        if splits is None:
            if self.early_stopping is True:  # wanted, not chosen by the recipe
                warn_none_held_out(candidates, settings.validation_fraction)
            return [Split(rows, None)] * n_networks
        return splits

    def _warn(self, settings, trained):
        """Warn of what is wrong with the training: of one network only, if there are several."""
        for each in trained:
            message, category = _trouble(settings, each)
            if message:
                warnings.warn(message, category, stacklevel=4)
                return

    def _predict(self, X, finish=None, networks=None):
        """What ``finish`` makes of a list of raw outputs, one (n_rows, n_outputs) for each network, for all rows of X.

        By default the prediction of the loss: probabilities (n_samples, n_classes) or values (n_samples, n_outputs).
        """
        if not hasattr(self, "_loss"):  # check_is_fitted itself takes as long as a small network
            check_is_fitted(self)
        finish = self._combine if finish is None else finish
        networks = self._networks if networks is None else networks
        X, encode, n_columns = _inputs.chunkwise(self.encoder_, self._check_X(X))
        n_chunk = chunk_rows(n_columns + (len(networks) + 1) * networks[0].layers[-1].n_out)
        return in_chunks(lambda rows: finish(_raw_outputs(networks, encode(rows))), X, n_chunk, self.n_jobs)

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
        """
        check_is_fitted(self)
        if self._is_ensemble:
            raise ValueError(
                "The networks of an ensemble have hidden units of their own: call hidden_activations of one of "
                "estimators_, or set n_estimators=1."
            )
        layers = self.network_.layers
        hidden = [i for i, part in enumerate(layers) if isinstance(part, Dense)][:-1]
        hidden = [i + isinstance(layers[i + 1], ParametricActivation) for i in hidden]
        if not -len(hidden) <= layer < len(hidden):
            raise ValueError(
                f"layer must be from {-len(hidden)} to {len(hidden) - 1}, one of the hidden layers, got {layer!r}."
            )
        return self._predict(X, itemgetter(0), [self.network_.head(hidden[layer] + 1)])

    def summary(self) -> None:
        """Print the layers of the fitted network, their output shapes and their numbers of parameters.

        Of an ensemble, whose networks have the same layers, the first is shown.
        """
        check_is_fitted(self)
        network = self._networks[0]
        rows = [("layer", "output shape", "parameters"), ("Input", f"(n, {self.n_features_in_})", "0")]
        for layer in network.layers:
            n_parameters = sum(math.prod(shape) for shape in layer.shapes.values())
            rows.append((str(layer), f"(n, {layer.n_out})", f"{n_parameters:,}"))
        rows.append(("total", "", f"{network.theta.size:,}"))
        if self._is_ensemble:
            n_networks = len(self.estimators_)
            rows.append((f"{n_networks} networks", "", f"{n_networks * network.theta.size:,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for name, shape, n_parameters in rows:
            print(f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {n_parameters:>{widths[2]}}")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        dense_only = self.numeric_embedding not in (None, "auto") or self.feature_scaling is True
        tags.input_tags = _inputs.input_tags(tags.input_tags, self.encoder, dense_only)
        return tags


def has_partial_fit(estimator):
    """Condition for the method partial_fit to exist."""
    if estimator.solver == "lbfgs":
        raise AttributeError("solver='lbfgs' has no partial_fit: it needs all rows at once.")
    if getattr(estimator, "class_weight", None) == "balanced":
        raise AttributeError("class_weight='balanced' has no partial_fit: it needs all rows at once.")
    return True


@contextmanager
def _unchanged_on_failure(estimator):
    """Give the estimator the attributes back that it had, if the block raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
