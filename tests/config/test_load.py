from __future__ import annotations

from pathlib import Path

import pytest
from golden import Golden

from harness.config.load import ConfigDocument, load
from harness.values.errors import ConfigError, Problem


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def loaded(text: str, *sets: str) -> ConfigDocument:
    return load(write("mine.yaml", text), sets)


def problems_of(text: str, *sets: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        loaded(text, *sets)
    assert caught.value.exit_code == 2
    return caught.value.problems


def problem_of(text: str, *sets: str) -> Problem:
    (problem,) = problems_of(text, *sets)
    return problem


def test_words_of_yaml_1_1_stay_text() -> None:
    data = loaded(
        "a: no\nb: none\nc: off\nd: yes\ne: 1e-4\nf: 0.5\ng: 3\nh: true\ni: ~\nj: 2031-05-14\n"
    ).data
    assert data == {
        "a": "no",
        "b": "none",
        "c": "off",
        "d": "yes",
        "e": 1e-4,
        "f": 0.5,
        "g": 3,
        "h": True,
        "i": None,
        "j": "2031-05-14",
    }


def test_plain_types_come_out() -> None:
    data = loaded("a: {b: [1, 'two', 3.0]}\n").data
    assert [type(item) for item in data["a"]["b"]] == [int, str, float]
    assert type(data["a"]) is dict


def test_every_value_has_its_line() -> None:
    document = loaded("a:\n  b: 1\n  c:\n  - 2\n  - 3\n")
    assert str(document.line_of("a.c.1")) == "mine.yaml:5"
    assert str(document.line_of("a.c.7")) == "mine.yaml:3"
    assert str(document.line_of("z")) == "mine.yaml:1"
    assert str(document.problem("a.b", "is odd", "try 2")) == "mine.yaml:2: a.b: is odd; try 2"
    assert str(document.problem("", "is odd")) == "mine.yaml: is odd"


def test_a_repeated_key_names_both_lines() -> None:
    problem = problem_of("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    assert problem.where == "mine.yaml:5"
    assert problem.what.startswith("'c' ")
    assert problem.what.endswith(" line 3")


def test_a_repeated_key_at_the_top_names_both_lines() -> None:
    problem = problem_of("x: 0\na: 1\nb: 2\na: 3\n")
    assert problem.where == "mine.yaml:4"
    assert problem.what.startswith("'a' ")
    assert problem.what.endswith(" line 2")


BROKEN_FILES = {
    "": "mine.yaml",
    "- a\n": "mine.yaml",
    "a: [1\n": "mine.yaml:2",
    "a: 1\n b: 2\n": "mine.yaml:2",
    "a: 1\nb: 2\na: 3\n": "mine.yaml:3",
    "extends: 3\n": "mine.yaml: extends",
    "extends: none.yaml\n": "none.yaml",
    "extends: mine.yaml\n": "mine.yaml",
}


@pytest.mark.parametrize("text", BROKEN_FILES, ids=repr)
def test_files_that_are_no_config_are_refused(text: str) -> None:
    assert problem_of(text).where == BROKEN_FILES[text]


def test_what_is_said_of_files_that_are_no_config(golden: Golden) -> None:
    golden("config/broken_files", "\n".join(f"{text!r}: {problem_of(text)}" for text in BROKEN_FILES))


def test_bytes_that_are_no_text_are_named() -> None:
    Path("mine.yaml").write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(ConfigError) as caught:
        load(Path("mine.yaml"))
    (problem,) = caught.value.problems
    assert problem.where == "mine.yaml"
    assert "utf-8" in problem.what
    assert "0xff" in problem.what


def test_mappings_merge_and_everything_else_is_replaced() -> None:
    write("base/one.yaml", "a: {x: 1, y: 2}\nb: [1, 2]\nc: 3\n")
    document = loaded("extends: base/one.yaml\na: {y: 5}\nb: [9]\n")
    assert document.data == {"a": {"x": 1, "y": 5}, "b": [9], "c": 3}
    assert str(document.line_of("a.x")) == "base/one.yaml:1"
    assert str(document.line_of("a.y")) == "mine.yaml:2"
    assert str(document.line_of("b.0")) == "mine.yaml:3"
    assert document.line_of("c").folder == Path("base").resolve()


def test_a_section_of_another_kind_inherits_nothing() -> None:
    write("one.yaml", "corpus: {kind: files, path: x.csv}\n")
    assert loaded("extends: one.yaml\ncorpus: {kind: partyline}\n").data == {"corpus": {"kind": "partyline"}}
    assert loaded("extends: one.yaml\ncorpus: {kind: files, encoding: latin-1}\n").data["corpus"] == {
        "kind": "files",
        "path": "x.csv",
        "encoding": "latin-1",
    }


def test_null_removes_an_inherited_key() -> None:
    write("one.yaml", "classifiers: {a: {kind: x}, b: {kind: y}}\n")
    document = loaded("extends: one.yaml\nclassifiers: {a: ~}\n")
    assert document.data == {"classifiers": {"b": {"kind": "y"}}}
    assert ("classifiers", "a") not in document.lines


def test_of_several_parents_the_later_wins() -> None:
    write("one.yaml", "a: 1\nb: 1\n")
    write("two.yaml", "b: 2\n")
    assert loaded("extends: [one.yaml, two.yaml]\nc: 3\n").data == {"a": 1, "b": 2, "c": 3}


def test_set_overrides_last_and_is_read_as_yaml() -> None:
    document = loaded("a: {b: 1, c: 2}\nd: x\n", "a.b=[1, two]", "d=off", "e.f=1e-3")
    assert document.data == {"a": {"b": [1, "two"], "c": 2}, "d": "off", "e": {"f": 1e-3}}
    assert str(document.line_of("a.b")) == "--set"
    assert document.line_of("a.b").folder == Path.cwd()


def test_set_to_null_removes_a_key() -> None:
    assert loaded("a: {b: 1, c: 2}\n", "a.b=~").data == {"a": {"c": 2}}


@pytest.mark.parametrize("text", ["a.b", "=3", "a..b=3"])
def test_a_malformed_set_is_refused(text: str) -> None:
    assert problem_of("a: 1\n", text).where == f"--set {text}"


def test_variables_are_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_TEST_N", "7")
    data = loaded(
        "a: ${HARNESS_TEST_N}\nb: x-${HARNESS_TEST_N}\nc: ${HARNESS_TEST_M:2.5}\nd: ${HARNESS_TEST_M:}\n"
    ).data
    assert data == {"a": 7, "b": "x-7", "c": 2.5, "d": None}


def test_each_unset_variable_without_default_is_a_problem() -> None:
    problems = problems_of("a:\n  b: ${HARNESS_TEST_P}\nc: /x/${HARNESS_TEST_Q}\n")
    assert [problem.where for problem in problems] == ["mine.yaml:2: a.b", "mine.yaml:3: c"]
    for problem, name in zip(problems, ("HARNESS_TEST_P", "HARNESS_TEST_Q"), strict=True):
        assert name in problem.what
        assert f"${{{name}:default}}" in problem.hint


def test_a_value_from_a_yaml_merge_has_the_line_of_its_mapping(tmp_path: Path) -> None:
    path = tmp_path / "merged.yaml"
    path.write_text("first: &one\n  a: 1\n  b: 2\nsecond:\n  <<: *one\n  b: 3\n", encoding="utf-8")
    document = load(path)
    assert document.data["second"] == {"a": 1, "b": 3}
    assert [document.line_of(f"second.{name}").line for name in "ab"] == [5, 6]
