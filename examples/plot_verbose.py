"""
How far is the fit, and is it worth waiting?
============================================

With ``verbose=1`` a fit prints a table while it trains: at most about 30 lines, however long it takes, with the loss,
the score on the held-out rows, the best epoch so far and the seconds that are left. The last line says what came out.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skann import ANNClassifier

X, y = load_digits(n_class=6, return_X_y=True)
X, y = X[:600], y[:600]

# %%
# The table
# ---------
#
# A star marks an epoch that is the best so far. The seconds left are for all networks, if none ends early. With
# ``n_jobs`` the networks are trained in several processes, and this one prints for all of them. ``verbose=2`` prints
# each epoch.

params = {"hidden_layer_sizes": (16,), "n_estimators": 4, "max_iter": 40, "weight_averaging": None}
model = ANNClassifier(**params, scoring="accuracy", verbose=1, random_state=0).fit(X, y)

# %%
# Progress bars
# -------------
#
# scikit-learn 1.9 has bars, for terminals and notebooks. They need rich (``pip install skann[progress]``) and are a
# callback::
#
#     from sklearn.callback import ProgressBar
#
#     ANNClassifier().set_callbacks(ProgressBar()).fit(X, y)
#
# What the table has shown
# ------------------------
#
# The history of each network holds all epochs, with their seconds. Each network begins where the one before it ended.

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
start = 0.0
for i, network in enumerate(model.estimators_, 1):
    seconds, scores = np.array(network.history_["seconds"]), network.validation_scores_
    best = int(np.argmax(scores))
    (line,) = ax.plot(start + seconds, scores, color=f"C{i - 1}")
    ax.plot(start + seconds[best], scores[best], "*", color=line.get_color(), markersize=12)
    ax.text(start + seconds[best], 1.006, f"{i}/4", ha="center")
    start += seconds[-1]
ax.axhline(model.oof_score_, color="0.4", linestyle="--")
ax.text(0, model.oof_score_ + 0.001, "out-of-fold accuracy", color="0.4")
ax.set(
    xlabel="seconds of training", ylabel="accuracy on held-out rows",
    title="Four networks, one after the other, and their best epochs", ylim=(0.9, 1.015),
)  # fmt: skip

plt.show()
