"""What pyproject.toml and the files beside it say: each thing once, and nothing that another file contradicts."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import skann
from skann._estimator import DOCS

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = {  # extra -> what it asks for
    name: [Requirement(line) for line in lines] for name, lines in PROJECT["optional-dependencies"].items()
}
OF_EXTRAS = [each for asked_for in EXTRAS.values() for each in asked_for]


def read(name):
    return (ROOT / name).read_text("utf-8")


def brought(extra):
    """The packages that an extra brings, also by the extras that it names."""
    found = set()
    for each in EXTRAS[extra]:
        found |= set.union(*map(brought, each.extras)) if each.name == "skann" else {canonicalize_name(each.name)}
    return found


def test_no_package_is_asked_for_twice():
    names = [canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]]
    names += [canonicalize_name(each.name) for each in OF_EXTRAS if each.name != "skann"]
    assert sorted(names) == sorted(set(names))


def test_extras_name_extras():
    """Those that there are, and no circle of them, which `brought` would not come out of."""
    named = {name for each in OF_EXTRAS if each.name == "skann" for name in each.extras}
    assert named <= EXTRAS.keys()
    assert brought("plot") == {"matplotlib"}
    assert brought("data") == {"pandas", "pyarrow"}
    assert {"matplotlib", "rich", "onnx", "skl2onnx", "pyarrow", "pandas", "pytest"} <= brought("test")
    assert all(map(brought, EXTRAS))


def test_one_version_everywhere():
    """In the package, at the head of the changelog and in the citation, with one date; or there are changes on top."""
    version, date = re.search(r"^## (\d\S*) - (\d{4}-\d\d-\d\d)$", read("CHANGELOG.md"), re.MULTILINE).groups()
    assert skann.__version__ == version
    citation = dict(re.findall(r"^([\w-]+): (.+)$", read("CITATION.cff"), re.MULTILINE))
    assert (citation["version"], citation["date-released"]) == (version, date)
    assert citation["license"] == PROJECT["license"]
    assert citation["title"] == PROJECT["name"]


def test_unreleased_changes_are_changes():
    assert not re.search(r"^## Unreleased\n+(## |\Z)", read("CHANGELOG.md"), re.MULTILINE)


def test_one_list_of_pythons():
    """In the classifiers, in the workflow and in the range of `requires-python`, which is open above."""
    listed = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["classifiers"]))
    (matrix,) = re.findall(r"^ +python: \[(.+)\]$", read(".github/workflows/ci.yml"), re.MULTILINE)
    assert re.findall(r"3\.\d+", matrix) == listed
    assert all(version in SpecifierSet(PROJECT["requires-python"]) for version in listed)
    assert "3.10" not in SpecifierSet(PROJECT["requires-python"])


def test_the_address_of_the_site_is_that_of_the_metadata():
    """Both are empty until it is published."""
    assert PROJECT.get("urls", {}).get("Documentation", "") == DOCS
