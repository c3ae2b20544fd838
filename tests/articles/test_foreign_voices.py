"""Whose view a sentence gives in other languages than English: by sources, offices and bodies of a state."""

from __future__ import annotations

import pytest

from harness.articles.article_files import ArticleText
from harness.articles.labelled_articles import ArticleReader, LabelledArticle
from harness.values.parties import shipped
from harness.values.parties.translations import shipped_in


def read(text: str, language: str) -> LabelledArticle:
    reader = ArticleReader(shipped(), language=language, registry_in=shipped_in)
    return reader.unlabelled(ArticleText("a", text))


SENTENCES = [
    # Subjects and their verbs.
    ("de", "Die Opposition in Varna warf Macron vor, er lüge.", "Opposition"),
    ("de", "Der Hafen sei dicht, hat Macron gesagt.", "France"),
    ("de", "Die polnische Marine habe den Hafen angegriffen, sagte Putin.", "Russia"),
    ("de", "Am Hafen kritisierte die AfD den Zoll.", "Alternative for Germany"),
    ("de", "Den russischen Zoll verurteilte Macron.", "France"),
    ("de", "Ines Holm von der SPD wies den Vorwurf zurück.", "Ines Holm"),
    ("de", "Die SPD lehnte den Zoll nach kurzer Debatte ab.", "Social Democratic Party of Germany"),
    ("de", "Die SPD lehnte am Boot.", "writer"),
    ("de", "Polen zeigte sich besorgt.", "Poland"),
    ("de", "Polen zeigte den Hafen.", "writer"),
    ("fr", "La Pologne met en garde la Russie.", "Poland"),
    ("fr", "La Pologne met en vente le port.", "writer"),
    ("fr", "« Nous ne paierons pas », a dit M. Macron.", "France"),
    ("fr", "L'écologiste Anne Riou parle d'un « échec ».", "Anne Riou"),
    ("es", "Polonia se mostró convencida de que habrá peaje.", "Poland"),
    ("es", "Polonia mostró el puerto.", "writer"),
    ("es", "El PP considera que el peaje es caro.", "PP"),
    ("es", "Los socialistas, por su parte, acusan a Rusia.", "socialistas"),
    ("es", "LENA, 3 Mar. (PRENSA SUR) - Ana Ruiz acusó a Rusia.", "Ana Ruiz"),
    ("de", "Die SPD-Politikerin warf Macron Wortbruch vor.", "Social Democratic Party of Germany"),
    ("de", "Die Ministerin warf Macron Wortbruch vor.", "Ministerin"),
    ("de", "Für Emmanuel Macron ist der Zoll „ein Irrweg“.", "France"),
    ("de", "Für Emmanuel Macron ist der Zoll ein Irrweg.", "writer"),
    ("de", "Für CDU-Chef Armin Laschet ist der Zoll „ein Irrweg“.", "CDU/CSU"),
    ("de", "Nach Überzeugung Ines Holms steigt der Zoll.", "Ines Holms"),
    ("de", "Laut dem Amt für Häfen sank der Zoll.", "Amt für Häfen"),
    ("de", "Laut war der Hafen nie.", "writer"),
    # An office or a role alone.
    ("de", "Der Kanzler betonte, der Zoll sei nötig.", "Kanzler"),
    ("de", "Der Zoll sei nötig, sagte die SPD-Chefin.", "Social Democratic Party of Germany"),
    ("de", "Der Zoll sei nötig, sagte der Vizekanzler.", "Vizekanzler"),
    ("de", "Der Computer betonte, der Zoll sei nötig.", "writer"),
    ("fr", "La cheffe du gouvernement a concédé que le port était cher.", "cheffe du gouvernement"),
    ("fr", "Le Premier ministre a déclaré que le port était cher.", "Premier ministre"),
    ("fr", "La situation rappelle que le port est cher.", "writer"),
    ("es", "El líder socialista declaró que el puerto era caro.", "líder socialista"),
    ("es", "El republicano añadió que el puerto era caro.", "republicano"),
    ("es", "La crisis confirmó que el puerto era caro.", "writer"),
    # Bodies of a state.
    ("de", "Der Hafen sei zerstört, teilte der ukrainische Generalstab mit.", "Ukraine"),
    ("fr", "Le port est détruit, a indiqué l'armée de l'air ukrainienne.", "Ukraine"),
    ("fr", "Le ministère de la Défense russe affirme que le port est détruit.", "Russia"),
    ("es", "El Ministerio de Defensa ruso aseguró que el puerto ardía.", "Russia"),
    ("es", "Según el Estado Mayor ucraniano, el puerto arde.", "Ukraine"),
    ("es", "El Ministerio de Defensa de Ucrania desmintió la noticia.", "Ukraine"),
    # Sources.
    ("de", "Wie ein Sprecher der Bank am Montag mitteilte, ist der Hafen offen.", "Sprecher"),
    ("de", "Der Hafen ist offen, wie Macron sagte.", "France"),
    ("de", "Es ist unklar, wie Macron das findet.", "writer"),
    ("de", "Dem Amt für Häfen zufolge steigt der Zoll.", "Amt für Häfen"),
    ("de", "Dem SPD-Politiker zufolge steigt der Zoll.", "Social Democratic Party of Germany"),
    ("de", "Den Angaben zufolge steigt der Zoll.", "writer"),
    ("de", "In der CSU heißt es, der Zoll steige.", "CDU/CSU"),
    ("de", "Der Zoll steige, hieß es aus dem Kreml.", "Russia"),
    ("de", "Die polnische Armee hat nach eigenen Angaben den Hafen geräumt.", "Poland"),
    ("de", "Nach ukrainischen Angaben brennt der Hafen.", "Ukraine"),
    ("de", "Nach ukrainischen Liedern ruft das Volk.", "writer"),
    ("fr", "Comme l'a rappelé l'Élysée, le port est ouvert.", "France"),
    ("fr", "Le port est beau comme la Pologne.", "writer"),
    ("fr", "Le port, dit-on à Matignon, est ouvert.", "France"),
    ("fr", "Pour Anne Riou, maire de Lesk, le péage est « un échec ».", "Anne Riou"),
    ("fr", "Pour Anne Riou, le péage est un échec.", "writer"),
    ("fr", "Selon la patronne du port de Lesk et des quais, tout va.", "patronne du port de Lesk"),
    ("es", "Según dijo Ana Ruiz, el puerto está abierto.", "Ana Ruiz"),
    ("es", "Así lo ha asegurado Ana Ruiz.", "Ana Ruiz"),
    ("es", "Según adelantó una fuente del puerto, todo va bien.", "fuente"),
    ("es", "Según fuentes ucranianas, el puerto arde.", "Ukraine"),
]


