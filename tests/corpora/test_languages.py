"""The language of every corpus: declared on its card, by its rows, by a config, or detected."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from sentences import words

from harness.config import plan
from harness.corpora.card import load_card
from harness.corpora.readers.files import files
from harness.corpora.readers.joined import joined
from harness.corpora.readers.xstance import xstance
from harness.evaluation.prepared import languages_known, prepare
from harness.values import catalog
from harness.values.errors import ConfigError
from harness.values.labels import LabelSet
from harness.values.language import NAMES, detect_all
from tests.corpora import small
from tests.corpora.messages import Messages

OWN = ("files", "hub", "joined")
REAL = ("newsmtsc", "pstance", "vast", "seesaw", "gvfc", "narrative_frames")
TWO_SIDES = LabelSet(("critical", "supportive"))
GERMAN = "Die Regierung von Varna hat am {} eine neue Maut für den Fluss beschlossen, Haus {}."


def table(folder: Path, text: str = GERMAN, n: int = 24) -> Path:
    path = folder / "mine.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        rows = csv.writer(handle)
        rows.writerow(["text", "target", "stance", "split"])
        for k in range(n):
            stance = ("critical", "neutral", "supportive")[k % 3]
            rows.writerow([text.format("Montag", k), "Varna", stance, ("train", "dev", "test")[3 * k // n]])
    return path


@pytest.mark.parametrize("name", catalog.CATALOGUES["corpus"])
def test_every_card_names_the_languages_of_its_texts(name: str) -> None:
    languages = load_card(name).languages
    assert (languages == ()) == (name in OWN)
    assert set(languages) <= set(NAMES)


@pytest.mark.parametrize("name", ["partyline", *REAL])
def test_what_is_declared_is_what_is_detected(name: str) -> None:
    variable = f"HARNESS_{name.upper()}"
    if name in REAL and not os.environ.get(variable):
        pytest.skip(f"{variable} is not set")
    task = load_card(name).tasks[0]
    corpus = catalog.bind("corpus", name, {}).make(labels=load_card(name).labels[task], task=task)
    assert corpus.languages == load_card(name).languages
    assert detect_all([str(text) for text in corpus.rows["text"]]) == corpus.languages


def test_a_corpus_in_several_languages_has_those_that_are_read(tmp_path: Path) -> None:
    home = small.xstance().write(tmp_path)
    assert xstance(folder=home, labels=TWO_SIDES).languages == ("de", "fr", "it")
    assert xstance(folder=home, languages=("fr", "it"), labels=TWO_SIDES).languages == ("fr", "it")


def test_ones_own_files_are_detected_or_declared(tmp_path: Path) -> None:
    path = table(tmp_path)
    assert files(path=path).languages == ("de",)
    assert files(path=path, language="Swedish").languages == ("sv",)
    assert files(path=path, language=("de", "fr")).languages == ("de", "fr")
    assert files(path=table(tmp_path, "{} {}", n=3)).languages == ()
    with pytest.raises(ConfigError) as caught:
        files(path=path, language="Germn")
    assert [problem.where for problem in caught.value.problems] == ["corpus.language"]


def test_joined_corpora_have_the_languages_of_all_parts(tmp_path: Path) -> None:
    path = str(table(tmp_path))
    parts = ({"kind": "files", "path": path}, {"kind": "partyline"})
    assert joined(of=parts).languages == ("de", "en")


def notes(path: Path, language: str, classifiers: str) -> tuple[str, ...]:
    config = path.with_name("c.yaml")
    declared = f", language: {language}" if language else ""
    corpus = f"{{kind: files, path: mine.csv{declared}}}"
    config.write_text(f"name: c\ncorpus: {corpus}\nclassifiers: {classifiers}\n", encoding="utf-8")
    return prepare(plan.read(config)).language_notes


def test_a_run_notes_a_wrong_declaration_and_classifiers_of_another_language(
    tmp_path: Path, messages: Messages
) -> None:
    path = table(tmp_path)
    assert notes(path, "", "{a: {kind: linear}}") == ()
    (wrong,) = notes(path, "en", "{a: {kind: linear}}")
    assert [word for word in words(wrong) if word in NAMES.values()] == ["English", "German"]
    listed = notes(path, "", "{w: {kind: lexicon}, e: {kind: embedding}, m: {kind: majority}}")
    assert [note.split()[0] for note in listed] == ["w", "e"]
    assert all({"English", "German"} <= set(words(note)) for note in listed)
    messages("\n".join([wrong, *listed]))


@pytest.mark.parametrize(
    ("kind", "options", "languages"),
    [
        ("lexicon", {}, ("en",)),
        ("embedding", {}, ("en",)),
        ("encoder", {}, ("en",)),
        ("joint_encoder", {}, ("en",)),
        ("encoder", {"checkpoint": "owner/name@abc"}, ()),
        ("embedding", {"checkpoint": "owner/name@abc"}, ()),
        ("linear", {}, ()),
        ("majority", {}, ()),
    ],
)
def test_which_languages_a_classifier_knows(
    kind: str, options: dict[str, str], languages: tuple[str, ...]
) -> None:
    assert languages_known(catalog.bind("classifier", kind, options)) == languages
