"""The label screen's server: nothing is lost, nobody sees what would sway them, and no other page gets in."""

from __future__ import annotations

import contextlib
import csv
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import pytest

from harness.explorer.labelling.vote_log import VoteLog
from tests.explorer.labelling.running_screen import Screen, running_screen

HOSTILE = (
    "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "=HYPERLINK(\"http://x\")",
    "\u202egnirts", "🙂 Saffron Party", "a\u2028b", "'; DROP TABLE presses; --", "{{ 7 * 7 }}",
)  # fmt: skip


DEADLINE_SECONDS = 300
"""Three annotators take some seconds; what takes this long is stuck."""

NOTHING_ELSE = "default-src 'none'; script-src 'self';"


def write_rows(path: Path, rows: int) -> None:
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["row", "pi", "stratum", "pick", "text", "target", "prediction"])
        for number in range(rows):
            text = HOSTILE[number] if number < len(HOSTILE) else f"Saffron Party opened bridge {number}."
            writer.writerow([f"r{number}", "0.5", "all", "wrong", text, "Saffron Party", "supportive"])


@pytest.fixture(scope="module")
def shared_screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """One server for what changes nothing on it."""
    folder = tmp_path_factory.mktemp("shared")
    write_rows(folder / "rows.csv", 12)
    with running_screen(folder, "rows.csv") as running:
        yield running


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    write_rows(tmp_path / "rows.csv", 12)
    with running_screen(tmp_path, "rows.csv") as running:
        yield running


def press(screen: Screen, annotator: str, item: str, action: str, value: str = "", **more: object) -> dict:  # type: ignore[type-arg]
    name = f"{item}-{action}-{time.perf_counter_ns()}"
    return screen.post(
        "press", press=name, annotator=annotator, item=item, action=action, value=value, **more
    )


def test_annotators_see_neither_origin_nor_model(screen: Screen) -> None:
    state = screen.get("state", annotator="Ada")
    assert set(state["row"]) == {
        "key", "pieces", "target", "has_model", "stance", "frames", "holder", "comment", "skipped",
    }  # fmt: skip
    assert "wrong" not in str(state)
    key = state["row"]["key"]
    asked = json.dumps({"annotator": "Ada", "row": key}).encode()
    assert screen.ask("POST", "api/model", asked)[0] == 409
    press(screen, "Ada", key, "stance", "critical")
    assert screen.post("model", annotator="Ada", row=key) == {"label": "supportive"}


def test_each_annotator_has_an_order_of_their_own(screen: Screen) -> None:
    orders = {}
    for name in ("Ada", "Ben", "Cy"):
        keys = []
        for _ in range(12):
            key = screen.get("state", annotator=name)["row"]["key"]
            keys.append(key)
            press(screen, name, key, "stance", "neutral", advance=True)
        assert screen.get("state", annotator=name)["row"] is None
        orders[name] = tuple(keys)
    assert len(set(orders.values())) == 3
    assert len({frozenset(order) for order in orders.values()}) == 1


def test_progress_counts_rows_skips_and_pace(screen: Screen) -> None:
    state = screen.get("state", annotator="Ada")
    for action, value in (("stance", "critical"), ("skip", "1"), ("stance", "neutral")):
        state = press(screen, "Ada", state["row"]["key"], action, value, advance=True)
    progress = state["progress"]
    assert (progress["rows"], progress["done"], progress["skipped"]) == (12, 3, 1)
    assert 0 < progress["seconds"] < 60
    assert progress["seconds_left"] == pytest.approx(9 * progress["seconds"])
    undone = press(screen, "Ada", "", "undo")
    assert undone["progress"]["done"] == 2


