"""Results in, files of a run out, and back."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.plan import PlannedClassifier
from harness.evaluation.results import ClassifierResult, Trial, TrialResult
from harness.evaluation.search.record import SearchRecord
from harness.scoring.slices import Slice
from harness.serving.decisions.decider import Decider
from harness.values.catalog import plain
from harness.values.findings import Finding, Findings, from_dict, measure_table
from harness.values.label_columns import label_codes
from harness.values.labels import NO_ANSWER, LabelSet
from harness.values.legacy import SPLITS
from harness.values.spreadsheets import frame_text, restored
from harness.values.tables import Predictions, Scores

if TYPE_CHECKING:
    import pandas as pd

PREDICTIONS = "predictions.parquet"
RAW = "predictions_raw.parquet"
"""The classifier's own probabilities, before calibration."""

SCORES = "scores.csv"
TRIAL = "trial.json"
TRIALS = "trials.json"
TABLE = "predictions_table.json"
TABLE_ROWS = 2000
"""Rows of the table for the UI, which loads all of it."""

SLICES = "slices.json"
"""Which test items other runs can be compared on: column → value → ids."""

RIGHT, WRONG = "✓", "✗"
FINDINGS = "findings.json"
AUDITS = "audits"


def write_trial(folder: Path, result: TrialResult) -> None:
    """Write a trial's result; :func:`read_trial` reads it."""
    result.predictions.write(folder / PREDICTIONS)
    (folder / TRIAL).write_text(_json(_described(result)), encoding="utf-8")


def read_trial(folder: Path, trial: Trial, labels: LabelSet, model: Path | None) -> TrialResult:
    """Read a trial's result.

    Its rows get the name of ``trial``'s classifier: it may have been logged under another one.
    """
    predictions = read_predictions(folder / PREDICTIONS, labels)
    rows = predictions.rows.assign(run=trial.classifier.name)
    data = json.loads((folder / TRIAL).read_text(encoding="utf-8"))
    return _restored(trial, Predictions(labels, rows), data, model)


def read_predictions(path: Path, labels: LabelSet) -> Predictions:
    """Read a table of predictions; parts of the split get their present names."""
    predictions = Predictions.read(path, labels)
    rows = predictions.rows
    return replace(predictions, rows=rows.assign(split=rows["split"].replace(dict(SPLITS))))


def write_result(folder: Path, result: ClassifierResult) -> None:
    """Write the result of a classifier; :func:`read_result` reads it."""
    # The raw ones too: the results of trials are restored from them.
    result.predictions.write(folder / PREDICTIONS)
    result.raw.write(folder / RAW)
    (folder / SCORES).write_text(frame_text(result.scores.rows), encoding="utf-8")
    described = {
        "served": result.served.trial.digest if result.served is not None else None,
        "trials": [_described(trial) for trial in result.trials],
        "decider": result.decider.plain() if result.decider is not None else None,
    }
    (folder / TRIALS).write_text(_json(described), encoding="utf-8")
    write_findings(folder, result.findings)


def predict_seconds(described: Mapping[str, Any]) -> float:
    """Return the mean seconds in which a trial labelled its rows, from ``trials.json``; NaN if unknown."""
    seconds = [trial.get("seconds", {}).get("predict", math.nan) for trial in described.get("trials", ())]
    return sum(seconds) / len(seconds) if seconds else math.nan


def most_candidates(described: Mapping[str, Any]) -> int:
    """Return how many candidates the longest search trained, from ``trials.json``; 0 without one."""
    searches = [trial["search"] for trial in described.get("trials", ()) if trial.get("search")]
    return max((SearchRecord.read(search).n_fitted for search in searches), default=0)


def write_findings(folder: Path, findings: Findings) -> None:
    """Write the findings of audits, if any: as JSON, and their tables as CSV in a folder of their own."""
    if not findings:
        return
    (folder / FINDINGS).write_text(_json([finding.to_dict() for finding in findings]), encoding="utf-8")
    (folder / AUDITS).mkdir()
    measures = frame_text(measure_table(findings))
    (folder / AUDITS / "measures.csv").write_text(measures, encoding="utf-8")
    for finding in findings:
        for detail in finding.details:
            path = folder / AUDITS / f"{finding.audit}_{detail.name}.csv"
            path.write_text(frame_text(detail.frame()), encoding="utf-8", newline="")


def read_findings(folder: Path) -> tuple[Finding, ...]:
    """Read the findings that :func:`write_findings` wrote; none where it wrote none."""
    path = folder / FINDINGS
    if not path.is_file():
        return ()
    return tuple(map(from_dict, json.loads(path.read_text(encoding="utf-8"))))


def read_result(
    folder: Path, classifier: PlannedClassifier, trials: Sequence[Trial], labels: LabelSet
) -> ClassifierResult:
    """Read the result of a finished classifier; its model stays where it is."""
    import pandas as pd

    predictions, raw = (read_predictions(folder / name, labels) for name in (PREDICTIONS, RAW))
    scores = Scores(pd.read_csv(folder / SCORES).map(restored))
    described = json.loads((folder / TRIALS).read_text(encoding="utf-8"))
    by_digest = {data["digest"]: data for data in described["trials"]}
    results = tuple(
        _restored(trial, raw.only(seed=trial.seed, fold=trial.fold), by_digest[trial.digest], None)
        for trial in trials
    )
    served = next((result for result in results if result.trial.digest == described["served"]), None)
    findings = read_findings(folder)
    decisions = described["decider"]
    decider = Decider.read(decisions, labels) if decisions is not None else None
    return ClassifierResult(
        classifier, results, predictions, scores, served, findings=findings, decider=decider
    )


