"""The site that `make docs` makes: every link and picture in it is there, and nothing in it comes from a network."""

import importlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from skann._estimator import doc_link_template

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "_build" / "html"
PUBLIC = ("skann", "skann.callbacks", "skann.inspection", "skann.onnx")


class Page(HTMLParser):
    """What a page refers to, and what in it can be referred to.

    Attributes
    ----------
    links : list of str
        Addresses that a reader may follow.
    loaded : list of str
        Addresses that a browser needs to show the page.
    ids : set of str
    """

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.ids = [], [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(values["href"])
        if tag in ("img", "script", "iframe", "source") and values.get("src"):
            self.loaded.append(values["src"])


def faults(site):
    """The addresses in the pages below a folder that lead nowhere, or that a page loads from elsewhere.

    Returns
    -------
    found : list of str
        The page and the address of each.
    """
    templates = site / "_static"  # of the theme
    pages = {path: Page(path) for path in site.rglob("*.html") if templates not in path.parents}
    found = []
    for path, page in pages.items():
        loaded = [address for address in page.loaded if urlsplit(address).scheme != "data"]
        found += [f"{path.relative_to(site)}: {each}" for each in loaded if urlsplit(each).netloc]
        for address in page.links + loaded:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            target = target / "index.html" if target.is_dir() else target
            anchor, ids = unquote(parts.fragment), pages[target].ids if target in pages else set()
            if not target.is_file() or (anchor and target in pages and anchor not in ids):
                found.append(f"{path.relative_to(site)}: {address}")
    return found


@pytest.fixture(scope="module")
def site():
    if not (SITE / "index.html").exists():
        pytest.skip("make docs has not been run")
    return SITE.resolve()


@pytest.mark.slow
def test_links_and_pictures(site):
    assert not faults(site)


@pytest.mark.slow
@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_has_a_page(module, site):
    """The class or function is described where links from HTML representations and other sites look for it."""
    names = importlib.import_module(module).__all__
    for name in set(names) - {"__version__"}:
        page = Page(site / "generated" / f"{module}.{name}.html")
        assert f"{module}.{name}" in page.ids, name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ANNClassifier", "ANNRegressor", "TabularEncoder"])
def test_links_of_html_representations(name, site):
    address = doc_link_template(str(site)).format(estimator_name=name)
    assert Path(address).is_file()


@pytest.mark.slow
def test_every_example_is_in_the_gallery(site):
    """With a picture, so it was run."""
    for example in (ROOT / "examples").glob("plot_*.py"):
        assert (site / "gallery" / f"{example.stem}.html").is_file(), example.stem
        assert (site / "_images" / f"sphx_glr_{example.stem}_thumb.png").is_file(), example.stem


def test_these_checks_can_fail(tmp_path):
    """A site with one fault of each kind, and one of each kind that is right."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here">1</a><a href="sub/">2</a><a href="https://skann.example/x">3</a>'
        '<img src="data:image/png;base64,00"><a href="#gone">4</a><a href="no.html">5</a><img src="no.png">'
        '<script src="https://skann.example/x.js"></script>'
    )
    (tmp_path / "sub" / "index.html").write_text('<a href="../a.html#here">1</a><a href="../a.html#no">2</a>')
    assert sorted(faults(tmp_path.resolve())) == [
        "a.html: #gone",
        "a.html: https://skann.example/x.js",
        "a.html: no.html",
        "a.html: no.png",
        "sub/index.html: ../a.html#no",
    ]