def test_a_third_person_settles_and_the_votes_stay(screen: Screen, tmp_path: Path) -> None:
    key = screen.get("state", annotator="Ada")["row"]["key"]
    press(screen, "Ada", key, "stance", "critical")
    press(screen, "Ben", key, "stance", "neutral")
    assert screen.get("agreement")["open"] == 1
    assert screen.post("disagreement", annotator="Ada")["row"] is None
    dispute = screen.post("disagreement", annotator="Cy")
    assert [vote["stance"] for vote in dispute["row"]["votes"]] == ["critical", "neutral"]
    assert "Ada" not in str(dispute)
    by_voter = {"press": "x", "annotator": "Ada", "item": key, "action": "stance", "value": "neutral"}
    refused = json.dumps(by_voter | {"role": "settle"}).encode()
    assert screen.ask("POST", "api/press", refused)[0] == 409
    press(screen, "Cy", key, "stance", "neutral", role="settle")
    numbers = screen.get("agreement")
    assert (numbers["open"], numbers["settled"], numbers["annotators"]) == (0, 1, 2)
    # Cy has seen how others voted, and is not asked for a vote of his own.
    assert screen.get("state", annotator="Cy")["progress"]["rows"] == 11
    # Nor does one count that they give all the same, from a page that still shows the row.
    own = {"press": "y", "annotator": "Cy", "item": key, "action": "stance", "value": "neutral"}
    assert screen.ask("POST", "api/press", json.dumps(own).encode())[0] == 409
    votes = VoteLog(tmp_path / "store" / "labels" / "rows.db").votes()
    assert [(vote.annotator, vote.role, vote.stance) for vote in votes] == [
        ("Ada", "vote", "critical"), ("Ben", "vote", "neutral"), ("Cy", "settle", "neutral"),
    ]  # fmt: skip


def test_nobody_settles_what_they_voted_on_under_another_spelling(screen: Screen, tmp_path: Path) -> None:
    key = screen.get("state", annotator="Ada")["row"]["key"]
    press(screen, "Ada", key, "stance", "critical")
    press(screen, "Ben", key, "stance", "neutral")
    for name in ("ada", " ADA ", "aDa"):
        assert screen.get("state", annotator=name)["annotator"] == "Ada"
        assert screen.get("state", annotator=name)["progress"]["done"] == 1
        assert screen.post("disagreement", annotator=name)["row"] is None
        settled = {"press": name, "annotator": name, "item": key, "action": "stance", "value": "neutral"}
        assert screen.ask("POST", "api/press", json.dumps(settled | {"role": "settle"}).encode())[0] == 409
    # A second vote under another spelling replaces the first: nobody agrees with themselves.
    press(screen, "ada", key, "stance", "neutral")
    assert screen.get("agreement")["annotators"] == 2
    votes = VoteLog(tmp_path / "store" / "labels" / "rows.db").votes()
    assert [(vote.annotator, vote.stance) for vote in votes] == [("Ada", "neutral"), ("Ben", "neutral")]


def test_whoever_saw_votes_and_no_model_is_not_said_to_have_seen_it(screen: Screen, tmp_path: Path) -> None:
    keys = [screen.get("state", annotator="Ada")["row"]["key"]]
    press(screen, "Ada", keys[0], "stance", "critical")
    press(screen, "Ben", keys[0], "stance", "neutral")
    screen.post("model", annotator="Ben", row=keys[0])
    screen.post("disagreement", annotator="Cy")
    press(screen, "Cy", keys[0], "stance", "neutral", role="settle")
    log = VoteLog(tmp_path / "store" / "labels" / "rows.db")
    looked = {vote.annotator: vote.looked for vote in log.votes()}
    assert looked == {"Ada": False, "Ben": True, "Cy": False}
    seen = [(each.annotator, each.value) for each in log.presses() if each.action == "looked"]
    assert seen == [("Ben", "model"), ("Cy", "votes")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Harness-Token": ""}, 403),
        ({"X-Harness-Token": "guess"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example:8300"}, 421),
        ({"Host": "127.0.0.1"}, 421),
    ],
)
def test_other_pages_are_refused(shared_screen: Screen, headers: dict[str, str], status: int) -> None:
    body = b'{"press": "x", "annotator": "Eve", "item": "", "action": "undo"}'
    assert shared_screen.ask("POST", "api/press", body, headers)[0] == status
    assert shared_screen.ask("GET", "api/state?annotator=Eve", None, headers)[0] == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 409),
        (b"[" * 100_000, 400),
        (b'{"annotator": 1}', 409),
        (b'{"press": "a", "annotator": "", "item": "KEY", "action": "stance", "value": "critical"}', 409),
        (b'{"press": "a", "annotator": "Eve", "item": "none", "action": "stance", "value": "critical"}', 409),
        (b'{"press": "a", "annotator": "Eve", "item": "KEY", "action": "stance", "value": "<b>"}', 409),
        (b'{"press": "a", "annotator": "Eve", "item": "KEY", "action": "frames", "value": "a|b"}', 409),
        (b'{"press": "a", "annotator": "Eve", "item": "KEY", "action": "looked"}', 409),
        (b'{"press": "a", "annotator": "Eve", "item": "KEY", "action": "skip", "role": "admin"}', 409),
        (b'{"press": "a", "annotator": "Eve\\u0007", "item": "KEY", "action": "skip"}', 409),
        (b'{"press": "\\ud800", "annotator": "Eve", "item": "KEY", "action": "skip"}', 400),
        (b"x" * 300_000, 413),
    ],
)
def test_what_cannot_be_used_is_refused(shared_screen: Screen, body: bytes, status: int) -> None:
    key = shared_screen.get("state", annotator="Ada")["row"]["key"].encode()
    assert shared_screen.ask("POST", "api/press", body.replace(b"KEY", key))[0] == status
    assert shared_screen.get("agreement")["voted"] == 0


