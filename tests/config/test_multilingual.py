"""The config for texts in several languages, with a tiny random encoder in place of the one of the hub."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sentences import words

from harness.config import plan
from harness.evaluation.prepared import prepare
from harness.runs.experiment import run
from tests.classifiers import tiny_models, tiny_tokenizers

CONFIG = Path(__file__).parents[2] / "configs" / "multilingual.yaml"
COMMENTS = {
    "de": ("Das lehne ich ab, es schadet der Stadt.", "Das unterstütze ich, es hilft der Stadt."),
    "fr": ("Je refuse, cela nuit à la ville.", "Je soutiens, cela aide la ville."),
    "it": ("Sono contraria, danneggia la città.", "Sono a favore, aiuta la città."),
}


@pytest.fixture
def xstance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve candidates a part and language, in the languages that the published parts have."""
    for part, languages in (("train", "de fr"), ("valid", "de fr"), ("test", "de fr it")):
        rows = [
            {
                "id": f"{part}-{language}-{n}",
                "language": language,
                "question_id": 1,
                "question": "Soll es mehr Fähren geben?",
                "comment": f"{COMMENTS[language][n % 2]} ({part} {n})",
                "label": ("AGAINST", "FAVOR")[n % 2],
                "numerical_label": n % 2,
                "author": f"{part}-{language}-{n}",
                "topic": "Transport",
                **({"test_set": "new_comments_defr"} if part == "test" else {}),
            }
            for language in languages.split()
            for n in range(12)
        ]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / f"{part}.jsonl").write_text(lines, encoding="utf-8")
    monkeypatch.setenv("HARNESS_XSTANCE", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path


def checkpoints() -> dict[str, str]:
    classifiers = plan.read(CONFIG).classifiers
    return {
        planned.name: planned.bound.options["checkpoint"]
        for planned in classifiers
        if "checkpoint" in planned.bound.options
    }


def test_its_encoder_is_pinned(xstance: Path) -> None:
    assert set(checkpoints()) == {"embedding", "encoder"}
    for checkpoint in checkpoints().values():
        # A name alone may mean other weights tomorrow.
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", checkpoint)


def test_nothing_in_it_knows_english_alone(xstance: Path) -> None:
    prepared = prepare(plan.read(CONFIG))
    assert prepared.corpus.languages == ("de", "fr", "it")
    assert prepared.language_notes == ()


def test_it_runs_as_it_is(xstance: Path) -> None:
    # The kinds of the real one: the layers of BERT over the pieces of XLM-RoBERTa.
    tiny = tiny_models.write(xstance / "tiny", "bert", tiny_tokenizers.tokenizer("xlm-roberta"))
    overrides = [f"classifiers.{name}.checkpoint={tiny}" for name in checkpoints()]
    # The tiny one has 66 positions, the real one 512.
    overrides += [f"classifiers.{name}.max_tokens=48" for name in checkpoints()]
    finished = run(CONFIG, set=overrides, allow_leaks=True, track=False, output=xstance / "out")
    assert set(finished.classifiers) == {"majority", "linear", "embedding", "encoder"}
    assert not [note for note in finished.notes if "alone" in note]
    assert {"language=de", "language=fr", "language=it"} <= set(finished["encoder"].scores["slice"])
    assert finished["encoder"].load().languages == ("de", "fr", "it")
    behaviour = finished.findings.query("classifier == 'encoder' and audit == 'behaviour'")
    assert behaviour["verdict"].tolist() == ["not applicable"]
    assert words(behaviour["sentence"].iloc[0])[-3:] == ["de", "fr", "it"]
