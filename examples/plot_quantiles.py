"""
How sure is a prediction?
=========================

A regressor that predicts the mean says nothing of the spread around it. With ``loss="quantile"`` and a list of levels,
one model predicts several quantiles at once. They never cross, and two of them are the ends of an interval: between the
5 % and the 95 % quantile should lie 90 % of the targets, where the spread is small as well as where it is large.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

from skann import ANNRegressor


def spread(x):
    return 0.15 + 0.06 * x


rng = np.random.default_rng(0)
X = rng.uniform(0, 10, (6000, 1))
y = np.sin(X[:, 0]) + rng.normal(scale=spread(X[:, 0]))
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# Three quantiles, one column each, in the order of the list.

levels = [0.05, 0.5, 0.95]
regressor = ANNRegressor((64, 64), loss="quantile", quantile=levels, n_estimators=4, random_state=0)
low, median, high = regressor.fit(X_train, y_train).predict(X_test).T
assert (low <= median).all()
assert (median <= high).all()

# %%
# Coverage on rows that the model has not seen, on the left and on the right.

inside = (low <= y_test) & (y_test <= high)
left = X_test[:, 0] < 5
print(f"covered: {inside.mean():.0%}, left {inside[left].mean():.0%}, right {inside[~left].mean():.0%}")
print(f"mean width: left {(high - low)[left].mean():.2f}, right {(high - low)[~left].mean():.2f}")
assert abs(inside.mean() - 0.9) < 0.03

# %%
# Here the data are made, so that the true quantiles are known: dashed. A single width for all would be wrong.

grid = np.linspace(0, 10, 200)
low, median, high = regressor.predict(grid[:, None]).T
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.plot(X_test, y_test, ".", markersize=3, color="0.7", label="test rows")
ax.fill_between(grid, low, high, alpha=0.4, color="C0", linewidth=0, label="5 % to 95 %, predicted")
ax.plot(grid, median, color="C0", label="median, predicted")
for sign, label in ((-1.645, "5 % and 95 %, true"), (1.645, None)):
    ax.plot(grid, np.sin(grid) + sign * spread(grid), "k--", linewidth=1, label=label)
ax.set(xlabel="x", ylabel="y", title="The interval is as wide as the spread")
figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize="small")

plt.show()
