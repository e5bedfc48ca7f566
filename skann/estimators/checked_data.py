"""What a fit or a prediction is given, checked: columns, targets and weights, from memory or block by block."""

import copy
from abc import ABCMeta, abstractmethod
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from .._compat import check_feature_names, check_n_features
from .._weights import check_total, check_weight
from ..encoding import inputs
from ..fitting.block_arguments import settings_for_blocks
from ..fitting.blocks import BlockReader, Plan, row_weights
from ..fitting.data import GivenRows
from ..fitting.prepare import Given
from ..fitting.scan import Scan, scanned
from ..fitting.sharded import first_rows
from ..fitting.validation import check_validation


class CheckedData(metaclass=ABCMeta):
    """The data of a call, after all checks against each other and against the columns and targets of earlier calls."""

    encoder: Any
    encoder_: Any
    early_stopping: Any
    random_state: Any
    verbose: Any
    networks_: Any
    n_features_in_: int
    _target: Any

    @staticmethod
    @abstractmethod
    def _target_of(y, **options):
        """What turns y into what a loss takes: `Labels` or `Values`."""

    @staticmethod
    @abstractmethod
    def _read_targets(y, name, caller):
        """y as an array that the target takes: see `read_labels` and `read_values`."""

    def _check(self, X, y, sample_weight, validation, first, **target_options):
        """The data, checked and with encoded targets; sets what says how the data must look: columns and target."""
        as_it_came = X
        X, y = self._check_X_y(X, y, reset=first)
        if first:
            self._target = self._target_of(y, **target_options)
        else:
            self._target = copy.copy(self._target)  # it may learn more
            self._target.check_options(**target_options)
        y = self._target.encode(y)
        own_weight = check_weight(sample_weight, X, np.float64)
        with np.errstate(over="ignore"):
            weight = self._target.weight(y, own_weight, getattr(self, "class_weight", None))
        if weight is not None and not weight.any():
            raise ValueError("sample_weight times class_weight is zero for every row.")
        if weight is not None:
            check_total(weight, "sample_weight times class_weight")
        watched = None
        if validation is not None:
            watched = check_validation(validation, self.early_stopping, self._check_X_y, self._target)
        groups = None if validation is None else validation.groups
        as_given = GivenRows(inputs.as_it_came(as_it_came, X), y, weight)
        return Given(X, y, weight, as_given, watched, groups, own_weight)

    def _check_blocks(self, table, validation, kind, parameters, first):
        """As `_check`, of a table that is read block by block: it is read once, and some rows are kept."""
        name, X = type(self).__name__, first_rows(table)
        check_feature_names(self, X, first)
        check_n_features(self, X, first)
        names = getattr(self, "feature_names_in_", None)
        statistics = inputs.statistics_of_blocks(self.encoder, parameters["categorical_features"], X.shape[1], names)
        settings = settings_for_blocks(parameters, table, is_classifier(self), validation.X is not None)
        state, target_of = None, self._target_of
        if not first:
            state, statistics = self.networks_.members[0].state, None
            target_of = self._target_of_before
        drawn = None if state is not None else check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        seed = drawn if state is None else state.holdout_seed
        plan = Plan.of(settings, kind, len(table), seed, validation.X is not None)
        reader = BlockReader(table, self.encoder, self._read_targets, name)
        learns_from_all = kind.n_trainings(settings) > 1
        scan = scanned(Scan(reader, plan, statistics, target_of, is_classifier(self), learns_from_all), self.verbose)
        blocks = scan.blocks(getattr(self, "class_weight", None))
        self._target, weight = scan.target, row_weights(scan.weight, scan.y, blocks.by_class)
        watched = check_validation(validation, self.early_stopping, self._check_X_y, self._target)
        return Given(scan.X, scan.y, weight, GivenRows(scan.X, scan.y, weight), watched, None, scan.weight, blocks)

    def _target_of_before(self, _):
        """The target of an earlier fit, which goes on."""
        return copy.copy(self._target)

    def _check_X_y(self, X, y, reset=False, names=("X", "y")):
        """X and y after the checks of their shapes, and of X's columns against earlier ones, which ``reset`` sets."""
        check_feature_names(self, X, reset, names[0])
        X, y = inputs.check_X_y(X, y, self.encoder, type(self).__name__, self._read_targets, names)
        check_n_features(self, X, reset, names[0])
        return X, y

    def _check_X(self, X):
        """X to predict on, after the checks of its shape and of its columns against those of `fit`."""
        names = getattr(self, "feature_names_in_", None)
        if inputs.needs_no_check(X, self.encoder_, self.n_features_in_, names):
            return X
        check_feature_names(self, X, reset=False)
        X = inputs.check_X(X, self.encoder_, type(self).__name__)
        check_n_features(self, X, reset=False)
        return X
