"""The headline and the sentence before in front of each sentence, what an encoder gains by them out.

    python -m experiments.reading.context partyline
    python -m experiments.reading.context seesaw          # needs HARNESS_SEESAW

Trains the packaged encoder twice on the same rows, once on sentences as they are and once with the context of
each in front, set apart by a mark, and scores both on the same rows. The epoch is chosen on dev. SEESAW has
two labels and is scored on its published valid part; dev is drawn from train. Differences are paired, over
articles (of SEESAW: stories).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from experiments.reading.champion_scores import gains
from experiments.reading.checks import DEV, TEST, everything, part_of
from experiments.reading.make_corpus import IMPLIED
from experiments.reading.scores import differing
from harness.classifiers.protocol import Example, Labelled, examples_of
from harness.corpora.card import load_card
from harness.corpora.readers.partyline import HOME
from harness.corpora.readers.seesaw import seesaw
from harness.corpora.text_files import json_lines
from harness.scoring.metrics import selection
from harness.scoring.score import score
from harness.values.catalog import bind
from harness.values.labels import STANCE, LabelSet
from harness.values.parties import Registry
from harness.values.tables import Predictions

BETWEEN = " ¦ "
"""What sets the headline, the sentence before and the sentence itself apart."""

DEV_SHARE = 0.1
"""Of SEESAW's stories of train."""

Sets = dict[str, tuple[pd.DataFrame, Registry | None]]


def contexts(lines: Sequence[tuple[str, str]], headline: str) -> dict[str, tuple[str, ...]]:
    """Return what stands in front of each line of an article: its headline, and the line before.

    Examples
    --------
    >>> contexts([("1", "Port shut"), ("2", "It closed."), ("3", "Nobody came.")], "Port shut")
    {'1': (), '2': ('Port shut',), '3': ('Port shut', 'It closed.')}
    """
    before = ["", *(text for _, text in lines)]
    return {
        number: tuple(piece for piece in dict.fromkeys((headline, previous)) if piece and piece != text)
        if text != headline
        else ()
        for (number, text), previous in zip(lines, before, strict=False)
    }


def of_partyline() -> dict[str, tuple[str, ...]]:
    """Return the context of each line of Partyline and the implied set, by article and number."""
    home = {}
    for path in (HOME / "articles.jsonl", HOME / "training.jsonl", IMPLIED / "articles.jsonl"):
        for _, article in json_lines(path):
            lines = [(str(number), line["text"]) for number, line in enumerate(article["lines"], start=1)]
            kinds = [line["kind"] for line in article["lines"]]
            headline = lines[kinds.index("headline")][1] if "headline" in kinds else ""
            # A line without an own meaning for the next: a date, a credit.
            shown = [
                (number, text if kind in ("headline", "body") else "")
                for (number, text), kind in zip(lines, kinds, strict=True)
            ]
            home |= {
                f"{article['id']}.{number}": given for number, given in contexts(shown, headline).items()
            }
    return home


def of_seesaw() -> dict[str, tuple[str, ...]]:
    """Return the context of each sentence of SEESAW, by article and number."""
    home = {}
    for path in sorted((load_card("seesaw").folder(None) / "articles").glob("*.json")):
        article = json.loads(path.read_text(encoding="utf-8"))
        lines = [(str(line["id"]), line["text"]) for line in article["text"]]
        home |= {
            f"{path.stem}.{number}": given for number, given in contexts(lines, article["title"]).items()
        }
    return home


def with_context(example: Example, given: Sequence[str]) -> Example:
    """Return an example with its context in front; its spans move along."""
    front = "".join(piece + BETWEEN for piece in given)
    spans = tuple((start + len(front), end + len(front)) for start, end in example.spans)
    return Example(front + example.text, example.target, spans, example.holder)


def part(
    rows: pd.DataFrame, parties: Registry | None, before: Mapping[str, Sequence[str]], labels: LabelSet
) -> Labelled:
    """Return rows as examples with their labels, each with what ``before`` has for it in front."""
    examples = examples_of(rows, parties)
    shown = [
        with_context(example, before.get(str(row).rsplit(".", 1)[0], ()))
        for example, row in zip(examples, rows["id"], strict=True)
    ]
    codes = rows["stance"].map({name: code for code, name in enumerate(labels.names)})
    return Labelled(shown, codes.to_numpy(dtype=np.int64))


def partyline_sets() -> Sets:
    """Return Partyline's parts and the implied set."""
    full, implied = everything()
    rows, parts = full.rows[full.rows["stance"].notna()], part_of(full.rows)
    return {
        "train": (rows[rows["split"] == "train"], full.parties),
        "dev": (rows[parts[rows.index] == DEV], full.parties),
        "test": (rows[parts[rows.index] == TEST], full.parties),
        "implied": (implied.rows, implied.parties),
        "implied, differing": (differing(implied.rows), implied.parties),
    }


def seesaw_sets() -> Sets:
    """Return SEESAW's train, less a tenth of its stories as dev, and its valid part."""
    corpus = seesaw(scored="valid")
    rows = corpus.rows
    train, valid = rows[rows["split"] == "train"], rows[rows["split"] == "test"]
    stories = np.random.default_rng(1).permutation(train["group"].unique())
    is_dev = train["group"].isin(stories[: round(DEV_SHARE * len(stories))])
    return {
        "train": (train[~is_dev], corpus.parties),
        "dev": (train[is_dev], corpus.parties),
        "valid": (valid, corpus.parties),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Train both, and print their scores and the difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", choices=("partyline", "seesaw"))
    parser.add_argument("--options", default="{}", help="of the encoder, as JSON")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    is_seesaw = options.corpus == "seesaw"
    sets, before = (seesaw_sets(), of_seesaw()) if is_seesaw else (partyline_sets(), of_partyline())
    labels = LabelSet(("critical", "supportive")) if is_seesaw else STANCE
    tables: dict[str, dict[str, Predictions]] = {name: {} for name in sets if name not in ("train", "dev")}
    for name, given in (("with context", before), ("sentence alone", {})):
        start = time.perf_counter()
        parts = {on: part(rows, parties, given, labels) for on, (rows, parties) in sets.items()}
        settings = json.loads(options.options)
        classifier = bind("classifier", "encoder", settings, "encoder").make(labels=labels, seed=options.seed)
        classifier.fit(parts["train"], parts["dev"])
        fitted = time.perf_counter() - start
        print(f"{name}: {len(parts['train']):,} rows, {fitted:.0f} s; {classifier.curves_}", flush=True)
        for on, table in tables.items():
            rows = sets[on][0]
            start = time.perf_counter()
            proba = classifier.predict_proba(parts[on].examples)
            rate = len(rows) / (time.perf_counter() - start)
            table[name] = Predictions.from_labels(
                list(rows["stance"]),
                [labels.names[code] for code in proba.argmax(axis=1)],
                proba=proba,
                groups=list(rows["group"]),
                labels=labels.names,
            )
            value = score(table[name], selection.resolve(["f1_macro"], "f1_macro", labels)).rows.iloc[0]
            print(
                f"  {on}: {len(rows):,} rows, macro-F1 {value['value']:.3f} "
                f"({value['low']:.3f}–{value['high']:.3f}), {rate:.0f} rows/s",
                flush=True,
            )
    for on, table in tables.items():
        print(gains(table, on))


if __name__ == "__main__":
    main()
