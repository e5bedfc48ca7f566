"""
When should the training end?
=============================

A network fits the coarse shape first and the noise last. With ``early_stopping=True`` a part of the rows is held out;
the training ends when their loss has not been lower for ``n_iter_no_change`` epochs, and the weights of the best epoch
are kept. To see it, here the training goes on, and one looks at the curve at three moments.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skann import ANNRegressor

warnings.simplefilter("ignore", ConvergenceWarning)  # to end early is what is wanted here

rng = np.random.default_rng(0)
X = rng.uniform(-6, 6, (70, 1))
y = np.sin(X[:, 0]) + rng.normal(scale=0.5, size=70)
X, y, X_val, y_val = X[:30], y[:30], X[30:], y[30:]
X_new = rng.uniform(-6, 6, (1000, 1))
y_new = np.sin(X_new[:, 0])

params = {"hidden_layer_sizes": (100, 100), "activation": "mish", "encoder": None, "random_state": 0}
params |= {"learning_rate_init": 0.01, "tol": 0}
EPOCHS = 1500

# %%
# One training that goes on to the last epoch, and one that early stopping ends. Both see the same rows in the same
# order.

long = ANNRegressor(**params, early_stopping=True, n_iter_no_change=EPOCHS, max_iter=EPOCHS)
long.fit(X, y, X_val=X_val, y_val=y_val)
stopped = ANNRegressor(**params, early_stopping=True, n_iter_no_change=200, max_iter=EPOCHS)
stopped.fit(X, y, X_val=X_val, y_val=y_val)
best = 1 + np.argmin(stopped.history_["validation_loss"])
print(f"stopped after {stopped.n_iter_} epochs; the best one, whose weights are kept, is epoch {best}")

# %%
# Too early, the best epoch, too late: how far is each from the curve without noise?

MOMENTS = {"too early": 10, "best epoch": best, "too late": EPOCHS}
networks = {name: ANNRegressor(**params, max_iter=n, n_iter_no_change=EPOCHS).fit(X, y) for name, n in MOMENTS.items()}
error = {name: np.sqrt(np.mean((network.predict(X_new) - y_new) ** 2)) for name, network in networks.items()}
for name in networks:
    print(f"{name:10} epoch {MOMENTS[name]:4}: RMSE to the curve {error[name]:.2f}")
assert min(error, key=error.get) == "best epoch"
np.testing.assert_allclose(networks["best epoch"].predict(X_new), stopped.predict(X_new), rtol=1e-4, atol=1e-4)

# %%
grid = np.linspace(-6, 6, 400)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
epochs = range(1, EPOCHS + 1)
left.plot(epochs, long.history_["loss"], color="0.5", label="training loss")
left.plot(epochs, long.history_["validation_loss"], color="k", linestyle="--", label="validation loss")
left.set(xlabel="epoch", ylabel="loss", title="The loss on held-out rows turns", xscale="log", yscale="log")
right.plot(X, y, ".", color="0.5", label="training rows")
right.plot(grid, np.sin(grid), color="0.7", linewidth=5, label="without noise")
for color, (style, (name, network)) in enumerate(zip((":", "-", "--"), networks.items(), strict=True)):
    left.axvline(MOMENTS[name], color=f"C{color}", linestyle=style)
    right.plot(grid, network.predict(grid[:, None]), style, color=f"C{color}", label=f"{name}, RMSE {error[name]:.2f}")
right.set(xlabel="x", ylabel="y", title="The network at three moments", ylim=(-2.5, 2.5))
figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize="small")

plt.show()
