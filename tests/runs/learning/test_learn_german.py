"""Labels by hand of German sentences, from the screen to the verdict: umlauts, ß, quotes, Excel's own CSV."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.explorer.labelling.desk import LabelDesk
from harness.explorer.labelling.row_files import TaskOptions, read_task
from harness.explorer.labelling.vote_files import write_votes
from harness.explorer.labelling.vote_log import Press, VoteLog, log_path
from harness.runs.learning.gold_file import read_gold_file
from harness.tracking.store import Store
from harness.values.labels import STANCE
from harness.values.parties import read
from tests.runs.learning.german_rows import PARTIES, german_rows

CORPUS, GOLD = slice(0, 48), slice(48, 66)
PARTS = ["train"] * 18 + ["dev"] * 12 + ["test"] * 18
COLUMNS = ("id", "pick", "pi", "text", "target", "group", "gold")

# As a German Excel writes tables: semicolons, Windows-1252, decimal commas.
CONFIG = """\
name: deutsch
model_name: deutsch
corpus:
  kind: files
  path: korpus.csv
  encoding: cp1252
  delimiter: ";"
  columns: {text: Satz, target: Partei, stance: Haltung, group: Artikel, split: Teil}
  label_map: {kritisch: critical, sachlich: neutral, lobend: supportive}
  parties: parteien.yaml
  language: de
split: {kind: predefined, calibration: 0}
audits: {target_use: off, sensitivity: off, party_swap: off, behaviour: off, parity: off, unseen: off}
classifiers:
  linear: {kind: linear, target: masked}
"""
COMPOSED = "stance by Jürgen Groß"
WORDS = {"critical": "kritisch", "neutral": "sachlich", "supportive": "lobend"}


def write(path: Path, rows: Iterable[dict[str, Any]], columns: Iterable[str], **layout: str) -> Path:
    with path.open("w", newline="", encoding=layout.get("encoding", "utf-8")) as handle:
        table = csv.DictWriter(
            handle, list(columns), delimiter=layout.get("delimiter", ","), extrasaction="ignore", restval=""
        )
        table.writeheader()
        table.writerows(rows)
    return path


def as_excel_saves(path: Path) -> Path:
    """Write a table again as a German Excel saves it, over the old one."""
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        row["pi"] = row["pi"].replace(".", ",")
    return write(path, rows, rows[0], encoding="cp1252", delimiter=";")


@pytest.fixture
def experiment(folder: Path) -> Path:
    names = {"text": "Satz", "target": "Partei", "group": "Artikel"}
    rows = [
        {
            "id": row["id"],
            **{names[name]: row[name] for name in names},
            "Haltung": WORDS[row["stance"]],
            "Teil": part,
        }
        for row, part in zip(german_rows()[CORPUS], PARTS, strict=True)
    ]
    write(folder / "korpus.csv", rows, rows[0], encoding="cp1252", delimiter=";")
    (folder / "parteien.yaml").write_text(PARTIES, encoding="utf-8")
    (folder / "deutsch.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


def labelled(folder: Path, name: str, rows: list[dict[str, Any]], **cells: str) -> LabelDesk:
    """Label rows on the screen's desk as two people, who differ on the first, and as a third who settles."""
    path = write(folder / name, [{**row, "gold": "", **cells} for row in rows], COLUMNS)
    options = TaskOptions(path.stem, parties=read(folder / "parteien.yaml"))
    desk = LabelDesk(read_task(path, options), VoteLog(log_path(Store.open().home, path.stem)))
    stances = {row["text"]: row["stance"] for row in rows}
    # One person in two spellings: composed and decomposed, with ß and with ss.
    people = ("Jürgen Groß", unicodedata.normalize("NFD", "jürgen  GROSS"), "Åsa")
    for number, (key, item) in enumerate(desk.task.by_key.items()):
        stance = stances[item.text]
        other = "neutral" if stance != "neutral" else "critical"
        desk.press(Press(f"a{number}", people[number % 2], key, "stance", stance))
        desk.press(Press(f"b{number}", people[2], key, "stance", other if number == 0 else stance))
        if number == 0:
            desk.press(Press("c", "Zoë", key, "stance", stance, "settle"))
    return desk


def test_german_gold_goes_from_the_screen_to_a_verdict(experiment: Path) -> None:
    new = german_rows()[GOLD]
    desk = labelled(experiment, "gold.csv", new, pick="uncertain")
    # Each party is marked, under whichever of its names.
    assert [item.text for item in desk.task.items if not item.spans] == []
    assert len({vote.annotator for vote in desk.log.votes()}) == 3
    write_votes(experiment / "votes.csv", desk.task, desk.log.votes())
    header = (experiment / "votes.csv").read_text(encoding="utf-8").splitlines()[0]
    assert (COMPOSED in header, "GROSS" in header) == (True, False)
    as_excel_saves(experiment / "votes.csv")
    # From the log of the labelled file, and from what was written and saved again: the same labels.
    from_log = read_gold_file(experiment / "gold.csv", "stance", STANCE, Store.open().home)
    from_file = read_gold_file(experiment / "votes.csv", "stance", STANCE)
    assert [row.label for row in from_log.rows] == [row["stance"] for row in new]
    assert [(row.text, row.label) for row in from_file.rows] == [
        (row.text, row.label) for row in from_log.rows
    ]
    learned = harness.learn(experiment / "votes.csv", experiment / "deutsch.yaml", curve=0)
    assert learned.account.counts == {"added": len(new)}
    assert learned.verdict is not None
    assert learned.corrected is not None


def test_a_german_sample_of_test_makes_a_version_that_is_read_again(experiment: Path) -> None:
    test = [row for row, part in zip(german_rows()[CORPUS], PARTS, strict=True) if part == "test"]
    drawn = [{**row, "stance": "neutral"} if row["id"].endswith("1") else row for row in test[:9]]
    desk = labelled(experiment, "sample.csv", drawn, pick="random", pi="0.5")
    write_votes(experiment / "sample-votes.csv", desk.task, desk.log.votes())
    as_excel_saves(experiment / "sample-votes.csv")
    version = experiment / "neue-fassung.jsonl"
    learned = harness.learn(
        experiment / "sample-votes.csv", experiment / "deutsch.yaml", curve=0, test_version=version
    )
    assert learned.refusal == ""
    assert learned.version is not None
    assert learned.version.looked_at == 9
    (fingerprint,) = {score.fingerprint for score in learned.scores if "corrected" in score.where}
    before, after = CONFIG.partition("corpus:")[0], CONFIG.partition("\nsplit:")[2]
    corpus = "{kind: files, path: neue-fassung.jsonl, parties: neue-fassung-parties.yaml, language: de}"
    lines = f"{before}corpus: {corpus}\nsplit:{after}"
    (experiment / "neu.yaml").write_text(lines, encoding="utf-8")
    result = harness.run(experiment / "neu.yaml", track=False)["linear"].result
    assert result.predictions.only(split="test").fingerprint() == fingerprint