def raw_status(screen: Screen, request: str, body: bytes = b"") -> int:
    """Send bytes that no client library would, and return the status."""
    host, _, port = screen.base.removeprefix("http://").rstrip("/").partition(":")
    head = request.replace("PORT", port).replace("TOKEN", screen.token)
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode("latin-1") + b"\r\n\r\n" + body)
        return int(connection.recv(64).split()[1])


OWN_HOST, OWN_TOKEN = "\r\nHost: 127.0.0.1:PORT", "\r\nX-Harness-Token: TOKEN"
UNDO = b'{"press": "a", "annotator": "Eve", "action": "undo"}'
POST = f"POST /api/press HTTP/1.1\r\nContent-Length: {len(UNDO)}"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (f"{POST}{OWN_HOST}{OWN_TOKEN}", 200),
        (f"{POST}{OWN_HOST}\r\nHost: evil.example{OWN_TOKEN}", 400),
        (f"{POST}\r\nHost: evil@127.0.0.1:PORT{OWN_TOKEN}", 421),
        (f"{POST}\r\nHost: 127.0.0.1.evil.example:PORT{OWN_TOKEN}", 421),
        (f"{POST}{OWN_HOST}{OWN_TOKEN}\r\nOrigin: https://127.0.0.1:PORT", 403),
        (f"{POST}{OWN_HOST}{OWN_TOKEN}\r\nOrigin: http://localhost:PORT", 403),
        (f"{POST}{OWN_HOST}\r\nX-Harness-Token: \xe9", 403),
        (f"POST /api/press HTTP/1.1{OWN_HOST}{OWN_TOKEN}\r\nTransfer-Encoding: chunked", 413),
        (f"OPTIONS /api/press HTTP/1.1{OWN_HOST}\r\nOrigin: http://evil.example", 403),
        (f"GET /%61pi/state?annotator=Eve HTTP/1.1{OWN_HOST}", 403),
        (f"GET //api/state?annotator=Eve HTTP/1.1{OWN_HOST}", 404),
        (f"GET /..%2f..%2fetc/passwd HTTP/1.1{OWN_HOST}", 404),
        (f"GET http://evil.example/api/state?annotator=Eve HTTP/1.1{OWN_HOST}", 404),
        (f"GET /api/state HTTP/1.1{OWN_HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade", 403),
    ],
)
def test_requests_of_an_attacker_get_nothing(shared_screen: Screen, request_: str, status: int) -> None:
    assert raw_status(shared_screen, request_, UNDO if request_.startswith("POST") else b"") == status


