"""
Can I stop now and go on later?
===============================

A training can be cut into pieces. ``max_time`` ends it after so many seconds, Ctrl-C after the step it is at, and both
keep the model; ``warm_start`` goes on from there, with the optimizer as it was, to the same weights as a training in
one go. ``partial_fit`` learns from rows as they come in, one epoch for each call.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skann import ANNClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # to end early is what is wanted here

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)

# %%
# Twenty epochs are ten and ten more
# ----------------------------------
#
# To the last bit, with a learning rate that does not plan for an end: constant, adaptive or invscaling.

in_one = ANNClassifier((64,), encoder=None, max_iter=20, random_state=0).fit(X_train, y_train)
in_two = ANNClassifier((64,), encoder=None, max_iter=10, warm_start=True, random_state=0)
in_two.fit(X_train, y_train).fit(X_train, y_train)
assert np.array_equal(in_one.coefs_[0], in_two.coefs_[0])
assert len(in_two.loss_curve_) == 20

# %%
# No more than 0.2 seconds
# ------------------------
#
# The model is that of the epochs there was time for. Called again it has as long again.

hurried = ANNClassifier((256, 256), encoder=None, max_iter=10_000, max_time=0.2, warm_start=True, random_state=0)
for _ in range(2):
    hurried.fit(X_train, y_train)
    print(f"{len(hurried.loss_curve_)} epochs so far: accuracy {hurried.score(X_test, y_test):.3f}")

# %%
# Rows as they come in
# --------------------
#
# The first call must name all classes, as not each of them may be there yet.

online = ANNClassifier((64,), encoder=None, random_state=0)
accuracy = []
for rows in np.array_split(np.arange(len(X_train)), 20):
    for _ in range(10):
        online.partial_fit(X_train[rows], y_train[rows], classes=range(10))
    accuracy.append(online.score(X_test, y_test))
assert accuracy[-1] > accuracy[0]

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.plot(np.linspace(0, len(X_train), 21)[1:], accuracy)
ax.set(xlabel="rows seen", ylabel="accuracy on test rows", title="What rows as they come in teach")

plt.show()
