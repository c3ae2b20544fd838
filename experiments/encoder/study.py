"""Settings of the encoder in, a table of their scores out.

    python -m experiments.encoder.study --only cls,target --seeds 1,2
    python -m experiments.encoder.study --only cls_target_smooth --seeds 1,2,3,4,5 --test

Trains on NewsMTSC (``HARNESS_NEWSMTSC``), chooses the epoch on mt-dev and rw-dev pooled, and appends one line
a run to ``results.csv``; runs that are in it already are skipped. ``--test`` scores mt-test too, for what was
decided on dev alone, and ``paper``, the items that published scores are of: mt-dev and mt-test together
(1,476 rows, of which those of mt-dev helped to choose the epoch). ``--workers 2`` trains two at once, each on
half of the cores, which is faster in total.
The models are saved in ``.harness/encoder``, where ``ensemble.py`` finds them; an interrupted training is
resumed.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from experiments.encoder.rows import MODELS, labelled
from harness.classifiers.protocol import Labelled
from harness.corpora.readers.newsmtsc import newsmtsc
from harness.values.catalog import bind
from harness.values.labels import STANCE

HERE = Path(__file__).parent
RESULTS = HERE / "results.csv"
COLUMNS = (
    "setting",
    "seed",
    "dev",
    "mt_dev",
    "rw_dev",
    "mt_test",
    "epoch",
    "train_loss",
    "validation_loss",
    "seconds",
    "paper",
)


def prepared(options: Mapping[str, Any], train: Labelled, seed: int) -> tuple[dict[str, Any], Labelled]:
    """Prepare what a setting needs before the training: another body, other rows, other targets."""
    options, bodies = dict(options), MODELS / "bodies"
    if "checkpoint" in options:
        options["checkpoint"] = os.path.expandvars(options["checkpoint"])
    if "before" in options:
        from experiments.encoder.transfer import pretrained

        names = options.pop("before")
        options["checkpoint"] = pretrained(names, seed, bodies / f"{'-'.join(names)}-{seed}")
    if options.pop("masked", False):
        from experiments.encoder.masked import adapted

        # Pretraining costs the most: one body for all seeds.
        options["checkpoint"] = adapted(train, 1, bodies / "masked")
    if "swaps" in options:
        from experiments.encoder.swaps import swapped

        train = swapped(train, options.pop("swaps"), seed)
    if "teachers" in options:
        from experiments.encoder.names import news
        from experiments.encoder.seesaw import seesaw
        from experiments.encoder.targets import mixed_targets

        teachers = [MODELS / name for name in options.pop("teachers")]
        # The same rows for every student, so that the teachers predict them once.
        source = options.pop("unlabelled")
        unlabelled = news() if source == "names" else seesaw(1, None if source == "all" else source).examples
        train = mixed_targets(train, teachers, options.pop("teacher_weight", 0.5), unlabelled)
    return options, train


def run(name: str, options: Mapping[str, Any], seed: int, test: bool, threads: int) -> dict[str, Any]:
    """Fit a setting with a seed; return its line of the table, with the scores on test if requested."""
    import torch

    from harness.classifiers.encoder.prediction import f1_macro

    torch.set_num_threads(threads)
    corpus = newsmtsc(variant="mt", dev="both")
    folder = MODELS / f"{name}-{seed}"
    start = time.perf_counter()
    options, train = prepared(options, labelled(corpus, split="train"), seed)
    classifier = bind("classifier", "encoder", options, name).make(labels=STANCE, seed=seed)
    classifier.checkpoint_dir = folder / "training"
    classifier.fit(train, labelled(corpus, split="dev"))
    (folder / "model").mkdir(parents=True, exist_ok=True)
    classifier.save(folder / "model")
    shutil.rmtree(folder / "training")
    seconds = time.perf_counter() - start

    parts = {"mt_dev": {"split": "dev", "subset": "mt"}, "rw_dev": {"split": "dev", "subset": "rw"}}
    parts |= {"mt_test": {"split": "test"}} if test else {}
    held = {part: labelled(corpus, **values) for part, values in parts.items()}
    codes = {part: rows.codes for part, rows in held.items()}
    predicted = {part: classifier.predict_proba(rows.examples).argmax(axis=1) for part, rows in held.items()}

    def f1(*names: str) -> str:
        truth, labels = (np.concatenate([of[name] for name in names]) for of in (codes, predicted))
        return f"{f1_macro(truth, labels, STANCE):.4f}"

    curve = classifier.curves_
    epoch = max(range(len(curve)), key=lambda number: (curve[number]["validation_f1_macro"], -number))
    line = {
        "setting": name,
        "seed": seed,
        "dev": f1("mt_dev", "rw_dev"),
        "epoch": epoch + 1,
        "train_loss": f"{curve[epoch]['train_loss']:.4f}",
        "validation_loss": f"{curve[epoch]['validation_loss']:.4f}",
        "seconds": round(seconds),
    }
    line |= {part: f1(part) for part in parts} | ({"paper": f1("mt_dev", "mt_test")} if test else {})
    return dict.fromkeys(COLUMNS, "") | line


def done(test: bool) -> set[tuple[str, int]]:
    if not RESULTS.is_file():
        return set()
    with RESULTS.open(encoding="utf-8", newline="") as stream:
        return {
            (line["setting"], int(line["seed"]))
            for line in csv.DictReader(stream)
            if line["mt_test"] or not test
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
    options = parser.parse_args(arguments)
    settings = YAML(typ="safe").load((HERE / "settings.yaml").read_text(encoding="utf-8"))
    names = options.only.split(",") if options.only else list(settings)
    seeds = [int(seed) for seed in options.seeds.split(",")]
    finished = done(options.test)
    runs = [(name, seed) for name in names for seed in seeds if (name, seed) not in finished]
    threads = max((os.cpu_count() or 1) // options.workers, 1)
    # Each in a process of its own: the number of threads must be set before torch starts them.
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        jobs = [pool.submit(run, name, settings[name], seed, options.test, threads) for name, seed in runs]
        for job in jobs:
            append(job.result())


if __name__ == "__main__":
    main()