def test_two_tabs_of_one_annotator_are_one_annotator(screen: Screen) -> None:
    first = screen.get("state", annotator="Ada")["row"]["key"]
    press(screen, "Ada", first, "stance", "critical", advance=True)
    # The other tab still shows the first row: its press is a change of mind, not a second vote.
    press(screen, "Ada", first, "stance", "neutral", advance=True)
    assert screen.get("agreement")["twice"] == 0
    assert screen.get("state", annotator="Ada", row=first)["row"]["stance"] == "neutral"
    press(screen, "Ada", "", "undo")
    assert screen.get("state", annotator="Ada", row=first)["row"]["stance"] == "critical"


def test_pages_allow_no_other_script(screen: Screen) -> None:
    import urllib.request

    for path in ("", "label.js", "label.css", "drawing.js"):
        with urllib.request.urlopen(screen.base + path, timeout=10) as answer:
            policy, text = answer.headers["content-security-policy"], answer.read().decode()
        assert policy.startswith(NOTHING_ELSE)
        assert "unsafe" not in policy
        assert "innerHTML" not in text
        assert "style=" not in text
    assert screen.ask("GET", "../../../etc/passwd")[0] == 404
    assert screen.ask("POST", "label.js", b"x")[0] == 405


def test_three_annotators_at_once_lose_nothing(tmp_path: Path) -> None:
    rows = 1_000
    write_rows(tmp_path / "many.csv", rows)
    failures = []
    with running_screen(tmp_path, "many.csv") as screen:

        def label_all(annotator: str) -> None:
            state = screen.get("state", annotator=annotator)
            for number in range(rows):
                label = ("critical", "neutral", "supportive")[number % 3]
                state = press(screen, annotator, state["row"]["key"], "stance", label, advance=True)
            if state["row"] is not None:
                failures.append(annotator)

        names = ("Ada", "Ben", "Cy")
        threads = [threading.Thread(target=label_all, args=(name,), daemon=True) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE_SECONDS)
        assert not any(thread.is_alive() for thread in threads)
        assert failures == []
        assert screen.get("agreement")["twice"] == rows
    votes = VoteLog(tmp_path / "store" / "labels" / "many.db").votes()
    assert len({(vote.annotator, vote.item) for vote in votes if vote.stance}) == 3 * rows


def test_a_killed_server_loses_nothing_of_three_annotators(tmp_path: Path) -> None:
    rows, deadline = 100, time.monotonic() + DEADLINE_SECONDS
    write_rows(tmp_path / "rows.csv", rows)
    answered: dict[str, list[str]] = {name: [] for name in ("Ada", "Ben", "Cy")}
    running: list[Screen] = []

    def label_on(annotator: str) -> None:
        while time.monotonic() < deadline:
            # Until the server is gone in the middle of an answer; then the next one is asked.
            with contextlib.suppress(OSError, HTTPException):
                state = running[-1].get("state", annotator=annotator)
                # What is no data is the refusal of a new server at the old port, whose token is another one.
                while isinstance(state, dict) and state["row"]:
                    key = state["row"]["key"]
                    state = press(running[-1], annotator, key, "stance", "neutral", advance=True)
                    answered[annotator] += [key] if isinstance(state, dict) else []
                if isinstance(state, dict):
                    return
            time.sleep(0.02)

    threads = [threading.Thread(target=label_on, args=(name,), daemon=True) for name in answered]
    for enough in (rows, 2 * rows):
        with running_screen(tmp_path, "rows.csv") as screen:
            running.append(screen)
            for thread in threads if len(running) == 1 else ():
                thread.start()
            while sum(map(len, answered.values())) < enough and time.monotonic() < deadline:
                time.sleep(0.005)
            screen.kill()
    with running_screen(tmp_path, "rows.csv") as screen:
        running.append(screen)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        assert not any(thread.is_alive() for thread in threads)
        done = {name: screen.get("state", annotator=name)["progress"]["done"] for name in answered}
    assert done == dict.fromkeys(answered, rows)
    for keys in answered.values():
        # A row whose answer came would be shown again if it was lost; at each kill one answer may be missing.
        assert rows - 2 <= len(keys) == len(set(keys))
    votes = VoteLog(tmp_path / "store" / "labels" / "rows.db").votes()
    assert len({(vote.annotator, vote.item) for vote in votes if vote.stance}) == 3 * rows
