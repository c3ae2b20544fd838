"""Whatever annotators vote and write, every format gives it back."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from harness.explorer.labelling.agreement import own_settlings
from harness.explorer.labelling.desk import PressError, annotator_name
from harness.explorer.labelling.task import LabelTask
from harness.explorer.labelling.vote_files import (
    ENDINGS,
    FORMATS,
    VoteFormat,
    kept_aside,
    read_votes,
    write_votes,
)
from harness.explorer.labelling.vote_log import Press, Vote, presses_for, votes_of
from tests.explorer.labelling.small_tasks import small_task

TASK = small_task(4, ("stance", "frames"))
FRAMES = TASK.codebook.frames
WAYS = [(form, ending) for form in FORMATS for ending in ENDINGS[form]]

# What the log may hold: no null characters and no halves of characters, which the desk replaces.
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)


def is_name(text: str) -> bool:
    try:
        return annotator_name(text) == text
    except PressError:
        return False


names = st.one_of(
    st.sampled_from(("Ada", "Ben", "settled by Ben", "by Ada", "=1", "-Cy", "1", "none")),
    texts.filter(is_name),
)
pressed = st.tuples(
    names,
    st.sampled_from(list(TASK.by_key)),
    st.sampled_from(("vote", "vote", "settle")),
    st.one_of(
        st.tuples(st.just("stance"), st.sampled_from(TASK.codebook.stances)),
        st.tuples(
            st.just("frames"), st.lists(st.sampled_from(FRAMES), unique=True, max_size=3).map("|".join)
        ),
        st.tuples(st.sampled_from(("holder", "comment")), texts),
        st.sampled_from((("skip", "1"), ("looked", "1"))),
    ),
)


def votes_after(presses: list[tuple[str, str, str, tuple[str, str]]]) -> list[Vote]:
    """What a log of these presses says; of a row one word settles it, and none of who voted on it."""
    numbered = [
        Press(str(k), name, key, action, value, role, f"2026-05-0{1 + k % 9}T10:00:{k:02}.5+00:00", k)
        for k, (name, key, role, (action, value)) in enumerate(presses, start=1)
    ]
    settled: dict[str, Vote] = {}
    votes = []
    own = own_settlings(votes_of(numbered))
    for vote in votes_of(numbered):
        if vote.role == "vote":
            votes.append(vote)
        elif vote in own:
            continue
        elif vote.item not in settled or vote.at >= settled[vote.item].at:
            settled[vote.item] = vote
    return [*votes, *settled.values()]


def in_order(votes: list[Vote]) -> list[Vote]:
    return sorted(votes, key=lambda vote: (vote.item, vote.role, vote.annotator))


def read_back(task: LabelTask, votes: list[Vote], form: VoteFormat, ending: str) -> list[Vote]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"votes{ending}"
        write_votes(path, task, votes, form)
        return read_votes(path, task)


@pytest.mark.parametrize(("form", "ending"), WAYS, ids=[form + ending for form, ending in WAYS])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@example([("Ada", next(iter(TASK.by_key)), "vote", ("skip", "1"))])
@example([("Ada", next(iter(TASK.by_key)), "vote", ("frames", ""))])
@given(st.lists(pressed, max_size=20))
def test_what_is_written_is_read_again(
    form: VoteFormat, ending: str, presses: list[tuple[str, str, str, tuple[str, str]]]
) -> None:
    votes = votes_after(presses)
    # Potato's files hold votes alone: without one they are empty.
    assume(votes or form != "potato")
    read = read_back(TASK, votes, form, ending)
    assert in_order(read) == in_order(votes)
    # A file gives the log the votes that it holds.
    again = [
        replace(press, number=k)
        for k, press in enumerate((p for vote in read for p in presses_for(vote)), start=1)
    ]
    assert in_order(votes_of(again)) == in_order(votes)


def test_what_a_platform_has_no_place_for_is_said() -> None:
    key = next(iter(TASK.by_key))
    plain = [Vote(key, "Ada", stance="critical", at="2026-05-01T10:00:00+00:00")]
    assert kept_aside(TASK, plain, "table") == kept_aside(TASK, plain, "label-studio") == ""
    assert "times" in kept_aside(TASK, plain, "argilla")
    left_out = "3 rows without"
    assert left_out in kept_aside(TASK, plain, "potato")
    more = [replace(plain[0], looked=True), Vote(key, "Cy", "settle", stance="neutral")]
    assert "looked" in kept_aside(TASK, more, "label-studio")
    assert "settles" in kept_aside(TASK, more, "argilla")
