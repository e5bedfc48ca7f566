"""Docstrings: everything public has one, those of the estimators are complete, and stand in full in the source."""

import ast
import html
import inspect
import re
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils import estimator_html_repr

import skann
from skann import ANNClassifier, ANNRegressor
from skann._estimator import Estimator, doc_link_template
from skann.engine.activations import ACTIVATIONS, Tanh
from skann.engine.initializers import INITIALIZERS
from skann.engine.losses import LOSSES, SquaredError
from skann.engine.optimizers import OPTIMIZERS, Adam
from skann.engine.schedules import SCHEDULES
from skann.estimators import docstrings
from skann.estimators import entries as texts
from tests.data import BOTH

PACKAGE = Path(skann.__file__).parent
TREES = {str(path.relative_to(PACKAGE)): ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}
SOURCES = pytest.mark.parametrize("path", TREES)


def public(body):
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [node for node in body if isinstance(node, kinds) and not node.name.startswith("_")]


FOR_USERS = ("engine/", "callbacks/__init__", "encoding/encoder", "plotting/", "onnx/__init__", "learning_rate")
PUBLIC = pytest.mark.parametrize("path", [path for path in TREES if path.startswith(FOR_USERS)])


@SOURCES
def test_modules_have_docstrings(path):
    assert ast.get_docstring(TREES[path]) or not TREES[path].body


@PUBLIC
def test_classes_and_functions_have_docstrings(path):
    for node in public(TREES[path].body):
        assert ast.get_docstring(node), node.name


@PUBLIC
def test_methods_have_docstrings(path):
    """Of their own, in another class of the module, or in a contract, which speaks for all classes.

    It stands at the top of the module or of its package.
    """
    tops = [TREES[path], TREES[str(Path(path).with_name("__init__.py"))] if "/" in path else TREES[path]]
    contract = " ".join((ast.get_docstring(top) or "").partition("Contract\n---")[2] for top in tops)
    stated = set(re.findall(r"\w+", " ".join(re.findall(r"``(.*?)``", contract))))
    classes = [node for node in public(TREES[path].body) if isinstance(node, ast.ClassDef)]
    stated |= {method.name for node in classes for method in public(node.body) if ast.get_docstring(method)}
    assert not {f"{node.name}.{method.name}" for node in classes for method in public(node.body)
                if method.name not in stated}  # fmt: skip


