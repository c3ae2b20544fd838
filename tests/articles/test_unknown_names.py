"""Names in political roles that the registry lacks are named, counted and proposed as entries."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from harness.articles.grammar import grammar_of
from harness.articles.pipeline import ReadingOptions, read
from harness.articles.unknown_names import UnknownName, UnknownNames
from harness.cli import main as cli
from harness.values.parties import EMPTY, Registry, from_records

ARTICLE = """The Saffron Party (SP) voted against the ferry budget, and the Harbour League abstained.

Minister Ada Orrin said the plan was sound. Orrin accused the SP of delay.

Ines Holm, who leads the Saffron Party, called the vote a disgrace. The president of Ostrelia is due in May.

Baker Tom Reed sold bread in Market Street. Nobody asked Reed.
"""
PARTIES = from_records([{"name": "Harbour League"}, {"name": "Sudan", "kind": "country"}])


def found(text: str, registry: Registry = EMPTY, language: str = "en", minimum: int = 1) -> list[UnknownName]:
    names = UnknownNames()
    names.add(text.split("\n"), registry, grammar_of(language) if language != "en" else None)
    return names.candidates(minimum)


def test_names_in_political_roles_are_found_with_their_kinds_and_counts() -> None:
    names = {name.name: (name.kind, name.aliases) for name in found(ARTICLE)}
    assert names == {
        "Ada Orrin": ("person", ()),
        "Harbour League": ("party", ()),
        "Ines Holm": ("person", ()),
        "Ostrelia": ("country", ()),
        "Saffron Party": ("party", ("SP",)),
    }


def test_what_the_registry_has_is_not_proposed_and_a_longer_name_is() -> None:
    names = [name.name for name in found(ARTICLE + "\nSouth Sudan's government met.", PARTIES)]
    assert "Harbour League" not in names
    assert "South Sudan" in names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada Orrin sold bread in Market Street on Monday.", []),
        ("THE SAFFRON PARTY WINS THE VOTE", []),
        ("Voters went home. The voters were glad.", []),
        ("The ONP voted against the Varnan government.", [("ONP", "party"), ("Varnan", "country")]),
        (
            "Members of the Greens left the Ministry of Works.",
            [("Greens", "party"), ("Ministry of Works", "government")],
        ),
    ],
)
def test_capitals_alone_make_no_party(text: str, expected: list[tuple[str, str]]) -> None:
    names = [(name.name, name.kind) for name in found(text)]
    assert names == expected


def test_titles_of_other_languages_count() -> None:
    names = found("Ministerin Ada Orrin lobte das Bündnis Safran.", language="de")
    assert [name.name for name in names] == ["Ada Orrin", "Bündnis Safran"]


def test_a_minimum_leaves_out_what_is_rare() -> None:
    assert [name.name for name in found(ARTICLE, minimum=2)] == ["Ada Orrin", "Saffron Party"]


def note_of(text: str, tmp_path: Path, *more: str) -> str:
    path = tmp_path / "parties.yaml"
    path.write_text("- name: Harbour League\n- {name: Varna, kind: country}\n", encoding="utf-8")
    options = ReadingOptions(parties=path, stance=None, frames=None, only=more)
    return "\n".join(read(text, options).notes)


def test_read_names_whom_it_passed_over(tmp_path: Path) -> None:
    note = note_of(ARTICLE, tmp_path)
    assert "Saffron Party 2" in note
    assert "Harbour League" not in note


def test_read_is_silent_where_the_registry_has_nearly_all(tmp_path: Path) -> None:
    lines = [f"Varna praised the Harbour League {count} times." for count in range(9)]
    lines.append("Minister Ada Orrin slept.")
    assert note_of("\n\n".join(lines), tmp_path) == ""


def test_read_says_which_party_of_its_own_list_is_absent(tmp_path: Path) -> None:
    note = note_of("The Harbour League met.", tmp_path, "Varna", "Harbour League")
    assert "Varna" in note
    assert "Harbour League" not in note


def test_of_several_articles_those_with_unknown_names_are_counted(tmp_path: Path) -> None:
    for name, text in (("a", ARTICLE), ("b", "The Harbour League met.")):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    registry = tmp_path / "parties.yaml"
    registry.write_text("- name: Harbour League\n", encoding="utf-8")
    reading = read(
        [tmp_path / "a.txt", tmp_path / "b.txt"], ReadingOptions(parties=registry, stance=None, frames=None)
    )
    assert reading.notes[0].startswith("1 of 2 articles: ")


def call(*words: str) -> str:
    outcome = CliRunner().invoke(cli.app, list(words))
    assert outcome.exception is None, outcome.exception
    return outcome.stdout


def test_find_writes_entries_that_a_registry_can_take(tmp_path: Path) -> None:
    path = tmp_path / "article.txt"
    path.write_text(ARTICLE, encoding="utf-8")
    printed = call("parties", "find", str(path), "--minimum", "1")
    registry = from_records(YAML(typ="safe").load(io.StringIO(printed)))
    mentions = registry.mentions("The SP met Ines Holm.")
    assert [mention.party for mention in mentions] == ["Saffron Party", "Ines Holm"]
    assert "# 2 sentences: Party" in printed


def test_find_says_so_where_nothing_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "article.txt"
    path.write_text("A dull day.", encoding="utf-8")
    assert call("parties", "find", str(path)).startswith("# no name")
    assert json.loads(call("parties", "find", str(path), "--json")) == {"texts": 1, "names": []}
