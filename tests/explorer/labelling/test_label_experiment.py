"""Rows of a finished experiment on the label screen: what annotators see, and what the export says."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from harness.cli import main as cli
from harness.values.errors import ConfigError
from harness.values.gold_origin import COLUMN
from tests.explorer.labelling.running_screen import Screen, running_screen

STORE = ".harness"

# Columns of a sample that say where its rows come from, and words that say why they were picked.
SECRET = ("pick", "stratum", "wrong", "uncertain", "disagreement", "random", "prediction", "gold", "truth")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def answers(screen: Screen, annotator: str, rows: int) -> tuple[list[str], list[str]]:
    """Label all rows; return the keys, and everything that the server sent but for the codebook."""
    sent = [{**screen.get("task"), "definitions": {}}]
    state = screen.get("state", annotator=annotator)
    keys = []
    for number in range(rows):
        sent.append(state)
        key = state["row"]["key"]
        press = {"press": str(number), "annotator": annotator, "item": key, "action": "stance"}
        state = screen.post("press", **press, value="neutral", advance=True)
        keys.append(key)
    sent += [state, screen.get("agreement"), screen.post("disagreement", annotator=annotator)]
    return keys, [json.dumps(each) for each in sent]


ABSENT = "nothing is marked there"


def test_rows_without_a_mark_are_told_where_rows_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path / "store"))
    Path("rows.csv").write_text("text,target\nIt rained on the bridge.,Saffron Party\n", encoding="utf-8")
    assert ABSENT not in run("label", "rows.csv", "--output", "votes.csv")
    assert ABSENT not in run("label", "rows.csv", "--votes", "votes.csv")

    def serve(_: object, listening: socket.socket, ready: Callable[[], None]) -> None:
        with listening:
            ready()

    monkeypatch.setattr("harness.explorer.web_server.serve", serve)
    assert ABSENT in " ".join(run("label", "rows.csv").split())


@pytest.mark.parametrize("part", ["test", "validation"])
def test_rows_of_an_experiment_are_labelled_blind(trained: Path, part: str) -> None:
    with running_screen(trained, "toys", "--rows", part, "--classifier", "verbs", store=STORE) as screen:
        rows = screen.get("task")["rows"]
        state = screen.get("state", annotator="Ada")
        key = state["row"]["key"]
        assert state["row"]["has_model"]
        asked = json.dumps({"annotator": "Ada", "row": key}).encode()
        assert screen.ask("POST", "api/model", asked)[0] == 409
        keys, sent = answers(screen, "Ada", rows)
        assert not [word for word in SECRET for text in sent if word in text]
        # Shown on request, once the row is labelled.
        assert screen.post("model", annotator="Ada", row=keys[0])["label"] in (
            "critical",
            "neutral",
            "supportive",
        )
    run("label", "toys", "--rows", part, "--output", "votes.csv")
    exported = pd.read_csv("votes.csv")
    assert len(exported) == rows
    # All rows, each drawn with certainty: a random sample, which may score a model.
    assert set(exported[COLUMN]) == {"random"}
    assert set(exported["pi"]) == {1.0}
    looked = exported["looked by Ada"]
    assert (looked == "yes").sum() == 1


@pytest.mark.parametrize("pick", ["random", "uncertain", "disagreement", "wrong"])
def test_annotators_see_neither_origin_nor_rule(trained: Path, pick: str) -> None:
    # A name that says it, as people give.
    file = f"{pick}.csv"
    run("sample", "toys", "--pick", pick, "--size", "6", "--output", file)
    sample = pd.read_csv(file, dtype=str)
    assert set(sample[COLUMN]) == {pick}
    with running_screen(trained, file, store=STORE) as screen:
        _, sent = answers(screen, "Ada", len(sample))
    assert not [word for word in SECRET for text in sent if word in text]
    run("label", file, "--output", "votes.csv")
    exported = pd.read_csv("votes.csv", dtype=str)
    # Hidden from the annotator, and still there for whoever trains on it.
    assert exported[["id", COLUMN, "pi", "stratum"]].equals(sample[["id", COLUMN, "pi", "stratum"]])
    assert set(exported["gold"]) == {"neutral"}


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("rows.csv", "--classifier", "verbs"), "--classifier"),
        (("rows.csv", "--rows", "validation"), "--rows"),
        (("toys", "--predicted", "label"), "--predicted"),
    ],
)
def test_an_option_without_an_effect_is_refused(
    trained: Path, arguments: tuple[str, ...], option: str
) -> None:
    Path("rows.csv").write_text("text,target\nVarna met Harbour Party.,Varna\n")
    result = CliRunner().invoke(cli.app, ["label", *arguments, "--output", "votes.csv"])
    assert isinstance(result.exception, ConfigError)
    assert [problem.where for problem in result.exception.problems] == [option]
