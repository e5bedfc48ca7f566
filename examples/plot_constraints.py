"""
Can a prediction be held to rise with a column?
===============================================

The price of a flat rises with its size, everybody knows; sixty flats do not, so that a network learns dips from the
noise. ``monotonic_cst`` guarantees the direction, here 1 for the size, whatever the data say; the other column, how far
the centre is, may have any effect.
"""

import matplotlib.pyplot as plt
import numpy as np

from skann import ANNRegressor

rng = np.random.default_rng(0)
size, distance = rng.uniform(20, 150, 60), rng.uniform(0, 10, 60)
price = 60 * np.sqrt(size) - 30 * np.abs(distance - 3) + rng.normal(scale=60, size=60)
X = np.column_stack([size, distance])

# %%
# The same network without and with the constraint.

params = {"n_estimators": 4, "max_iter": 200, "random_state": 0}
models = {
    "Any effect": ANNRegressor(**params),
    "Never falls with the size": ANNRegressor(**params, monotonic_cst=[1, 0]),
}

# %%
# Its curves over the size, for three distances; the steps that go down are counted.

sizes = np.linspace(10, 170, 300)
figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained", sharey=True)
for ax, (name, model) in zip(axes, models.items(), strict=True):
    model.fit(X, price)
    ax.scatter(size, price, s=12, color="0.6")
    n_down = 0
    for i, far in enumerate([1, 5, 9]):
        curve = model.predict(np.column_stack([sizes, np.full(300, far)]))
        ax.plot(sizes, curve, color=f"C{i}", label=f"{far} km from the centre")
        n_down += int(np.sum(np.diff(curve) < 0))
    ax.set(title=name, xlabel="size in square metres")
    print(f"{name}: {n_down} of {3 * 299} steps go down")
assert n_down == 0
axes[0].set_ylabel("price in thousands")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)

plt.show()
