"""The shape of the code: which imports are allowed where, how long things get, what is never written."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PACKAGE = TOP / "harness"
SOURCES = sorted(PACKAGE.rglob("*.py"))
CODE = sorted([*SOURCES, *(TOP / "tests").rglob("*.py"), *(TOP / "experiments").rglob("*.py")])

ROOMS = (
    *("values", "classifiers", "serving", "corpora", "splits", "scoring", "config", "evaluation"),
    *("reports", "tracking", "audits", "articles", "explorer", "runs", "cli"),
)
"""The rooms of the package. A room imports from those before it, never from a later one."""

HEAVY = {"datasets", "mlflow", "onnx", "onnxruntime", "pandas", "scipy", "sklearn", "torch", "transformers"}
OF_MLFLOW = {"serving", "tracking"}
NEEDS_TORCH_AT_ONCE = {
    f"classifiers/{name}.py" for name in ("encoder/network", "encoder/training", "zero_shot/network")
}
"""They define subclasses of what torch defines; what imports them does so inside a function."""

LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 70
LINES_OF_A_BODY = 60
MEANINGLESS = {"base", "common", "core", "helper", "helpers", "manager", "misc", "util", "utils"}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules(node: ast.AST) -> Iterator[str]:
    """Yield what a statement imports; ``from harness import values`` imports ``harness.values``."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wrong_ways(importer: str, source: ast.AST) -> list[str]:
    """Return the imports of a room from later rooms."""
    rooms = {
        module.split(".")[1]
        for node in ast.walk(source)
        for module in modules(node)
        if module.startswith("harness.")
    }
    # Attributes of the package itself, such as its version, belong to no room.
    others = (rooms & set(ROOMS)) - {importer}
    return sorted(
        f"{importer} imports {name}" for name in others if ROOMS.index(name) > ROOMS.index(importer)
    )


def edges(sources: dict[str, str]) -> dict[str, set[str]]:
    """Return which module imports which, from modules and their sources; imports for types count too."""
    graph = {}
    for name, text in sources.items():
        imported = {module for node in ast.walk(ast.parse(text)) for module in modules(node)}
        # ``from harness.a import b`` imports the module harness.a.b, or else a name in harness.a.
        graph[name] = {
            module if module in sources else module.rpartition(".")[0] for module in imported
        } & set(sources) - {name}
    return graph


def circles(graph: dict[str, set[str]]) -> list[str]:
    """Return the modules that import each other, directly or through others."""
    rest = dict(graph)
    # What imports nothing that remains is in no circle, nor is what nothing that remains imports.
    while leaves := [name for name, imported in rest.items() if not imported & set(rest)]:
        for name in leaves:
            del rest[name]
    while roots := [name for name in rest if not any(name in imported for imported in rest.values())]:
        for name in roots:
            del rest[name]
    return sorted(rest)


def at_once(node: ast.AST) -> Iterator[str]:
    """Yield what is imported with the module itself; imports for types are not."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (module.split(".")[0] for module in modules(child))
            yield from at_once(child)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[int, int]:
    """Lines of a function, with its docstring and without."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is None:
        return lines, lines
    return lines, lines - ((first.end_lineno or 0) - first.lineno + 1)


def test_the_package_holds_rooms_alone() -> None:
    assert sorted({room(path) for path in SOURCES}) == sorted([*ROOMS, "__init__", "__main__"])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TOP)))
def test_imports_point_one_way(path: Path) -> None:
    if room(path) in ROOMS:
        assert wrong_ways(room(path), tree(path)) == []


def test_no_files_import_each_other() -> None:
    sources = {
        ".".join(path.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__"): path.read_text(
            encoding="utf-8"
        )
        for path in SOURCES
    }
    assert circles(edges(sources)) == []


def test_a_circle_is_seen() -> None:
    straight = {
        "harness.a": "from harness.b import c",
        "harness.b": "import os",
        "harness.d": "import harness.a",
    }
    assert circles(edges(straight)) == []
    back = straight | {"harness.b": "def late():\n    from harness import d"}
    assert circles(edges(back)) == ["harness.a", "harness.b", "harness.d"]


