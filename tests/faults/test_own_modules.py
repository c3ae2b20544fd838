"""Code that a person trusts: what was read is what is run, and nothing that lies beside it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from importlib._bootstrap_external import _code_to_hash_pyc
from importlib.util import cache_from_source
from pathlib import Path
from types import ModuleType

import pytest

from harness.config import plan
from harness.config.load import load
from harness.values import own_code
from harness.values.own_code import UntrustedCodeError
from tests.faults.own_configs import executed, marking, refusal

SHADOWS = (
    "gzip",
    "queue",
    "statistics",
    "logging",
    "concurrent",
    "numpy",
    "torch",
    "sklearn",
    "yaml",
    "mlflow",
)


@pytest.mark.parametrize("verb", [("validate",), ("run", "--quiet")])
def test_files_that_are_called_like_libraries_are_never_run(
    config: Callable[..., Path], tmp_path: Path, verb: tuple[str, ...]
) -> None:
    """Whatever a library imports while a config is resolved, it is not taken from the config's folder."""
    path = config("mine_of_test:absent")
    text = path.read_text(encoding="utf-8")
    kinds = "\n".join(f"  {kind}: {{kind: {kind}}}" for kind in ("linear", "embedding", "encoder", "lexicon"))
    path.write_text(text + kinds + "\n", encoding="utf-8")
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(marking(tmp_path), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != own_code.VARIABLE}
    command = [sys.executable, "-m", "harness", "--store", str(tmp_path / "store"), *verb, str(path)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (answer.returncode, "classifiers.mine.kind" in answer.stderr) == (2, True)
    assert not executed(tmp_path)


def test_bytecode_is_never_run(config: Callable[..., Path], tmp_path: Path) -> None:
    """Bytecode may say of itself that nobody need look whether it is that of its source."""
    path = config()
    for name in ("mine_of_test", "helper_of_test"):
        source = tmp_path / f"{name}.py"
        if name == "mine_of_test":
            source.write_text("import helper_of_test\ndef length(*, a: int = 1): ...\n", encoding="utf-8")
        code = compile(marking(tmp_path) + "def length(*, a=1): ...", str(source), "exec")
        cached = Path(cache_from_source(str(source)))
        cached.parent.mkdir(exist_ok=True)
        cached.write_bytes(_code_to_hash_pyc(code, bytes(8), checked=False))
    own_code.trust(own_code.code_in(tmp_path / "mine_of_test.py"))
    plan.resolve(load(path))
    assert not executed(tmp_path)


def test_modules_of_one_name_in_two_folders_are_two(config: Callable[..., Path], tmp_path: Path) -> None:
    """The second config is given its own code, helpers too, and so is the first one after it."""
    config()
    made = []
    with own_code.access("all"):
        for folder in ("first", "second", "first"):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "helper_of_test.py").write_text(f"NAME = {folder!r}\n", encoding="utf-8")
            (tmp_path / folder / "mine_of_test.py").write_text(
                f"import helper_of_test\ndef make():\n    return {folder!r}, helper_of_test.NAME\n",
                encoding="utf-8",
            )
            with own_code.beside(tmp_path / folder):
                made.append(own_code.imported("mine_of_test:make")())
    assert made == [("first", "first"), ("second", "second"), ("first", "first")]


def test_the_packages_around_a_module_are_part_of_what_is_trusted(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    config()
    inner = tmp_path / "package_of_test" / "inner"
    inner.mkdir(parents=True)
    for folder in (inner.parent, inner):
        (folder / "__init__.py").write_text("", encoding="utf-8")
    (inner / "part.py").write_text("def make(): return 5\n", encoding="utf-8")
    code = own_code.code_in(inner / "part.py")
    assert [path.parent.name for path in code.sources()] == ["package_of_test", "inner", "inner"]
    own_code.trust(code)
    with own_code.beside(tmp_path):
        assert own_code.imported("package_of_test.inner.part:make")() == 5
        (inner.parent / "__init__.py").write_text(marking(tmp_path), encoding="utf-8")
        with pytest.raises(UntrustedCodeError):
            own_code.imported("package_of_test.inner.part:make")
    assert not executed(tmp_path)


def test_what_is_trusted_imports_its_own_modules_when_it_is_called_and_no_others(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    config()
    package = tmp_path / "package_of_test"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "later.py").write_text("VALUE = 7\n", encoding="utf-8")
    (package / "part.py").write_text(
        "import importlib\n"
        "def make():\n    from package_of_test.later import VALUE\n    return VALUE\n"
        "def find(name): return importlib.import_module(name)\n",
        encoding="utf-8",
    )
    own_code.trust(own_code.code_in(package / "part.py"))
    for hidden in (package / "hidden.py", tmp_path / "hidden_of_test.py"):
        hidden.write_text(marking(tmp_path), encoding="utf-8")
    with own_code.beside(tmp_path):
        make, find = (own_code.imported(f"package_of_test.part:{name}") for name in ("make", "find"))
    assert make() == 7
    # Nobody has read these: their names are not in the source.
    for name in ("package_of_test.hidden", "hidden_of_test"):
        with pytest.raises(ModuleNotFoundError):
            find(name)
    assert not executed(tmp_path)


@pytest.mark.parametrize(
    "address", ["pydantic_core._pydantic_core:to_json", "numpy._core._multiarray_umath:array"]
)
def test_compiled_code_is_nobodys_own(config: Callable[..., Path], address: str) -> None:
    """It has no source, and lies in memory already."""
    importlib.import_module(address.partition(":")[0])
    assert address in refusal(config(address))


@pytest.mark.parametrize("script", ["bin/harness", "harness/__main__.py"])
def test_the_command_line_itself_is_nobodys_own(
    config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    module = ModuleType("__main__")
    vars(module).update(__file__=script, main=dict)
    monkeypatch.setitem(sys.modules, "__main__", module)
    assert "__main__" in refusal(config("__main__:main"))
    vars(module)["__file__"] = "study.py"
    assert own_code.imported("__main__:main") is dict


def test_what_a_notebook_made_is_its_own(
    config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    config()
    module = ModuleType("notebook_of_test")
    vars(module)["make"] = dict
    monkeypatch.setitem(sys.modules, "notebook_of_test", module)
    assert own_code.imported("notebook_of_test:make") is dict
