"""Findings in, what a person reads of them on a screen out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from harness.values.findings import WORST_FIRST, Finding, Findings

OPEN = ("failed", "warning")
"""Verdicts that a person has to know the reasons of."""


def in_short(findings: Findings) -> str:
    """Return the audits by verdict, the worst first.

    Examples
    --------
    >>> in_short([Finding("leaks", "passed", ""), Finding("party_swap", "failed", "")])
    'failed party swap; passed leaks'
    """
    parts = []
    for verdict in WORST_FIRST:
        names = [words(one) for one in findings if one.verdict == verdict]
        if names:
            parts.append(f"{verdict} {', '.join(names)}")
    return "; ".join(parts)


def told(findings: Findings, *, width: int, everything: bool = False) -> Iterator[str]:
    """Yield what failed and what warns, a paragraph each with its reason, and then the other audits' names.

    Parameters
    ----------
    findings : sequence of Finding
    width : int
        Characters a line.
    everything : bool
        Tell of those that passed, or do not apply, in the same way.
    """
    shown = [
        one
        for verdict in WORST_FIRST
        for one in findings
        if one.verdict == verdict and (everything or verdict in OPEN)
    ]
    for one in shown:
        text = f"{one.verdict}: {words(one)}. {one.sentence}"
        yield textwrap.fill(text, width, initial_indent="  ", subsequent_indent="    ")
    rest = [one for one in findings if one not in shown]
    if rest:
        yield textwrap.fill(in_short(rest), width, initial_indent="  ", subsequent_indent="    ")


def words(finding: Finding) -> str:
    """Return the name of an audit as words."""
    return finding.audit.replace("_", " ")
