"""The explorer's server: who is answered, and what."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import toys

from harness.explorer import server
from harness.explorer.answering import Answering, answering_of
from harness.explorer.explanations import MarkedSentence
from harness.explorer.finished_experiments import explore
from harness.explorer.web_server import Access
from harness.runs.classifiers import run_classifiers
from harness.tracking.models import load
from harness.tracking.store import Store

TOKEN, PORT = "a-token", 5100
OWN = {"host": f"127.0.0.1:{PORT}", "origin": f"http://127.0.0.1:{PORT}", "x-harness-token": TOKEN}
QUESTION = {"text": "Varna praised Harbour Party.", "party": "Harbour Party"}


@pytest.fixture
def answering(trained: Path) -> Answering:
    explored = explore(Store.open(trained), ["toys"])
    return Answering(Store.open(trained), explored.runs, "stance", shows_text=True)


def asked(
    app: Any, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an answer, without a socket."""
    address, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": address,
        "query_string": query.encode(),
        "http_version": "1.1",
    }
    scope |= {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    scope |= {"scheme": "http", "root_path": "", "raw_path": address.encode(), "client": None, "server": None}
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(dict(message))

    asyncio.run(app(scope, receive, send))
    data = b"".join(message.get("body", b"") for message in messages[1:])
    return messages[0]["status"], {k.decode(): v.decode() for k, v in messages[0]["headers"]}, data


def app_of(answering: Any) -> Any:
    return server.application("<p>page</p>", answering, Access(PORT, token=TOKEN))


def test_the_page_is_shown_to_who_has_the_token() -> None:
    status, headers, body = asked(app_of(None), "GET", f"/?token={TOKEN}", {"host": OWN["host"]})
    assert (status, body) == (200, b"<p>page</p>")
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("method", "path", "changed", "status"),
    [
        ("GET", "/", {}, 403),
        ("GET", "/?token=another", {}, 403),
        ("GET", f"/?token={TOKEN}", {"host": "example.org"}, 421),
        ("GET", f"/?token={TOKEN}", {"host": f"127.0.0.1:{PORT + 1}"}, 421),
        ("POST", "/api/label", {"x-harness-token": ""}, 403),
        ("POST", "/api/label", {"x-harness-token": "é"}, 403),
        ("POST", "/api/label", {"origin": "http://example.org"}, 403),
        ("POST", "/api/label", {"origin": "null"}, 403),
        ("POST", "/api/label", {"host": "example.org"}, 421),
        ("GET", "/api/label", {}, 405),
        ("GET", "/../etc/passwd", {}, 404),
    ],
)
def test_nobody_else_is_answered(method: str, path: str, changed: dict[str, str], status: int) -> None:
    body = json.dumps(QUESTION).encode()
    answered, _, data = asked(app_of(None), method, path, OWN | changed, body)
    assert answered == status
    assert b"page</p>" not in data


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"not json", b"[]", b'{"text": ""}', b'{"text": 5}', b'{"text": "a", "start": "x"}'),
        b"x" * 100_001,
        json.dumps({"text": "a" * 20_001}).encode(),
    ],
)
def test_a_question_that_is_none_is_refused(body: bytes) -> None:
    status, _, data = asked(app_of(None), "POST", "/api/label", OWN, body)
    assert status == 422
    assert json.loads(data)["error"]


def test_every_model_labels_a_sentence(answering: Answering) -> None:
    status, _, data = asked(app_of(answering), "POST", "/api/label", OWN, json.dumps(QUESTION).encode())
    assert status == 200
    answers = {answer["name"]: answer for answer in json.loads(data)["answer"]}
    assert set(answers) == {"prior", "verbs", "strong", "unsaved"}
    expected = load(answering.addresses()["strong"]).predict([{**QUESTION, "target": QUESTION["party"]}])
    assert answers["strong"]["label"] == expected["label"].iloc[0]
    assert sum(answers["strong"]["proba"].values()) == pytest.approx(1)
    # It cannot be saved, so that nothing is there to be asked.
    assert "error" in answers["unsaved"]


def test_the_word_that_moves_the_label_is_named(answering: Answering) -> None:
    start = QUESTION["text"].index("Harbour")
    answer = answering.words("strong", QUESTION["text"], "Harbour Party", (start, start + 13))
    (labelled,) = (
        each for each in answering.label(QUESTION["text"], QUESTION["party"]) if each["name"] == "strong"
    )
    assert (answer["label"], answer["words"][0]["text"]) == (labelled["label"], "praised")
    assert answer["words"][0]["weight"] > 0


def test_words_are_told_of_a_party_that_the_sentence_does_not_name(answering: Answering) -> None:
    sentences = [
        MarkedSentence("Varna praised nobody.", "Coastal Union"),
        MarkedSentence(QUESTION["text"], QUESTION["party"], 14, 27),
    ]
    answers = answering.words_of_rows("strong", sentences)
    assert [answer.words[0].text for answer in answers] == ["praised", "praised"]
    assert answering.words_of_rows("strong", sentences[::-1]) == answers[::-1]


def test_training_sentences_of_a_tuned_classifier_are_found(folder: Path) -> None:
    tuned = "  tuned: {kind: 'toys:verbs', tune: {strength: [1.0, 2.0]}}"
    prepared = toys.prepared(folder, classifiers=tuned)
    for outcome in run_classifiers(prepared, Store.open(folder)):
        assert outcome.error is None
    tuned_answering = answering_of(Store.open(folder), explore(Store.open(folder), ["toys"]))
    assert tuned_answering.neighbours(QUESTION["text"])
    (labelled,) = tuned_answering.label(QUESTION["text"], QUESTION["party"])
    assert set(labelled["proba"]) == {"critical", "neutral", "supportive"}


def test_training_sentences_stay_out_where_no_sentence_may_be_shown(answering: Answering) -> None:
    answering.shows_text = False
    status, _, _ = asked(app_of(answering), "POST", "/api/neighbours", OWN, json.dumps(QUESTION).encode())
    assert status == 422


def test_near_training_sentences_are_of_training(answering: Answering) -> None:
    rows = answering.neighbours("Varna praised Coastal Union at the quay.")
    assert len(rows) == 5
    assert all(-1 <= row["similarity"] <= 1.0001 for row in rows)
    assert [row["similarity"] for row in rows] == sorted((row["similarity"] for row in rows), reverse=True)
    # Of the toys the first 18 sentences are those of training.
    assert all(int(row["text"].split("the ")[-1].split("th")[0]) < 18 for row in rows)


def test_the_verb_serves_until_it_is_interrupted_and_writes_a_page(trained: Path) -> None:
    command = [sys.executable, "-m", "harness", "explore", "toys"]
    written = subprocess.run(
        [*command, "-o", "page.html"], cwd=trained, capture_output=True, text=True, check=True
    )
    assert "page.html" in written.stdout
    assert "<!doctype html>" in (trained / "page.html").read_text(encoding="utf-8")
    with subprocess.Popen(
        command, cwd=trained, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            with urllib.request.urlopen(address, timeout=20) as answer:
                assert b"<!doctype html>" in answer.read()
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
