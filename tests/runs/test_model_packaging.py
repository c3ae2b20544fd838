from __future__ import annotations

import pandas as pd
import pytest
from golden import Golden

from harness.runs.packaging import engines_section, holders_of


def test_the_card_lists_engines_that_passed_and_those_that_were_refused(golden: Golden) -> None:
    passed = {"rows": 400, "different": 1, "widest": 0.01, "lost": 0.1, "again": 0.05}
    refused = {"refused": "the graph holds nothing"}
    golden("runs/engines-section", engines_section({"bf16": passed, "int8": refused}))


@pytest.mark.parametrize(
    ("names", "holders"),
    [
        ([None, None], "none"),
        ([None, "Ada Orrin"], "quoted"),
        (["writer", "Ada Orrin"], "all"),
        ([None, "writer"], "all"),
    ],
)
def test_a_contract_says_who_is_a_holder_in_training_rows(names: list[str | None], holders: str) -> None:
    assert holders_of(pd.DataFrame({"holder": pd.Series(names, dtype=object)})) == holders
