"""Several trainings: one after the other, side by side, or by a backend of joblib."""

import itertools
import multiprocessing
from dataclasses import replace

from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import LokyBackend, ThreadingBackend, get_active_backend

from .deadline import allot
from .planning import N_FIRST, planned, plans_by_the_first
from .side_by_side import SideBySide
from .stopping import StopSignal
from .train import fit_network


def train_all(trainings, n_jobs, deadline=None, tasks=None):
    """Train several networks.

    Parameters
    ----------
    trainings : list of Training
    n_jobs : int or None
        Trainings at the same time, as joblib counts them.
    deadline : float, default=None
        The time of `time.perf_counter` at which all have ended: those that have not begun are left out.
    tasks : list of callables, default=None
        See `fit_network`: one for each training.

    Returns
    -------
    trained : list of Trained
        In the order of the trainings, at least one. After Ctrl-C those that have begun; when the time is over, those
        that have learnt for an epoch, or if there is none, those that have begun.
    """
    tasks = tasks or [None] * len(trainings)
    backend, _ = get_active_backend()
    if trainings[0].is_sharded:  # the workers that hold the rows are busy with one training at a time
        return _those_that_learnt(_one_after_the_other(trainings, deadline, tasks))
    jobs = _jobs(n_jobs, len(trainings), backend)
    if jobs == 1:
        trained = _one_after_the_other(trainings, deadline, tasks)
    elif isinstance(backend, LokyBackend | ThreadingBackend):
        need_weights = any(getattr(task, "needs_weights", False) for task in tasks)
        in_threads = need_weights or isinstance(backend, ThreadingBackend)
        trained = SideBySide(trainings, tasks, deadline, jobs).train(in_threads)
    else:
        trained = _by_joblib(trainings, n_jobs, deadline, tasks)
    return _those_that_learnt(trained)


def _those_that_learnt(trained):
    """Those before the first that had no time for an epoch, which would spoil the mean; all if that is the first."""
    return list(itertools.takewhile(lambda each: not each.run.was_cut, trained)) or trained


def _jobs(n_jobs, n_trainings, backend):
    """How many trainings go on at the same time: one where others do so already, in other processes or threads."""
    if n_trainings == 1 or multiprocessing.parent_process() is not None:
        return 1
    if isinstance(backend, LokyBackend | ThreadingBackend) and backend.nesting_level:
        return 1
    return min(effective_n_jobs(n_jobs), n_trainings)


def _one_after_the_other(trainings, deadline, tasks):
    trained: list = []
    plans = plans_by_the_first(trainings)
    for training, allotted, task in zip(trainings, allot(trainings, deadline), tasks, strict=True):
        if plans and len(trained) >= N_FIRST:
            training = planned(training, trained[:N_FIRST])
        try:
            each = _train(training, allotted, task)
        except KeyboardInterrupt:  # before its first step
            if not trained:
                raise
            trained[-1].run.interrupted = True
            break
        if each is None:
            break
        trained.append(each)
        if each.run.interrupted or each.run.was_cut:
            break
    return trained


def _by_joblib(trainings, n_jobs, deadline, tasks):
    """By a backend that ``joblib.parallel_config`` has chosen, of a cluster say.

    What is to be told of a network is told when it comes back.
    """
    signal, listeners = StopSignal(), [training.listeners() for training in trainings]
    trainings = [replace(training, progress=None) for training in trainings]
    parallel = Parallel(n_jobs=n_jobs, prefer="threads")
    jobs = list(zip(trainings, allot(trainings, deadline, effective_n_jobs(n_jobs)), tasks, strict=True))
    n_first = N_FIRST if plans_by_the_first(trainings) else len(jobs)
    try:
        trained = parallel(delayed(signal.call)(_train, *job) for job in jobs[:n_first])
        if len(trained) < len(jobs) and None not in trained:
            rest = [(planned(training, trained), *others) for training, *others in jobs[n_first:]]
            trained += parallel(delayed(signal.call)(_train, *job) for job in rest)
    except BaseException:
        signal.now()
        signal.wait()
        raise
    trained = [each for each in trained if each is not None]
    for each, of_training in zip(trained, listeners, strict=False):
        for listener in of_training:
            listener.on_fit_begin(each.run)
            listener.on_fit_end(each.run)
    return trained


def _train(training, allotted, task, signal=None):
    """`fit_network` in the time allotted; None if the time is over."""
    return None if allotted.is_over() else fit_network(training, allotted.begin(), task, signal)
