"""What may mislead in a registry is listed; what is wrong with it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import main as cli
from harness.corpora.registry_check import check_registry
from harness.values.errors import CorpusError
from harness.values.parties import Registry, from_records, shipped


def ambiguities(registry: Registry) -> set[tuple[str, str, tuple[str, ...]]]:
    return {(each.kind, each.form, each.parties) for each in check_registry(registry)}


def test_each_kind_of_ambiguity_is_listed() -> None:
    registry = from_records(
        [
            {"name": "Congo", "kind": "country", "demonyms": ["Congolese"]},
            {"name": "DR Congo", "kind": "country", "demonyms": ["Congolese"]},
            {"name": "Green", "leaders": ["Ines Holm", {"name": "Ada Orrin", "from": "2030-01-01"}]},
        ]
    )
    assert ambiguities(registry) == {
        ("shared", "Congolese", ("Congo", "DR Congo")),
        ("contained", "congo", ("Congo", "DR Congo")),
        ("common", "Green", ("Green",)),
        ("undated", "Ines Holm", ("Green",)),
    }


def test_a_registry_without_ambiguities_has_none() -> None:
    assert (
        ambiguities(from_records([{"name": "Saffron Party"}, {"name": "Ostrelia", "kind": "country"}]))
        == set()
    )


def test_forms_are_compared_however_they_are_typed() -> None:
    registry = from_records(
        [{"name": "A", "ambiguous": ["People’s"]}, {"name": "B", "ambiguous": ["people's"]}]
    )
    assert ("shared", "People’s", ("A", "B")) in ambiguities(registry)


def test_no_leader_of_the_shipped_registry_is_without_dates() -> None:
    undated = [each.form for each in check_registry(shipped()) if each.kind == "undated"]
    assert undated == []


def call(*words: str) -> tuple[str, BaseException | None]:
    outcome = CliRunner().invoke(cli.app, ["parties", "check", *words])
    return outcome.stdout, outcome.exception


def test_the_verb_lists_ambiguities(tmp_path: Path) -> None:
    path = tmp_path / "parties.yaml"
    path.write_text("- {name: Green, leaders: [Ines Holm]}\n", encoding="utf-8")
    stdout, error = call(str(path), "--json")
    assert error is None
    assert {each["kind"] for each in json.loads(stdout)["ambiguities"]} == {"common", "undated"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("- {name: A, aliases: [X]}\n- {name: B, aliases: [X]}\n", "already names"),
        ("- {nam: A}\n", "has no name"),
    ],
)
def test_the_verb_refuses_faults(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "parties.yaml"
    path.write_text(text, encoding="utf-8")
    _, error = call(str(path))
    assert isinstance(error, CorpusError)
    assert what in str(error)
