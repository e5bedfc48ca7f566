"""
How good is the model on rows that it has not seen?
===================================================

Each network of an ensemble holds out a fold of the training rows, so that every row has a prediction by networks that
did not learn from it. ``oof_score_`` is the score of these predictions and ``oof_loss_`` their loss: what
``oob_score_`` is to a forest. No split of one's own is needed, and no second fit.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.model_selection import train_test_split

from skann import ANNClassifier, ANNRegressor

TABLES = {
    "wine": (load_wine, ANNClassifier, RandomForestClassifier),
    "breast cancer": (load_breast_cancer, ANNClassifier, RandomForestClassifier),
    "digits": (load_digits, ANNClassifier, RandomForestClassifier),
    "diabetes": (load_diabetes, ANNRegressor, RandomForestRegressor),
}
PARAMS = {"hidden_layer_sizes": (32,), "n_estimators": 5, "max_iter": 30, "numeric_embedding": None, "random_state": 0}

# %%
# Half of each table is kept for a test, which the score is compared with.

rows = []
for name, (load, Network, Forest) in TABLES.items():
    X, y = load(return_X_y=True)
    X, y = X[:600], y[:600]
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
    network = Network(**PARAMS).fit(X_train, y_train)
    forest = Forest(100, oob_score=True, random_state=0).fit(X_train, y_train)
    for kind, model, unseen in (("network", network, network.oof_score_), ("forest", forest, forest.oob_score_)):
        rows.append((name, kind, model.score(X_train, y_train), unseen, model.score(X_test, y_test)))
        print("{:14} {:8} training rows {:.3f}   unseen {:.3f}   test {:.3f}".format(*rows[-1]))

# %%
# The score of the training rows says how well they were learnt by heart. The other one is much nearer to that of the
# test. It may be a little below, since each of its predictions is by one network, and those for new rows are by all.

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
height = np.arange(len(rows))[::-1]
_, kinds, training, unseen, test = zip(*rows, strict=True)
ax.hlines(height, unseen, training, color="0.8", zorder=0)
ax.plot(training, height, "o", color="0.6", mfc="white", label="training rows")
ax.plot(unseen, height, "o", label="rows not seen: oof_score_, oob_score_")
ax.plot(test, height, "k|", markersize=14, label="test")
ax.set_yticks(height, [f"{name}, {kind}" for name, kind, *_ in rows])
ax.set(xlabel="accuracy; R2 for diabetes", ylabel="table, model", title="What the training itself tells of the test")
figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize="small")

plt.show()
