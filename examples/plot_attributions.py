"""
Why does this row have this prediction?
=======================================

:func:`skann.inspection.attributions` compares a row with a background, here with 100 other rows of the table, and says
what each column makes of the difference. The attributions of a row add up to its prediction minus the mean prediction
for the background. They speak of the columns of the table as it came, also where a category has become a learnt vector,
or a missing value an indicator.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skann import ANNRegressor
from skann.inspection import attributions

# %%
# Rents, with a rule that we know: so much for a square metre, which depends on the district, less for noise, more for a
# balcony, and the floor does not matter. Of some flats the year is missing.

rng = np.random.default_rng(0)
n_rows = 800
flats = pd.DataFrame(
    {
        "area": rng.gamma(9, 8, n_rows).round(),
        "district": [f"district {i}" for i in rng.integers(1, 13, n_rows)],
        "noise": rng.uniform(45, 75, n_rows).round(),
        "balcony": rng.choice(["yes", "no"], n_rows),
        "year": rng.integers(1900, 2020, n_rows),
        "floor": rng.integers(0, 7, n_rows),
    }
).astype({"year": float})
flats.loc[rng.random(n_rows) < 0.1, "year"] = np.nan
price = 8 + 0.5 * flats["district"].str.split().str[1].astype(int)
rent = flats["area"] * price - 4 * (flats["noise"] - 45) + 60 * (flats["balcony"] == "yes")
model = ANNRegressor(n_estimators=2, random_state=0).fit(flats, rent)

# %%
# One flat: the bars lead from the mean rent of the background, at the bottom, to the predicted one, at the top.

found = attributions(model, flats[:100])
print(found)
print(f"largest rest of a sum: {np.abs(found.values.sum(axis=1) + found.base_values - found.predictions).max():.2f}")
found.plot(row=6)

plt.show()