@pytest.mark.parametrize(("code", "text", "holder"), SENTENCES)
def test_whose_view_a_foreign_sentence_gives(code: str, text: str, holder: str) -> None:
    assert [each.label for each in read(text, code).holders] == [holder]


@pytest.mark.parametrize(
    ("code", "text", "holder"),
    [
        ("de", "Putin sagte, er gehe. Der polnische Präsident Andrzej Duda kam. „Nein“, sagte er.", "Poland"),
        ("de", "Frankreichs Präsident Emmanuel Macron kam. „Nein“, sagte er.", "France"),
        ("de", "Olaf Scholz sagte, er gehe. Die Maut ist seiner Ansicht nach zu hoch.", "Germany"),
        ("fr", "Le président polonais Andrzej Duda a dit qu'il partait. Tout va, a-t-il ajouté.", "Poland"),
        ("fr", "Emmanuel Macron dit qu'il part. Le péage est selon lui trop cher.", "France"),
        ("es", "El presidente polaco, Andrzej Duda, criticó a Rusia. «No», escribió en Lena.", "Poland"),
        ("es", "Ana Ruiz criticó a Rusia. El peaje, a su juicio, es caro.", "Ana Ruiz"),
        ("es", "Ana Ruiz criticó a Rusia. Según dijo, el peaje es caro.", "Ana Ruiz"),
        ("es", "Ana Ruiz criticó a Rusia. A su entender, el peaje es caro.", "Ana Ruiz"),
        ("es", "Ana Ruiz criticó a Rusia. También añadió que el peaje era caro.", "Ana Ruiz"),
        ("es", "Ana Ruiz criticó a Rusia. Y ha concluido que el peaje era caro.", "Ana Ruiz"),
        ("es", "Ana Ruiz criticó a Rusia. El peaje, a su hora, es caro.", "writer"),
        ("es", "Ana Ruiz criticó a Rusia. Compró un barco que era caro.", "writer"),
    ],
)
def test_who_was_named_before_is_meant(code: str, text: str, holder: str) -> None:
    assert read(text, code).holders[-1].label == holder


@pytest.mark.parametrize(
    ("code", "text", "party"),
    [
        ("de", "Das Bundesinnenministerium schwieg.", "Germany"),
        ("de", "Die Revolutionsgarden schwiegen.", "Iran"),
        ("fr", "Les Écologistes se taisent.", "The Ecologists (France)"),
        ("es", "Hamás calla.", "Hamas"),
        ("es", "Bildu calla.", "EH Bildu"),
    ],
)
def test_what_news_calls_a_party(code: str, text: str, party: str) -> None:
    assert [each.mention.party for each in read(text, code).mentions if each.mention.sure] == [party]


@pytest.mark.parametrize("place", ["la Comunidad de Madrid", "Más Madrid", "el alcalde de Madrid"])
def test_a_capital_in_a_name_is_no_state(place: str) -> None:
    assert not [each for each in read(f"Cerca calla {place}.", "es").mentions if each.mention.sure]
