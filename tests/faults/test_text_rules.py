"""Rules of texts against texts made to be slow: the time of each grows with the text, not with its square.

Rules of a sentence see at most 1,000 characters (``MAX_SENTENCE``): each regular expression has to be done
with any of them in a moment. Whatever reads a whole text is held to a doubling law.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.articles.actors import find_actors
from harness.articles.article_files import from_html, from_string
from harness.articles.attributions import find_attributions
from harness.articles.console import printable
from harness.articles.foreign_actors import find_actors_in
from harness.articles.foreign_attributions import find_attributions_in
from harness.articles.foreign_quotations import closes_first, still_open
from harness.articles.grammar import ENGLISH, grammar_of, languages
from harness.articles.labelled_articles import ArticleReader
from harness.articles.line_kinds import is_boilerplate, kind_of_line
from harness.articles.page import reader_page
from harness.articles.people import description_at_end, find_people
from harness.articles.quotations import blank_quotations, closes_quotation, quotation_continues
from harness.articles.sentences import MAX_SENTENCE, paragraphs, split_sentences
from harness.articles.web_pages import without_tables
from harness.audits.name_grammar import DefiniteArticles, before, is_namesake, modifies_noun
from harness.audits.renaming import party_mentions
from harness.classifiers.linear.tokens import split_words
from harness.classifiers.protocol import Classifier, Example, Labelled
from harness.corpora.guesses import guess_language
from harness.scoring.slices import QUOTATION
from harness.splits.leaks.coded_texts import CodedTexts
from harness.splits.leaks.duplicates import near_pairs, normalised, shingles
from harness.values.catalog import bind
from harness.values.docstrings import plain_text
from harness.values.errors import ArticleError, HarnessError, hidden
from harness.values.labels import LabelSet
from harness.values.language import detect
from harness.values.parties import find_name
from harness.values.parties.folding import fold
from harness.values.parties.records import shipped
from harness.values.parties.translations import shipped_in
from harness.values.polarity import guess_label
from harness.values.row_files import likely_delimiter
from harness.values.secrets import hide, masked
from harness.values.spreadsheets import defused, guarded, restored
from harness.values.unreadable import UnreadableError, cell_problem, parse_json, usable_text, usable_value
from harness.values.yaml_files import parse_yaml
from tests.faults.conftest import Tally
from tests.faults.slow_texts import SAMPLE, UNITS, text_of

FOREIGN = sorted(set(languages()) - {ENGLISH})

SECONDS = 0.25
"""For a regular expression and a sentence: a hundred times what the slowest needs on an idle machine."""


# --- Regular expressions ---


def modules() -> Iterator[tuple[str, object]]:
    for module in pkgutil.walk_packages(harness.__path__, "harness."):
        if not module.name.endswith("__main__"):
            yield module.name, importlib.import_module(module.name)


@cache
def source() -> str:
    folder = Path(harness.__file__).parent
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))


def patterns() -> dict[str, re.Pattern[str]]:
    """Every regular expression of the package, of its modules and of its languages, by its name."""
    named: dict[str, re.Pattern[str]] = {}
    for name, module in modules():
        for attribute, value in vars(module).items():
            values = value.values() if isinstance(value, dict) else value
            several = isinstance(value, tuple | list | dict)
            for number, pattern in enumerate(values if several else [value]):
                if isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str):
                    named[f"{name}.{attribute}{f'[{number}]' * several}"] = pattern
    for language in FOREIGN:
        grammar = grammar_of(language)
        for field in fields(grammar):
            if isinstance(pattern := getattr(grammar, field.name), re.Pattern):
                named[f"grammar.{language}.{field.name}"] = pattern
    unique = {(pattern.pattern, pattern.flags): name for name, pattern in sorted(named.items(), reverse=True)}
    return {name: named[name] for name in unique.values()}


PATTERNS = patterns()
METHODS: dict[str, Callable[[re.Pattern[str], str], object]] = {
    "match": re.Pattern.match,
    "fullmatch": re.Pattern.fullmatch,
    "search": re.Pattern.search,
    "finditer": lambda pattern, text: list(pattern.finditer(text)),
    "sub": lambda pattern, text: pattern.sub("", text),
}


@cache
def methods_of(name: str) -> list[str]:
    """The ways in which the package applies a pattern; all of them where it is passed on."""
    attribute = name.rsplit(".", 1)[-1].partition("[")[0]
    used = set(re.findall(rf"\b{attribute}\.(match|fullmatch|search|finditer|findall|split|sub)\(", source()))
    of_every_match = {"findall", "split"} & used
    used = (used - of_every_match) | ({"finditer"} if of_every_match else set())
    return sorted(used) or list(METHODS)


def test_the_patterns_are_found() -> None:
    assert len(PATTERNS) > 100
    assert methods_of("harness.articles.holders._NAMES_ITSELF") == ["match"]


@pytest.mark.parametrize("name", PATTERNS)
def test_a_regular_expression_is_done_with_a_sentence(name: str) -> None:
    assert slow_methods(name, SAMPLE) == {}


@pytest.mark.torture
@pytest.mark.parametrize("name", PATTERNS)
def test_a_regular_expression_is_done_with_any_sentence(name: str, tally: Tally) -> None:
    slow = slow_methods(name, UNITS)
    tally("a sentence made to be slow, and a pattern", len(UNITS), harm=len({unit for unit, _ in slow}))
    assert slow == {}


def slow_methods(name: str, units: Iterable[str]) -> dict[tuple[str, str], float]:
    """Units and methods with which a pattern takes longer than it may, and how long."""
    slow = {}
    for unit in units:
        for text in (text_of(unit, MAX_SENTENCE), text_of(unit, MAX_SENTENCE - 1) + "!"):
            for method in methods_of(name):
                rule = partial(METHODS[method], PATTERNS[name])
                seconds = min_seconds(rule, text, enough=SECONDS)
                if seconds > SECONDS:
                    slow[unit, method] = seconds
    return slow


# --- Whole texts ---


def min_seconds(rule: Callable[[str], object], text: str, *, enough: float = 0.0, tries: int = 3) -> float:
    """The shortest processor time of some tries; one is enough where it took no longer than that."""
    best = float("inf")
    for _ in range(tries):
        start = time.process_time()
        rule(text)
        best = min(best, time.process_time() - start)
        if best <= enough:
            break
    return best


@cache
def reader(language: str) -> ArticleReader:
    return ArticleReader(shipped() if language == ENGLISH else shipped_in(language), language=language)


def article_rule(language: str) -> Callable[[str], object]:
    return lambda text: reader(language).unlabelled(from_string(f"Well. {text}"))


def refusing(rule: Callable[[str], object]) -> Callable[[str], object]:
    """A rule that may refuse a text."""

    def tried(text: str) -> object:
        try:
            return rule(text)
        except (HarnessError, UnreadableError) as error:
            return error

    return tried


def attributed(text: str, *, transcript: bool, posts: bool) -> object:
    return find_attributions(text, find_actors(text, (), {}), transcript=transcript, posts=posts)


def foreign_rule(language: str) -> Callable[[str], object]:
    grammar = grammar_of(language)

    def rule(text: str) -> object:
        cast = find_actors_in(text, grammar, (), {})
        open_after = still_open(text, grammar, inside=True)
        return find_attributions_in(text, grammar, cast), open_after, closes_first(text, grammar)

    return rule


@cache
def lexicon() -> Classifier:
    labels = LabelSet(("critical", "neutral", "supportive"))
    classifier = bind("classifier", "lexicon", {}).make(labels=labels, seed=0)
    rows = tuple(Example(f"Anna is {word}.", "Anna") for word in ("bad", "here", "good"))
    classifier.fit(Labelled(rows, np.arange(3)))
    return classifier


RULES: dict[str, Callable[[str], object]] = {
    **{f"an article in {language}": article_rule(language) for language in languages()},
    "sentences": split_sentences,
    "quotations": blank_quotations,
    "the kind of a line": lambda text: kind_of_line(text, first=True, alone=False),
    "language": detect,
    "names": lambda text: find_name(text, "Anna"),
    "forms of parties": lambda text: shipped().forms(text, ""),
    "renaming": lambda text: party_mentions(shipped(), text, shipped().parties[0]),
    "words": split_words,
    "a slice": QUOTATION.search,
    "normalising": normalised,
    "shingles": shingles,
    "a delimiter": likely_delimiter,
    "defusing": lambda text: restored(defused(text)),
    "guarding": guarded,
    "paragraphs": lambda text: list(paragraphs(text)),
    "boilerplate": is_boilerplate,
    "tables of pages": without_tables,
    "folding": fold,
    "printing": printable,
    "pages": lambda text: reader_page(reader(ENGLISH).unlabelled(from_string(f"Well. {text}"))),
    "namesakes": lambda text: [
        rule(text, len(text) // 2)
        for rule in (is_namesake, before, lambda text, start: modifies_noun(text, start, start + 1))
    ],
    "articles of names": lambda text: DefiniteArticles.of(shipped(), [text]),
    "words of valence": lambda text: lexicon().predict_proba([Example(text, "Anna")]),
    "hiding": lambda text: (hide(text), masked(text), masked(f"http://{text}"), hidden(text)),
    "usable text": lambda text: (usable_text(text), cell_problem(text), usable_value(text)),
    "JSON": refusing(parse_json),
    "JSON of brackets": refusing(lambda text: parse_json("[" + text)),
    "YAML": refusing(lambda text: parse_yaml("a: " + json.dumps(text))),
    "labels in a cell": guess_label,
    "docstrings": plain_text,
    "near duplicates": lambda text: near_pairs(
        CodedTexts.of(sorted({f"{n % 50} {w}" for n, w in enumerate(text.split())}))
    ),
    "languages of a corpus": lambda text: guess_language(text.split("a")),
}
SENTENCE_RULES: dict[str, Callable[[str], object]] = {
    "people": find_people,
    "actors": lambda text: find_actors(text, (), {}),
    "attributions": partial(attributed, transcript=False, posts=False),
    "attributions of a transcript": partial(attributed, transcript=True, posts=False),
    "attributions of posts": partial(attributed, transcript=False, posts=True),
    "a description at the end": description_at_end,
    "the end of a quotation": lambda text: (closes_quotation(text), quotation_continues(text, inside=True)),
    **{f"attributions in {language}": foreign_rule(language) for language in FOREIGN},
}
"""Rules that see one sentence, of at most ``MAX_SENTENCE`` characters."""

LENGTHS = (3_000, 12_000)


def is_linear(rule: Callable[[str], object], small: str, large: str) -> bool:
    """Whether four times the text takes at most eight times as long: linear is four, quadratic is sixteen.

    Times below a tenth of a second are noise, and nobody's trouble.
    """
    rule(small)
    after = min_seconds(rule, large, enough=0.1)
    return after <= 0.1 or after <= 8 * min_seconds(rule, small)


@pytest.mark.parametrize("name", SENTENCE_RULES)
def test_a_rule_is_done_with_a_sentence(name: str) -> None:
    assert slow_units(SENTENCE_RULES[name], SAMPLE) == {}


@pytest.mark.torture
@pytest.mark.parametrize("name", SENTENCE_RULES)
def test_a_rule_is_done_with_any_sentence(name: str, tally: Tally) -> None:
    slow = slow_units(SENTENCE_RULES[name], UNITS)
    tally("a sentence made to be slow, and a rule", len(UNITS), harm=len(slow))
    assert slow == {}


def slow_units(rule: Callable[[str], object], units: Iterable[str]) -> dict[str, float]:
    """Units of which a rule is not done with a sentence of the greatest length in time."""
    seconds = {unit: min_seconds(rule, text_of(unit, MAX_SENTENCE), enough=SECONDS) for unit in units}
    return {unit: time for unit, time in seconds.items() if time > SECONDS}


@pytest.mark.parametrize("name", RULES)
def test_a_text_rule_is_linear(name: str) -> None:
    assert quadratic(name, SAMPLE) == []


@pytest.mark.torture
@pytest.mark.parametrize("name", RULES)
def test_a_text_rule_is_linear_in_any_text(name: str, tally: Tally) -> None:
    slow = quadratic(name, UNITS)
    tally("a text made to be slow", len(UNITS), harm=len(slow))
    assert slow == []


def quadratic(name: str, units: Iterable[str]) -> list[str]:
    """Units with which a rule is not linear."""
    texts = {unit: [text_of(unit, length) for length in LENGTHS] for unit in units}
    return [
        unit
        for unit, (small, large) in texts.items()
        if small.strip() and not is_linear(RULES[name], small, large)
    ]


def test_a_quadratic_rule_is_caught() -> None:
    def pairs(text: str) -> int:
        return sum(a == b for a in text[::2] for b in text[::2])

    assert not is_linear(pairs, "ab" * 1000, "ab" * 4000)
    assert is_linear(lambda text: [text.count("b") for _ in range(3000)], "ab" * 2000, "ab" * 8000)


@pytest.mark.parametrize("tag", ["<div>", "<p>", "<table><tr><td>", "<a href='", "<!--", "<b><i>", "&lt;"])
def test_a_page_is_read_in_linear_time(tag: str) -> None:
    def read(page: str) -> object:
        try:
            return from_html(page, "a.html")
        except ArticleError as error:
            return error

    assert is_linear(read, *(f"<html><body><p>Varna.</p>{tag * n}" for n in (2_000, 8_000)))


def test_thousand_closing_marks_are_no_recursion() -> None:
    assert blank_quotations("”" * 5000 + "Anna.") == '"' * 5000 + "Anna."
