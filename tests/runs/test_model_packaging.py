from __future__ import annotations

from golden import Golden

from harness.runs.packaging import engines_section


def test_the_card_lists_engines_that_passed_and_those_that_were_refused(golden: Golden) -> None:
    passed = {"rows": 400, "different": 1, "widest": 0.01, "lost": 0.1, "again": 0.05}
    refused = {"refused": "the graph holds nothing"}
    golden("runs/engines-section", engines_section({"bf16": passed, "int8": refused}))
