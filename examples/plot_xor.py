"""
Why a hidden layer?
===================

Two of four corners belong to one class, those that face each other. No straight line parts the classes, and a network
without a hidden layer draws nothing but straight lines. Two hidden units are enough: they move the corners to where a
line does part them.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import softmax

from skann import ANNClassifier

X = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
y = X[:, 0] * X[:, 1] < 0  # exclusive or

# %%
# ``hidden_layer_sizes=()`` is logistic regression. The best that it can do with these corners is to say 1/2 everywhere,
# of which ``fit`` warns.

params = {"activation": "tanh", "encoder": None, "solver": "lbfgs", "alpha": 0.01, "max_iter": 500, "random_state": 1}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    single = ANNClassifier((), **params).fit(X, y)
print(caught[0].message)
double = ANNClassifier((2,), **params).fit(X, y)
assert np.allclose(single.predict_proba(X), 0.5, atol=1e-4)
assert (double.predict(X) == y).all()

# %%
# With so few units the start matters: the training ends in the nearest valley of the loss, and some have no way out.

n_solved = {}
for n_units in (2, 4, 8):
    starts = [ANNClassifier((n_units,), **params | {"random_state": i}) for i in range(20)]
    n_solved[n_units] = sum(network.fit(X, y).score(X, y) == 1 for network in starts)
    print(f"{n_units} hidden units: {n_solved[n_units]} of 20 starts part the corners")
assert n_solved[2] < n_solved[4] <= n_solved[8]

# %%
# Left and middle, the plane of the inputs, darker where class 1 is more probable. Right, the plane of the two hidden
# units, where the corners have moved, and the line that the output layer draws there.

side = np.linspace(-1.6, 1.6, 101)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
hidden = double.hidden_activations(X)
of_hidden = softmax(plane @ double.coefs_[1] + double.intercepts_[1], axis=1)
panels = {
    "A single layer": (single.predict_proba(plane)[:, 1], X, ("$x_1$", "$x_2$")),
    "Two layers": (double.predict_proba(plane)[:, 1], X, ("$x_1$", "$x_2$")),
    "What the hidden layer makes of it": (of_hidden[:, 1], hidden, ("hidden unit 1", "hidden unit 2")),
}
figure, axes = plt.subplots(1, 3, figsize=(13, 4.6), layout="constrained")
for ax, (title, (probability, corners, (xlabel, ylabel))) in zip(axes, panels.items(), strict=True):
    image = ax.contourf(
        side, side, probability.reshape(101, 101), np.linspace(-0.05, 1.05, 12), cmap="Blues", alpha=0.7
    )
    for value, marker in ((False, "o"), (True, "s")):
        ax.plot(*corners[y == value].T, "k" + marker, markersize=11, label=f"class {int(value)}")
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel, aspect="equal")
figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1], label="probability of class 1")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)

plt.show()
