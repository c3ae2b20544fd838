"""How well the rules of ``harness read`` find whose view a sentence gives.

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

from harness.articles.holders import Holder, find_holders
from harness.articles.line_kinds import LineKind
from harness.articles.mentions import find_mentions
from harness.articles.sentences import Sentence
from harness.corpora.card import load_card
from harness.corpora.readers import seesaw
from harness.corpora.readers.partyline import HOME
from harness.values.parties import read, shipped

RESULTS = Path(__file__).parent / "results.csv"
RESAMPLES = 1000


@dataclass(frozen=True)
class HolderRow:
    """A sentence: its article, its holders as labelled, and the holder that the rules predict."""

    article: str
    truth: tuple[str, ...]
    predicted: Holder

    @property
    def quoted(self) -> bool:
        return self.truth != ("writer",)

    @cached_property
    def exact(self) -> bool:
        if not self.quoted:
            return self.predicted.own_voice
        return any(same(self.predicted, name) for name in self.truth)


def same(holder: Holder, name: str) -> bool:
    """Whether a holder has a name: equal but for case, or one the surname of the other."""
    labelled = set(words(name))
    for candidate in (holder.name, holder.via):
        predicted = set(words(candidate))
        if predicted and labelled and (predicted <= labelled or labelled <= predicted):
            return True
    return False


def words(name: str) -> list[str]:
    return re.sub(r"[^\w ]", "", name.lower()).split()


def partyline(part: str) -> Iterator[HolderRow]:
    registry = read(HOME / "parties.yaml")
    for record in (HOME / "articles.jsonl").read_text(encoding="utf-8").splitlines():
        article = json.loads(record)
        if article["split"] != part:
            continue
        sentences = []
        for number, line in enumerate(article["lines"]):
            kind: LineKind = "body" if line["kind"] == "headline" and number else line["kind"]
            sentences.append(Sentence(number + 1, line["text"], 0, len(line["text"]), number, kind))
        holders = find_holders(sentences, find_mentions(sentences, registry, date=article["date"]))
        for line, holder in zip(article["lines"], holders, strict=True):
            if line.get("labelled"):
                yield HolderRow(article["id"], (line["holder"],), holder)


def stories(part: str) -> Iterator[HolderRow]:
    """Yield the SEESAW sentences with a stance, but for those whose only holder stands for "somebody"."""
    corpus = seesaw.seesaw(scored="valid")
    wanted = corpus.rows[(corpus.rows["split"] == "test") == part.startswith("valid")]
    home = load_card("seesaw").folder(None)
    for name, rows in wanted.groupby("article"):
        lines = json.loads((home / "articles" / f"{name}.json").read_text(encoding="utf-8"))["text"]
        ids = [str(line["id"]) for line in lines]
        sentences = [
            Sentence(number, line["text"].strip(), 0, 0, number - 1, "body")
            for number, line in enumerate(lines, start=1)
        ]
        holders = find_holders(sentences, find_mentions(sentences, shipped()))
        predicted = dict(zip(ids, holders, strict=True))
        texts = {sentence_id: line["text"] for sentence_id, line in zip(ids, lines, strict=True)}
        labelled = defaultdict(set)
        for row in rows.itertuples():
            labelled[row.id.split(".")[-2]].add(row.subject)
        for sentence_id, subjects in labelled.items():
            if part.endswith("-quotes") and not re.search('["“”]', texts[sentence_id]):
                continue
            names = tuple(sorted(subjects - set(seesaw.PLACEHOLDERS)))
            if names or subjects == {"None"}:
                yield HolderRow(str(name), names or ("writer",), predicted[sentence_id])


def f1(rows: list[HolderRow], quoted: bool) -> float:
    """Return the F1 of one class: quoted, or the writer's own voice."""
    right = sum(row.quoted == quoted and (not row.predicted.own_voice) == quoted for row in rows)
    n_predicted = sum((not row.predicted.own_voice) == quoted for row in rows)
    n_true = sum(row.quoted == quoted for row in rows)
    return 2 * right / (n_predicted + n_true) if n_predicted + n_true else 0.0


def scores(rows: list[HolderRow]) -> dict[str, float]:
    quoted = [row for row in rows if row.quoted]
    return {
        "f1_macro": (f1(rows, True) + f1(rows, False)) / 2,
        "exact": sum(row.exact for row in rows) / len(rows),
        "exact_quoted": sum(row.exact for row in quoted) / max(len(quoted), 1),
    }


def with_intervals(rows: list[HolderRow]) -> dict[str, str]:
    """Scores with 95 % intervals from a bootstrap over articles."""
    by_article = defaultdict(list)
    for row in rows:
        by_article[row.article].append(row)
    names, draw = sorted(by_article), random.Random(1)
    drawn = [
        scores([row for name in draw.choices(names, k=len(names)) for row in by_article[name]])
        for _ in range(RESAMPLES)
    ]
    intervals = {}
    for key, value in scores(rows).items():
        resampled = sorted(each[key] for each in drawn)
        low, high = resampled[int(0.025 * RESAMPLES)], resampled[int(0.975 * RESAMPLES)]
        intervals[key] = f"{value:.3f} ({low:.3f}-{high:.3f})"
    return intervals


def main(parts: list[str]) -> None:
    results = {}
    if RESULTS.exists():
        with RESULTS.open(encoding="utf-8", newline="") as handle:
            results = {row["part"]: row for row in csv.DictReader(handle)}
    for part in parts:
        rows = list(partyline(part) if part in ("train", "dev", "test") else stories(part))
        corpus = "partyline" if part in ("train", "dev", "test") else "seesaw"
        quoted = sum(row.quoted for row in rows)
        always = len(rows) - quoted
        results[part] = {
            "corpus": corpus,
            "part": part,
            "sentences": str(len(rows)),
            "quoted": str(quoted),
            "always_writer_f1_macro": f"{always / (len(rows) + always):.3f}",
            **with_intervals(rows),
        }
        print(results[part])
    with RESULTS.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(next(iter(results.values()))), lineterminator="\n")
        writer.writeheader()
        writer.writerows(results.values())


if __name__ == "__main__":
    main(sys.argv[1:] or ["train", "dev"])
