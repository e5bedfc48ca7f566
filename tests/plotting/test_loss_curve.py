"""The displays and the HTML representation: what they draw is what the estimator holds."""

import builtins
import pickle
import re
from itertools import pairwise
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from skann import ANNClassifier, ANNRegressor, LossCurveDisplay, NetworkDisplay, TabularEncoder
from skann._estimator import DOCS
from skann.engine.activations import Identity
from skann.plotting.html import N_SHOWN, network_svg
from skann.plotting.network import edges, places
from skann.plotting.outline import outline

mpl.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
DISPLAYS = pytest.mark.parametrize("Display", [LossCurveDisplay, NetworkDisplay])


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def single():
    return ANNClassifier((8,), n_estimators=1, calibration=None, max_iter=6, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def ensemble():
    return ANNClassifier((8,), n_estimators=3, n_iter_no_change=2, max_iter=12, random_state=0).fit(X, y)


def table():
    """Numbers, a binary column and a category with so many levels that it is embedded."""
    rng = np.random.default_rng(0)
    return pd.DataFrame({
        "a": rng.normal(size=200), "b": rng.normal(size=200), "c": rng.choice(["u", "v"], 200),
        "d": pd.Categorical(rng.integers(40, size=200).astype(str)),
    })  # fmt: skip


def networks():
    """Fitted estimators with every kind of layer."""
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(60, 500))
    return {
        "recipe": ANNClassifier(n_estimators=1, max_iter=1).fit(X, y),
        "plain": ANNClassifier((8, 4), encoder=None, dropout=[0.1, 0], max_iter=1).fit(X, y),
        "linear": ANNRegressor((), encoder=None, max_iter=1).fit(X, y),
        "wide": ANNRegressor((64,), encoder=None, max_iter=1).fit(wide, wide[:, 0]),
        "mixed": ANNRegressor(numeric_embedding="piecewise_linear", n_estimators=2, max_iter=1).fit(table(), table().a),
    }


NETWORKS = pytest.mark.parametrize("name", ["recipe", "plain", "linear", "wide", "mixed"])


@pytest.fixture(scope="module")
def fitted():
    return networks()


def test_lines_are_the_history(single):
    display = LossCurveDisplay.from_estimator(single)
    assert set(display.lines_) == {"loss", "validation_loss", "learning_rate"}
    for key, (line,) in display.lines_.items():
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 7))
        np.testing.assert_array_equal(line.get_ydata(), single.history_[key])
    (best,) = display.best_
    epoch = np.argmin(single.history_["validation_loss"])
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (epoch + 1, single.history_["validation_loss"][epoch])
    assert not display.mean_lines_
    assert display.ax_.get_title() == "ANNClassifier"
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        "training loss", "validation loss", "learning rate"
    ]  # fmt: skip


def test_lines_of_an_ensemble(ensemble):
    """A line per network, and the mean over the epochs that all have done."""
    display = LossCurveDisplay.from_estimator(ensemble)
    histories = [member.history_ for member in ensemble.estimators_]
    for key in ("loss", "validation_loss"):
        for line, history in zip(display.lines_[key], histories, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), history[key])
        n_epochs = min(len(history[key]) for history in histories)
        mean = [np.mean([history[key][i] for history in histories]) for i in range(n_epochs)]
        np.testing.assert_allclose(display.mean_lines_[key].get_ydata(), mean, rtol=1e-12)
    assert len(display.best_) == 3


def test_a_score_other_than_the_loss_has_its_axis():
    history = {"loss": [3.0, 2.0], "validation_loss": [3.0, 2.5], "validation_score": [0.5, 0.4]}
    display = LossCurveDisplay([history]).plot()
    assert display.axes_["validation_score"] is not display.ax_
    np.testing.assert_array_equal(display.lines_["validation_score"][0].get_ydata(), [0.5, 0.4])
    assert (display.best_[0].get_xdata()[0], display.best_[0].get_ydata()[0]) == (1, 0.5)


def test_the_calibrated_loss_is_a_score_of_its_own():
    """It decides which epoch is best, and is not the validation loss."""
    model = ANNClassifier((8,), n_estimators=1, max_iter=6, random_state=0).fit(X, y)
    display = LossCurveDisplay.from_estimator(model)
    np.testing.assert_array_equal(display.lines_["validation_score"][0].get_ydata(), model.validation_scores_)
    assert display.best_[0].get_xdata()[0] == np.argmax(model.validation_scores_) + 1


def test_lbfgs_has_no_learning_rate():
    model = ANNClassifier((), encoder=None, solver="lbfgs").fit(X, y)
    assert set(LossCurveDisplay.from_estimator(model).lines_) == {"loss"}


def test_curves_of_pipelines_and_meta_estimators(single):
    steps = make_pipeline(StandardScaler(), ANNClassifier((8,), n_estimators=2, max_iter=2, random_state=0))
    assert len(LossCurveDisplay.from_estimator(steps.fit(X, y)).lines_["loss"]) == 2
    bagging = BaggingClassifier(steps, n_estimators=3, random_state=0).fit(X, y)
    assert len(LossCurveDisplay.from_estimator(bagging).lines_["loss"]) == 6


