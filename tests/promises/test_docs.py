"""The README and the pages in docs/: names exist, links lead somewhere, code runs and prints what the page shows."""

import ast
import contextlib
import importlib
import io
import pkgutil
import re
from pathlib import Path

import pytest

from skann._compat import has_callbacks
from skann.engine.activations import ACTIVATIONS
from skann.engine.initializers import INITIALIZERS
from skann.engine.losses import LOSSES
from skann.engine.optimizers import OPTIMIZERS
from skann.engine.schedules import SCHEDULES

DOCS = Path(__file__).parents[2] / "docs"
README = DOCS.parent / "README.md"
MADE = ("changelog.md", "contributing.md")  # by the build of the site, from files elsewhere
PAGES_IN_DOCS = [page for page in sorted(DOCS.glob("*.md")) if page.name not in MADE]
OF_CALLBACKS = ("callbacks.md",)
PAGES = pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page,
            marks=pytest.mark.skipif(
                page.name in OF_CALLBACKS and not has_callbacks(), reason="callbacks need scikit-learn 1.9"
            ),
            id=page.name,
        )
        for page in [README, *PAGES_IN_DOCS]
    ],
)

NAME = re.compile(r"\b(?:skann|sklearn)(?:\.[A-Za-z_]\w*)+")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
EXCERPT = re.compile(r"^```\{literalinclude\} (\S+)\n((?::.*\n)*)```$", re.M)
PICTURE = re.compile(r"^```\{figure\} /pictures/(\w+)\.svg$", re.M)
HEADING = re.compile(r"^#+ (.*)$", re.M)
CODE = re.compile(r"^```python\n(.*?)^```\n(?:\n*^```text\n(.*?)^```\n)?", re.M | re.S)


def wrong_names(text):
    """The dotted names in ``text`` that stand for nothing."""
    wrong = []
    for name in sorted(set(NAME.findall(text))):
        try:
            pkgutil.resolve_name(name)
        except (ImportError, AttributeError) as error:
            if name.startswith("sklearn.callback") and not has_callbacks():
                continue
            of_dask = name.startswith("skann.dask") and getattr(error, "name", None) in ("dask", "distributed")
            if not (of_dask and name.rpartition(".")[2] in ["dask", *names_of_dask()]):
                wrong.append(name)
    return wrong


def names_of_dask():
    """The public names of `skann.dask`, also where Dask is missing."""
    tree = ast.parse((DOCS.parent / "skann" / "dask" / "__init__.py").read_text("utf-8"))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"]
    return ast.literal_eval(assigned[0].value)


def dead_links(page):
    """The relative links of a page whose file, or heading in it, does not exist."""
    dead = []
    for file, anchor in LINK.findall(page.read_text("utf-8")):
        target = (page.parent / file) if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(f"{file}#{anchor}")
    return dead


def wrong_excerpts(page):
    """The excerpts of the code on a page, file and object, that hold nothing: as the build of the site, without it."""
    wrong = []
    for file, options in EXCERPT.findall(page.read_text("utf-8")):
        given = dict(re.findall(r"^:([\w-]+): (.*)$", options, re.M))
        path = page.parent / file
        lines = lines_of(given.get("pyobject", ""), path.read_text("utf-8")) if path.exists() else []
        for option, part in (("start-at", lambda at: slice(at, None)), ("end-at", lambda at: slice(at + 1))):
            if option in given:
                at = next((i for i, line in enumerate(lines) if given[option] in line), None)
                lines = [] if at is None else lines[part(at)]
        if not lines:
            wrong.append(f"{file} {given.get('pyobject')}")
    return wrong


def lines_of(name, source):
    """The lines of a class, function or method, with dots in its name; none if it does not exist."""
    found = ast.parse(source)
    for part in name.split("."):
        found = next((each for each in found.body if getattr(each, "name", None) == part), None)
        if found is None:
            return []
    return source.splitlines()[found.lineno - 1 : found.end_lineno]


def anchors(page):
    """The anchors that GitHub gives to the headings of a page."""
    headings = HEADING.findall(page.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def run(page):
    """Run the ``python`` blocks of a page in one namespace; a ``text`` block right behind one is what it prints."""
    text = page.read_text("utf-8")
    namespace = {"__name__": page.stem}
    for block in CODE.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile("\n" * line + block[1], str(page), "exec"), namespace)  # tracebacks point into the page
        assert printed.getvalue() == (block[2] or ""), f"what the code in line {line} prints"


@PAGES
def test_names_exist(page):
    """Modules, classes, methods and functions, skann's and scikit-learn's."""
    assert not wrong_names(page.read_text("utf-8"))


@PAGES
def test_links_lead_somewhere(page):
    """Files and headings; links to other sites are not followed."""
    assert not dead_links(page)


