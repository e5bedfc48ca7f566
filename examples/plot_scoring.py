"""
Which score should stop the training?
=====================================

``scoring`` says what early stopping watches on the held-out rows: the loss, the name of any scorer of scikit-learn,
or a function of your own. The weights of the epoch in which it was best are kept. Here few rows are of the class that
matters, and the loss has another best epoch than the scores.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

from skann import ANNClassifier

X, y = make_classification(3000, 20, n_informative=8, weights=[0.9], flip_y=0.05, class_sep=0.7, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)


# %%
# A scorer is a function of a fitted model and rows. This one counts what mistakes cost: 1 for a false alarm, 10 for a
# case that was missed. Greater is better, so it is minus the cost of a row.


def minus_cost(model, X, y):
    (_, false_alarms), (missed, _) = confusion_matrix(y, model.predict(X))
    return -(false_alarms + 10 * missed) / len(y)


# %%
# Scores that need only raw outputs, "loss", "accuracy" and "r2", cost next to nothing. For others a model predicts once
# for each epoch.

models = {}
for name, scoring in {"loss": "loss", "balanced accuracy": "balanced_accuracy", "minus cost": minus_cost}.items():
    model = ANNClassifier(n_estimators=1, scoring=scoring, class_weight={1: 10}, n_iter_no_change=32, random_state=0)
    models[name] = model.fit(X_train, y_train)
    best, score = np.argmax(model.validation_scores_) + 1, model.best_validation_score_
    print(f"{name}: {score:.3f} at best, in epoch {best} of {model.n_iter_};", end=" ")
    print(f"cost of a test row {-minus_cost(model, X_test, y_test):.2f}")
    # the weights are those of the best epoch, not of the last
    assert model.n_iter_ == len(model.history_["validation_loss"])

# %%
figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    ax.plot(range(1, model.n_iter_ + 1), model.validation_scores_)
    best = np.argmax(model.validation_scores_)
    ax.plot(best + 1, model.validation_scores_[best], "o", label="kept")
    ax.set(title=name, xlabel="epoch")
axes[0].set_ylabel("score on held-out rows")
axes[0].legend()

plt.show()
