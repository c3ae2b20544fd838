"""The explorer's page in a real browser: filters, address, numbers, keyboard; texts that would be code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys

from experiments.performance import browser
from harness.explorer.answering import answering_of
from harness.explorer.answers import ExploredClassifier, answered_rows
from harness.explorer.explained_rows import explained
from harness.explorer.finished_experiments import explore
from harness.explorer.page_data import Described, page_data
from harness.explorer.page_writer import explorer_page, page_script
from harness.scoring.metrics.classification import ACCURACY, F1_MACRO
from harness.scoring.metrics.framing import EXACT_MATCH
from harness.scoring.score import score
from harness.tracking.store import Store
from tests.explorer import accessibility, made_up
from tests.explorer.hostile_texts import HOSTILE, PAYLOADS

in_browser = pytest.mark.skipif(not browser.path(), reason="Chromium is not installed (apt install chromium)")

NO_REQUESTS = ("default-src 'none'", "connect-src 'none'", "form-action 'none'")
ELEMENTS = "document.querySelectorAll('script, img, iframe, base, link, style, a').length"
SETTLED = "document.documentElement.dataset.settled"
WHY, FOR = "Words that moved a label", "here for"


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    with browser.browser() as running:
        yield running


def write(path: Path, classifiers: list[ExploredClassifier], **columns: Any) -> str:
    """Write a page; return its address."""
    rows = answered_rows(classifiers)
    texts = columns.pop("texts", [f"Sentence {row} praised the harbour." for row in range(len(rows))])
    described = Described(columns.pop("title", "made up"), "stance", "made up")
    page = explorer_page(page_data(rows, made_up.details(texts, **columns), described), described)
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


def three(missing: float = 0.0) -> list[ExploredClassifier]:
    return [
        made_up.classifier(name, 120, salt=salt, missing=missing) for salt, name in enumerate(("a", "b", "c"))
    ]


def opened(chromium: browser.Browser, address: str, **options: Any) -> browser.Tab:
    tab = chromium.open(address, **options)
    tab.wait(SETTLED)
    return tab


def count(tab: browser.Tab) -> int:
    return int(tab.evaluate("document.getElementById('count').textContent").split(" of ")[0])


def change(tab: browser.Tab, expression: str) -> None:
    """Do something to the page and wait until it has drawn what follows."""
    tab.evaluate(f"delete {SETTLED}")
    tab.evaluate(expression)
    tab.wait(SETTLED)


def test_the_page_makes_no_request_and_runs_its_own_script_alone(tmp_path: Path) -> None:
    write(tmp_path / "page.html", three())
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    policy = page.partition('Content-Security-Policy" content="')[2].partition('"')[0]
    assert all(part in policy for part in NO_REQUESTS)
    assert "unsafe-inline" not in policy
    assert not {"src=", "href=http", "@import", "url(http"} & set(page.split())
    assert "fetch(" not in page_script()
    assert "innerHTML" not in page_script(served=True)


@in_browser
def test_the_numbers_are_those_of_the_harness(chromium: browser.Browser, tmp_path: Path) -> None:
    classifiers = three(missing=0.1)
    tab = opened(chromium, write(tmp_path / "page.html", classifiers))
    shown = tab.evaluate(
        "[...document.querySelectorAll('#scores tbody tr')].map((row) =>"
        " [...row.querySelectorAll('td')].map((cell) => cell.firstChild.textContent))"
    )
    for classifier, (n, accuracy, f1) in zip(classifiers, shown, strict=True):
        values = score(classifier.predictions, [ACCURACY, F1_MACRO], draws=0).rows.set_index("metric")[
            "value"
        ]
        assert n == "120"
        assert float(accuracy) == pytest.approx(values["accuracy"], abs=5e-4)
        assert float(f1) == pytest.approx(values["f1_macro"], abs=5e-4)
    assert tab.problems() == []


def intervals_of(tab: browser.Tab) -> list[list[list[float]]]:
    """Return the ends that the page shows: classifier by classifier, of accuracy and macro-F1."""
    shown = tab.evaluate(
        "[...document.querySelectorAll('#scores tbody tr')].map((row) =>"
        " [...row.querySelectorAll('small')].map((cell) => cell.textContent.trim()))"
    )
    return [[[float(end) for end in cell.split(" to ") if end] for cell in row] for row in shown]


def scored(classifier: ExploredClassifier, ids: set[str]) -> list[list[float]]:
    metrics = [EXACT_MATCH if classifier.predictions.labels.multi else ACCURACY, F1_MACRO]
    rows = score(classifier.predictions, metrics, slices={"these": ids}).rows
    return rows.loc[rows["slice"] == "these", ["low", "high"]].to_numpy().tolist()


@in_browser
@pytest.mark.parametrize("kind", ["stance", "framing"])
def test_intervals_are_those_of_the_harness(chromium: browser.Browser, tmp_path: Path, kind: str) -> None:
    classifiers = (
        [made_up.classifier(name, 240, salt=salt, missing=0.1 * salt) for salt, name in enumerate("abc")]
        if kind == "stance"
        else [made_up.framing(name, 240, salt=salt) for salt, name in enumerate("ab")]
    )
    address = write(tmp_path / "page.html", classifiers)
    everything = intervals_of(opened(chromium, address))
    every = {f"row-{row}" for row in range(240)}
    for shown, classifier in zip(everything, classifiers, strict=True):
        # To the printed digit: of all rows, the page has the numbers of the run.
        assert shown == [[round(end, 3) for end in ends] for ends in scored(classifier, every)]
    few = {f"row-{row}" for row in range(240) if "1" in str(row)}
    of_few = intervals_of(opened(chromium, f"{address}#re=1&q=^Sentence+%5Cd*1"))
    differences = [
        np.subtract(shown, scored(classifier, few)).ravel()
        for shown, classifier in zip(of_few, classifiers, strict=True)
    ]
    # Draws of its own: the ends of intervals that are 0.15 wide and more differ by chance.
    assert np.abs(differences).max() < 0.015
    assert np.abs(differences).mean() < 0.005


@in_browser
def test_words_that_moved_a_label_need_no_server(chromium: browser.Browser, trained: Path) -> None:
    explored = explore(Store.open(trained), ["toys"])
    explanations = explained(answering_of(Store.open(trained), explored), explored, 5)
    path = trained / "page.html"
    path.write_text(explored.page(explanations=explanations), encoding="utf-8")
    tab = opened(chromium, f"{path.as_uri()}#why=here")
    assert count(tab) == 5
    tab.press("j")
    text = tab.evaluate("document.getElementById('detail').textContent")
    assert WHY in text
    assert any(f"{verb} +" in text for verb in toys.VERBS.values())
    assert f"{FOR} 5 " in tab.evaluate("document.getElementById('notes').textContent")
    assert tab.problems() == []


@in_browser
def test_filters_are_in_the_address_and_the_back_button_undoes_them(
    chromium: browser.Browser, tmp_path: Path
) -> None:
    classifiers = three()
    rows = answered_rows(classifiers)
    address = write(tmp_path / "page.html", classifiers)
    tab = opened(chromium, f"{address}#clf=a")
    change(
        tab,
        "document.querySelector('[data-key=outcome]').value = 'wrong';"
        " document.querySelector('[data-key=outcome]').dispatchEvent(new Event('change'))",
    )
    wrong = int((rows.answers[0].label != rows.truth).sum())
    assert count(tab) == wrong
    change(
        tab,
        "document.querySelector('#party').value = 'Varna';"
        " document.querySelector('#party').dispatchEvent(new Event('change'))",
    )
    of_varna = int(((rows.answers[0].label != rows.truth) & (rows.targets == "Varna")).sum())
    assert count(tab) == of_varna
    link = tab.evaluate("location.href")
    change(tab, "history.back()")
    assert count(tab) == wrong
    change(tab, "history.back()")
    assert count(tab) == 120
    assert count(opened(chromium, link)) == of_varna
    assert tab.problems() == []


@in_browser
@pytest.mark.parametrize(("truth", "answer"), [(0, 1), (2, 2)])
def test_a_cell_of_the_confusion_matrix_filters_to_its_rows(
    chromium: browser.Browser, tmp_path: Path, truth: int, answer: int
) -> None:
    classifiers = three()
    rows = answered_rows(classifiers)
    tab = opened(chromium, write(tmp_path / "page.html", classifiers) + "#clf=b")
    change(tab, f"document.querySelectorAll('#confusion button')[{3 * truth + answer}].click()")
    assert count(tab) == ((rows.truth == truth) & (rows.answers[1].label == answer)).sum()
    assert not tab.evaluate("document.getElementById('chosen').hidden")


@in_browser
def test_two_classifiers_are_joined_row_by_row(chromium: browser.Browser, tmp_path: Path) -> None:
    classifiers = three()
    rows = answered_rows(classifiers)
    first, second = (rows.answers[number].label for number in (0, 2))
    address = write(tmp_path / "page.html", classifiers)
    tab = opened(chromium, f"{address}#clf=a&vs=c&who=differ")
    assert count(tab) == (first != second).sum()
    tab = opened(chromium, f"{address}#clf=a&vs=c")
    tab.wait("!document.getElementById('pair').hidden")
    cells = [
        int(text)
        for text in tab.evaluate(
            "[...document.querySelectorAll('#pair-table td')].map((cell) => cell.firstChild.textContent)"
        )
    ]
    a, c = first == rows.truth, second == rows.truth
    assert cells == [(a & ~c).sum(), (~a & c).sum(), (~a & ~c).sum(), (a & c).sum()]


@in_browser
def test_a_range_of_probabilities(chromium: browser.Browser, tmp_path: Path) -> None:
    classifiers = three()
    proba = answered_rows(classifiers).answers[0].proba[:, 1]
    tab = opened(chromium, write(tmp_path / "page.html", classifiers) + "#clf=a&of=neutral&from=0.2&to=0.5")
    rounded = np.rint(proba * 10_000) / 10_000
    assert count(tab) == ((rounded >= 0.2) & (rounded <= 0.5)).sum()


@in_browser
def test_a_bad_or_slow_regular_expression_says_so(chromium: browser.Browser, tmp_path: Path) -> None:
    texts = [*["praised"] * 119, "a" * 40 + "!"]
    address = write(tmp_path / "page.html", three(), texts=texts)
    says = "document.getElementById('search-says').textContent"
    for pattern, expected in (("((", "Invalid"), ("(a+)+$", "too slow"), ("x" * 201, "200")):
        tab = chromium.open(f"{address}#re=1&q={pattern.replace('+', '%2B')}")
        tab.wait(f"document.getElementById('search-says') && {says}.includes({json.dumps(expected)})")
    tab = opened(chromium, f"{address}#re=1&q=^a%2B!$")
    assert count(tab) == 1


@in_browser
def test_the_keyboard_alone_is_enough(chromium: browser.Browser, tmp_path: Path) -> None:
    tab = opened(chromium, write(tmp_path / "page.html", three()))
    active = "document.getElementById('list').getAttribute('aria-activedescendant')"
    for key in "jjjk":
        tab.press(key)
    assert tab.evaluate(active) == "row-1"
    assert "row=row-1" in tab.evaluate("location.hash")
    assert not tab.evaluate("document.getElementById('detail').hidden")
    tab.press("Escape")
    assert tab.evaluate("document.getElementById('detail').hidden")
    tab.press("/")
    assert tab.evaluate("document.activeElement.id") == "q"
    tab.press("Escape")
    tab.press("?")
    assert tab.evaluate("document.getElementById('help').open")


@in_browser
def test_clearing_the_filters_clears_the_search(chromium: browser.Browser, tmp_path: Path) -> None:
    tab = opened(chromium, write(tmp_path / "page.html", three()) + "#q=nowhere")
    assert (count(tab), tab.evaluate("document.getElementById('empty').hidden")) == (0, False)
    tab.evaluate(f"delete {SETTLED}")
    tab.press("x")
    tab.wait(SETTLED)
    assert (count(tab), tab.evaluate("document.getElementById('q').value")) == (120, "")
    assert tab.problems() == []


@in_browser
def test_hostile_texts_are_shown_as_they_are(chromium: browser.Browser, tmp_path: Path) -> None:
    assert len(HOSTILE) == 200
    n = len(HOSTILE)
    # Tables of predictions and Parquet files hold no lone surrogates; sentences may.
    names = [text.encode("utf-8", "replace").decode() for text in HOSTILE]
    classifiers = [
        made_up.classifier(f"{number} {PAYLOADS[number]}", n, salt=number, target=names, group=names)
        for number in range(4)
    ]
    columns = dict.fromkeys(("holder", "outlet", "date", "votes"), names)
    tab = opened(
        chromium, write(tmp_path / "page.html", classifiers, texts=list(HOSTILE), title=HOSTILE[0], **columns)
    )
    elements = tab.evaluate(ELEMENTS)
    for row in range(n):
        tab.press("j")
        # As browsers hold it: a lone surrogate stays what it is on the way to the page.
        text = tab.evaluate("JSON.stringify(document.querySelector('#detail .sentence').textContent)")
        assert json.loads(text) == HOSTILE[row]
    for name in ("party", "outlet"):
        tab.evaluate(
            f"document.getElementById('{name}').selectedIndex = 3;"
            f" document.getElementById('{name}').dispatchEvent(new Event('change'))"
        )
    assert tab.evaluate(ELEMENTS) == elements
    assert tab.evaluate("window.hacked === undefined")
    assert tab.problems() == []


@in_browser
@pytest.mark.parametrize("way", ["srcdoc", "blob"])
def test_it_works_in_a_frame_that_allows_scripts_alone(
    chromium: browser.Browser, tmp_path: Path, way: str
) -> None:
    write(tmp_path / "page.html", three())
    page = json.dumps((tmp_path / "page.html").read_text(encoding="utf-8")).replace("</", "<\\/")
    source = {
        "srcdoc": "frame.srcdoc = page",
        "blob": "frame.src = URL.createObjectURL(new Blob([page], {type: 'text/html'}))",
    }
    around = tmp_path / "around.html"
    around.write_text(
        "<!doctype html><iframe id=frame sandbox='allow-scripts'></iframe><script>"
        f"const page = {page}; {source[way]};</script>",
        encoding="utf-8",
    )
    tab = chromium.open(around.as_uri())
    tab.wait("document.readyState === 'complete'")
    frame = tab.frame()
    frame.wait(SETTLED)
    filter_text = "document.getElementById('filter-text')"
    change(frame, "document.querySelectorAll('#confusion button')[1].click()")
    assert frame.evaluate(f"{filter_text}.value") == "truth=critical&answer=neutral"
    change(frame, f"{filter_text}.value = 'party=Varna'; {filter_text}.dispatchEvent(new Event('change'))")
    assert count(frame) == 40
    assert frame.problems() == tab.problems() == []


@in_browser
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1300, 850)])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wider_than_the_screen(
    chromium: browser.Browser, tmp_path: Path, width: int, height: int, dark: bool
) -> None:
    address = write(tmp_path / "page.html", three())
    tab = opened(chromium, address, width=width, height=height, dark=dark)
    tab.press("j")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("document.querySelectorAll('.row').length") < 60


@in_browser
@pytest.mark.parametrize("width", [390, 1300])
def test_how_many_seeds_agree_is_never_cut_off(chromium: browser.Browser, tmp_path: Path, width: int) -> None:
    six = [made_up.classifier(name, 24, seeds=5, salt=salt) for salt, name in enumerate("abcdef")]
    tab = opened(chromium, write(tmp_path / "page.html", six), width=width)
    tab.press("j")
    cut = """[...document.querySelectorAll('.row .answer')].filter((cell) =>
      cell.querySelector('small').getBoundingClientRect().right > cell.getBoundingClientRect().right + 1)"""
    assert tab.evaluate("document.querySelectorAll('.row .answer small').length") >= 36
    assert tab.evaluate(f"{cut}.length") == 0


@in_browser
@accessibility.checked
@pytest.mark.parametrize("width", [400, 1300])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_keeps_anybody_out(chromium: browser.Browser, tmp_path: Path, width: int, dark: bool) -> None:
    address = write(tmp_path / "page.html", three(missing=0.1), outlet=["Post"] * 60 + ["Times"] * 60)
    tab = opened(chromium, f"{address}#clf=a&vs=b&outcome=wrong", width=width, dark=dark)
    seen = {"list": accessibility.faults(tab)}
    tab.press("j")
    seen["row"] = accessibility.faults(tab)
    tab.evaluate("document.querySelectorAll('details').forEach((panel) => { panel.open = true; })")
    seen["filters"] = accessibility.faults(tab)
    tab.press("?")
    seen["help"] = accessibility.faults(tab)
    assert seen == {part: [] for part in seen}


@in_browser
def test_several_labels_a_row(chromium: browser.Browser, tmp_path: Path) -> None:
    classifiers = [made_up.framing("a"), made_up.framing("b", salt=1)]
    tab = opened(chromium, write(tmp_path / "page.html", classifiers) + "#clf=a")
    table = classifiers[0].predictions.rows
    change(tab, "document.querySelectorAll('#confusion button')[1].click()")
    assert count(tab) == ((table["truth_conflict"] == 1) & (table["prediction_conflict"] == 0)).sum()
    f1 = score(classifiers[0].predictions, [F1_MACRO], draws=0).rows["value"].iloc[0]
    change(tab, "history.back()")
    shown = tab.evaluate("document.querySelectorAll('#scores tbody tr')[0].lastChild.firstChild.textContent")
    assert float(shown) == pytest.approx(f1, abs=5e-4)
    assert tab.problems() == []
