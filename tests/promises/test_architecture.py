"""The rules of the design, read off the source: who imports whom, no option strings, no state."""

import ast
import sys
from pathlib import Path

import pytest

import skann

PACKAGE = Path(skann.__file__).parent
TREES = {str(path.relative_to(PACKAGE)): ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}
ENGINE = {path.removeprefix("engine/").removesuffix(".py"): TREES[path] for path in TREES if path.startswith("engine/")}
LEAVES = (
    "activations",
    "averaging",
    "losses",
    "initializers",
    "optimizers",
    "schedules",
    "rows",
    "scores",
    "stepping",
    "sweep",
)
FLOORS = {
    "layers": ("initializers", "activations"), "network": ("layers",), "objective": ("network",),
    "embeddings": ("layers",), "evaluation": ("network", "rows"),
    "calibration": ("evaluation",), "callbacks": ("evaluation",),
    "training": ("evaluation", "objective", "rows", "stepping"),
}  # fmt: skip
MAY_IMPORT = {name: set(FLOORS.get(name, ())) for name in ("__init__", *LEAVES, *FLOORS)}
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


def test_every_module_has_its_place():
    assert set(ENGINE) == set(MAY_IMPORT)


@MODULES
def test_engine_needs_numpy_and_scipy_only(module):
    assert imports(ENGINE[module])[1] <= {"numpy", "scipy"} | sys.stdlib_module_names


@MODULES
def test_engine_imports_run_one_way(module):
    """Leaves know nobody; each floor knows those below it."""
    assert imports(ENGINE[module])[0] <= MAY_IMPORT[module]


def test_the_rules_are_free_of_circles():
    done = set()
    while len(done) < len(MAY_IMPORT):
        ready = {module for module, needs in MAY_IMPORT.items() if needs <= done} - done
        assert ready
        done |= ready


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
        assert not loads & {"ACTIVATIONS", "LOSSES", "INITIALIZERS", "OPTIMIZERS", "SCHEDULES"}, module


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
