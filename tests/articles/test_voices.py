"""Whose words a sentence gives where pages quote in their own ways: other marks, turns, headlines, dashes."""

from __future__ import annotations

import pytest
from articles.test_holders import REGISTRY, holder_labels

from harness.articles.holders import find_holders
from harness.articles.mentions import find_mentions
from harness.articles.sentences import split_sentences
from harness.articles.speech import speech_of


def labels_in(language: str, text: str) -> list[str]:
    sentences = split_sentences(text, language=language)
    mentions = find_mentions(sentences, REGISTRY)
    return [holder.label for holder in find_holders(sentences, mentions, speech_of(language))]


@pytest.mark.parametrize(
    ("text", "holders"),
    [
        ("'Varna lied,' Crane said. 'It's bad.' It rained.", ["Ostrel", "Ostrel", "writer"]),
        ("'Varna lied to us.\n'It must pay,' Crane said.\nIt rained.", ["Ostrel", "Ostrel", "writer"]),
        ("'Varna has lied to us for years.'\nIt rained.", ["unknown", "writer"]),
        ('“Varna lied," Ada Orrin said. Varna fell.\nIt rained.', ["Ada Orrin", "writer", "writer"]),
        ("„Varna lied,“ Ada Orrin said. Varna fell.", ["Ada Orrin", "writer"]),
        ("The so-called 'reform' of Varna failed.", ["writer"]),
    ],
)
def test_marks_of_any_style(text: str, holders: list[str]) -> None:
    assert holder_labels(text) == holders


@pytest.mark.parametrize(
    ("text", "holders"),
    [
        ("“Varna lied.\n“It must pay,” Crane said.\nIt rained.", ["Ostrel", "Ostrel", "writer"]),
        ("“Varna lied to us all,” it said. It rained.", ["unknown", "writer"]),
        ("“Varna lied,” Pelé said.", ["unknown"]),
        ("“Varna lied,” Crane laughed.", ["Ostrel"]),
        ("“Varna lied,” Crane posted on X.", ["Ostrel"]),
        ("Crane wrote on Facebook: Varna lied to us all.", ["Ostrel"]),
        ("Varna has long said that the bridge is its own.", ["Varna"]),
        ("“Varna lied”: Crane hits out", ["Ostrel"]),
        ("“Varna lied” — Mara Crane", ["Ostrel"]),
        ("“Varna lied” – it was the line of Mara Crane.", ["writer"]),
        ("It calls itself “moderate”, but Varna's record shows otherwise.", ["writer"]),
        ("“We won,” he told me, and I laughed at Varna.", ["writer"]),
        ("Crane said nothing about Varna.", ["writer"]),
        ("Crane spoke at 10:30: “Varna lied.”", ["Ostrel"]),
        ("14:20 Bray: “Varna lied.”\n2:30pm ET Crane: Varna will pay.", ["Coastal Union", "Ostrel"]),
        (
            "Bray wrote:\n> Varna lied.\n> It must pay.\nIt rained.",
            ["Coastal Union"] * 3 + ["writer"],
        ),
    ],
)
def test_words_are_not_the_outlets(text: str, holders: list[str]) -> None:
    assert holder_labels(text) == holders


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("“Varna cheats us all,” Crane pointed out.", "Ostrel"),
        ("“Varna cheats us all,” shot back Ada Orrin.", "Ada Orrin"),
        ("“Varna,” Crane pointed out, “cheats us all.”", "Ostrel"),
        ("“Varna cheats us all,” the ferryman fired back.", "unknown"),
        ("“Varna cheats us all,” the ferryman taunted Crane.", "unknown"),
        ("“Varna cheats us all,” Crane's dog seemed to bark.", "unknown"),
        ("“Varna cheats us all,” Crane was taught at school.", "unknown"),
        ("“Varna cheats us all,” reads the letter on the wall of the old mill by the harbour.", "unknown"),
        ("Her card read: “Varna cheats us all.”", "unknown"),
        ("The ferryman fired back, “Varna cheats us all.”", "unknown"),
        ("“Varna cheats us all,” the Ostrelian nominee fired back.", "unknown"),
        ("“Varna cheats us all,” I thought.", "writer"),
        ("“The Art of Rowing,” a book on Varna, is back.", "writer"),
        ("“Rain” and “The Old Bridge,” two films, are shown in Varna.", "writer"),
        ("Two films came to Lesk: “The Old Bridge” and “Rain.”", "writer"),
        ("Varna held a so-called “people's vote.”", "writer"),
        ("“All or nothing at all” is an old phrase in Varna.", "writer"),
        ("“Save the old bridge!” hats were sold in Varna.", "writer"),
        ("The deal with Varna was, in short, “a very big mess.”", "writer"),
    ],
)
def test_a_tag_needs_no_verb_of_a_list(text: str, holder: str) -> None:
    assert holder_labels(text) == [holder]


