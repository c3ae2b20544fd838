from __future__ import annotations

from harness.cli.findings import render_findings, summary_line
from harness.values.findings import Finding

FINDINGS = (
    Finding("leaks", "passed", "Nothing leaks."),
    Finding("party_swap", "warning", "Labels flip under another party's name, but only a few of them."),
    Finding("behaviour", "failed", "It does not hear negation."),
    Finding("unseen", "not applicable", "Too few."),
    Finding("target_use", "passed", "It reads the target."),
)


def test_audits_summary_line_stand_by_verdict_the_worst_first() -> None:
    assert summary_line(FINDINGS) == (
        "failed behaviour; warning party swap; passed leaks, target use; not applicable unseen"
    )
    assert summary_line(()) == ""


def test_what_failed_or_warns_is_told_with_its_reason() -> None:
    assert list(render_findings(FINDINGS, width=60)) == [
        "  failed: behaviour. It does not hear negation.",
        "  warning: party swap. Labels flip under another party's\n    name, but only a few of them.",
        "  passed leaks, target use; not applicable unseen",
    ]


def test_everything_is_told_where_that_is_asked_for() -> None:
    paragraphs = list(render_findings(FINDINGS, width=200, everything=True))
    assert [one.split(".")[0].strip() for one in paragraphs] == [
        "failed: behaviour",
        "warning: party swap",
        "passed: leaks",
        "passed: target use",
        "not applicable: unseen",
    ]
