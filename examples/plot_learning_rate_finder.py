"""
Which learning rate?
====================

Too low a learning rate learns slowly, too high a one not at all, and what is too high depends on the network, the data
and the solver. A short training in which the rate grows from step to step shows the whole range at once: the loss falls
where the rate is high enough to learn, and rises where it is too high (Smith 2017, https://arxiv.org/abs/1506.01186).

:class:`skann.LearningRateFinderDisplay` does this with a copy of the estimator. For a plain network it suggests the
rate at which the loss has fallen half way; for the recipe, the rate that "auto" stands for, unless the network does not
learn there. :func:`skann.find_learning_rate` does it without the picture.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier, LearningRateFinderDisplay, find_learning_rate

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# One sweep
# ---------
#
# The plain network, whose one learning rate stays constant. The sweep takes a hundred steps, which are eight epochs
# here, and leaves the pipeline as it is.

network = ANNClassifier((32,), encoder=None, max_iter=8, random_state=0)
model = make_pipeline(StandardScaler(), network)
figure, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
display = LearningRateFinderDisplay.from_estimator(model, X_train, y_train, ax=ax, name="The sweep")
print(f"suggestion: {display.suggestion_:.4f}")

# %%
# Does it help?
# -------------
#
# The same network trained for eight epochs at the suggested rate, and at rates below and above it.

rates = display.suggestion_ * np.array([1e-2, 1e-1, 1, 1e1, 1e2])
errors = []
for rate in rates:
    model.set_params(annclassifier__learning_rate_init=rate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # eight epochs are few
        errors.append(1 - model.fit(X_train, y_train).score(X_test, y_test))
    print(f"learning_rate_init={rate:.1e}: error {errors[-1]:.3f}")

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.plot(rates, errors, "o-")
ax.axvline(display.suggestion_, color="C1", linestyle="--", label="suggestion")
ax.set(xscale="log", xlabel="learning rate", ylabel="error on the test rows", title="After eight epochs at one rate")

# %%
# The recipe for tables has rates of its own for groups of parameters; what is swept is the number that multiplies them,
# as it does when it is given as ``learning_rate_init``.

sweep = find_learning_rate(ANNClassifier(random_state=0), X_train, y_train)
print(sweep)

plt.show()
