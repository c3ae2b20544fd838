"""The ten articles with their registries and gold in, rows of stances and what they share with others out.

    python -m experiments.reading.article_gold

prints counts by register and stance, by kind, and the runs of words that an article shares with the corpora.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from experiments.reading import checks
from harness.values import parties
from harness.values.parties import Registry

FOLDER = Path(__file__).parent / "articles"
COLUMNS = (*("sentence", "opening", "party", "stance", "clear", "voice", "holder", "frames", "kind", "unit"),)


@dataclass(frozen=True)
class GoldArticle:
    """An article as the text of a page, the registry to read it with, and the labels that are right.

    Attributes
    ----------
    number : str
        Two digits.
    register : str
        As its file is called: ``wire-report``.
    text : str
        Paragraphs with an empty line between them.
    gold : tuple of dict
        A row for each party in a sentence, with the keys of ``COLUMNS``, ``sentence`` an integer and
        ``opening`` the first characters of the sentence, at most 40.
    """

    number: str
    register: str
    text: str
    registry: Registry
    gold: tuple[dict[str, str | int], ...]

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs, headlines and captions as any other."""
        return self.text.strip().split("\n\n")

    def forms(self, party: str) -> set[str]:
        """Return every form of a party: those that may mean something else, and its people's, too."""
        (entry,) = (entry for entry in self.registry.parties if entry.name == party)
        short = (form for leader in entry.leaders for form in leader.short_forms)
        return {*entry.surfaces, *entry.ambiguous, *short}


def read(folder: Path = FOLDER) -> list[GoldArticle]:
    """Return the articles of a folder in the order of their numbers."""
    return [_article(path) for path in sorted(folder.glob("[0-9][0-9]-*.txt"))]


def _article(path: Path) -> GoldArticle:
    number, register = path.stem.split("-", 1)
    with (path.parent / f"{number}-gold.tsv").open(encoding="utf-8", newline="") as handle:
        # A quotation mark is a character of the sentence here, not of the format.
        rows = list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))
    gold = tuple({**row, "sentence": int(row["sentence"])} for row in rows)
    registry = parties.read(path.parent / f"{number}-parties.yaml")
    return GoldArticle(number, register, path.read_text(encoding="utf-8"), registry, gold)


def rows(articles: list[GoldArticle]) -> pd.DataFrame:
    """Return the gold of all articles, with the columns ``article`` and ``register`` before it."""
    return pd.DataFrame(
        [
            {"article": article.number, "register": article.register, **row}
            for article in articles
            for row in article.gold
        ]
    )


def paragraphs(articles: list[GoldArticle]) -> list[checks.Sentence]:
    """Return each paragraph as a sentence of :mod:`experiments.reading.checks`, its names masked."""
    # Paragraphs, since the gold has only where sentences begin; a run over a full stop is a repeat, too.
    return [
        checks.Sentence(
            "articles",
            f"{article.number}.{position}",
            checks.words(text, [(m.start, m.end) for m in article.registry.mentions(text)]),
        )
        for article in articles
        for position, text in enumerate(article.paragraphs, start=1)
    ]


def shared_with_corpora(articles: list[GoldArticle]) -> list[tuple[str, str, str]]:
    """Return the runs of six words that an article shares with another, Partyline or the sets beside it."""
    among = [*checks.all_sentences(*checks.everything()), *paragraphs(articles)]
    return [
        (one.place, other.place, run)
        for one, other, run in checks.shared_runs(among)
        if "articles" in (one.part, other.part)
    ]


def main() -> None:
    """Print the counts and what is shared."""
    articles = read()
    table = rows(articles)
    for column in ("register", "kind", "unit", "clear", "voice"):
        print(pd.crosstab(table[column], table["stance"], margins=True).to_string(), end="\n\n")
    shared = shared_with_corpora(articles)
    print(*(f"shared: {' | '.join(run)}" for run in shared), f"{len(shared)} runs are shared", sep="\n")


if __name__ == "__main__":
    main()
