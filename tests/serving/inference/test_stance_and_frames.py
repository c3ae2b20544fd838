"""Stance and frames, labelled together: one row a (sentence, party)."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from golden import Golden

import harness
from harness.serving.inference import LabelModel, Together
from harness.serving.inference.chunks import FIRST_CHUNK, MAX_CHUNK
from harness.serving.inference.labelling import predict_file
from harness.tracking.models import load, load_both
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
        *("label", "p_critical", "p_neutral", "p_supportive", "abstain"),
        *("frames", "p_conflict", "p_morality", "frames_abstain"),
    ]
    assert labelled["label"].tolist() == ["supportive"] * 2 + ["critical"] * 2
    assert labelled["frames"].tolist() == ["conflict|morality"] * 2 + ["conflict"] * 2
    assert not labelled["abstain"].any()


def test_it_predicts_what_each_model_predicts_alone(both: Together) -> None:
    table = pd.DataFrame(rows(ATTACK, PRAISE), index=[7, 3, 9, 1])
    labelled = both.predict(table)
    assert labelled.index.tolist() == [7, 3, 9, 1]
    stance, frames = both.stance.predict(table), both.frames.predict(table)
    assert list(labelled.columns)[: len(stance.columns)] == list(stance.columns)
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
    meeting = "Varna met Coastal Union and Ostrel."
    labelled = both.predict(rows(ATTACK, meeting))
    assert framed == [PRAISE, ATTACK, meeting]
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


def test_a_framing_model_is_loaded_alone(addresses: tuple[str, str]) -> None:
    assert load(addresses[1]).columns == ["label", "p_conflict", "p_morality", "abstain"]


def test_targets_that_their_text_does_not_name_are_counted_once_a_file(
    both: Together, tmp_path: Path, capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    absent = [{"text": PRAISE, "target": party} for party in ("Nobody", "None")]
    # More rows than a chunk has: one note of the whole file, not one of each part.
    table = pd.DataFrame([*absent, *rows(*[PRAISE] * FIRST_CHUNK)])
    for source, model in ((table, both), (table, both.stance), (table[2:], both)):
        source.to_csv(tmp_path / "in.csv", index=False)
        predict_file(model, tmp_path / "in.csv", tmp_path / "out.csv")
        notes = [line for line in capsys.readouterr().err.splitlines() if "targets" in line]
        assert len(notes) == (len(source) > 2 * FIRST_CHUNK)
        assert all(f"2 of {len(table)} " in note and "'Nobody'" in note for note in notes)
        if model is both.stance:
            golden("serving/absent-targets", notes[0])
