"""Standings and scores in, tables and sentences on the screen out."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from harness.compare import Comparison, Pair
    from harness.plan import Plan
    from harness.standings import Standings

WIDTH = 80
MOST_PAIRS = 28
"""More pairs than this are left to the page and the table in the run."""


def show_standings(standings: Standings) -> None:
    """Print a comparison: runs, pairs, what was found, what limits it, where the rest is."""
    from rich.console import Console

    from harness.compare.findings import findings

    comparison = standings.comparison
    # The tables are made for a terminal of this width; a wider one would only pull them apart.
    console = Console(highlight=False, width=WIDTH)
    console.print(runs_table(comparison))
    console.print("ties: runs with one letter cannot be told from the best of that letter.\n")
    pairs = shown_pairs(comparison)
    console.print(pairs_table(comparison, pairs))
    console.print(
        f"* established: p, corrected for {len(comparison.pairs)} comparisons, is at most 0.05.\n"
        "check: p by randomization, uncorrected. better: in which share of the resamples.\n"
        "needed: items that would show a difference of this size; seeds where none would.\n"
    )
    if len(pairs) < len(comparison.pairs):
        console.print(f"{len(comparison.pairs) - len(pairs)} more pairs are in pairs.csv of the run.\n")
    for sentence in (*findings(comparison), *notes(comparison)):
        console.print(
            textwrap.fill(sentence, WIDTH, initial_indent="- ", subsequent_indent="  "), markup=False
        )
    console.print(f"\n{standings.page}", markup=False, soft_wrap=True)


def runs_table(comparison: Comparison) -> Table:
    """Set the runs one below the other, tie groups apart."""
    from harness.compare.findings import shortened

    groups = "" if comparison.n_clusters == comparison.n_items else f" in {comparison.n_clusters:,} groups"
    title = f"{comparison.metric} on {comparison.n_items:,} {comparison.split} items{groups}"
    table = _table(title, ["#", "run"], ["score", "95 % interval", "seed sd", "item se", "ties"])
    for one in comparison.entries:
        table.add_row(
            str(one.rank),
            shortened(one.name),
            _number(one.value),
            _interval(one.low, one.high),
            _number(one.seed_sd),
            _number(one.item_se),
            chr(ord("a") + one.group - 1) if one.group <= 26 else str(one.group),
        )
    return table


def pairs_table(comparison: Comparison, pairs: list[Pair]) -> Table:
    """Set pairs one below the other, named by the ranks of their runs."""
    mcnemar = "McNemar" not in comparison.without
    headings = ["diff.", "95 % interval", "p", "check", *(["McNemar"] if mcnemar else [])]
    table = _table("", ["pair"], [*headings, "better", "needed"])
    rank = {one.name: one.rank for one in comparison.entries}
    for pair in pairs:
        found = pair.difference
        table.add_row(
            f"{rank[pair.better]}–{rank[pair.worse]}{' *' if pair.separable else ''}",
            f"{found.value:+.3f}",
            _interval(found.low, found.high),
            _p(pair.holm),
            _p(pair.randomization),
            *([_p(max(pair.mcnemar))] if mcnemar else []),
            "–" if math.isnan(pair.probability) else f"{pair.probability:.0%}",
            _items(pair),
        )
    return table


def shown_pairs(comparison: Comparison) -> list[Pair]:
    """Return the pairs that a screen has room for: all, or those with the best run and of neighbours."""
    if len(comparison.pairs) <= MOST_PAIRS:
        return list(comparison.pairs)
    rank = {one.name: one.rank for one in comparison.entries}
    near = [pair for pair in comparison.pairs if rank[pair.worse] - rank[pair.better] == 1]
    best = [pair for pair in comparison.pairs if rank[pair.better] == 1 and pair not in near]
    shown = sorted([*near, *best], key=lambda pair: (rank[pair.better], rank[pair.worse]))
    return shown[:MOST_PAIRS] or list(comparison.pairs[:MOST_PAIRS])


def notes(comparison: Comparison) -> list[str]:
    """Return what limits a comparison, what it could have found, and who was left out, in sentences."""
    from harness.compare.findings import power

    without = [
        f"{name[:1].upper()}{name[1:]} is left out: {why}." for name, why in comparison.without.items()
    ]
    refused = [f"{name} was left out: {why}." for name, why in comparison.refused.items()]
    return [*power(comparison), *without, *comparison.cautions, *refused]


def _table(title: str, left: list[str], right: list[str]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        title=title or None,
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title_justify="left",
    )
    for heading in left:
        table.add_column(heading, no_wrap=True)
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _interval(low: float, high: float) -> str:
    return "–" if math.isnan(low) else f"{low:.3f} to {high:.3f}"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _p(value: float) -> str:
    if math.isnan(value):
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _items(pair: Pair) -> str:
    if math.isnan(pair.needed) or pair.difference.value == 0:
        return "–"
    return "seeds" if math.isinf(pair.needed) else f"{pair.needed:,.0f}"


def score_table(plan: Plan, path: Path, *, name: str = "") -> None:
    """Score a table of predictions on a config's corpus and split, log it and print the scores."""
    from rich.console import Console

    from harness import evaluate, experiment, outside
    from harness.store import Store, last

    prepared = evaluate.prepare(plan)
    called = name or path.stem
    table = outside.read(path, prepared, name=called)
    console = Console(highlight=False, width=WIDTH)
    for note in table.notes:
        console.print(textwrap.fill(f"note: {note}", WIDTH), style="yellow", markup=False)
    store = Store.open()
    result = experiment.take_in(prepared, store, table, name=called)
    last.remember(store, plan.name)
    rows = result.scores.rows
    shown = _table(f"{called} in {plan.name}, on test", ["metric"], ["value", "95 % interval", "seed sd"])
    for row in rows[(rows["split"] == "test") & (rows["slice"] == "all")].to_dict("records"):
        interval = _interval(row["low"], row["high"])
        shown.add_row(row["metric"], _number(row["value"]), interval, _number(row["seed_sd"]))
    console.print(shown)
    console.print(f"Compare it: make compare EXPERIMENT={plan.name}")
