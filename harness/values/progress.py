"""Something to loop over in, the same out, with its progress shown to the person who waits.

On a terminal a bar of rich; in a notebook a bar of tqdm; elsewhere (a log, a pipe, a batch job) a line every
half minute, so that a long training is seen to be alive. What takes less than two seconds shows nothing.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from harness.values.errors import ConfigError, Problem

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")

Display = Literal["auto", "bar", "notebook", "lines", "off"]

VARIABLE = "HARNESS_PROGRESS"
"""Environment variable that holds a :data:`Display` for the whole process."""

DELAY = 2.0
"""Seconds before a bar appears: what is done sooner needs none, and would flicker."""

LINE_INTERVAL = 30.0
"""Seconds between two lines of a log."""

_chosen: ContextVar[Display | None] = ContextVar("display of progress", default=None)

_open_displays: list[Progress] = []
"""The rich display that is open, if any. A terminal holds one; a loop inside a loop adds its bar to it."""


def progress(iterable: Iterable[Item], what: str, total: int, unit: str) -> Iterator[Item]:
    """Yield every item, and show how many are done.

    Parameters
    ----------
    iterable : iterable
    what : str
        Two or three words: ``"epoch 1/4"``.
    total : int
        Number of items.
    unit : str
        What is counted, in the plural: ``"batches"``.

    Yields
    ------
    object
        The items, in order.

    Raises
    ------
    ConfigError
        Where :data:`VARIABLE` holds something else than a :data:`Display`.
    """
    display = current_display()
    if display == "bar":
        yield from _terminal_bar(iterable, what, total, unit)
    elif display == "notebook":
        yield from _notebook_bar(iterable, what, total, unit)
    elif display == "lines":
        yield from _lines(iterable, what, total, unit)
    else:
        yield from iterable


@contextmanager
def progress_as(display: Display) -> Iterator[None]:
    """Show progress in another way inside a ``with`` block: ``progress_as("off")`` shows none.

    Parameters
    ----------
    display : {"auto", "bar", "notebook", "lines", "off"}
        ``auto``: a bar on a terminal and in a notebook, and a line every half minute elsewhere.
    """
    # A context variable, not a global: two threads may show progress in two ways.
    token = _chosen.set(display)
    try:
        yield
    finally:
        _chosen.reset(token)


def notifier() -> Callable[[str], None]:
    """Return a function that shows a line to the person who waits, from any thread; none where it is off.

    How progress is shown is read here, in the thread that began the work: others do not know of it.

    Raises
    ------
    ConfigError
        As :func:`current_display`.
    """
    if current_display() == "off":
        return lambda _: None

    def show(line: str) -> None:
        # While a bar is open, rich stands behind this name and writes above the bar.
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    return show


def current_display() -> Display:
    """Return how progress is shown here and now; never ``"auto"``.

    Raises
    ------
    ConfigError
        Where :data:`VARIABLE` holds something else than a :data:`Display`.
    """
    display = _chosen.get() or os.environ.get(VARIABLE) or "auto"
    if display not in get_args(Display):
        what = f"should be one of {', '.join(get_args(Display))}, got {display!r}"
        raise ConfigError([Problem(VARIABLE, what)])
    if display != "auto":
        return display  # type: ignore[return-value]
    if _in_notebook():
        return "notebook"
    return "bar" if sys.stderr.isatty() else "lines"


def _in_notebook() -> bool:
    """Whether the code runs in an IPython kernel."""
    # A kernel has loaded IPython already; elsewhere it is not imported just to find out.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config


def _notebook_bar(iterable: Iterable[Item], what: str, total: int, unit: str) -> Iterator[Item]:
    with warnings.catch_warnings():
        # Without ipywidgets tqdm warns, and draws its bar with characters: that will do.
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm

        bar: Any = tqdm(iterable, desc=what, total=total, unit=f" {unit}", leave=False, delay=DELAY)
    yield from bar


def _terminal_bar(iterable: Iterable[Item], what: str, total: int, unit: str) -> Iterator[Item]:
    display, is_outermost = (_open_displays[0], False) if _open_displays else (_new_display(), True)
    if is_outermost:
        _open_displays.append(display)
    start = time.monotonic()
    task = display.add_task(what, total=total, unit=unit)
    try:
        for item in iterable:
            yield item
            # Counted when the next item is asked for: until then the loop is still working on this one.
            display.advance(task)
            # Started late, and by whichever loop first takes long.
            if not display.live.is_started and time.monotonic() - start > DELAY:
                display.start()
    finally:
        # After a break or an error, too: a display that stays open keeps the terminal's cursor hidden.
        display.remove_task(task)
        if is_outermost:
            display.stop()
            _open_displays.clear()


def _new_display() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    counted = (MofNCompleteColumn(), TextColumn("{task.fields[unit]}"))
    columns = (TextColumn("{task.description}"), BarColumn(), *counted, TimeRemainingColumn())
    # On stderr, since the output of a verb may be piped into a file.
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _lines(iterable: Iterable[Item], what: str, total: int, unit: str) -> Iterator[Item]:
    last_line = start = time.monotonic()
    for done, item in enumerate(iterable, start=1):
        yield item
        now = time.monotonic()
        if now - last_line > LINE_INTERVAL and done < total:
            last_line = now
            seconds_left = (now - start) / done * (total - done)
            sys.stderr.write(f"{what}: {done} of {total} {unit}, about {seconds_left:.0f} s left\n")
            sys.stderr.flush()
