"""Filters that the explorer's page cannot follow: searches that did not run, links to what it has not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from experiments.performance import browser
from tests.explorer import made_up
from tests.explorer.test_explorer_page import change, count, in_browser, opened, three, write

UNRUN, ALL_ROWS = "did not run", "of 120"


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    with browser.browser() as running:
        yield running


NUMBERS = (
    "[...document.querySelectorAll('#scores td, #confusion td, #pair:not([hidden]) td, #pair-test')]"
    ".map((cell) => cell.textContent).join('').match(/[0-9]/g)"
)


@in_browser
@pytest.mark.parametrize("pattern", ["((", "(a+)+$", "x" * 201], ids=["wrong", "slow", "long"])
def test_a_search_that_did_not_run_leaves_no_number_of_the_filter_before(
    chromium: browser.Browser, tmp_path: Path, pattern: str
) -> None:
    texts = [*["praised"] * 119, "a" * 40 + "!"]
    tab = opened(chromium, write(tmp_path / "page.html", three(), texts=texts) + "#clf=a&vs=b&re=1&row=row-3")
    assert tab.evaluate(NUMBERS)
    assert tab.evaluate("document.getElementById('histogram').childElementCount") > 0
    box = "document.getElementById('q')"
    change(tab, f"{box}.value = {json.dumps(pattern)}; {box}.dispatchEvent(new Event('change'))")
    assert tab.evaluate(NUMBERS) is None
    assert tab.evaluate("document.getElementById('histogram').childElementCount") == 0
    assert tab.evaluate("document.querySelectorAll('.row').length") == 0
    # Neither do words say that no row passes, nor how many do.
    assert not tab.evaluate("document.getElementById('empty').checkVisibility()")
    assert ALL_ROWS not in tab.evaluate("document.getElementById('count').textContent")
    assert UNRUN in tab.evaluate("document.getElementById('search-says').textContent")
    assert blank_selects(tab) == []
    change(tab, f"{box}.value = 'praised'; {box}.dispatchEvent(new Event('change'))")
    assert (count(tab), bool(tab.evaluate(NUMBERS))) == (119, True)
    assert tab.problems() == []


def blank_selects(tab: browser.Tab) -> list[str]:
    """Return the lists that show no value at all."""
    return tab.evaluate(
        "[...document.querySelectorAll('select')]"
        ".filter((list) => list.selectedIndex < 0).map((list) => list.id)"
    )


UNKNOWN = {
    "party": "Nobody", "outcome": "nonsense", "clf": "bert", "vs": "bert", "part": "moon", "split": "moon",
    "of": "joy", "sort": "fate", "seeds": "differ", "votes": "split", "why": "here", "audit": "none",
    "slice": "none: x", "holder": "Nobody", "group": "Nobody", "fold": "9", "outlet": "Nobody",
    "truth": "joy", "answer": "!neutral", "from": "2", "to": "x", "who": "differ",
    "row": "row-999", "re": "2",
}  # fmt: skip


@in_browser
def test_what_an_address_names_and_the_page_has_not_is_left_out_and_said(
    chromium: browser.Browser, tmp_path: Path
) -> None:
    address = write(tmp_path / "page.html", [made_up.classifier(name, 30, seeds=1) for name in "ab"])
    tab = opened(chromium, f"{address}#q=praised&{urlencode(UNKNOWN)}")
    box = "document.getElementById('filter-text')"
    for values in (UNKNOWN, *({key: value} for key, value in UNKNOWN.items())):
        if values is not UNKNOWN:
            text = json.dumps(f"q=praised&{urlencode(values)}")
            change(tab, f"{box}.value = {text}; {box}.dispatchEvent(new Event('change'))")
        assert (count(tab), blank_selects(tab)) == (30, []), values
        said = tab.evaluate("document.getElementById('left-out').textContent")
        assert [key for key, value in values.items() if f"{key}={value}" not in said] == []
        assert "q=" not in said
        assert tab.evaluate("document.getElementById('chosen').hidden"), values
        assert tab.evaluate(f"{box}.value") == "q=praised", values
    # It is about the link: the next step of a person's own is not.
    change(tab, "document.querySelector('#confusion button').click()")
    assert tab.evaluate("document.getElementById('left-out').textContent") == ""
    assert tab.problems() == []


HIDDEN = "document.getElementById('hidden-row').textContent"


def part_of(tab: browser.Tab, name: str) -> str:
    """Return a part of the filter as the text beside the filters has it."""
    text = "new URLSearchParams(document.getElementById('filter-text').value)"
    return str(tab.evaluate(f"{text}.get('{name}') || ''"))


def row_of(tab: browser.Tab) -> str:
    """Return the row that is shown in full; empty where none is."""
    return "" if tab.evaluate("document.getElementById('detail').hidden") else part_of(tab, "row")


@in_browser
def test_a_link_whose_filter_hides_its_row_says_so_and_leads_to_it(
    chromium: browser.Browser, tmp_path: Path
) -> None:
    address = write(tmp_path / "page.html", three())
    tab = opened(chromium, f"{address}#party=Varna&row=row-0")
    assert (count(tab), row_of(tab)) == (40, "")
    assert "row-0" in tab.evaluate(HIDDEN)
    change(tab, "document.querySelector('#hidden-row button').click()")
    assert (count(tab), row_of(tab), tab.evaluate(HIDDEN)) == (120, "row-0", "")
    # Back at the link, it is said again; a filter of the reader's own is not that of the link.
    change(tab, "history.back()")
    assert "row-0" in tab.evaluate(HIDDEN)
    change(tab, "document.querySelector('#confusion button').click()")
    assert tab.evaluate(HIDDEN) == ""
    # A row is looked for in its own part, unless the link names another one.
    parts = made_up.classifier("a", 120, split=["validation"] * 60 + ["test"] * 60)
    address = write(tmp_path / "parts.html", [parts])
    for link, part, row in (
        ("row=row-7", "validation", "row-7"), ("row=row-70", "", "row-70"),
        ("split=test&row=row-7", "", ""),
    ):  # fmt: skip
        tab = opened(chromium, f"{address}#{link}")
        assert (part_of(tab, "split"), row_of(tab)) == (part, row)
    assert tab.problems() == []


@in_browser
def test_a_link_with_all_that_the_page_has_is_followed_in_silence(
    chromium: browser.Browser, tmp_path: Path
) -> None:
    address = write(tmp_path / "page.html", three(), outlet=["Post"] * 60 + ["Times"] * 60)
    link = (
        "clf=a&vs=b&outcome=wrong&who=differ&truth=critical&party=Varna&outlet=Post&of=neutral&from=0&to=0.9"
    )
    tab = opened(chromium, f"{address}#{link}&sort=text")
    assert tab.evaluate("document.getElementById('left-out').textContent") == ""
    assert tab.evaluate("document.getElementById('of').value") == "neutral"
    assert sorted(tab.evaluate("document.getElementById('filter-text').value").split("&")) == sorted(
        f"{link}&sort=text".split("&")
    )


@in_browser
def test_a_rare_value_that_the_list_does_not_offer_is_shown_when_chosen(
    chromium: browser.Browser, tmp_path: Path
) -> None:
    outlets = [f"Outlet {row:03}" for row in range(600)]
    address = write(tmp_path / "page.html", [made_up.classifier("a", 600)], outlet=outlets)
    tab = opened(chromium, f"{address}#outlet=Outlet+599")
    assert count(tab) == 1
    assert tab.evaluate("document.getElementById('outlet').value") == "Outlet 599"
    assert blank_selects(tab) == []
