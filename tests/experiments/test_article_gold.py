"""The ten articles with gold: their files agree with one another, and their texts are new."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter

import pandas as pd
import pytest

from experiments.reading import article_gold, make_corpus
from experiments.reading.article_gold import COLUMNS, FOLDER, GoldArticle
from harness.values import parties
from harness.values.labels import NEWS_FRAMES, NO_FRAME, STANCES
from harness.values.parties import find_name
from tests.corpora.readers.test_partyline_content import REAL_NAME

ARTICLES = article_gold.read()
TABLE = article_gold.rows(ARTICLES)
EACH = pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article.register)
OTHER_REGISTRIES = [
    *(make_corpus.TRAIN / f"parties-{writer}.yaml" for writer in make_corpus.WRITERS),
    make_corpus.IMPLIED / "parties.yaml",
    make_corpus.IMPLIED.parents[2] / "harness/corpora/data/partyline/parties.yaml",
]


def starts(article: GoldArticle) -> list[int]:
    """Where each row's sentence begins in the text, searched for from where the one before it begins."""
    positions: list[int] = []
    number, start = 0, -1
    for row in article.gold:
        if row["sentence"] != number:
            start = article.text.find(str(row["opening"]), start + 1)
            number = int(row["sentence"])
        positions.append(start)
    return positions


def paragraph_at(article: GoldArticle, position: int) -> str:
    before = article.text[:position].rpartition("\n\n")[0]
    return article.paragraphs[len(before.split("\n\n")) if before else 0]


def test_there_are_ten_registers_and_as_many_judgements_as_the_readme_says() -> None:
    assert [article.number for article in ARTICLES] == [f"{number:02}" for number in range(1, 11)]
    assert TABLE["register"].nunique() == 10
    assert TABLE["stance"].value_counts().to_dict() == {"neutral": 148, "critical": 72, "supportive": 45}


def test_texts_registries_and_gold_are_those_that_were_frozen() -> None:
    lines = (FOLDER / "frozen.sha256").read_text(encoding="utf-8").splitlines()
    frozen = {name: digest for digest, name in (line.split() for line in lines)}
    paths = [*FOLDER.glob("[0-9]*.txt"), *FOLDER.glob("*.yaml"), *FOLDER.glob("*.tsv")]
    assert frozen == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@EACH
def test_the_sentences_of_the_gold_stand_in_the_text_in_its_order(article: GoldArticle) -> None:
    assert {len(row) for row in article.gold} == {len(COLUMNS)}
    numbers = [int(row["sentence"]) for row in article.gold]
    positions = starts(article)
    assert numbers == sorted(numbers)
    assert min(positions) >= 0
    # Nothing but a blank, or a mark of quotation, stands between a sentence and the one before it.
    assert [article.text[at - 1] for at in positions if at and article.text[at - 1] not in " \n"] == []


@EACH
def test_a_party_is_registered_and_named_in_the_paragraph_of_its_row(article: GoldArticle) -> None:
    off = [
        (row["sentence"], row["party"])
        for row, position in zip(article.gold, starts(article), strict=True)
        if not any(
            find_name(paragraph_at(article, position), form) for form in article.forms(str(row["party"]))
        )
    ]
    assert off == []


@EACH
def test_every_party_that_a_paragraph_names_for_certain_has_a_row_there(article: GoldArticle) -> None:
    labelled = {
        (paragraph_at(article, position), row["party"])
        for row, position in zip(article.gold, starts(article), strict=True)
    }
    named = {
        (text, mention.party) for text in article.paragraphs for mention in article.registry.mentions(text)
    }
    assert named - labelled == set()


@EACH
def test_a_party_has_one_row_a_sentence_and_its_sentence_one_voice(article: GoldArticle) -> None:
    pairs = Counter((row["sentence"], row["party"]) for row in article.gold)
    assert set(pairs.values()) == {1}
    sentences = {
        tuple(row[key] for key in ("sentence", "opening", "voice", "holder")) for row in article.gold
    }
    assert len(sentences) == len({number for number, _ in pairs})


def test_labels_are_those_of_the_codebook() -> None:
    assert set(TABLE["stance"]) == set(STANCES)
    assert set(TABLE["clear"]) == {"yes", "no"}
    assert {frame for cell in TABLE["frames"] for frame in cell.split(",")} <= {*NEWS_FRAMES, NO_FRAME}
    assert ((TABLE["holder"] == "writer") == (TABLE["voice"] == "writer")).all()
    assert set(TABLE["voice"]) == {"writer", "quoted"}


def test_the_gold_is_what_both_labelled_or_what_was_settled() -> None:
    second, settled = (
        pd.read_csv(FOLDER / name, sep="\t", dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE)
        for name in ("labels-2.tsv", "settled.tsv")
    )
    table = TABLE.assign(sentence=TABLE["sentence"].astype(str)).reset_index(drop=True)
    keys = ["article", "sentence", "party"]
    assert table[keys].equals(second[keys])
    rulings = {tuple(line[:4]): line[6] for line in settled.to_numpy().tolist()}
    for row, other in zip(table.to_dict("records"), second.to_dict("records"), strict=True):
        for what in ("stance", "holder", "frames"):
            party = row["party"] if what == "stance" else ""
            ruling = rulings.get((row["article"], row["sentence"], party, what))
            assert set(row[what].split(",")) == set((ruling or other[what]).split(",")), (row, what)


def test_no_name_stands_in_two_worlds_or_inside_anothers() -> None:
    worlds = {article.number: forms_of(article.registry) for article in ARTICLES}
    others = {path.name: forms_of(parties.read(path)) for path in OTHER_REGISTRIES}
    inside = [
        (name, longer)
        for world, names in worlds.items()
        for other, longer_names in {**worlds, **others}.items()
        if other != world
        for name in names
        for longer in longer_names
        # With spaces around, a name is part of another as whole words alone.
        if f" {name} " in f" {longer} " or f" {longer} " in f" {name} "
    ]
    assert inside == []


def forms_of(registry: parties.Registry) -> set[str]:
    return {form for party in registry.parties for form in party.surfaces}


def test_nobody_real_is_named() -> None:
    assert [
        (article.number, match[0]) for article in ARTICLES if (match := REAL_NAME.search(article.text))
    ] == []


def test_no_article_shares_six_words_in_a_row_with_the_corpora_or_another() -> None:
    assert article_gold.shared_with_corpora(ARTICLES) == []


def test_a_paragraph_masks_its_names() -> None:
    registry = parties.from_records([{"name": "Varna"}])
    article = GoldArticle("01", "wire", "A headline\n\nIn Varna it rained.\n", registry, ())
    assert [sentence.words for sentence in article_gold.paragraphs([article])] == [
        ("a", "headline"),
        ("in", "NAME", "it", "rained"),
    ]
