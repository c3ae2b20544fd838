"""A folder in, a registered encoder in it out: briefly fine-tuned, packed and promoted by the commands.

It is made once and kept in ``.harness/bench``; delete that to have it made anew. The corpus is NewsMTSC where
HARNESS_NEWSMTSC says where it lies, else partyline.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from harness.classifiers.protocol import Labelled
from harness.config import plan
from harness.evaluation.prepared import prepare

TOP = Path(__file__).parents[2]
FOLDER = TOP / ".harness" / "bench"
ADDRESS = "models:/stance@champion"
_CONFIG = """\
name: bench
corpus: {corpus}
audits:
  leaks: {{max_leaked_rows: 5}}   # official ones of NewsMTSC
classifiers:
  encoder: {{kind: encoder, epochs: {epochs}}}
"""
_NEWSMTSC = "{kind: newsmtsc, variant: mt, dev: both}"


def corpus_name() -> str:
    """Say whose sentences are used."""
    return "NewsMTSC" if os.environ.get("HARNESS_NEWSMTSC") else "partyline"


def environment(store: Path) -> dict[str, str]:
    """Return an environment in which the harness, run in a folder, keeps its runs there and nowhere else."""
    # The nearest one upwards is taken: that of the person who measures, if this were missing.
    (store / ".harness").mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return environment | {
        "PYTHONPATH": f"{TOP}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "HARNESS_CACHE": str(store / "cache"),
    }


def written() -> Path:
    """Return a folder with the config."""
    folder = FOLDER / corpus_name().lower()
    folder.mkdir(parents=True, exist_ok=True)
    # The smaller corpus takes more epochs, or what is learned is too unsure for int8.
    corpus, epochs = (_NEWSMTSC, 1) if corpus_name() == "NewsMTSC" else ("{kind: partyline}", 6)
    (folder / "bench.yaml").write_text(_CONFIG.format(corpus=corpus, epochs=epochs), encoding="utf-8")
    return folder


def registered() -> Path:
    """Return a folder whose store has an encoder as champion; make it first if need be."""
    folder = written()
    if not (folder / "made").exists():
        for arguments in (("run", "bench.yaml"), ("promote", "--experiment", "bench", "--replace")):
            subprocess.run(
                [sys.executable, "-m", "harness", *arguments], cwd=folder, env=environment(folder), check=True
            )
        (folder / "made").touch()
    return folder


def model(folder: Path) -> Path:
    """Return the files of the champion's classifier."""
    models = sorted(folder.glob(".harness/artifacts/*/models/*/artifacts/data/served/model"))
    return models[-1]


def rows(folder: Path) -> dict[str, Labelled]:
    """Return the rows that it was trained, selected and tested on."""
    prepared = prepare(plan.read(folder / "bench.yaml", ()))
    (split,) = prepared.splits
    return {name: prepared.labelled(split, name) for name in ("train", "validation", "calibration", "test")}
