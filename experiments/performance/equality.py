"""Two stores with the same experiments in, whatever differs between their runs out.

    python -m experiments.performance.equality FOLDER/.harness OTHER/.harness

For a change that is to make the harness faster and nothing else. Of the newest run of each classifier these
are compared: logged metrics, the table of measures, predictions before and after the decisions, and the
findings of its audits. Times are left out. Exits with 1 where a number is further apart than 1e-9, or a label
differs.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

TOLERANCE = 1e-9

RUNS = """
SELECT experiments.name || '/' || runs.name, runs.run_uuid, runs.artifact_uri FROM runs
JOIN experiments USING (experiment_id)
JOIN tags ON tags.run_uuid = runs.run_uuid AND tags.key = 'harness.role' AND tags.value = 'classifier'
WHERE runs.status = 'FINISHED' ORDER BY runs.start_time
"""


def runs_of(home: Path) -> dict[str, dict[str, Any]]:
    """Return what is compared of the newest finished run of each classifier, by its name."""
    with closing(sqlite3.connect(home / "mlflow.db")) as store:
        runs = {name: (run_id, uri) for name, run_id, uri in store.execute(RUNS)}
        return {
            name: {
                "metrics": dict(
                    store.execute("SELECT key, value FROM latest_metrics WHERE run_uuid = ?", [run_id])
                ),
                **files_of(Path(uri.removeprefix("file://"))),
            }
            for name, (run_id, uri) in runs.items()
        }


def files_of(folder: Path) -> dict[str, Any]:
    """Return the tables of a run as numbers and texts by a name."""
    measures = pd.read_csv(folder / "measures.csv")
    key, value = measures.columns[0], measures.columns[-1]
    findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    return {
        "measures": dict(zip(measures[key], measures[value], strict=True)),
        **{name: cells(folder / f"{name}.parquet") for name in ("predictions", "predictions_raw")},
        "findings": dict(leaves("", findings)),
    }


def cells(path: Path) -> dict[str, Any]:
    """Return the cells of a table by row and column."""
    if not path.is_file():
        return {}
    rows = pd.read_parquet(path)
    return {
        f"{number} {name}": value for name in rows.columns for number, value in enumerate(rows[name].tolist())
    }


def leaves(where: str, value: Any) -> list[tuple[str, Any]]:
    """Return the numbers and texts in nested lists and mappings, each with its path."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(f"{where}.{key}", inner)]
    if isinstance(value, list):
        return [leaf for number, inner in enumerate(value) for leaf in leaves(f"{where}.{number}", inner)]
    return [(where, value)]


def differences(first: dict[str, Any], second: dict[str, Any]) -> tuple[list[str], float]:
    """Return the keys whose values differ, and how far apart numbers are at most; times are left out."""
    different, furthest = [], 0.0
    for key in sorted(first.keys() | second.keys()):
        if "seconds" in key or key.startswith("time/"):
            continue
        old, new = first.get(key), second.get(key)
        if isinstance(old, float) and isinstance(new, float):
            distance = 0.0 if old == new or (isnan(old) and isnan(new)) else abs(old - new)
            furthest = max(furthest, distance)
            if not distance <= TOLERANCE:
                different.append(key)
        elif old != new:
            different.append(key)
    return different, furthest


def main() -> int:
    """Compare the two stores that are named on the command line."""
    stores = [runs_of(Path(name)) for name in sys.argv[1:3]]
    print("| run | what | compared | different | furthest apart |\n|---|---|---:|---:|---:|")
    total = 0
    for name in sorted(stores[0].keys() | stores[1].keys()):
        first, second = (store.get(name, {}) for store in stores)
        for what in sorted(first.keys() | second.keys()):
            different, furthest = differences(first.get(what, {}), second.get(what, {}))
            total += len(different)
            print(f"| {name} | {what} | {len(first.get(what, {})):,} | {len(different)} | {furthest:.1e} |")
            for key in different[:5]:
                old, new = (part.get(what, {}).get(key) for part in (first, second))
                print(f"  {key}: {old} -> {new}", file=sys.stderr)
    print(f"{total} values differ by more than {TOLERANCE:g}")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
