"""The label screen in a browser: labelling by keyboard, two annotators, a third who settles."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.explorer.labelling.vote_log import VoteLog
from tests.explorer.labelling.running_screen import Screen, running_screen
from tests.explorer.labelling.test_label_server import HOSTILE, write_rows

playwright = pytest.importorskip("playwright.sync_api", reason="drives a browser: pip install playwright")
CHROMIUM = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

ROWS = 12


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def errors() -> Iterator[list[str]]:
    messages: list[str] = []
    yield messages
    assert messages == []


def opened(browser: Any, screen: Screen, annotator: str, errors: list[str], **options: Any) -> Any:
    page = browser.new_context(**options).new_page()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    page.goto(screen.address)
    page.get_by_label("Your name").fill(annotator)
    page.keyboard.press("Enter")
    page.wait_for_selector("#card:visible, #finished:visible")
    return page


def wait_for_text(page: Any, element: str, pattern: str) -> None:
    # Not a function that the page evaluates: its policy allows none.
    playwright.expect(page.locator(f"#{element}")).to_have_text(re.compile(pattern), timeout=30_000)


def wait_for_done(page: Any, count: int) -> None:
    wait_for_text(page, "progress", rf"^{count} of ")


def votes(folder: Path) -> list[Any]:
    return VoteLog(folder / "store" / "labels" / "rows.db").votes()


def test_two_label_by_keyboard_and_a_third_settles(browser: Any, tmp_path: Path, errors: list[str]) -> None:
    write_rows(tmp_path / "rows.csv", ROWS)
    with running_screen(tmp_path, "rows.csv") as screen:
        ada = opened(browser, screen, "Ada", errors)
        # Typed without waiting: each key is meant for the row that the one before leads to.
        for number in range(ROWS):
            ada.keyboard.press("12"[number % 2])
        wait_for_done(ada, ROWS)
        assert ada.locator("#finished").is_visible()
        ben = opened(browser, screen, "Ben", errors)
        for _ in range(ROWS):
            ben.keyboard.press("1")
        wait_for_done(ben, ROWS)
        assert sum(vote.stance == "critical" for vote in votes(tmp_path)) == ROWS + ROWS // 2
        cy = opened(browser, screen, "Cy", errors)
        cy.get_by_role("button", name="disagreements").click()
        for left in range(ROWS // 2, 0, -1):
            wait_for_text(cy, "settle", f"{left} open")
            assert "Ada" not in cy.locator("#settle").inner_text()
            cy.keyboard.press("2")
        wait_for_text(cy, "settle", "Nothing to settle")
        cy.get_by_role("button", name="agreement", exact=True).click()
        wait_for_text(cy, "agreement", "6 were settled")
    assert sum(vote.role == "settle" and vote.stance == "neutral" for vote in votes(tmp_path)) == ROWS // 2
    assert sum(vote.role == "vote" for vote in votes(tmp_path)) == 2 * ROWS


def test_every_key_does_what_it_says(browser: Any, tmp_path: Path, errors: list[str]) -> None:
    write_rows(tmp_path / "rows.csv", ROWS)
    with running_screen(tmp_path, "rows.csv", "--ask", "both") as screen:
        page = opened(browser, screen, "Ada", errors)
        first = page.locator("#text").inner_text()
        page.keyboard.press("3")
        page.keyboard.press(".")
        wait_for_text(page, "problem", "once this row is labelled")
        page.keyboard.press("o")  # conflict: c means comment
        page.keyboard.press("h")
        page.locator("#holder").wait_for()
        page.keyboard.type("critics, s u 1")
        page.keyboard.press("Enter")
        page.keyboard.press("c")
        page.locator("#comment").wait_for()
        page.keyboard.type("<b>irony?</b>")
        page.keyboard.press("Enter")
        wait_for_text(page, "written", "irony")
        (vote,) = votes(tmp_path)
        assert (vote.stance, vote.frames, vote.holder, vote.comment) == (
            "supportive", ("conflict",), "critics, s u 1", "<b>irony?</b>",
        )  # fmt: skip
        assert page.locator("#model").inner_text() == ""
        page.keyboard.press(".")
        wait_for_text(page, "model", "supportive")
        page.keyboard.press("Enter")
        page.keyboard.press("s")
        wait_for_done(page, 2)
        page.keyboard.press("u")
        wait_for_done(page, 1)
        page.keyboard.press("ArrowLeft")
        wait_for_text(page, "written", "irony")
        assert page.locator("#text").inner_text() == first


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_texts_are_shown_as_text(
    browser: Any, tmp_path: Path, errors: list[str], scheme: str
) -> None:
    write_rows(tmp_path / "rows.csv", len(HOSTILE))
    (tmp_path / "book.md").write_text("<script>alert(1)</script> our codebook")
    with running_screen(tmp_path, "rows.csv", "--codebook", "book.md") as screen:
        phone = {"width": 390, "height": 800}
        page = opened(browser, screen, "<i>Eve</i>", errors, color_scheme=scheme, viewport=phone)
        shown = []
        for number in range(len(HOSTILE)):
            shown.append(page.locator("#text").text_content())
            page.keyboard.press("1")
            wait_for_done(page, number + 1)
        assert sorted(shown) == sorted(HOSTILE)
        assert page.locator("#who").text_content() == "<i>Eve</i>"
        elements = page.locator(", ".join(f"main {name}" for name in ("img", "script", "i")))
        assert elements.count() == 0
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide


def test_a_key_is_sent_again_when_the_server_comes_back(
    browser: Any, tmp_path: Path, errors: list[str]
) -> None:
    write_rows(tmp_path / "rows.csv", ROWS)
    with running_screen(tmp_path, "rows.csv") as screen:
        page = opened(browser, screen, "Ada", errors)
        page.context.set_offline(True)
        page.keyboard.press("1")
        page.locator("#problem").wait_for()
        page.context.set_offline(False)
        wait_for_done(page, 1)
        assert not page.locator("#problem").is_visible()
    # The browser reports each failed attempt; nothing else is wrong.
    errors[:] = [error for error in errors if "ERR_INTERNET_DISCONNECTED" not in error]
    assert [vote.stance for vote in votes(tmp_path)] == ["critical"]
