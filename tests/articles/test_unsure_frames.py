"""A frame is shown only where the model was right with it: in rows, on the page and in tables."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from articles.toy_models import ARTICLE, REGISTRY, model, support

from harness.articles.article_files import ArticleText
from harness.articles.frames_by_stance import frames_by_stance
from harness.articles.labelled_articles import UNMEASURED, ArticleReader, LabelledArticle
from harness.articles.page import reader_page
from harness.articles.pipeline import ReadingOptions, read
from harness.articles.table_writer import flat_rows
from harness.serving.decisions.label_support import LabelSupport
from harness.serving.inference import LabelModel
from harness.serving.inference.stance_and_frames import Together

OFTEN_RIGHT, OFTEN_WRONG = support((20, 16)), support((20, 8))
SHOWN_AS_UNSURE = "unsure: conflict</span>"
EVIDENCE = ("conflict (8 of 20 held-out rows right)", "morality (given in none)")
# German, and long enough to be recognised.
GERMAN = (
    "Ostrel und Varna haben sich gestern über die neue bridge gestritten. Die Regierung in Ostrel wirft Varna"
    " vor, die Kosten verschwiegen zu haben, und fordert nun eine Untersuchung. In der Hauptstadt hieß es am"
    " Abend, man werde die Vorwürfe nicht auf sich sitzen lassen und habe alle Zahlen rechtzeitig vorgelegt."
)


def read_with(frames: LabelModel, text: str = ARTICLE) -> LabelledArticle:
    reader = ArticleReader(REGISTRY, model(), frames, language="")
    return next(reader.label([ArticleText("a.txt", text)]))


def frames_of(article: LabelledArticle) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The shown and the unsure frames of the rows."""
    return {(row.labels.frames, row.labels.unsure_frames) for row in article.mentions}


CASES: dict[str, tuple[tuple[LabelSupport, ...] | None, bool]] = {
    "often right": (OFTEN_RIGHT, True),
    "often wrong": (OFTEN_WRONG, False),
    "right, of too few": (support((3, 3)), False),
    "never given": (support((0, 0)), False),
    "below its second threshold": (support((20, 16), shown_from=0.95), False),
    "not measured": (None, True),
}


@pytest.mark.parametrize("case", CASES)
def test_a_frame_is_shown_only_where_it_was_right(case: str) -> None:
    evidence, shown = CASES[case]
    given = (("conflict",), ()) if shown else ((), ("conflict",))
    assert frames_of(read_with(model("framing", support=evidence))) == {given, ((), ())}


def test_where_the_framing_model_abstains_its_frames_are_unsure() -> None:
    frames = model("framing", below=0.95, support=OFTEN_RIGHT)
    assert frames_of(read_with(frames)) == {((), ("conflict",)), ((), ())}


@pytest.mark.parametrize(
    ("languages", "shown"), [(("en",), False), (("de",), True), (("en", "de"), True), ((), True)]
)
def test_evidence_is_of_the_languages_that_the_model_was_trained_on(
    languages: tuple[str, ...], shown: bool
) -> None:
    article = read_with(model("framing", support=OFTEN_RIGHT, languages=languages), GERMAN)
    assert article.language == "de"
    given = (("conflict",), ()) if shown else ((), ("conflict",))
    assert given in frames_of(article)


def test_table_and_page_tell_unsure_frames_from_shown_ones() -> None:
    article = read_with(model("framing", support=OFTEN_WRONG))
    rows = flat_rows(article)
    assert {(row["frames"], row["frames_unsure"]) for row in rows} == {("", "conflict"), ("", "")}
    page = reader_page(article)
    assert page.count(SHOWN_AS_UNSURE) == sum(row["frames_unsure"] != "" for row in rows)
    script = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert script
    first = json.loads(script.group(1))["rows"]["1"]["0"]
    assert (first["frames"], first["unsure"]) == ([], ["conflict"])


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "parties.yaml"
    path.write_text("- {name: Ostrel, kind: country}\n- {name: Varna, kind: country}\n")
    return path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_files_have_both_columns(tmp_path: Path, registry: Path, ending: str) -> None:
    import pandas as pd

    output = tmp_path / f"rows.{ending}"
    frames = model("framing", support=OFTEN_WRONG)
    read(ARTICLE, ReadingOptions((output,), registry, stance=model(), frames=frames))
    loads = {
        "csv": lambda path: pd.read_csv(path, keep_default_na=False),
        "jsonl": lambda path: pd.read_json(path, lines=True),
        "parquet": pd.read_parquet,
    }
    table = loads[ending](output)
    assert set(table["frames"]) == {""}
    assert set(table["frames_unsure"]) == {"conflict", ""}


def test_the_evidence_is_said_where_labels_are_shown(registry: Path) -> None:
    options = ReadingOptions((), registry, stance=None, frames=model("framing", support=OFTEN_WRONG))
    (line,) = read(ARTICLE, options).trust
    assert all(part in line for part in EVIDENCE)


@pytest.mark.parametrize(("evidence", "noted"), [(None, True), (OFTEN_RIGHT, False)])
def test_frames_that_nobody_measured_are_noted(
    registry: Path, evidence: tuple[LabelSupport, ...] | None, noted: bool
) -> None:
    options = ReadingOptions((), registry, stance=None, frames=model("framing", support=evidence))
    assert (UNMEASURED in read(ARTICLE, options).notes) is noted


def test_predict_serves_unsure_frames_in_a_column_of_their_own() -> None:
    frames = model("framing", support=OFTEN_WRONG)
    assert frames.columns[-2:] == ["abstain", "unsure"]
    alone = frames.predict([{"text": "The bridge fell."}, {"text": "Rain fell."}])
    assert list(alone.columns) == frames.columns
    assert alone[["label", "unsure"]].to_numpy().tolist() == [["", "conflict"], ["", ""]]
    together = Together(model(), frames)
    both = together.predict([{"text": "Varna praised the bridge.", "target": "Varna"}])
    assert list(both.columns) == together.columns
    assert both[["frames", "frames_unsure"]].to_numpy().tolist() == [["", "conflict"]]


def test_crosstab_counts_unsure_frames_as_predicted(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    head = "text,target,label,frames,frames_unsure"
    rows = [f"Sentence {n}.,Varna,critical,{'conflict' if n % 2 else ''},morality" for n in range(40)]
    path.write_text("\n".join([head, *rows]), encoding="utf-8")
    (table,), _ = frames_by_stance(path)
    assert table.frames[:2] == ("conflict", "morality")
    by_frame = {frame: table.row(frame)[-1].predicted.value for frame in table.frames}
    assert (by_frame["conflict"], by_frame["morality"]) == (0.5, 1.0)
