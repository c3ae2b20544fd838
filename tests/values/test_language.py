"""Languages: what is detected on how much text, what is declared, and when a mismatch is noted."""

from __future__ import annotations

import pytest

from harness.values import language
from harness.values.language import (
    MIN_CHARACTERS,
    LanguageCheck,
    codes,
    describe,
    detect,
    detect_all,
    outside,
)

GERMAN = (
    "Die Regierung hat am Montag eine neue Maut für den Fluss beschlossen, und die Händler der Stadt"
    " sind darüber wenig erfreut. Der Hafenmeister sagte, niemand habe ihn gefragt; die Fähren fahren"
    " trotzdem weiter wie bisher."
)
ENGLISH = (
    "On Monday the government agreed on a new toll for the river, and the traders of the town are not"
    " at all happy about it. The harbour master said that nobody had asked him; the ferries will go on"
    " running as they did before."
)
FRENCH = (
    "Lundi, le gouvernement a décidé un nouveau péage sur le fleuve, et les commerçants de la ville"
    " n'en sont guère contents. Le capitaine du port a dit que personne ne l'avait consulté; les bacs"
    " continuent de circuler."
)
SPANISH = (
    "El lunes el gobierno aprobó un nuevo peaje para el río, y los comerciantes de la ciudad no están"
    " nada contentos con ello. El capitán del puerto dijo que nadie le había preguntado; los barcos"
    " siguen navegando como antes."
)
TEXTS = {"de": GERMAN, "en": ENGLISH, "fr": FRENCH, "es": SPANISH}


@pytest.mark.parametrize(("code", "text"), TEXTS.items())
def test_a_language_is_detected_on_enough_text_and_on_no_less(code: str, text: str) -> None:
    assert detect(text[:MIN_CHARACTERS].ljust(MIN_CHARACTERS, "a")) == code
    assert detect(text[: MIN_CHARACTERS - 1]) == ""


def test_links_and_handles_are_no_text() -> None:
    links = "https://varna.example/the-toll @varna #Toll " * 20
    assert detect(links) == ""
    assert detect(GERMAN + " https://varna.example/the-toll-is-good" * 10) == "de"


@pytest.mark.parametrize("text", ["", " " * 500, "1234 5678 " * 40, "🎉 " * 300, "VARNA OSTREL " * 30])
def test_what_is_in_no_language_has_none(text: str) -> None:
    assert detect(text) == ""


def test_capitals_do_not_hide_a_language() -> None:
    assert detect(GERMAN.upper()) == "de"


@pytest.mark.parametrize(("share", "expected"), [(9, ("de",)), (10, ("de", "fr"))])
def test_a_language_counts_from_a_tenth_of_the_text(
    share: int, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Passages of equal length: the shares are those of their number.
    monkeypatch.setattr(language, "detect", lambda passage: passage[:2])
    passages = ["fr".ljust(MIN_CHARACTERS, "x")] * share + ["de".ljust(MIN_CHARACTERS, "x")] * (100 - share)
    assert detect_all(passages) == expected


def test_short_texts_are_read_together() -> None:
    sentences = [sentence.strip() + "." for sentence in GERMAN.split(".") if sentence.strip()]
    assert all(len(sentence) < MIN_CHARACTERS for sentence in sentences)
    assert detect_all(sentences) == ("de",)
    assert detect_all(sentences[:1]) == ()
    assert detect_all([]) == ()


def test_declared_languages_are_codes_or_names() -> None:
    assert codes("German") == codes("de") == codes("DE-at") == ("de",)
    assert codes(["fr", "French", "it"]) == ("fr", "it")
    assert codes(()) == ()
    with pytest.raises(ValueError, match="'Germn' is no language"):
        codes("Germn")


def test_languages_are_outside_only_where_both_sides_are_known() -> None:
    assert outside(("de", "en"), ("en",)) == ("de",)
    assert outside((), ("en",)) == outside(("de",), ()) == ()
    # Croatian, Serbian and Bosnian; the two written forms of Norwegian.
    assert outside(("sr", "bs"), ("hr",)) == outside(("nn",), ("no",)) == ()


@pytest.mark.parametrize(
    ("languages", "text"),
    [(("de", "fr", "it"), "German, French and Italian"), (("xx",), "xx"), ((), "")],
)
def test_languages_are_described_by_name(languages: tuple[str, ...], text: str) -> None:
    assert describe(languages) == text


def test_a_check_notes_a_mismatch_once() -> None:
    check = LanguageCheck(("en",))
    assert check.add([ENGLISH]) == ""
    note = check.add([GERMAN])
    assert "English" in note
    assert "German" in note
    assert check.note == note
    assert check.add([GERMAN]) == ""


def test_a_check_gathers_rows_that_come_one_at_a_time() -> None:
    check = LanguageCheck(("en",))
    sentences = [sentence.strip() + "." for sentence in GERMAN.split(".") if sentence.strip()]
    notes = [check.add([sentence]) for sentence in sentences * 2]
    assert [bool(note) for note in notes].count(True) == 1
    assert notes[0] == ""


def test_a_model_of_unknown_language_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "detect_all", lambda texts: pytest.fail("looked at"))
    assert LanguageCheck().add([GERMAN]) == ""
