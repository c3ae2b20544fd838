"""How well the rules of ``harness read`` tell whose view a sentence gives.

    python -m experiments.holders.study train dev          # what the rules were written on
    python -m experiments.holders.study test valid         # scored once

Partyline: train, dev, test. SEESAW (HARNESS_SEESAW): its train stories as ``stories``, its valid ones as
``valid``; ``-quotes`` after either keeps the sentences with quotation marks.
"""

from __future__ import annotations

import csv
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.articles.holders import Holder, holders
from harness.articles.kinds import Kind
from harness.articles.mentions import mentions
from harness.articles.sentences import Sentence
from harness.corpora.card import load_card
from harness.corpora.readers import seesaw
from harness.corpora.readers.partyline import HOME
from harness.values.parties import read, shipped

RESULTS = Path(__file__).parent / "results.csv"
RESAMPLES = 1000


@dataclass(frozen=True)
class Row:
    """A sentence: its article, who holds it as labelled, and whom the rules found."""

    article: str
    truth: tuple[str, ...]
    found: Holder

    @property
    def quoted(self) -> bool:
        return self.truth != ("writer",)

    @cached_property
    def exact(self) -> bool:
        if not self.quoted:
            return self.found.own_voice
        return any(same(self.found, name) for name in self.truth)


def same(found: Holder, name: str) -> bool:
    """Whether two names are one: equal but for case; of persons and parties, one may be the surname."""
    wanted = words(name)
    for said in (found.name, found.via):
        given = words(said)
        if given and wanted and (given == wanted or set(given) <= set(wanted) or set(wanted) <= set(given)):
            return True
    return False


def words(name: str) -> list[str]:
    return re.sub(r"[^\w ]", "", name.lower()).split()


def partyline(part: str) -> Iterator[Row]:
    registry = read(HOME / "parties.yaml")
    for line in (HOME / "articles.jsonl").read_text(encoding="utf-8").splitlines():
        article = json.loads(line)
        if article["split"] != part:
            continue
        made = []
        for number, one in enumerate(article["lines"]):
            kind: Kind = "body" if one["kind"] == "headline" and number else one["kind"]
            made.append(Sentence(number + 1, one["text"], 0, len(one["text"]), number, kind))
        found = holders(made, mentions(made, registry, date=article["date"]))
        for one, holder in zip(article["lines"], found, strict=True):
            if one.get("labelled"):
                yield Row(article["id"], (one["holder"],), holder)


def stories(part: str) -> Iterator[Row]:
    """SEESAW sentences with a stance, but for those whose only holder stands for "somebody"."""
    corpus = seesaw.seesaw(scored="valid")
    wanted = corpus.rows[(corpus.rows["split"] == "test") == part.startswith("valid")]
    home = load_card("seesaw").folder(None)
    for name, rows in wanted.groupby("article"):
        lines = json.loads((home / "articles" / f"{name}.json").read_text(encoding="utf-8"))["text"]
        made = [Sentence(k + 1, one["text"].strip(), 0, 0, k, "body") for k, one in enumerate(lines)]
        found = dict(
            zip([str(one["id"]) for one in lines], holders(made, mentions(made, shipped())), strict=True)
        )
        subjects = defaultdict(set)
        for row in rows.itertuples():
            subjects[row.id.split(".")[-2]].add(row.subject)
        texts = {str(one["id"]): one["text"] for one in lines}
        for sentence, whose in subjects.items():
            if part.endswith("-quotes") and not re.search('["“”]', texts[sentence]):
                continue
            known = tuple(sorted(whose - set(seesaw.PLACEHOLDERS)))
            if known or whose == {"None"}:
                yield Row(str(name), known or ("writer",), found[sentence])


def f1(rows: list[Row], quoted: bool) -> float:
    right = sum(row.quoted == quoted and (not row.found.own_voice) == quoted for row in rows)
    said = sum((not row.found.own_voice) == quoted for row in rows)
    true = sum(row.quoted == quoted for row in rows)
    return 2 * right / (said + true) if said + true else 0.0


def scores(rows: list[Row]) -> dict[str, float]:
    quoted = [row for row in rows if row.quoted]
    return {
        "f1_macro": (f1(rows, True) + f1(rows, False)) / 2,
        "exact": sum(row.exact for row in rows) / len(rows),
        "exact_quoted": sum(row.exact for row in quoted) / max(len(quoted), 1),
    }


def with_intervals(rows: list[Row]) -> dict[str, str]:
    """Scores with 95 % intervals from a bootstrap over articles."""
    by_article = defaultdict(list)
    for row in rows:
        by_article[row.article].append(row)
    names, draw = sorted(by_article), random.Random(1)
    drawn = [
        scores([row for name in draw.choices(names, k=len(names)) for row in by_article[name]])
        for _ in range(RESAMPLES)
    ]
    made = {}
    for key, value in scores(rows).items():
        spread = sorted(one[key] for one in drawn)
        made[key] = f"{value:.3f} ({spread[int(0.025 * RESAMPLES)]:.3f}-{spread[int(0.975 * RESAMPLES)]:.3f})"
    return made


def main(parts: list[str]) -> None:
    known = {}
    if RESULTS.exists():
        with RESULTS.open(encoding="utf-8", newline="") as handle:
            known = {row["part"]: row for row in csv.DictReader(handle)}
    for part in parts:
        rows = list(partyline(part) if part in ("train", "dev", "test") else stories(part))
        corpus = "partyline" if part in ("train", "dev", "test") else "seesaw"
        quoted = sum(row.quoted for row in rows)
        always = len(rows) - quoted
        known[part] = {
            "corpus": corpus,
            "part": part,
            "sentences": str(len(rows)),
            "quoted": str(quoted),
            "always_writer_f1_macro": f"{always / (len(rows) + always):.3f}",
            **with_intervals(rows),
        }
        print(known[part])
    with RESULTS.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(next(iter(known.values()))), lineterminator="\n")
        writer.writeheader()
        writer.writerows(known.values())


if __name__ == "__main__":
    main(sys.argv[1:] or ["train", "dev"])
