"""
What does the activation do to the boundary?
============================================

Between two classes a network draws a line, made of what its hidden units contribute. With few units one sees the shape
of the activation in it: ReLU gives corners, the smooth ones give curves, and without an activation all layers together
are one straight line.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay

from skann import ANNClassifier

X, y = make_moons(200, noise=0.15, random_state=0)
X_new, y_new = make_moons(2000, noise=0.15, random_state=1)

# %%
# Six activations, one hidden layer of eight units each, trained to the end by L-BFGS.

params = {"encoder": None, "solver": "lbfgs", "alpha": 0.1, "max_iter": 1000, "random_state": 1}
ACTIVATIONS = ["identity", "relu", "tanh", "logistic", "elu", "mish"]
networks = {name: ANNClassifier((8,), activation=name, **params).fit(X, y) for name in ACTIVATIONS}
accuracy = {name: network.score(X_new, y_new) for name, network in networks.items()}
assert min(accuracy, key=accuracy.get) == "identity"

# %%
# Without an activation the raw output is linear in the inputs: equal steps in the plane change it by equal amounts.

line = np.linspace([-2, -1], [3, 2], 200)
for name, network in networks.items():
    bend = np.diff(network.decision_function(line), 2)
    print(
        f"{name:8}  accuracy {accuracy[name]:.3f}   bends at {np.mean(np.abs(bend) > 1e-5):.0%} of the steps of a line"
    )

# %%
TITLES = {"identity": "Identity", "relu": "ReLU", "tanh": "Tanh", "logistic": "Logistic", "elu": "ELU", "mish": "Mish"}
figure, axes = plt.subplots(2, 3, figsize=(8, 5), sharex=True, sharey=True, layout="constrained")
for ax, (name, network) in zip(axes.flat, networks.items(), strict=True):
    shown = {"response_method": "predict_proba", "grid_resolution": 150, "ax": ax}
    DecisionBoundaryDisplay.from_estimator(network, X, levels=10, cmap="Blues", alpha=0.7, vmin=0, vmax=1, **shown)
    DecisionBoundaryDisplay.from_estimator(network, X, plot_method="contour", levels=[0.5], colors="k", **shown)
    for value, marker in enumerate("o^"):
        ax.plot(*X[y == value].T, marker, color="k", mfc="w", markersize=3)
    ax.set(title=f"{TITLES[name]}, accuracy {accuracy[name]:.2f}", xlabel="$x_1$", ylabel="$x_2$")
    ax.label_outer()

plt.show()
