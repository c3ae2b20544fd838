"""The best candidates of a search in, their speed and size and the one that is chosen out.

Speed is measured after the search, of one classifier at a time: beside other candidates it would be that of a
busy machine. Only finalists are measured, since each is fitted once more for it.
"""

from __future__ import annotations

import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness.classifiers.protocol import Classifier, Example, Examples, save
from harness.config.search_settings import SCORE, SearchSettings
from harness.evaluation.search.study import Judged
from harness.values.errors import ClassifierError
from harness.values.formatting import counted, number
from harness.values.outputs import write_text

BEST, MAX_FINALISTS = 3, 8
"""Finalists by score alone, and at most: the others lead in speed among those with no worse score."""

TIMED_ROWS, REPEATS = 512, 3
FILE = "finalists.json"
"""In the folder of a search: what was measured, so that a search that is resumed chooses the same."""


@dataclass(frozen=True)
class Measured:
    """What a finalist takes to label rows.

    Attributes
    ----------
    number : int
    rows_per_second : float
        The median of three rounds over up to 512 rows.
    megabytes : float
        Of its saved files; NaN where it cannot be saved.
    """

    number: int
    rows_per_second: float
    megabytes: float


def measures(settings: SearchSettings | None) -> bool:
    """Say whether finalists are measured."""
    return settings is not None and (settings.at_least is not None or settings.objectives != (SCORE,))


def finalists(judged: Sequence[Judged]) -> list[Judged]:
    """Return the candidates worth measuring, the best score first.

    The best three, and those that no other beats in both score and the time of predicting as it was during
    the search.
    """
    complete = sorted(
        (each for each in judged if each.state == "complete"), key=lambda each: (-each.value, each.number)
    )
    chosen, fastest = [], math.inf
    for rank, each in enumerate(complete):
        if rank < BEST or each.predict_seconds < fastest:
            chosen.append(each)
        fastest = min(fastest, each.predict_seconds)
    return chosen[:MAX_FINALISTS]


def measure_all(
    judged: Sequence[Judged],
    measure: Callable[[Judged], tuple[Measured, Classifier | None]],
    settings: SearchSettings,
    folder: Path | None,
) -> tuple[Judged, Classifier | None, list[Measured]]:
    """Measure finalists and choose the best score among those that reach what is asked.

    Parameters
    ----------
    judged : sequence of Judged
        All candidates.
    measure : callable
        A candidate → its speed and size, and the classifier, fitted to all training rows, if it is here.
    settings : SearchSettings
        Without more objectives, measuring ends with the first that reaches what is asked.
    folder : Path, optional
        Of the search.

    Returns
    -------
    Judged
    Classifier or None
        None where it was measured before, or in another process.
    list of Measured

    Raises
    ------
    ClassifierError
        Where none reaches it.
    """
    before = _read(folder)
    results: list[Measured] = []
    choice, classifier = None, None
    for finalist in finalists(judged):
        earlier, fresh_fit = before.get(finalist.number), None
        if earlier is None:
            earlier, fresh_fit = measure(finalist)
        results.append(earlier)
        # After each: a process that is killed now does not choose by other times later.
        _write(folder, results)
        # In the order of scores, so that the first that is fast enough is the best that is.
        if choice is None and _reaches(earlier, settings):
            choice, classifier = finalist, fresh_fit
            if settings.objectives == (SCORE,):
                break
    if choice is None:
        assert settings.at_least is not None
        fastest = max(results, key=lambda each: each.rows_per_second)
        raise ClassifierError(
            f"none of {counted(len(results), 'finalist')} labels"
            f" as many rows a second as at_least asks for, {settings.at_least.rows_per_second:g}; the"
            f" fastest, candidate {fastest.number}, labels {number(fastest.rows_per_second, places=1)}"
        )
    return choice, classifier, results


def measured(number: int, classifier: Classifier, rows: Examples) -> Measured:
    """Measure a finalist.

    Parameters
    ----------
    number : int
        Of the candidate.
    classifier : Classifier
        Fitted to all training rows.
    rows : sequence of Example
        What speed is measured on.
    """
    return Measured(number, speed(classifier, rows), size(classifier))


def speed(classifier: Classifier, rows: Examples) -> float:
    """Return how many rows a classifier labels in a second, the median of three rounds.

    Parameters
    ----------
    classifier : Classifier
        Fitted.
    rows : sequence of Example
        At least one; the first 512 are used.
    """
    timed = list(rows)[:TIMED_ROWS]
    # What is loaded on first use is no part of the speed.
    classifier.predict_proba(timed[:1])
    times = []
    for repeat in range(REPEATS):
        fresh = [_changed(example, repeat) for example in timed]
        began = time.perf_counter()
        classifier.predict_proba(fresh)
        times.append(time.perf_counter() - began)
    return len(timed) / max(statistics.median(times), 1e-9)


def size(classifier: Classifier) -> float:
    """Return the size of a classifier's saved files in megabytes; NaN where it cannot be saved."""
    with tempfile.TemporaryDirectory(prefix="harness-size-") as folder:
        saved = save(classifier, Path(folder))
        if saved is None:
            return math.nan
        return sum(file.stat().st_size for file in saved.rglob("*") if file.is_file()) / 1e6


def _changed(example: Example, repeat: int) -> Example:
    # Tokens of a text are remembered: another text, whose spans are the same, has none.
    return replace(example, text=f"{example.text} {repeat}")


def _reaches(measured: Measured, settings: SearchSettings) -> bool:
    return settings.at_least is None or measured.rows_per_second >= settings.at_least.rows_per_second


def _read(folder: Path | None) -> dict[int, Measured]:
    file = folder / FILE if folder is not None else None
    if file is None or not file.is_file():
        return {}
    records = json.loads(file.read_text(encoding="utf-8"))
    return {record["number"]: Measured(**record) for record in records}


def _write(folder: Path | None, results: Sequence[Measured]) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / FILE, json.dumps([asdict(each) for each in results]))
