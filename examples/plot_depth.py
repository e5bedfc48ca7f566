"""
What does depth do?
===================

With one hidden layer of ReLU units each bend of the prediction runs as a straight line through the whole plane. The
next layer bends what is bent already, so that its own lines turn where they meet those of the first. Ripples around a
point ask for that. The networks here have nearly the same number of parameters, and the same training.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skann import ANNRegressor

warnings.simplefilter("ignore", ConvergenceWarning)  # a hundred epochs for each

rng = np.random.default_rng(0)
X, X_new = rng.uniform(-1.7, 1.7, (2, 2000, 2))


def ripples(X):
    return np.sin(5 * np.hypot(*X.T))


# %%
# Which predicts new rows best?

params = {"encoder": None, "learning_rate_init": 0.01, "learning_rate": "flat_cosine", "batch_size": 50}
params |= {"max_iter": 100, "tol": 0, "random_state": 0}
networks, score = {}, {}
for sizes in [(100,), (18, 18), (10, 10, 10, 10)]:
    network = networks[sizes] = ANNRegressor(sizes, **params).fit(X, ripples(X))
    score[sizes] = network.score(X_new, ripples(X_new))
    n_parameters = sum(part.size for part in network.coefs_ + network.intercepts_)
    print(f"{sizes!s:16} {n_parameters} parameters, R2 on new rows {score[sizes]:.3f}")
assert score[100,] < score[18, 18] < score[10, 10, 10, 10]

# %%
# The predictions, beside the target.

side = np.linspace(-1.7, 1.7, 120)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
shown = {"The target": ripples(plane)}
for sizes, network in networks.items():
    layers = "One layer" if len(sizes) == 1 else f"{len(sizes)} layers"
    shown[f"{layers} of {sizes[0]} units, R2 {score[sizes]:.2f}"] = network.predict(plane)
figure, axes = plt.subplots(2, 2, figsize=(6.4, 5), sharex=True, sharey=True, layout="constrained")
for ax, (title, values) in zip(axes.flat, shown.items(), strict=True):
    image = ax.pcolormesh(side, side, values.reshape(120, 120), vmin=-1.2, vmax=1.2, cmap="cividis", rasterized=True)
    ax.set(title=title, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    ax.label_outer()
figure.colorbar(image, ax=axes, label="y")

plt.show()
