"""
What did "auto" become?
=======================

Most parameters are "auto": their values depend on the task and on the table. After ``fit``, ``resolved_params_`` holds
the value of each of them; ``summary()`` and the notebook show them, too.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine, make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer

from skann import ANNClassifier, ANNRegressor

# %%
# One model
# ---------
#
# A summary is a text, which a notebook shows at the end of a cell. Inside of a pipeline or a search it is that of the
# fitted estimator, ``pipeline[-1]`` or ``search.best_estimator_``; in a notebook their diagrams have the values, too.

X, y = load_wine(return_X_y=True, as_frame=True)
pipeline = make_pipeline(PowerTransformer().set_output(transform="pandas"), ANNClassifier(max_iter=10, random_state=0))
model = pipeline.fit(X, y)[-1]
print(model.summary())

# %%
# The values could be given in place of "auto", with changes.

wider = ANNClassifier(**model.get_params(deep=False) | model.resolved_params_ | {"hidden_layer_sizes": (256, 128)})
assert wider.n_estimators == len(model.estimators_)

# %%
# Tables of other sizes
# ---------------------
#
# Four of the values, for tables from 100 to 50 000 rows. They are there after any fit: here ``max_time`` ends each at
# once, of which a warning would tell.

SIZES = [100, 300, 1000, 3000, 10_000, 50_000]
PANELS = {"hidden_layer_sizes": "Units in a layer", "batch_size": "Rows in a batch"}
PANELS |= {"max_iter": "Epochs at most", "n_estimators": "Networks"}
figure, axes = plt.subplots(2, 2, figsize=(6, 5), sharex=True, layout="constrained")
for Estimator, make, mark in ((ANNClassifier, make_classification, "o-"), (ANNRegressor, make_regression, "x--")):
    values = []
    for n_rows in SIZES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = Estimator(max_time=0.01, random_state=0).fit(*make(n_rows, 4, random_state=0))
        values.append(model.resolved_params_)
    for ax, (name, title) in zip(axes.flat, PANELS.items(), strict=True):
        numbers = [each[name][0] if name == "hidden_layer_sizes" else each[name] for each in values]
        ax.plot(SIZES, numbers, mark, label=Estimator.__name__)
        ax.set(title=title, ylabel=name, xscale="log", ylim=(0, 1.1 * max(ax.get_ylim()[1], *numbers)))
for ax in axes[1]:
    ax.set_xlabel("rows of the table")
figure.legend(
    *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize="small"
)

plt.show()
