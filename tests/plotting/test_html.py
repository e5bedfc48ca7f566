"""The HTML representation: a small drawing, a link to the documentation, tooltips."""

import pickle
import re
from xml.etree import ElementTree

import pytest
from sklearn.base import clone
from sklearn.utils import estimator_html_repr

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann._estimator import Estimator as BaseOfAll
from skann._estimator import doc_link_template
from skann.engine.activations import Identity
from skann.plotting.html import N_SHOWN, network_svg
from tests.data import IRIS as X
from tests.data import SPECIES as y
from tests.helpers import networks_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_svg_is_well_formed_and_small(name, fitted):
    text = network_svg(fitted[name])
    ElementTree.fromstring(text)
    assert len(text) < 4000
    assert f"{networks_of(fitted[name])[0].theta.size:,} parameters" in text


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
def test_link_to_the_documentation(Estimator, monkeypatch):
    """To the page of the class, where there is a site; tests/promises/test_site.py looks for these pages in it."""
    monkeypatch.setattr(BaseOfAll, "_doc_link_template", doc_link_template("https://skann.example"))
    url = f"https://skann.example/generated/skann.{Estimator.__name__}.html"
    assert Estimator()._get_doc_link() == url
    assert f'href="{url}"' in Estimator()._repr_html_()


@pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor, TabularEncoder])
def test_no_link_without_a_site(Estimator, monkeypatch):
    """Neither a question mark that leads nowhere nor links from parameters."""
    monkeypatch.setattr(BaseOfAll, "_doc_link_template", doc_link_template(""))
    html = Estimator()._repr_html_()
    assert not re.search(r'href="(?!https://scikit-learn\.org)', html)
    assert "Documentation for" not in html


@pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor, TabularEncoder])
def test_tooltips(Estimator, monkeypatch):
    """scikit-learn takes them, since 1.8, from the class docstring, where there is a site to link to."""
    monkeypatch.setattr(BaseOfAll, "_doc_link_template", doc_link_template("https://skann.example"))
    html = Estimator()._repr_html_()
    if "param-doc-description" not in html:
        pytest.skip("this scikit-learn has no tooltips")
    found = set(re.findall(r'class="param-doc-description"[^>]*>\s*(\w+):', html))
    assert found == set(Estimator().get_params())