@pytest.mark.parametrize(
    ("between", "holder"),
    [
        ("Tilda Marsh, a baker, shook her head.", "Tilda Marsh"),
        ("On Monday Tilda Marsh rowed home.", "Tilda Marsh"),
        ("A baker from Lesk was in the harbour.", "baker"),
        ("A committee from Lesk was in the harbour.", "unknown"),
        ("Tilda Marsh met Ada Orrin in the harbour.", "unknown"),
        ("Tilda Marsh and her son shook their heads.", "unknown"),
        ("Another 35,000 people were in the harbour.", "Ostrel"),
        ("The harbour cheered Tilda Marsh and Ada Orrin.", "Ostrel"),
        ("The visit annoyed Tilda Marsh.", "Ostrel"),
        ("Tilda Marsh's boat sank.", "Ostrel"),
        ("Tilda Marsh, an aide in the Bray campaign, shook her head.", "Tilda Marsh"),
        ("Tilda Marsh, a Bray ally, shook her head.", "Tilda Marsh"),
        ("Crane met Tilda Marsh.", "Ostrel"),
        ("A report from Lesk was late.", "Ostrel"),
        ("The mayor shook her head.", "Ostrel"),
        ("It rained.", "Ostrel"),
    ],
)
def test_a_pronoun_means_the_last_subject(between: str, holder: str) -> None:
    for space in (" ", "\n\n"):
        text = f"Crane said that it was late.{space}{between}{space}“Varna lied to us,” she said."
        assert holder_labels(text)[-1] == holder


MINUTES = """Bray: Varna lied to us. It is a scandal.
There is more. Varna stole the bridge.
Crane: That is wrong. Varna paid.
(Applause.)
Mr Bray: Prove it. We wait.
Crane: Varna paid in May.
The House rose at six."""


def test_a_turn_lasts_to_the_next_speaker() -> None:
    speakers = ["Coastal Union"] * 4 + ["Ostrel"] * 2 + ["writer"]
    speakers += ["Coastal Union"] * 2 + ["Ostrel", "writer"]
    assert holder_labels(MINUTES) == speakers


def test_speakers_who_come_again_make_minutes_of_long_turns() -> None:
    turn = "Varna lied.\nIt is old.\nIt is late.\n"
    text = f"Bray: {turn}Crane: {turn}Bray: {turn}Crane: Varna paid.\n"
    speakers = [speaker for speaker in ("Coastal Union", "Ostrel", "Coastal Union") for _ in range(3)]
    assert holder_labels(text) == [*speakers, "Ostrel"]
    assert "Ostrel" not in holder_labels(f"Bray: {turn}Varna: {turn}")


def test_a_speaker_is_named_with_the_party() -> None:
    text = MINUTES.replace("Bray:", "Bray (Coastal Union):").replace("Crane:", "Crane (Ostrel):")
    assert holder_labels(text) == holder_labels(MINUTES)


