"""What is registered is listed; who reads, compares and sets a champion does so alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from golden import Golden
from typer.testing import CliRunner

import harness
from harness.cli.main import app
from harness.cli.models import registry_text
from harness.tracking.promotion import PromotionRequest, promote, promoting, registry_table, versions
from harness.tracking.promotion.registry_table import COLUMNS
from harness.tracking.store import Store
from harness.values.errors import PromotionError
from tests.tracking.promotion.doctored_runs import in_this_process, run_of, set_findings

__all__ = ["in_this_process"]

DEADLINE = "a deadline"


def test_an_empty_registry_has_columns_and_says_so(folder: Path, golden: Golden) -> None:
    assert list(harness.registry().columns) == list(COLUMNS)
    golden("tracking/empty-registry", CliRunner().invoke(app, ["registry"]).output)
    assert json.loads(CliRunner().invoke(app, ["registry", "--json"]).output) == {"versions": []}


def test_versions_are_listed_with_their_story(trained: Path) -> None:
    store = Store.open()
    set_findings(store, "verbs", party_swap="failed", behaviour="failed")
    promote(store, "toys", PromotionRequest(classifier="strong"))
    promote(store, "toys", PromotionRequest(classifier="verbs", force=DEADLINE))
    promote(store, "toys", PromotionRequest(classifier="strong", model_name="another"))
    table = registry_table(store)
    assert table[["model", "version", "aliases", "classifier"]].to_numpy().tolist() == [
        ["another", 1, "champion", "strong"],
        ["stance", 2, "champion", "verbs"],
        ["stance", 1, "previous", "strong"],
    ]
    metrics = run_of(store, "verbs").data.metrics
    row = table.iloc[1]
    for column, key in (("validation", "validation/f1_macro"), ("test", "test/f1_macro")):
        assert row[column] == metrics[key]
    assert (row["low"], row["high"]) == (metrics["test/f1_macro_low"], metrics["test/f1_macro_high"])
    assert (row["forced"], row["experiment"]) == (f"party_swap: {DEADLINE}", "toys")
    assert row["by"]
    assert row["at"]
    listed = json.loads(CliRunner().invoke(app, ["registry", "--json"]).output)["versions"]
    assert [(entry["model"], entry["version"]) for entry in listed] == [
        ("another", 1),
        ("stance", 2),
        ("stance", 1),
    ]


def test_a_version_whose_run_was_deleted_is_listed(trained: Path) -> None:
    store = Store.open()
    promote(store, "toys", PromotionRequest(classifier="strong"))
    with store.pointed():
        store.client._tracking_client.store._hard_delete_run(run_of(store, "strong").info.run_id)
    (row,) = registry_table(store).to_dict("records")
    assert (row["version"], row["classifier"], row["experiment"]) == (1, "strong", "")


def test_the_registry_is_shown(golden: Golden) -> None:
    numbers = {"validation": 0.5, "test": 0.51, "low": 0.4, "high": 0.6}
    row = dict.fromkeys(COLUMNS, "") | numbers | {"model": "stance", "version": 1, "metric": "f1_macro"}
    row |= {"classifier": "linear", "experiment": "quickstart"}
    champion = row | {
        "version": 2,
        "aliases": "champion",
        "audits": "failed party swap; 5 of 6 passed",
        "waived": "size",
    }
    champion |= {
        "forced": "party_swap: a deadline",
        "at": "2031-03-14 09:00:00",
        "by": "ann",
        "why": "Asked.",
    }
    golden("tracking/registry", "\n".join(registry_text([champion, row | {"low": float("nan")}])))


# Two at once


def test_the_lock_lies_with_the_store(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of two folders that share a database, neither has a lock of its own."""
    store = Store.open()
    elsewhere = replace(store, home=tmp_path_factory.mktemp("elsewhere"))
    with store.lock("model-stance"), pytest.raises(TimeoutError), giving_up(), elsewhere.lock("model-stance"):
        pytest.fail("both hold the lock")


