"""What came of reading, or shares, in, a short summary on the screen out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.articles.running import Outcome
from harness.articles.shares import Share
from harness.articles.summary import VOICES, Tally
from harness.values.formatting import MISSING, interval, number
from harness.values.labels import STANCES

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 80
MAX_PARTIES = 15
MAX_PROBLEMS = 5
MAX_GROUPS = 4


def show(outcome: Outcome) -> None:
    """Print counts by party, own voice and quoted apart, what could not be read, and where the rest is."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=WIDTH)
    articles = f"{outcome.articles:,} article" + ("" if outcome.articles == 1 else "s")
    table = Table(box=None, pad_edge=False)
    table.add_column("party", no_wrap=True, max_width=24)
    for voice in VOICES:
        table.add_column(voice, no_wrap=True)
    table.add_column("unsure", justify="right")
    parties = list(outcome.tallies.items())
    for name, counts in parties[:MAX_PARTIES]:
        table.add_row(_plain(name), *(_counts(counts, voice) for voice in VOICES), str(counts.unsure or "–"))
    if parties:
        rows = f"{outcome.rows:,} row" + ("" if outcome.rows == 1 else "s")
        console.print(f"{articles}, {rows} (a party in a sentence)", style="italic")
        console.print(table)
        console.print(
            "critical / neutral / supportive sentences; unsure mentions are not counted.", style="dim"
        )
    else:
        console.print(f"{articles}: no sentence names a party of the registry.")
    if len(parties) > MAX_PARTIES:
        console.print(f"{len(parties) - MAX_PARTIES} more parties are in the tables and pages.")
    for line in (*outcome.unread[:MAX_PROBLEMS], *outcome.notes):
        console.print(f"note: {line}", style="yellow", markup=False)
    if len(outcome.unread) > MAX_PROBLEMS:
        console.print(f"note: {len(outcome.unread) - MAX_PROBLEMS} more could not be read", style="yellow")
    for path in outcome.written:
        console.print(str(path), markup=False, soft_wrap=True)


def _plain(text: str) -> str:
    """Keep what looks like markup, or steers a terminal, from being obeyed."""
    from rich.markup import escape

    return escape("".join(one if one.isprintable() else "�" for one in text))


def _counts(counts: Tally, voice: str) -> str:
    found: Counter[str] = counts.stances[voice]
    if not found:
        return "–"
    if set(found) == {""}:
        return str(found[""])
    names = [name for name in STANCES if name in found or len(found) > 1 or set(found) <= set(STANCES)]
    others = [f"{name} {n}" for name, n in found.items() if name not in STANCES]
    return " / ".join([*(str(found[name]) for name in names), *others])


def show_shares(shares: Sequence[Share], notes: Sequence[str], written: Sequence[Path]) -> None:
    """Print the shares of the largest groups, naive and corrected."""
    from rich.console import Console

    console = Console(highlight=False, width=WIDTH)
    groups: dict[tuple[str, ...], list[Share]] = {}
    for one in shares:
        groups.setdefault(tuple(one.group.values()), []).append(one)
    sizes = {key: sum(one.n for one in group) for key, group in groups.items()}
    for key in sorted(groups, key=lambda key: -sizes[key])[:MAX_GROUPS]:
        console.print(_plain(", ".join(value for value in key if value)), style="bold", soft_wrap=True)
        console.print(_group(groups[key]))
    if len(groups) > MAX_GROUPS:
        console.print(f"{len(groups) - MAX_GROUPS:,} more groups are in the table.")
    for line in notes:
        console.print(f"note: {line}", style="yellow", markup=False)
    for path in written:
        console.print(str(path), markup=False, soft_wrap=True)


def _group(shares: Sequence[Share]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("voice", "stance"):
        table.add_column(heading, no_wrap=True, min_width=10)
    for heading in ("rows", "labelled", "naive", "corrected", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=len(heading))
    before = ""
    for one in shares:
        if one.n:
            found, first = one.corrected, one.voice != before
            known = not math.isnan(found.value)
            table.add_row(
                one.voice if first else "",
                _plain(one.label),
                f"{one.n:,}" if first else "",
                f"{one.n_gold:,}" if first else "",
                number(one.naive.value),
                number(found.value),
                interval(found.low, found.high, between="–") if known else MISSING,
            )
            before = one.voice
    return table
