"""A file that two models labelled together, crossed frame by stance and party by party."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from golden import Golden
from typer.testing import CliRunner

from harness.articles.frames_by_stance import frames_by_stance
from harness.cli.main import app
from harness.scoring.crosstab import CrossTable
from harness.values.errors import ModelError
from harness.values.labels import STANCE, LabelSet
from tests.serving.toy_models import listing, refusal, write_model

FRAMES = LabelSet(("conflict", "morality"), multi=True)
VOTES = {"praised": [9.0, 9.0], "blasted": [9.0, 0.0]}
"""Verb → votes for conflict and morality."""


def write_labelled(path: Path, frames: str, rows: int) -> Path:
    """Write rows about one party, of which every fourth is neutral and the others are critical."""
    lines = [f"{n},Varna,{'critical' if n % 4 else 'neutral'},{frames}\n" for n in range(rows)]
    path.write_text("text,target,stance,frames\n" + "".join(lines), encoding="utf-8")
    return path


def one_party(path: Path) -> CrossTable:
    (table,), left_out = frames_by_stance(path)
    assert left_out == 0
    return table


def test_what_predict_writes_is_crossed_and_saved(tmp_path: Path, golden: Golden) -> None:
    stance = write_model(tmp_path / "stance", labels=STANCE)
    frames = write_model(tmp_path / "frames", labels=FRAMES, task="framing", votes=VOTES)
    source, output, crossed = (tmp_path / name for name in ("in.csv", "out.csv", "crossed.csv"))
    sentences = ["Varna praised Coastal Union and Ostrel.", "Varna blasted Coastal Union and Ostrel."] * 12
    rows = [(text, party) for text in sentences for party in ("Coastal Union", "Ostrel")]
    table = pd.DataFrame(rows, columns=["text", "target"])
    table.assign(article=[n // 4 for n in range(len(table))]).to_csv(source, index=False)
    models = ["--model", str(stance), "--frames", str(frames)]
    assert CliRunner().invoke(app, ["predict", *models, "-i", str(source), "-o", str(output)]).exit_code == 0
    answer = CliRunner().invoke(app, ["crosstab", str(output), "--group", "article", "-o", str(crossed)])
    assert answer.exit_code == 0, answer.output
    golden("articles/crosstab", answer.output)
    saved = pd.read_csv(crossed)
    cell = saved[
        (saved["party"] == "Ostrel") & (saved["frame"] == "morality") & (saved["stance"] == "supportive")
    ]
    assert cell[["mentions", "groups", "given"]].iloc[0].tolist() == [24, 12, 0.5]
    assert cell["true"].isna().all()


def test_rows_on_which_a_model_abstained_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text(
        "text,target,stance,abstain,frames,frames_abstain\n"
        "a,Varna,critical,False,conflict,False\n"
        "b,Varna,critical,True,conflict,False\n"
        "c,Varna,critical,False,,True\n"
        "d,Varna,supportive,False,,False\n",
        encoding="utf-8",
    )
    (table,), left_out = frames_by_stance(path)
    assert (table.n, left_out, table.stances) == (2, 2, ("critical", "supportive", "all"))


@pytest.mark.parametrize(("rows", "limited"), [(4, True), (29, True), (30, True), (49, True), (50, False)])
def test_few_articles_limit_the_intervals(tmp_path: Path, rows: int, limited: bool) -> None:
    limitation = one_party(write_labelled(tmp_path / "out.csv", "conflict", rows)).limitation
    assert (str(rows) in re.findall(r"\d+", limitation)) is limited
    assert bool(limitation) is limited


def test_with_few_articles_no_interval_is_shown(tmp_path: Path, golden: Golden) -> None:
    screens = []
    for rows in (4, 40, 52):
        path = write_labelled(tmp_path / "out.csv", "conflict", rows)
        screens.append(CliRunner().invoke(app, ["crosstab", str(path)]).output)
    golden("articles/crosstab-few-articles", "\n\n".join(screens))


@pytest.mark.parametrize(("frames", "overlap"), [("conflict", False), ("conflict|morality", True)])
def test_frames_overlap_where_a_sentence_has_several(tmp_path: Path, frames: str, overlap: bool) -> None:
    assert one_party(write_labelled(tmp_path / "out.csv", frames, 4)).frames_overlap is overlap


def test_a_missing_column_is_named(tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / "out.csv"
    path.write_text("text,target,stence,frames\na,Varna,critical,\n", encoding="utf-8")
    messages = {"a misspelt column": refusal(lambda: frames_by_stance(path), tmp_path)}
    path.write_text("text,target,stance,frames\na,Varna,critical,\n", encoding="utf-8")
    messages["an unknown group"] = refusal(lambda: frames_by_stance(path, group="article"), tmp_path)
    headers = {
        "no frames": "text,target,label",
        "no labels": "satz,partei",
        "no article": "satz,target,label,frames",
    }
    for case, header in headers.items():
        path.write_text(f"{header}\n{','.join('a' for _ in header.split(','))}\n", encoding="utf-8")
        messages[case] = refusal(lambda: frames_by_stance(path), tmp_path)
    path.write_text("text,target,stance,frames\na,Varna,critical,\n", encoding="utf-8")
    golden("articles/missing-columns", listing(messages))
    with pytest.raises(ModelError, match="'article'"):
        frames_by_stance(path, group="article")


@pytest.mark.parametrize("column", ["label", "stance"])
def test_the_label_has_its_present_and_its_former_name(tmp_path: Path, column: str) -> None:
    path = tmp_path / "out.csv"
    rows = [f"text {i},Varna,critical,conflict" for i in range(30)]
    path.write_text("\n".join([f"text,target,{column},frames", *rows]) + "\n", encoding="utf-8")
    (table,), abstained = frames_by_stance(path)
    assert (table.n, table.stances, abstained) == (30, ("critical", "all"), 0)
