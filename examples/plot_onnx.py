"""
Can the model go where scikit-learn is not?
===========================================

A service in C++, Java or JavaScript, a telephone, or a container that is to stay small: ONNX Runtime runs a model
there that was exported to ONNX, the encoding of the table included. This needs ``pip install skann[onnx] onnxruntime``.
"""

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import pandas as pd

from skann import ANNClassifier
from skann.onnx import to_onnx

# %%
# A table as it comes: numbers, strings, missing values.

rng = np.random.default_rng(0)
n = 1000
X = pd.DataFrame(
    {
        "income": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(10, 1, n)),
        "rooms": rng.integers(1, 8, n),
        "heating": rng.choice(["gas", "oil", "wood", None], n),
        "town": rng.choice([f"town {i}" for i in range(30)], n),
    }
)
y = np.where(X["rooms"] + 2 * (X["heating"] == "wood") + rng.normal(size=n) > 5, "house", "flat")
classifier = ANNClassifier(n_estimators=3, max_iter=16, random_state=0).fit(X[:700], y[:700])

# %%
# One file holds the encoder and the networks. Each column is an input of the model, with its name and a type.

exported = to_onnx(classifier, X).SerializeToString()  # write these bytes to a file
session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
print(f"{len(exported) / 1e6:.1f} MB")
for each in session.get_inputs():
    print(f"input {each.name}: {each.type} {each.shape}")

# %%
# From here on nothing needs skann, scikit-learn or pandas: a tensor of shape (n, 1) for each column. A missing number
# is NaN, a missing string is empty. The last row is of a town that the model has never heard of.

rows = X[700:].copy()
rows.loc[rows.index[-1], "town"] = "elsewhere"
tensors = {
    "income": rows[["income"]].to_numpy(np.float64),
    "rooms": rows[["rooms"]].to_numpy(np.int64),
    "heating": rows[["heating"]].fillna("").to_numpy(object),
    "town": rows[["town"]].to_numpy(object),
}
label, probabilities = session.run(["label", "probabilities"], tensors)

# %%
# The labels are the same. The probabilities differ by the rounding of float32, in which the exported networks compute.

expected = classifier.predict_proba(rows)
difference = np.abs(probabilities - expected).max(axis=1)
print(f"largest difference: {difference.max():.0e}")
assert (label == classifier.predict(rows)).all()
assert difference.max() < 1e-5

figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
axes[0].scatter(expected[:, 1], probabilities[:, 1], s=6)
axes[0].set(title="Probability of a house", xlabel="skann", ylabel="ONNX Runtime")
axes[1].hist(difference.clip(1e-9, 1e-6), bins=np.geomspace(1e-9, 1e-6, 25))
axes[1].set(title="Their difference", xlabel="absolute difference", xscale="log", ylabel="rows")

plt.show()
