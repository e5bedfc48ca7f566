"""
What does the first layer look for?
===================================

Each unit of the first layer weighs all pixels of an image: its weights are an image, too. Where a weight is positive,
ink makes the unit respond, where it is negative, ink silences it. With a strong penalty ``alpha`` neighbouring pixels
have more similar weights, and pixels that say nothing have none.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skann import ANNClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # without a penalty weights may grow for ever

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)

# %%
# Twelve units between 64 pixels and ten digits. How rough an image is: the differences of neighbouring pixels, compared
# with the pixels.

params = {"activation": "tanh", "encoder": None, "solver": "lbfgs", "tol": 1e-6, "max_iter": 500, "random_state": 0}
networks = {alpha: ANNClassifier((12,), alpha=alpha, **params).fit(X_train, y_train) for alpha in (0.001, 30)}
roughness, accuracy = {}, {}
for alpha, network in networks.items():
    images = network.coefs_[0].T.reshape(12, 8, 8)
    steps = np.concatenate([np.diff(images, axis=axis).ravel() for axis in (1, 2)])
    roughness[alpha], accuracy[alpha] = np.std(steps) / np.std(images), network.score(X_test, y_test)
    print(f"alpha {alpha:6}: accuracy on test rows {accuracy[alpha]:.3f}, roughness {roughness[alpha]:.2f}")
assert roughness[30] < roughness[0.001]

# %%
# The units of both networks, each on a scale of its own: yellow where ink speaks for the unit, blue where it speaks
# against it. Above each is the digit for which the unit has the largest weight in the next layer.

figure = plt.figure(figsize=(6.5, 5), layout="constrained")
for part, (alpha, network) in zip(figure.subfigures(2, 1), networks.items(), strict=True):
    part.suptitle(f"alpha={alpha}, accuracy {accuracy[alpha]:.3f}")
    for ax, weights, after in zip(part.subplots(2, 6).flat, network.coefs_[0].T, network.coefs_[1], strict=True):
        size = np.abs(weights).max()
        ax.imshow(weights.reshape(8, 8), cmap="cividis", vmin=-size, vmax=size)
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"For {after.argmax()}", fontsize="small")

plt.show()