def write_slices(path: Path, slices: Sequence[Slice]) -> None:
    """Write which test items belong to which slice; :func:`read_slices` reads it."""
    columns: dict[str, dict[str, list[str]]] = {}
    for cut in slices:
        columns.setdefault(cut.column, {})[cut.value] = sorted(cut.ids)
    path.write_text(json.dumps(columns, ensure_ascii=False) + "\n", encoding="utf-8")


def read_slices(path: Path) -> tuple[Slice, ...]:
    """Read the slices that :func:`write_slices` wrote."""
    columns = json.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Slice(column, value, frozenset(ids))
        for column, values in columns.items()
        for value, ids in values.items()
    )


def table(predictions: Predictions, texts: pd.DataFrame | None) -> str:
    """Return predictions as the table for the UI's evaluation view.

    That view groups rows by the first column, where equal values become one row, and compares what runs have
    in the column ``output``. So the first column is the sentence with its party marked, each once, and
    ``output`` is the prediction with whether it is right.

    Parameters
    ----------
    predictions : Predictions
        Of one seed's test items; the first :data:`TABLE_ROWS` are shown.
    texts : DataFrame or None
        Columns ``id``, ``text`` and, where known, ``target``, ``start``, ``end``; None: without sentences.

    Returns
    -------
    str
        JSON, as MLflow writes tables.
    """
    import pandas as pd

    labels = predictions.labels
    first_rows = predictions.rows.head(TABLE_ROWS)
    prediction, truth = (_names(first_rows, word, labels) for word in ("prediction", "truth"))
    columns: dict[str, Any] = {}
    if texts is not None:
        columns["sentence"] = _sentences(first_rows, texts)
    else:
        columns["id"] = first_rows["id"].tolist()
    columns |= {
        "party": first_rows["target"].tolist(),
        "truth": truth,
        "output": [
            f"{RIGHT} {label}" if label == true else f"{WRONG} {label} (truth: {true})"
            for label, true in zip(prediction, truth, strict=True)
        ],
        "prediction": prediction,
    }
    columns["id"] = first_rows["id"].tolist()
    # Four digits: the UI loads the whole table at once.
    columns |= {f"p_{name}": first_rows[f"p_{name}"].round(4).tolist() for name in labels.names}
    return str(pd.DataFrame(columns).to_json(orient="split", index=False))


def read_sentences(path: Path) -> dict[str, str]:
    """Read the sentences of a table that :func:`table` wrote, by id; none where it holds none."""
    data = json.loads(path.read_text(encoding="utf-8"))
    columns = data["columns"]
    # Earlier versions had the bare text in a column of that name.
    column = next((name for name in ("sentence", "text") if name in columns), None)
    if column is None:
        return {}
    id_at, text_at = columns.index("id"), columns.index(column)
    return {str(row[id_at]): str(row[text_at]) for row in data["data"]}


def _sentences(rows: pd.DataFrame, texts: pd.DataFrame) -> list[str]:
    """Return the sentence of each row with its party in brackets; one that would repeat gets its id."""
    by_id = {str(row["id"]): row for row in texts.to_dict("records")}
    sentences = [_marked(by_id[str(id_)]) for id_ in rows["id"]]
    counts = Counter(sentences)
    return [
        sentence if counts[sentence] == 1 else f"{sentence} ({id_})"
        for sentence, id_ in zip(sentences, rows["id"], strict=True)
    ]


def _marked(row: Mapping[Hashable, Any]) -> str:
    """Mark the party in a sentence; where its place is unknown, name it before the sentence."""
    text, target = str(row["text"]), row.get("target")
    if not isinstance(target, str):
        return text
    import pandas as pd

    start, end = row.get("start"), row.get("end")
    if pd.isna(start) or pd.isna(end):
        return f"[{target}] {text}"
    # Offsets in a column with gaps are floats.
    return f"{text[: int(start)]}[{text[int(start) : int(end)]}]{text[int(end) :]}"


def _names(rows: pd.DataFrame, word: str, labels: LabelSet) -> list[str]:
    decoded = labels.decode_predicted(label_codes(rows, word, labels))
    if labels.multi:
        return [NO_ANSWER if names is None else " | ".join(names) or "none" for names in decoded]
    return [NO_ANSWER if name is None else name for name in decoded]


def _described(result: TrialResult) -> dict[str, Any]:
    return {
        "digest": result.trial.digest,
        "seed": result.trial.seed,
        "fold": result.trial.fold,
        "options": {name: plain(value) for name, value in result.options.items()},
        "seconds": dict(result.seconds),
        "curves": result.curves,
        "usage": dict(result.usage),
        "provenance": dict(result.provenance),
        "search": result.search.plain() if result.search is not None else None,
    }


def _restored(
    trial: Trial, predictions: Predictions, data: Mapping[str, Any], model: Path | None
) -> TrialResult:
    """Rebuild a result; its options are those of the plan, since JSON has fewer types than a config."""
    options = trial.classifier.restored(data["options"])
    # Runs of earlier versions have none of these.
    search = SearchRecord.read(data["search"]) if data.get("search") else None
    more = (data.get("usage", {}), data.get("provenance", {}), search)
    return TrialResult(trial, predictions, options, data["curves"], data["seconds"], model, *more)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
