"""What a finished experiment offers on the screen is what promotion then does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import toys
from golden import Golden
from typer.testing import CliRunner

import harness
from harness.cli.main import app
from harness.serving.reproduction import reproduce
from harness.tracking.promotion import gates

QUICKSTART = Path(__file__).parents[2] / "configs" / "quickstart.yaml"
PROMOTE = "harness promote --experiment"
LADDER = """\
  prior: {kind: prior}
  verbs: {kind: 'toys:verbs'}
  strong: {kind: 'toys:verbs', tune: {strength: [2.0, 30.0]}}
  unsaved: {kind: 'toys:unsaved'}"""


def shown(*arguments: str) -> str:
    answer = CliRunner().invoke(app, list(arguments))
    assert answer.exception is None, answer.output
    return answer.output


def starred(output: str) -> list[str]:
    table = output.partition(", on test")[2].partition("\n*")[0]
    return [line.split()[0] for line in table.splitlines() if " * " in line]


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "reproduce_in_fresh_process", reproduce)


def test_the_star_is_at_what_promotion_takes(folder: Path, in_this_process: None) -> None:
    toys.prepared(folder, LADDER)
    (star,) = starred(shown("run", "toys.yaml"))
    assert star != "unsaved"
    assert harness.promote(dry_run=True).classifier == star
    # The same again, with all of it finished earlier; and with fewer classifiers.
    assert starred(shown("run", "toys.yaml")) == [star]
    (other,) = starred(shown("run", "toys.yaml", "--set", f"classifiers.{star}=null"))
    assert other != star
    assert harness.promote(dry_run=True).classifier == other
    assert harness.promote().classifier == other


def test_tracked_and_untracked_runs_choose_alike(folder: Path) -> None:
    toys.prepared(folder, "  prior: {kind: prior}\n  verbs: {kind: 'toys:verbs'}")
    tracked, untracked = harness.run("toys.yaml"), harness.run("toys.yaml", track=False)
    assert tracked.choice is not None
    assert untracked.choice is not None
    assert set(tracked.choice.tied) == set(untracked.choice.tied)


def test_what_cannot_be_served_is_not_offered(folder: Path) -> None:
    toys.prepared(folder, "  unsaved: {kind: 'toys:unsaved'}")
    output = shown("run", "toys.yaml")
    assert starred(output) == []
    assert "harness ui" in output
    assert "harness promote" not in output


def test_without_validation_nothing_is_offered(folder: Path) -> None:
    toys.prepared(folder, split="{kind: kfold, k: 3, dev: 0, calibration: 0}")
    assert "harness promote" not in shown("run", "toys.yaml")


def test_what_would_be_refused_is_not_offered(folder: Path, golden: Golden) -> None:
    toys.prepared(folder)
    output = shown("run", "toys.yaml", "--set", "promotion.audits.leaks=block")
    golden("runs/not-offered", output.partition("\nNext:\n")[2])
    assert PROMOTE not in output
    assert CliRunner().invoke(app, ["promote"]).exit_code == 1
    # Another rule repeats nothing, and holds from then on.
    again = shown("run", "toys.yaml")
    assert "reused" in again
    assert f"{PROMOTE} toys" in again
    assert harness.promote(dry_run=True).failures == ()


def test_a_refusal_shows_the_table_of_gates(folder: Path, in_this_process: None, golden: Golden) -> None:
    toys.prepared(folder)
    shown("run", "toys.yaml", "--set", "promotion.audits.leaks=block")
    refused = CliRunner().invoke(app, ["promote"])
    rows = {line.split()[0]: line.split() for line in refused.output.splitlines() if line.strip()}
    assert rows["leaks"][1] == "failed"
    assert rows["reproduces"][1] == "passed"
    golden("runs/refused-by-leaks", str(refused.exception))


def test_a_reason_needs_force(folder: Path, golden: Golden) -> None:
    refused = CliRunner().invoke(app, ["promote", "--reason", "because"])
    assert refused.exit_code == 2
    golden("runs/reason-without-force", " ".join(re.sub("[│╭╮╰╯─]", " ", refused.output).split()))


def test_texts_that_are_not_logged_do_not_travel_with_the_model(folder: Path) -> None:
    toys.prepared(folder, log_text="false")
    run = harness.run("toys.yaml")
    contents = [path.read_text(encoding="utf-8") for path in folder.rglob("probes.json")]
    assert contents
    assert not any("for the" in text and "th time." in text for text in contents)
    gates_of_run = harness.promote(run).gates.set_index("gate")
    assert gates_of_run.loc["reproduces", "verdict"] == "passed"


def test_the_quickstart_promotes_without_force(folder: Path) -> None:
    run = harness.run(QUICKSTART, set={"classifiers.embedding": None})
    promoted = harness.promote(run)
    assert (promoted.classifier, run.best, promoted.changed) == ("linear", "linear", True)
    verdicts = dict(zip(promoted.gates["gate"], promoted.gates["verdict"], strict=True))
    assert verdicts["reproduces"] == "passed"
    # It fails today, so it warns by name and does not block.
    assert verdicts["behaviour"] == "warning"
    assert "invented" in promoted.not_for
    assert "linear-blind" in run.choice.tied  # type: ignore[union-attr]
