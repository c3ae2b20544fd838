"""Stance and frames, labelled together: one row a (sentence, party)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
import toys
from typer.testing import CliRunner

import harness
from harness.articles.frames_by_stance import frames_by_stance
from harness.cli.main import app
from harness.serving.contract import Contract
from harness.serving.folder import write_data
from harness.serving.inference import LabelModel, Together, predict_file
from harness.serving.inference.files import CHUNK
from harness.tracking.models import load, load_both
from harness.values.errors import ModelError
from harness.values.labels import STANCE, LabelSet
from harness.values.parties import EMPTY

FRAMES = LabelSet(("conflict", "morality"), multi=True)
PRAISE, ATTACK = "Varna praised Coastal Union and Ostrel.", "Varna blasted Coastal Union and Ostrel."
KNOWN = {
    "stance": {"praised": [0.0, 0.0, 9.0], "blasted": [9.0, 0.0, 0.0]},
    "framing": {"praised": [9.0, 9.0], "blasted": [9.0, 0.0]},
}


def model(folder: Path, labels: LabelSet, task: str) -> str:
    verbs = toys.Verbs(1.0, "", labels, 1)
    verbs.known_ = KNOWN[task] if len(labels) != 1 else {"praised": [9.0], "blasted": [0.0]}
    (folder / "own" / "model").mkdir(parents=True)
    verbs.save(folder / "own" / "model")
    (folder / "served").mkdir()
    write_data(folder / "served", folder / "own", Contract(task, labels, "toys:load"), EMPTY)  # type: ignore[arg-type]
    return str(folder / "served")


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return model(folder / "stance", STANCE, "stance"), model(folder / "frames", FRAMES, "framing")


@pytest.fixture
def both(addresses: tuple[str, str]) -> Together:
    return harness.load_both(*addresses)


def rows(*texts: str) -> list[dict[str, str]]:
    return [{"text": text, "target": party} for text in texts for party in ("Coastal Union", "Ostrel")]


def test_one_row_a_sentence_and_party(both: Together) -> None:
    found = both.predict(rows(PRAISE, ATTACK))
    assert list(found.columns) == both.columns
    assert both.columns == [
        *("stance", "p_critical", "p_neutral", "p_supportive", "abstain"),
        *("frames", "p_conflict", "p_morality", "frames_abstain"),
    ]
    assert found["stance"].tolist() == ["supportive"] * 2 + ["critical"] * 2
    assert found["frames"].tolist() == ["conflict|morality"] * 2 + ["conflict"] * 2
    assert not found["abstain"].any()


def test_it_is_what_each_model_says_alone(both: Together) -> None:
    given = pd.DataFrame(rows(ATTACK, PRAISE), index=[7, 3, 9, 1])
    found = both.predict(given)
    assert found.index.tolist() == [7, 3, 9, 1]
    stance, frames = both.stance.predict(given), both.frames.predict(given)
    pd.testing.assert_frame_equal(
        found[["p_critical", "p_neutral", "p_supportive"]],
        stance[["p_critical", "p_neutral", "p_supportive"]],
    )
    pd.testing.assert_frame_equal(
        found[["p_conflict", "p_morality"]], frames[["p_conflict", "p_morality"]], check_names=False
    )


def test_frames_are_computed_once_a_sentence(both: Together, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    told = LabelModel.predict

    def counting(self: LabelModel, rows: pd.DataFrame, *, first: int = 1) -> pd.DataFrame:
        if self.task == "framing":
            asked.extend(rows["text"])
        return told(self, rows, first=first)

    monkeypatch.setattr(LabelModel, "predict", counting)
    both.predict(rows(PRAISE, ATTACK, PRAISE))
    assert asked == [PRAISE, ATTACK]
    # The next rows of a stream: what stood in those before is remembered.
    found = both.predict(rows(ATTACK, "Varna met Coastal Union and Ostrel."))
    assert asked == [PRAISE, ATTACK, "Varna met Coastal Union and Ostrel."]
    assert found["frames"].tolist() == ["conflict", "conflict", "", ""]
    both.predict(rows(PRAISE))
    assert asked[3:] == [PRAISE]


def test_names_that_both_models_use_are_told_apart(tmp_path: Path, addresses: tuple[str, str]) -> None:
    odd = model(tmp_path, LabelSet(("neutral", "morality"), multi=True), "framing")
    found = load_both(addresses[0], odd)
    assert found.columns[-4:] == ["frames", "frames_p_neutral", "p_morality", "frames_abstain"]
    assert list(found.predict(rows(PRAISE)).columns) == found.columns


def test_each_model_has_its_place(addresses: tuple[str, str]) -> None:
    stance, frames = addresses
    with pytest.raises(ModelError) as caught:
        load_both(frames, stance)
    assert str(caught.value) == f"{frames} is for framing; a stance model is needed"
    with pytest.raises(ModelError) as caught:
        load_both(stance, stance)
    assert str(caught.value) == f"{stance} is for stance; a framing model is needed"


def test_rows_that_cannot_be_labelled_are_named(both: Together) -> None:
    with pytest.raises(ModelError) as caught:
        both.predict([{"text": "", "target": "Ostrel"}, {"text": PRAISE, "target": None}], first=5)
    assert str(caught.value) == "the input cannot be labelled: row 5: text is empty; row 6: target is missing"


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_files_are_streamed(both: Together, tmp_path: Path, ending: str) -> None:
    given = rows(*([PRAISE, ATTACK] * (CHUNK // 4 + 5)))
    source, output = tmp_path / f"in.{ending}", tmp_path / f"out.{ending}"
    if ending == "parquet":
        pd.DataFrame(given).to_parquet(source)
    elif ending == "jsonl":
        source.write_text("".join(json.dumps(row) + "\n" for row in given), encoding="utf-8")
    else:
        pd.DataFrame(given).to_csv(source, index=False)
    assert predict_file(both, source, output) == len(given) > CHUNK
    readers = {"csv": pd.read_csv, "jsonl": lambda path: pd.read_json(path, lines=True)}
    found = readers.get(ending, pd.read_parquet)(output)
    assert list(found.columns) == ["text", "target", *both.columns]
    assert found["frames"].tolist() == (["conflict|morality"] * 2 + ["conflict"] * 2) * (CHUNK // 4 + 5)


def test_the_command_labels_and_counts(addresses: tuple[str, str], tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    given = [{**row, "article": n // 4} for n, row in enumerate(rows(*[PRAISE, ATTACK] * 12))]
    with source.open("w", newline="", encoding="utf-8") as handle:
        table = csv.DictWriter(handle, list(given[0]))
        table.writeheader()
        table.writerows(given)
    stance, frames = addresses
    command = ["predict", "--model", stance, "--frames", frames, "-i", str(source), "-o", str(output)]
    assert CliRunner().invoke(app, command).exit_code == 0
    crossed = tmp_path / "crossed.csv"
    answer = CliRunner().invoke(app, ["crosstab", str(output), "--group", "article", "-o", str(crossed)])
    assert answer.exit_code == 0, answer.output
    assert "Coastal Union: 24 mentions" in answer.output
    assert "Intervals need 30 groups, and there are 12." in answer.output
    assert "Some sentences have several frames, so a column adds up to more" in " ".join(
        answer.output.split()
    )
    laid = pd.read_csv(crossed)
    whole = laid[
        (laid["party"] == "Ostrel") & (laid["frame"] == "morality") & (laid["stance"] == "supportive")
    ]
    assert whole[["mentions", "groups", "given"]].iloc[0].tolist() == [24, 12, 0.5]
    assert whole["true"].isna().all()


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


def crossed(path: Path, frames: str, rows: int) -> str:
    lines = [f"{n},Varna,{'critical' if n % 4 else 'neutral'},{frames}\n" for n in range(rows)]
    path.write_text("text,target,stance,frames\n" + "".join(lines), encoding="utf-8")
    answer = CliRunner().invoke(app, ["crosstab", str(path)])
    assert answer.exit_code == 0, answer.output
    return " ".join(answer.output.split())


def test_few_articles_are_told_and_have_no_interval(tmp_path: Path) -> None:
    few = crossed(tmp_path / "out.csv", "conflict", 4)
    assert "Intervals need 30 groups, and there are 4." in few
    assert "conflict 75 25 100" in few
    some = crossed(tmp_path / "out.csv", "conflict", 40)
    assert "40 groups are few (50 are enough): intervals may be too narrow." in some
    assert "conflict 75 (60–88) 25 (12–40) 100 " in some
    assert "(0–0)" not in some
    assert "groups" not in crossed(tmp_path / "out.csv", "conflict", 52)


def test_several_frames_are_spoken_of_only_where_a_sentence_has_them(tmp_path: Path) -> None:
    assert "several frames" not in crossed(tmp_path / "out.csv", "conflict", 4)
    assert "Some sentences have several frames" in crossed(tmp_path / "out.csv", "conflict|morality", 4)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("text,target,stence,frames\na,Varna,critical,\n", encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        frames_by_stance(path)
    assert str(caught.value) == f"{path}: has no column 'stance'; did you mean 'stence'?"
    path.write_text("text,target,stance,frames\na,Varna,critical,\n", encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        frames_by_stance(path, group="article")
    assert str(caught.value) == f"{path}: has no column 'article'; known: frames, stance, target, text"


def test_one_model_alone_is_loaded_as_before(addresses: tuple[str, str]) -> None:
    assert load(addresses[1]).columns == ["label", "p_conflict", "p_morality", "abstain"]