@pytest.mark.parametrize(
    ("importer", "source", "expected"),
    [
        ("scoring", "from harness.config.load import read", ["scoring imports config"]),
        ("scoring", "from harness import runs, values", ["scoring imports runs"]),
        ("scoring", "def late():\n    import harness.evaluation.trial", ["scoring imports evaluation"]),
        ("scoring", "from harness.scoring.metrics.metric import Metric", []),
        ("scoring", "from harness.values.tables import Predictions", []),
        ("config", "from harness import __version__, scoring", []),
        ("values", "from harness.cli.main import main", ["values imports cli"]),
    ],
)
def test_a_wrong_way_is_seen(importer: str, source: str, expected: list[str]) -> None:
    assert wrong_ways(importer, ast.parse(source)) == expected


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TOP)))
def test_heavy_packages_are_imported_where_they_are_used(path: Path) -> None:
    allowed = {"torch"} if path.relative_to(PACKAGE).as_posix() in NEEDS_TORCH_AT_ONCE else set()
    assert sorted((set(at_once(tree(path))) & HEAVY) - allowed) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch", ["torch"]),
        ("class A:\n    from pandas import DataFrame", ["pandas"]),
        ("try:\n    import scipy.stats\nexcept ImportError:\n    pass", ["scipy"]),
        ("def f():\n    import torch", []),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch", []),
    ],
)
def test_a_heavy_import_is_seen(source: str, expected: list[str]) -> None:
    assert sorted(set(at_once(ast.parse(source))) & HEAVY) == expected


def test_few_rooms_import_mlflow() -> None:
    users = {
        room(path)
        for path in SOURCES
        for node in ast.walk(tree(path))
        for module in modules(node)
        if module.split(".")[0] == "mlflow"
    }
    assert sorted(users - OF_MLFLOW) == []


@pytest.mark.parametrize(
    "statement",
    [
        "import harness",
        "import harness.config.load, harness.config.schema, harness.config.plan",
        "from harness.cli.main import main; sys.argv[1:] = ['--help']; main()",
        "from harness.cli.main import main; sys.argv[1:] = ['schema']; main()",
        "from harness.cli.main import main; sys.argv[1:] = ['list']; main()",
        "from harness.config import plan; import pathlib; plan.read(pathlib.Path('configs/partyline.yaml'))",
    ],
)
def test_quick_commands_load_nothing_heavy(statement: str) -> None:
    assert loaded_by(statement) == []


def test_validate_loads_what_reads_tables_and_nothing_that_trains() -> None:
    verb = "from harness.cli.main import main; sys.argv[1:] = ['validate', 'configs/quickstart.yaml']; main()"
    assert loaded_by(verb) == ["pandas"]


def loaded_by(statement: str) -> list[str]:
    """Which heavy packages a new process has loaded after a statement."""
    code = f"""
import sys
try:
    {statement}
except SystemExit as end:
    assert not end.code, end.code
print(sorted(set(sys.modules) & {HEAVY!r}))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    loaded: list[str] = ast.literal_eval(answer.stdout.splitlines()[-1])
    return loaded


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(TOP)): len(path.read_bytes().splitlines()) for path in CODE}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_OF_A_FILE} == {}


def test_functions_are_short() -> None:
    long = {}
    for path in CODE:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                whole, body = length(node)
                if whole > LINES_OF_A_FUNCTION or body > LINES_OF_A_BODY:
                    long[f"{path.relative_to(TOP)}:{node.name}"] = (whole, body)
    assert long == {}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f():\n    return 1", (2, 2)),
        ("def f():\n    '''Say.\n\n    More.\n    '''\n    return 1", (6, 2)),
    ],
)
def test_a_length_is_measured_without_the_docstring(source: str, expected: tuple[int, int]) -> None:
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert length(function) == expected


def test_modules_have_meaningful_names() -> None:
    names = [part for path in CODE for part in path.relative_to(TOP).with_suffix("").parts]
    assert sorted(set(names) & MEANINGLESS) == []


def test_every_module_has_a_docstring() -> None:
    undocumented = [str(path.relative_to(TOP)) for path in SOURCES if not ast.get_docstring(tree(path))]
    assert undocumented == []


def test_the_project_is_independent_of_a_machine() -> None:
    """No path of one machine, no folder beside the checkout: a newcomer's clone works anywhere."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout, so that the project's own files cannot be told from others")
    foreign = re.compile(r"\.\./shared\b|(?<![\w.:/*-])/(?:work|root|home|Users)/\w")
    # The one file that knows where corpora may lie beside the checkout.
    paths = [TOP / name for name in listed.stdout.split("\0") if name and name != ".ci/run"]
    mentions = []
    for path in paths:
        if path.is_file() and b"\0" not in (data := path.read_bytes()):
            lines = data.decode("utf-8", "replace").splitlines()
            mentions += [f"{path.relative_to(TOP)}: {line.strip()}" for line in lines if foreign.search(line)]
    # The pattern above matches itself.
    assert [line for line in mentions if "re.compile" not in line] == []
