"""Checkpoint, and its file: the states of a fit's networks, and what shows whether another fit may go on from it."""

import contextlib
import copy
import hashlib
import json
import os
import threading
from numbers import Integral
from pickle import PicklingError
from zipfile import BadZipFile

import joblib
import numpy as np
from scipy import sparse

from .._compat import callbacks_of
from .._version import __version__
from .base import _check_epochs, _FitCallback


class Checkpoint(_FitCallback):
    """Writes the state of a fit to a file, so that a killed fit can go on from there.

    The fit that goes on ends at the same weights, to the bit, as one that was never killed: the file holds the weights
    of all networks, begun or finished, what the optimizers, averages and early stopping remember, random numbers and
    history. Not in it are the states of callbacks that are not from this module, and the time that networks of an
    ensemble took which are finished, so ``max_time`` is shared anew.

    The file is replaced in one step: a crash or a full disk while it is written leaves the one before; the error ends
    the fit, which can go on later. It is an npz of arrays and JSON: to read it executes nothing. A finished fit leaves
    its file, and the next `fit` with it has the same model at once.

    Parameters
    ----------
    path : str or path-like
        In a folder that exists. Of one fit: in a search or a cross-validation the fits would have to share it.
    every : int, default=10
        Epochs from one writing to the next. The last epoch is always written.
    resume : bool, default=True
        Whether `fit` goes on from the file, if there is one. It must be of the same version of skann, parameters (but
        ``n_jobs`` and ``verbose``) and data; otherwise `fit` raises a ValueError that says what differs. False begins
        anew, and replaces the file. A `random_state` of None is no obstacle: the seed is in the file.

    Notes
    -----
    A processor of another kind may round differently, then "to the bit" does not hold. An ``encoder`` of your own must
    give the same columns for the same rows. "lbfgs" can't be checkpointed: its state is inside of SciPy.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from skann import ANNClassifier
    >>> from skann.callbacks import Checkpoint
    >>> path = os.path.join(tempfile.mkdtemp(), "iris.npz")
    >>> classifier = ANNClassifier(n_estimators=1, random_state=0).set_callbacks(Checkpoint(path))
    >>> classifier = classifier.fit(*load_iris(return_X_y=True))  # after a crash: run this again
    >>> Checkpoint(path).epochs() == [classifier.n_iter_]
    True
    """

    def __init__(self, path: str | os.PathLike[str], *, every: int = 10, resume: bool = True) -> None:
        super().__init__()
        _check_epochs("every", every)
        self.path, self.every, self.resume = os.fspath(path), every, resume

    def epochs(self) -> list[int]:
        """How far the fit in the file has come.

        Returns
        -------
        epochs : list of int
            Epochs done by each network that has begun; empty if there is no file.

        Examples
        --------
        >>> from skann.callbacks import Checkpoint
        >>> Checkpoint("no such file.npz").epochs()
        []
        """
        networks = read(self.path)["networks"] if os.path.exists(self.path) else {}
        return [networks[i]["run"]["epoch"] for i in sorted(networks, key=int)]

    def _store_options(self):
        return self.path, self.every, self.resume


WITHOUT_EFFECT = ("n_jobs", "verbose")  # on the weights


FORMAT = "skann checkpoint 1"


