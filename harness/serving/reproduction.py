"""A model folder in, whether it loads in a process of its own and answers its probes as it once did out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.serving.engine import LabelEngine
from harness.serving.inference.model import data_folder
from harness.serving.input_rows import COLUMNS
from harness.serving.probes import TOLERANCES, differences, read_probes, relabelled
from harness.values.errors import HarnessError

if TYPE_CHECKING:
    import pandas as pd

MAX_SECONDS = 600
"""So long the other process may take: to load a large encoder from a cold disk, say."""

TIMED_ROWS = 32
"""Made-up rows that are timed where a model has no probes."""

SENTENCE = "Critics said the Coastal Union had failed the harbour towns for the {}th time."


@dataclass(frozen=True)
class Reproduction:
    """How a model fared in a fresh process.

    Attributes
    ----------
    rows : int
        Probes that it answered; 0 where an earlier version packed it without any.
    differences : mapping
        Engine → how far the largest probability lies from the recorded one.
    relabelled : int
        Rows whose recorded label or abstention does not follow from the recorded probabilities any more.
    milliseconds : float
        Per row, by the engine that would serve.
    problem : str
        Why it could not be loaded, or label at all; empty where it could.
    """

    rows: int = 0
    differences: Mapping[str, float] = field(default_factory=dict)
    relabelled: int = 0
    milliseconds: float = float("nan")
    problem: str = ""

    @property
    def worst(self) -> tuple[str, float, float]:
        """The engine that differs most in proportion to what it may, its difference and its tolerance."""
        engine = max(self.differences, key=lambda name: self.differences[name] / TOLERANCES[name])
        return engine, self.differences[engine], TOLERANCES[engine]

    @property
    def holds(self) -> bool:
        """Whether the model was loaded and, where it has probes, answered them as recorded."""
        if self.problem or not self.rows:
            return not self.problem
        _, difference, tolerance = self.worst
        return self.relabelled == 0 and difference <= tolerance


def reproduce(folder: Path) -> Reproduction:
    """Load a model in this process and let it answer its probes.

    Parameters
    ----------
    folder : Path
        A model folder, or the MLflow model around one.
    """
    try:
        data = data_folder(folder)
        probes = read_probes(data)
        engine = LabelEngine.read(data, "auto")
        table = probes.table() if probes is not None else _sentences()
        milliseconds = _milliseconds(engine, table)
        if probes is None:
            return Reproduction(milliseconds=milliseconds)
        return Reproduction(
            len(probes.rows), differences(engine, probes), relabelled(engine, probes), milliseconds
        )
    except HarnessError as error:
        return Reproduction(problem=str(error))


def reproduce_in_fresh_process(folder: Path) -> Reproduction:
    """Load a model in a process of its own and let it answer its probes; see :func:`reproduce`.

    What this process has imported or changed cannot make up for something that the model lacks.
    """
    with tempfile.TemporaryDirectory(prefix="harness-") as scratch:
        answer = Path(scratch) / "reproduction.json"
        # The same packages: a classifier of one's own is found by a path that this process may have added.
        path = os.pathsep.join(dict.fromkeys(entry or str(Path.cwd()) for entry in sys.path))
        try:
            process = subprocess.run(  # noqa: S603 (this Python, a module of this package, no shell)
                [sys.executable, "-m", __name__, str(folder), str(answer)],
                env={**os.environ, "PYTHONPATH": path},
                capture_output=True,
                text=True,
                timeout=MAX_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Reproduction(problem=f"it did not answer within {MAX_SECONDS} s")
        if process.returncode != 0 or not answer.is_file():
            last = (process.stderr.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
            return Reproduction(problem=last)
        return Reproduction(**json.loads(answer.read_text(encoding="utf-8")))


def _sentences() -> pd.DataFrame:
    """Return made-up rows, all different, so that none is computed once for several."""
    import pandas as pd

    rows = [{"text": SENTENCE.format(n), "target": "Coastal Union"} for n in range(TIMED_ROWS)]
    return pd.DataFrame.from_records(rows, columns=list(COLUMNS))


def _milliseconds(engine: LabelEngine, table: pd.DataFrame) -> float:
    """Time one row; the first call, which may compile or read files, does not count."""
    engine.uncached().label(table.head(1))
    began = time.perf_counter()
    engine.uncached().label(table)
    return 1000 * (time.perf_counter() - began) / len(table)


def main(folder: str, answer: str) -> None:
    """Write the reproduction of a model to a file, as JSON."""
    Path(answer).write_text(json.dumps(asdict(reproduce(Path(folder)))), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
