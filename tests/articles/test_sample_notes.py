from __future__ import annotations

import re
from pathlib import Path

import pytest
from articles.test_shares import HEADER, line
from golden import Golden

from harness.articles.readings_table import ReadingsTable, load_readings
from harness.articles.sampling import draw_sample, sample_notes
from harness.values.minimums import MIN_GOLD_ROWS, MIN_POOLED_ROWS


@pytest.fixture
def readings(tmp_path: Path) -> ReadingsTable:
    file = tmp_path / "readings.csv"
    file.write_text(HEADER + "".join(line(n) for n in range(120)))
    return load_readings(file)


@pytest.mark.parametrize(
    ("size", "by", "n", "warns", "numbers"),
    [
        # Two targets; 8 strata of target, voice and week. 10 rows of each target are enough, or 50 in all.
        (20, ("target",), 20, False, []),
        (18, ("target",), 18, True, [["2", "2", "10", "50"]]),
        (20, ("target", "voice", "week"), 20, False, []),
        (4, ("target", "voice", "week"), 16, True, [["16", "4", "2", "8"], ["2", "2", "10", "50"]]),
        (120, ("target",), 120, False, []),
        (130, ("target",), 120, False, [["120", "130"]]),
    ],
)
def test_a_sample_says_why_it_is_larger_and_when_it_is_too_small(
    readings: ReadingsTable, size: int, by: tuple[str, ...], n: int, warns: bool, numbers: list[list[str]]
) -> None:
    drawn = draw_sample(readings, size, by=by)
    notes = sample_notes(drawn, size, groups=("target",))
    assert len(drawn) == n
    assert [re.findall(r"\d+", note) for note in notes] == numbers
    few = (drawn["target"].value_counts() < MIN_GOLD_ROWS).any() and n < MIN_POOLED_ROWS
    assert few == warns


def test_enough_rows_in_all_are_enough_for_small_groups(readings: ReadingsTable) -> None:
    rows = readings.rows.copy()
    rows.loc[:3, "target"] = "Rare"
    table = ReadingsTable(rows, 0)
    for size, n_notes in ((MIN_POOLED_ROWS - 1, 1), (MIN_POOLED_ROWS, 0)):
        drawn = draw_sample(table, 200, by=("target",)).head(size)
        assert len(sample_notes(drawn.assign(pi=0.5), size, groups=("target",))) == n_notes


def test_notes_of_samples_say_what_to_do(readings: ReadingsTable, golden: Golden) -> None:
    samples = {
        "more than asked for": (draw_sample(readings, 4, by=("target", "voice", "week")), 4),
        "the whole table": (draw_sample(readings, 130), 130),
        "a small table": (draw_sample(ReadingsTable(readings.rows.head(8), 0), 60), 60),
    }
    lines = []
    for name, (drawn, size) in samples.items():
        lines += [f"[{name}]", *sample_notes(drawn, size, groups=("target",))]
    golden("articles/sample-notes", "\n".join(lines))
