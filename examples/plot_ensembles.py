"""
Why several networks?
=====================

Networks that begin at different weights and hold out different rows agree where there are data, and differ where there
are few or none. Their mean errs less than most of them, since what each has learnt of the noise is different. This is
what the default does; ``n_estimators=1`` is one network, in a fraction of the time.
"""

import matplotlib.pyplot as plt
import numpy as np

from skann import ANNRegressor

rng = np.random.default_rng(0)


def curve(x):
    return np.sin(2 * x) + 0.5 * x


X = np.concatenate([rng.uniform(-3, -0.5, 40), rng.uniform(0.8, 3, 40)])[:, None]
y = curve(X[:, 0]) + rng.normal(scale=0.4, size=80)
X_new = rng.choice(X[:, 0], 2000)[:, None] + rng.normal(scale=0.1, size=(2000, 1))
model = ANNRegressor(n_estimators=16, random_state=0).fit(X, y)

# %%
# Each of the networks is a model, too. How far is each from the curve, for new rows like those of the training, and how
# far is the mean of the first k of them?

of_each = np.array([network.predict(X_new) for network in model.estimators_])
np.testing.assert_allclose(of_each.mean(axis=0), model.predict(X_new), rtol=1e-4, atol=1e-4)


def rmse(predicted):
    return np.sqrt(np.mean((predicted - curve(X_new[:, 0])) ** 2, axis=-1))


single = rmse(of_each)
draws = np.array([rng.permutation(16) for _ in range(200)])
of_means = np.array([[rmse(of_each[draw[:k]].mean(axis=0)) for k in (1, 2, 4, 8, 16)] for draw in draws]).mean(axis=0)
n_worse = np.sum(single > of_means[-1])
print(f"one network {single.mean():.3f}, the mean of sixteen {of_means[-1]:.3f}, less than {n_worse} of them")
assert of_means[-1] < single.mean()
assert n_worse > 8

# %%
# Between -0.5 and 0.8 there is no row to learn from: there the networks go ways of their own.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained", width_ratios=[3, 2])
grid = np.linspace(-3.5, 3.5, 400)
for i, network in enumerate(model.estimators_):
    left.plot(
        grid, network.predict(grid[:, None]), color="C0", alpha=0.35, label="one of 16 networks" if i == 0 else None
    )
left.plot(grid, model.predict(grid[:, None]), "k", linewidth=2, label="their mean")
left.plot(grid, curve(grid), color="C1", linestyle="--", label="without noise")
left.plot(X, y, ".", color="0.5", label="training rows")
left.set(xlabel="x", ylabel="y", title="Where there are no rows, they differ")
right.plot(np.ones(16), single, "_", color="C0", markersize=14)
right.plot([1, 2, 4, 8, 16], of_means, "ko-")
right.set(xscale="log", xlabel="networks whose mean is taken", ylabel="RMSE to the curve", title="The mean errs less")
right.set_xticks([1, 2, 4, 8, 16], [1, 2, 4, 8, 16])
right.minorticks_off()
figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)

plt.show()
