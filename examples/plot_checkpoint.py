"""
What if the training is killed?
===============================

A long training may end before its time: the machine goes down, the job has used up its hours. With
:class:`skann.callbacks.Checkpoint` the same script, run again, goes on from the last file, and the model is the one
that an undisturbed training gives, to the bit. It needs scikit-learn 1.9.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer

from skann import ANNClassifier
from skann.callbacks import Checkpoint

X, y = load_breast_cancer(return_X_y=True)
path = Path(tempfile.mkdtemp()) / "cancer.npz"
network = ANNClassifier((32,), n_estimators=3, max_iter=30, random_state=0)

# %%
# A crash
# -------
#
# This callback stands for it: it ends the fit in the middle of the second network.


class Crash:
    """Raises an error after 40 epochs."""

    n_epochs = 0

    def setup(self, estimator, context):
        pass

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context):
        self.n_epochs += context.task_name == "epoch"
        if self.n_epochs == 40:
            raise MemoryError("the machine goes down")


checkpoint = Checkpoint(path, every=5)
try:
    network.set_callbacks(checkpoint, Crash()).fit(X, y)
except MemoryError as error:
    print(f"{error}; epochs in the file: {checkpoint.epochs()}")
before = checkpoint.epochs()

# %%
# The next run
# ------------
#
# It finds the file, sees that it belongs to the same parameters and data, and does what is left.

network.set_callbacks(checkpoint).fit(X, y)
after = checkpoint.epochs()
undisturbed = ANNClassifier((32,), n_estimators=3, max_iter=30, random_state=0).fit(X, y)
print(f"epochs in the file: {after}")
print(f"the same to the bit: {np.array_equal(network.predict_proba(X), undisturbed.predict_proba(X))}")

# %%
# Other parameters are another model, whose training can't go on from this file.

other = ANNClassifier((32,), n_estimators=3, max_iter=30, alpha=0.1, random_state=0).set_callbacks(checkpoint)
try:
    other.fit(X, y)
except ValueError as error:
    print(error)

# %%
# The network that was in training: where the file ends, the second run goes on, on the curve of the undisturbed one.

broken = len(before) - 1
whole = undisturbed.estimators_[broken].history_["loss"]
resumed = network.estimators_[broken].history_["loss"]
n = before[broken]
assert resumed == whole

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.plot(range(1, len(whole) + 1), whole, color="0.8", linewidth=7, label="undisturbed")
ax.plot(range(1, n + 1), resumed[:n], "C0", label="in the file after the crash")
ax.plot(range(n, len(resumed) + 1), resumed[n - 1 :], "C1--", label="second run")
ax.axvline(n, color="0.5", linestyle=":")
ax.set(xlabel="epoch", ylabel="training loss", title=f"Network {broken + 1} goes on as if nothing had happened")
figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize="small")

plt.show()