@pytest.mark.parametrize(
    ("language", "text", "holders"),
    [
        (
            "de",
            "KURIER: Lügt Varna?\nAnna Kohl: Nein. Varna zahlt.\nKURIER: Gut.\nKohl: Varna sagt, es zahle.",
            ["writer", "Anna Kohl", "Anna Kohl", "writer", "Anna Kohl"],
        ),
        (
            "de",
            "Mara Crane, Kanzlerin: Varna lügt.\nPräsidentin Anna Kohl (CU): Ruhe!\n"
            "CRANE: Nein.\nPräsidentin: Doch.",
            ["Ostrel", "Anna Kohl", "Ostrel", "Präsidentin"],
        ),
        (
            "fr",
            "Anne RIOU : Varna ment.\nMara CRANE : Non. Varna paie.\nRIOU : Si.",
            ["Anne RIOU", "Ostrel", "Ostrel", "Anne RIOU"],
        ),
        ("de", "Hafen: Er wächst.\nVarna: Es regnet.\nWetter: Es bleibt kalt.", ["writer"] * 3),
        ("de", "Hafen: Er wächst.\nVarna: 41 Prozent.\nHafen: Er wächst.", ["Hafen", "writer", "Hafen"]),
        (
            "en",
            "The Harbour Secretary (Ada Orrin): It is late.\nMara Crane (North Tilla) (CU): Varna lied.\n"
            "Mr Speaker: Order. Order.\nThe Minister: Varna paid.\nORRIN: Bray says Varna lied.",
            ["Ada Orrin", "Ostrel", "speaker", "speaker", "minister", "Ada Orrin"],
        ),
        (
            "en",
            "The Gazette: Did Varna lie?\nAda Orrin, baker: Never.\nGAZETTE: Did Crane?\n"
            "Orrin: Never. Crane paid.",
            ["writer", "Ada Orrin", "writer", "Ada Orrin", "Ada Orrin"],
        ),
        ("en", "Harbour: It grows.\nVarna: It rains.\nWeather: It is cold.", ["writer"] * 3),
        (
            "en",
            "Supreme Court: It rains. It pours.\nThe Senate: It is cold.\nTilla Street: It rains.",
            ["writer"] * 4,
        ),
        (
            "en",
            "Worth reading: It grows.\nCrane's morning: It rains.\nBy the numbers: It is cold. It rains.",
            ["writer"] * 4,
        ),
        (
            "en",
            "Ada Orrin met us.\nIt rained.\nGAZETTE: Did Varna lie?\nAda Orrin: Never. It paid.\n"
            "HERALD: Did Crane?\nAda Orrin: Never. Crane paid.\nIt rained.\nIt hailed.\nIt froze.",
            ["writer"] * 3 + ["Ada Orrin"] * 2 + ["writer"] + ["Ada Orrin"] * 2 + ["writer"] * 3,
        ),
    ],
)
def test_labels_of_speakers(language: str, text: str, holders: list[str]) -> None:
    assert labels_in(language, text) == holders


def test_results_are_nobodys_words() -> None:
    text = "Varna: 41 percent. Up two.\nCoastal Union: 31 percent. Down one.\nOstrel: 12 percent. As before."
    assert set(holder_labels(text)) == {"writer"}


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [("en", "Q", "A"), ("de", "F", "A"), ("fr", "Q", "R"), ("es", "P", "R")],
)
def test_turns_of_an_interview_may_end_with_full_stops(language: str, question: str, answer: str) -> None:
    text = f"{question}. Varna?\n{answer}. Varna paid. All left.\n{question}. Ostrel?\n{answer}. Ostrel paid."
    assert labels_in(language, text) == ["writer", "unknown", "unknown", "writer", "unknown"]


def test_letters_of_a_list_are_no_turns() -> None:
    starts = [sentence.start for sentence in split_sentences("A. Varna paid.\nB. Ostrel paid.")]
    assert starts == [3, 18]


