"""Type hints: everything public has them, they name the options that are allowed, and mypy holds users to them."""

import inspect
import subprocess
import sys
import tomllib
import types
import typing
from pathlib import Path

import pytest

import skann
from skann import callbacks as callbacks

PUBLIC = [getattr(skann, name) for name in skann.__all__ if name != "__version__"]
PUBLIC += [getattr(callbacks, name) for name in callbacks.__all__]
ESTIMATORS = [skann.ANNClassifier, skann.ANNRegressor, skann.TabularEncoder]


def functions():
    """All public functions and methods that skann defines, by their names."""
    for public in PUBLIC:
        members = inspect.getmembers(public) if isinstance(public, type) else [(public.__name__, public)]
        for name, member in members:
            member = inspect.unwrap(getattr(member, "__func__", member))
            is_public = name == "__init__" or not name.startswith("_")
            if is_public and inspect.isfunction(member) and member.__module__.startswith("skann."):
                yield pytest.param(member, id=member.__qualname__)


@pytest.mark.parametrize("function", list(functions()))
def test_every_parameter_and_result_has_a_hint(function):
    if function.__qualname__ == "CallbackSupportMixin.set_callbacks":
        pytest.skip("what stands in for scikit-learn's before 1.9")
    signature = inspect.signature(function)
    lacking = [
        p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name not in ("self", "cls")
    ]
    assert not lacking
    assert signature.return_annotation is not signature.empty


def strings(hint):
    """The strings that a hint allows, and whether it allows any."""
    if hint is str:
        return {...}
    if typing.get_origin(hint) is typing.Literal:
        return {each for each in typing.get_args(hint) if isinstance(each, str)}
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return set().union(*map(strings, typing.get_args(hint)))
    return set()


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_hints_name_the_options_that_are_checked(Estimator):
    """A new activation needs its name in `skann._typing`, or type checkers would refuse it."""
    hints = typing.get_type_hints(Estimator.__init__)
    for name, constraints in Estimator._parameter_constraints.items():
        options = [
            set(each.options) for each in constraints if all(isinstance(o, str) for o in getattr(each, "options", [0]))
        ]
        allowed = set().union(*options)
        assert strings(hints[name]) == ({...} if name == "scoring" else allowed), f"{name}: skann/_typing.py"


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_defaults_are_of_the_hinted_types(Estimator):
    hints = typing.get_type_hints(Estimator.__init__)
    for parameter in list(inspect.signature(Estimator).parameters.values()):
        hint = hints[parameter.name]
        kinds = typing.get_args(hint) or (hint,)
        default = parameter.default
        fits = type(default) in kinds or default in strings(hint) or (isinstance(default, int) and float in kinds)
        assert fits, parameter


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_signatures_are_short(Estimator):
    """`help` and notebooks print them: types have names in them, not the unions that they stand for."""
    printed = str(inspect.signature(Estimator))
    assert len(printed) < 1780
    assert "Union" not in printed or Estimator is skann.TabularEncoder


GOOD = """
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from scipy import sparse
from skann import ANNClassifier, ANNRegressor, LossCurveDisplay, TabularEncoder, find_learning_rate
from skann.callbacks import Checkpoint, EarlyStopping
from skann.engine.activations import Tanh

X, y = np.zeros((20, 2)), np.zeros(20)
model = ANNClassifier((8, 4), ["relu", Tanh()], alpha=0, dropout=[0.1, 0.2], max_iter=5, class_weight={0: 1, 1: 2.0})
proba = model.fit(X, y, X_val=[[0.0, 1.0]], y_val=[0]).predict_proba(X)
best: float = proba.max() + model.temperature_ + sum(weights.sum() for weights in model.coefs_)
regressor = ANNRegressor(8, loss="quantile", quantile=[0.1, 0.9], learning_rate=lambda t: 0.1, encoder=TabularEncoder())
regressor.fit(pd.DataFrame(X), pd.Series(y)).partial_fit(pl.DataFrame(X), pl.Series(y)).predict(sparse.csr_array(X))
reveal_type(regressor.fit(X, y))
reveal_type(TabularEncoder().fit_transform(pl.DataFrame(X)).shape)
display = LossCurveDisplay.from_estimator(model, line_kw={"color": "k"}).plot(learning_rate=False)
model.set_callbacks(Checkpoint(Path("x")), EarlyStopping(X, y, mode="min"))
find_learning_rate(model, X.tolist(), ["a", "b"], n_steps=20)
"""

BAD = [
    'ANNClassifier(solver="adm")',
    'ANNClassifier(8, "rleu")',
    'ANNRegressor(loss="log_loss")',
    "ANNRegressor(calibration=None)",
    'ANNClassifier(max_iter="100")',
    "ANNClassifier().fit()",
    "ANNClassifier().fit(None, y)",
    "ANNClassifier().fit(X, y, X_test=X)",
    "ANNClassifier().partial_fit(X, y, class_=[0])",
    "ANNRegressor().predict(X).items()",
    'TabularEncoder(high_cardinality="one_hot")',
    'EarlyStopping(X, y, mode="maximum")',
    "ANNClassifier(activation=print)",
]


def check(code, folder):
    """What mypy says of a program that uses skann."""
    program = folder / "program.py"
    program.write_text(code)
    options = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent", "--cache-dir", folder / "cache"]
    command = [sys.executable, "-m", "mypy", *options, program]
    run = subprocess.run(command, capture_output=True, text=True, cwd=Path(skann.__file__).parents[1])
    return run.stdout


@pytest.mark.slow
def test_a_program_that_uses_skann(tmp_path):
    """Correct code passes, and each mistake is found, in its line."""
    pytest.importorskip("mypy", reason="make lint installs it")
    said = check(GOOD, tmp_path)
    assert "error" not in said, said
    assert 'Revealed type is "skann.estimators.regressor.ANNRegressor"' in said
    header = GOOD.split("model =")[0]
    said = check(header + "\n".join(BAD), tmp_path)
    wrong = {int(line.split(":")[1]) - header.count("\n") for line in said.splitlines() if ": error:" in line}
    assert wrong == set(range(1, len(BAD) + 1)), said


def test_the_marker_of_typed_packages_is_shipped():
    root = Path(skann.__file__).parents[1]
    shipped = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert "py.typed" in shipped["skann"]
    assert (root / "skann" / "py.typed").exists()
