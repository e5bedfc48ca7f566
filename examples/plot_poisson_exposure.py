"""
How many events per year, when the years differ?
================================================

Counts of events, such as claims or breakdowns, are observed over exposures of different length: one contract half a
year, another twenty. What is asked for is the rate. The way to it: the target is count / exposure, the weight of a row
is its exposure, and the loss is ``"poisson"``. This minimises the same deviance as a model of the counts with the
exposure as offset, so that a long observation tells as much as the short ones that it could be cut into.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import mean_poisson_deviance
from sklearn.model_selection import train_test_split

from skann import ANNRegressor

rng = np.random.default_rng(0)
age = rng.uniform(18, 80, 3000)
exposure = rng.lognormal(sigma=1.5, size=3000)
true_rate = 0.1 + 0.6 * np.exp(-((age - 18) ** 2) / 200) + 0.2 * (age > 65)
count = rng.poisson(true_rate * exposure)
parts = train_test_split(age[:, None], count / exposure, exposure, random_state=0)
X_train, X_test, y_train, y_test, exposure_train, exposure_test = parts

# %%
# With the exposure as weight, and without: then a claim after three weeks, a rate of 17 a year, counts as much
# as ten quiet years.

params = {
    "hidden_layer_sizes": (32, 32),
    "loss": "poisson",
    "n_estimators": 4,
    "random_state": 0,
}
weighted = ANNRegressor(**params).fit(X_train, y_train, sample_weight=exposure_train)
unweighted = ANNRegressor(**params).fit(X_train, y_train)

# %%
# The deviance is judged with the same weights. In sum, the weighted model expects about as many events as there were.

constant = np.full(len(y_test), np.average(y_train, weights=exposure_train))
for name, rate in [
    ("constant", constant),
    ("unweighted", unweighted.predict(X_test)),
    ("weighted", weighted.predict(X_test)),
]:
    deviance = mean_poisson_deviance(y_test, rate, sample_weight=exposure_test)
    events = rate @ exposure_test
    print(f"{name:10s} deviance {deviance:.4f}, events expected {events:.0f} of {y_test @ exposure_test:.0f}")

# %%
grid = np.linspace(18, 80, 200)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.plot(grid, 0.1 + 0.6 * np.exp(-((grid - 18) ** 2) / 200) + 0.2 * (grid > 65), "k--", label="true rate")
ax.plot(grid, weighted.predict(grid[:, None]), label="weighted by exposure")
ax.plot(grid, unweighted.predict(grid[:, None]), ":", label="unweighted")
ax.set(xlabel="age", ylabel="events per year", title="Weighted by exposure, the rate is found")
figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize="small")

plt.show()
