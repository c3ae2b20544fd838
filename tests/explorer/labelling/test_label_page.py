"""The label screen in a browser: labelling by keyboard, two annotators, a third who settles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.performance import browser
from harness.explorer.labelling.vote_log import VoteLog
from tests.explorer import accessibility
from tests.explorer.labelling.running_screen import Screen, running_screen
from tests.explorer.labelling.test_label_server import HOSTILE, write_rows

pytestmark = pytest.mark.skipif(not browser.path(), reason="Chromium is not installed (apt install chromium)")

ROWS = 12
PHONE = {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    with browser.browser() as running:
        yield running


def opened(chromium: browser.Browser, screen: Screen, annotator: str, **options: Any) -> browser.Tab:
    tab = chromium.open(screen.address, apart=True, **options)
    # Complete: before its script runs, the form would be sent nowhere.
    tab.wait("document.readyState === 'complete' && document.getElementById('name').checkVisibility()")
    tab.evaluate("document.getElementById('name').focus()")
    tab.type(annotator)
    tab.press("Enter")
    tab.wait("['card', 'finished'].some((id) => document.getElementById(id).checkVisibility())")
    return tab


def text(tab: browser.Tab, element: str) -> str:
    return str(tab.evaluate(f"document.getElementById('{element}').textContent"))


def wait_for_text(tab: browser.Tab, element: str, part: str) -> None:
    tab.wait(f"document.getElementById('{element}').textContent.includes({json.dumps(part)})", 30)


def wait_for_done(tab: browser.Tab, count: int) -> None:
    tab.wait(f"document.getElementById('progress').textContent.startsWith('{count} of ')", 30)


def click(tab: browser.Tab, button: str) -> None:
    tab.evaluate(f"document.querySelector({json.dumps(button)}).click()")


def shown(tab: browser.Tab, element: str) -> bool:
    return bool(tab.evaluate(f"document.getElementById('{element}').checkVisibility()"))


def votes(folder: Path) -> list[Any]:
    return VoteLog(folder / "store" / "labels" / "rows.db").votes()


def test_two_label_by_keyboard_and_a_third_settles(chromium: browser.Browser, tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", ROWS)
    with running_screen(tmp_path, "rows.csv") as screen:
        ada = opened(chromium, screen, "Ada")
        # Typed without waiting: each key is meant for the row that the one before leads to.
        for number in range(ROWS):
            ada.press("12"[number % 2])
        wait_for_done(ada, ROWS)
        assert shown(ada, "finished")
        ben = opened(chromium, screen, "Ben")
        for _ in range(ROWS):
            ben.press("1")
        wait_for_done(ben, ROWS)
        assert sum(vote.stance == "critical" for vote in votes(tmp_path)) == ROWS + ROWS // 2
        cy = opened(chromium, screen, "Cy")
        click(cy, "[data-view=settle]")
        for left in range(ROWS // 2, 0, -1):
            wait_for_text(cy, "settle", f"{left} open")
            assert "Ada" not in text(cy, "settle")
            cy.press("2")
        wait_for_text(cy, "settle", "Nothing to settle")
        click(cy, "[data-view=agreement]")
        wait_for_text(cy, "agreement", "6 were settled")
        assert [tab.problems() for tab in (ada, ben, cy)] == [[]] * 3
    assert sum(vote.role == "settle" and vote.stance == "neutral" for vote in votes(tmp_path)) == ROWS // 2
    assert sum(vote.role == "vote" for vote in votes(tmp_path)) == 2 * ROWS


def test_another_spelling_of_a_name_is_the_same_person(chromium: browser.Browser, tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", ROWS)
    with running_screen(tmp_path, "rows.csv") as screen:
        ada = opened(chromium, screen, "Ada")
        ada.press("1")
        wait_for_done(ada, 1)
        again = opened(chromium, screen, "ada ")
        wait_for_done(again, 1)
        assert text(again, "who") == "Ada"
        again.press("2")
        wait_for_done(again, 2)
    assert [vote.annotator for vote in votes(tmp_path)] == ["Ada", "Ada"]


def test_every_key_does_what_it_says(chromium: browser.Browser, tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", ROWS)
    with running_screen(tmp_path, "rows.csv", "--ask", "both") as screen:
        tab = opened(chromium, screen, "Ada")
        first = text(tab, "text")
        tab.press("3")
        tab.press(".")
        wait_for_text(tab, "problem", "once this row is labelled")
        tab.press("o")  # conflict: c means comment
        tab.press("h")
        tab.wait("document.activeElement.id === 'holder'")
        tab.type("critics, s u 1")
        tab.press("Enter")
        tab.press("c")
        tab.wait("document.activeElement.id === 'comment'")
        tab.type("<b>irony?</b>")
        tab.press("Enter")
        wait_for_text(tab, "written", "irony")
        (vote,) = votes(tmp_path)
        assert (vote.stance, vote.frames, vote.holder, vote.comment) == (
            "supportive", ("conflict",), "critics, s u 1", "<b>irony?</b>",
        )  # fmt: skip
        assert text(tab, "model") == ""
        tab.press(".")
        wait_for_text(tab, "model", "supportive")
        tab.press("Enter")
        tab.press("s")
        wait_for_done(tab, 2)
        tab.press("u")
        wait_for_done(tab, 1)
        tab.press("ArrowLeft")
        wait_for_text(tab, "written", "irony")
        assert text(tab, "text") == first
        assert tab.problems() == []


@pytest.mark.parametrize("dark", [False, True])
def test_hostile_texts_are_shown_as_text(chromium: browser.Browser, tmp_path: Path, dark: bool) -> None:
    write_rows(tmp_path / "rows.csv", len(HOSTILE))
    (tmp_path / "book.md").write_text("<script>alert(1)</script> our codebook")
    with running_screen(tmp_path, "rows.csv", "--codebook", "book.md") as screen:
        tab = opened(chromium, screen, "<i>Eve</i>", dark=dark, **PHONE)
        read = []
        for number in range(len(HOSTILE)):
            read.append(text(tab, "text"))
            tab.press("1")
            wait_for_done(tab, number + 1)
        assert sorted(read) == sorted(HOSTILE)
        assert text(tab, "who") == "<i>Eve</i>"
        assert not tab.evaluate("document.querySelectorAll('main img, main script, main i').length")
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert tab.problems() == []


def test_a_key_is_sent_again_when_the_server_comes_back(chromium: browser.Browser, tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", ROWS)
    with running_screen(tmp_path, "rows.csv") as screen:
        tab = opened(chromium, screen, "Ada")
        tab.offline(on=True)
        tab.press("1")
        tab.wait("document.getElementById('problem').checkVisibility()")
        tab.offline(on=False)
        wait_for_done(tab, 1)
        assert not shown(tab, "problem")
        # The browser reports each failed attempt; nothing else is wrong.
        assert [line for line in tab.problems() if "ERR_INTERNET_DISCONNECTED" not in line] == []
    assert [vote.stance for vote in votes(tmp_path)] == ["critical"]


@accessibility.checked
@pytest.mark.parametrize("options", [{}, {"dark": True}, PHONE], ids=["light", "dark", "phone"])
def test_nothing_keeps_anybody_out(
    chromium: browser.Browser, tmp_path: Path, options: dict[str, Any]
) -> None:
    write_rows(tmp_path / "rows.csv", ROWS)
    with running_screen(tmp_path, "rows.csv", "--ask", "both") as screen:
        tab = opened(chromium, screen, "Ada", **options)
        seen = {"row": accessibility.faults(tab)}
        tab.press("h")
        seen["holder"] = accessibility.faults(tab)
        for view in ("settle", "agreement"):
            click(tab, f"[data-view={view}]")
            tab.wait(f"document.getElementById('{view}').checkVisibility()")
            seen[view] = accessibility.faults(tab)
        assert seen == {part: [] for part in seen}
