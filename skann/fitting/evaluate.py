"""What is learnt from the rows that the networks held out, after the training: temperature, weights, scores."""

import itertools

import numpy as np

from .._threads import blas_threads
from ..engine.calibration import fit_temperature
from ..engine.evaluation import pooled_targets, raw_outputs
from .conformity import conformity, learn_scores, why_no_scores
from .deadline import is_past
from .out_of_fold import judge_held_out
from .sharded_rows import ShardedRows
from .shrinkage import shrink
from .summed import summed_temperature


def evaluate_held_out(networks, data, settings, target, deadline=None, judge=None):
    """Set the temperature, out-of-fold predictions and their scores from the rows that each member was watched by.

    Parameters
    ----------
    networks : Networks
        Trained.
    data : list of TrainingData
    settings : Settings
    target : Labels or Values
    deadline : float, default=None
        The time of `time.perf_counter` from which on no rows are evaluated any more.
    judge : Judge, default=None
        Scores the predictions; None means the best scores that were watched.
    """
    networks.temperature, networks.out_of_fold = 1.0, None
    for each in (networks, *networks.members):
        each.oof_score = each.oof_loss = None
    _keep_scores(networks, [], data, settings, target)
    if data[0].watched is None:
        if settings.shrinks:
            networks.shrinkage = shrink(networks.members, data[0].rows.in_memory(), networks.training_loss())
        return
    with blas_threads(0):  # the same temperature with any number of threads
        raw = []
        for member, each in zip(networks.members, data, strict=False):  # after Ctrl-C there are fewer members
            if is_past(deadline):
                break
            raw.append(raw_outputs(member.network, each.watched))
        watched = [each.watched for each in data[: len(raw)]]
        if raw and settings.calibration is not None:
            if all(isinstance(each.rows, ShardedRows) and each.held_out is not None for each in data):
                networks.temperature = summed_temperature(networks, data[: len(raw)])
            else:
                _fit_temperature(networks, raw, watched)
        if len(raw) == len(networks.members):
            networks.weigh(raw, watched)
    if raw and data[0].held_out is not None:
        predictions = []
        for member, each in zip(networks.members, raw, strict=False):
            outputs = networks.outputs(each.astype(np.float64))  # float32 may not hold large targets
            predictions.append(target.unscale(networks.only(member).predict(outputs)))
        pooled = _average_held_out(networks, predictions, data)
        networks.out_of_fold = pooled if networks.keeps_out_of_fold else None
        _keep_scores(networks, predictions, data, settings, target)
        judge_held_out(networks, raw, predictions, data, pooled, judge)


def _fit_temperature(networks, raw, watched):
    outputs = [networks.outputs(each) for each in raw]
    y, weight = pooled_targets([rows for rows, each in zip(watched, outputs, strict=True) for _ in each])
    networks.temperature = fit_temperature(networks.loss, np.concatenate(list(itertools.chain(*outputs))), y, weight)


def _average_held_out(networks, predictions, data):
    """The mean prediction for each row by the members that held it out, weighted as in `predict`."""
    total = np.zeros((data[0].n_given, predictions[0].shape[1]))
    share = np.zeros((data[0].n_given, 1))
    for prediction, weight, of_member in zip(predictions, networks.weights_of_members(), data, strict=False):
        total[of_member.held_out] += weight * prediction
        share[of_member.held_out] += weight
    return np.divide(total, share, out=np.full_like(total, np.nan), where=share > 0)


def _keep_scores(networks, predictions, data, settings, target):
    """Give the members the scores of these predictions, which there are of the first ones, for held-out rows."""
    measure, n = conformity(target, networks.loss, networks.n_outputs), len(predictions)
    weights = networks.weights_of_members()[:n]
    scores = learn_scores(measure, predictions, weights, data[:n], target) if n and measure else []
    for member, each in itertools.zip_longest(networks.members, scores):
        member.scores = each
    networks.no_scores = None if scores else why_no_scores(settings, data, measure, n)
