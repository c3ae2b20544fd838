"""Articles in a language that the model, or the rules, do not know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from articles.toy_models import ARTICLE, model
from golden import Golden

from harness.articles.pipeline import ReadingOptions, read
from harness.serving.inference import LabelModel
from harness.values.errors import ArticleError
from tests.articles.test_pipeline import models

__all__ = ["models"]

GERMAN = (
    "Die Regierung von Varna hat am Montag eine neue Maut für den Fluss beschlossen, und die Händler"
    " der Stadt sind darüber wenig erfreut. „Niemand hat uns gefragt“, sagte die Hafenmeisterin Ines"
    " Holm. Ostrel kritisierte den Beschluss scharf. Die Fähren fahren trotzdem weiter wie bisher, und"
    " der Markt bleibt offen."
)
POLISH = (
    "Rząd w mieście Varna uchwalił w poniedziałek nowe myto na rzece, a kupcy nie są z tego powodu"
    " zadowoleni. „Nikt nas o to nie pytał” – powiedziała kierowniczka portu. Promy nadal pływają tak"
    " jak dotychczas, a targ pozostaje otwarty przez cały tydzień, chociaż wielu mieszkańców miasta"
    " woli teraz kupować gdzie indziej."
)


def in_language(model: LabelModel, *codes: str) -> LabelModel:
    contract = replace(model.engine.contract, languages=codes)
    return LabelModel(replace(model.engine, contract=contract), model.uri)


@pytest.mark.filterwarnings("error")
def test_a_model_of_another_language_is_noted_once() -> None:
    english, german = in_language(model(), "en"), in_language(model(), "de")
    options = ReadingOptions(parties=Path("parties.yaml"), stance=english, frames=None)
    (note,) = read(GERMAN, options).notes
    assert "English" in note
    assert "German" in note
    assert read(GERMAN, replace(options, stance=german)).notes == []
    # A model that was packed before languages were recorded.
    assert read(GERMAN, replace(options, stance=model())).notes == []
    assert read(ARTICLE, options).notes == []


def test_the_page_says_what_the_notes_say() -> None:
    options = ReadingOptions(
        (Path("p.html"),), Path("parties.yaml"), stance=in_language(model(), "en"), frames=None
    )
    (note,) = read(GERMAN, options).notes
    assert note in Path("p.html").read_text()


def test_a_language_without_rules_is_noted(golden: Golden) -> None:
    options = ReadingOptions(parties=Path("parties.yaml"), stance=in_language(model(), "en"), frames=None)
    reading = read(POLISH, options)
    assert len(reading.notes) == 2
    golden("articles/language_notes", "\n".join(reading.notes))
    assert set(reading.rows["holder"]) == {"writer"}


def test_the_language_may_be_stated() -> None:
    options = ReadingOptions(parties=Path("parties.yaml"), stance=None, frames=None)
    stated = read("Ostrel sagte, dass Varna lügt.", replace(options, language="German"))
    assert stated.rows["holder"].tolist() == ["Ostrel", "Ostrel"]
    with pytest.raises(ArticleError) as raised:
        read("Varna.", replace(options, language="Germn"))
    assert [problem.where for problem in raised.value.problems] == ["language"]