class giving_up:  # noqa: N801 (a context manager)
    """Interrupt what waits for a lock after a moment."""

    def __enter__(self) -> None:
        import signal

        def stop(*_: object) -> None:
            raise TimeoutError

        self.before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, 0.5)

    def __exit__(self, *_: object) -> None:
        import signal

        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.before)


def test_a_champion_that_the_gates_did_not_see_is_not_replaced(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the model is tried, somebody else promotes another one."""
    store = Store.open()
    judged = promoting._judged

    def meanwhile(*arguments: object) -> object:
        monkeypatch.setattr(promoting, "_judged", judged)
        promote(store, "toys", PromotionRequest(classifier="strong"))
        return judged(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(promoting, "_judged", meanwhile)
    with pytest.raises(PromotionError, match="somebody else meanwhile"):
        promote(store, "toys", PromotionRequest(classifier="verbs"))
    assert registry_table(store)["classifier"].tolist() == ["strong"]


class Remote(Store):
    """A store whose lock reaches nobody, as on a server."""

    @property
    def database(self) -> None:
        return None


def remote(folder: Path) -> Remote:
    store = Store.open(folder)
    return Remote(store.uri, store.home, store.artifacts)


def test_on_a_server_whoever_sees_another_claim_withdraws(trained: Path) -> None:
    store = remote(trained)
    with versions.exclusive(store, "stance"):
        with pytest.raises(PromotionError, match="by somebody else"), versions.exclusive(store, "stance"):
            pytest.fail("both are alone")
        # A claim of another name is none of this one's.
        with versions.exclusive(store, "framing"):
            pass
    assert not [tag for tag in versions.model_tags(store, "stance") if tag.startswith(versions.CLAIM)]
    with versions.exclusive(store, "stance"):
        pass


@pytest.mark.parametrize(("age", "holds"), [(-2, True), (2, False)])
def test_a_claim_of_a_process_that_died_expires(trained: Path, age: int, holds: bool) -> None:
    store = remote(trained)
    versions.ensure_model(store, "stance")
    began = time.time() - versions.CLAIM_SECONDS - age
    store.client.set_registered_model_tag("stance", f"{versions.CLAIM}{began:.6f}-dead", "ann")
    try:
        with versions.exclusive(store, "stance"):
            assert not holds
    except PromotionError:
        assert holds


RACE = """
import sys, time
from pathlib import Path
from harness.tracking.promotion import PromotionRequest, gates, promote, versions
from harness.serving.reproduction import reproduce
from harness.tracking.store import Store
gates.reproduce_in_fresh_process = reproduce
store = Store.open()
if sys.argv[2] == "server":
    Store.database = property(lambda self: None)
real = versions.exclusive
def together(*arguments):
    # Each has judged its gates before either sets the alias.
    Path(sys.argv[1] + ".ready").touch()
    while len(list(Path().glob("*.ready"))) < 2:
        time.sleep(0.01)
    return real(*arguments)
versions.exclusive = together
print(promote(store, "toys", PromotionRequest(classifier=sys.argv[1])).version)
"""


@pytest.mark.parametrize("kind", ["sqlite", "server"])
def test_of_two_promotions_at_once_at_most_one_wins(trained: Path, kind: str) -> None:
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    environment = {**os.environ, "PYTHONPATH": path}
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, name, kind],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("strong", "verbs")
    ]
    answers = [(racer.communicate()[1].strip().splitlines() or [""])[-1] for racer in racers]
    winners = [racer for racer in racers if racer.returncode == 0]
    assert len(winners) <= 1, answers
    assert len(winners) == 1 or kind == "server", answers
    lost = [answer for racer, answer in zip(racers, answers, strict=True) if racer.returncode]
    assert all("somebody else" in answer for answer in lost), answers
    champions = registry_table(Store.open())["aliases"].tolist().count("champion")
    assert champions == len(winners)
