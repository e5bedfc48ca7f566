"""The trained networks of a model: the one object between an estimator and the engine.

It makes the networks, trains them, and turns rows into their raw outputs and these into one prediction; a pickle, an
export to ONNX, a checkpoint and the copies that callbacks get see it and nothing behind it. What kinds of ensembles
differ in is what `Networks` leaves abstract; an estimator's ``_kind_of_networks`` says which kind it has.
"""

import copy
import math
from abc import ABC, abstractmethod

import numpy as np

from .._threads import blas_threads
from ..engine.calibration import fit_temperature
from ..engine.evaluation import prediction_workspace, raw_outputs
from ..engine.rows import ArrayRows
from . import build
from .parallel import train_all
from .train import Training


class Member:
    """A network with its record: what one training made, and what a later one goes on from.

    Attributes
    ----------
    network : Network
    state : TrainingState or None
        None after unpickling: the weights are there, the state of the optimizer is not.
    history : dict of str to list
        One entry for each epoch of all trainings so far.
    n_iter : int
        Epochs of the last training.
    t : int
        Rows seen in all epochs.
    """

    def __init__(self, network, state=None):
        self.network, self.state = network, state
        self.history, self.n_iter, self.t = {}, 0, 0

    def take(self, trained):
        """Go on from what a training has made."""
        before, new, n_epochs = self.history, trained.run.history, trained.run.epoch
        n_before = len(before.get("loss", ()))
        self.history = {
            name: list(before.get(name, [math.nan] * n_before)) + new.get(name, [math.nan] * n_epochs)
            for name in sorted(before.keys() | new.keys())
        }
        self.network, self.state, self.n_iter = trained.network, trained.state, n_epochs
        self.t += trained.n_rows * n_epochs

    def __getstate__(self):
        return vars(self) | {"state": None}

    def __deepcopy__(self, memo):
        other = memo[id(self)] = object.__new__(type(self))
        vars(other).update(copy.deepcopy(vars(self), memo))
        return other


