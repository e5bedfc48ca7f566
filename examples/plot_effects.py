"""
Can one see all of the model?
=============================

With ``interaction_cst="no_interactions"`` the model is a sum of curves, one for each column, and nothing else:
``skann.inspection.effects`` returns them. Here progression of diabetes, held to rise with the body mass index and the
blood pressure as well: a scorecard that one can read.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

from skann import ANNRegressor
from skann.inspection import effects

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X = X[["age", "sex", "bmi", "bp", "s3", "s5"]]

# %%
# Three networks, each of which sees a part of the rows.

model = ANNRegressor(
    interaction_cst="no_interactions",
    monotonic_cst={"bmi": 1, "bp": 1},
    n_estimators=3,
    random_state=0,
).fit(X, y)

# %%
# The intercept and the curves add up to the prediction, in standard deviations of y.

found = effects(model, X)
total = found.intercept + found.values.sum(axis=1)
print(f"R2 {model.oof_score_:.2f} on held-out rows")
print(f"intercept {found.intercept:.2f}, effects of the first row: {np.round(found.values[0], 2)}")
assert np.allclose(total, (model.predict(X) - model.target_mean_) / model.target_scale_, atol=1e-5)

# %%
# A panel for each column; the band holds the curves of the three networks.

display = found.plot()
display.axes_[1].set_title("What each column adds, in standard deviations of y")

plt.show()
