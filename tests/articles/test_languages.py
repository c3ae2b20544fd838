"""Articles in other languages than English: whole ones with all that is in them, and single sentences."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from harness.articles.article_files import ArticleText
from harness.articles.grammar import OPENERS, Grammar, grammar_of, languages
from harness.articles.labelled_articles import ArticleReader, LabelledArticle
from harness.articles.sentences import split_sentences
from harness.values.parties import from_records, shipped
from harness.values.parties.translations import languages as languages_of_registry
from harness.values.parties.translations import shipped_in

FOREIGN = [code for code in languages() if code != "en"]
FOLDER = Path(__file__).parent / "foreign"
SHORT = "Die SPD lehnt das ab."


def read(text: str, language: str = "") -> LabelledArticle:
    reader = ArticleReader(shipped(), language=language, registry_in=shipped_in)
    return reader.unlabelled(ArticleText("a", text))


def expected(code: str) -> dict[str, Any]:
    data: dict[str, Any] = YAML(typ="safe").load((FOLDER / f"{code}.yaml").read_text(encoding="utf-8"))
    return data


def test_every_language_with_rules_has_names_and_an_article() -> None:
    assert languages() == languages_of_registry()
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(FOREIGN)


@pytest.mark.parametrize("code", FOREIGN)
def test_an_article_is_read_whole(code: str) -> None:
    article, wanted = read(expected(code)["text"]), expected(code)
    assert article.language == code
    assert len(article.sentences) == wanted["sentences"] >= 10
    sure = Counter(mention.mention.party for mention in article.mentions if mention.mention.sure)
    assert sure == wanted["parties"]
    labels = {}
    for sentence, holder in zip(article.sentences, article.holders, strict=True):
        for beginning in wanted["holders"]:
            if sentence.text.startswith(beginning):
                labels[beginning] = holder.label
    assert labels == wanted["holders"]


@pytest.mark.parametrize("code", FOREIGN)
def test_what_stands_in_quotation_marks_is_quoted(code: str) -> None:
    article = read(expected(code)["text"])
    marks = set("".join(grammar_of(code).openers))
    with_marks = [
        holder
        for sentence, holder in zip(article.sentences, article.holders, strict=True)
        if marks & set(sentence.text)
    ]
    assert len(with_marks) >= 3
    assert all(holder.quoted and not holder.own_voice for holder in with_marks)


SENTENCES = [
    (
        "de",
        "Am Dienstag sagte der SPD-Vorsitzende Lars Klingbeil, der Haushalt sei solide.",
        "Lars Klingbeil",
    ),
    ("de", "Der russische Außenminister Sergej Lawrow warf der Nato Wortbruch vor.", "Russia"),
    ("de", "Laut Polizei blieb alles ruhig.", "Polizei"),
    ("de", "„Wir sind bereit“, so Merz.", "Germany"),
    ("de", "Der AfD zufolge ist das Gesetz überflüssig.", "Alternative for Germany"),
    ("de", "Macron: „Das war ein guter Tag.“", "France"),
    ("de", "Selenskyj, der am Montag in Berlin war, betonte, sein Land brauche Hilfe.", "Ukraine"),
    ("de", "Die Opposition wirft der Bundesregierung Versagen vor.", "Opposition"),
    ("de", "Experten warnen, dass die Maut zu teuer werde.", "Experten"),
    ("de", "»Das reicht nicht«, sagte Tarik Brandt der Zeitung.", "Tarik Brandt"),
    ("de", "Die USA, erklärte ein Sprecher der chinesischen Regierung, hätten provoziert.", "China"),
    ("de", "Die Regierung in Wien hat nicht gesagt, wann sie entscheidet.", "writer"),
    ("de", "Tarik Brandt sagte den Termin ab.", "writer"),
    ("de", "Der Fluss ist 80 Kilometer lang.", "writer"),
    ("fr", "Le ministre allemand des Affaires étrangères a déclaré que l'accord était mort.", "Germany"),
    ("fr", "Pour Marine Le Pen, dit-elle, c'est une trahison.", "National Rally"),
    ("fr", "« C'est fini », soupire Tarik Brandt, marin.", "Tarik Brandt"),
    ("fr", "« Nous avons gagné », a lancé Jean-Luc Mélenchon devant les siens.", "La France Insoumise"),
    ("fr", "Jean-Luc Mélenchon : « Nous avons gagné. »", "La France Insoumise"),
    ("fr", "La Russie, a expliqué Sergueï Lavrov, n'a pas reçu de réponse.", "Russia"),
    ("fr", "Selon une étude publiée lundi, les prix montent.", "étude"),
    ("fr", "L'Ukraine accuse la Russie d'avoir menti.", "Ukraine"),
    ("fr", "D'après la police, tout est calme.", "police"),
    ("fr", "Des experts estiment que le péage coûtera cher.", "experts"),
    ("fr", "L'accord a été critiqué par l'opposition.", "opposition"),
    ("fr", "Le texte, que le gouvernement dénonce, passe au Sénat.", "writer"),
    ("fr", "Le président n'a pas dit quand il partirait.", "writer"),
    ("fr", "Le fleuve fait 80 kilomètres.", "writer"),
    ("es", "El ministro alemán de Exteriores declaró que el acuerdo estaba muerto.", "Germany"),
    ("es", "«Hemos ganado», proclamó Tarik Brandt ante los suyos.", "Tarik Brandt"),
    ("es", "“Hemos ganado”, dijo Tarik Brandt.", "Tarik Brandt"),
    ("es", "Pedro Sánchez: «Es un buen día».", "Spain"),
    ("es", "Rusia, explicó Serguéi Lavrov, no ha recibido respuesta.", "Russia"),
    ("es", "Según un estudio publicado el lunes, los precios suben.", "estudio"),
    ("es", "Ucrania acusa a Rusia de mentir.", "Ukraine"),
    ("es", "Los expertos creen que el peaje será caro.", "expertos"),
    ("es", "El acuerdo fue criticado por la oposición.", "oposición"),
    ("es", "La portavoz de la Comisión Europea ha señalado que no hay plazo.", "European Union"),
    ("es", "La medida, que el Gobierno critica, llega al Senado.", "writer"),
    ("es", "El presidente no dijo cuándo se iría.", "writer"),
    ("es", "El río mide 80 kilómetros.", "writer"),
    # An apposition, and what looks like one.
    ("de", "Die Chefin der SPD, Ines Holm, kritisierte die AfD.", "Ines Holm"),
    ("de", "Der Wirt aus Lesk, Tarik Brandt, lobt Russland.", "Tarik Brandt"),
    ("de", "Alice Weidel (AfD), die Chefin, kritisierte die CDU.", "Alternative for Germany"),
    ("de", "Polen, das an der Ostsee liegt, kritisiert die Nato.", "Poland"),
    ("de", "Die Nato, die EU, kritisierte Ungarn, sei naiv.", "Hungary"),
    ("de", "Am Montag, dem 3. Mai, kritisierte Polen die AfD.", "Poland"),
    ("fr", "La ministre des Ports, Anne Riou, a dénoncé la Russie.", "Anne Riou"),
    ("fr", "Le patron du RN, Jordan Bardella, a averti la Russie.", "National Rally"),
    ("fr", "Anne Riou, la ministre des Ports, a dénoncé la Russie.", "Anne Riou"),
    ("fr", "Le port est perdu, dénonce la Pologne.", "Poland"),
    ("fr", "La Pologne, a dénoncé la Hongrie, ment.", "Hungary"),
    ("fr", "La Pologne et la Hongrie, dénonce la Russie, ont menti.", "Russia"),
    ("es", "La alcaldesa de Lena, Ana Ruiz, criticó a Rusia.", "Ana Ruiz"),
    ("es", "Pelo, por su parte, celebró la decisión de Polonia.", "Pelo"),
    ("es", "El alcalde de Lena, Luis Pardo, le reprochó a Rusia el retraso.", "Luis Pardo"),
    ("es", "«No pagaremos», respondió el ministro del puerto, Luis Pardo.", "Luis Pardo"),
    ("de", "Pelo bezeichnete die AfD als „Gefahr“.", "writer"),
    ("de", "Die Fischerin Ines Holm bezeichnete die AfD als „Gefahr“.", "Ines Holm"),
    # Before a colon.
    ("de", "Ines Holm schrieb an Emmanuel Macron: „Wir zahlen nicht.“", "Ines Holm"),
    ("de", "Alice Weidel sagte der Varna-Presse: „Wir zahlen nicht.“", "Alternative for Germany"),
    ("de", "Pelo attackiert Grüne: „Sie sind das Problem“", "Pelo"),
    ("de", "Zuletzt sagte Macron: „Wir zahlen nicht.“", "France"),
    ("de", "Pelo: „Die Grünen sind das Problem“", "Pelo"),
    ("de", "Tarik Brandt (SPD): „Wir zahlen nicht.“", "Tarik Brandt"),
    ("de", "Motto: „Frieden mit Russland“", "writer"),
    ("de", "Die Kritik an Macron: „Er hat uns belogen“", "unknown"),
    ("fr", "Emmanuel Macron à Vladimir Poutine : « C'est fini. »", "France"),
    ("fr", "Guerre en Ukraine : « Nous avons tout perdu »", "unknown"),
    ("fr", "Le ministre du port Tarik Brandt : « C'est fini. »", "Tarik Brandt"),
    ("es", "Pelo carga contra Macron: «Es un peligro público»", "Pelo"),
    # Verbs.
    ("de", "„Wir zahlen nicht“, polterte Tarik Brandt.", "Tarik Brandt"),
    ("de", "„Wir zahlen nicht“, legte Tarik Brandt nach.", "Tarik Brandt"),
    ("de", "„Wir zahlen nicht“, schimpfte die Wirtin am Montag.", "Wirtin"),
    ("de", "Als es begann, legte Macron den Plan vor.", "writer"),
    ("fr", "« Nous ne paierons pas », s'est emportée Anne Riou.", "Anne Riou"),
    ("fr", "« Nous ne paierons pas », a conclu la boulangère de Lesk.", "boulangère de Lesk"),
    ("fr", "Le RN l'emporte à Lesk avec « un bon score ».", "writer"),
    ("fr", "La critique de Macron porte sur « le port ».", "writer"),
    ("es", "«No pagaremos», espetó Ana Ruiz.", "Ana Ruiz"),
    ("es", "«No pagaremos», sentenció la panadera de Lena.", "panadera de Lena"),
]


@pytest.mark.parametrize(("code", "text", "holder"), SENTENCES)
def test_whose_view_a_sentence_gives(code: str, text: str, holder: str) -> None:
    assert [each.label for each in read(text, code).holders] == [holder]


@pytest.mark.parametrize(
    ("code", "text", "n"),
    [
        ("de", "Am 3. Oktober kam Dr. Holm z.B. nach Bonn. Sie blieb bis zum Ende des 20. Jahrhundert.", 2),
        ("de", "Sie zahlte 5 Mio. Euro an die Nr. 1 der Liga. Das war viel.", 2),
        ("fr", "M. Riou et Mme. Le Goff sont partis. Ils reviendront le 3 mars.", 2),
        ("es", "El Sr. Ríos y la Sra. Vega viven en EE. UU. desde 2010. Vuelven hoy.", 2),
        ("de", "Der Abg. Holm und der ehem. Minister kamen gem. Art. 5 zum 1. FC Varna. Alle gingen.", 2),
        ("de", "Sie verkaufen Boote, Netze usw. Alle gingen.", 2),
        ("fr", "Mgr. Holm et J.-P. Riou lisent l'art. 5 au no. 3. Ils partent.", 2),
        ("fr", "Ils vendent des bateaux, etc. Les clients partent.", 2),
        ("es", "La Excma. Sra. Vega y el Lic. Ríos llegan a las 9 a. m. del martes. Vuelven hoy.", 2),
        ("es", "Fue a EE. UU. El martes volvió.", 2),
    ],
)
def test_abbreviations_end_no_sentence(code: str, text: str, n: int) -> None:
    assert len(split_sentences(text, language=code)) == n


@pytest.mark.parametrize(
    ("code", "text", "n"),
    [
        ("de", "Die Gespräche scheiterten.Die Partei ging.", 2),
        ("de", "Die Gespräche scheiterten.„Wir gehen“, sagte sie.", 2),
        ("de", "Das sagte sie (zweimal).Die Partei gewann 41 %.Das war 2030.Alle gingen.", 4),
        ("de", "Am 3.Oktober kam sie.", 1),
        ("fr", "Qui a gagné ?Le parti a échoué.« Nous partons », dit-elle.", 3),
        ("es", "El partido fracasó.¿Quién ganó?«Nadie», dijo.", 3),
    ],
)
def test_a_space_that_is_missing_hides_no_end(code: str, text: str, n: int) -> None:
    assert len(split_sentences(text, language=code)) == n


@pytest.mark.parametrize(
    ("code", "text", "sure"),
    [
        ("de", "Die russische Regierung schwieg.", True),
        ("de", "Ein russischer Tenor sang.", False),
        ("fr", "Le gouvernement russe se tait.", True),
        ("fr", "Un ténor russe a chanté.", False),
        ("es", "El gobierno ruso calla.", True),
        ("es", "Un tenor ruso cantó.", False),
        ("de", "Das Haus des russischen Verteidigungsministeriums brannte.", True),
        ("fr", "La marine russe se tait.", True),
        ("fr", "L'armée de terre russe se tait.", True),
        ("fr", "L'air de la chanson russe est connu.", False),
        ("es", "La Fuerza Aérea rusa calla.", True),
        ("es", "El ministro de Exteriores ruso calla.", True),
        ("es", "La Feria de Danza rusa acabó.", False),
    ],
)
def test_an_adjective_is_the_state_beside_an_office(code: str, text: str, sure: bool) -> None:
    (mention,) = read(text, code).mentions
    assert (mention.mention.party, mention.mention.reference, mention.mention.sure) == (
        "Russia",
        "demonym",
        sure,
    )


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Die SPD tagte. Die Partei schwieg."),
        ("fr", "Le Rassemblement national s'est réuni. Le parti se tait."),
        ("es", "El PSOE se reunió. El partido calla."),
    ],
)
def test_the_party_is_the_only_one_before(code: str, text: str) -> None:
    first, second = read(text, code).mentions
    assert (second.mention.party, second.mention.reference) == (first.mention.party, "description")


def test_german_reported_speech_goes_on_in_its_mood() -> None:
    article = read("Merz sagte, er wolle reden. Der Plan sei gut. Der Plan ist gut.", "de")
    assert [holder.label for holder in article.holders] == ["Germany", "Germany", "writer"]


@pytest.mark.parametrize("code", FOREIGN)
def test_a_forgotten_closing_mark_does_not_give_the_article_away(code: str) -> None:
    opening = next(iter(grammar_of(code).openers))
    verb = {"de": "sagte", "fr": "affirme", "es": "dijo"}[code]
    text = f"Tarik Brandt {verb}: {opening}Abc def ghi.\n\nNihil novi.\n\nNihil novi iterum."
    assert [holder.label for holder in read(text, code).holders][1:] == ["writer", "writer"]


def test_in_a_language_without_rules_quotations_are_by_somebody_unknown() -> None:
    article = read("Rząd milczy. „Nikt nas nie pytał”. NATO mówi: „Tak jest i będzie”.", "pl")
    assert [holder.label for holder in article.holders] == ["writer", "unknown", "unknown"]
    assert [mention.mention.party for mention in article.mentions] == ["NATO"]


def test_short_articles_are_read_as_english_unless_a_language_is_stated() -> None:
    assert read(SHORT).language == "en"
    assert read(SHORT, "de").language == "de"


def test_a_registry_of_ones_own_serves_every_language() -> None:
    registry = from_records([{"name": "Varna", "aliases": ["Warna"]}])
    article = ArticleReader(registry, language="de").unlabelled(ArticleText("a", "Warna schwieg."))
    assert [mention.mention.party for mention in article.mentions] == ["Varna"]


@pytest.mark.parametrize("code", FOREIGN)
def test_every_rule_of_a_language_is_filled_in(code: str) -> None:
    grammar = grammar_of(code)
    optional = {"after_only", "compound_judge", "according_after", "ordinals", "subjectless"}
    optional |= {"adjective_endings", "noun_endings", "title_endings", "comma_before_clause"}
    optional |= {"separable", "oblique", "bodies", "fields"}
    empty = {each.name for each in dataclasses.fields(Grammar) if not getattr(grammar, each.name)}
    assert empty <= optional
    assert not grammar.say & grammar.judge
    assert not grammar.pronouns & grammar.group_nouns
    # A title between a verb and a name is no preposition, by which the name would be no subject.
    assert not {word for word in grammar.titles if len(word) > 3} & grammar.prepositions
    assert all(len(opening) == 1 and closers for opening, closers in grammar.openers.items())


def test_a_language_without_a_file_has_quotation_marks_alone() -> None:
    grammar = grammar_of("pl")
    assert grammar.openers == OPENERS
    assert not grammar.say
    assert grammar.reported.search("sei") is None


@pytest.mark.parametrize(
    ("code", "text", "sure"),
    [
        ("de", "Russland verlor. Die Regierung schwieg.", [True]),
        ("de", "Händler kauften Fisch aus der Ukraine. Die Regierung schwieg.", [False]),
        ("de", "In der Ukraine wurde gewählt. Das Land hofft.", [True]),
        ("fr", "Le président de la Russie parla. Le pays écouta.", [True]),
        ("fr", "Le poisson venu d'Ukraine manque. Le gouvernement se tait.", [False]),
        ("fr", "La Russie a menti. Le chef du gouvernement part.", []),
        ("es", "El acuerdo con Rusia cayó. El Gobierno calla.", [False]),
        ("es", "Rusia mintió. El Gobierno calla.", [True]),
    ],
)
def test_the_government_of_what_a_sentence_is_about(code: str, text: str, sure: list[bool]) -> None:
    mentions = [each.mention for each in read(text, code).mentions]
    assert [mention.sure for mention in mentions if mention.reference == "description"] == sure


@pytest.mark.parametrize(
    ("code", "text", "sure"),
    [
        ("de", "Mette Frederiksen siegte. Für Frederiksen gilt das. Doch Frederiksen ging.", [True] * 3),
        ("de", "Mette Frederiksen siegte. Kann Ministerpräsidentin Frederiksen siegen?", [True] * 2),
        ("de", "Mette Frederiksen siegte. Kann Frederiksen siegen? Oda Frederiksen sang.", [True, False]),
        ("fr", "Pedro Sánchez gagna. Pour Sánchez, tout va. Mais Sánchez part.", [True] * 3),
        ("es", "Pedro Sánchez ganó. Según Sánchez, todo va. ¿Puede Sánchez ganar?", [True] * 3),
        ("es", "Pedro Sánchez ganó. Para Sánchez es tarde. Oda Sánchez calló.", [True, False]),
    ],
)
def test_a_surname_behind_what_begins_a_sentence_is_the_leaders(
    code: str, text: str, sure: list[bool]
) -> None:
    assert [each.mention.sure for each in read(text, code).mentions if each.mention.leader] == sure