@DISPLAYS
def test_conventions_of_displays(Display, single):
    """``plot`` returns the display, draws where it is told to, and can be called again."""
    figure, ax = plt.subplots()
    display = Display.from_estimator(single, ax=ax, name="here")
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert ax.get_title().startswith("here")
    assert display.plot() is display
    assert display.ax_ is not ax


@DISPLAYS
def test_errors(Display, monkeypatch):
    with pytest.raises(NotFittedError):
        Display.from_estimator(ANNClassifier())
    with pytest.raises((ValueError, TypeError), match="LogisticRegression"):
        Display.from_estimator(LogisticRegression(max_iter=1000).fit(X, y))
    original = builtins.__import__

    def without_matplotlib(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    with pytest.raises(ImportError, match=rf"{Display.__name__}\.from_estimator needs matplotlib: pip install"):
        Display.from_estimator(ANNClassifier())


@NETWORKS
def test_parameters_add_up(name, fitted):
    model = fitted[name]
    network = model._networks[0]
    columns = outline(model)
    assert sum(column.n_parameters for column in columns) == network.theta.size
    assert columns[-1].n_units == model.n_outputs_
    for before, column in pairwise(columns):
        if column.parts is not None:
            assert sum(n for n, _ in column.parts) == before.n_units
            assert sum(n * each for n, each in column.parts) == column.n_units


@NETWORKS
def test_drawing_of_the_network(name, fitted):
    """As many circles as fit, everything under its column, the total in the title."""
    model = fitted[name]
    display = NetworkDisplay.from_estimator(model, max_units=6)
    assert [len(units.get_offsets()) for units in display.units_] == [min(c.n_units, 6) for c in display.columns]
    texts = [text.get_text().replace("\n", " ") for text in display.texts_]
    assert texts == [" ".join(column.lines) for column in display.columns]
    assert display.ax_.get_title().endswith(f"{model._networks[0].theta.size:,} parameters")
    assert ("one of 2 networks" in display.ax_.get_title()) == (name == "mixed")


def test_notes(fitted):
    lines = [column.lines for column in outline(fitted["plain"])]
    assert lines == [
        ["4 units"],
        ["8 units", "ReLU", "dropout 0.1", "40 parameters"],
        ["4 units", "ReLU", "36 parameters"],
        ["3 units", "softmax", "15 parameters"],
    ]
    assert [column.title for column in outline(fitted["plain"])] == ["Input", "Hidden 1", "Hidden 2", "Output"]
    recipe = outline(fitted["recipe"])
    assert [column.title for column in recipe] == [
        "Input",
        "Embedding",
        "Scale",
        *(f"Hidden {i}" for i in (1, 2, 3)),
        "Output",
    ]
    assert "1 category, 40 levels" in outline(fitted["mixed"])[1].notes


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


@NETWORKS
def test_svg_is_well_formed_and_small(name, fitted):
    text = network_svg(fitted[name])
    ElementTree.fromstring(text)
    assert len(text) < 4000
    assert f"{fitted[name]._networks[0].theta.size:,} parameters" in text


def test_svg_escapes():
    model = ANNClassifier((3,), activation=type("<script>", (Identity,), {"gain": 2})(), encoder=None, max_iter=1)
    text = network_svg(model.fit(X, y))
    assert "&lt;script&gt;" in text
    assert "<script>" not in text


def test_svg_of_deep_networks_leaves_columns_out():
    model = ANNClassifier((3,) * 30, encoder=None, max_iter=1).fit(X, y)
    text = network_svg(model)
    assert text.count("<rect") == N_SHOWN
    assert f"… {32 - N_SHOWN} more …" in text


def test_html_of_estimators(single):
    """Drawn once, by both doors of a notebook, when there is a network."""
    for html in (single._repr_html_(), single._repr_mimebundle_()["text/html"]):
        assert html.count("skann-network") == 1
        assert html.startswith(estimator_html_repr(single)[:20])
    unfitted = clone(single)
    assert "skann-network" not in unfitted._repr_html_()
    assert pickle.loads(pickle.dumps(single))._repr_html_().count("skann-network") == 1


@pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor, TabularEncoder])
def test_link_to_the_documentation(Estimator):
    url = f"{DOCS}/generated/skann.{Estimator.__name__}.html"
    assert Estimator()._get_doc_link() == url
    assert f'href="{url}"' in Estimator()._repr_html_()


@pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor, TabularEncoder])
def test_tooltips(Estimator):
    """scikit-learn takes them, since 1.8, from the class docstring: each parameter must be found in it."""
    html = Estimator()._repr_html_()
    if "param-doc-description" not in html:
        pytest.skip("this scikit-learn has no tooltips")
    found = set(re.findall(r'class="param-doc-description"[^>]*>\s*(\w+):', html))
    assert found == set(Estimator().get_params())