def section(docstring, title):
    """The lines of one section of a numpydoc docstring."""
    match = re.search(rf"^{title}\n-+\n(.*?)(?=^[A-Z][A-Za-z ]+\n---|\Z)", docstring, re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


def entries(docstring, title):
    """Names and descriptions of the entries of a section."""
    found = re.findall(r"^(\w[\w, ]*) : (.+)((?:\n(?: .*)?)*)", section(docstring, title), re.MULTILINE)
    return {name: (kind, text.strip()) for names, kind, text in found for name in names.split(", ")}


@pytest.fixture(scope="module", params=[ANNClassifier, ANNRegressor])
def fitted(request):
    X = [[i / 15 - 1, i % 3 - 1] for i in range(30)]
    return request.param((3,), "tanh", solver="lbfgs").fit(X, [i // 15 for i in range(30)])


def test_parameters_are_documented(fitted):
    """All of them, in the order of the signature, with a type, the default and a sentence."""
    documented = entries(inspect.getdoc(type(fitted)), "Parameters")
    signature = inspect.signature(type(fitted)).parameters
    assert list(documented) == list(signature)
    for name, parameter in signature.items():
        kind, text = documented[name]
        default = re.search(r"default=(.+)$", kind)
        assert default, name
        assert ast.literal_eval(default[1]) == parameter.default, name
        assert text, name


def test_attributes_are_documented(fitted):
    documented = entries(inspect.getdoc(type(fitted)), "Attributes")
    ensemble = type(fitted)((3,), n_estimators=2, max_iter=1).fit([[i] for i in range(60)], [i % 2 for i in range(60)])
    attributes = vars(fitted) | vars(ensemble)
    names = {name for name in attributes if name.endswith("_") and not name.startswith("_")}
    names |= {name for name, value in vars(type(fitted)).items() if isinstance(value, property) and name.endswith("_")}
    assert names <= set(documented)
    assert all(text for _, text in documented.values())


def test_methods_are_documented(fitted):
    """Every public method that skann defines: its parameters with types, and what it returns."""
    for name in dir(type(fitted)):
        if name.startswith("_"):
            continue
        method = getattr(fitted, name, None)
        if not inspect.ismethod(method) or not method.__module__.startswith("skann"):
            continue
        docstring = inspect.getdoc(method) or ""
        parameters = [each for each in inspect.signature(method).parameters if each != "self"]
        assert docstring, name
        assert list(entries(docstring, "Parameters")) == parameters, name
        source = inspect.getsource(method)
        assert bool(section(docstring, "Returns")) is bool(re.search(r"\breturn \S", source)), name


# ------------------------------------------------------------------------- docstrings that the script has written


@pytest.mark.parametrize("path", docstrings.FILES)
def test_docstrings_are_not_stale(path):
    source = (PACKAGE / "estimators" / path).read_text("utf-8")
    assert docstrings.written(source) == source, "make docstrings writes them anew"


def test_stale_docstrings_are_found_and_written_anew(monkeypatch):
    """Nothing else in the source changes, and a second run changes nothing."""
    source = (PACKAGE / "estimators" / "classifier.py").read_text("utf-8")
    monkeypatch.setattr(texts, "FIRST", "\nNothing matters.\n")
    stale = docstrings.written(source)
    assert stale != source
    assert "\n    Nothing matters.\n" in stale
    assert docstrings.written(stale) == stale
    monkeypatch.undo()
    assert docstrings.written(stale) == source


@BOTH
def test_editors_read_what_python_shows(Estimator):
    """Editors do not run the code: no decorator may change the docstring."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(Estimator)))
    node = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == Estimator.__name__)
    assert ast.get_docstring(node, clean=False) == Estimator.__doc__


@SOURCES
def test_no_placeholder_is_left(path):
    """No docstring has a line that is but a name in braces; none of a class has a name behind a dollar sign."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node) or ""
            assert not re.search(r"^\s*\{\w+\}\s*$", text, re.MULTILINE), text
            assert not (isinstance(node, ast.ClassDef) and re.search(r"\$[a-z]", text)), text


@BOTH
def test_parameters_stand_in_groups(Estimator):
    """The list before the section of parameters has each once, in the order of the signature."""
    summary = inspect.getdoc(Estimator).split("\nParameters\n---")[0]
    groups = re.findall(r"^- ([a-z ]+): ([\w,\s]+)[;.]$", summary, re.MULTILINE)
    assert [title for title, _ in groups] == [title.lower() for title in texts.GROUPS]
    assert [name for _, names in groups for name in names.replace(",", " ").split()] == list(
        inspect.signature(Estimator).parameters
    )


@BOTH
def test_five_parameters_come_first(Estimator):
    first = inspect.getdoc(Estimator).split("Five parameters matter most.")[1].split("\n\n")[0]
    names = re.findall(r"``(\w+)``", first)
    assert len(names) == 5
    assert set(names) <= set(inspect.signature(Estimator).parameters)


OPTIONS = {
    "activation": ACTIVATIONS,
    "solver": OPTIMIZERS,
    "initializer": INITIALIZERS,
    "learning_rate": SCHEDULES,
    "loss": {name: loss for name, loss in LOSSES.items() if "log_loss" not in name},
}


@BOTH
@pytest.mark.parametrize("parameter", OPTIONS)
def test_all_options_are_named(Estimator, parameter):
    options = ["log_loss"] if parameter == "loss" and Estimator is ANNClassifier else OPTIONS[parameter]
    assert not [name for name in options if f'"{name}"' not in docstrings.entry(parameter, Estimator.__name__)]


class Ramp:
    """Up along a line. More about it."""


class Square(SquaredError):
    """(raw - y)^2."""


PARTS = [
    ("activation", ACTIVATIONS, Tanh, f'"{list(ACTIVATIONS)[-1]}", "mine", or'),
    ("solver", OPTIMIZERS, Adam, '"sgd", "mine", "lbfgs"}'),
    ("learning_rate", SCHEDULES, Ramp, '- "mine": Up along a line. More about it;\n'),
    ("loss", LOSSES, Square, '- "mine": (raw - y)^2;\n'),
    ("initializer", INITIALIZERS, lambda n_in, n_out: 1, '- "mine"'),
]


@pytest.mark.parametrize("parameter, registry, part, expected", PARTS)
def test_parts_registered_at_run_time_have_a_place(monkeypatch, parameter, registry, part, expected):
    assert expected not in unwrapped(docstrings.entry(parameter))
    monkeypatch.setitem(registry, "mine", part)
    assert expected in unwrapped(docstrings.entry(parameter))


def unwrapped(text):
    """Each item of a list on one line, however long."""
    return re.sub(r"\n +(?![ -])", " ", text)


def test_html_shows_descriptions(fitted, monkeypatch):
    """scikit-learn reads them from the docstring: since 1.8 of each parameter, since 1.9 of each fitted attribute.

    It shows them where there is a site to link to.
    """
    monkeypatch.setattr(Estimator, "_doc_link_template", doc_link_template("https://skann.example"))
    tip = re.compile(r'--doc-link-(\w+);[^<]*<span class="param-doc-description"[^>]*>\s*(.*?)</span>', re.DOTALL)
    page = estimator_html_repr(fitted)
    expected = {}
    if "param-doc-description" in estimator_html_repr(LogisticRegression()):
        expected |= entries(inspect.getdoc(type(fitted)), "Parameters")
    if "fitted-att-type" in page:
        attributes = entries(inspect.getdoc(type(fitted)), "Attributes")
        expected |= {name: described for name, described in attributes.items() if hasattr(fitted, name)}
    shown = {name: html.unescape(text.replace("<br>", " ")).split() for name, text in tip.findall(page)}
    assert shown == {name: f"{name}: {kind} {text}".split() for name, (kind, text) in expected.items()}
