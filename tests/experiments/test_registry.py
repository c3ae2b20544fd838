"""The lists of leaders and words are read as their heads say, and make the registry that ships."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiments.reading import registry_leaders
from experiments.reading.make_registry import make
from experiments.reading.registry_corrections import CODES
from experiments.reading.registry_leaders import FOLDER, lines, read_leaders
from experiments.reading.registry_words import french, german, read_words, spanish
from harness.values.parties.records import shipped_states

LISTS = ("leaders.txt", "former_leaders.txt", "party_leaders.txt")


def test_the_shipped_file_is_what_the_sources_make() -> None:
    assert make() == list(shipped_states())


@pytest.mark.parametrize("file", ["former_leaders.txt", "party_leaders.txt"])
def test_every_source_of_a_head_is_used(file: str) -> None:
    named = re.findall(r"^#   (\w)  ", (FOLDER / file).read_text(encoding="utf-8"), re.MULTILINE)
    used = {source for line in lines(file) for source in re.findall(r"\[(\w)\]", line)}
    assert set(named) == used


def test_every_leader_of_a_party_has_a_source() -> None:
    terms = [term for line in lines("party_leaders.txt") for term in line.partition(": ")[2].split("; ")]
    assert len(terms) > 90
    assert [term for term in terms if not re.search(r"\[\w\]$", term)] == []


@pytest.mark.parametrize("file", LISTS)
def test_no_term_is_listed_twice(file: str) -> None:
    for owner, leaders in read_leaders(file).items():
        terms = [(leader["name"], leader["from"]) for leader in leaders]
        assert len(set(terms)) == len(terms), owner


@pytest.mark.parametrize(
    ("line", "leader"),
    [
        ("XX: Ada Orrin 2001-2004", {"name": "Ada Orrin", "from": "2001-01-01", "until": "2005-01-01"}),
        ("XX: Ada Orrin 2001-", {"name": "Ada Orrin", "from": "2001-01-01"}),
        (
            "XX: Ada Orrin 2001-02-03/2004-05-06 [a]",
            {"name": "Ada Orrin", "from": "2001-02-03", "until": "2004-05-06"},
        ),
        ("XX: Ada Orrin! 2001-", {"name": "Ada Orrin", "short": [], "from": "2001-01-01"}),
        (
            "XX: Ada Orrín = Adah Orrin ~ Ada 2001-",
            {
                "name": "Ada Orrín",
                "aliases": ["Adah Orrin", "Ada Orrin"],
                "short": ["Ada"],
                "from": "2001-01-01",
            },
        ),
        (
            "XX: Ada Orrín 2001-",
            {
                "name": "Ada Orrín",
                "aliases": ["Ada Orrin"],
                "short": ["Orrín", "Orrin"],
                "from": "2001-01-01",
            },
        ),
        ("KR: Orr Ada-in 2001-", {"name": "Orr Ada-in", "short": ["Orr"], "from": "2001-01-01"}),
        ("TW: Ada Orr 2001-", {"name": "Ada Orr", "from": "2001-01-01"}),
    ],
)
def test_a_term_is_read(line: str, leader: dict[str, object], tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "list.txt").write_text(f"# Sources:\n#   a  a book\n{line}\n", encoding="utf-8")
    monkeypatch.setattr(registry_leaders, "FOLDER", tmp_path)
    assert list(read_leaders("list.txt").values()) == [[leader]]


@pytest.mark.parametrize(
    ("term", "fault"),
    [
        ("Ada Orrin", "no term of a leader"),
        ("Ada Orrin 2001-2004 [b]", "names no source"),
        ("Ada Orrin 2004-2001", "ends before it begins"),
        ("Ada Orrin 2004-02-03/2004-02-03", "ends before it begins"),
    ],
)
def test_a_term_with_a_fault_is_refused(term: str, fault: str, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "list.txt").write_text(f"#   a  a book\nXX: {term}\n", encoding="utf-8")
    monkeypatch.setattr(registry_leaders, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=fault):
        read_leaders("list.txt")


def test_words_are_of_every_state() -> None:
    assert sorted(read_words()) == sorted(CODES)


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        (german("kenianisch"), ["kenianisch*"]),
        (german("Kenianer"), ["Kenianer", "Kenianern"]),
        (german("Kroaten"), ["Kroaten"]),
        (french("ivoirien"), ["ivoirien|ne|s|nes", "Ivoiriens"]),
        (french("sénégalais"), ["sénégalais|e|es", "Sénégalais"]),
        (french("malgache"), ["malgache|s", "Malgaches"]),
        (french("cap-verdien"), ["cap-verdien|ne|s|nes", "Cap-Verdiens"]),
        (french("letton|ne|s|nes"), ["letton|ne|s|nes", "Lettons"]),
        (spanish("keniano"), ["keniano|s", "keniana|s"]),
        (spanish("gabonés"), ["gabonés", "gabonesa|s", "gaboneses"]),
        (spanish("letón"), ["letón", "letona|s", "letones"]),
        (spanish("marroquí"), ["marroquí", "marroquíes"]),
        (spanish("croata"), ["croata|s"]),
        (spanish("mongol|es"), ["mongol|es"]),
    ],
)
def test_words_are_inflected(forms: list[str], expected: list[str]) -> None:
    assert forms == expected
