"""
Can I search over activations and schedules of my own?
======================================================

An activation is an object with ``forward`` and ``backward``, whose contract stands at the top of
``skann.engine.activations``; a schedule is anything that takes the number of steps and returns a learning rate. They go
where the names go, in a grid search, too. Here the target is a wave, and networks of sines go on with it where there
are no rows to learn from.
"""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, KFold

from skann import ANNRegressor

# %%
# Both need to be pickled for searches in processes: so they are classes of a module, with no lambda in them.


class Snake:
    """f(z) = z + sin(z)^2;  f'(z) = 1 + sin(2 z)."""

    two_buffers = True  # the derivative is a function of z, not of f(z)

    def forward(self, z, a):
        np.square(np.sin(z), out=a)
        a += z

    def backward(self, z, a, delta):
        delta *= 1 + np.sin(2 * z)

    def __repr__(self):
        return "Snake()"


@dataclass(frozen=True)
class WarmUp:
    """Rate that rises for ``n_steps`` steps and stays."""

    rate: float
    n_steps: int

    def __call__(self, t):
        return self.rate * min(1.0, (t + 1) / self.n_steps)


# %%
rng = np.random.default_rng(0)
x = rng.uniform(-8, 8, (300, 1))
y = np.sin(2 * x).ravel() + 0.3 * x.ravel() + 0.1 * rng.normal(size=300)
network = ANNRegressor((32, 32), encoder=None, learning_rate_init=0.01, random_state=0)
network.set_params(max_iter=1000, tol=0.002, n_iter_no_change=50)
grid = {"activation": ["relu", "tanh", Snake()], "learning_rate": ["constant", WarmUp(0.01, n_steps=50)]}
search = GridSearchCV(network, grid, cv=KFold(3, shuffle=True, random_state=0), scoring="r2").fit(x, y)
for parameters, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
    print(parameters, f"R2 {score:.2f}")
print("best:", search.best_params_)
assert isinstance(search.best_params_["activation"], Snake)

# %%
figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
grid_x = np.linspace(-8, 8, 600)[:, None]
ax.plot(x, y, "k.", markersize=3, alpha=0.3, label="data")
for activation in grid["activation"]:
    model = search.best_estimator_.set_params(activation=activation).fit(x, y)
    ax.plot(grid_x, model.predict(grid_x), label=str(activation), linewidth=1)
ax.set(xlabel="x", ylabel="y")
ax.legend(ncols=2)

plt.show()
