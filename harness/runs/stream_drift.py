"""Labelled rows with dates in, their weeks with an alarm where the stream changed out: ``harness drift``."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.articles import drift as streams
from harness.articles.drift import Drift
from harness.articles.drift_report import drift_files, plot_drift, write_drift
from harness.values.outputs import claimed, keep_apart

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class WatchedStream:
    """A stream of labels by week, compared with its first weeks.

    Attributes
    ----------
    stream : Drift
    notes : tuple of str
        Whether the alarm went off, where and by what, and what it can tell, a sentence each.
    written : tuple of Path
        Files.
    """

    stream: Drift = field(repr=False)
    notes: tuple[str, ...]
    written: tuple[Path, ...] = ()

    @property
    def alarm(self) -> str:
        """The Monday of the week in which the alarm went off, as an ISO date; empty where it did not."""
        return "" if self.stream.alarm is None else self.stream.alarm.monday

    @property
    def table(self) -> pd.DataFrame:
        """One row a week and covariate: value, low, high, reference, difference, evidence, alarm."""
        import pandas as pd

        return pd.DataFrame(streams.drift_rows(self.stream)).replace("", float("nan")).infer_objects()

    def plot(self) -> bytes:
        """Return a plot of the weeks with the alarm, a PNG image."""
        return plot_drift(self.stream)

    def _repr_html_(self) -> str:
        """Show the plot and the notes in a notebook."""
        image = base64.b64encode(self.plot()).decode("ascii")
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return f'<img alt="Weeks" src="data:image/png;base64,{image}"><ul>{notes}</ul>'


def drift(
    rows: str | Path | pd.DataFrame,
    *,
    reference: int = 8,
    alarm: float = 0.05,
    output: str | Path | None = None,
    raw: bool = False,
) -> WatchedStream:
    """Watch labels week by week, with an alarm where they changed.

    Parameters
    ----------
    rows : path or DataFrame
        Labelled rows: what ``harness read`` or ``harness predict`` wrote, or a table with ``date``,
        ``stance`` or ``label``, and where known ``article`` or ``group``, ``text`` and ``p_<label>``.
    reference : int
        Weeks at the beginning that the others are compared with; 1 or more.
    alarm : float
        Highest probability of an alarm without a change, over the whole stream; in (0, 1).
    output : path, optional
        ``.csv`` for the table of weeks, ``.png`` for a plot; a folder gets both.
    raw : bool
        Whether cells are written as they are, also those that a spreadsheet would compute.

    Returns
    -------
    WatchedStream

    Raises
    ------
    ArticleError
        Where columns are missing, an option is out of range, or there are too few weeks or articles.
    OutputError
        Where a file cannot be written, or another process writes it.

    References
    ----------
    See :mod:`harness.scoring.statistics.change_alarm`.
    """
    source = Path(rows) if isinstance(rows, str | Path) else rows
    path = None if output is None else Path(output)
    files = [] if path is None else list(drift_files(path).values())
    keep_apart(files, [source] if isinstance(source, Path) else [])
    with claimed(path, folder=path is not None and path not in files):
        watched = streams.drift(streams.read_stream(source), reference=reference, alpha=alarm)
        notes = tuple(streams.drift_notes(watched))
        written = () if path is None else tuple(write_drift(watched, path, raw=raw))
    return WatchedStream(watched, notes, written)
