"""The ten articles and a stance model in, how much of each ``harness read`` gets right out.

    python -m experiments.reading.articles_score --stance models:/stance@champion
    python -m experiments.reading.articles_score --stance none    # mentions, voices and holders alone

A gold row is *found* where the reader has a row for its party in a sentence that begins in the same place,
and *sure* where it counts that row. Stance is scored on all gold rows that are sure, and those that are not
found count as wrong; beside it stands what *neutral* for every row would have. Nothing is chosen here.
``--wrong FILE`` writes each wrong row with its kind.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.reading.article_gold import FOLDER, GoldArticle
from experiments.reading.article_gold import read as gold_articles
from harness.articles.labelled_articles import SEPARATOR
from harness.articles.pipeline import read as read_articles
from harness.articles.reading_options import ReadingOptions

LEFT_OUT = ("link", "boilerplate")
"""Lines that a reader may leave out."""


def scored(article: GoldArticle, stance: str, frames: str) -> pd.DataFrame:
    """Read an article; return its gold with what was read beside it, a row a gold row."""
    text = FOLDER / f"{article.number}-{article.register}.txt"
    registry = FOLDER / f"{article.number}-parties.yaml"
    # Without the words that moved each label, which take most of the time.
    options = ReadingOptions(stance=stance, frames=frames, parties=registry, explain=False)
    rows = read_articles(text, options).rows
    gold = pd.DataFrame(article.gold).assign(article=article.number, register=article.register)
    matched = [_match(rows, str(row.opening), str(row.party)) for row in gold.itertuples()]
    columns = ("sure", "own_voice", "holder", "stance", "abstain", "frames", "frames_unsure")
    for column in columns:
        gold[f"read_{column}"] = [None if row is None else row.get(column) for row in matched]
    gold["found"] = [row is not None for row in matched]
    gold["extra"] = len(rows) - gold["found"].sum()
    return gold


def _match(rows: pd.DataFrame, opening: str, party: str) -> pd.Series | None:
    opening = _plain(opening)
    candidates = rows[(rows["target"] == party) & rows["text"].map(lambda text: opening in _plain(text)[:90])]
    return None if candidates.empty else candidates.iloc[0]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def judged(gold: pd.DataFrame) -> pd.DataFrame:
    """Add a column for each thing that can be right."""
    table = gold.copy()
    table["sure"] = table["found"] & (table["read_sure"] == True)  # noqa: E712 (None where not found)
    own = table["read_own_voice"] == True  # noqa: E712
    table["right_voice"] = table["sure"] & (own == (table["voice"] == "writer"))
    table["right_holder"] = table["sure"] & (_names(table["read_holder"]) == _names(table["holder"]))
    table["right_stance"] = table["sure"] & (table["read_stance"] == table["stance"])
    table["right_neutral"] = table["stance"] == "neutral"
    return table


def _names(values: pd.Series) -> pd.Series:
    return values.fillna("").str.casefold().str.removeprefix("the ").str.strip()


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row an article and one for all: shares of the rows that count."""
    rows = []
    groups = [*table.groupby("register", sort=False), ("all", table)]
    for name, group in groups:
        body = group[~group["unit"].isin(LEFT_OUT)]
        clear = body[body["clear"] == "yes"]
        answered = body[body["sure"] & (body["read_abstain"] != True)]  # noqa: E712
        rows.append(
            {
                "article": name,
                "rows": len(body),
                "found": body["found"].mean(),
                "sure": body["sure"].mean(),
                "voice": body["right_voice"].mean(),
                "holder": body["right_holder"].mean(),
                "stance": body["right_stance"].mean(),
                "neutral": body["right_neutral"].mean(),
                "clear rows": len(clear),
                "stance, clear": clear["right_stance"].mean(),
                "neutral, clear": clear["right_neutral"].mean(),
                "answered": len(answered) / len(body),
                "wrong of answered": 1 - answered["right_stance"].mean() if len(answered) else np.nan,
            }
        )
    return pd.DataFrame(rows)


def frames_scored(table: pd.DataFrame) -> pd.DataFrame:
    """Return precision and recall over sentences, of each frame and of all: shown ones, and all predicted."""
    sentences = table[table["found"]].drop_duplicates(["article", "sentence"])
    truth = sentences["frames"].map(lambda text: set(text.split(",")) - {"none"})
    shown = _sets(sentences["read_frames"])
    unsure = _sets(sentences["read_frames_unsure"])
    names = sorted(set().union(*truth))
    rows = [
        {"frame": name, "sentences": len(sentences), "true": sum(name in true for true in truth)}
        | _counted("shown", truth, shown, {name})
        | _counted("predicted", truth, [*map(set.union, shown, unsure)], {name})
        for name in names
    ]
    total = {"frame": "all", "sentences": len(sentences), "true": sum(map(len, truth))}
    total |= _counted("shown", truth, shown, set(names))
    total |= _counted("predicted", truth, [*map(set.union, shown, unsure)], set(names))
    return pd.DataFrame([*rows, total])


def _sets(values: pd.Series) -> list[set[str]]:
    return [set(filter(None, text.split(SEPARATOR))) for text in values.fillna("")]


def _counted(
    what: str, truth: Sequence[set[str]], given: Sequence[set[str]], names: set[str]
) -> dict[str, float]:
    both = sum(len(true & said & names) for true, said in zip(truth, given, strict=True))
    n_given, n_true = (sum(len(each & names) for each in sets) for sets in (given, truth))
    return {
        what: n_given,
        f"right, {what}": both,
        f"precision, {what}": both / n_given if n_given else np.nan,
        f"recall, {what}": both / n_true if n_true else np.nan,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stance", default="models:/stance@champion")
    parser.add_argument("--frames", default="none")
    parser.add_argument("--wrong", type=Path, help="a CSV file of the wrong rows")
    options = parser.parse_args(arguments)
    table = judged(
        pd.concat([scored(article, options.stance, options.frames) for article in gold_articles()])
    )
    print(summary(table).to_string(index=False, float_format="{:.3f}".format))
    if options.stance != "none":
        print(pd.crosstab(table["stance"], table["read_stance"].fillna("not found")).to_string())
        by_kind = table.groupby(["kind", "stance"])["right_stance"].agg(["size", "sum"])
        print(by_kind[by_kind["size"] > by_kind["sum"]].to_string())
    if options.frames != "none":
        print(frames_scored(table).to_string(index=False, float_format="{:.3f}".format))
    if options.wrong:
        table[~table["right_stance"]].to_csv(options.wrong, index=False)


if __name__ == "__main__":
    main()
