"""Readings in; shares of stances, corrected by gold or by a model's errors, out: ``harness shares``."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.articles.gold_sample import read_gold
from harness.articles.quantified_shares import by_errors
from harness.articles.readings_table import load_readings
from harness.articles.share_differences import share_differences
from harness.articles.share_plots import largest, plot_shares
from harness.articles.share_report import (
    ShareReport,
    difference_rows,
    print_shares,
    report_files,
    share_rows,
    write_report,
)
from harness.articles.shares import BY, limitations, share_table
from harness.articles.tested_models import read_model
from harness.values.errors import ConfigError, Problem
from harness.values.outputs import claimed, keep_apart

if TYPE_CHECKING:
    import pandas as pd

    from harness.articles.readings_table import Rows


@dataclass(frozen=True)
class EstimatedShares:
    """Shares of stances by group, with what a reader should know of them.

    Attributes
    ----------
    report : ShareReport
    written : tuple of Path
        Tables and page.
    """

    report: ShareReport = field(repr=False)
    written: tuple[Path, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a group, voice and stance: the columns of ``shares.csv``, NaN for what is unknown."""
        return _frame(share_rows(self.report.shares))

    @property
    def differences(self) -> pd.DataFrame:
        """One row a difference: the columns of ``differences.csv``; empty where none was asked for."""
        return _frame(difference_rows(self.report.differences))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the shares rest on, a sentence each."""
        return tuple(self.report.notes)

    def plot(self, target: str = "") -> bytes:
        """Return the plot of a party by week or outlet, a PNG image.

        Parameters
        ----------
        target : str
            Left out, the party with most rows.

        Raises
        ------
        ConfigError
            Where there is no such party.
        """
        parties = largest(self.report.shares, "target", len(self.report.shares))
        name = target or parties[0]
        if name not in parties:
            raise ConfigError([Problem("target", f"there is no party {name!r}", ", ".join(parties[:5]))])
        shares = [share for share in self.report.shares if share.group.get("target", "") == name]
        return plot_shares(shares, name or "all parties")

    def show(self) -> None:
        """Print the shares of the largest groups, their differences, notes and the files written."""
        print_shares(self.report, self.written)

    def _repr_html_(self) -> str:
        """Show the plot of the largest party, the table and the notes in a notebook."""
        image = base64.b64encode(self.plot()).decode("ascii")
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        # pandas escapes the names of parties.
        table = self.table.to_html(index=False, border=0, na_rep="")
        return f'<img alt="Shares" src="data:image/png;base64,{image}"><ul>{notes}</ul>{table}'


def _frame(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    import pandas as pd

    # Groups keep their empty names: rows without a date, an outlet.
    frame = pd.DataFrame(list(rows))
    unknown = [name for name in frame.columns if name not in BY]
    filled = {name: frame[name].replace("", float("nan")).infer_objects() for name in unknown}
    return frame.assign(**filled)


def shares(
    readings: str | Path | pd.DataFrame,
    *,
    gold: str | Path | None = None,
    tested: str | Path | pd.DataFrame | None = None,
    quantify: str = "acc",
    by: Sequence[str] = ("target", "outlet", "week"),
    compare: str | None = None,
    half_width: float | None = None,
    output: str | Path | None = None,
    raw: bool = False,
) -> EstimatedShares:
    """Estimate shares of critical, neutral and supportive sentences by group.

    Parameters
    ----------
    readings : path or DataFrame
        What ``harness read`` wrote, or the ``rows`` of :func:`harness.read`.
    gold : path, optional
        The sample of ``harness sample``, labelled: shares are corrected by it. Left out, they are naive.
    tested : str, path or DataFrame, optional
        Of the model that labelled the readings: its predictions on labelled rows,
        ``models:/stance@champion``, ``runs:/<id>``, an experiment with one classifier, or
        ``EXPERIMENT/CLASSIFIER``. Shares are corrected by its errors there.
    quantify : {"acc", "emq"}
        With ``tested``: adjusted counts, or expectation maximisation on probabilities.
    by : sequence of {"target", "outlet", "week"}
        What makes a group.
    compare : {"target", "outlet", "week"}, optional
        With gold: differences between the values of this column.
    half_width : float, optional
        Half the length that intervals should have, in (0, .5): how many labels that needs.
    output : path, optional
        Folder for tables and a page with plots.
    raw : bool
        Whether cells are written as they are, also those that a spreadsheet would compute.

    Returns
    -------
    EstimatedShares

    Raises
    ------
    ArticleError
        Where a table or an option cannot be used.
    ConfigError
        Where both ``gold`` and ``tested`` are given.
    OutputError
        Where a file cannot be written, or another process writes into the folder.
    """
    source = Path(readings) if isinstance(readings, str | Path) else readings
    sample_path = None if gold is None else Path(gold)
    folder = None if output is None else Path(output)
    if folder is not None:
        inputs = [source, sample_path, Path(tested) if isinstance(tested, str | Path) else None]
        named = [path for path in inputs if isinstance(path, Path) and path.exists()]
        keep_apart([folder, *report_files(folder)], named)
    if gold is not None and tested is not None:
        what = "corrects shares, and --gold does too"
        raise ConfigError([Problem("--tested", what, "gold needs no supposition: leave --tested out")])
    with claimed(folder, folder=True):
        options = (quantify, tuple(by), compare, half_width)
        report = _report(source, sample_path, tested, options)
        written = tuple(write_report(report, folder, raw=raw)) if folder is not None else ()
    return EstimatedShares(report, written)


def _report(
    source: Rows,
    gold: Path | None,
    tested: str | Rows | None,
    options: tuple[str, tuple[str, ...], str | None, float | None],
) -> ShareReport:
    quantify, by, compare, half_width = options
    readings = load_readings(source)
    sample = read_gold(gold, readings) if gold is not None else None
    table = share_table(readings, sample, by=by, half_width=half_width)
    differences = share_differences(table, compare) if compare is not None else []
    notes = limitations(table.shares, sample)
    if tested is not None:
        table, notes = by_errors(table, readings, source, read_model(tested), quantify)
    return ShareReport(table.shares, (*notes, *readings.notes), differences, compare, half_width)
