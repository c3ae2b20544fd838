"""Packed models whose files are flipped, edited, lost or joined by others: none is loaded as if whole."""

from __future__ import annotations

import json
import os
import random
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from golden import Golden

import harness
from harness.classifiers.protocol import Classifier, Labelled, save
from harness.serving import seals
from harness.serving.contract import DATA, Contract
from harness.serving.engine import LabelEngine
from harness.serving.folder import write_data, write_mlflow
from harness.serving.inference import load_folder
from harness.serving.seals import SEAL, UnsealedWarning, seal_folder, seal_of
from harness.tracking.promotion import PromotionRequest, promote
from harness.tracking.store import Store
from harness.tracking.store.location import local_path
from harness.values.catalog import bind
from harness.values.errors import ForeignModelError, ModelError
from harness.values.labels import LabelSet
from harness.values.parties import EMPTY
from tests.classifiers import tiny_models
from tests.classifiers.conftest import EncoderFolder
from tests.faults.conftest import Tally
from tests.serving.toy_models import listing, refusal, write_model

PAIR = LabelSet(("critical", "supportive"))
KINDS = ("linear", "embedding", "encoder")
ENDINGS = {".npz", ".safetensors", ".onnx", ".json", ".md"}
"""What the files of these kinds end in."""

FILES = {
    "npz": "*.npz",
    "safetensors": "*.safetensors",
    "ONNX": "*.onnx",
    "JSON": "*.json",
    "a tokenizer": "tokenizer*",
}
"""Kinds of files of models, and how their names read."""

FEW, MANY = 40, 1000
"""Flips of each kind of model in the fast suite, and of each kind of file under ``torture``."""


@pytest.fixture(scope="module")
def packed_models(
    encoder_folder: EncoderFolder, worded: Labelled, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Sealed model folders, one of each kind, with every kind of file that a model has."""
    folders = {}
    for kind in KINDS:
        root = tmp_path_factory.mktemp(kind)
        if kind == "encoder":
            shutil.copytree(encoder_folder(), root / "saved" / "model")
            address = "harness.classifiers.encoder:load"
        else:
            checkpoint = {"checkpoint": tiny_models.write(root / "from"), "max_tokens": 32}
            bound = bind("classifier", kind, checkpoint if kind == "embedding" else {})
            classifier: Classifier = bound.make(labels=PAIR, seed=1)
            classifier.fit(worded)
            saved = save(classifier, root / "saved")
            assert saved is not None
            address = (saved / "loader.txt").read_text(encoding="utf-8").strip()
        folder = root / DATA
        folder.mkdir()
        write_data(folder, root / "saved", Contract("stance", PAIR, address), EMPTY)
        (folder / "MODEL_CARD.md").write_text("# A model\n", encoding="utf-8")
        seal_folder(folder)
        folders[kind] = folder
    return folders


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flip(path: Path, generator: random.Random) -> bytes:
    """Flip a bit of a file; return what the file held."""
    before = path.read_bytes()
    after = bytearray(before)
    after[generator.randrange(len(after))] ^= 1 << generator.randrange(8)
    # Written anew: the file may be a hard link to one of another model.
    path.unlink()
    path.write_bytes(after)
    return before


def silent_flips(files: Sequence[tuple[Path, Path]], count: int) -> list[str]:
    """Flip a bit at a time, in each file of a folder in turn; return those not refused by name."""
    generator, silent = random.Random(17), []
    for number in range(count):
        folder, path = files[number % len(files)]
        before = flip(path, generator)
        try:
            load_folder(folder)
        except ModelError as error:
            # A flip in the manifest looks like a change of the file that it stands for.
            if path.name != seals.FILE and path.relative_to(folder).as_posix() not in str(error):
                silent.append(f"{path.name}: {error}")
        else:
            silent.append(path.name)
        path.write_bytes(before)
    return silent


def test_the_models_have_every_kind_of_file(packed_models: dict[str, Path]) -> None:
    names = {path.name for folder in packed_models.values() for path in files_of(folder)}
    assert {Path(name).suffix for name in names} >= ENDINGS
    assert {"tokenizer.json", "contract.json", seals.FILE, "int8.onnx"} <= names


@pytest.mark.parametrize("kind", KINDS)
def test_no_flipped_bit_is_silent(packed_models: dict[str, Path], kind: str) -> None:
    folder = packed_models[kind]
    assert silent_flips([(folder, path) for path in files_of(folder)], FEW) == []
    assert load_folder(packed_models[kind]).labels == PAIR.names


@pytest.mark.torture
@pytest.mark.parametrize("kind", FILES)
def test_none_of_a_thousand_flipped_bits_is_silent(
    packed_models: dict[str, Path], kind: str, tally: Tally
) -> None:
    files = [
        (folder, path)
        for folder in packed_models.values()
        for path in files_of(folder)
        if path.match(FILES[kind])
    ]
    silent = silent_flips(files, MANY)
    tally(f"a flipped bit in {kind}", MANY, harm=len(silent))
    assert silent == []
    assert {load_folder(folder).labels for folder in packed_models.values()} == {PAIR.names}


def edit_contract(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "contract.json"
        data = json.loads(path.read_text(encoding="utf-8"))
        change(data)
        path.write_text(json.dumps(data, indent=2), encoding="utf-8")

    return damage


def swap(folder: Path) -> None:
    """Exchange two files, so that every content is one of the model's."""
    first, second = folder / "parties.json", folder / "model" / "verbs.json"
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)


