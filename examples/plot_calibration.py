"""
Does 80 % mean 80 %?
====================

A classifier is calibrated if, of all rows to which it gives a probability of 80 %, 80 % are of the class. A network
that is trained until its loss no longer falls is too sure of itself. The default averages networks that stop at their
best epoch, and divides their raw outputs by a temperature that suits the rows that each held out.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from skann import ANNClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # the plain network has 400 epochs

X, y = make_classification(5000, 30, n_informative=6, flip_y=0.1, class_sep=0.7, random_state=1)
X_train, X_test, y_train, y_test = X[:1000], X[1000:], y[:1000], y[1000:]

# %%
# The plain network is that of scikit-learn's MLP; the default one has eight networks, one is enough to see the
# temperature at work.

models = {
    "Plain network": ANNClassifier(encoder=None, max_iter=400, random_state=0),
    "One network, no temperature": ANNClassifier(n_estimators=1, calibration=None, random_state=0),
    "One network": ANNClassifier(n_estimators=1, random_state=0),
    "Default": ANNClassifier(random_state=0),
}
probability = {name: model.fit(X_train, y_train).predict_proba(X_test)[:, 1] for name, model in models.items()}

# %%
# The calibration error is the mean distance of probabilities and shares, in ten groups of rows of neighbouring
# probabilities; the log-loss pays for it, too. The default errs to the other side, a little: the mean of networks
# that have each been calibrated is modest. Its log-loss is the lowest.

curves, errors, losses = {}, {}, {}
for name, p in probability.items():
    curves[name] = shares, means = calibration_curve(y_test, p, n_bins=10, strategy="quantile")
    errors[name] = np.mean(np.abs(shares - means))
    losses[name] = log_loss(y_test, p)
    print(f"{name:28} calibration error {errors[name]:.3f}, log-loss {losses[name]:.3f}")
assert errors["Default"] < 0.5 * errors["Plain network"]
assert list(losses) == sorted(losses, key=losses.get, reverse=True)

# %%
figure, axes = plt.subplots(2, 2, figsize=(8, 5), sharex=True, sharey="row", height_ratios=[3, 1], layout="constrained")
for (above, below), name in zip(axes.T, ("Plain network", "Default"), strict=True):
    shares, means = curves[name]
    above.plot([0, 1], [0, 1], color="0.7", linewidth=4, label="as it should be")
    above.plot(means, shares, "o-", label="a tenth of the test rows")
    above.vlines(means, shares, means, color="C1", label="distance")
    above.set_title(f"{name}, error {errors[name]:.3f}")
    below.hist(probability[name], bins=20, color="C0")
    below.set_xlabel("predicted probability of class 1")
axes[0, 0].set_ylabel("share of class 1")
axes[1, 0].set_ylabel("rows")
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)

plt.show()
