"""Command lines about many corpora, and about what two models labelled, in, calls out: suite and crosstab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer


def suite(
    path: Annotated[
        Path, typer.Argument(help="A YAML file, as configs/suites/public.yaml.", show_default=False)
    ],
    only: Annotated[str, typer.Option(help="Experiments to run, commas between; left out, all.")] = "",
    classifier: Annotated[str, typer.Option(help="Classifiers to run, likewise.")] = "",
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            help="Folder for table.csv and table.md; left out, .harness/suites/NAME.", show_default=False
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Repeat what is finished.")] = False,
) -> None:
    """Run classifiers on many corpora and write one table; finishes what an earlier time left undone."""
    from harness.cli import compare as screen

    screen.run_suite(path, only=only, classifiers=classifier, output=output, fresh=fresh)


def crosstab(
    labelled: Annotated[Path, typer.Argument(help="What predict --frames wrote.", show_default=False)],
    group: Annotated[str, typer.Option(help="Column of the article; left out, the text stands for it.")] = "",
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="A CSV file for all parties.", show_default=False),
    ] = None,
) -> None:
    """Say how each party is framed in a labelled file: frame × stance, with intervals over articles."""
    from harness.cli import compare as screen

    screen.show_crosstab(labelled, group=group, output=output)


def add_to(app: typer.Typer) -> None:
    """Add the verbs to a command line."""
    for verb in (suite, crosstab):
        app.command()(verb)
