"""
Can I train on a loss of my own?
================================

A loss is an object with three methods and the name of its output function; the contract stands at the top of
``skann.engine.losses``. Here it is a squared error that counts a prediction that is too low four times as much as one
that is too high, for stock that must not run out. What it predicts is an expectile.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from skann import ANNRegressor


class AsymmetricSquares:
    """w (raw - y)^2 / 2 with w = ``too_low`` where raw < y, else 1;  d/d raw = w (raw - y)."""

    out_activation = "identity"

    def __init__(self, too_low):
        self.too_low = too_low

    def value_and_delta(self, raw, y, weight, delta):
        residual = raw - y
        slope = np.where(residual < 0, self.too_low, 1.0) * residual
        by_row = np.ones(len(raw)) if weight is None else weight
        delta[...] = slope * by_row[:, None] / len(raw)
        return float(0.5 * by_row @ (slope * residual).sum(axis=1) / len(raw))

    def predict(self, raw):
        return raw

    def constant(self, y, weight):
        """Where the weighted residuals balance, found by repeating a weighted mean."""
        constant = np.average(y, axis=0, weights=weight)
        for _ in range(50):
            w = np.where(y > constant, self.too_low, 1.0) * (1 if weight is None else weight[:, None])
            constant = np.sum(w * y, axis=0) / np.sum(w, axis=0)
        return constant


# %%
# A loss object sees the targets as they are, so they are standardised here.

X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, (y - y.mean()) / y.std(), random_state=0)

factors = [1, 4, 16]
too_low = []
for factor in factors:
    regressor = ANNRegressor((32,), loss=AsymmetricSquares(factor), n_estimators=4, max_iter=32, random_state=0)
    too_low.append(np.mean(regressor.fit(X_train, y_train).predict(X_test) < y_test))
    print(f"too low {factor:2d} times as bad: {too_low[-1]:.0%} of the predictions are too low")
assert too_low == sorted(too_low, reverse=True)

# %%
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.bar([str(factor) for factor in factors], too_low)
ax.set(xlabel="a prediction too low counts so many times", ylabel="share of predictions too low")
ax.set_title("The dearer it is, the rarer a prediction is too low")

plt.show()
