"""
Which classes are possible?
===========================

``predict_set`` answers with one class where the classifier is sure and with several where it is not, so that the right
one is among them as often as you ask for. Here the images of digits are blurred by noise.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skann import ANNClassifier

X, y = load_digits(return_X_y=True)
X = X + np.random.default_rng(0).normal(scale=3, size=X.shape)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
classifier = ANNClassifier((64,), n_estimators=5, max_iter=16, random_state=0).fit(X_train, y_train)
print(f"the likeliest class is right for {classifier.score(X_test, y_test):.1%} of the test rows")

# %%
# The more certain you want to be, the larger the sets. The likeliest class is always among them, so that they are right
# at least as often as it is.

for coverage in (0.9, 0.95, 0.98):
    sets = classifier.predict_set(X_test, coverage)
    covered = sets[np.arange(len(y_test)), y_test].mean()
    print(f"coverage {coverage}: {covered:.1%} covered, {sets.sum(axis=1).mean():.2f} classes on average")
    assert covered > coverage - 0.03

# %%
# Images, the set of classes above each and the right one below it: most have sets of one class.

sizes = sets.sum(axis=1)
groups = {"one class": sizes == 1, "two classes": sizes == 2, "three or more": sizes > 2}
figure, axes = plt.subplots(3, 6, figsize=(7, 5), layout="constrained")
for row, (name, chosen) in zip(axes, groups.items(), strict=True):
    for ax, i in zip(row, np.flatnonzero(chosen), strict=False):
        ax.imshow(X_test[i].reshape(8, 8), cmap="Greys")
        ax.set_title(", ".join(map(str, classifier.classes_[sets[i]])), color="C0")
        ax.set_xlabel(f"is {y_test[i]}")
    row[0].set_ylabel(f"{name}\n{chosen.mean():.0%} of the rows")
for ax in axes.ravel():
    ax.set(xticks=[], yticks=[])
figure.suptitle(f"Sets of digits that hold the right one for {coverage:.0%} of new images")

plt.show()
