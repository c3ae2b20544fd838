"""Something to go through in, the same out, with its progress on standard error.

On a terminal a bar; elsewhere a line every half minute, so that a log shows that work goes on. What is done
within two seconds shows nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")

QUIET = 2.0
"""Seconds without a word."""

PERIOD = 30.0
"""Seconds between two lines where there is no terminal."""

_BARS: list[Progress] = []
"""The display that is open, if any: a loop inside a loop adds its bar to it: a terminal bears one."""


def progress(iterable: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """Hand on every item, and show how far things are.

    Parameters
    ----------
    iterable : iterable
    what : str
        Two or three words: ``"epoch 1/4"``.
    total : int
        Number of items.

    Yields
    ------
    object
        The items, in order.
    """
    if sys.stderr.isatty():
        yield from _bar(iterable, what, total)
    else:
        yield from _lines(iterable, what, total)


def _bar(iterable: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    bars, mine = (_BARS[0], False) if _BARS else (_made(), True)
    if mine:
        _BARS.append(bars)
    began = time.monotonic()
    task = bars.add_task(what, total=total)
    try:
        for item in iterable:
            yield item
            bars.advance(task)
            if not bars.live.is_started and time.monotonic() - began > QUIET:
                bars.start()
    finally:
        bars.remove_task(task)
        if mine:
            bars.stop()
            _BARS.clear()


def _made() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _lines(iterable: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    spoke = began = time.monotonic()
    for done, item in enumerate(iterable, start=1):
        yield item
        now = time.monotonic()
        if now - spoke > PERIOD and done < total:
            spoke = now
            left = (now - began) / done * (total - done)
            sys.stderr.write(f"{what}: {done} of {total}, about {left:.0f} s left\n")
            sys.stderr.flush()
