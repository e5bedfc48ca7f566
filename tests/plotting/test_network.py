"""The drawing of a network: circles, lines and places follow the outline."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skann import ANNClassifier, ANNRegressor, NetworkDisplay
from skann.plotting.network import edges, places
from skann.plotting.outline import outline
from tests.data import IRIS as X
from tests.data import SPECIES as y
from tests.helpers import networks_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_drawing_of_the_network(name, fitted):
    """As many circles as fit, everything under its column, the total in the title."""
    model = fitted[name]
    display = NetworkDisplay.from_estimator(model, max_units=6)
    assert [len(units.get_offsets()) for units in display.units_] == [min(c.n_units, 6) for c in display.columns]
    texts = [text.get_text().replace("\n", " ") for text in display.texts_]
    assert texts == [" ".join(column.lines) for column in display.columns]
    assert display.ax_.get_title().endswith(f"{networks_of(model)[0].theta.size:,} parameters")
    assert ("one of 2 networks" in display.ax_.get_title()) == (name == "mixed")


def test_names_of_columns_and_classes():
    """On both sides, cut where they are long, inside of the figure; none without names and where there is no room."""
    frame = pd.DataFrame(X, columns=["sepal length", "sepal width", "petal length", "petal width in centimetres"])
    model = ANNClassifier((4,), n_estimators=1, max_iter=1, random_state=0).fit(frame, np.array(["a", "b", "c"])[y])
    display = NetworkDisplay.from_estimator(model)
    names = [text.get_text() for text in display.names_]
    assert names == ["sepal length", "sepal width", "petal length", "petal width in ce…", "a", "b", "c"]
    heights = [text.get_position()[1] for text in display.names_]
    circles = [*display.units_[0].get_offsets()[:, 1], *display.units_[-1].get_offsets()[:, 1]]
    np.testing.assert_allclose(heights, circles)
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.names_]
    assert all(0 <= box.x0 <= box.x1 <= display.figure_.bbox.x1 for box in boxes)
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    for size in ((3, 7), (12, 2)):
        _, ax = plt.subplots(figsize=size)
        assert NetworkDisplay.from_estimator(model, ax=ax).names_ == []
    levels = ANNRegressor((4,), n_estimators=1, max_iter=1, loss="quantile", quantile=[0.1, 0.5]).fit(X, y)
    assert [text.get_text() for text in NetworkDisplay.from_estimator(levels).names_] == [
        "0.1 quantile",
        "0.5 quantile",
    ]


def test_edges_follow_the_network(fitted):
    """A perturbed input moves those units of the embedding that are drawn connected to it, and no others."""
    model = fitted["recipe"]
    column = outline(model)[1]
    network = model.network_.head(1)
    x = np.zeros((1, 4), np.float32)
    before, place = places(4, 99), places(column.n_units, 99)
    drawn = set(edges(column, before, place))
    base = network.forward(x, network.workspace(1, training=False)).copy()
    for i in range(4):
        moved = x.copy()
        moved[0, i] = 1
        changed = (network.forward(moved, network.workspace(1, training=False)) != base)[0]
        assert {y for x, y in drawn if x == before[i]} == {place[unit] for unit in np.flatnonzero(changed)}


@pytest.mark.parametrize("n_units, max_units", [(1, 6), (5, 6), (6, 6), (7, 6), (500, 6), (500, 7)])
def test_places(n_units, max_units):
    """Symmetric, falling, inside [-1, 1], the first and the last units, a gap in the middle if some are left out."""
    shown = places(n_units, max_units)
    heights = np.array(list(shown.values()))
    np.testing.assert_allclose(heights, -heights[::-1], atol=1e-12)
    assert (np.diff(heights) < 0).all()
    assert np.abs(heights).max() <= 1
    assert len(shown) <= max_units
    assert min(shown) == 0
    assert max(shown) == n_units - 1
    if n_units > max_units:
        assert np.abs(heights).min() >= 1 / max_units
