"""A run on the server of ``deploy/compose.yaml``, times what it takes on SQLite.

    python -m experiments.performance.server

PostgreSQL, accounts and a proxy for files are started as the tests start them. Runs on the two stores take
turns, in one process, on the quickstart with `majority` and `linear` alone; the first pair warms up.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from experiments.performance import section
from harness.config import plan
from harness.evaluation.prepared import Prepared, prepare
from harness.runs.classifiers import run_classifiers
from harness.tracking.store import Store
from tests.tracking.real_server import missing, real_server

CONFIG = Path("configs/quickstart.yaml")
SETTINGS = ["classifiers.embedding=~", "classifiers.linear-blind=~"]
PAIRS = 3
AIM = 3.0


def seconds(prepared: Prepared, store: Store) -> float:
    """Run the experiment afresh; return seconds by the clock."""
    began = time.perf_counter()
    failures = [outcome.error for outcome in run_classifiers(prepared, store, fresh=True) if outcome.error]
    if failures:
        raise failures[0]
    return time.perf_counter() - began


def main() -> int:
    """Measure, and write the section."""
    reason = missing()
    if reason:
        print(reason, file=sys.stderr)
        return 1
    prepared = prepare(plan.read(CONFIG, SETTINGS))
    with tempfile.TemporaryDirectory() as folder, real_server() as server:
        os.environ |= {
            "MLFLOW_TRACKING_USERNAME": server.admin[0],
            "MLFLOW_TRACKING_PASSWORD": server.admin[1],
        }
        near = Store.open(Path(folder))
        os.environ["HARNESS_STORE"] = server.uri
        far = Store.open()
        pairs = [(seconds(prepared, near), seconds(prepared, far)) for _ in range(PAIRS + 1)][1:]
    on_sqlite, on_server = (statistics.median(times) for times in zip(*pairs, strict=True))
    text = f"""\
| store | seconds, median of {PAIRS} |
|---|---:|
| SQLite | {on_sqlite:.1f} |
| PostgreSQL, accounts, a proxy for files, all on this machine | {on_server:.1f} |

A run of two classifiers. A network between adds its latency times the requests: see
`MAX_REQUESTS` in `tests/tracking/test_real_server.py`."""
    ratio = f"{on_server / on_sqlite:.1f}"
    section.write(
        "Server",
        "python -m experiments.performance.server",
        text,
        {"a run, times that on SQLite": (ratio, f"≤ {AIM:g}")},
    )
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
