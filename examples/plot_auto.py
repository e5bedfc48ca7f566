"""
What did "auto" become?
=======================

Most parameters are "auto": their values depend on the task and on the table. After ``fit``, ``resolved_params_`` holds
the value of each of them; ``summary()`` and the notebook show them, too.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine, make_classification, make_regression
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
# Three of the values, for tables from 100 to 20 000 rows. They are there after two epochs.

SIZES = [100, 300, 1000, 3000, 10_000, 20_000]
PANELS = {"hidden_layer_sizes": "units in a layer", "batch_size": "rows in a batch", "n_estimators": "networks"}
figure, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
for Estimator, make, mark in ((ANNClassifier, make_classification, "o-"), (ANNRegressor, make_regression, "s--")):
    values = []
    for n_rows in SIZES:
        model = Estimator(max_iter=2, numeric_embedding=None, random_state=0)
        values.append(model.fit(*make(n_rows, 4, random_state=0)).resolved_params_)
    for ax, (name, label) in zip(axes, PANELS.items(), strict=True):
        numbers = [each[name][0] if name == "hidden_layer_sizes" else each[name] for each in values]
        ax.plot(SIZES, numbers, mark, label=Estimator.__name__)
        ax.set(title=name, xlabel="rows of the table", ylabel=label, xscale="log", ylim=(0, None))
axes[0].legend(loc="lower right")

plt.show()
