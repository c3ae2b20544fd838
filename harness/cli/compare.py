"""LoggedComparison and scores in, tables and sentences on the screen out."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from harness.values.errors import HarnessError

if TYPE_CHECKING:
    from rich.table import Table

    from harness.config.plan import Plan
    from harness.runs.comparison import LoggedComparison
    from harness.runs.suites import Row
    from harness.scoring.comparison import Comparison, Pair
    from harness.scoring.crosstab import CrossTable, Share


WIDTH = 80
MAX_PAIRS = 28
"""More pairs than this are left to the page and the table in the run."""


class FailedSuiteError(HarnessError):
    """Some parts of a suite failed; the others are finished."""


def show_comparison(compared: LoggedComparison) -> None:
    """Print a comparison: runs, pairs, what was found, what limits it, where the rest is."""
    from rich.console import Console

    from harness.scoring.comparison.findings import findings

    comparison = compared.comparison
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
    console.print(f"\n{compared.page}", markup=False, soft_wrap=True)


def runs_table(comparison: Comparison) -> Table:
    """Set the runs one below the other, tie groups apart."""
    from harness.scoring.comparison.findings import shortened

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
    if len(comparison.pairs) <= MAX_PAIRS:
        return list(comparison.pairs)
    rank = {one.name: one.rank for one in comparison.entries}
    near = [pair for pair in comparison.pairs if rank[pair.worse] - rank[pair.better] == 1]
    best = [pair for pair in comparison.pairs if rank[pair.better] == 1 and pair not in near]
    shown = sorted([*near, *best], key=lambda pair: (rank[pair.better], rank[pair.worse]))
    return shown[:MAX_PAIRS] or list(comparison.pairs[:MAX_PAIRS])


def notes(comparison: Comparison) -> list[str]:
    """Return what limits a comparison, what it could have found, and who was left out, in sentences."""
    from harness.scoring.comparison.findings import power

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


def run_suite(path: Path, *, only: str, classifiers: str, output: Path | None, fresh: bool) -> None:
    """Run a suite, show a line as each classifier ends and then its table, write and log the table.

    Raises
    ------
    FailedSuiteError
        Where something failed, after everything else is finished and shown.
    """
    from rich.console import Console

    from harness.runs import suites
    from harness.tracking.store import Store
    from harness.tracking.suites import log_suite

    suite = suites.read(path)
    console = Console(highlight=False, width=WIDTH)
    for entry in suite.entries:
        if entry.absent:
            console.print(f"note: {entry.key} is left out: {entry.absent}", style="yellow", markup=False)
    store = Store.open(say=console.print)
    cells, failed = [], []
    for one in suites.run(suite, store, only=_names(only), classifiers=_names(classifiers), fresh=fresh):
        if isinstance(one, suites.Failure):
            failed.append(f"{one.entry.key}: {one.error}")
        elif one.outcome.error is not None:
            failed.append(f"{one.entry.key}: {one.outcome.classifier.name} failed: {one.outcome.error}")
        else:
            cells.append(one)
            how = "finished earlier" if one.outcome.reused else f"{one.outcome.seconds:.0f} s"
            console.print(f"  {one.entry.key}: {one.outcome.classifier.name} ({how})", markup=False)
    table = suites.rows(suite, cells)
    for key in dict.fromkeys(row.corpus for row in table):
        console.print(suite_table([row for row in table if row.corpus == key]))
    files = {"table.csv": suites.to_csv(table), "table.md": suites.to_markdown(table)}
    folder = output or store.home / "suites" / suite.name
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    ours = [row for row in table if not row.published]
    values = {f"{row.corpus}/{row.classifier}": row.value for row in ours}
    log_suite(store, suite.name, suite.description, files, values)
    console.print(f"{folder / 'table.md'}", markup=False, soft_wrap=True)
    if failed:
        raise FailedSuiteError("\n".join(failed))


def suite_table(rows: list[Row]) -> Table:
    """Set the classifiers of one corpus below each other, with what was published on which items."""
    from harness.runs.suites import table
    from harness.scoring.comparison.findings import shortened

    first = rows[0]
    shown = _table(
        f"{first.corpus}: {first.metric} on {first.items}",
        ["classifier"],
        ["value", "95 % interval", "seed sd", "macro-F1", "floor", "time"],
    )
    for row in (row for row in rows if not row.published):
        shown.add_row(
            shortened(row.classifier),
            table.number(row.value),
            table.interval(row),
            table.number(row.seed_sd),
            table.number(row.f1_macro),
            table.floor(row),
            table.time(row),
        )
    published = [
        f"published: {row.metric} {table.number(row.value)} on {row.items}, {row.classifier}"
        for row in rows
        if row.published
    ]
    shown.caption = "\n".join(published) or None
    shown.caption_justify = "left"
    return shown


def show_crosstab(path: Path, *, group: str, output: Path | None) -> None:
    """Print how each party is framed in a labelled file; write it as CSV where asked."""
    from rich.console import Console

    from harness.articles.frames_by_stance import frames_by_stance
    from harness.scoring.crosstab import as_table

    tables, left_out = frames_by_stance(path, group=group)
    console = Console(highlight=False, width=WIDTH)
    for table in tables:
        console.print(cross_table(table))
        if table.caution:
            console.print(f"{table.caution}\n")
    several = " Some sentences have several frames, so a column adds up to more than its last line."
    console.print(
        textwrap.fill(
            "Shares of all mentions of a party, in percent, with 95 % intervals over articles; they carry the"
            f" errors of the models.{several if any(table.several for table in tables) else ''}",
            WIDTH,
        )
    )
    if left_out:
        console.print(f"{left_out:,} rows were left out because a model abstained.")
    if output is not None:
        as_table(tables).to_csv(output, index=False)


def cross_table(table: CrossTable) -> Table:
    """Set the frames of a party one below the other, its stances side by side."""
    shown = _table(f"{table.party}: {table.n:,} mentions", ["frame"], list(table.stances))
    for frame in table.frames:
        shown.add_row(frame, *(_share(cell.given) for cell in table.row(frame)))
    return shown


def _share(share: Share) -> str:
    if math.isnan(share.low):
        return f"{100 * share.value:.0f}"
    return f"{100 * share.value:.0f} ({100 * share.low:.0f}–{100 * share.high:.0f})"


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def score_table(plan: Plan, path: Path, *, name: str = "") -> None:
    """Score a table of predictions on a config's corpus and split, log it and print the scores."""
    from rich.console import Console

    from harness.evaluation import external
    from harness.evaluation import trial as evaluate
    from harness.runs import experiment
    from harness.tracking.store import Store, last

    prepared = evaluate.prepare(plan)
    called = name or path.stem
    table = external.read(path, prepared, name=called)
    console = Console(highlight=False, width=WIDTH)
    for note in table.notes:
        console.print(textwrap.fill(f"note: {note}", WIDTH), style="yellow", markup=False)
    store = Store.open()
    result = experiment.log_external(prepared, store, table, name=called)
    last.remember(store, plan.name)
    rows = result.scores.rows
    shown = _table(f"{called} in {plan.name}, on test", ["metric"], ["value", "95 % interval", "seed sd"])
    for row in rows[(rows["split"] == "test") & (rows["slice"] == "all")].to_dict("records"):
        interval = _interval(row["low"], row["high"])
        shown.add_row(row["metric"], _number(row["value"]), interval, _number(row["seed_sd"]))
    console.print(shown)
    console.print(f"Compare it: make compare EXPERIMENT={plan.name}")
