"""Runs of the toy experiment with the predictions and verdicts that a test needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.serving.reproduction import reproduce
from harness.tracking.promotion import Promotion, PromotionRequest, RefusedPromotionError, gates
from harness.tracking.store import Store
from harness.values.errors import HarnessError
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


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load models in this process: a fresh one takes a second each time, and has tests of its own."""
    monkeypatch.setattr(gates, "reproduce_in_fresh_process", reproduce)


def named(classifier: str, **more: Any) -> PromotionRequest:
    return PromotionRequest(classifier=classifier, **more)


def champion(store: Store, name: str = "stance", alias: str = "champion") -> str:
    return str(store.client.get_model_version_by_alias(name, alias).version)


def set_validation(store: Store, **scores: float) -> None:
    """Give classifiers other scores on validation, as they are logged."""
    for classifier, score in scores.items():
        store.client.log_metric(run_of(store, classifier).info.run_id, "validation/f1_macro", score)


def message(error: type[HarnessError], call: Callable[[], object]) -> str:
    """The message of an error of this very type."""
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    return str(caught.value)


def verdicts(promotion: Promotion | RefusedPromotionError) -> dict[str, str]:
    table = promotion.gates
    return dict(zip(table["gate"], table["verdict"], strict=True))


def policy(store: Store, **settings: Any) -> None:
    """Set what the config of the experiment says of promotion."""
    text = json.dumps({"audits": {"leaks": "warn"}, **settings})
    store.client.set_experiment_tag(store.find_experiment("toys"), "harness.promotion", text)
