"""
What is inside the network?
===========================

What an estimator builds depends on its parameters and on the data: columns of numbers and of categories pass through
different embeddings, and "auto" stands for different sizes on small and on large data.

:class:`skann.NetworkDisplay` draws what was built. In a notebook, a fitted estimator shows a smaller drawing by itself.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_iris

from skann import ANNClassifier, ANNRegressor, NetworkDisplay

# %%
# The plain network
# -----------------
#
# With ``encoder=None`` the network is that of scikit-learn's MLP: all units of a layer see all units of the one before.

X, y = load_iris(return_X_y=True)
plain = ANNClassifier((8, 4), encoder=None, learning_rate_init=0.01, max_iter=300, tol=1e-3, random_state=0).fit(X, y)
NetworkDisplay.from_estimator(plain, name="Plain")

# %%
# The network for tables
# ----------------------
#
# This table has two columns of numbers, one column with two levels and one with forty. The numbers become four features
# each, the forty levels become eight features, the two levels one column of -1 and 1. Each of these gets a learnt
# factor (Scale) before the dense layers begin.

rng = np.random.default_rng(0)
n_rows = 400
table = pd.DataFrame(
    {
        "size": rng.lognormal(size=n_rows),
        "age": rng.uniform(0, 50, n_rows),
        "garden": rng.choice(["yes", "no"], n_rows),
        "street": pd.Categorical(rng.integers(40, size=n_rows).astype(str)),
    }
)
price = table["size"] * (1 + (table["garden"] == "yes")) - 0.01 * table["age"]
regressor = ANNRegressor(n_estimators=2, max_iter=10, random_state=0).fit(table, price)
display = NetworkDisplay.from_estimator(regressor)

# %%
# The numbers of parameters in the drawing are those of `summary`.

print(regressor.summary())
print(f"in the drawing: {sum(column.n_parameters for column in display.columns):,}")

plt.show()
