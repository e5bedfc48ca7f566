"""
Can I search over activations and schedules of my own?
======================================================

An activation is an object with ``forward`` and ``backward``, whose contract stands at the top of
``skann.engine.activations``; a schedule is anything that takes the number of steps and returns a learning rate. They go
where the names go, in a grid search, too. Here the target is a wave, which a network of sines fits, and others with
as many units do not.
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
# The best network, and what it is with the other activations.

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
dense = np.linspace(-8, 8, 600)
ax.plot(x, y, ".", color="0.6", markersize=4, label="data")
for activation, style in zip(grid["activation"], (":", "--", "-"), strict=True):
    model = search.best_estimator_.set_params(activation=activation).fit(x, y)
    ax.plot(dense, model.predict(dense[:, None]), style, label=f"{activation}, R2 {model.score(x, y):.2f}")
ax.set(xlabel="x", ylabel="y", title="The activation that is made for waves fits them")
figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize="small")

plt.show()
