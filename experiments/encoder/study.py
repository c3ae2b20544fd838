"""Settings of the encoder in, a table of their scores out.

    python -m experiments.encoder.study --only cls,target --seeds 1,2
    python -m experiments.encoder.study --only chosen --seeds 1,2,3,4,5 --test

Trains on NewsMTSC (``HARNESS_NEWSMTSC``), chooses the epoch on mt-dev and rw-dev pooled, and appends one line
a run to ``results.csv``; what stands there already is not run again. ``--test`` scores mt-test too: for what
was decided on dev alone. ``--paper`` chooses the epoch on articles carved from train and scores mt-dev and
mt-test together (1,476 rows), as published. ``--workers 2`` trains two at once, each on half of the cores:
faster in all.
The models are kept in ``.harness/encoder``, where ``ensemble.py`` finds them; a training that was stopped
goes on.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from harness import seeds
from harness.catalog import bind
from harness.classifiers.protocol import Labelled, examples_of
from harness.corpora.newsmtsc import newsmtsc
from harness.labels import STANCE
from harness.tables import Corpus

HERE = Path(__file__).parent
RESULTS = HERE / "results.csv"
KEPT = Path(".harness/encoder")
COLUMNS = (
    "setting",
    "seed",
    "dev",
    "mt_dev",
    "rw_dev",
    "mt_test",
    "epoch",
    "train_loss",
    "select_loss",
    "seconds",
    "paper",
)


def labelled(corpus: Corpus, **wanted: str) -> Labelled:
    rows = corpus.rows
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return Labelled(examples_of(rows, corpus.parties), STANCE.encode(rows["stance"]))


def prepared(options: Mapping[str, Any], train: Labelled, seed: int) -> tuple[dict[str, Any], Labelled]:
    """Do what a setting asks for before the training: another body, other rows, softer labels."""
    options, bodies = dict(options), KEPT / "bodies"
    if "checkpoint" in options:
        options["checkpoint"] = os.path.expandvars(options["checkpoint"])
    if "before" in options:
        from experiments.encoder.transfer import pretrained

        names = options.pop("before")
        options["checkpoint"] = pretrained(names, seed, bodies / f"{'-'.join(names)}-{seed}")
    if options.pop("masked", False):
        from experiments.encoder.masked import adapted

        # Reading costs the most: one body for all seeds.
        options["checkpoint"] = adapted(train, 1, bodies / "masked")
    if "swaps" in options:
        from experiments.encoder.swaps import swapped

        train = swapped(train, options.pop("swaps"), seed)
    if "teachers" in options:
        from experiments.encoder.ensemble import softened
        from experiments.encoder.names import news
        from experiments.encoder.seesaw import seesaw

        places = [KEPT / name for name in options.pop("teachers")]
        # The same rows for every student: what the teachers say of them is asked once.
        many = options.pop("beside")
        beside = news() if many == "names" else seesaw(1, None if many == "all" else many).examples
        train = softened(train, places, options.pop("trust", 0.5), beside)
    return options, train


def published(seed: int) -> Corpus:
    """Return dev and test of mt as one test set, and every twelfth article of train as dev."""
    corpus = newsmtsc(variant="paper")
    rows = corpus.rows
    groups = rows.loc[rows["split"] == "train", "group"].unique()
    carved = seeds.generator(seed, "paper").permutation(groups)[: len(groups) // 12]
    dev = (rows["split"] == "train") & rows["group"].isin(carved)
    return replace(corpus, rows=rows.assign(split=rows["split"].mask(dev, "dev")))


def run(name: str, options: Mapping[str, Any], seed: int, scored: str, threads: int) -> dict[str, Any]:
    """Fit one setting with one seed; return its line of the table.

    ``scored`` is what is scored beside dev: nothing, ``mt_test`` or ``paper``.
    """
    import torch

    from harness.classifiers.encoder.prediction import f1_macro

    torch.set_num_threads(threads)
    paper = scored == "paper"
    corpus = published(seed) if paper else newsmtsc(variant="mt", dev="both")
    place = KEPT / f"{name}-{seed}{'-paper' * paper}"
    began = time.perf_counter()
    options, train = prepared(options, labelled(corpus, split="train"), seed)
    classifier = bind("classifier", "encoder", options, name).make(labels=STANCE, seed=seed)
    classifier.resume_in = place / "training"
    classifier.fit(train, labelled(corpus, split="dev"))
    (place / "model").mkdir(parents=True, exist_ok=True)
    classifier.save(place / "model")
    shutil.rmtree(place / "training")
    seconds = time.perf_counter() - began

    def f1(**wanted: str) -> str:
        part = labelled(corpus, **wanted)
        return f"{f1_macro(part.codes, classifier.predict_proba(part.examples).argmax(axis=1), STANCE):.4f}"

    curve = classifier.curves_
    epoch = max(range(len(curve)), key=lambda at: (curve[at]["select_f1_macro"], -at))
    official = {} if paper else {f"{one}_dev": f1(split="dev", subset=one) for one in ("mt", "rw")}
    line = {
        "setting": name,
        "seed": seed,
        "dev": f1(split="dev"),
        "epoch": epoch + 1,
        "train_loss": f"{curve[epoch]['train_loss']:.4f}",
        "select_loss": f"{curve[epoch]['select_loss']:.4f}",
        "seconds": round(seconds),
    }
    return dict.fromkeys(COLUMNS, "") | line | official | ({scored: f1(split="test")} if scored else {})


def done(scored: str) -> set[tuple[str, int]]:
    if not RESULTS.is_file():
        return set()
    with RESULTS.open(encoding="utf-8", newline="") as stream:
        return {
            (line["setting"], int(line["seed"]))
            for line in csv.DictReader(stream)
            if line[scored or "mt_dev"]
        }


def append(line: Mapping[str, Any]) -> None:
    fresh = not RESULTS.is_file()
    with RESULTS.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(line)
    print(",".join(str(line[column]) for column in COLUMNS), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="names of settings, with commas; left out, all")
    parser.add_argument("--seeds", default="1,2")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--test", action="store_true", help="score mt-test too")
    parser.add_argument("--paper", action="store_true", help="score mt-dev and mt-test together instead")
    given = parser.parse_args(arguments)
    scored = "paper" if given.paper else "mt_test" if given.test else ""
    settings = YAML(typ="safe").load((HERE / "settings.yaml").read_text(encoding="utf-8"))
    names = given.only.split(",") if given.only else list(settings)
    wanted = [int(seed) for seed in given.seeds.split(",")]
    left = [(name, seed) for name in names for seed in wanted if (name, seed) not in done(scored)]
    threads = max((os.cpu_count() or 1) // given.workers, 1)
    # Each in a process of its own: half of the threads must be said before torch starts them.
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        waiting = [pool.submit(run, name, settings[name], seed, scored, threads) for name, seed in left]
        for one in waiting:
            append(one.result())


if __name__ == "__main__":
    main()
