"""Runs of the toy experiment with the predictions and verdicts that a test needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.tracking.store import Store
from tests.tracking.toy_runs import runs_by_name

LABELS = ("critical", "neutral", "supportive")
ROWS, GROUPS = 120, 60


def run_of(store: Store, classifier: str, experiment: str = "toys") -> Any:
    return runs_by_name(store, "classifier", experiment)[classifier]


def files_of_run(store: Store, classifier: str) -> Path:
    return Path(store.client.download_artifacts(run_of(store, classifier).info.run_id, ""))


def scored_rows(right: float, *, split: str, name: str = "made-up", sure: float = 0.9) -> pd.DataFrame:
    """Rows of which the first ``right`` share of each label are labelled correctly."""
    rows = []
    for index in range(ROWS):
        truth = LABELS[index % 3]
        is_right = index < right * ROWS
        prediction = truth if is_right else LABELS[(index + 1) % 3]
        proba = {f"p_{label}": sure if label == prediction else (1 - sure) / 2 for label in LABELS}
        rows.append(
            {
                "run": name,
                "split": split,
                "seed": 1,
                "fold": 0,
                "id": f"{split}{index}",
                "group": f"g{index % GROUPS}",
                "target": "Varna",
                "truth": truth,
                "prediction": prediction,
                **proba,
            }
        )
    return pd.DataFrame(rows)


def set_predictions(store: Store, classifier: str, *, validation: float, test: float = 0.5) -> None:
    """Give a run other predictions: so many of validation and test are right."""
    path = files_of_run(store, classifier) / "predictions.parquet"
    columns = pd.read_parquet(path).columns
    rows = pd.concat(
        [
            scored_rows(share, split=split, name=classifier, sure=sure)
            for share, split, sure in ((validation, "validation", max(validation, 0.34)), (test, "test", 0.9))
        ]
    )
    rows.reindex(columns=[name for name in columns if name in rows.columns]).to_parquet(path, index=False)


def set_findings(store: Store, classifier: str, **verdicts: str) -> None:
    """Give a run other verdicts of audits; those that are not named stay."""
    path = files_of_run(store, classifier) / "findings.json"
    findings = {finding["audit"]: finding for finding in json.loads(path.read_text(encoding="utf-8"))}
    for audit, verdict in verdicts.items():
        findings[audit] = {
            "audit": audit,
            "verdict": verdict,
            "sentence": f"The {audit} audit {verdict} here. It goes on.",
            "measures": [{"name": "flips", "n": 30, "value": 0.36, "low": None, "high": None}],
            "details": [],
        }
    path.write_text(json.dumps(list(findings.values())), encoding="utf-8")


def set_seconds(store: Store, classifier: str, seconds: float) -> None:
    """Give a run another cost."""
    path = files_of_run(store, classifier) / "trials.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    for trial in data["trials"]:
        trial["seconds"]["predict"] = seconds
    path.write_text(json.dumps(data), encoding="utf-8")


def proba_of(rows: pd.DataFrame) -> np.ndarray:
    return rows[[f"p_{label}" for label in LABELS]].to_numpy()
