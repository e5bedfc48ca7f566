"""The start of a training: from parameters and checked data to everything that the training needs."""

import copy
import time
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from .._parts import fact
from .._weights import check_total, nonzero_rows, with_mean_1
from ..encoding import inputs
from ..encoding.dtypes import training_dtype
from ..encoding.sources import column_sources
from ..engine.losses import LOSSES, Quantile
from ..engine.rows import ArrayRows
from . import build, recipe
from .constraints import directions_of_columns, directions_of_encoded
from .data import GivenRows, TrainingData
from .holdout import Split, few_rows, hold_out, none_held_out
from .interactions import groups_of_columns, groups_of_encoded
from .out_of_fold import Judge
from .progress import ProgressTable
from .splitters import own_splits
from .start import Start
from .stream import constant_to_start_from, rows_to_start_from
from .train import TrainingState
from .validation import ValidationRows


class Given(NamedTuple):
    """The data of one call of `fit`, checked.

    Attributes
    ----------
    X : {ndarray, DataFrame, sparse matrix}
        Not encoded.
    y : ndarray
        Encoded, not scaled.
    weight : ndarray or None
        Class weights included.
    as_given : GivenRows
        For scorers.
    validation : ValidationRows or None
    groups : array-like or None
        For the splitter that holds rows out, as they came.
    sample_weight : ndarray or None
        Without class weights.
    blocks : Blocks or None
        Where the table is read block by block: what is known of all its rows. The others are those kept in memory.
    """

    X: Any
    y: np.ndarray
    weight: np.ndarray | None
    as_given: GivenRows
    validation: ValidationRows | None = None
    groups: Any = None
    sample_weight: np.ndarray | None = None
    blocks: Any = None


class Before(NamedTuple):
    """What an earlier fit has left, for one that goes on from it."""

    encoder: Any
    networks: Any


def prepare(parameters, given, target, kind, *, scoring=None, before=None, partial=False, new_seed, feature_names=None):
    """The start of a training.

    Parameters
    ----------
    parameters : dict
        Those of the estimator, as given.
    given : Given
    target : Labels or Values
        Learns how to scale the targets.
    kind : type
        Of networks: a class that says what `Networks` leaves open.
    scoring : Scoring, default=None
        What early stopping watches; not with ``partial``.
    before : Before, default=None
        What this fit goes on from.
    partial : bool, default=False
        Whether it is one of many calls, for an epoch each.
    new_seed : callable() -> array of int
        Called where random numbers begin anew.
    feature_names : ndarray of str, default=None
        Those of the columns of X.

    Returns
    -------
    start : Start
    """
    messages: list[str] = [] if partial else _remarks(given, target)
    directions = directions_of_columns(parameters, given.X, target, feature_names)
    groups = groups_of_columns(parameters, given.X, feature_names)
    own = None if partial else own_splits(parameters["cv"], given, target, parameters["early_stopping"])
    settings = recipe.resolve(
        parameters, _n_rows(given), given.X.shape[1], is_sparse=sparse.issparse(given.X),
        is_classifier=target.is_classification, partial=partial, has_validation=given.validation is not None,
        n_splits=None if own is None else len(own),
    )  # fmt: skip
    n_trainings = kind.n_trainings(settings) if before is None else len(before.networks.members)
    states = _states(before, n_trainings, new_seed)
    if given.blocks is not None:
        states[0].holdout_seed = given.blocks.plan.seed
    folds = own if own is not None else _split(parameters, settings, given, target, kind, states[0], messages)
    splits = [folds[i % len(folds)] for i in _folds(settings, kind, before, n_trainings)]
    # an ensemble has one encoder, so that of all rows
    rows = splits[0].train if n_trainings == 1 else nonzero_rows(given.weight)
    if settings.target_scaling:
        _check_scaling(settings)
        _learn_scale(target, given, rows, before is None, partial)
    dtype = _training_dtype(settings, given, target, before)
    y = _scaled(target, given.y, dtype)
    loss = target.loss(settings, y, given.weight, None if before is None else before.networks)
    # of one call of many it is no error that all targets are 0
    target.check_domain(loss, np.where(y.any(axis=0), y, 1) if partial else y, settings.loss)
    if given.blocks is not None:
        target.check_domain(loss, _scaled(target, given.blocks.extremes, dtype), settings.loss)
        encoder, X = _encoder_of_blocks(given, rows, dtype, before)
        messages += inputs.remarks(encoder) if before is None else []
    elif before is None:  # here may be the one copy of X
        options = settings.encoder, settings.categorical_features
        encoder, X = inputs.fit_encoder(*options, given.X, given.weight, rows, dtype, feature_names, partial)
        messages += inputs.remarks(encoder)
    else:
        encoder, X, found = inputs.learn_more(before.encoder, given.X, given.weight, rows, dtype)
        messages += found
    deadline = None if partial or settings.max_time is None else time.perf_counter() + settings.max_time
    watched = _watched_rows(settings, given, X, y, splits, target, loss, encoder)
    training_rows = [_training_rows(X, y, given.weight, split.train) for split in splits]
    if given.blocks is not None:
        training_rows = given.blocks.rows(splits, training_rows, encoder, target)
    if before is None:
        networks = kind(loss)
        constants = [_constant(loss, each.in_memory()) for each in training_rows]
        of_encoded = directions_of_encoded(directions, encoder, given.X, feature_names)
        taken = inputs.inputs(encoder, X)._replace(
            directions=of_encoded, two_classes=target.is_binary, groups=groups_of_encoded(groups, encoder, given.X)
        )
        _begin(networks, settings, encoder, taken, training_rows, constants, states, deadline)
    else:
        networks = before.networks.going_on(loss, states)
    scores = _scores(settings, given, watched, target, networks, scoring, messages)
    data = [
        TrainingData(rows, watched, split.held_out, len(y), score)
        for rows, watched, split, score in zip(training_rows, watched, splits, scores, strict=True)
    ]
    messages += build.ignored(settings, min(map(len, training_rows)))
    if parameters["portfolio"] and before is None and (len(settings.candidates) == 1 or watched[0] is None):
        messages.append(_no_race(settings))
    if parameters.get("calibration") == "temperature" and watched[0] is None and not partial:
        messages.append("calibration='temperature' needs held-out rows, as early_stopping=True has them, or X_val.")
    judge = _judge(given, target, loss) if scoring is None or scoring.is_pooled else None
    n_before = len(networks.members[0].history.get("loss", ())) if partial else 0
    n_trained = n_trainings if before is not None else getattr(kind, "n_trained", kind.n_trainings)(settings)
    watching = None if watched[0] is None else scoring
    progress = ProgressTable(settings, n_trained, watching, n_before) if settings.verbose else None
    sources = None if partial else column_sources(encoder, given.X)
    all_rows = None
    if groups is not None and all(len(group) == 1 for group in groups):
        all_rows = _rows(X, y, given.weight, nonzero_rows(given.weight))
        present = set(column_sources(encoder, given.X).tolist())
        networks.effect_columns = [i for group in groups for i in group if i in present]
    return Start(settings, encoder, networks, data, messages, deadline, judge, progress, sources, all_rows)


