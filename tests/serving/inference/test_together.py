"""Stance and frames, labelled together: one row a (sentence, party)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from golden import Golden
from typer.testing import CliRunner

import harness
from harness.articles.frames_by_stance import frames_by_stance
from harness.cli.main import app
from harness.serving.inference import LabelModel, Together
from harness.serving.inference.labelling import MAX_CHUNK, predict_file
from harness.tracking.models import load, load_both
from harness.values.errors import ModelError
from harness.values.labels import STANCE, LabelSet, Task
from tests.serving.toy_models import listing, refusal, write_model

FRAMES = LabelSet(("conflict", "morality"), multi=True)
PRAISE, ATTACK = "Varna praised Coastal Union and Ostrel.", "Varna blasted Coastal Union and Ostrel."
VOTES = {
    "stance": {"praised": [0.0, 0.0, 9.0], "blasted": [9.0, 0.0, 0.0]},
    "framing": {"praised": [9.0, 9.0], "blasted": [9.0, 0.0]},
}


def model(folder: Path, labels: LabelSet, task: Task) -> str:
    return str(write_model(folder, labels=labels, task=task, votes=VOTES[task]))


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
    labelled = both.predict(rows(PRAISE, ATTACK))
    assert list(labelled.columns) == both.columns
    assert both.columns == [
        *("stance", "p_critical", "p_neutral", "p_supportive", "abstain"),
        *("frames", "p_conflict", "p_morality", "frames_abstain"),
    ]
    assert labelled["stance"].tolist() == ["supportive"] * 2 + ["critical"] * 2
    assert labelled["frames"].tolist() == ["conflict|morality"] * 2 + ["conflict"] * 2
    assert not labelled["abstain"].any()


def test_it_predicts_what_each_model_predicts_alone(both: Together) -> None:
    table = pd.DataFrame(rows(ATTACK, PRAISE), index=[7, 3, 9, 1])
    labelled = both.predict(table)
    assert labelled.index.tolist() == [7, 3, 9, 1]
    stance, frames = both.stance.predict(table), both.frames.predict(table)
    pd.testing.assert_frame_equal(
        labelled[["p_critical", "p_neutral", "p_supportive"]],
        stance[["p_critical", "p_neutral", "p_supportive"]],
    )
    pd.testing.assert_frame_equal(
        labelled[["p_conflict", "p_morality"]], frames[["p_conflict", "p_morality"]], check_names=False
    )


def test_frames_are_computed_once_a_sentence(both: Together, monkeypatch: pytest.MonkeyPatch) -> None:
    framed: list[str] = []
    predict = LabelModel.predict

    def recording(self: LabelModel, rows: pd.DataFrame, *, first: int = 1) -> pd.DataFrame:
        if self.task == "framing":
            framed.extend(rows["text"])
        return predict(self, rows, first=first)

    monkeypatch.setattr(LabelModel, "predict", recording)
    both.predict(rows(PRAISE, ATTACK, PRAISE))
    assert framed == [PRAISE, ATTACK]
    # The next chunk of a file: the frames of texts of the chunk before are reused.
    labelled = both.predict(rows(ATTACK, "Varna met Coastal Union and Ostrel."))
    assert framed == [PRAISE, ATTACK, "Varna met Coastal Union and Ostrel."]
    assert labelled["frames"].tolist() == ["conflict", "conflict", "", ""]
    both.predict(rows(PRAISE))
    assert framed[3:] == [PRAISE]


def test_names_that_both_models_use_are_told_apart(tmp_path: Path, addresses: tuple[str, str]) -> None:
    frames = model(tmp_path, LabelSet(("neutral", "morality"), multi=True), "framing")
    both = load_both(addresses[0], frames)
    assert both.columns[-4:] == ["frames", "frames_p_neutral", "p_morality", "frames_abstain"]
    assert list(both.predict(rows(PRAISE)).columns) == both.columns


def test_a_model_of_the_other_task_is_refused(addresses: tuple[str, str], golden: Golden) -> None:
    stance, frames = addresses
    folder = Path(stance).parents[1]
    messages = {
        "a framing model for stance": refusal(lambda: load_both(frames, stance), folder),
        "a stance model for frames": refusal(lambda: load_both(stance, stance), folder),
    }
    golden("serving/other-tasks", listing(messages))


def test_rows_that_cannot_be_labelled_are_named(both: Together) -> None:
    unusable = [{"text": "", "target": "Ostrel"}, {"text": PRAISE, "target": None}]
    message = refusal(lambda: both.predict(unusable, first=5))
    problems = message.partition(": ")[2].split("; ")
    assert [problem.split()[:3] for problem in problems] == [["row", "5:", "text"], ["row", "6:", "target"]]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_files_are_streamed(both: Together, tmp_path: Path, ending: str) -> None:
    records = rows(*([PRAISE, ATTACK] * (MAX_CHUNK // 4 + 5)))
    source, output = tmp_path / f"in.{ending}", tmp_path / f"out.{ending}"
    if ending == "parquet":
        pd.DataFrame(records).to_parquet(source)
    elif ending == "jsonl":
        source.write_text("".join(json.dumps(row) + "\n" for row in records), encoding="utf-8")
    else:
        pd.DataFrame(records).to_csv(source, index=False)
    assert predict_file(both, source, output) == len(records) > MAX_CHUNK
    readers = {"csv": pd.read_csv, "jsonl": lambda path: pd.read_json(path, lines=True)}
    labelled = readers.get(ending, pd.read_parquet)(output)
    assert list(labelled.columns) == ["text", "target", *both.columns]
    assert labelled["frames"].tolist() == (["conflict|morality"] * 2 + ["conflict"] * 2) * (
        MAX_CHUNK // 4 + 5
    )


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


def test_a_framing_model_is_loaded_alone(addresses: tuple[str, str]) -> None:
    assert load(addresses[1]).columns == ["label", "p_conflict", "p_morality", "abstain"]
