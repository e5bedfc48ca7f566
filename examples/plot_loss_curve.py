"""
Did the training go well?
=========================

A network learns as long as the loss on the rows that it trains on falls. What counts is the loss on rows that it has
not seen: where that one turns and rises, the network begins to learn its training rows by heart. Early stopping holds
rows out, watches their loss and keeps the weights of the best epoch.

:class:`skann.LossCurveDisplay` draws both losses, the best epoch and the learning rate: of one network, and of an
ensemble, whose networks hold out different rows.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer

from skann import ANNClassifier, LossCurveDisplay

X, y = load_breast_cancer(return_X_y=True)

# %%
# One network and five
# --------------------
#
# The learning rate follows the schedule "coslog4", which starts anew several times: each time the loss may rise before
# it falls further. The dots mark the epochs whose weights are kept. The score below is what decides: minus the
# validation loss at the temperature that suits the held-out rows best.

figure, axes = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
for ax, n_estimators in zip(axes, (1, 5), strict=True):
    classifier = ANNClassifier((32,), n_estimators=n_estimators, max_iter=30, random_state=0).fit(X, y)
    LossCurveDisplay.from_estimator(classifier, ax=ax, name=f"{n_estimators} network{'s' * (n_estimators > 1)}")

# %%
# A network that learns by heart
# ------------------------------
#
# Without dropout, with a high rate and with no end in time, the training loss goes to 0 while the loss on
# held-out rows grows. Their best epoch comes early.

classifier = ANNClassifier(
    (256,),
    n_estimators=1,
    early_stopping=True,
    n_iter_no_change=1000,
    dropout=0.0,
    learning_rate="flat_cosine",
    learning_rate_init=0.01,
    max_iter=40,
    random_state=0,
).fit(X, y)
display = LossCurveDisplay.from_estimator(classifier, learning_rate=False, name="Learnt by heart")
display.ax_.set_ylim(bottom=0)
print(f"best epoch: {int(display.best_[0].get_xdata()[0])} of {len(classifier.loss_curve_)}")

plt.show()
