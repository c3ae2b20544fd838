"""Rows of Partyline's second part in, what an encoder gains from them out.

    python -m experiments.reading.curve --seeds 1,2,3
    python -m experiments.reading.curve --seeds 1 --with newsmtsc        # needs HARNESS_NEWSMTSC

Trains the packaged encoder at its defaults on the core of Partyline's train (with NewsMTSC's train, where
named) and on 0, 1,500, 3,000 and all rows of the second part, drawn as whole articles, each draw holding the
one before it. The epoch is chosen on Partyline's dev (and NewsMTSC's). Appends a line a training to
``curve.csv``; those that are in it are skipped.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.reading.checks import CORE, DEV, TEST, TRAINING, everything, part_of
from experiments.reading.scores import differing, labelled, macro_f1
from harness.classifiers.protocol import Labelled
from harness.corpora.readers.newsmtsc import newsmtsc
from harness.values.catalog import bind
from harness.values.labels import STANCE

RESULTS = Path(__file__).parent / "curve.csv"
SIZES = (0, 1500, 3000, 10_000)
"""Rows of the second part that are wanted; the last is more than there are."""

NEWS = {"train": {"split": "train"}, "dev": {"split": "dev"}, "mt-test": {"split": "test"}}
SETS = (DEV, TEST, "implied", "implied, differing", "mt-test")
COLUMNS = ("trained with", "encoder", "new rows", "rows", "seed", "epoch", *SETS, "seconds")


def drawn(rows: pd.DataFrame, wanted: int, seed: int) -> pd.DataFrame:
    """Return whole articles of about the wanted number of rows; a smaller draw is part of a larger one."""
    articles = np.random.default_rng(seed).permutation(rows["group"].unique())
    sizes = rows.groupby("group").size()[articles].cumsum()
    return rows[rows["group"].isin(sizes.index[sizes <= wanted])]


def news_rows() -> dict[str, Labelled]:
    """Return NewsMTSC's rows by part."""
    corpus = newsmtsc(variant="mt", dev="both")
    return {
        name: labelled(corpus, corpus.rows[corpus.rows["split"] == values["split"]])
        for name, values in NEWS.items()
    }


def both(first: Labelled, second: Labelled) -> Labelled:
    """Return the rows of both."""
    return Labelled([*first.examples, *second.examples], np.concatenate([first.codes, second.codes]))


def trained(
    train: Labelled, dev: Labelled, tested: Mapping[str, Labelled], seed: int, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Fit the encoder; return its macro-F1 on each set, the epoch that was chosen and the seconds it took."""
    start = time.perf_counter()
    classifier = bind("classifier", "encoder", dict(options), "encoder").make(labels=STANCE, seed=seed)
    classifier.fit(train, dev)
    curve = classifier.curves_
    epoch = max(range(len(curve)), key=lambda number: (curve[number]["validation_f1_macro"], -number))
    scores = {
        name: f"{macro_f1(part.codes, classifier.predict_proba(part.examples).argmax(axis=1)):.4f}"
        for name, part in tested.items()
    }
    return {"epoch": epoch + 1, **scores, "seconds": round(time.perf_counter() - start)}


def finished() -> set[tuple[str, ...]]:
    """Return what has a line already: trained with, encoder, rows wanted, seed."""
    if not RESULTS.is_file():
        return set()
    with RESULTS.open(encoding="utf-8", newline="") as stream:
        return {
            (line["trained with"], line["encoder"], line["new rows"], line["seed"])
            for line in csv.DictReader(stream)
        }


def append(line: Mapping[str, Any]) -> None:
    """Add a line to the table, and print it."""
    fresh = not RESULTS.is_file()
    with RESULTS.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow({**dict.fromkeys(COLUMNS, ""), **line})
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is missing in the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--with", dest="other", choices=("newsmtsc",))
    parser.add_argument("--checkpoint", default="", help="another encoder; left out, the packaged one")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    options = parser.parse_args(arguments)
    full, implied = everything()
    parts = part_of(full.rows)
    tested = {name: labelled(full, full.rows[parts == name]) for name in (DEV, TEST)}
    tested |= {
        "implied": labelled(implied, implied.rows),
        "implied, differing": labelled(implied, differing(implied.rows)),
    }
    core, dev = labelled(full, full.rows[parts == CORE]), tested[DEV]
    if options.other:
        news = news_rows()
        core, dev = both(core, news["train"]), both(dev, news["dev"])
        tested["mt-test"] = news["mt-test"]
    encoder = Path(options.checkpoint).name or "packaged"
    settings = {"checkpoint": options.checkpoint, "learning_rate": 3.0e-5} if options.checkpoint else {}
    for seed in options.seeds.split(","):
        for wanted in options.sizes.split(","):
            new = drawn(full.rows[parts == TRAINING], int(wanted), int(seed))
            key = (options.other or "core", encoder, str(len(new)), seed)
            if key in finished():
                continue
            train = both(core, labelled(full, new))
            line = trained(train, dev, tested, int(seed), settings)
            append(dict(zip(COLUMNS[:3], key[:3], strict=True)) | {"rows": len(train), "seed": seed} | line)


if __name__ == "__main__":
    main()