def link_folder(folder: Path) -> None:
    (folder / "linked").symlink_to(folder / "model", target_is_directory=True)


def replace_by_pipe(folder: Path) -> None:
    (folder / "parties.json").unlink()
    os.mkfifo(folder / "parties.json")


def extend(folder: Path) -> None:
    for number in range(seals.MAX_NAMED + 3):
        (folder / f"extra-{number}.txt").write_text("x", encoding="utf-8")


def empty(folder: Path) -> None:
    for path in files_of(folder):
        if path.name != seals.FILE:
            path.unlink()


def rewrite_manifest(change: Callable[[str], str]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / seals.FILE
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return damage


DAMAGE: dict[str, Callable[[Path], None]] = {
    "labels reversed": edit_contract(lambda data: data["labels"].reverse()),
    "decisions dropped": edit_contract(lambda data: data.update(decisions=None)),
    "a file changed": lambda folder: (folder / "model" / "verbs.json").write_text("{}"),
    "a file emptied": lambda folder: (folder / "model" / "verbs.json").write_text(""),
    "a file missing": lambda folder: (folder / "parties.json").unlink(),
    "the contract missing": lambda folder: (folder / "contract.json").unlink(),
    "all missing but the manifest": empty,
    "a file too many": lambda folder: (folder / "model" / "code.py").write_text("x = 1"),
    "many files too many": extend,
    "a hidden file too many": lambda folder: (folder / ".hidden").touch(),
    "a linked folder": link_folder,
    "a pipe for a file": replace_by_pipe,
    "two files exchanged": swap,
    "manifest: no JSON": rewrite_manifest(lambda text: text[:-5]),
    "manifest: a list": rewrite_manifest(lambda _: "[]"),
    "manifest: no files": rewrite_manifest(lambda _: '{"format": 1}'),
    "manifest: another format": rewrite_manifest(lambda text: text.replace('"format": 1', '"format": 2')),
    "manifest: a space too many": rewrite_manifest(lambda text: text + " "),
    "manifest: a file dropped": rewrite_manifest(
        lambda text: (
            json.dumps(
                {
                    "format": 1,
                    "files": {k: v for k, v in json.loads(text)["files"].items() if "verbs" not in k},
                },
                indent=1,
            )
            + "\n"
        )
    ),
}


def test_damage_is_refused_by_name(tmp_path: Path, golden: Golden) -> None:
    messages = {}
    for number, (case, damage) in enumerate(DAMAGE.items()):
        folder = write_model(tmp_path / str(number))
        assert LabelEngine.read(folder).sealed
        damage(folder)
        messages[case] = refusal(lambda folder=folder: load_folder(folder), folder)  # type: ignore[misc]
    golden("serving/broken-seals", listing(messages))


@pytest.mark.parametrize("case", DAMAGE)
def test_mlflow_refuses_what_the_harness_refuses(tmp_path: Path, case: str) -> None:
    import mlflow.pyfunc

    write_mlflow(tmp_path / "model", write_model(tmp_path / "data"))
    folder = tmp_path / "model" / "data" / DATA
    DAMAGE[case](folder)
    with pytest.raises(ModelError) as by_mlflow:
        mlflow.pyfunc.load_model(str(tmp_path / "model"))
    with pytest.raises(ModelError) as by_harness:
        harness.load(tmp_path / "model")
    assert str(by_mlflow.value) == str(by_harness.value)


def test_files_of_mlflow_are_not_sealed(tmp_path: Path) -> None:
    import mlflow.pyfunc

    write_mlflow(tmp_path / "model", write_model(tmp_path / "data"))
    (tmp_path / "model" / "requirements.txt").write_text("numpy\n", encoding="utf-8")
    (tmp_path / "model" / "input_example.json").unlink()
    (tmp_path / "model" / "registered_model_meta").write_text("x", encoding="utf-8")
    assert harness.load(tmp_path / "model").engine.sealed
    assert mlflow.pyfunc.load_model(str(tmp_path / "model")).unwrap_python_model


def test_a_manifest_cannot_be_dropped_or_written_anew(tmp_path: Path, golden: Golden) -> None:
    write_mlflow(tmp_path / "model", write_model(tmp_path / "data"))
    folder = tmp_path / "model" / "data" / DATA
    DAMAGE["labels reversed"](folder)
    (folder / seals.FILE).unlink()
    messages = {"dropped": refusal(lambda: load_folder(tmp_path / "model"), folder)}
    seal_folder(folder)
    messages["written anew"] = refusal(lambda: load_folder(tmp_path / "model"), folder)
    golden("serving/other-seals", listing(messages))


def test_a_model_of_an_earlier_version_loads_with_a_line(tmp_path: Path) -> None:
    folder = write_model(tmp_path, sealed=False)
    with pytest.warns(UnsealedWarning) as noted:
        model = load_folder(folder)
    assert (len(noted), "\n" in str(noted[0].message), model.engine.sealed) == (1, False, False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seal_folder(folder)
        assert load_folder(folder).engine.sealed


def test_a_folder_with_a_manifest_of_something_else_is_no_model(tmp_path: Path) -> None:
    (tmp_path / seals.FILE).write_text('{"files": {"contract.json": "x"}}', encoding="utf-8")
    with pytest.raises(ForeignModelError):
        load_folder(tmp_path)


def test_files_are_read_once_a_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mlflow(tmp_path / "model", write_model(tmp_path / "data"))
    digested: list[str] = []
    digest = seals._digest

    def counted(path: Path) -> str:
        digested.append(path.name)
        return digest(path)

    monkeypatch.setattr(seals, "_digest", counted)
    harness.load(tmp_path / "model")
    assert sorted(digested) == ["contract.json", "parties.json", "verbs.json"]


# In a store


def test_the_seal_stands_on_run_model_and_version(trained: Path) -> None:
    store = Store.open(trained)
    promoted = promote(store, "toys", PromotionRequest(classifier="verbs"))
    version = store.client.get_model_version("stance", promoted.version)
    run = store.client.get_run(promoted.run_id)
    logged = store.client.get_logged_model(version.source.removeprefix("models:/"))
    folder = local_path(logged.artifact_location) / "data" / DATA
    assert len(seal_of(folder)) == 64
    assert {tags[SEAL] for tags in (version.tags, run.data.tags, logged.tags)} == {seal_of(folder)}
    assert harness.load("models:/stance@champion").engine.sealed


def test_a_model_that_was_sealed_anew_is_refused_by_the_store(trained: Path, golden: Golden) -> None:
    """Labels reversed, manifest and MLmodel written anew: the tags know another seal."""
    store = Store.open(trained)
    promoted = promote(store, "toys", PromotionRequest(classifier="verbs"))
    source = store.client.get_model_version("stance", promoted.version).source
    logged = store.client.get_logged_model(source.removeprefix("models:/"))
    root = local_path(logged.artifact_location)
    folder = root / "data" / DATA
    before = seal_of(folder)
    DAMAGE["labels reversed"](folder)
    seal_folder(folder)
    mlmodel = root / "MLmodel"
    mlmodel.write_text(mlmodel.read_text(encoding="utf-8").replace(before, seal_of(folder)), encoding="utf-8")
    addresses = {
        "by alias": "models:/stance@champion",
        "by version": "models:/stance/1",
        "by run": f"runs:/{promoted.run_id}",
        "by model": f"models:/{logged.model_id}",
    }
    messages = {
        case: refusal(lambda address=address: harness.load(address), folder).replace(logged.model_id, "MODEL")  # type: ignore[misc]
        for case, address in addresses.items()
    }
    golden("tracking/other-seals", listing(messages))
    # The folder alone knows nothing of it: a seal is no signature.
    assert load_folder(root).engine.sealed
