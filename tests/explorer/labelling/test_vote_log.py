"""The log of votes: presses stay, undo takes back, and nothing is lost by processes that are killed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.explorer.labelling.vote_log import Press, VoteLog, presses_for, votes_of
from harness.values.errors import StoreError
from tests.explorer.labelling.small_tasks import small_log, vote

HOSTILE = (
    "'; DROP TABLE presses; --",
    "<img src=x onerror=alert(1)>",
    "=1+1",
    "\u202eabc",
    "a|b",
    "",
    "🙂" * 9,
)


def test_a_vote_is_what_its_presses_leave(tmp_path: Path) -> None:
    log = small_log(tmp_path)
    vote(log, "Ada", "a", "stance", "critical")
    vote(log, "Ada", "a", "frames", "conflict|morality")
    vote(log, "Ada", "a", "holder", "critics")
    vote(log, "Ada", "a", "comment", "irony?")
    vote(log, "Ada", "a", "stance", "neutral")
    vote(log, "Ben", "a", "skip", "1")
    ada, ben = log.votes()
    assert (ada.stance, ada.frames, ada.holder, ada.comment) == (
        "neutral", ("conflict", "morality"), "critics", "irony?",
    )  # fmt: skip
    assert (ben.skipped, ben.stance, ben.frames) == (True, "", None)


def test_undo_takes_back_the_last_press_that_holds(tmp_path: Path) -> None:
    log = small_log(tmp_path)
    vote(log, "Ada", "a", "stance", "critical")
    vote(log, "Ada", "a", "stance", "neutral")
    vote(log, "Ben", "a", "stance", "supportive")
    taken_back = log.record(Press("u1", "Ada", "", "undo"))
    assert taken_back is not None
    assert (taken_back.item, taken_back.value) == ("a", "neutral")
    assert [each.stance for each in log.votes("Ada")] == ["critical"]
    log.record(Press("u2", "Ada", "", "undo"))
    assert log.votes("Ada") == []
    assert log.record(Press("u3", "Ada", "", "undo")) is None
    # Nobody else's, and nothing is erased.
    assert [each.stance for each in log.votes("Ben")] == ["supportive"]
    assert len(log.presses()) == 5


def test_a_press_that_is_sent_twice_counts_once(tmp_path: Path) -> None:
    log = small_log(tmp_path)
    vote(log, "Ada", "a", "stance", "critical")
    vote(log, "Ada", "b", "stance", "critical")
    undo = Press("u1", "Ada", "", "undo")
    assert log.record(undo) == log.record(undo)
    assert [each.item for each in log.votes("Ada")] == ["a"]


def test_the_log_is_append_only(tmp_path: Path) -> None:
    log = small_log(tmp_path)
    vote(log, "Ada", "a", "stance", "critical")
    connection = sqlite3.connect(log.path)
    for statement in ("UPDATE presses SET value = 'neutral'", "DELETE FROM presses"):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
    connection.close()
    assert log.votes()[0].stance == "critical"


def test_hostile_texts_stay_what_they_are(tmp_path: Path) -> None:
    log = small_log(tmp_path)
    for number, text in enumerate(HOSTILE):
        log.record(Press(f"p{number}", text or "Ada", f"i{number}", "comment", text))
    assert [press.value for press in log.presses()] == list(HOSTILE)


def test_a_vote_from_a_file_counts_once(tmp_path: Path) -> None:
    log = small_log(tmp_path)
    vote(log, "Ada", "a", "stance", "critical")
    vote(log, "Ada", "a", "frames", "")
    vote(log, "Ben", "b", "skip", "1")
    other = VoteLog(tmp_path / "other.db")
    for _ in range(2):
        other.record_all([press for each in log.votes() for press in presses_for(each)])
    assert other.votes() == log.votes()
    assert len(other.presses()) == 3


def test_a_log_of_before_tells_who_saw_the_model_from_who_saw_votes(tmp_path: Path) -> None:
    log = small_log(tmp_path)
    # Both were written with the same value then.
    vote(log, "Ada", "a", "stance", "critical")
    vote(log, "Ada", "a", "looked", "1")
    vote(log, "Cy", "a", "looked", "1", "settle")
    vote(log, "Cy", "a", "stance", "neutral", "settle")
    assert [(each.annotator, each.looked) for each in log.votes()] == [("Ada", True), ("Cy", False)]
    again = [press for each in log.votes() for press in presses_for(each)]
    assert [(press.annotator, press.value) for press in again if press.action == "looked"] == [
        ("Ada", "model")
    ]


SPELLINGS = ("Zoë", "zoë ", "  ZOË", "Zoe\u0308", "zoe\u0308")


def test_spellings_of_a_name_are_one_person_under_the_first(tmp_path: Path) -> None:
    log = small_log(tmp_path)
    for number, name in enumerate(SPELLINGS):
        vote(log, name, f"i{number}", "stance", "critical")
    vote(log, "Zoe", "i0", "stance", "neutral")
    for name in SPELLINGS:
        assert [each.item for each in log.votes(name)] == ["i0", "i1", "i2", "i3", "i4"]
        assert log.spelling(name) == "Zoë"
    assert {each.annotator for each in log.votes()} == {"Zoë", "Zoe"}
    taken_back = log.record(Press("u1", "ZOE\u0308", "", "undo"))
    assert taken_back is not None
    assert taken_back.item == "i4"
    assert len(log.votes("Zoë")) == 4


def test_spellings_in_a_log_of_before_are_one_person(tmp_path: Path) -> None:
    small_log(tmp_path)
    path = small_log(tmp_path).path
    connection = sqlite3.connect(path)
    rows = [("p1", "Ada", "a", "critical"), ("p2", "ada", "a", "neutral"), ("p3", "ada", "b", "neutral")]
    for name, annotator, item, value in rows:
        connection.execute(
            "INSERT INTO presses (press, at, annotator, item, role, action, value)"
            " VALUES (?, '2026-05-01T10:00:00+00:00', ?, ?, 'vote', 'stance', ?)",
            (name, annotator, item, value),
        )
    connection.commit()
    connection.close()
    log = VoteLog(path)
    expected = [("Ada", "a", "neutral"), ("Ada", "b", "neutral")]
    assert [(each.annotator, each.item, each.stance) for each in log.votes()] == expected
    # What was pressed under the second spelling can be taken back under the first.
    undone = [log.record(Press(f"u{number}", "Ada", "", "undo")) for number in range(4)]
    assert [press.item for press in undone if press is not None] == ["b", "a", "a"]


def test_a_name_of_presses_that_were_rolled_back_is_forgotten(tmp_path: Path) -> None:
    log = small_log(tmp_path)
    bad = Press("p3", "Ada", "b", "stance", None)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        log.record_all([Press("p1", "ADA", "a", "stance", "critical"), Press("p2", "Ada", "b", "skip"), bad])
    vote(log, "ada", "a", "stance", "critical")
    assert log.spelling("ADA") == "ada"


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "votes.db"
    path.write_text("not a database, but long enough to be taken for one" * 100)
    with pytest.raises(StoreError):
        VoteLog(path)


def test_threads_and_processes_lose_nothing(tmp_path: Path) -> None:
    log = small_log(tmp_path)

    def press_all(annotator: str) -> None:
        for number in range(50):
            vote(log, annotator, f"i{number}", "stance", "critical")

    threads = [threading.Thread(target=press_all, args=(name,)) for name in ("Ada", "Ben", "Cy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.votes()) == 150


WRITER = """
import sys
from pathlib import Path
from harness.explorer.labelling.vote_log import Press, VoteLog
log = VoteLog(Path(sys.argv[1]))
for number in range(100_000):
    log.record(Press(f"p{number}", "Ada", f"i{number}", "stance", "critical"))
    print(number, flush=True)
"""


def test_a_killed_process_loses_no_press_that_was_answered(tmp_path: Path) -> None:
    log = small_log(tmp_path)
    last = -1
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(log.path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        answered = [process.stdout.readline() for _ in range(20)]
        time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        answered += process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
        whole = [int(line) for line in answered if line.strip().isdigit()]
        last = max(last, *whole)
        # The press that was being written may be there or not; all that were answered are.
        items = {each.item for each in VoteLog(log.path).votes()}
        assert {f"i{number}" for number in range(last + 1)} <= items
        assert len(items) <= last + 2


def test_votes_follow_from_the_order_of_the_log() -> None:
    presses = [
        Press("1", "Ada", "a", "stance", "critical", number=1),
        Press("2", "Ada", "a", "skip", "1", number=2),
        Press("3", "Ada", "a", "undo", "2", number=3),
    ]
    assert [votes_of(presses[:n])[0].skipped for n in (1, 2, 3)] == [False, True, False]
