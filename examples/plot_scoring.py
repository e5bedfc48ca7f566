"""
Which score should stop the training?
=====================================

``scoring`` says what early stopping watches on the held-out rows: the loss, the name of any scorer of scikit-learn,
or a function of your own. The weights of the epoch in which it was best are kept. Here few rows are of the class that
matters and a missed one is dear: the loss is best early, when the network is not yet sure of any of them.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

from skann import ANNClassifier, LossCurveDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # all epochs are wanted here, also those past the best

X, y = make_classification(8000, 20, n_informative=8, weights=[0.9], flip_y=0.05, class_sep=0.7, random_state=0)


# %%
# A scorer is a function of a fitted model and rows. This one counts what mistakes cost: 1 for a false alarm, 10 for a
# case that was missed. Greater is better, so it is minus the cost of a row.


def minus_cost(model, X, y):
    (_, false_alarms), (missed, _) = confusion_matrix(y, model.predict(X))
    return -(false_alarms + 10 * missed) / len(y)


# %%
# Two networks that differ in nothing but the epoch that they keep, on four splits of the rows. Scores that need only
# raw outputs, "loss", "accuracy" and "r2", cost next to nothing; for others a model predicts once for each epoch.

network = ANNClassifier((64, 64), encoder=None, early_stopping=True, validation_fraction=0.3, random_state=0)
network.set_params(learning_rate_init=0.003, max_iter=60, n_iter_no_change=60)
costs = {"loss": [], "minus cost": []}
for seed in range(4):
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=seed, train_size=3000)
    for name, scoring in {"loss": "loss", "minus cost": minus_cost}.items():
        network.set_params(scoring=scoring).fit(X_train, y_train)
        costs[name].append(-minus_cost(network, X_test, y_test))
for name, cost in costs.items():
    print(f"watching the {name}: cost of a test row {np.mean(cost):.3f}")
assert np.mean(costs["minus cost"]) < np.mean(costs["loss"])

# %%
# The picture shows the last network: where the loss on held-out rows is lowest, and where the cost is.

display = LossCurveDisplay.from_estimator(network, learning_rate=False, name="The lowest loss is not the lowest cost")
lowest = np.argmin(network.history_["validation_loss"]) + 1
for key in ("validation_loss", "validation_score"):
    display.axes_[key].axvline(lowest, color="0.5", linestyle=":")
display.ax_.annotate(
    "lowest validation loss", (lowest, 0.97), (5, 0), ("data", "axes fraction"), "offset points", va="top"
)

plt.show()
