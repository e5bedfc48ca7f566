"""
Which columns does the model use?
=================================

``fit`` ends with a look at some of the rows that it held out: ``feature_importances_`` is the mean absolute attribution
of each column, normalised to sum 1. So `SelectFromModel` and `RFE` can choose columns. Permutation importance asks
something else, how much worse the score is without a column, and takes as many predictions as there are columns and
repetitions. Where columns stand for each other, the two differ.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import spearmanr
from sklearn.datasets import load_diabetes
from sklearn.feature_selection import SelectFromModel
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split

from skann import ANNRegressor

X, y = load_diabetes(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = ANNRegressor(n_estimators=4, random_state=0).fit(X_train, y_train)
permuted = permutation_importance(model, X_test, y_test, n_repeats=10, random_state=0)
rank_correlation = spearmanr(model.feature_importances_, permuted.importances_mean).statistic
print(f"rank correlation: {rank_correlation:.2f}")
assert rank_correlation > 0.3

# %%
# Columns chosen by a fitted model.

chosen = SelectFromModel(model, prefit=True, threshold="mean")
print("above the mean:", ", ".join(X.columns[chosen.get_support()]))

# %%
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
order = np.argsort(model.feature_importances_)
places = np.arange(len(order))
share = permuted.importances_mean.clip(0) / permuted.importances_mean.clip(0).sum()
ax.barh(places + 0.2, model.feature_importances_[order], 0.4, color="C0", label="feature_importances_")
ax.barh(places - 0.2, share[order], 0.4, color="0.75", label="permutation importance, as a share")
ax.set_yticks(places, X.columns[order])
ax.set(xlabel="share of all columns", ylabel="column", title="What the columns of the diabetes table mean to the model")
ax.spines[["top", "right"]].set_visible(False)
figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize="small")

plt.show()
