"""
Does the interval hold what it promises?
========================================

``predict_interval`` gives an interval for each row that holds the target of 90 % of new rows, or of as many as you ask
for, whatever the network has learnt: it has seen how far off each network was on the rows that it held out. Around a
mean the intervals are as wide everywhere. With quantiles as loss they follow the spread, and are as often right.
"""

import matplotlib.pyplot as plt
import numpy as np

from skann import ANNRegressor

rng = np.random.default_rng(0)
X = rng.uniform(0, 10, (3000, 1))
y = np.sin(X[:, 0]) + rng.normal(scale=0.05 + 0.06 * X[:, 0])
X_train, X_test, y_train, y_test = X[:1500], X[1500:], y[:1500], y[1500:]

# %%
# Five networks hold out a fifth of the rows each: enough for intervals by cross-validation.

params = {"hidden_layer_sizes": (64, 64), "n_estimators": 5, "max_iter": 64, "random_state": 0}
models = {
    "Squared error": ANNRegressor(**params),
    "Quantiles .05 and .95": ANNRegressor(**params, loss="quantile", quantile=[0.05, 0.95]),
}

# %%
# Coverage on rows that no network has seen, in each tenth of the range of x.

bins = np.floor(X_test[:, 0]).astype(int)
covered = {}
for name, model in models.items():
    low, high = model.fit(X_train, y_train).predict_interval(X_test, coverage=0.9).T
    inside = (low <= y_test) & (y_test <= high)
    covered[name] = np.bincount(bins, inside) / np.bincount(bins)
    print(f"{name}: {inside.mean():.1%} covered, mean width {np.mean(high - low):.2f}")
    assert 0.87 < inside.mean() < 0.95

# %%
# Above, the intervals; below, the share of test rows that they cover.

grid = np.linspace(0, 10, 300)[:, None]
figure, axes = plt.subplots(2, 2, figsize=(8, 5), layout="constrained", sharex=True, sharey="row", height_ratios=[2, 1])
for (above, below), (name, model) in zip(axes.T, models.items(), strict=True):
    low, high = model.predict_interval(grid).T
    above.scatter(X_test, y_test, s=3, color="0.6", label="new rows")
    above.fill_between(grid[:, 0], low, high, alpha=0.35, color="C0", label="interval, coverage 0.9")
    above.set_title(name)
    below.plot(np.arange(10) + 0.5, covered[name], "ko-", markersize=4, label="share covered in a tenth of the range")
    below.axhline(0.9, color="C0", linestyle="--", label="promised")
    below.set(xlabel="x", ylim=(0.6, 1.05))
axes[0, 0].set_ylabel("y")
axes[1, 0].set_ylabel("share covered")
lines = [line for ax in axes[:, 0] for line in ax.get_legend_handles_labels()[0]]
figure.legend(handles=lines, loc="outside lower center", ncols=4, frameon=False, fontsize="small")

plt.show()
