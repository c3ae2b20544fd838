"""What a person reads where an encoder refuses to go on: the listing is a golden file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.classifiers.encoder import encoder, load
from harness.classifiers.encoder.engines import choice
from harness.classifiers.encoder.engines.acceptance import Agreement
from harness.classifiers.encoder.joint import joint_encoder
from harness.classifiers.encoder.joint import load as load_joint
from harness.classifiers.encoder.options import Options, Schedule
from harness.classifiers.encoder.unlabelled import read_unlabelled
from harness.classifiers.protocol import Example, Labelled
from harness.values.errors import ClassifierError
from harness.values.labels import STANCE, LabelSet
from tests.classifiers import tiny_models
from tests.golden import Golden

PAIR = LabelSet(("critical", "supportive"))
ROWS = Labelled([Example("good plan"), Example("bad plan")] * 4, np.array([0, 1] * 4))


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(ClassifierError) as caught:
        action()
    return str(caught.value)


def refused_files(folder: Path) -> dict[str, str]:
    """Damage one file of a model after the other."""
    messages = {}
    for name in ("model.safetensors", "encoder.json", "engines.json", "config.json"):
        intact = (folder / name).read_bytes()
        (folder / name).write_bytes(b"[]")
        try:
            messages[name] = refusal(lambda: load(folder, PAIR).predict_proba(ROWS.examples))
        finally:
            (folder / name).write_bytes(intact)
    messages["labels"] = refusal(lambda: load(folder, STANCE))
    return messages


def refused_engines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(choice, "has_instructions_for", lambda name: True)
    messages = {"unknown": refusal(lambda: load(folder, PAIR).use("int4"))}
    model = load(folder, PAIR)
    model.use("int8")
    (folder / "int8.onnx").write_bytes(b"[]")
    messages["damaged"] = refusal(lambda: model.predict_proba(ROWS.examples))
    monkeypatch.setattr(choice, "has_instructions_for", lambda name: False)
    messages["processor"] = refusal(lambda: load(folder, PAIR).use("int8"))
    record = json.loads((folder / "engines.json").read_text())
    (folder / "engines.json").write_text(json.dumps(record | {"offers": {}}))
    messages["not tried"] = refusal(lambda: load(folder, PAIR).use("int8"))
    no_rows = load(folder, PAIR).accelerate(folder, ROWS.examples, Labelled([], ROWS.codes[:0]))
    messages |= {f"{name}, no rows": entry["refused"] for name, entry in no_rows.items()}
    (folder / "engines.json").unlink()
    messages["fp32 alone"] = refusal(lambda: load(folder, PAIR).use("int8"))
    limits = Agreement(1_000, 5, 0.02, 0.2, 0.2)
    beyond = ({"different": 6}, {"widest": 0.0201}, {"lost": 0.3}, {"again": 0.21})
    return messages | {next(iter(change)): replace(limits, **change).problem() for change in beyond}


def refused_trainings(folder: Path) -> dict[str, str]:
    checkpoint = tiny_models.write(folder, "roberta")
    options = {"checkpoint": checkpoint, "epochs": 1, "max_tokens": 16, "labels": PAIR, "seed": 1}
    diverging = options | {"learning_rate": 1e30, "precision": "fp32", "batch_size": 2}
    diverging["schedule"] = Schedule(warmup=0.0)
    joint = joint_encoder(encoder=Options(checkpoint=checkpoint), labels=PAIR, seed=1)
    return {
        "not fitted": refusal(lambda: encoder(**options).predict_proba(ROWS.examples)),
        "engine": refusal(lambda: encoder(**options).use("int8")),
        "positions": refusal(lambda: encoder(**options | {"max_tokens": 66}).fit(ROWS)),
        "divergence": refusal(lambda: encoder(**diverging).fit(ROWS)),
        "one task": refusal(lambda: joint.fit(ROWS)),
    }


def refused_tables(folder: Path) -> dict[str, str]:
    texts = {
        "empty": "",
        "no column": "target\nVarna\n",
        "no text": "text,target\nVarna won.,Varna\n,Varna\n",
    }
    messages = {}
    for name, text in texts.items():
        file = folder / "news.csv"
        file.write_text(text)
        messages[name] = refusal(lambda file=file: read_unlabelled(file))
    heads = {"weight": 1.0, "tasks": [{"labels": ["a", "b"], "multi": False}] * 2}
    (folder / "joint.json").write_text(json.dumps(heads))
    return messages | {"heads": refusal(lambda: load_joint(folder, PAIR))}


def test_refusals(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden) -> None:
    sections = {
        "files": refused_files(folder),
        "engines": refused_engines(folder, monkeypatch),
        "trainings": refused_trainings(tmp_path),
        "tables": refused_tables(tmp_path),
    }
    lines = [f"{title}, {name}: {text}" for title, part in sections.items() for name, text in part.items()]
    # What the libraries say changes with their versions.
    ours = [re.sub(r"(cannot be (?:read|opened)): .*", r"\1: …", line.splitlines()[0]) for line in lines]
    text = "\n".join(ours).replace(str(tmp_path), "FOLDER")
    golden("classifiers/encoder-refusals", re.sub(r"\b[0-9a-f]{64}\b", "SHA-256", text))
