"""
What does the encoder do to a skewed column?
============================================

Incomes, areas and counts have a long tail. Scaled by mean and standard deviation, as usual, most rows lie close
together and a few far out. :class:`skann.encoding.TabularEncoder`, which the estimators have inside, takes the median
and the distance of the quartiles, which a tail does not move, and bends what lies far out, smoothly, so that nothing
is beyond 3.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.preprocessing import StandardScaler

from skann import ANNRegressor
from skann.encoding import TabularEncoder

rng = np.random.default_rng(0)
income = rng.lognormal(0, 1.2, (2200, 1))
y = np.sin(1.7 * np.log(income[:, 0])) + rng.normal(scale=0.2, size=2200)

# %%
# Where the rows come to lie: how much of the range from the lowest value to the highest one do the middle 90 % take?

encoders = {"Mean and standard deviation": StandardScaler(), "TabularEncoder": TabularEncoder()}
columns = {name: encoder.fit_transform(income)[:, 0] for name, encoder in encoders.items()}
for name, column in columns.items():
    low, high = np.quantile(column, [0.05, 0.95])
    share = (high - low) / np.ptp(column)
    print(f"{name:28} from {column.min():5.2f} to {column.max():5.2f}, the middle 90 % take {share:.0%} of it")
assert np.abs(columns["TabularEncoder"]).max() < 3

# %%
# The same plain network learns from 200 rows of either column.

params = {"encoder": None, "early_stopping": True, "learning_rate_init": 0.005, "max_iter": 300, "random_state": 0}
networks, scores = {}, {}
for name, column in columns.items():
    networks[name] = ANNRegressor((64, 64), **params).fit(column[:200, None], y[:200])
    scores[name] = networks[name].score(column[200:, None], y[200:])
    print(f"{name:28} R2 on new rows {scores[name]:.2f}")
assert scores["TabularEncoder"] > scores["Mean and standard deviation"]

# %%
# One far value more
# ------------------
#
# A slip of the keyboard, three zeros too many: the standard deviation grows with it, so that all others move together.

slip = np.vstack([income, 1e9])
moved = {name: encoder.fit_transform(slip)[:-1, 0] for name, encoder in encoders.items()}
for name in encoders:
    print(f"{name:28} spread of the others is {np.std(moved[name]) / np.std(columns[name]):.2f} of what it was")
assert np.std(moved["TabularEncoder"]) > 0.99 * np.std(columns["TabularEncoder"])

# %%
figure, axes = plt.subplots(
    2, 2, figsize=(9, 5), sharex="col", sharey="row", layout="constrained", height_ratios=[3, 2]
)
for (above, below), (name, column) in zip(axes.T, columns.items(), strict=True):
    above.plot(column, y, ".", markersize=2, color="0.6", label="rows")
    grid = np.linspace(column.min(), column.max(), 1000)
    above.plot(
        grid, networks[name].predict(grid[:, None]), color="C1", label="what the network has learnt from 200 of them"
    )
    above.set_title(f"{name}, R2 {scores[name]:.2f}")
    below.hist(column, bins=40, color="C0", label="rows in each part of the range")
    below.set_xlabel("encoded income")
axes[0, 0].set_ylabel("y")
axes[1, 0].set_ylabel("rows")

figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)

plt.show()
