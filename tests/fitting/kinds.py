"""Two kinds of ensembles that the package does not have: each is one class here, and no edit elsewhere."""

import numpy as np

from skann import ANNClassifier, ANNRegressor
from skann.fitting import build
from skann.fitting.networks import Networks


class MeanOfHeads:
    """The mean of the losses of several heads, each of which has a stretch of the raw outputs of one network."""

    def __init__(self, loss, n_heads):
        self.loss, self.n_heads = loss, n_heads

    def value_and_delta(self, raw, y, weight, delta):
        total = 0.0
        for of_head, its_delta in zip(np.hsplit(raw, self.n_heads), np.hsplit(delta, self.n_heads), strict=True):
            own = np.empty(of_head.shape, delta.dtype)  # a loss may rely on an array without gaps
            total += self.loss.value_and_delta(np.ascontiguousarray(of_head), y, weight, own)
            np.divide(own, self.n_heads, out=its_delta)
        return total / self.n_heads

    def predict(self, raw):
        return sum(map(self.loss.predict, np.hsplit(raw, self.n_heads))) / self.n_heads

    def constant(self, y, weight):
        return np.tile(self.loss.constant(y, weight), self.n_heads)


class SharedTrunk(Networks):
    """One network with ``n_estimators`` heads on the same hidden layers, trained at once."""

    weights = None
    are_alike = True
    keeps_out_of_fold = True  # of the rows that the one training held out

    @staticmethod
    def n_trainings(settings):
        return 1

    @staticmethod
    def n_folds(settings):
        return 1

    @staticmethod
    def fold_of(number, settings):
        return 0

    def settings_of(self, number, settings):
        return settings

    def new_network(self, settings, inputs, rows, constant, rng):
        return build.network(settings, inputs, rows, np.tile(constant, settings.n_estimators), rng)

    def train_members(self, trainings, settings, deadline, tasks, train):
        return train(trainings, settings.n_jobs, deadline, tasks), range(len(trainings))

    def weigh(self, raw, watched):
        pass

    def training_loss(self):
        return MeanOfHeads(self.loss, self.n_estimators)

    def outputs(self, raw):
        return np.hsplit(raw, self.n_estimators)

    @property
    def n_estimators(self):
        return self.members[0].network.layers[-1].n_out // self.n_outputs


OWN = [
    {"hidden_layer_sizes": (6,), "numeric_embedding": "periodic", "learning_rate_init": 0.01},
    {"hidden_layer_sizes": (9, 4), "numeric_embedding": "piecewise_linear"},
    {"hidden_layer_sizes": (5,), "numeric_embedding": None, "activation": "tanh"},
]


class Mixed(Networks):
    """Networks of other widths and embeddings, of which each counts more than the one before."""

    are_alike = False

    @staticmethod
    def n_trainings(settings):
        return settings.n_estimators

    @staticmethod
    def n_folds(settings):
        return settings.n_estimators

    @staticmethod
    def fold_of(number, settings):
        return number

    def settings_of(self, number, settings):
        return type(settings)(**vars(settings) | OWN[number % len(OWN)])

    def new_network(self, settings, inputs, rows, constant, rng):
        return build.network(settings, inputs, rows, constant, rng)

    def train_members(self, trainings, settings, deadline, tasks, train):
        return train(trainings, settings.n_jobs, deadline, tasks), range(len(trainings))

    def weigh(self, raw, watched):
        pass

    def training_loss(self):
        return self.loss

    def outputs(self, raw):
        return [raw]

    @property
    def weights(self):
        return [1.0 + i for i in range(len(self.members))]

    @property
    def n_estimators(self):
        return len(self.members)

    @property
    def keeps_out_of_fold(self):
        return self.is_ensemble


class TrunkClassifier(ANNClassifier):
    _kind_of_networks = SharedTrunk


class TrunkRegressor(ANNRegressor):
    _kind_of_networks = SharedTrunk


class MixedClassifier(ANNClassifier):
    _kind_of_networks = Mixed


class MixedRegressor(ANNRegressor):
    _kind_of_networks = Mixed
