"""
What if rows belong together?
=============================

Early stopping watches rows that are held out at random. Where rows come in groups, several of one patient or one
machine, each held-out row then has relatives among those that are learnt from, and looks easier than what is to come.
``X_val`` and ``y_val`` give the choice of the watched rows to you: here whole groups.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn import config_context
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skann import ANNRegressor

# %%
# Forty machines, thirty measurements of each. The target depends on the measured values, and has an offset for each
# machine that cannot be known for a new one, but can be learnt by heart: a machine's values lie close together.

rng = np.random.default_rng(0)
machine = np.repeat(np.arange(40), 30)
X = rng.normal(size=(40, 8))[machine] + 0.3 * rng.normal(size=(1200, 8))
y = X[:, 0] - X[:, 1] + rng.normal(size=40)[machine]

splitter = GroupShuffleSplit(test_size=0.3, random_state=0)
rows, test = next(splitter.split(X, y, machine))
learn, watch = (rows[part] for part in next(splitter.split(rows, groups=machine[rows])))

# %%
# Rows at random, or machines
# ---------------------------
#
# Both learn from the same machines. One watches a fifth of their rows, the other one the rows of machines apart. What
# the first one sees says little about new machines: it does not notice that it learns by heart.

by_rows = ANNRegressor(n_estimators=1, scoring="r2", random_state=0).fit(X[learn], y[learn])
by_machines = ANNRegressor(n_estimators=1, scoring="r2", random_state=0)
by_machines.fit(X[learn], y[learn], X_val=X[watch], y_val=y[watch])
models = {"rows at random": by_rows, "machines": by_machines}
excess = {}
for name, model in models.items():
    watched, new = model.best_validation_score_, model.score(X[test], y[test])
    print(f"{name}: best epoch {np.argmax(model.validation_scores_) + 1}, ", end="")
    print(f"R2 on the watched rows {watched:.2f}, on new machines {new:.2f}")
    excess[name] = watched - new
assert excess["rows at random"] > excess["machines"] + 0.1

# %%
# In a pipeline
# -------------
#
# With metadata routing the steps before the network transform ``X_val`` like ``X``.

with config_context(enable_metadata_routing=True):
    network = ANNRegressor((64,), encoder=None, learning_rate="flat_cosine", max_iter=50, random_state=0)
    network.set_fit_request(X_val=True, y_val=True)
    pipeline = Pipeline([("scale", StandardScaler()), ("network", network)], transform_input=["X_val"])
    pipeline.fit(X[learn], y[learn], X_val=X[watch], y_val=y[watch])
    print(f"in a pipeline: best of {network.n_iter_} epochs is {np.argmax(network.validation_scores_) + 1}")

# %%
figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    ax.plot(model.history_["loss"], label="training loss")
    ax.plot(model.history_["validation_loss"], "--", label="validation loss")
    ax.set(title=f"Watched: {name}", xlabel="epoch", yscale="log")
axes[0].set_ylabel("loss")
figure.legend(
    *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize="small"
)

plt.show()
