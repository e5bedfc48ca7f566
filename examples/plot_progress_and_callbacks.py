"""
What does the network do while it learns?
=========================================

scikit-learn's callbacks look on, epoch by epoch. :class:`sklearn.callback.ScoringMonitor` keeps any score of the model
so far, :class:`sklearn.callback.ProgressBar` shows how far a fit has come, and a callback of one's own can do as it
likes with the model so far, and end the training. They need scikit-learn 1.9; the progress bar needs rich.
"""

from importlib.util import find_spec

import matplotlib.pyplot as plt
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier
from skann.callbacks import EarlyStopping

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=0)

# %%
# A score after each epoch
# ------------------------
#
# The monitor is set on the network, and works inside of a pipeline. The progress bar is set on the outermost estimator
# and shows those inside, too.

monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
network = ANNClassifier((32,), encoder=None, learning_rate="flat_cosine", max_iter=30, random_state=0)
model = make_pipeline(StandardScaler(), network.set_callbacks(monitor))
if find_spec("rich"):
    model.set_callbacks(ProgressBar())
model.fit(X_train, y_train)
log = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]


# %%
# A callback of one's own
# -----------------------
#
# It has four methods. The one that asks for ``fitted_estimator`` gets a copy of the model as it is now, and ends the
# training by returning True.


class UntilGoodEnough:
    """Ends the training at an accuracy on the validation rows."""

    def setup(self, estimator, context):
        self.scores = []

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch":
            self.scores.append(fitted_estimator.score(X_val, y_val))
            return self.scores[-1] > 0.94

    def teardown(self, estimator, context):
        print(f"accuracy {self.scores[-1]:.3f} on the validation rows after {len(self.scores)} epochs")


network = ANNClassifier((32,), encoder=None, max_iter=100, random_state=0)
until = UntilGoodEnough()
network.set_callbacks(until).fit(X_train, y_train)

# %%
# `skann.callbacks` has some that are ready: this one stops where the score on rows of your own does not get better.

network.set_callbacks(EarlyStopping(X_val, y_val, "balanced_accuracy", patience=5)).fit(X_train, y_train)
print(f"EarlyStopping: {network.n_iter_} epochs")

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.plot([row["task_id"] + 1 for row in log], [row["accuracy"] for row in log], label="scaled, training rows")
ax.plot(range(1, len(until.scores) + 1), until.scores, "--", label="not scaled, validation rows")
ax.set(xlabel="epoch", ylabel="accuracy", title="What callbacks have seen")
figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize="small")

plt.show()
