"""How often learn-then-test serves nothing, how much it serves, and how often it misses the wanted risk.

    python -m experiments.statistics.abstention

Writes ``abstention.csv`` and a table of the README.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from experiments.statistics.tables import replace_section
from harness.evaluation.decisions.risk_control import RiskRows, learn_then_test
from harness.serving.decisions.abstention_rule import SERVES_NOTHING

RESULTS = Path(__file__).parent / "abstention.csv"
REPEATS = 2000
RISK, CERTAINTY = 0.2, 0.9

SETTINGS = (
    *(("independent rows", groups, 1, level) for groups in (100, 300) for level in (0.9, 1.3)),
    *(("articles of 6", groups, 6, level) for groups in (100, 300) for level in (0.9, 1.3)),
)
"""Name, groups in calibration (as many in validation), rows of a group, mean log-odds of being right."""


def drawn(groups: int, size: int, level: float, informative: bool, stream: np.random.Generator) -> RiskRows:
    """Draw groups whose rows share what makes them hard; uninformed confidence says nothing of the errors."""
    codes = np.repeat(np.arange(groups), size)
    logits = level + 1.2 * stream.normal(size=len(codes)) + 0.8 * stream.normal(size=groups)[codes]
    # The log-odds of 80 % are 1.386: where confidence is uninformed, the risk is met just so.
    right = 1 / (1 + np.exp(-(logits if informative else np.full(len(codes), np.log(0.8 / 0.2)))))
    wrong = (stream.random(len(codes)) > right).astype(np.int64)
    return RiskRows(1 / (1 + np.exp(-logits)), wrong, codes)


def rows() -> Iterator[dict[str, Any]]:
    """Yield a row for each setting, with confidence that is informative and with one that is not."""
    for name, groups, size, level in SETTINGS:
        for informative in (True, False):
            stream = np.random.default_rng(1)
            fresh = drawn(20_000, size, level, informative, stream)
            nothing, missed, coverage = 0, 0, []
            for _ in range(REPEATS):
                parts = (drawn(groups, size, level, informative, stream) for _ in range(2))
                below = learn_then_test(*parts, RISK, CERTAINTY)
                nothing += below >= SERVES_NOTHING
                served = fresh.confidence >= below
                missed += bool(served.any() and fresh.wrong[served].mean() > RISK)
                coverage.append(float(served.mean()))
            yield {
                "rows": name, "groups": groups, "informative": informative,
                "wrong": f"{fresh.wrong.mean():.3f}", "nothing": f"{nothing / REPEATS:.4f}",
                "coverage": f"{np.mean(coverage):.3f}", "missed": f"{missed / REPEATS:.4f}",
                "repeats": REPEATS,
            }  # fmt: skip


def main() -> None:
    """Simulate every setting; write the results and the table."""
    results = list(rows())
    with RESULTS.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(results[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(results)
    replace_section("abstention.py", table(results))


def table(results: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the table of the README."""
    yield "| groups | confidence | wrong in all | serves nothing | labels | misses the risk |"
    yield "|---|---|---:|---:|---:|---:|"
    for row in results:
        confidence = "informative" if row["informative"] else "uninformed"
        shares = [f"{100 * float(row[name]):.1f} %" for name in ("wrong", "nothing", "coverage", "missed")]
        yield f"| {row['groups']} {row['rows']} | {confidence} | {' | '.join(shares)} |"


if __name__ == "__main__":
    main()