class CheckpointFile:
    """The checkpoint of one fit.

    Parameters
    ----------
    path : str
    every : int
        Epochs from one writing to the next.
    resume : bool
        Whether to go on from the file, if there is one.

    Attributes
    ----------
    networks : dict of int to dict
        The last state of each network that has begun.
    """

    def __init__(self, path, every, resume):
        self.path, self.every = path, every
        self.saved = read(path) if resume and os.path.exists(path) else None
        self.content = {"format": FORMAT, "seed": None}
        self.networks = {} if self.saved is None else {int(i): state for i, state in self.saved["networks"].items()}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, callbacks):
        """That of the `Checkpoint` among the callbacks, None if there is none."""
        options = [callback._store_options() for callback in callbacks if hasattr(callback, "_store_options")]
        if len(options) > 1:
            raise ValueError(f"One fit can have one Checkpoint, got {len(options)}.")
        return cls(*options[0]) if options else None

    def seed(self, drawn):
        """The seed of the fit that the file is of, otherwise the one drawn."""
        if self.saved is not None and self.saved["seed"] is not None:
            drawn = np.asarray(self.saved["seed"])
        self.content["seed"] = drawn.tolist()
        return drawn

    def check(self, estimator, start, is_warm):
        """ValueError if this fit can't be checkpointed, or the file is that of another fit."""
        if start.settings.solver == "lbfgs":
            raise ValueError("Checkpoint does not go with solver='lbfgs', whose state is inside of SciPy.")
        self.content |= identity(estimator, start, is_warm)
        if self.saved is None:
            return
        now, before = json.loads(json.dumps(self.content)), self.saved
        different = [name for name in ("skann version", "estimator", "callbacks", "data") if now[name] != before[name]]
        names = sorted(now["parameters"].keys() | before["parameters"].keys())
        for name in names:
            value, hashed = before["parameters"].get(name, ("absent", ""))
            if now["parameters"].get(name, ("", ""))[1] != hashed:
                different.append(f"{name} (it was {value})")
        if different:
            raise ValueError(
                f"The checkpoint {self.path!r} belongs to another fit. What differs: {', '.join(different)}. Set it "
                "back, choose another path, or start over with resume=False."
            )

    def put(self, index, epoch, is_last, state):
        """Write the file if it is time; ``state()`` is that of network ``index`` after ``epoch`` epochs."""
        if epoch % self.every and not is_last:
            return
        with self._lock:
            self.networks[index] = copy.deepcopy(state())
            write(self.path, self.content | {"networks": self.networks})


def identity(estimator, start, is_warm):
    """What two fits have in common that lead to the same weights from the same seed."""
    callbacks = [type(each).__name__ for each in callbacks_of(estimator) if hasattr(each, "_get_state")]
    parameters = {}
    names = estimator.get_params(deep=False).keys() | set(estimator._parameters)  # a subclass may take fewer or more
    for name in sorted(names):
        value = getattr(estimator, name)
        if name == "random_state" and not isinstance(value, Integral):
            value = type(value)  # the seed drawn from it is in the file
        if name not in WITHOUT_EFFECT:
            parameters[name] = [repr(value)[:80], _hash(value)]
    return {
        "skann version": __version__,
        "estimator": type(estimator).__name__,
        "callbacks": callbacks,
        "parameters": parameters,
        "data": fingerprint(start.data, [each.network.theta for each in start.networks.members] if is_warm else []),
    }


def _hash(value):
    try:
        return joblib.hash(value)
    except (PicklingError, TypeError, AttributeError, ValueError, RecursionError):  # a lambda, say
        return f"{type(value).__module__}.{type(value).__qualname__}"


def fingerprint(data, thetas):
    """A hash of the encoded rows, targets, weights, of which rows are held out, and of where the training starts."""
    digest = hashlib.sha256()
    arrays = [*_arrays(data[0].rows.in_memory()), *thetas]
    for each in data:
        arrays += [each.rows.in_memory().which, each.held_out]
    if data[0].watched is not None and data[0].held_out is None:  # X_val
        arrays += _arrays(data[0].watched)
    for array in arrays:
        array = np.zeros(0) if array is None else np.ascontiguousarray(array)
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(array.data.cast("B") if array.size else b"")
    return digest.hexdigest()


def _arrays(rows):
    X = rows.X
    return [*([X.data, X.indices, X.indptr] if sparse.issparse(X) else [X]), rows.y, rows.weight]


def write(path, content):
    """Replace the file, or leave it as it was: arrays anywhere in ``content`` are entries of an npz, the rest JSON."""
    arrays, temporary = {}, f"{path}.tmp"

    def stand_in(value):
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray):
            raise TypeError(f"a checkpoint can't hold a {type(value).__name__}")
        arrays[f"array{len(arrays)}"] = value
        return {"array": f"array{len(arrays) - 1}"}

    text = json.dumps(content, default=stand_in)
    try:
        with open(temporary, "wb") as file:
            np.savez(file, content=np.frombuffer(text.encode(), np.uint8), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise
    with contextlib.suppress(OSError):  # Windows can't open folders
        folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read(path):
    """What `write` has written. Nothing in the file is executed."""
    try:
        with np.load(path, allow_pickle=False) as file:

            def array(found):
                return file[found["array"]] if found.keys() == {"array"} else found

            content = json.loads(bytes(file["content"]), object_hook=array)
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile) as error:
        raise ValueError(f"{path!r} is not a checkpoint of this version of skann: {error}") from error
    return content
