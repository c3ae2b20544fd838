"""Results in, files of a run out; and back again, equal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.plan import PlannedClassifier
from harness.evaluation.results import ClassifierResult, Trial, TrialResult
from harness.serving.decisions.decider import Decider
from harness.values.catalog import plain
from harness.values.findings import Finding, Findings, from_dict, measure_table
from harness.values.labels import LabelSet
from harness.values.tables import Predictions, Scores

if TYPE_CHECKING:
    import pandas as pd

PREDICTIONS = "predictions.parquet"
RAW = "predictions_raw.parquet"
"""What the classifier itself said, before it was calibrated."""

SCORES = "scores.csv"
TRIAL = "trial.json"
TRIALS = "trials.json"
TABLE = "predictions_table.json"
TABLE_ROWS = 2000
FINDINGS = "findings.json"
AUDITS = "audits"


def write_trial(folder: Path, result: TrialResult) -> None:
    """Write what :func:`read_trial` reads."""
    result.predictions.write(folder / PREDICTIONS)
    (folder / TRIAL).write_text(_json(_described(result)), encoding="utf-8")


def read_trial(folder: Path, trial: Trial, labels: LabelSet, model: Path | None) -> TrialResult:
    """Read a trial's result; its rows carry the name of the classifier that asks."""
    predictions = Predictions.read(folder / PREDICTIONS, labels)
    rows = predictions.rows.assign(run=trial.classifier.name)
    data = json.loads((folder / TRIAL).read_text(encoding="utf-8"))
    return _restored(trial, Predictions(labels, rows), data, model)


def write_result(folder: Path, result: ClassifierResult) -> None:
    """Write what :func:`read_result` reads."""
    result.predictions.write(folder / PREDICTIONS)
    result.raw.write(folder / RAW)
    result.scores.rows.to_csv(folder / SCORES, index=False)
    described = {
        "served": result.served.trial.digest if result.served is not None else None,
        "trials": [_described(one) for one in result.trials],
        "decider": result.decider.plain() if result.decider is not None else None,
    }
    (folder / TRIALS).write_text(_json(described), encoding="utf-8")
    write_findings(folder, result.findings)


def write_findings(folder: Path, findings: Findings) -> None:
    """Write what audits found, if anything: all of it as JSON, and its tables in a folder of their own."""
    if not findings:
        return
    (folder / FINDINGS).write_text(_json([one.to_dict() for one in findings]), encoding="utf-8")
    (folder / AUDITS).mkdir()
    measure_table(findings).to_csv(folder / AUDITS / "measures.csv", index=False)
    for one in findings:
        for detail in one.details:
            detail.frame().to_csv(folder / AUDITS / f"{one.audit}_{detail.name}.csv", index=False)


def read_findings(folder: Path) -> tuple[Finding, ...]:
    """Read what :func:`write_findings` wrote."""
    path = folder / FINDINGS
    if not path.is_file():
        return ()
    return tuple(map(from_dict, json.loads(path.read_text(encoding="utf-8"))))


def read_result(
    folder: Path, classifier: PlannedClassifier, trials: Sequence[Trial], labels: LabelSet
) -> ClassifierResult:
    """Read the result of a finished classifier; its model stays where it is."""
    import pandas as pd

    predictions, raw = (Predictions.read(folder / name, labels) for name in (PREDICTIONS, RAW))
    scores = Scores(pd.read_csv(folder / SCORES))
    described = json.loads((folder / TRIALS).read_text(encoding="utf-8"))
    by_digest = {one["digest"]: one for one in described["trials"]}
    results = tuple(
        _restored(one, raw.only(seed=one.seed, fold=one.fold), by_digest[one.digest], None) for one in trials
    )
    served = next((one for one in results if one.trial.digest == described["served"]), None)
    findings = read_findings(folder)
    written = described["decider"]
    decider = Decider.read(written, labels) if written is not None else None
    return ClassifierResult(
        classifier, results, predictions, scores, served, findings=findings, decider=decider
    )


def table(predictions: Predictions, texts: pd.DataFrame | None) -> str:
    """Return predictions as the table that the UI's evaluation view shows.

    The view groups by the first column and compares the second, so they are id and prediction.

    Parameters
    ----------
    predictions : Predictions
        Of one seed's test items; the first two thousand are shown.
    texts : DataFrame or None
        Columns ``id`` and ``text``; None leaves sentences out.

    Returns
    -------
    str
        JSON, as MLflow writes tables.
    """
    labels = predictions.labels
    shown = predictions.rows.head(TABLE_ROWS)
    columns: dict[str, Any] = {"id": shown["id"]}
    for word in ("prediction", "truth"):
        columns[word] = _joined(shown, word, labels) if labels.multi else shown[word]
    columns["target"] = shown["target"]
    if texts is not None:
        columns["text"] = shown["id"].map(dict(zip(texts["id"], texts["text"], strict=True)))
    columns |= {f"p_{name}": shown[f"p_{name}"].round(4) for name in labels.names}
    import pandas as pd

    return str(pd.DataFrame(columns).to_json(orient="split", index=False))


def _joined(rows: pd.DataFrame, word: str, labels: LabelSet) -> list[str]:
    bits = rows[[f"{word}_{name}" for name in labels.names]].to_numpy()
    return [" | ".join(names) or "none" for names in labels.decode(bits)]


def _described(result: TrialResult) -> dict[str, Any]:
    return {
        "digest": result.trial.digest,
        "seed": result.trial.seed,
        "fold": result.trial.fold,
        "options": {name: plain(value) for name, value in result.options.items()},
        "seconds": dict(result.seconds),
        "curves": result.curves,
    }


def _restored(
    trial: Trial, predictions: Predictions, data: Mapping[str, Any], model: Path | None
) -> TrialResult:
    """Put a result together again; options get back the types that the config gave them."""
    chosen = next(
        (
            bound
            for bound in trial.classifier.grid()
            if bound.canonical() == {"kind": bound.kind, **data["options"]}
        ),
        replace(trial.classifier.bound, options=data["options"]),
    )
    return TrialResult(trial, predictions, chosen.options, data["curves"], data["seconds"], model)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
