"""Several corpora as one: which row belongs to which, and what a config may say about the parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.config import plan
from harness.config.load import load
from harness.corpora.card import load_card
from harness.corpora.readers.partyline import partyline
from harness.evaluation.prepared import prepare
from harness.values.catalog import bind
from harness.values.errors import ConfigError, CorpusError
from harness.values.labels import FRAMING, STANCE
from harness.values.tables import Corpus
from tests.corpora.published import rows_that_break_the_table
from tests.corpora.small import SMALL

MINE = "text,target,stance,split,outlet,mood\nWe blame Varna.,Varna,critical,train,Post,grim\n"
PARTIES = "- {name: Varna, aliases: [the Varnans]}\n- {name: Civic Union, aliases: [never read]}\n"


@pytest.fixture(autouse=True)
def _beside_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text(MINE + "We met Varna.,Varna,neutral,test,,\n", encoding="utf-8")
    Path("parties.yaml").write_text(PARTIES)


def join(*of: dict[str, Any], task: str = "stance") -> Corpus:
    corpus: Corpus = bind("corpus", "joined", {"of": list(of)}, "corpus").make(
        labels=FRAMING if task == "framing" else STANCE, task=task
    )
    return corpus


FILES: dict[str, Any] = {"kind": "files", "path": "mine.csv", "parties": "parties.yaml"}


def test_rows_stand_under_each_other_and_say_whose_they_are() -> None:
    corpus = join({"kind": "partyline"}, FILES)
    alone = partyline()
    assert corpus.name == "partyline+files"
    assert len(corpus) == len(alone) + 2
    assert rows_that_break_the_table(corpus) == []
    last = corpus.rows.iloc[-2]
    assert (last["id"], last["corpus"], last["outlet"], last["split"]) == (
        "files:mine.csv:2", "files", "Post", "train",
    )  # fmt: skip
    assert (last["group"], last["mood"]) == (None, "grim")
    first = corpus.rows.iloc[0]
    assert first["id"] == f"partyline:{alone.rows.iloc[0]['id']}"
    assert first["group"] == f"partyline:{alone.rows.iloc[0]['group']}"
    assert first["start"] == alone.rows.iloc[0]["start"]
    for column in ("text", "frames", "split"):
        assert corpus.rows[column].tolist()[: len(alone)] == alone.rows[column].tolist()


def test_parties_are_those_of_all_parts_and_the_first_knows_best() -> None:
    parties = join({"kind": "partyline"}, FILES).parties
    assert parties.get("Varna") is not None
    civic_union = parties.get("Civic Union")
    assert civic_union is not None
    assert "never read" not in civic_union.aliases
    assert len(parties.parties) == len(partyline().parties.parties) + 1


def test_a_kind_that_stands_twice_is_numbered() -> None:
    corpus = join(FILES, FILES)
    assert corpus.name == "files+files-2"
    assert corpus.rows["id"].is_unique
    assert set(corpus.rows["corpus"]) == {"files", "files-2"}


def test_frames_are_joined_too() -> None:
    Path("framed.csv").write_text("text,frames\nThe bridge fell.,conflict|morality\n")
    corpus = join({"kind": "partyline"}, {"kind": "files", "path": "framed.csv"}, task="framing")
    rows = corpus.for_task("framing").rows
    assert rows.iloc[-1][["corpus", "frames"]].tolist() == ["files", ("conflict", "morality")]


def test_the_problems_of_all_parts_are_reported_at_once() -> None:
    Path("mine.csv").write_text(MINE.replace("critical", "hostile"))
    Path("other.csv").write_text("text,target\nA,b\n")
    with pytest.raises(CorpusError) as caught:
        join(FILES, {"kind": "files", "path": "other.csv"})
    assert [problem.where for problem in caught.value.problems] == ["mine.csv:2: stance", "other.csv"]


def written(**corpus: Any) -> Path:
    classifiers = {"majority": {"kind": "majority"}}
    config = {"name": "both", "task": "stance", "corpus": corpus, "classifiers": classifiers}
    Path("both.yaml").write_text(json.dumps(config))
    return Path("both.yaml")


def test_a_config_joins_corpora_and_each_keeps_its_split() -> None:
    SMALL["newsmtsc"]().write(Path("newsmtsc"))
    news = {"kind": "newsmtsc", "folder": "newsmtsc"}
    planned = plan.read(written(kind="joined", of=[news, {"kind": "partyline"}, FILES]))
    parts = planned.corpus.canonical()["of"]
    assert parts[0] == news | {"folder": str(Path("newsmtsc").absolute()), "variant": "mt", "dev": None}
    assert parts[2]["path"] == str(Path("mine.csv").absolute())
    # The canonical config is a config: it gives the same plan.
    Path("again.yaml").write_text(planned.config_text)
    assert plan.resolve(load(Path("again.yaml"), ())).digest == planned.digest
    prepared = prepare(planned)
    rows = prepared.corpus.rows.set_index("id")
    (split,) = prepared.splits
    assert set(rows.loc[list(split.test), "corpus"]) == {"newsmtsc", "partyline", "files"}
    assert {rows.loc[id_, "split"] for id_ in split.test} == {"test"}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "corpus.of"),
    "one part": ({"of": [{"kind": "partyline"}]}, "corpus.of"),
    "a name": ({"of": ["partyline", {"kind": "partyline"}]}, "corpus.of.0"),
    "unknown kind": ({"of": [{"kind": "partylin"}, {"kind": "partyline"}]}, "corpus.of.0.kind"),
    "no file": ({"of": [{"kind": "partyline"}, {"kind": "files", "path": "no.csv"}]}, "corpus.of.1.path"),
    "unknown option": (
        {"of": [{"kind": "partyline"}, {"kind": "files", "path": "mine.csv", "separatr": "|"}]},
        "corpus.of.1.separatr",
    ),
}


@pytest.mark.parametrize(("corpus", "where"), WRONG.values(), ids=WRONG)
def test_the_error_of_a_wrong_part_names_it(corpus: dict[str, Any], where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan.read(written(kind="joined", **corpus))
    # The file and its line come before the key.
    assert [problem.where.split(": ")[-1] for problem in caught.value.problems] == [where]


def test_a_part_that_is_not_set_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARNESS_VAST", raising=False)
    with pytest.raises(ConfigError) as caught:
        plan.read(written(kind="joined", of=[{"kind": "partyline"}, {"kind": "vast"}]))
    (problem,) = caught.value.problems
    assert problem.where.endswith("corpus.of.1")
    assert problem.hint == load_card("vast").remedy


def test_a_part_without_labels_for_the_task_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_VAST", str(Path.cwd()))
    path = written(kind="joined", of=[{"kind": "partyline"}, {"kind": "vast"}])
    path.write_text(path.read_text().replace('"task": "stance"', '"task": "framing"'))
    with pytest.raises(ConfigError) as caught:
        plan.read(path)
    (problem,) = caught.value.problems
    assert problem.where.endswith("task")
    assert "vast" in problem.what
