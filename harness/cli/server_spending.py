"""What models ask of servers in; said before the first request, and limited by --budget."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import screen

if TYPE_CHECKING:
    from harness.serving.inference.server_costs import ServerCost


Budget = Annotated[
    float | None,
    typer.Option(
        help="What a language model may cost from now on, in the currency of its prices; what is answered"
        " until then is kept.",
        show_default=False,
    ),
]


def check_budget(budget: float | None) -> None:
    """Refuse a budget that is not above 0.

    Raises
    ------
    BadParameter
    """
    if budget is not None and not budget > 0:
        raise typer.BadParameter(f"should be above 0, got {budget:g}", param_hint="--budget")


def say_cost(cost: ServerCost) -> None:
    """Say on standard error what a model is going to ask, and at what cost."""
    for sentence in cost.describe():
        typer.echo(screen.paragraph(sentence, then="  "), err=True)


@contextmanager
def resumable(output: Path | None) -> Iterator[None]:
    """Add to the error of a budget that is used up how labelling goes on from there.

    Parameters
    ----------
    output : Path or None
        None for standard output, which is written from the start again.

    Raises
    ------
    BudgetError
    """
    from harness.classifiers.remote import BudgetError

    try:
        yield
    except BudgetError as error:
        way = "--budget, which is what may be spent from then on"
        way = f"--resume and another {way}" if output is not None else f"another {way}"
        raise BudgetError(f"{error}: repeat this command with {way}") from error
