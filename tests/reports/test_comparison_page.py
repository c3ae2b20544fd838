"""A Comparison in, a page and figures out."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from scoring.comparison.toy_runs import frames, run, with_rows

from harness.reports.comparison import comparison_page, items, p_value
from harness.reports.forest import forest_png, tie_groups_png
from harness.scoring.comparison import Comparison, compare


class Words(HTMLParser):
    """Gathers what stands in a page, and what it would ask the network for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.tags, self.asked, self.words = [], [], [], []  # type: ignore[var-annotated]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.asked += [value for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def three() -> Comparison:
    table = [("<b>bold</b>", run("a", 0.3)), ("b", run("b", 1.5)), ("c", run("c", 1.6))]
    odd = with_rows(run("d", 1.0), split="validation")
    return compare([*table, ("odd", odd)], "f1_macro")


def test_the_page_is_self_contained_and_escaped(three: Comparison) -> None:
    page = comparison_page(three, date="2026-01-02", command="harness compare --experiment <x>")
    read = Words(page)
    assert not {"script", "img", "link", "iframe"} & set(read.tags)
    assert read.asked == []
    assert "http" not in page.replace("http-equiv", "")
    assert "<b>bold</b>" not in page
    assert "harness compare --experiment &lt;x&gt;" in page
    assert "prefers-color-scheme: dark" in page


def test_the_page_says_what_was_found_and_what_limits_it(three: Comparison) -> None:
    words = " ".join(" ".join(Words(comparison_page(three)).words).split())
    assert "f1_macro: 3 runs compared" in words
    assert "240 test items, test fingerprint" in words
    assert "cannot be told apart on 240 items" in words
    assert "odd was left out: it has no test rows." in words
    assert "Fewer than 5 seeds" in words
    assert "McNemar" in words
    assert "How to repeat it" not in words


def test_with_groups_the_page_says_why_mcnemar_is_left_out() -> None:
    found = compare([(name, run(name, 1.0, group=3)) for name in "ab"], "brier")
    words = " ".join(" ".join(Words(comparison_page(found)).words).split())
    assert f"McNemar is left out: {found.omitted_tests['McNemar']}." in words
    assert "in 80 groups" in words
    assert "lower is better" in words


def made(kind: str) -> Comparison:
    if kind == "one group":
        return compare([(name, with_rows(run(name, 1.0), group="g")) for name in "ab"], "f1_macro")
    if kind == "equal":
        same = run("a", 1.0, n_seeds=1)
        return compare([("a", same), ("b", same)], "accuracy")
    if kind == "frames":
        return compare([(name, frames(name, 1.0)) for name in "ab"], "average_precision_macro")
    if kind == "lower":
        return compare([(name, run(name, 1.0, n_seeds=1)) for name in "abc"], "log_loss")
    return compare([(f"r{n}", run(f"r{n}", 1 + n / 5)) for n in range(5)], "f1_macro", draws=100)


@pytest.mark.parametrize("kind", ["one group", "equal", "frames", "lower", "reference"])
def test_every_sort_of_comparison_can_be_shown(kind: str) -> None:
    found = made(kind)
    page = comparison_page(found)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).lower().replace(
        "finance", ""
    )
    for png in (forest_png(found), tie_groups_png(found)):
        assert png.startswith(b"\x89PNG")
        width, height = struct.unpack(">II", png[16:24])
        assert 500 < width < 1400
        assert 100 < height < 900


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0341, "0.034"), (0.001, "0.001"), (0.0009, "< 0.001"), (float("nan"), "–")],
)
def test_p_values(value: float, shown: str) -> None:
    assert p_value(value) == shown


@pytest.mark.parametrize(
    ("needed", "value", "shown"),
    [
        (3021.0, 0.1, "3,021"),
        (float("inf"), 0.1, "seeds"),
        (float("inf"), 0.0, "–"),
        (float("nan"), 0.1, "–"),
    ],
)
def test_items(three: Comparison, needed: float, value: float, shown: str) -> None:
    pair = three.pairs[0]
    changed = replace(pair, needed=needed, difference=replace(pair.difference, value=value))
    assert items(changed) == shown
