"""Findings in, what a person reads of them on a screen out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from harness.values.findings import WORST_FIRST, Finding, Findings

EXPLAINED = ("failed", "warning", "undecided")
"""Verdicts that are shown with their reasons."""


def summary_line(findings: Findings) -> str:
    """Return the audits by verdict, the worst first.

    Examples
    --------
    >>> summary_line([Finding("leaks", "passed", ""), Finding("party_swap", "failed", "")])
    'failed party swap; passed leaks'
    """
    parts = []
    for verdict in WORST_FIRST:
        names = [words(finding) for finding in findings if finding.verdict == verdict]
        if names:
            parts.append(f"{verdict} {', '.join(names)}")
    return "; ".join(parts)


def render_findings(findings: Findings, *, width: int, everything: bool = False) -> Iterator[str]:
    """Yield a paragraph of each audit that failed, warns or is undecided, and then the other audits' names.

    Parameters
    ----------
    findings : sequence of Finding
    width : int
        Characters a line.
    everything : bool
        Show the reasons of those that passed, or do not apply, too.
    """
    explained = [
        finding
        for verdict in WORST_FIRST
        for finding in findings
        if finding.verdict == verdict and (everything or verdict in EXPLAINED)
    ]
    for finding in explained:
        text = f"{finding.verdict}: {words(finding)}. {finding.sentence}"
        yield textwrap.fill(text, width, initial_indent="  ", subsequent_indent="    ")
    rest = [finding for finding in findings if finding not in explained]
    if rest:
        yield textwrap.fill(summary_line(rest), width, initial_indent="  ", subsequent_indent="    ")


def words(finding: Finding) -> str:
    """Return the name of an audit as words."""
    return finding.audit.replace("_", " ")
