"""The trained networks of a model: the one object between an estimator and the engine.

It makes the networks, trains them, and turns rows into their raw outputs and these into one prediction; a pickle, an
export to ONNX, a checkpoint and the copies that callbacks get see it and nothing behind it. `Networks` does what is the
same for all kinds of ensembles and leaves abstract what they differ in. To add a kind, write a class that says that,
and name it as the ``_kind_of_networks`` of an estimator.
"""

import copy
import itertools
import math
import time
from abc import ABC, abstractmethod

import numpy as np
from scipy.special import logsumexp

from .._threads import blas_threads
from ..engine.evaluation import prediction_workspace, raw_outputs
from ..engine.rows import ArrayRows
from .deadline import is_past
from .member import Member
from .parallel import train_all
from .shrinkage import unshrink
from .train import Training


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
        One for each training whose network is kept.
    is_ensemble : bool
        Whether several members were asked for, though Ctrl-C may have left one.
    temperature : float
        What raw outputs are divided by before the loss makes probabilities of them.
    shrinkage : Shrinkage or None
        What was done to the members' last layers after the training.
    out_of_fold : ndarray of shape (n_rows, ...) or None
        Predictions for the training rows by the networks that held them out: NaN where none did, None where nothing was
        held out. Not pickled.
    oof_score, oof_loss : float or None
        Score and loss of the rows that were held out.
    no_scores : str or None
        Why no member has scores of held-out rows, from which intervals and sets are made.
    averages_raw : bool
        Whether the raw outputs of the members are averaged, not their predictions: then the mean is a sum over groups
        of columns if each is.
    effect_columns : list of int or None
        The column of X that each group is; None if the groups are not single columns.
    """

    averages_raw = False
    effect_columns = None

    def __init__(self, loss, n_outputs=0):
        self.loss, self.n_outputs = loss, n_outputs
        self.members, self.is_ensemble = [], False
        self.temperature, self.shrinkage, self.out_of_fold, self.no_scores = 1.0, None, None, None
        self.oof_score = self.oof_loss = None

    @staticmethod
    @abstractmethod
    def n_trainings(settings):
        """How many trainings make the networks that ``settings`` asks for."""

    @staticmethod
    @abstractmethod
    def n_folds(settings):
        """How many disjoint sets of rows are held out, as far as there are so many."""

    @staticmethod
    @abstractmethod
    def fold_of(number, settings):
        """Which of these sets the training with this number holds out."""

    @abstractmethod
    def settings_of(self, number, settings):
        """The settings of a training, which may differ from those of the fit in what makes or trains a network."""

    @abstractmethod
    def new_network(self, settings, inputs, rows, constant, rng):
        """The network that a training starts from.

        Parameters
        ----------
        settings : Settings
            Of this training.
        inputs : Inputs
            What the columns of the encoded X are.
        rows : Rows
            To learn from.
        constant : ndarray of shape (n_outputs,)
            The raw outputs that a prediction starts with.
        rng : Generator
        """

    @abstractmethod
    def train_members(self, trainings, settings, deadline, tasks, train):
        """Train the members, or some of them.

        Parameters
        ----------
        trainings : list of Training
            One for each member.
        settings : Settings
        deadline : float or None
            See `train_all`.
        tasks : list of callables or None
            See `train_all`.
        train : callable(trainings, n_jobs, deadline, tasks) -> list of Trained
            `train_all`, or what does the same elsewhere.

        Returns
        -------
        trained : list of Trained
            At least one; after Ctrl-C, or when the time is over, not all that are wanted.
        wanted : sequence of int
            Positions of the members to keep, in their order: those trained, then those for which there was no time.
        """

    @abstractmethod
    def weigh(self, raw, watched):
        """Set the `weights` from the raw outputs of each member for the rows that it was watched by, a list of `Rows`.

        The temperature is set by then.
        """

    @abstractmethod
    def training_loss(self):
        """The loss that a training minimises, of the raw outputs of one network; its ``predict`` averages, too."""

    @abstractmethod
    def outputs(self, raw):
        """The raw outputs (n_rows, n_outputs) that a prediction is averaged over: a list, from those of one member."""

    @property
    @abstractmethod
    def weights(self):
        """How much each of the `outputs` of all members counts in a prediction, positive floats; None: all the same."""

    @property
    @abstractmethod
    def n_estimators(self):
        """The parameter ``n_estimators`` that asks for networks such as these."""

    @property
    @abstractmethod
    def are_alike(self):
        """Whether all members have layers of the same shapes, so that they can share their buffers."""

    @property
    @abstractmethod
    def keeps_out_of_fold(self):
        """Whether predictions for the held-out rows are kept, as `out_of_fold`."""

    # ------------------------------------------------------------------------------------------------ training

    def begin(self, settings, inputs, starts, deadline=None):
        """Make the members.

        Parameters
        ----------
        settings : Settings
        inputs : Inputs
            What the columns of the encoded X are.
        starts : list of (Rows, ndarray of shape (n_outputs,), TrainingState)
            For each training the rows to learn from, the raw outputs of about the best constant prediction, from which
            the network starts, and the state that goes on.
        deadline : float, default=None
            The time of `time.perf_counter` at which the training has ended: no more are made than take a third of the
            time until then, and one.
        """
        self.is_ensemble, self.n_outputs = len(starts) > 1, len(starts[0][1])
        if inputs.groups is not None:
            self.averages_raw = True
        with blas_threads(0), np.errstate(over="ignore", invalid="ignore"):  # the same start with any number of threads
            end = None if deadline is None else time.perf_counter() + (deadline - time.perf_counter()) / 3
            for number, (rows, constant, state) in enumerate(starts):
                if number and is_past(end):
                    break
                network = self.new_network(self.settings_of(number, settings), inputs, rows, constant, state.rng)
                self.members.append(Member(network, state, number, self.fold_of(number, settings)))

    def going_on(self, loss, states):
        """A copy to be trained on, with this loss and these states of its trainings."""
        other = copy.deepcopy(self)
        other.loss = loss
        for member, state in zip(other.members, states, strict=True):
            member.state = state
        unshrink(other)
        return other

    def train(self, settings, data, *, is_warm=False, deadline=None, tasks=None, progress=None, train=train_all):
        """Train the members.

        Parameters
        ----------
        settings : Settings
        data : list of TrainingData
            One for each member; those of members that are not wanted are taken out.
        is_warm : bool
            Whether the members have been trained before, so that their weights compete for the best.
        deadline : float, default=None
            The time of `time.perf_counter` at which the training has ended.
        tasks : list of callables, default=None
            See `fit_network`: one for each member.
        progress : ProgressTable, default=None
            Is told of the networks.
        train : callable, default=train_all
            See `train_members`.

        Returns
        -------
        trained : list of Trained
            Those of the members that are kept, in their order. After Ctrl-C, or when the time is over, those that have
            begun, at least one.
        """
        trainings = [self.training(i, settings, data, is_warm, progress) for i in range(len(self.members))]
        trained, wanted = self.train_members(trainings, settings, deadline, tasks and tasks[: len(trainings)], train)
        self.members, data[:] = [self.members[i] for i in wanted], [data[i] for i in wanted]
        for member, each in zip(self.members, trained, strict=False):
            member.take(each)
        if not is_warm:
            del self.members[len(trained) :]
        return trained

    def training(self, i, settings, data, is_warm=False, progress=None):
        """What `fit_network` needs for member i."""
        member = self.members[i]
        own = self.settings_of(member.number, settings)
        return Training(
            own, data[i], self.training_loss(), member.network, member.state, is_warm, len(data) == 1, i, progress
        )

    # ---------------------------------------------------------------------------------------------- prediction

    @property
    def n_raw(self):
        """Raw outputs of all members for one row."""
        return sum(member.network.layers[-1].n_out for member in self.members)

    def raw_outputs(self, X):
        """The `outputs` of all members, a list, in the dtype of X, which is encoded.

        They are computed in the dtype of the training, or in that of X where it is wider and needed.

        Raises
        ------
        ValueError
            If they are not finite.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            found = self._raw_of_members(X.astype(self.members[0].network.theta.dtype, copy=False))
            if not _are_finite(found):
                found = self._raw_of_members(X)
            found = [raw.astype(X.dtype, copy=False) for raw in found]
        if not _are_finite(found):
            raise predictions_error(X.dtype)
        return [each for raw in found for each in self.outputs(raw)]

    def by_member(self, raw):
        """A list for each member of those of these raw outputs that are its own."""
        raw = iter(raw)
        return [list(itertools.islice(raw, n)) for n in self._n_outputs_by_member()]

    def weights_of_members(self):
        """How much each member counts in a prediction."""
        weights = itertools.repeat(1.0) if self.weights is None else iter(self.weights)
        return [sum(itertools.islice(weights, n)) for n in self._n_outputs_by_member()]

    def _n_outputs_by_member(self):
        """How many `outputs` each member has."""
        return [len(self.outputs(np.empty((0, member.network.layers[-1].n_out)))) for member in self.members]

    def _raw_of_members(self, X):
        """Raw outputs of each member, in the wider of the dtypes of X and of the training."""
        rows, workspace, found = ArrayRows(X), None, []
        for member in self.members:
            if workspace is None or not self.are_alike:
                workspace = prediction_workspace(member.network, rows)
            raw = raw_outputs(member.network, rows, workspace)
            found.append(raw if len(self.members) == 1 else raw.copy())
        return found

    def calibrated(self, raw):
        """Raw outputs at the temperature."""
        return raw if self.temperature == 1 else [each / self.temperature for each in raw]

    def averaged(self, raw):
        """The mean of these raw outputs in place of them, where that is what is averaged."""
        return [sum(raw[1:], start=raw[0]) / len(raw)] if self.averages_raw and len(raw) > 1 else raw

    def predict(self, raw):
        """The weighted mean, over the list of raw outputs, of what the loss predicts."""
        predictions = [self.loss.predict(each) for each in self.averaged(self.calibrated(raw))]
        if len(predictions) == 1:
            return predictions[0]
        shares = self.normalized_weights()
        if shares is None:
            with np.errstate(over="ignore"):
                total = sum(predictions[1:], start=predictions[0])
            if np.isfinite(total).all():
                return total / len(predictions)
            shares = [1 / len(predictions)] * len(predictions)
        return sum(share * each for share, each in zip(shares, predictions, strict=True))

    def log_predict(self, raw):
        """The logarithm of `predict`, of probabilities without their rounding where they are small."""
        if not hasattr(self.loss, "log_predict"):
            return np.log(self.predict(raw))
        predictions = [self.loss.log_predict(each) for each in self.averaged(self.calibrated(raw))]
        if len(predictions) == 1:
            return predictions[0]
        shares = self.normalized_weights()
        if shares is None:
            return logsumexp(predictions, axis=0) - math.log(len(predictions))
        return logsumexp(predictions, axis=0, b=np.array(shares, predictions[0].dtype).reshape(-1, 1, 1))

    def normalized_weights(self):
        """The `weights` with sum 1, or None."""
        weights = self.weights
        return None if weights is None else [weight / sum(weights) for weight in weights]

    def own_params(self):
        """The parameters in which the one network differs from those of the fit: a dict, empty for an ensemble."""
        candidates = getattr(self, "candidates", [])
        return candidates[self.members[0].number % len(candidates)] if candidates and not self.is_ensemble else {}

    def only(self, member):
        """The same with this one member."""
        other = copy.copy(self)
        other.members, other.is_ensemble, other.out_of_fold = [member], False, None
        other.oof_score, other.oof_loss = member.oof_score, member.oof_loss
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


def _are_finite(arrays):
    return all(np.isfinite(array).all() for array in arrays)


def predictions_error(dtype):
    """The error for predictions that are not finite."""
    advice = "scale them, or make X float64" if dtype == np.float32 else "scale them"
    return ValueError(f"X holds values too large for predictions in {dtype}: {advice}.")
