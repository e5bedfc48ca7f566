"""Trainings in worker processes, which compute while the parent speaks: `verbose` and callbacks run in the parent.

A worker is a process of loky, which needs no main guard and is sent by cloudpickle what only ``__main__`` knows. It has
one connection to the parent: trainings come in, what happens in an epoch and trained networks go out. A message that
ends the training may come at any time. When the parent is gone, the worker ends.
"""

import os
import pickle
import signal
import sys
import threading
import traceback
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from multiprocessing import Pipe, resource_tracker
from queue import SimpleQueue

from sklearn import config_context

from .._compat import LokyProcess, cloudpickle, loky_tracker
from ..engine.callbacks import Callback
from ..engine.run import Run
from .recipe import Settings
from .stopping import StopSignal
from .train import fit_network

LIBRARIES = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB", "NUMEXPR")
ONE_THREAD = {f"{name}_{'MAXIMUM' if name == 'VECLIB' else 'NUM'}_THREADS": "1" for name in LIBRARIES}
STOP = "stop"


class Worker:
    """A process that trains networks, as the parent sees it.

    One thread calls `begin`, `train` and `close`; `stop` and `end` may be called from another.

    Parameters
    ----------
    data : SharedData
        Of the `TrainingData` of all trainings.
    config : dict
        scikit-learn's configuration.
    """

    def __init__(self, data, config):
        self.is_ready, self._lock = False, threading.Lock()
        self.connection, theirs = Pipe()
        self.process = LokyProcess(target=serve, args=(theirs, data, config), daemon=True, env=ONE_THREAD)
        try:
            with _without_ctrl_c():
                self.process.start()
        finally:
            theirs.close()

    def begin(self):
        """Wait until it is there; False if it could not load the data."""
        self.is_ready, _ = self._receive()
        return self.is_ready

    def train(self, i, training, time_limit, task, signal):
        """Train a network: see `fit_network`.

        Parameters
        ----------
        i : int
            Which of the shared `TrainingData` is that of this training.
        training : Training
        time_limit : TimeLimit or None
        task : callable(state, callbacks) -> Callback, or None
            Makes what is told of the training, in this process. It must have no use for the weights.
        signal : StopSignal
            Of this process, which ends the training by `stop`.

        Returns
        -------
        trained : Trained
        """
        listeners = training.listeners()
        listeners += [] if task is None else [task(training.state, [])]
        run = Run(training.network)
        settings = Settings(**vars(training.settings) | dict.fromkeys(NOT_OF_A_TRAINING))
        pickled = cloudpickle.dumps(replace(training, settings=settings, data=None, progress=None))
        self._send((i, pickled, time_limit, bool(listeners), task is not None))
        while True:
            what, content = self._receive()
            if what == "trained":
                return content
            if what == "error":
                raise content
            happened = told_to(listeners, run, what, content)
            if what == "on_epoch_end" and task is not None:
                self._send((happened, run.stopped_by))

    def stop(self):
        """Let it end its training after the step that it is in."""
        if not self.is_ready:
            self.end()
            return
        with suppress(OSError):
            self._send(STOP)

    def end(self):
        """End the process at once."""
        self.process.terminate()
        self.process.join()

    def close(self):
        """End the process, and the connection to it."""
        self.end()
        self.connection.close()

    def _send(self, message):
        with self._lock:
            self.connection.send(message)

    def _receive(self):
        try:
            while not self.connection.poll(1.0):
                if not self.process.is_alive():
                    raise EOFError
            return pickle.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            self.process.join(5)
            raise RuntimeError(_death(self.process.exitcode)) from None


NOT_OF_A_TRAINING = ("encoder", "cv", "scoring", "random_state", "verbose")  # and may be large or refuse to be pickled


def told_to(listeners, run, what, content):
    """Tell engine callbacks what has happened in another process; True if one of them ends the training.

    Parameters
    ----------
    listeners : list of engine callbacks
    run : Run
        Of this process; it follows the one of the other.
    what : str
        The name of a method of callbacks.
    content : tuple (dict, str or None, ...)
        The last entries of the history, why the training ends, and what the method takes beside the run.
    """
    entries, run.stopped_by, *others = content
    if what == "on_epoch_end":
        run.epoch += 1
        run.record(**entries)
    return any([getattr(listener, what)(run, *others) for listener in listeners])


def _death(exitcode):
    by = f"by signal {-exitcode}" if exitcode is not None and exitcode < 0 else f"with exit code {exitcode}"
    return (
        f"A worker process in which networks are trained, for n_jobs, was ended {by}. It may have been killed for want "
        "of memory. n_jobs=None trains in this process."
    )


@contextmanager
def _without_ctrl_c():
    """Processes that are started in the block never get Ctrl-C: it is the parent that says what is to happen."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    for each in (resource_tracker, loky_tracker):  # these would lift the mask at their start
        each.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# ------------------------------------------------------------------------------------------------------- in the worker


def serve(connection, data, config):
    """What a worker does: train what it is sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inbox: SimpleQueue = SimpleQueue()
    stop = StopSignal()
    threading.Thread(target=_listen, args=(connection, inbox, stop), daemon=True).start()
    try:
        all_data = data.load()
    except Exception:  # a class that this process does not find
        _reply(connection, (False, None))
        return
    _reply(connection, (True, None))
    while True:
        i, pickled, time_limit, is_told, waits = inbox.get()
        try:
            training = replace(pickle.loads(pickled), data=all_data[i])
            task = partial(Reporter, connection, inbox, waits) if is_told else None
            with config_context(**config):
                trained = fit_network(training, time_limit, task, stop)
            trained.run.stepper = None
            message = "trained", trained
        except BaseException as error:
            error.add_note(f"In a worker process:\n{traceback.format_exc()}")
            message = "error", error
        sys.stdout.flush()
        _reply(connection, message)


def _listen(connection, inbox, stop):
    """Sort what the parent sends; end the process when it has gone."""
    while True:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            os._exit(0)
        if message == STOP:
            stop.now()
        else:
            inbox.put(message)


def _reply(connection, message):
    """Send it, or an error that says why this can't be."""
    try:
        pickled = cloudpickle.dumps(message)
        if message[0] == "error":
            pickle.loads(pickled)  # not all that can be pickled can be unpickled
    except Exception as error:
        what = "".join(traceback.format_exception(message[1])) if message[0] == "error" else repr(error)
        pickled = pickle.dumps(("error", RuntimeError(f"In a worker process: {what}")))
    connection.send_bytes(pickled)


class Reporter(Callback):
    """Sends what happens in a training to the parent; where callbacks listen there, an epoch ends when they have heard.

    Parameters
    ----------
    connection : Connection
    inbox : SimpleQueue
        Where the answers arrive.
    waits : bool
        For an answer at the end of each epoch.
    """

    def __init__(self, connection, inbox, waits, *_):
        self.connection, self.inbox, self.waits = connection, inbox, waits

    def on_fit_begin(self, run):
        self._tell("on_fit_begin", run)

    def on_epoch_begin(self, run):
        self._tell("on_epoch_begin", run)

    def on_rows(self, run, n_seen, n_rows):
        self._tell("on_rows", run, n_seen, n_rows)

    def on_epoch_end(self, run):
        self._tell("on_epoch_end", run)
        if not self.waits:
            return False
        ends, run.stopped_by = self.inbox.get()
        return ends

    def on_fit_end(self, run):
        self._tell("on_fit_end", run)

    def _tell(self, what, run, *others):
        entries = {name: values[-1] for name, values in run.history.items()}
        _reply(self.connection, (what, (entries, run.stopped_by, *others)))
