"""What was learned from gold in; files and tags of the run that was trained with it out, and back."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.evaluation.prepared import Prepared
from harness.reports.figures import learning_png
from harness.runs.learning.curve import CurvePoint, LearningCurve
from harness.runs.learning.learned_runs import LearnedRuns
from harness.scoring.statistics.learning_slope import LearningSlope
from harness.tracking import names, sending
from harness.tracking.finished_runs import FinishedRun, read_file
from harness.tracking.scratch import scratch_folder
from harness.tracking.store import Store
from harness.values.spreadsheets import frame_text
from harness.values.version import VERSION

FOLDER = "learning"
"""Of the run's files."""

VERDICT, CURVE = "verdict.json", "curve.json"


def record(store: Store, learned: LearnedRuns, prepared: Prepared) -> None:
    """Write what was learned into the run that was trained with the gold.

    Files: ``account.csv`` (what became of each row of gold; without texts where the config logs none),
    ``verdict.json``, ``curve.csv``, ``curve.png`` and ``mended_test.csv``, all in the folder ``learning``.
    """
    assert learned.corrected is not None
    run_id = learned.corrected.logged.run_id
    # Licensed texts may be kept out of the store.
    texts = prepared.plan.config.tracking.log_text
    with scratch_folder(store) as scratch:
        folder = Path(scratch) / FOLDER
        folder.mkdir()
        account = frame_text(learned.account.table(texts=texts))
        (folder / "account.csv").write_text(account, encoding="utf-8", newline="")
        (folder / VERDICT).write_text(_json(_described(learned)), encoding="utf-8")
        if learned.curve is not None:
            _write_curve(folder, learned)
        if learned.version is not None:
            mended = frame_text(learned.version.table(prepared))
            (folder / "mended_test.csv").write_text(mended, encoding="utf-8", newline="")
        sending.send_folder(store, run_id, Path(scratch))
    # Last: a run with the tag has the files.
    store.client.set_tag(run_id, names.LEARN_VERDICT, learned.sentence)


def _write_curve(folder: Path, learned: LearnedRuns) -> None:
    curve = learned.curve
    assert curve is not None
    (folder / "curve.csv").write_text(frame_text(curve.table()), encoding="utf-8")
    (folder / CURVE).write_text(_json(asdict(curve) | {"version": VERSION}), encoding="utf-8")
    points = [(point.labels, point.value, point.low, point.high) for point in curve.points]
    title = f"{learned.classifier.planned.name}: what labels of gold gave"
    (folder / "curve.png").write_bytes(learning_png(points, curve.metric, title))


def read_curve(store: Store, run: FinishedRun, digest: str) -> LearningCurve | None:
    """Read the learning curve of an earlier call; None where there is none of this digest and version."""
    data = read_file(store, run, f"{FOLDER}/{CURVE}")
    stored: dict[str, Any] = json.loads(data) if data else {}
    # A later version may measure in another way.
    if stored.get("digest") != digest or stored.get("version") != VERSION:
        return None
    # Numbers that JSON does not have were written as null.
    points = tuple(CurvePoint(**_numbers(point)) for point in stored["points"])
    slope = LearningSlope(**_numbers(stored["slope"]))
    return LearningCurve(stored["metric"], points, slope, int(stored["repeats"]), digest)


def _described(learned: LearnedRuns) -> dict[str, Any]:
    verdict = learned.verdict
    return {
        "gold": {"file": learned.gold.path.name, "digest": learned.gold.digest},
        "classifier": learned.classifier.planned.name,
        "metric": learned.metric,
        "counts": dict(learned.account.counts),
        "verdict": asdict(verdict) if verdict is not None else None,
        "needed": asdict(learned.needed) if learned.needed is not None else None,
        "sentence": learned.sentence,
        "scores": [asdict(score) for score in learned.scores],
        "test_refusal": learned.refusal,
    }


def _json(value: Any) -> str:
    return json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Write numbers that JSON does not have as None."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    return {name: math.nan if value is None else value for name, value in values.items()}