@pytest.mark.parametrize(
    ("language", "text", "holders"),
    [
        ("de", '„Varna lügt", sagte Anna Kohl. Varna fiel.', ["Anna Kohl", "writer"]),
        ("de", '„Er sagte "nein" dazu“, sagte Anna Kohl. Varna fiel.', ["Anna Kohl", "writer"]),
        ("de", "Das stimmt nicht, sagte Anna Kohl über Varna.", ["Anna Kohl"]),
        ("de", "Anna Kohl sagte nicht, dass Varna lügt.", ["writer"]),
        ("de", "„Varna hat uns belogen“, hieß es aus Lesk.", ["unknown"]),
        ("de", "„Varna hat uns belogen“, fragte Pelo.", ["Pelo"]),
        ("de", "„Varna betrügt uns alle“, polterte Anna Kohl.", ["Anna Kohl"]),
        ("de", "„Varna betrügt uns alle“, stand auf einem Zettel für Anna Kohl.", ["unknown"]),
        ("de", "Auf dem Zettel stand: „Varna betrügt uns alle.“", ["unknown"]),
        ("de", "Die sogenannte „Stunde der Wahrheit“ kam für Varna.", ["writer"]),
        ("de", "„Das Boot auf See“, ein Klassiker, läuft in Varna.", ["writer"]),
        ("fr", "« Varna nous trompe tous », s'est emportée Anne Riou.", ["Anne Riou"]),
        ("fr", "« Varna nous trompe tous », lit-on dans une lettre à Anne Riou.", ["unknown"]),
        ("es", '"Varna nos engaña a todos", espetó Ana Ruiz.', ["Ana Ruiz"]),
        (
            "fr",
            "Anne Riou a dit que Varna a menti. Luc Ferrand est arrivé. « Varna doit payer », a-t-il dit.",
            ["Anne Riou", "writer", "Luc Ferrand"],
        ),
        (
            "de",
            "Anna Kohl sagte, Varna lüge. Es regnete. „Varna muss zahlen“, sagte sie.",
            ["Anna Kohl", "writer", "Anna Kohl"],
        ),
        ("fr", '« Varna a menti", dit Anne Riou. Varna tombe.', ["Anne Riou", "writer"]),
        ("fr", "Varna ne paie pas, dit Anne Riou.", ["Anne Riou"]),
        ("fr", "« Varna a menti », dit-on à Lesk.", ["unknown"]),
        ("es", "Varna no pagó, dijo Ana Ruiz.", ["Ana Ruiz"]),
        ("es", "«Varna mintió», se lee en la carta.", ["unknown"]),
        (
            "es",
            "—Varna mintió —dijo Ana Ruiz—. Debe pagar.\nVarna calla.",
            ["Ana Ruiz", "Ana Ruiz", "writer"],
        ),
        ("es", "—Varna mintió.\n—¿De verdad? —preguntó Luis Pardo.", ["unknown", "Luis Pardo"]),
        ("es", "—Varna mintió.\n—Varna debe pagar.", ["writer", "writer"]),
        ("es", "—Varna mintió.\n—¿Por qué? —preguntó una pescadora.", ["unknown", "pescadora"]),
        ("es", '"Es tarde", dijo Ana Ruiz. "Varna mintió", añadió en Lesk.', ["Ana Ruiz", "Ana Ruiz"]),
        ("es", '"Es tarde", dijo Ana Ruiz. "Varna mintió", dijo el martes.', ["Ana Ruiz", "Ana Ruiz"]),
        ("es", '"Es tarde", dijo Ana Ruiz. "Varna mintió", zanjó el presidente.', ["Ana Ruiz", "Ana Ruiz"]),
        ("es", '"Es tarde", dijo Ana Ruiz. Tras la cena, celebró el plan.', ["Ana Ruiz", "Ana Ruiz"]),
        (
            "es",
            '"Es tarde", dijo Ana Ruiz. "Varna mintió", dijo una pescadora joven.',
            ["Ana Ruiz", "pescadora joven"],
        ),
        ("es", '"Es tarde", dijo Ana Ruiz. "Varna mintió", dijo ayer Pelo.', ["Ana Ruiz", "Pelo"]),
    ],
)
def test_voices_in_other_languages(language: str, text: str, holders: list[str]) -> None:
    assert labels_in(language, text) == holders
