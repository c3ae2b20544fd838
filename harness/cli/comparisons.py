"""The verbs compare and score; and a comparison on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import screen
from harness.cli.experiments import Sets
from harness.cli.reporting import Report
from harness.values.commands import command_line
from harness.values.formatting import counted, interval, needed_items, number, p_value, percent

if TYPE_CHECKING:
    from rich.table import Table

    from harness.runs.comparison import ComparedRuns
    from harness.scoring.comparison import Comparison, Pair

# 8 · 7 / 2: all pairs of eight runs.
MAX_PAIRS = 28
"""More pairs than this are left to the page and the table in the run."""


def compare(
    experiment: Annotated[
        str,
        typer.Option(
            "--experiment", "-e", help="Experiments, separated by commas. Default: the one that was run last."
        ),
    ] = "",
    metric: Annotated[
        str,
        typer.Option(help="f1_macro, f1_critical, brier, … Default: the primary metric of the experiments."),
    ] = "",
    detect: Annotated[
        float | None,
        typer.Option(help="A difference: on how many items would it be found?", min=1e-6, show_default=False),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help="A loss that is accepted: which runs are shown to be no worse than others by more?",
            min=1e-6,
            show_default=False,
        ),
    ] = None,
) -> Report:
    """Compare classifiers with paired tests; log the comparison."""
    from harness.runs import comparison

    compared = comparison.compare(*screen.names(experiment), metric=metric)
    show_comparison(compared)
    answers = {
        "items_to_detect": () if detect is None else compared.items_to_detect(detect),
        "no_worse": () if margin is None else compared.no_worse(margin),
    }
    for sentences in answers.values():
        screen.sentences(sentences)
    result = compared.comparison
    return {
        "metric": result.metric,
        "split": result.split,
        "n_items": result.n_items,
        "runs": compared.table,
        "pairs": compared.pairs,
        "ties": compared.ties,
        **answers,
        "findings": compared.findings,
        "limitations": notes(result),
        "run_id": compared.run_id,
        "page": compared.page,
    }


def score(
    table: Annotated[
        Path,
        typer.Argument(
            help="A CSV with the columns id and prediction; optional: seed and a probability p_LABEL for each"
            " label.",
            show_default=False,
        ),
    ],
    config: Annotated[
        Path, typer.Option(help="The config with the corpus and split to score on.", show_default=False)
    ],
    name: Annotated[str, typer.Option(help="Name of the run. Default: that of the file.")] = "",
    set_: Sets = None,
) -> Report:
    """Score external predictions; log them as a run."""
    from harness.runs import external

    scored = external.score(table, config=config, set=set_ or (), name=name)
    console = screen.console()
    for note in scored.notes:
        console.print(screen.paragraph(f"note: {note}"), style="yellow", markup=False)
    rows = scored.scores
    headings = ["value", "95 % interval", "seed sd"]
    shown = screen.table(f"{scored.name} in {scored.experiment}, on test", ["metric"], headings)
    for row in rows[(rows["split"] == "test") & (rows["slice"] == "all")].to_dict("records"):
        shown.add_row(
            row["metric"],
            number(row["value"]),
            interval(row["low"], row["high"]),
            number(row["seed_sd"]),
        )
    console.print(shown)
    next_line = command_line("compare", experiment=scored.experiment)
    console.print(f"Compare it: {next_line}", markup=False, soft_wrap=True)
    return {
        "name": scored.name,
        "experiment": scored.experiment,
        "scores": scored.scores,
        "findings": scored.findings,
        "notes": scored.notes,
    }


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (compare, score):
        app.command()(verb)


def show_comparison(compared: ComparedRuns) -> None:
    """Print a comparison: runs, pairs, what was found, what limits it, and where the rest is."""
    from harness.reports.comparison_reasons import reason_sentences
    from harness.scoring.comparison.conclusions import TIES, conclusions

    comparison = compared.comparison
    console = screen.console()
    console.print(runs_table(comparison))
    console.print(f"tie: {TIES}\n")
    pairs = shown_pairs(comparison)
    console.print(pairs_table(comparison, pairs))
    console.print(
        f"* established: p, corrected for {counted(len(comparison.pairs), 'comparison')}, is at most 0.05.\n"
        "check: p by randomization, uncorrected. better: in which share of the resamples.\n"
        "needed: on fewer items no such difference can show; seeds: only more seeds can.\n"
    )
    if len(pairs) < len(comparison.pairs):
        console.print(f"{len(comparison.pairs) - len(pairs)} more pairs are in pairs.csv of the run.\n")
    screen.sentences((*conclusions(comparison), *notes(comparison)))
    reasons = reason_sentences(compared.reasons)
    if reasons:
        pair = compared.reasons.disagreements[0]
        console.print(f"\nWhy {pair.better} and {pair.worse} differ:", markup=False)
        screen.sentences(reasons)
    if compared.page:
        # Unwrapped, so that it can be copied.
        console.print(
            f"\nIn full, with a link to each report:\n{compared.page}", markup=False, soft_wrap=True
        )


def runs_table(comparison: Comparison) -> Table:
    """Set the runs one below the other, tie groups apart."""
    from harness.scoring.comparison.conclusions import MAX_NAME_LETTERS, shortened

    groups = (
        ""
        if comparison.n_clusters == comparison.n_items
        else f" in {counted(comparison.n_clusters, 'group')}"
    )
    title = f"{comparison.metric} on {comparison.n_items:,} {comparison.split} items{groups}"
    table = screen.table(title, ["#", "run"], ["score", "95 % interval", "seed sd", "item se", "tie"])
    for run in comparison.runs:
        table.add_row(
            str(run.rank),
            shortened(run.name, screen.room(MAX_NAME_LETTERS)),
            number(run.value),
            interval(run.low, run.high),
            number(run.seed_sd),
            number(run.item_se),
            run.tie,
        )
    return table


def pairs_table(comparison: Comparison, pairs: list[Pair]) -> Table:
    """Set pairs one below the other, named by the ranks of their runs."""
    mcnemar = "McNemar" not in comparison.omitted_tests
    headings = ["diff.", "95 % interval", "p", "check", *(["McNemar"] if mcnemar else [])]
    table = screen.table("", ["pair"], [*headings, "better", "needed"])
    rank = {run.name: run.rank for run in comparison.runs}
    for pair in pairs:
        difference = pair.difference
        table.add_row(
            # Ranks: two names would leave the numbers no room in eighty characters.
            f"{rank[pair.better]}–{rank[pair.worse]}{' *' if pair.separable else ''}",
            number(difference.value, signed=True),
            interval(difference.low, difference.high),
            p_value(pair.holm, less="<"),
            p_value(pair.randomization, less="<"),
            # One test for each pair of seeds: the least significant of them counts.
            *([p_value(max(pair.mcnemar), less="<")] if mcnemar else []),
            percent(pair.probability),
            needed_items(pair.needed_at_least, pair.difference.value),
        )
    return table


def shown_pairs(comparison: Comparison) -> list[Pair]:
    """Return the pairs that a screen has room for: all, or those with the best run and of neighbours."""
    if len(comparison.pairs) <= MAX_PAIRS:
        return list(comparison.pairs)
    rank = {run.name: run.rank for run in comparison.runs}
    near = [pair for pair in comparison.pairs if rank[pair.worse] - rank[pair.better] == 1]
    best = [pair for pair in comparison.pairs if rank[pair.better] == 1 and pair not in near]
    shown = sorted([*near, *best], key=lambda pair: (rank[pair.better], rank[pair.worse]))
    return shown[:MAX_PAIRS] or list(comparison.pairs[:MAX_PAIRS])


def notes(comparison: Comparison) -> list[str]:
    """Return what limits a comparison, what it could have found, and who was left out, in sentences."""
    from harness.scoring.comparison.conclusions import power

    omitted = [
        f"{name[:1].upper()}{name[1:]} is left out: {why}." for name, why in comparison.omitted_tests.items()
    ]
    refused = [f"{name} was left out: {why}." for name, why in comparison.refused.items()]
    about = [comparison.question, *filter(None, [comparison.fitted_sentence])]
    return [*power(comparison), *about, *omitted, *comparison.limitations, *refused]
