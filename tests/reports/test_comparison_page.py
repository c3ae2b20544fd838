"""A Comparison in, a page and figures out."""

from __future__ import annotations

import html
import re
import struct
from html.parser import HTMLParser

import pytest
from golden import Golden
from scoring.comparison.toy_runs import frames, run, with_rows

from harness.reports.comparison_page import comparison_page, p_value
from harness.reports.comparison_reasons import RunEvidence, comparison_reasons
from harness.reports.forest import forest_png, tie_groups_png
from harness.scoring.comparison import Comparison, compare
from harness.scoring.comparison.disagreement import RunItems
from harness.values.findings import Finding
from harness.values.formatting import needed_items

FIXED_WIDTH = "min-width: 34rem"


class PageParser(HTMLParser):
    """Gathers what stands in a page, and what it would load from the network."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.loaded, self.words = [], [], []  # type: ignore[var-annotated]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def three() -> Comparison:
    table = [("<b>bold</b>", run("a", 0.3)), ("b", run("b", 1.5)), ("c", run("c", 1.6))]
    odd = with_rows(run("d", 1.0), split="validation")
    return compare([*table, ("odd", odd)], "f1_macro")


def test_the_page_is_self_contained_and_escaped(three: Comparison) -> None:
    command = "harness compare --experiment <x>"
    page = comparison_page(three, date="2026-01-02", command=command)
    parser = PageParser(page)
    assert not {"script", "img", "link", "iframe"} & set(parser.tags)
    assert parser.loaded == []
    assert "http" not in page.replace("http-equiv", "")
    assert "<b>bold</b>" not in page
    assert command not in page
    assert html.escape(command) in page
    assert "prefers-color-scheme: dark" in page


def text_of(comparison: Comparison, **options: str) -> str:
    """Return what a reader sees of a page, one text a line, styles left out."""
    page = re.sub(r"<style>.*?</style>", "", comparison_page(comparison, **options), flags=re.DOTALL)
    return "\n".join(" ".join(text.split()) for text in PageParser(page).words if text.strip())


def test_what_the_page_says(three: Comparison, golden: Golden) -> None:
    golden(
        "reports/comparison_page", text_of(three, date="2026-01-02", command="harness compare --experiment x")
    )


def test_the_page_says_why_with_sentences_escaped_and_reports_linked() -> None:
    tables = {"a": run("a", 0.3), "b": run("b", 1.5)}
    comparison = compare(tables.items(), "f1_macro")
    items = {name: RunItems.of(table) for name, table in tables.items()}
    sentences = {str(id_): f"<i>{id_}</i>" for id_ in tables["a"].rows["id"]}
    evidence = {
        "a": RunEvidence([Finding("behaviour", "failed", "")], sentences, "../x/report.html"),
        "b": RunEvidence(report="runs:/17/report.html"),
    }
    page = comparison_page(comparison, comparison_reasons(comparison, items, evidence))
    parser = PageParser(page)
    # Files of the same store; an address inside MLflow is no address for a browser.
    assert set(parser.loaded) == {"../x/report.html"}
    assert "runs:/17/report.html" in page
    assert "<i>i0" not in page
    assert "&lt;i&gt;i" in page


@pytest.mark.parametrize("n", [2, 27])
def test_ties_have_one_notation_everywhere(n: int) -> None:
    comparison = compare(
        [(f"r{number}", run(f"r{number}", number / 3, n_seeds=1)) for number in range(n)], "f1_macro"
    )
    letters = {entry.name: entry.tie for entry in comparison.runs}
    assert comparison.runs_table().set_index("name")["tie"].to_dict() == letters
    page = comparison_page(comparison)
    shown = re.findall(r'<span class="tie">(\w+)</span>', page)
    assert shown == list(letters.values())
    assert set(letters.values()) <= set("abcdefghijklmnopqrstuvwxyz")
    assert len(set(letters.values())) == len(comparison.groups)


def test_the_plot_fits_every_width() -> None:
    """It is laid out in per cent, so that no part of it lies outside of the screen."""
    comparison = compare([(name, run(name, 1.0)) for name in "abc"], "f1_macro")
    page = comparison_page(comparison)
    shares = [float(value) for value in re.findall(r"(?:left|right): (-?[\d.]+)%", page)]
    assert len(shares) > 10
    assert all(-0.01 <= share <= 100 for share in shares)
    assert FIXED_WIDTH not in page


def test_the_page_names_what_chooses_the_classifier(three: Comparison) -> None:
    choosing = "harness promote --dry-run --experiment <x>"
    assert f"<pre>{html.escape(choosing)}</pre>" in comparison_page(three, choosing=choosing)


def test_without_a_command_the_page_does_not_say_how_to_reproduce_it(three: Comparison) -> None:
    assert "<pre>" in comparison_page(three, command="harness compare")
    assert "<pre>" not in comparison_page(three)


def test_with_groups_the_page_says_why_mcnemar_is_left_out(golden: Golden) -> None:
    grouped = compare([(name, run(name, 1.0, group=3)) for name in "ab"], "brier")
    text = text_of(grouped)
    assert grouped.omitted_tests["McNemar"] in text
    golden("reports/comparison_page_grouped", text)


def comparison_of(kind: str) -> Comparison:
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
def test_every_kind_of_comparison_has_a_page_and_figures(kind: str) -> None:
    comparison = comparison_of(kind)
    page = comparison_page(comparison)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).lower().replace(
        "finance", ""
    )
    for png in (forest_png(comparison), tie_groups_png(comparison)):
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
def test_needed_items(needed: float, value: float, shown: str) -> None:
    assert needed_items(needed, value) == shown
