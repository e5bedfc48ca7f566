"""What a fit does with the networks once all is prepared: trains them, and learns from what came out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.additive import mean_parts
from .evaluate import evaluate_held_out
from .importance import learn_importances
from .out_of_fold import Judge
from .outcome import warnings_about
from .progress import ProgressTable


@dataclass(frozen=True)
class Start:
    """All that a training needs.

    Attributes
    ----------
    settings : Settings
    encoder : transformer or None
        Fitted.
    networks : Networks
        Their members are where the training starts.
    data : list of TrainingData
        One for each member.
    messages : list of str
        What to warn of.
    deadline : float or None
        The time of `time.perf_counter` at which ``max_time``, from the end of the encoding on, has passed.
    judge : Judge or None
        What scores the held-out rows; None means by the best score that was watched.
    progress : ProgressTable or None
        What ``verbose`` prints.
    sources : ndarray of int or None
        The column of X that each encoded column comes from, see `column_sources`; None in `partial_fit`, too.
    all_rows : Rows or None
        Those that the effects of single columns are centred on; None where there are interactions.
    """

    settings: Any
    encoder: Any
    networks: Any
    data: list
    messages: list
    deadline: float | None = None
    judge: Judge | None = None
    progress: ProgressTable | None = None
    sources: np.ndarray | None = None
    all_rows: Any = None

    def train(self, *, is_warm, tasks=None, **options):
        """Train the networks: see `Networks.train`."""
        options |= {"is_warm": is_warm, "deadline": self.deadline, "tasks": tasks, "progress": self.progress}
        if self.progress is None:
            return self.networks.train(self.settings, self.data, **options)
        self.progress.begin(self.deadline)
        try:
            return self.networks.train(self.settings, self.data, **options)
        finally:
            self.progress.close()

    def warnings(self, trained):
        """What to warn of after the training: a list of messages with their categories."""
        members = self.networks.members[: len(trained)]
        settings = [self.networks.settings_of(member.number, self.settings) for member in members]
        return warnings_about(settings, trained, len(self.data))

    def evaluate_held_out(self, target):
        """Learn from the watched rows, after the training, what they can tell of the model."""
        evaluate_held_out(self.networks, self.data, self.settings, target, self.deadline, self.judge)
        if self.data[0].rows.in_memory() is not self.data[0].rows:
            self.networks.out_of_fold = None  # it would be of the few rows that are in memory
        if self.progress is not None:
            self.progress.end(self.networks, self.judge)

    def learn_effects(self):
        """Learn what the single columns of an additive model add on average, after the training."""
        if self.all_rows is not None and self.networks.effect_columns:
            for member in self.networks.members:
                member.mean_effects = mean_parts(member.network, self.all_rows, len(self.networks.effect_columns))

    def learn_importances(self, target, n_columns, trained):
        """Learn what the columns of X mean to the model, after all else; Ctrl-C ends it, and the model is kept."""
        try:
            learn_importances(self.networks, self.data, target, self.sources, n_columns, self.deadline)
        except KeyboardInterrupt:
            trained[-1].run.interrupted = True
