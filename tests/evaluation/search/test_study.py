"""Which candidates are drawn, and that a search that was cut off anywhere ends with the same ones."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.config.plan.search import Range
from harness.evaluation.search import study as study_module
from harness.evaluation.search.study import Drawn, Judged, Study, brackets

SPACE: dict[str, Any] = {
    "rate": Range(1e-5, 1e-1, log=True),
    "words": Range(1, 4),
    "share": Range(0.0, 1.0),
    "shape": (None, (2, 4), "wide"),
}
N = 16


def value(drawn: Drawn) -> float:
    """A score with its best at a rate of 0.001, three words and the second shape."""
    options = drawn.options
    distance = abs(math.log10(options["rate"]) + 3) + abs(options["words"] - 3)
    return float(-distance - (options["shape"] != (2, 4)) - options["share"])


def judged(drawn: Drawn) -> Judged:
    if drawn.number == 5:
        return Judged(5, drawn.options, math.nan, "failed", 1.0, "too large")
    return Judged(drawn.number, drawn.options, value(drawn), "complete", 1.0)


def study(kind: str, file: Path | None = None, width: int = 1) -> Study:
    return Study(kind, SPACE, 7, file, width=width)


def finish(search: Study, stop: int = N) -> list[dict[str, Any]]:
    """Judge candidates until ``stop`` are told, also in the midst of a batch; return all options."""
    while len(search.judged) < stop:
        for drawn in search.batch(N):
            if len(search.judged) < stop:
                search.tell(drawn, judged(drawn))
    return [dict(each.options) for each in search.judged]


@pytest.mark.parametrize("kind", ["random", "tpe"])
def test_candidates_lie_in_the_space_and_have_the_types_of_their_options(kind: str) -> None:
    options = finish(study(kind))
    assert len({json.dumps(each) for each in options}) > N / 2
    for each in options:
        assert all(each[name] in SPACE[name] for name in ("rate", "words", "share", "shape"))
        assert [type(each[name]) for name in ("rate", "words", "share")] == [float, int, float]
    # On a scale of orders of magnitude, half of them lie below the middle one.
    assert 3 <= sum(each["rate"] < 1e-3 for each in options) <= 13


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("kind", ["random", "tpe"])
def test_a_search_that_was_cut_off_draws_the_same_candidates(tmp_path: Path, kind: str, width: int) -> None:
    whole = finish(study(kind, width=width))
    for stop in (1, 5, 10, 13, 14):
        file = tmp_path / f"{stop}.journal"
        finish(study(kind, file, width), stop)
        again = study(kind, file, width)
        assert len(again.judged) == stop
        assert finish(again) == whole


def test_what_was_told_is_read_back_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.journal"
    first = study("tpe", file)
    finish(first)
    again = study("tpe", file)
    assert str(again.judged) == str(first.judged)
    assert [each.state for each in again.judged].count("failed") == 1


def test_a_line_that_was_cut_off_is_drawn_again(tmp_path: Path) -> None:
    file = tmp_path / "a.journal"
    whole = finish(study("tpe", file))
    lines = file.read_bytes()
    file.write_bytes(lines[: -len(lines.splitlines()[-1]) // 2])
    Path(f"{file}.lock").symlink_to(file)
    again = study("tpe", file)
    assert len(again.judged) == N - 1
    assert finish(again) == whole
    assert [dict(each.options) for each in study("tpe", file).judged] == whole


def test_another_seed_draws_others() -> None:
    assert finish(study("random")) != finish(Study("random", SPACE, 8, None))


def test_a_grid_is_every_combination_in_the_order_of_the_config(tmp_path: Path) -> None:
    space = {"C": (1.0, 2.0), "shape": (None, (2, 4))}
    search = Study("grid", space, 7, tmp_path / "grid.journal")
    options: list[tuple[Any, ...]] = []
    while len(options) < 4:
        for drawn in search.batch(4):
            options.append(tuple(drawn.options.values()))
            search.tell(drawn, Judged(drawn.number, drawn.options, 0.5, "complete", 1.0))
    assert options == [(1.0, None), (1.0, (2, 4)), (2.0, None), (2.0, (2, 4))]
    assert search.batch(4) == []


def test_tpe_learns_where_candidates_do_well() -> None:
    search = Study("tpe", SPACE, 7, None)
    while len(search.judged) < 40:
        for drawn in search.batch(40):
            search.tell(drawn, Judged(drawn.number, drawn.options, value(drawn), "complete", 1.0))
    values = [each.value for each in search.judged]
    start, end = values[: study_module.STARTUP], values[-study_module.STARTUP :]
    assert sum(end) / len(end) > sum(start) / len(start) + 0.5
    shares = search.importance()
    assert set(shares) == set(SPACE)
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize("width", [1, 5, N + 1])
def test_a_search_that_is_read_back_gives_the_same_importance(tmp_path: Path, width: int) -> None:
    search = study("random", tmp_path / "journal", width)
    finish(search)
    shares = search.importance()
    assert set(shares) == set(SPACE)
    assert study("random", tmp_path / "journal", width).importance() == shares


def test_of_few_candidates_no_importance_is_given() -> None:
    search = study("random")
    finish(search, 4)
    assert search.importance() == {}


def stepwise(drawn: Drawn) -> Judged:
    """Train a candidate whose score is its rate times the step; it may be given up."""
    scores, state = [], "complete"
    for step in range(1, 10):
        scores.append(drawn.options["rate"] * step)
        if drawn.report(step, scores[-1]) and step < 9:
            state = "pruned"
            break
    ended = Judged(drawn.number, drawn.options, scores[-1], state, 1.0)  # type: ignore[arg-type]
    return replace(ended, steps=tuple(scores))


@pytest.mark.parametrize("width", [1, 4])
def test_a_candidate_that_falls_behind_is_given_up_again_after_a_restart(tmp_path: Path, width: int) -> None:
    def fresh(file: Path | None = None) -> Study:
        return Study("tpe", {"rate": Range(0.0, 1.0)}, 7, file, steps=9, width=width)

    def run(search: Study, stop: int, *, backwards: bool = False) -> list[Judged]:
        while len(search.judged) < stop:
            batch = search.batch(28)
            # In another process a candidate ends when it will, and has a copy of what it came with.
            order = reversed(batch) if backwards else batch
            ended = {each.number: stepwise(pickle.loads(pickle.dumps(each))) for each in order}
            for drawn in batch[: stop - len(search.judged)]:
                search.tell(drawn, ended[drawn.number])
        return search.judged

    whole = run(fresh(), 28)
    assert {each.state for each in whole} == {"complete", "pruned"}
    assert run(fresh(), 28, backwards=True) == whole
    for stop in (3, 11, 18):
        file = tmp_path / f"{stop}.journal"
        run(fresh(file), stop)
        again = run(fresh(file), 28)
        assert [(each.options, each.state, each.steps) for each in again] == [
            (each.options, each.state, each.steps) for each in whole
        ]


def test_nobody_is_given_up_for_others_of_the_same_batch() -> None:
    search = Study("random", {"rate": Range(0.0, 1.0)}, 7, None, steps=9, width=12)
    states = []
    for _ in range(2):
        ended = [(drawn, stepwise(drawn)) for drawn in search.batch(24)]
        for drawn, each in ended:
            search.tell(drawn, each)
        states.append({each.state for _, each in ended})
    assert states[0] == {"complete"}
    assert "pruned" in states[1]


@pytest.mark.parametrize(("steps", "n"), [(1, 1), (2, 1), (3, 2), (8, 2), (9, 3), (27, 4)])
def test_hyperband_has_a_bracket_for_each_factor_of_three(steps: int, n: int) -> None:
    from optuna.pruners import HyperbandPruner

    assert len(brackets(steps)) == n
    # Our shares are Optuna's own, which are not public.
    pruner = HyperbandPruner(min_resource=1, max_resource=steps, reduction_factor=3)
    search = Study("random", {"rate": Range(0.0, 1.0)}, 7, None)
    pruner._try_initialization(search._study)
    total = sum(pruner._trial_allocation_budgets)
    assert brackets(steps) == [weight / total for weight in pruner._trial_allocation_budgets]
