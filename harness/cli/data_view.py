"""The verb init; and what ``validate`` shows of the corpus that a config names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import screen
from harness.cli.cautions import too_few_test_rows
from harness.cli.reporting import Report
from harness.values.commands import command_line
from harness.values.errors import ConfigError, Problem, SplitError, UnavailableError
from harness.values.formatting import counted
from harness.values.outputs import claimed, keep_apart, write_text

if TYPE_CHECKING:
    from harness.classifiers.remote import Estimate
    from harness.config.plan import Plan


def init(
    data: Annotated[
        Path,
        typer.Argument(help="CSV, TSV, JSONL (also .gz), Parquet or Excel.", show_default=False),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The YAML file. Default: NAME.yaml in this folder.", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the YAML file.")] = False,
) -> Report:
    """Write a config for a file of labelled sentences.

    What the file holds is guessed; a comment explains each guess.
    """
    from harness.config.starter import starter_config

    path = output if output is not None else Path(f"{data.name.split('.')[0]}.yaml")
    keep_apart([path], [data])
    if path.exists() and not force:
        raise ConfigError([Problem(str(path), "exists already", "name another with -o, or use --force")])
    with claimed(path):
        write_text(path, starter_config(data, path))
    typer.echo(f"{path} is written: read its comments, which say what was guessed and why.")
    typer.echo(f"Next: {command_line('validate', str(path))}")
    return {"config": path}


def data_lines(plan: Plan) -> list[str]:
    """Return what was seen in the corpus of a plan, for the screen, and what its servers lack.

    A corpus of a factory of the user's own is not looked at.

    Raises
    ------
    CorpusError
        With everything that is wrong with the files.
    ConfigError
        Where the split cannot be drawn, or a setting has no effect on these files.
    """
    from harness.evaluation.estimates import obstacles

    lacking = [f"caution: {name} cannot be asked from here: {reason}" for name, reason in obstacles(plan)]
    return [*_corpus_lines(plan), *map(_line, lacking)]


def _corpus_lines(plan: Plan) -> list[str]:
    from harness.audits.audit_estimates import audit_estimates
    from harness.config.data_check import describe_data, is_readable
    from harness.evaluation.decisions.guarantee_check import guarantee_notes
    from harness.evaluation.estimates import estimates
    from harness.evaluation.prepared import prepare
    from harness.evaluation.reader_notes import memory_notes

    if not is_readable(plan):
        return []
    try:
        prepared = prepare(plan)
    except UnavailableError as error:
        # Offline this says nothing against the config.
        return [_line(f"the corpus could not be looked at: {problem}") for problem in error.problems]
    except SplitError as error:
        raise ConfigError([Problem("split", str(error))]) from error
    first = prepared.splits[0]
    parts = ", ".join(f"{part} {len(first.part(part)):,}" for part in first.shown_parts)
    folds = f" (first of {counted(len(prepared.splits), 'fold')})" if len(prepared.splits) > 1 else ""
    lines = [*describe_data(plan, prepared.corpus), f"will be divided into: {parts}{folds}"]
    audits = dict(audit_estimates(prepared))
    lines += [
        line for name, estimate in estimates(prepared) for line in _asked(name, estimate, audits.get(name))
    ]
    notes = [f"note: {note}" for note in (*prepared.info.split.notes, *guarantee_notes(prepared))]
    notes += [f"note: {prepared.info.budgets}"] if prepared.info.budgets else []
    limits = (*prepared.language_notes, *memory_notes(prepared), too_few_test_rows(prepared))
    cautions = [text for text in limits if text]
    return [_line(line) for line in [*lines, *notes, *(f"caution: {text}" for text in cautions)]]


def _asked(name: str, scored: Estimate, audits: Estimate | None) -> Iterator[str]:
    """Say what a classifier will ask of its server, its audits included."""
    whole = scored if audits is None else scored + audits
    yield f"{name} sends at most {whole.describe()}"
    if audits is not None:
        yield f"of these, its audits {audits.describe()}; `audits: []` leaves them out"


def _line(text: str) -> str:
    return screen.paragraph(text, first="  ", then="    ")


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(init)
