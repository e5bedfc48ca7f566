"""Independent networks: the kind of ensemble in which each network is trained by itself."""

from . import build
from .networks import Networks


class IndependentNetworks(Networks):
    """Networks of the same layers, each trained on its own: one, or an ensemble with equal shares."""

    weights = None
    are_alike = True

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
        return settings

    def new_network(self, settings, inputs, rows, constant, rng):
        return build.network(settings, inputs, rows, constant, rng)

    def train_members(self, trainings, settings, deadline, tasks, train):
        return train(trainings, settings.n_jobs, deadline, tasks), range(len(trainings))

    def weigh(self, raw, watched):
        pass  # all count the same

    def training_loss(self):
        return self.loss

    def outputs(self, raw):
        return [raw]

    @property
    def n_estimators(self):
        return len(self.members)

    @property
    def keeps_out_of_fold(self):
        return self.is_ensemble
