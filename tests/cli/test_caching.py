"""``harness cache``: what is kept of language models, and deleting it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from harness.classifiers.llm.answer_store import AnswerStore, Database, answers_file
from harness.classifiers.llm.ledger import Ledger
from harness.classifiers.llm.transports import Answer
from harness.cli.main import app

URL = "http://127.0.0.1:8080/v1"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))


@pytest.fixture
def filled() -> None:
    database = Database(answers_file())
    for model, count in (("small", 2), ("large", 3)):
        store = AnswerStore(database, URL, model)
        store.keep_api("json")
        for number in range(count):
            store.add(store.digest("/x", {"prompt": number}, 0), Answer({}, "neutral"), 0.1)
        with Ledger(database, store.scope).reserving(0.5):
            pass
    database.close()


def reported(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["cache", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def counts() -> dict[str, int]:
    return {each["model"]: each["answers"] for each in reported()["models"]}


def test_an_empty_cache_is_no_error() -> None:
    assert reported()["models"] == []
    assert not answers_file().exists()


@pytest.mark.usefixtures("filled")
def test_answers_are_counted_by_model() -> None:
    assert counts() == {"small": 2, "large": 3}
    (only,) = reported("--model", "large")["models"]
    assert (only["address"], only["spent"]) == (URL, 0.5)
    assert only["first"] <= only["last"]
    assert "3 answers" in CliRunner().invoke(app, ["cache"]).output


@pytest.mark.usefixtures("filled")
def test_answers_of_one_model_are_deleted() -> None:
    assert reported("--clear", "--model", "large")["deleted"] == 3
    assert counts() == {"small": 2}
    database = Database(answers_file())
    store = AnswerStore(database, URL, "large")
    assert store.api() == ""
    assert AnswerStore(database, URL, "small").api() == "json"
    # Money that is spent is spent.
    assert Ledger(database, store.scope).total() == 0.5
    database.close()


@pytest.mark.usefixtures("filled")
def test_all_answers_are_deleted() -> None:
    assert reported("--clear")["deleted"] == 5
    assert counts() == {}


@pytest.mark.usefixtures("filled")
def test_a_model_that_is_not_there_is_named() -> None:
    result = CliRunner().invoke(app, ["cache", "--clear", "--model", "lage"])
    assert result.exit_code == 1
    assert counts() == {"small": 2, "large": 3}
