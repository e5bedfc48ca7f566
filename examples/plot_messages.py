"""
Why does it not learn?
======================

What goes wrong in a plain network has few causes, and the messages name them. Here they are made on purpose: numbers of
very different size, a learning rate that is too high, a training that is too short. With an encoder, the default, the
first of them does not arise.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import ANNRegressor

X, y = load_diabetes(return_X_y=True, scaled=False)
X, y = X * 1e5, y / 1e3


def fit(model):
    """Fit and print what is said; return the model, or None after an error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(X, y)
        except ValueError as error:
            print("ValueError:", error, end="\n\n")
            return None
    for warning in caught:
        print(f"{warning.category.__name__}: {warning.message}", end="\n\n")
    assert {warning.category for warning in caught} <= {ConvergenceWarning}
    return model


# %%
# Not scaled
# ----------

fit(ANNRegressor(encoder=None, random_state=0))

# %%
# A learning rate that is too high
# --------------------------------

network = ANNRegressor(encoder=None, solver="sgd", learning_rate_init=100, random_state=0)
scaled = make_pipeline(StandardScaler(), network)
assert fit(scaled) is None

# %%
# Too short
# ---------

scaled.set_params(annregressor=ANNRegressor(encoder=None, max_iter=5, random_state=0))
target_scaled = TransformedTargetRegressor(scaled, transformer=StandardScaler())
short = fit(target_scaled).regressor_[-1]

# %%
# As they say, or with the encoder
# --------------------------------

scaled.set_params(annregressor__max_iter=1000, annregressor__early_stopping=True)
enough = fit(target_scaled).regressor_[-1]
default = fit(ANNRegressor(n_estimators=1, random_state=0))

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.plot(enough.loss_curve_, "-", label="scaled, long enough")
ax.plot(short.loss_curve_, "o-", markersize=3, label="scaled, too short")
ax.plot(default.loss_curve_, "--", label="with the encoder")
ax.set(xlabel="epoch", ylabel="training loss", yscale="log", title="Long enough, or with the encoder, it learns")
figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize="small")

plt.show()
