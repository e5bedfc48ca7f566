"""The rules of the design, read off the source: who imports whom, no option strings, no state."""

import ast
import importlib
import inspect
import re
import sys
import textwrap
from pathlib import Path

import pytest

import skann

PACKAGE = Path(skann.__file__).parent
TREES = {str(path.relative_to(PACKAGE)): ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}
ENGINE = {path.removeprefix("engine/").removesuffix(".py"): TREES[path] for path in TREES if path.startswith("engine/")}
FLOORS = [  # of the package, from the ground up: a room imports from its own folder and from lower floors
    {"_compat", "_estimator", "_first_rows", "_objects", "_parts", "_report", "_threads", "_typing"}
    | {"_version", "_weights"},
    {"engine"},
    {"targets", "plotting"},
    {"encoding"},
    {"fitting"},
    {"callbacks", "learning_rate_finder"},
    {"estimators"},
    {"onnx", "inspection", "data", "dask"},
    {"__init__", "__main__"},
]
FLOOR = {room: i for i, floor in enumerate(FLOORS) for room in floor}
ENGINE_FLOORS = {  # of the engine: what a module may import from it; the others know nobody
    "layers": ("initializers", "activations"), "network": ("layers",), "objective": ("network",),
    "losses/__init__": ("classification", "identity_link", "log_link"),
    "losses/classification": ("mean",), "losses/identity_link": ("mean",), "losses/log_link": ("mean",),
    "embeddings": ("layers", "parts"), "monotone": ("initializers", "layers", "parts"),
    "additive": ("activations", "initializers", "layers"), "evaluation": ("network", "rows"),
    "paths": ("embeddings", "evaluation", "layers", "rows"),
    "blocks": ("rows",), "calibration": ("evaluation",), "callbacks": ("evaluation",),
    "training": ("evaluation", "objective", "rows", "run", "stepping"),
}  # fmt: skip
PRIVATE = re.compile(r"_skl_callbacks|_callback_fit_ctx|_parent_callback_ctx|_init_callback_context|_repr_html_inner")
SOURCES = pytest.mark.parametrize("path", TREES)
MODULES = pytest.mark.parametrize("module", ENGINE)


def imports(tree):
    """What a module of skann/engine imports anywhere: (modules of the engine, other packages)."""
    inside, outside = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            outside |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1, "the engine looks at nothing above it"
            if node.level == 0:
                outside.add(node.module.split(".")[0])
            else:
                inside |= {node.module} if node.module else {alias.name for alias in node.names}
    return inside, outside


def inside(path):
    """The modules of skann that a module imports anywhere, as tuples of their parts."""
    parts = path.removesuffix(".py").split("/")
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*parts[: len(parts) - node.level], *(node.module or "").split(".")]
            base = [part for part in base if part]
            for alias in node.names:
                longer = "/".join([*base, alias.name])
                is_module = f"{longer}.py" in TREES or f"{longer}/__init__.py" in TREES
                yield tuple([*base, alias.name] if is_module else base)
        assert not (isinstance(node, ast.ImportFrom) and not node.level and node.module.startswith("skann"))


@SOURCES
def test_every_import_goes_down(path):
    """To a lower floor of the house, or to another module of the same room."""
    room = path.removesuffix(".py").split("/")[0]
    for target in inside(path):
        is_inside = target[0] == room or {target[0], room} <= FLOORS[0]
        assert is_inside or FLOOR[target[0]] < FLOOR[room], (path, target)


def test_rooms_are_free_of_circles():
    """Also inside a room, with imports in functions: there is an order in which each module knows those before it."""
    modules = {tuple(path.removesuffix(".py").removesuffix("/__init__").split("/")): path for path in TREES}
    needs = {name: {each for each in inside(path) if each in modules} - {name} for name, path in modules.items()}
    done: set = set()
    while len(done) < len(needs):
        ready = {name for name, others in needs.items() if others <= done} - done
        assert ready, {name: others - done for name, others in needs.items() if name not in done}
        done |= ready