class Networks(ABC):
    """The networks of a model, their outputs, and what was learnt from the rows that they held out.

    Parameters
    ----------
    loss : Loss
    n_outputs : int
        Raw outputs of a prediction for one row.

    Attributes
    ----------
    members : list of Member
        One for each training.
    is_ensemble : bool
        Whether there are several trainings, though Ctrl-C may have left one member.
    temperature : float
        What raw outputs are divided by before the loss makes probabilities of them.
    out_of_fold : ndarray of shape (n_rows, ...) or None
        Predictions for the training rows by the networks that held them out: NaN where none did, None where nothing was
        held out. Not pickled.
    """

    def __init__(self, loss, n_outputs=0):
        self.loss, self.n_outputs = loss, n_outputs
        self.members, self.is_ensemble = [], False
        self.temperature, self.out_of_fold = 1.0, None

    @staticmethod
    @abstractmethod
    def n_trainings(settings):
        """How many trainings make the networks that ``settings`` asks for."""

    @property
    @abstractmethod
    def weights(self):
        """Shares of the raw outputs in a prediction, a list of floats with sum 1; None if they are equal."""

    @property
    @abstractmethod
    def are_alike(self):
        """Whether all members have layers of the same shapes, so that they can share their buffers."""

    @abstractmethod
    def new_network(self, i, settings, inputs, rows, constant, rng):
        """The network that training i starts from; ``constant`` (n_outputs,) are raw outputs to start with."""

    @abstractmethod
    def training_loss(self):
        """The loss that a training minimises."""

    @abstractmethod
    def outputs(self, raw):
        """A list of raw outputs (n_rows, n_outputs) from those of each member: what predictions are averaged over."""

    # ------------------------------------------------------------------------------------------------ training

    def begin(self, settings, inputs, data, states):
        """Make the members, whose networks start from about the best constant prediction."""
        self.is_ensemble, self.n_outputs = len(data) > 1, len(data[0].constant)
        with blas_threads(0), np.errstate(over="ignore", invalid="ignore"):  # the same start with any number of threads
            for i, (each, state) in enumerate(zip(data, states, strict=True)):
                network = self.new_network(i, settings, inputs, each.rows, each.constant, state.rng)
                self.members.append(Member(network, state))

    def going_on(self, loss, states):
        """A copy that goes on from here, with this loss and these states of its trainings."""
        other = copy.deepcopy(self)
        other.loss = loss
        for member, state in zip(other.members, states, strict=True):
            member.state = state
        return other

    def train(self, settings, data, *, is_warm=False, tasks=None):
        """Train all members.

        Parameters
        ----------
        settings : Settings
        data : list of TrainingData
            One for each member.
        is_warm : bool
            Whether the members are trained ones, whose weights compete for the best.
        tasks : list of callables, default=None
            See `fit_network`: one for each member.

        Returns
        -------
        trained : list of Trained
            After Ctrl-C those that have begun, at least one.
        """
        trainings = [self.training(i, settings, data, is_warm) for i in range(len(data))]
        trained = train_all(trainings, settings.n_jobs, settings.max_time, tasks)
        for member, each in zip(self.members, trained, strict=False):
            member.take(each)
        if not is_warm:
            del self.members[len(trained) :]
        return trained

    def training(self, i, settings, data, is_warm=False):
        """What `fit_network` needs for member i."""
        member = self.members[i]
        return Training(
            settings, data[i], self.training_loss(), member.network, member.state, is_warm, is_only_one=len(data) == 1
        )

    def evaluate_held_out(self, data, calibrate, finish):
        """Set the temperature and the out-of-fold predictions from the rows that each member was watched by.

        Parameters
        ----------
        data : list of TrainingData
        calibrate : bool
        finish : callable(ndarray) -> ndarray
            Turns predictions of the loss into those of the estimator.
        """
        self.temperature, self.out_of_fold = 1.0, None
        if data[0].watched is None:
            return
        pairs = list(zip(self.members, data, strict=False))  # after Ctrl-C there are fewer members
        with blas_threads(0):  # the same temperature with any number of threads
            raw = [raw_outputs(member.network, each.watched) for member, each in pairs]
            if calibrate:
                self._fit_temperature(raw, [each.watched.targets() for _, each in pairs])
        if len(data) > 1 and data[0].held_out is not None:
            self.out_of_fold = self._average_held_out(raw, data, finish)

    def _fit_temperature(self, raw, targets):
        raws, ys, weights = [], [], []
        for each, (y, weight) in zip(raw, targets, strict=True):
            for outputs in self.outputs([each]):
                raws.append(outputs)
                ys.append(y)
                weights.append(weight)
        weight = None if weights[0] is None else np.concatenate(weights)
        self.temperature = fit_temperature(self.loss, np.concatenate(raws), np.concatenate(ys), weight)

    def _average_held_out(self, raw, data, finish):
        total = count = None
        for i, (each, of_member) in enumerate(zip(raw, data, strict=False)):
            # float32 may not hold large targets
            prediction = finish(self.only(self.members[i]).predict(self.outputs([each.astype(np.float64)])))
            if total is None:
                total = np.zeros((of_member.n_given, prediction.shape[1]))
                count = np.zeros((of_member.n_given, 1))
            total[of_member.held_out] += prediction
            count[of_member.held_out] += 1
        return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)

    # ---------------------------------------------------------------------------------------------- prediction

    def raw_outputs(self, X):
        """A list of raw outputs (n_rows, n_outputs), in the dtype of X, which is encoded.

        Raises
        ------
        ValueError
            If they are not finite.
        """
        rows, workspace, raw = ArrayRows(X), None, []
        with np.errstate(over="ignore", invalid="ignore"):
            for member in self.members:
                if workspace is None or not self.are_alike:
                    workspace = prediction_workspace(member.network, rows)
                each = raw_outputs(member.network, rows, workspace)
                raw.append(each.astype(X.dtype, copy=len(self.members) > 1))
        if not all(np.isfinite(each).all() for each in raw):
            raise predictions_error(X.dtype)
        return self.outputs(raw)

    def calibrated(self, raw):
        """Raw outputs at the temperature."""
        return raw if self.temperature == 1 else [each / self.temperature for each in raw]

    def predict(self, raw):
        """The mean, over the list of raw outputs, of what the loss predicts."""
        predictions = [self.loss.predict(each) for each in self.calibrated(raw)]
        if len(predictions) == 1:
            return predictions[0]
        weights = self.weights
        if weights is None:
            return sum(predictions[1:], start=predictions[0]) / len(predictions)
        return sum(weight * each for weight, each in zip(weights, predictions, strict=True))

    def only(self, member):
        """The same with this one member."""
        other = copy.copy(self)
        other.members, other.is_ensemble, other.out_of_fold = [member], False, None
        return other

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "out_of_fold"}

    def __copy__(self):
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other

    def __deepcopy__(self, memo):
        other = memo[id(self)] = object.__new__(type(self))
        vars(other).update(copy.deepcopy(vars(self), memo))
        return other


class IndependentNetworks(Networks):
    """Networks of the same layers, each trained on its own: one, or an ensemble with equal shares."""

    weights = None
    are_alike = True

    @staticmethod
    def n_trainings(settings):
        return settings.n_estimators

    def new_network(self, i, settings, inputs, rows, constant, rng):
        return build.network(settings, inputs, rows, constant, rng)

    def training_loss(self):
        return self.loss

    def outputs(self, raw):
        return raw


def predictions_error(dtype):
    """The error for predictions that are not finite."""
    advice = "scale them, or make X float64" if dtype == np.float32 else "scale them"
    return ValueError(f"X holds values too large for predictions in {dtype}: {advice}.")
