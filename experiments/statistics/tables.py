"""Results of the simulation in, the tables of the README beside them out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- tables: written by simulate.py -->", "<!-- end of tables -->"
SIZED = ("favg_target_mean", "ece_equal_mass")
"""Metrics that are another number on a small test set than on an endless one, whatever the classifier."""


def write(results: pd.DataFrame, path: Path = README) -> None:
    """Put the tables between the marks, in place of those that stood there."""
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    body = "\n".join(_tables(results))
    path.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{after}", encoding="utf-8")


def _tables(results: pd.DataFrame) -> Iterator[str]:
    covered = results[results["question"] == "coverage"]
    plain = covered[~covered["what"].isin(SIZED)]
    for conditions in ("inside", "outside"):
        rows = plain[plain["conditions"] == conditions]
        if len(rows):
            yield f"Coverage of the 95 % interval, {conditions} the conditions, in per cent:\n"
            yield from _coverage(rows)
            yield ""
    sized = covered[covered["what"].isin(SIZED)]
    if len(sized):
        yield "Coverage of the value on endless items, and of the mean over test sets of this size:\n"
        yield from _sized(sized)
        yield ""
    alarms = results[results["question"] == "false positives"]
    if len(alarms):
        yield "Equal runs told apart, in per cent (at most 5 are allowed):\n"
        yield from _alarms(alarms)


def _coverage(rows: pd.DataFrame) -> Iterator[str]:
    yield "| setting | groups | seeds | seed sd / item se | least of the metrics | mean | most | repeats |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for name, own in rows.groupby("setting", sort=False):
        first, shares = own.iloc[0], own["share"]
        ratio = own["seed_sd_to_item_se"].mean()
        yield (
            f"| {name} | {first['clusters']:.0f} | {first['seeds']:.0f}"
            f" | {'–' if pd.isna(ratio) else format(ratio, '.2f')} | {_named(own, shares.idxmin())}"
            f" | {100 * shares.mean():.1f} | {_named(own, shares.idxmax())} | {first['repeats']:,.0f} |"
        )


def _named(rows: pd.DataFrame, place: object) -> str:
    row = rows.loc[place]
    return f"{100 * row['share']:.1f} ({row['what']})"


def _sized(rows: pd.DataFrame) -> Iterator[str]:
    yield "| setting | metric | items | endless | mean at this size | covers endless | covers this size |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for row in rows.to_dict("records"):
        yield (
            f"| {row['setting']} | {row['what']} | {row['items']:.0f} | {row['truth']:.3f}"
            f" | {row['mean']:.3f} | {100 * row['share']:.1f} | {100 * row['share_of_mean']:.1f} |"
        )


def _alarms(rows: pd.DataFrame) -> Iterator[str]:
    tests = list(dict.fromkeys(rows["what"]))
    yield f"| setting | groups | seeds | {' | '.join(tests)} | repeats |"
    yield f"|---|---:|---:|{'---:|' * len(tests)}---:|"
    for name, own in rows.groupby("setting", sort=False):
        shares = dict(zip(own["what"], own["share"], strict=True))
        cells = [f"{100 * shares[test]:.1f}" if test in shares else "–" for test in tests]
        first = own.iloc[0]
        yield (
            f"| {name} | {first['clusters']:.0f} | {first['seeds']:.0f} | {' | '.join(cells)}"
            f" | {first['repeats']:,.0f} |"
        )