@SOURCES
def test_private_names_of_others_are_in_one_file_each(path):
    """Those of scikit-learn in _compat.py, of skl2onnx in onnx/compat.py."""
    owners = {"sklearn": "_compat.py", "skl2onnx": "onnx/compat.py"}
    for node in ast.walk(TREES[path]):
        names = []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            package, *parts = name.split(".")
            if package in owners and any(part.startswith("_") and not part.startswith("__") for part in parts):
                assert path == owners[package], name
    if path != "_compat.py":
        assert not PRIVATE.search((PACKAGE / path).read_text()), PRIVATE.search((PACKAGE / path).read_text())


@MODULES
def test_engine_needs_numpy_and_scipy_only(module):
    assert imports(ENGINE[module])[1] <= {"numpy", "scipy"} | sys.stdlib_module_names


@MODULES
def test_engine_imports_run_one_way(module):
    """Leaves know nobody; each floor knows those below it."""
    assert imports(ENGINE[module])[0] <= set(ENGINE_FLOORS.get(module, ()))


@MODULES
def test_engine_sees_no_option_strings(module):
    """No comparison with a string, no match on one, no test for str: names become objects before they get here.

    Excepted is the one series of `Run.history` whose smaller values are the better ones.
    """
    allowed = {"loss"} if module == "callbacks" else set()
    found = set()
    for node in ast.walk(ENGINE[module]):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            found |= {x.value for x in (node.left, *node.comparators) if _is_string(x)}
        elif isinstance(node, ast.Compare) and any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
            for options in node.comparators:
                if isinstance(options, ast.Tuple | ast.List | ast.Set):
                    found |= {x.value for x in options.elts if _is_string(x)}
        elif isinstance(node, ast.MatchValue) and _is_string(node.value):
            found.add(node.value.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
            found |= {"str"} if "str" in {getattr(x, "id", "") for x in ast.walk(node.args[1])} else set()
    assert found <= allowed


def _is_string(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_the_engine_never_reads_registries():
    """Looking a class up by its name is the estimators' business."""
    for module, tree in ENGINE.items():
        loads = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        assert not loads & {"ACTIVATIONS", "EMBEDDINGS", "LOSSES", "INITIALIZERS", "OPTIMIZERS", "SCHEDULES"}, module


def classes(path):
    """The classes that a module defines."""
    name = path.removesuffix(".py").replace("/", ".").removesuffix("__init__").strip(".")
    module = importlib.import_module(f"skann.{name}".strip("."))
    return [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]


def methods(cls):
    """The methods that a class defines, but dunders: {name: function}."""
    found = {name: getattr(each, "fget", None) or getattr(each, "__func__", each) for name, each in vars(cls).items()}
    return {name: each for name, each in found.items() if inspect.isfunction(each) and not name.startswith("__")}


def is_open(function):
    """Whether a method is there to be overridden: it is abstract, or an event of a callback that does nothing."""
    if getattr(function, "__isabstractmethod__", False):
        return True
    statements = [ast.unparse(each) for each in ast.parse(textwrap.dedent(inspect.getsource(function))).body[0].body]
    done = [statement for statement in statements if statement[0] not in "'\""]
    return done == ["raise NotImplementedError"] or (function.__name__ in EVENTS and done in EMPTY)


EVENTS = (
    "on_fit_begin", "on_epoch_begin", "on_rows", "on_epoch_end", "on_fit_end", "get_state", "setup", "teardown",
    "on_fit_task_begin", "on_fit_task_end",
)  # fmt: skip
EMPTY = ([], ["pass"], ["return False"], ["return {}"])


@SOURCES
def test_methods_are_abstract_or_final(path):
    """No class overrides a concrete method of another of skann; dunders and empty events of callbacks excepted."""
    if path.startswith(("onnx", "dask")):
        pytest.importorskip(f"skann.{path[:4]}")
    overridden = {
        f"{cls.__name__}.{name} overrides that of {base.__name__}"
        for cls in classes(path)
        for base in cls.__mro__[1:]
        if base.__module__.startswith("skann")
        for name in methods(cls).keys() & methods(base).keys()
        if not is_open(methods(base)[name])
    }
    assert not overridden


MUTABLE = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp, ast.Call, ast.BinOp)


def module_variables(tree):
    """Name and value of the assignments at module level, but of names for types."""
    for node in tree.body:
        is_alias = isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias"
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and not is_alias:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        yield name.id, node.value


@SOURCES
def test_modules_hold_constants_only(path):
    """What could change is written in capitals, as a constant: registries, tables; excepted is _threads.py."""
    if path == "_threads.py":
        return
    for name, value in module_variables(TREES[path]):
        assert name.isupper() or name.strip("_") in ("all", "version") or not isinstance(value, MUTABLE), name


def module_constants(tree):
    """The names in capitals that a module defines or imports; a parameter W of a function is none."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return {name for name in names if name.isupper()}


@SOURCES
def test_functions_leave_constants_alone(path):
    """No ``global`` but in _threads.py, no assignment into an object in capitals, no call that changes it."""
    changing = {
        "append",
        "extend",
        "insert",
        "pop",
        "update",
        "clear",
        "remove",
        "add",
        "setdefault",
        "sort",
        "discard",
    }
    constants = module_constants(TREES[path])
    for node in ast.walk(TREES[path]):
        assert path == "_threads.py" or not isinstance(node, ast.Global), "global"
        targets = []
        if isinstance(node, ast.Assign | ast.Delete):
            targets = node.targets
        elif isinstance(node, ast.AugAssign):
            targets = [node.target]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in changing:
            targets = [node.func]
        for target in targets:
            owner = getattr(target, "value", None)
            assert not (isinstance(owner, ast.Name) and owner.id in constants), ast.unparse(node)


# ------------------------------------------------------------------------------------- who knows whom above the engine


@pytest.mark.parametrize("path", [path for path in TREES if path.startswith("encoding/")])
def test_encoding_takes_no_estimator(path):
    """Its functions get an encoder, X and y, and return what they find: the estimator keeps its own state."""
    for node in ast.walk(TREES[path]):
        assert not (isinstance(node, ast.arg) and node.arg in ("estimator", "model")), ast.unparse(node)


@pytest.mark.parametrize("path", [path for path in TREES if path.startswith("onnx/")])
def test_onnx_reads_no_private_attribute(path):
    private = {node.attr for node in ast.walk(TREES[path]) if isinstance(node, ast.Attribute) and node.attr[0] == "_"}
    assert {name for name in private if not name.startswith("__")} == set()


def test_private_names_of_skl2onnx_are_in_one_file():
    found = set()
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("skl2onnx"):
                names = [*node.module.split("."), *(alias.name for alias in node.names)]
                found |= {path for name in names if name.startswith("_")}
    assert found == {"onnx/compat.py"}


def test_settings_never_change():
    """Nothing in skann assigns to an attribute of an object called settings."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else []
            targets = [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else targets
            for target in targets:
                owner = getattr(target, "value", None)
                name = getattr(owner, "id", getattr(owner, "attr", ""))
                assert not (isinstance(target, ast.Attribute) and name == "settings"), (path, ast.unparse(node))


def test_warnings_of_a_fit_are_given_in_one_place():
    """One stacklevel that counts the functions of a fit; elsewhere it is that of the caller, or of a wrapped method."""
    levels = {
        (path, ast.unparse(node.value))
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "stacklevel" and ast.unparse(node.value) not in "12"
    }
    of_fits = {("estimators/base.py", "OF_THE_CALL"), ("dask/base.py", "OF_THE_CALL")}
    assert levels == of_fits | {("encoding/encoder.py", "OF_A_WRAPPED_CALL")}
