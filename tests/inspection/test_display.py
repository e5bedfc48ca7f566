"""The drawings of attributions: what the bars show."""

import numpy as np
import pytest

from skann.inspection import Attributions, AttributionsDisplay

plt = pytest.importorskip("matplotlib.pyplot")

VALUES = np.array([[1.0, -4.0, 0.5], [3.0, -2.0, 0.0]])
ONE = Attributions(VALUES, np.full(2, 10.0), np.array([["a", 1.23456, 0], ["b", 2.0, 0]], object), ["x", "y", "z"],
                   ["prediction"], np.array([7.5, 11.0]))  # fmt: skip
TWO = Attributions(np.stack([VALUES, -2 * VALUES], axis=2), np.full((2, 2), 0.5), ONE.data, ONE.feature_names,
                   ["no", "yes"], np.array([[0.3, 0.7], [0.9, 0.1]]))  # fmt: skip


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def widths(bars):
    return [bar.get_width() for bar in bars]


def test_bars_are_mean_sizes_the_largest_first():
    display = ONE.plot()
    assert display.names_ == ["y", "x", "z"]
    assert widths(display.bars_[0]) == [3.0, 2.0, 0.25]
    assert display.ax_.yaxis_inverted()
    assert display.ax_.get_title() == "What the columns make of the prediction"


def test_the_others_are_one_bar():
    display = AttributionsDisplay(ONE).plot(max_columns=2)
    assert display.names_ == ["y", "2 other columns"]
    assert widths(display.bars_[0]) == [3.0, 2.25]


def test_outputs_side_by_side_or_one():
    display = TWO.plot()
    assert [widths(bars) for bars in display.bars_] == [[3.0, 2.0, 0.25], [6.0, 4.0, 0.5]]
    assert [bar.get_x() for bar in display.bars_[1]] == [3.0, 2.0, 0.25]
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["no", "yes"]
    assert len({bars[0].get_hatch() for bars in display.bars_}) == 2  # to be told in grey
    for output in ("yes", 1):
        display = TWO.plot(output=output)
        assert [widths(bars) for bars in display.bars_] == [[6.0, 4.0, 0.5]]
        assert display.ax_.get_title() == "What the columns make of yes"


def test_a_waterfall_goes_from_the_base_value_to_the_prediction():
    display = ONE.plot(row=0)
    (bars,) = display.bars_
    assert display.names_ == ["y = 1.235", "x = a", "z = 0"]
    assert widths(bars) == [-4.0, 1.0, 0.5]
    assert [bar.get_x() for bar in bars] == [11.5, 10.5, 10.0]
    assert bars[0].get_x() + bars[0].get_width() == ONE.predictions[0]
    assert [text.get_text() for text in display.ax_.texts[:3]] == ["-4", "+1", "+0.5"]


@pytest.mark.parametrize("found, row", [(ONE, 0), (ONE, 1), (TWO, 0), (TWO, 1)])
def test_texts_are_within_the_axes(found, row):
    """Those of the two lines, whichever is left."""
    ax = found.plot(row=row).ax_
    ax.figure.canvas.draw()
    texts = [text for text in ax.texts if ":" in text.get_text()]
    assert len(texts) == 2
    for text in texts:
        box, inside = text.get_window_extent(), ax.get_window_extent()
        assert inside.x0 <= box.x0 <= box.x1 <= inside.x1
        assert inside.y0 <= box.y0 <= box.y1 <= inside.y1


def test_long_names_keep_their_ends():
    """The value of a cell is at the end of its label."""
    long = Attributions(VALUES, ONE.base_values, ONE.data, ["x", "y" * 40, "z"], ["prediction"], ONE.predictions)
    label = long.plot(row=0).ax_.get_yticklabels()[0].get_text()
    assert len(label) == 32
    assert label.endswith(" = 1.235")


def test_a_waterfall_has_the_output_with_the_greatest_prediction():
    assert TWO.plot(row=0).ax_.get_xlabel() == "yes"
    assert TWO.plot(row=1).ax_.get_xlabel() == "no"
    assert widths(TWO.plot(row=1, output="yes").bars_[0]) == [-6.0, 4.0, 0.0]


def test_axes_and_titles_of_ones_own():
    _, ax = plt.subplots()
    display = AttributionsDisplay(ONE).plot(ax, name="mine")
    assert display.ax_ is ax
    assert ax.get_title() == "mine"


def test_what_is_refused():
    with pytest.raises(ValueError, match="row must be from -2 to 1, got 2"):
        ONE.plot(row=2)
    with pytest.raises(ValueError, match="output must be one of"):
        TWO.plot(output="maybe")
    with pytest.raises(ValueError, match="max_columns"):
        AttributionsDisplay(ONE).plot(max_columns=1)