def test_contributing_names_what_exists():
    """Modules and classes, but for the one that its walk adds, files and headings; `test_walk.py` tries its code."""
    page = DOCS.parent / "CONTRIBUTING.md"
    assert set(wrong_names(page.read_text("utf-8"))) <= {"skann.engine.activations.Softsign"}
    assert not dead_links(page)


@PAGES
def test_excerpts_exist(page):
    """Each shows lines of an object that is there."""
    assert not wrong_excerpts(page)


@PAGES
def test_pictures_exist(page):
    """Each picture of a formula has a function that draws it."""
    drawn = ast.parse((DOCS / "_ext" / "pictures.py").read_text("utf-8"))
    names = next(node.value for node in ast.walk(drawn) if ast.unparse(node).startswith("PICTURES ="))
    assert {key.value for key in names.keys} >= set(PICTURE.findall(page.read_text("utf-8")))


@PAGES
@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_code_runs(page, tmp_path, monkeypatch):
    """Each page is a program, and what it writes goes elsewhere."""
    monkeypatch.chdir(tmp_path)
    run(page)


def test_index_lists_every_page():
    """No page that nobody finds: each is in the user guide or in the table of contents of the home page."""
    home, guide = ((DOCS / name).read_text("utf-8") for name in ("index.md", "user_guide.md"))
    listed = {file for file, _ in LINK.findall(guide)} | {f"{name}.md" for name in home.split("{toctree}")[1].split()}
    assert {page.name for page in PAGES_IN_DOCS} - {"index.md"} <= listed


def test_tables_are_complete():
    """Each activation, loss, optimizer, schedule and initializer has its row."""
    text = (DOCS / "mathematics.md").read_text("utf-8")
    names = [f'`"{name}"`' for name in (*ACTIVATIONS, *SCHEDULES, *INITIALIZERS)]
    classes = [f"`{cls.__module__}.{cls.__name__}`" for cls in (*LOSSES.values(), *OPTIMIZERS.values())]
    assert not [name for name in names + classes if name not in text], "the tables in docs/mathematics.md"


@pytest.mark.parametrize("name", ["bench_parameters", "bench_stacking"])
def test_tables_are_those_of_the_raw_results(name, monkeypatch):
    """What a benchmark writes into its page, from results in the repository."""
    monkeypatch.syspath_prepend(DOCS.parent / "benchmarks")
    script = importlib.import_module(name)
    page = script.PAGE.read_text("utf-8")
    assert all("\n".join(lines) in page for lines in script.tables().values())


def test_the_page_of_benchmarks_and_the_tables_of_the_readme_are_those_of_the_raw_results(monkeypatch):
    monkeypatch.syspath_prepend(DOCS.parent / "benchmarks")
    for path, text in importlib.import_module("page").texts().items():
        assert path.read_text("utf-8") == text, f"{path}: run python benchmarks/page.py"


def test_the_readme_can_have_absolute_links(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "_ext")
    absolute = importlib.import_module("absolute").absolute
    text = "[a](docs/a.md) ![b](b.svg) [c](https://c) [d](#d)"
    expected = "[a](https://files/docs/a.md) ![b](https://raw/b.svg) [c](https://c) [d](#d)"
    assert absolute(text, "https://files/", "https://raw") == expected
    assert not re.search(r"\]\((?!https:|#)", absolute(README.read_text("utf-8"), "https://files", "https://raw"))


EXCERPTS = [
    ("a", ":pyobject: A.f\n:start-at: x = 1\n:end-at: return\n"),
    ("a", ":pyobject: A.g\n"),
    ("b", ":pyobject: A\n"),
    ("a", ":pyobject: A.f\n:start-at: y =\n"),
    ("a", ":pyobject: A.f\n:start-at: return\n:end-at: x = 1\n"),
    ("a", ":start-at: x = 1\n"),
]


def test_these_checks_can_fail(tmp_path):
    """A page with one fault of each kind."""
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading\n`skann.engine.layers.Dense` `skann.engine.layers.Sparse` [a](no.md) [b](#a-heading) [c](#none)\n"
        "```python\nx = 1\n```\n\n```python\nprint(x + 1)\n```\n\n```text\n3\n```\n"
    )
    assert wrong_names(page.read_text()) == ["skann.engine.layers.Sparse"]
    assert dead_links(page) == ["no.md#", "#none"]
    assert not wrong_excerpts(page)
    with pytest.raises(AssertionError, match="line 7"):
        run(page)
    page.write_text(page.read_text().replace("\n3\n", "\n2\n"))
    run(page)
    page.write_text("".join(f"```{{literalinclude}} {file}.py\n{options}```\n" for file, options in EXCERPTS))
    (tmp_path / "a.py").write_text("class A:\n    def f(self):\n        x = 1\n        return x\n")
    assert wrong_excerpts(page) == ["a.py A.g", "b.py A", "a.py A.f", "a.py A.f", "a.py None"]
    page.write_text("```python\nraise KeyError\n```\n")
    with pytest.raises(KeyError):
        run(page)