def _remarks(given, target):
    """What the target warns of."""
    return (
        target.remarks(given.y, given.weight) if given.blocks is None else target.remarks(given.blocks.extremes, None)
    )


def _judge(given, target, loss):
    """What scores predictions for the training rows."""
    levels = loss.levels if isinstance(loss, Quantile) and loss.n_outputs else None
    return Judge(given.y, given.sample_weight, target.is_classification, levels)


def _no_race(settings):
    """What to warn of where the candidates of a portfolio can't compete."""
    if len(settings.candidates) == 1:
        return (
            "portfolio has one candidate only, so that none compete: those of portfolio=True change parameters that "
            "are 'auto', of a network for dense tables that are not very wide."
        )
    return "portfolio needs held-out rows, as early_stopping=True has them, or X_val: the first candidate is trained."


def _begin(networks, settings, encoder, taken, rows, constants, states, deadline):
    """Make the networks; the first rows of a stream may be too few to start from."""
    if settings.is_partial and encoder is not None:
        pairs = list(zip(rows, constants, strict=True))
        constants = [constant_to_start_from(networks.loss, constant, len(each)) for each, constant in pairs]
        rows = [rows_to_start_from(each, taken, state.rng) for each, state in zip(rows, states, strict=True)]
    networks.begin(settings, taken, list(zip(rows, constants, states, strict=True)), deadline)


def _training_rows(X, y, weight, which):
    """Rows to learn from; ValueError if their weights have no sum that one can compute with."""
    if weight is not None:
        check_total(weight if which is None else weight[which], "sample_weight of the training rows")
    return _rows(X, y, weight, which)


