"""What the screen of a run says where scores should not be believed as they stand."""

from __future__ import annotations

import csv
import random
import re
from pathlib import Path

import pytest
import toys
from golden import Golden
from typer.testing import CliRunner

from harness.cli import main as cli
from harness.cli.cautions import too_few_test_rows
from harness.config import plan
from harness.evaluation.decisions.guarantee_check import guarantee_notes
from harness.evaluation.prepared import Prepared, prepare
from harness.tracking.promotion import RefusedPromotionError
from harness.values.minimums import MIN_SCORED_ROWS

STANCES = ("critical", "neutral", "supportive")


def prepared_with(
    folder: Path, n_test: int, *, stances: tuple[str, ...] = STANCES, split: str = "{kind: predefined}"
) -> Prepared:
    """A corpus with so many test rows, its labels in turn."""
    n = n_test + 40
    with (folder / "mine.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "target", "stance", "split"])
        for i in range(n):
            part = "test" if i < n_test else "train"
            table.writerow([f"Varna, row {i}.", "Varna", stances[i % len(stances)], part])
    config = f"name: mine\ncorpus: {{kind: files, path: mine.csv}}\nsplit: {split}\n"
    (folder / "mine.yaml").write_text(f"{config}classifiers: {{prior: {{kind: prior}}}}\n", encoding="utf-8")
    return prepare(plan.read(folder / "mine.yaml"))


@pytest.mark.parametrize("n", [MIN_SCORED_ROWS - 1, MIN_SCORED_ROWS])
def test_scores_are_shown_from_some_test_rows_on(tmp_path: Path, n: int) -> None:
    assert bool(too_few_test_rows(prepared_with(tmp_path, n))) is (n < MIN_SCORED_ROWS)


def test_what_is_said_of_few_test_rows(tmp_path: Path, golden: Golden) -> None:
    texts = [too_few_test_rows(prepared_with(tmp_path, n)) for n in (12, 13, 1)]
    golden("runs/few-test-rows", "\n".join(texts))


def test_the_test_rows_of_all_folds_are_counted(tmp_path: Path) -> None:
    prepared = prepared_with(tmp_path, 0, split="{kind: kfold, k: 5}")
    assert max(len(split.test) for split in prepared.splits) < MIN_SCORED_ROWS
    assert too_few_test_rows(prepared) == ""


def test_a_run_with_few_test_rows_shows_counts_and_no_table(folder: Path) -> None:
    toys.write_corpus(folder)
    toys.prepared(folder, "  verbs: {kind: 'toys:verbs'}", split="{kind: holdout, test: 0.2, calibration: 0}")
    shown = CliRunner().invoke(cli.app, ["run", "toys.yaml"], catch_exceptions=False).output
    assert "95 % interval  seed" not in " ".join(shown.split("\n"))
    (line,) = [line for line in shown.splitlines() if line.startswith("  verbs:")]
    right, _, n = line.removeprefix("  verbs: ").partition(" of ")
    assert 0 <= int(right) <= int(n.split()[0]) < MIN_SCORED_ROWS
    assert shown.count("caution:") >= 1


def test_labels_that_no_row_has_are_named_with_the_remedy(tmp_path: Path, golden: Golden) -> None:
    notes = [
        prepared_with(tmp_path, 20, stances=stances).info.split.notes
        for stances in (STANCES, ("critical", "supportive"), ("neutral",))
    ]
    golden("splits/unused-labels", "\n".join(" | ".join(of_corpus) for of_corpus in notes))
    assert notes[0] == ()


def test_a_label_that_test_lacks_is_scored_and_abstention_is_measured(folder: Path) -> None:
    prepared_with(folder, 30)
    lines = (folder / "mine.csv").read_text(encoding="utf-8").splitlines()
    rest = [line for line in lines if not line.endswith("critical,test")]
    (folder / "mine.csv").write_text("\n".join(rest) + "\n", encoding="utf-8")
    config = (folder / "mine.yaml").read_text(encoding="utf-8").partition("classifiers:")[0]
    config += "classifiers: {prior: {kind: prior}, linear: {kind: linear, chars: ~}}\n"
    config += "abstention: {risk: 0.2}\naudits: {leaks: off}\n"
    off = ("target_use", "sensitivity", "party_swap", "behaviour", "unseen", "annotators", "parity")
    config = config.replace("{leaks: off}", "{" + ", ".join(f"{name}: off" for name in ("leaks", *off)) + "}")
    (folder / "mine.yaml").write_text(config, encoding="utf-8")
    run = CliRunner().invoke(cli.app, ["run", "mine.yaml"], catch_exceptions=False)
    ended = [line.split(":")[0].strip() for line in run.output.splitlines() if "labels " in line]
    assert [name for name in ended if name in ("prior", "linear")] == ["prior", "linear"]


LEARN_THEN_TEST = "abstention: {risk: 0.2, method: learn_then_test"


def with_abstention(folder: Path, abstention: str) -> Prepared:
    """Of 180 rows, 54 are of calibration."""
    prepared_with(folder, 140, split="{kind: holdout, dev: 0.4, calibration: 0.75}")
    config = (folder / "mine.yaml").read_text(encoding="utf-8")
    (folder / "mine.yaml").write_text(f"{config}{abstention}\n", encoding="utf-8")
    return prepare(plan.read(folder / "mine.yaml"))


@pytest.mark.parametrize(
    ("abstention", "numbers"),
    [
        # Half of the 54 fit the temperature.
        (f"{LEARN_THEN_TEST}}}", ["90%", "20%", "11", "63", "10%", "27", "100"]),
        (f"{LEARN_THEN_TEST}}}\ncalibration: {{kind: none}}", ["90%", "20%", "11", "63", "10%", "54", "100"]),
        (f"{LEARN_THEN_TEST}, certainty: 0.8}}", ["80%", "20%", "8", "39", "10%", "27", "100"]),
        ("abstention: {risk: 0.2}", None),
        ("", None),
    ],
)
def test_the_groups_that_a_guarantee_needs_are_said_before_training(
    tmp_path: Path, abstention: str, numbers: list[str] | None
) -> None:
    notes = guarantee_notes(with_abstention(tmp_path, abstention))
    assert [re.findall(r"\d+%?", note) for note in notes] == ([] if numbers is None else [numbers])
    shown = CliRunner().invoke(cli.app, ["validate", str(tmp_path / "mine.yaml")], catch_exceptions=False)
    assert shown.output.count("certainty") == len(notes)


def test_an_article_counts_once_among_the_groups(tmp_path: Path) -> None:
    with_abstention(tmp_path, f"{LEARN_THEN_TEST}}}\ncalibration: {{kind: none}}")
    lines = (tmp_path / "mine.csv").read_text(encoding="utf-8").splitlines()
    grouped = [f"{line},{'group' if n == 0 else f'a{n // 3}'}" for n, line in enumerate(lines)]
    (tmp_path / "mine.csv").write_text("\n".join(grouped) + "\n", encoding="utf-8")
    together = prepare(plan.read(tmp_path / "mine.yaml"))
    count = together.corpus.take(together.splits[0].calibration).rows["group"].nunique()
    assert 15 <= count <= 20
    assert f"has {count} groups" in guarantee_notes(together)[0]


@pytest.mark.parametrize(("on_unmet", "labels"), [("serve", "100%"), ("abstain", "0%"), ("refuse", "0%")])
def test_a_risk_that_is_not_met_is_said_once_after_a_run(folder: Path, on_unmet: str, labels: str) -> None:
    with_abstention(folder, f"{LEARN_THEN_TEST}, on_unmet: {on_unmet}}}")
    path = folder / "mine.yaml"
    config = path.read_text(encoding="utf-8")
    two = config.replace("{prior: {kind: prior}}", "{prior: {kind: prior}, again: {kind: prior}}")
    path.write_text(two, encoding="utf-8")
    shown = CliRunner().invoke(cli.app, ["run", "mine.yaml"], catch_exceptions=False).output
    assert " ".join(shown.split()).count("threshold") == 1
    assert re.findall(r"prior, again:", shown) == ["prior, again:"]
    ended = [line for line in shown.splitlines() if line.startswith(("  prior:", "  again:"))]
    assert [f" labels {labels} of test" in line for line in ended] == [True, True]
    # What would be refused is not offered.
    assert ("promote --experiment" in shown) is (on_unmet != "refuse")


NOISE = """\
name: noise
corpus: {kind: files, path: noise.csv}
split: {kind: holdout, test: 0.4, dev: 0.2, calibration: 0}
audits: []
classifiers:
  prior: {kind: prior}
  linear: {kind: linear}
"""


def test_a_model_that_learned_nothing_is_named_and_not_promoted(folder: Path) -> None:
    stream = random.Random(1)
    words = ["harbour", "ferry", "school", "bridge", "budget", "council", "market", "library"]
    with (folder / "noise.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "target", "stance"])
        for i in range(240):
            text = f"Varna and the {stream.choice(words)}, no. {i}, by the {stream.choice(words)}."
            table.writerow([text, "Varna", stream.choice(STANCES)])
    (folder / "noise.yaml").write_text(NOISE, encoding="utf-8")
    shown = CliRunner().invoke(cli.app, ["run", "noise.yaml"], catch_exceptions=False).output
    cautions = " ".join(shown.split())
    assert re.search(r"caution: linear cannot be told from (guessing|always)", cautions)
    # The baseline itself is told apart by its name.
    assert "caution: prior" not in cautions
    refused = CliRunner().invoke(cli.app, ["promote", "--experiment", "noise", "--classifier", "linear"])
    told = isinstance(refused.exception, RefusedPromotionError)
    verdict = (
        dict(zip(*(refused.exception.gates[name] for name in ("gate", "verdict")), strict=True))
        if told
        else {}
    )
    assert verdict.get("baseline", "undecided") in ("failed", "undecided")
    assert told or "baseline: undecided" in refused.output


RARE = """\
name: rare
corpus: {kind: files, path: rare.csv}
split: {kind: predefined}
audits: []
classifiers:
  linear: {kind: linear}
"""


def test_without_an_interval_nothing_is_said_to_be_a_tie(folder: Path, golden: Golden) -> None:
    """All of test is one article, so that no interval can be had."""
    verbs = {"critical": "blames", "neutral": "mentions", "supportive": "thanks"}
    with (folder / "rare.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "target", "stance", "split", "group"])
        for i in range(240):
            stance = STANCES[i % 3]
            text = f"Mayor no. {i} {verbs[stance]} Varna."
            part = "test" if i < 60 else "train"
            table.writerow([text, "Varna", stance, part, "one article" if i < 60 else f"a{i}"])
    (folder / "rare.yaml").write_text(RARE, encoding="utf-8")
    shown = CliRunner().invoke(cli.app, ["run", "rare.yaml"], catch_exceptions=False).output
    cautions = re.findall(r"caution: (linear .*?)\n(?! )", shown, re.S)
    assert not [line for line in cautions if re.search("be told", line)]
    golden("runs/no-interval", "\n".join(cautions))
