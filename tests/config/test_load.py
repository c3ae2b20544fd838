from __future__ import annotations

from pathlib import Path

import pytest

from harness.config.load import ConfigDocument, load
from harness.values.errors import ConfigError


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


def refused(text: str, *sets: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(text, *sets)
    assert caught.value.exit_code == 2
    return str(caught.value)


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
    assert [type(one) for one in data["a"]["b"]] == [int, str, float]
    assert type(data["a"]) is dict


def test_every_value_knows_its_line() -> None:
    document = loaded("a:\n  b: 1\n  c:\n  - 2\n  - 3\n")
    assert str(document.line_of("a.c.1")) == "mine.yaml:5"
    assert str(document.line_of("a.c.7")) == "mine.yaml:3"
    assert str(document.line_of("z")) == "mine.yaml:1"
    assert str(document.problem("a.b", "is odd", "try 2")) == "mine.yaml:2: a.b: is odd; try 2"
    assert str(document.problem("", "is odd")) == "mine.yaml: is odd"


def test_a_repeated_key_names_both_lines() -> None:
    message = refused("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    assert message == "mine.yaml:5: 'c' is already set on line 3; remove one of them"


def test_a_repeated_key_at_the_top_names_both_lines() -> None:
    assert (
        refused("x: 0\na: 1\nb: 2\na: 3\n") == "mine.yaml:4: 'a' is already set on line 2; remove one of them"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "mine.yaml: is empty"),
        ("- a\n", "mine.yaml: is not a mapping of settings"),
        ("a: [1\n", "mine.yaml:2: is not YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\n b: 2\n", "mine.yaml:2: is not YAML: mapping values are not allowed here"),
        ("extends: 3\n", "mine.yaml: extends: should be a file or a list of files"),
        ("extends: none.yaml\n", "none.yaml: cannot be read: No such file or directory"),
        ("extends: mine.yaml\n", "mine.yaml: extends itself: mine.yaml → mine.yaml"),
    ],
)
def test_files_that_are_no_config(text: str, message: str) -> None:
    assert refused(text) == message


def test_bytes_that_are_no_text_are_named() -> None:
    Path("mine.yaml").write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(ConfigError, match=r"^mine\.yaml: is not YAML: 'utf-8' codec can't decode"):
        load(Path("mine.yaml"))


def test_mappings_merge_and_everything_else_is_replaced() -> None:
    write("base/one.yaml", "a: {x: 1, y: 2}\nb: [1, 2]\nc: 3\n")
    document = loaded("extends: base/one.yaml\na: {y: 5}\nb: [9]\n")
    assert document.data == {"a": {"x": 1, "y": 5}, "b": [9], "c": 3}
    assert str(document.line_of("a.x")) == "base/one.yaml:1"
    assert str(document.line_of("a.y")) == "mine.yaml:2"
    assert str(document.line_of("b.0")) == "mine.yaml:3"
    assert document.line_of("c").folder == Path("base").resolve()


def test_a_part_of_another_kind_starts_afresh() -> None:
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
    assert refused("a: 1\n", text) == f"--set {text}: is not of the form a.b=c"


def test_variables_are_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_TEST_N", "7")
    data = loaded(
        "a: ${HARNESS_TEST_N}\nb: x-${HARNESS_TEST_N}\nc: ${HARNESS_TEST_M:2.5}\nd: ${HARNESS_TEST_M:}\n"
    ).data
    assert data == {"a": 7, "b": "x-7", "c": 2.5, "d": None}


def test_an_unset_variable_without_default_is_a_problem_each() -> None:
    assert refused("a:\n  b: ${HARNESS_TEST_P}\nc: /x/${HARNESS_TEST_Q}\n") == (
        "mine.yaml:2: a.b: the environment variable HARNESS_TEST_P is not set;"
        " set it, or write ${HARNESS_TEST_P:default}\n"
        "mine.yaml:3: c: the environment variable HARNESS_TEST_Q is not set;"
        " set it, or write ${HARNESS_TEST_Q:default}"
    )


def test_what_a_merge_brings_stands_where_the_mapping_does(tmp_path: Path) -> None:
    path = tmp_path / "merged.yaml"
    path.write_text("first: &one\n  a: 1\n  b: 2\nsecond:\n  <<: *one\n  b: 3\n", encoding="utf-8")
    document = load(path)
    assert document.data["second"] == {"a": 1, "b": 3}
    assert [document.line_of(f"second.{name}").line for name in "ab"] == [5, 6]