def _constant(loss, rows):
    """The raw outputs (n_outputs,) of the best constant prediction for all rows of the table."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is found when the training begins
        return np.asarray(loss.constant(rows.y, rows.weight))


def _watched_rows(settings, given, X, y, splits, target, loss, encoder):
    """For each training the rows that early stopping watches: held out, those of X_val, or None."""
    if given.validation is None:
        held_out = [split.held_out for split in splits]
        return [None if each is None else _rows(X, y, given.weight, each) for each in held_out]
    X_val, y_val, weight, _ = given.validation
    y_val = _scaled(target, y_val, X.dtype)
    target.check_domain(loss, y_val, settings.loss, "y_val")
    X_val = inputs.encode(encoder, X_val, X.dtype, "X_val")
    rows = nonzero_rows(weight)  # before a tiny weight is rounded to zero
    if weight is not None:  # the mean is that of all rows, those of weight zero among them
        weight = (weight / weight.mean()).astype(X.dtype)
    return [ArrayRows(X_val, y_val, weight, rows)] * len(splits)


def _rows(X, y, weight, which):
    """Rows of the table, with weights of mean 1 over those ``which``."""
    if weight is None:
        return ArrayRows(X, y, None, which)
    weight, total = with_mean_1(weight, which, X.dtype)
    return ArrayRows(X, y, weight, which, total)


def _scores(settings, given, watched, target, networks, scoring, messages):
    """For each training, how its watched rows are judged; None for minus the loss."""
    if scoring is None or watched[0] is None:
        if scoring is not None and not scoring.is_loss:
            messages.append(f"scoring={scoring.scoring!r} has no effect without held-out rows or X_val.")
        return [None] * len(watched)
    as_given = given.as_given if given.validation is None else given.validation.as_given
    calibrated = settings.calibration is not None
    scores: dict = {}  # rows of X_val are the same for all
    for rows in watched:
        if id(rows) not in scores:
            scores[id(rows)] = scoring.score(networks, rows, as_given._replace(y=target.decode(as_given.y)), calibrated)
    return [scores[id(rows)] for rows in watched]


def _states(before, n_trainings, new_seed):
    """What each training goes on from: the last call's state, copied so that a failure spares it, or a new one."""
    if before is not None and before.networks.members[0].state is not None:  # a pickle holds none
        return copy.deepcopy([member.state for member in before.networks.members])
    rng = np.random.default_rng(new_seed())
    return [TrainingState(each) for each in ([rng] if n_trainings == 1 else rng.spawn(n_trainings))]


def _folds(settings, kind, before, n_trainings):
    """For each training the number of its fold."""
    if before is None:
        return [kind.fold_of(number, settings) for number in range(n_trainings)]
    return [member.fold for member in before.networks.members]


def _split(parameters, settings, given, target, kind, state, messages):
    """For each fold the rows to learn from and those to hold out; one where none are held out."""
    rows = nonzero_rows(given.weight)
    if given.blocks is not None:
        splits = given.blocks.splits(given.weight)
        if splits is None and parameters["early_stopping"] is True and given.validation is None:
            messages.append(none_held_out(range(len(given.blocks)), settings.validation_fraction))
        return splits or [Split(given.blocks.sample(given.weight), None)]
    if given.validation is not None or not settings.early_stopping:
        return [Split(rows, None)]
    if settings.is_few_rows:  # early_stopping=True
        messages.append(few_rows(_n_rows(given)))
        return [Split(rows, None)]
    candidates = np.arange(len(given.y)) if rows is None else rows
    fraction, seed = settings.validation_fraction, state.holdout_seed
    labels, values = target.stratify(given.y), target.order(given.y, given.weight)
    splits = hold_out(candidates, labels, kind.n_folds(settings), fraction, seed, values, given.weight)
    if splits is None:
        if parameters["early_stopping"] is True:  # wanted, not chosen by the recipe
            messages.append(none_held_out(candidates, fraction))
        return [Split(rows, None)]
    return splits


def _encoder_of_blocks(given, rows, dtype, before):
    """The encoder of a table that is read block by block, or None, and the rows in memory as it encodes them."""
    encoder, statistics = None if before is None else before.encoder, given.blocks.statistics
    if statistics is not None:
        chosen = given.blocks.sample(given.weight) if rows is None else rows
        encoder = statistics.fitted(given.X, chosen, None if given.weight is None else given.weight[chosen])
    return encoder, inputs.encode(encoder, given.X, dtype)


def _check_scaling(settings):
    if isinstance(settings.loss, str) and not fact(LOSSES, settings.loss, "is_location"):
        raise ValueError(
            f"target_scaling=True does not go with loss={settings.loss!r}, which needs y in its own units."
        )


def _learn_scale(target, given, rows, is_first, is_stream):
    if given.blocks is not None:
        if given.blocks.moments is not None and is_first:
            target.learn_scale(given.blocks.moments, None)
        return
    chosen = slice(None) if rows is None else rows
    y, weight = given.y[chosen], None if given.weight is None else given.weight[chosen]
    if is_first and not is_stream:
        target.learn_scale(y, weight)
    elif is_first or target.learns_from_stream:
        target.learn_more(y, weight)


def _training_dtype(settings, given, target, before):
    """What the training computes in."""
    wanted = settings.dtype if before is None else before.networks.members[0].network.theta.dtype
    numbers = [("X", given.X), ("y", target.scale(given.y))]
    if given.validation is not None:
        numbers += [("X_val", given.validation.X), ("y_val", target.scale(given.validation.y))]
    if settings.encoder is not None:  # X is left to it
        numbers = numbers[1::2]
    if given.blocks is not None:
        numbers.append(("y", target.scale(given.blocks.extremes)))
    return training_dtype(numbers, wanted, small=_n_rows(given) <= settings.float64_rows)


def _n_rows(given):
    """The number of rows that have a weight: the others do not exist."""
    if given.blocks is not None:
        return len(given.blocks)
    return given.X.shape[0] if given.weight is None else int(np.count_nonzero(given.weight))


def _scaled(target, y, dtype):
    """Targets as the training takes them; class indices stay integers."""
    y = target.scale(y)
    return y.astype(dtype, copy=False) if y.dtype.kind == "f" else y
