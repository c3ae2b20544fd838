"""The whole loop: look at the errors, sample, label by keyboard as two people, settle, learn, and be told."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from experiments.performance import browser
from harness.cli.main import app
from tests.explorer.labelling.running_screen import running_screen
from tests.explorer.labelling.test_label_page import click, opened, text, wait_for_done, wait_for_text
from tests.explorer.test_explorer_page import count
from tests.explorer.test_explorer_page import opened as explorer_opened
from tests.runs.learning.gold_toys import VERBS, experiment, sentences

pytestmark = pytest.mark.skipif(not browser.path(), reason="Chromium is not installed (apt install chromium)")

LABELLED = 60
ADA, BEN = "stance by Ada", "stance by Ben"
KEYS = {"critical": "1", "neutral": "2", "supportive": "3"}
STANCE_OF = {verb: stance for stance, verbs in VERBS.items() for verb in verbs}


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    with browser.browser() as running:
        yield running


def call(*words: str) -> Result:
    outcome = CliRunner().invoke(app, list(words))
    assert outcome.exit_code == 0, outcome.output
    return outcome


def truth(sentence: str) -> str:
    """Return the stance of a made-up sentence, which its verb alone says."""
    (stance,) = {STANCE_OF[word] for word in re.findall(r"\w+", sentence.lower()) if word in STANCE_OF}
    return stance


def write_articles(folder: Path) -> None:
    """Write articles of five sentences each, with verbs that train has not."""
    (folder / "parties.yaml").write_text("- {name: Varna, kind: country}\n", encoding="utf-8")
    (folder / "articles").mkdir()
    texts = [row["text"].removesuffix("varna") + "Varna." for row in sentences(200, "new", 9)]
    for number in range(0, len(texts), 5):
        article = "\n\n".join(texts[number : number + 5])
        (folder / "articles" / f"{number:03}.txt").write_text(article, encoding="utf-8")


def label(chromium: browser.Browser, folder: Path) -> None:
    """Label the sample as Ada and as Ben, who errs in every tenth row; let Cy settle what they differ on."""
    with running_screen(folder, "gold.csv", store=".harness") as screen:
        for annotator in ("Ada", "Ben"):
            tab = opened(chromium, screen, annotator)
            for number in range(LABELLED):
                stance = truth(text(tab, "text"))
                errs = annotator == "Ben" and number % 10 == 0
                tab.press("2" if errs and stance != "neutral" else KEYS[stance])
                wait_for_done(tab, number + 1)
            assert tab.problems() == []
        cy = opened(chromium, screen, "Cy")
        click(cy, "[data-view=settle]")
        wait_for_text(cy, "settle", "open")
        differing = re.search(r"(\d+) open", text(cy, "settle"))
        assert differing is not None
        for left in range(int(differing[1]), 0, -1):
            wait_for_text(cy, "settle", f"{left} open")
            cy.press(KEYS[truth(text(cy, "settle"))])
        wait_for_text(cy, "settle", "Nothing to settle")


def test_from_errors_that_one_sees_to_a_verdict_on_the_correction(
    chromium: browser.Browser, folder: Path
) -> None:
    experiment(folder)
    call("run", "small.yaml")
    call("promote", "--experiment", "small")

    # Look: as many rows are wrong on the page as the sample of wrong rows holds.
    call("explore", "small", "--output", "page.html")
    page = explorer_opened(chromium, (folder / "page.html").as_uri() + "#clf=linear&outcome=wrong")
    call("sample", "small", "--pick", "wrong", "--size", "1000", "--output", "wrong.csv")
    assert count(page) == len(pd.read_csv("wrong.csv")) > LABELLED / 2

    # Those are test rows, which teach nothing. New ones come from articles.
    write_articles(folder)
    call("read", "articles", "--stance", "models:/small@champion", "--parties", "parties.yaml",
         "--output", "rows.csv")  # fmt: skip
    call("sample", "rows.csv", "--pick", "uncertain", "--size", str(LABELLED), "--output", "gold.csv")
    assert len(pd.read_csv("gold.csv")) == LABELLED
    label(chromium, folder)
    call("label", "gold.csv", "--output", "votes.csv")
    with (folder / "votes.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["gold"] for row in rows] == [truth(row["text"]) for row in rows]
    assert len({(row[ADA], row[BEN]) for row in rows}) > len(KEYS)

    # Learn, and be told whether it paid.
    told = json.loads(call("learn", "gold.csv", "--config", "small.yaml", "--curve", "0", "--json").stdout)
    assert told["decision"] == "promote", told["sentence"]
    assert told["counts"] == {"added": LABELLED}
