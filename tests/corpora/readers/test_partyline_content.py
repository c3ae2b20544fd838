"""The shipped corpus, compared with what it promises of size, writing, parties and splits."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from shipped import ARTICLES, CODEBOOK, LABELLED, LINES, REGISTRY, ROWS

from harness.corpora.card import load_card
from harness.corpora.readers.partyline import partyline
from harness.values.labels import FRAMING, STANCE

REGISTERS = {
    "wire report",
    "state media",
    "opinion column",
    "live blog",
    "tweet",
    "press release",
    "headline",
    "parliamentary debate",
    "local paper",
    "investigative piece",
}
TEST_ONLY = {"New Compass", "Basin Pact", "Tolmirea", "Saffron Party", "Salt Road Party"}
PERIOD = ("2031-03-01", "2032-09-30")
REAL = (
    "America Australia Austria Belarus Belgium Biden Brazil Brexit Britain Brussels Bulgaria Canada "
    "China Crimea Denmark England Erdogan Europe European EU Finland France Gaza Germany Greece Greens "
    "Hungary India Iran Iraq Ireland Israel Italy Japan Johnson Kremlin Kyiv London Macron Merkel Modi "
    "Moscow NATO Netanyahu Norway Obama Orban Palestine Paris Poland Portugal Putin Reuters Romania "
    "Russia Scholz Scotland Serbia Slovakia Spain Starmer Sweden Switzerland Syria Thatcher Tories Tory"
    " Trump Truss Turkey UK UN US USA Ukraine Washington Xi Zelensky"
)
"""Countries, leaders and agencies; no full list, but what slips in first."""
REAL_NAME = re.compile(rf"\b({'|'.join(REAL.split())})(n|s|an|ns|ans)?\b")


def runs(text: str, length: int = 6) -> Iterator[tuple[str, ...]]:
    """Every run of this many words, in lower case."""
    words = re.findall(r"\w+", text.lower())
    yield from zip(*(words[k:] for k in range(length)), strict=False)


def shared_runs(texts: Iterable[tuple[str, str]]) -> list[str]:
    """The runs of six words that occur in two lines."""
    first: dict[tuple[str, ...], str] = {}
    shared = []
    for line, text in texts:
        for run in runs(text):
            if first.setdefault(run, line) != line:
                shared.append(f"{first[run]} and {line}: {' '.join(run)}")
    return shared


def of_splits(values: Iterable[str]) -> list[float]:
    """Percentages of train, dev and test."""
    counts = Counter(values)
    return [100 * counts[part] / counts.total() for part in ("train", "dev", "test")]


# --- size ---------------------------------------------------------------------------------------------------


def test_it_is_as_large_as_promised() -> None:
    assert len(ARTICLES) >= 120
    assert len(LABELLED) >= 800
    assert len(ROWS) >= 1300
    assert (len(ARTICLES), len(LABELLED), len(ROWS)) == (130, 993, 1731)


def test_what_is_read_is_what_the_file_holds() -> None:
    read = partyline(training="core").rows
    assert list(read["id"]) == [
        f"{line.place}.{k}" for line in LABELLED for k in range(1, len(line.targets) + 1)
    ]
    assert list(read["text"]) == [line.text for line, _ in ROWS]
    assert list(read["votes"]) == [tuple(target["votes"]) for _, target in ROWS]


def test_the_file_holds_one_article_a_line_in_order_of_ids() -> None:
    assert [article["id"] for article in ARTICLES] == [f"pl-{k:03d}" for k in range(1, len(ARTICLES) + 1)]
    assert all(earlier["date"] <= later["date"] for earlier, later in pairwise(ARTICLES))


# --- writing ------------------------------------------------------------------------------------------------


def test_no_two_lines_share_a_run_of_six_words() -> None:
    assert shared_runs((line.place, line.text) for line in LINES) == []


def test_no_line_shares_a_run_of_six_words_with_the_codebook() -> None:
    in_codebook = {run for text in CODEBOOK.splitlines() for run in runs(text)}
    assert [line.place for line in LINES if in_codebook & set(runs(line.text))] == []


def test_shared_runs_are_found() -> None:
    # From the third word on, "three Four five six seven, eight": six words, whatever the case and the commas.
    first, second = "one two three Four five six seven, eight", "x three four five six seven eight"
    shared = shared_runs([("a", first), ("b", second), ("c", "three four five six seven")])
    assert shared == ["a and b: three four five six seven eight"]


def test_lines_are_of_the_length_of_sentences() -> None:
    words = {line.place: len(re.findall(r"\w+", line.text)) for line in LINES}
    assert [line.place for line in LINES if not 1 <= words[line.place] <= 50] == []
    assert [line.place for line in LABELLED if not 5 <= words[line.place] <= 50] == []
    assert [line.place for line in LINES if line.text != " ".join(line.text.split())] == []


def test_headlines_and_datelines_and_boilerplate_stand_between_the_sentences() -> None:
    kinds = Counter(line.fields["kind"] for line in LINES)
    assert set(kinds) == {"headline", "dateline", "body", "boilerplate"}
    assert min(kinds.values()) >= 50
    assert {line.fields["kind"] for line in LABELLED} == {"body", "headline"}


@pytest.mark.parametrize("text, expected", [("The Americans left.", True), ("Us, us: a turkey.", False)])
def test_real_names_are_found_as_words(text: str, expected: bool) -> None:
    assert bool(REAL_NAME.search(text)) == expected


def test_nobody_real_is_named() -> None:
    texts = [(line.place, line.text) for line in LINES]
    texts += [(article["id"], f"{article['outlet']}, {article['country']}") for article in ARTICLES]
    texts += [(party.name, form) for party in REGISTRY.parties for form in party.surfaces]
    assert [(line, match[0]) for line, text in texts if (match := REAL_NAME.search(text))] == []


def test_articles_are_dated_within_the_period_of_the_card() -> None:
    dates = [article["date"] for article in ARTICLES]
    assert [str(dt.date.fromisoformat(date)) for date in dates] == dates
    assert PERIOD[0] <= min(dates) < "2031-04"
    assert "2032-09" < max(dates) <= PERIOD[1]
    months = [f"{dt.date.fromisoformat(date):%B %Y}" for date in (min(dates), max(dates))]
    assert re.findall(r"\b[A-Z][a-z]+ \d{4}\b", load_card("partyline").description) == months


def test_outlets_keep_to_their_country() -> None:
    countries = defaultdict(set)
    for article in ARTICLES:
        countries[article["outlet"]].add(article["country"])
    assert [outlet for outlet, of in countries.items() if len(of) > 1] == []


# --- parties ------------------------------------------------------------------------------------------------


def test_spans_are_names_of_their_party() -> None:
    off = [
        (line.place, target["party"], line.text[target["start"] : target["end"]])
        for line, target in ROWS
        if (target["start"], target["end"]) not in REGISTRY.spans(line.text, target["party"])
    ]
    assert off == []


def test_who_is_named_in_a_labelled_sentence_is_a_target_once() -> None:
    off = {
        line.place: (parties, targets)
        for line in LABELLED
        if (parties := sorted({mention.party for mention in REGISTRY.mentions(line.text)}))
        != (targets := sorted(target["party"] for target in line.targets))
    }
    assert off == {}


def test_every_labelled_sentence_names_a_party() -> None:
    assert [line.place for line in LABELLED if not line.targets] == []


def test_every_party_is_used_and_every_name_resolves_to_its_own() -> None:
    assert {target["party"] for _, target in ROWS} == {party.name for party in REGISTRY.parties}
    forms = [(form, party.name) for party in REGISTRY.parties for form in party.surfaces]
    assert [form for form, name in forms if {m.party for m in REGISTRY.mentions(form)} != {name}] == []
    assert {party.kind for party in REGISTRY.parties} == {"party", "government", "country", "alliance"}


def test_no_person_is_named_before_the_date_of_the_registry() -> None:
    since = {
        form: leader.since
        for party in REGISTRY.parties
        for leader in party.leaders
        for form in (leader.name, *leader.aliases)
    }
    early = [
        (line.place, form)
        for line in LINES
        for mention in REGISTRY.mentions(line.text)
        if (form := line.text[mention.start : mention.end]) in since and line.article["date"] < since[form]
    ]
    assert early == []


# --- splits -------------------------------------------------------------------------------------------------


def test_splits_are_whole_articles_in_the_declared_shares() -> None:
    shares = pytest.approx([60, 15, 25], abs=3)
    assert of_splits(article["split"] for article in ARTICLES) == shares
    assert of_splits(line.split for line in LABELLED) == shares
    assert of_splits(line.split for line, _ in ROWS) == shares
    assert len({article["id"] for article in ARTICLES}) == len(ARTICLES)
    assert len({line.text for line in LABELLED}) == len(LABELLED)


def test_five_parties_are_named_in_test_alone() -> None:
    elsewhere = {
        mention.party for line in LINES if line.split != "test" for mention in REGISTRY.mentions(line.text)
    }
    parties = {target["party"] for line, target in ROWS if line.split == "test"}
    assert parties - elsewhere == TEST_ONLY
    assert all(party in load_card("partyline").official_split for party in TEST_ONLY)


def test_no_country_of_test_alone_is_hinted_at_elsewhere() -> None:
    hints = re.compile(r"tolmire|saffron|salt road|salters|new compass|\bbasin\b|\bpact\b", re.IGNORECASE)
    assert [line.place for line in LINES if line.split != "test" and hints.search(line.text)] == []


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_every_split_has_every_register_stance_and_frame(split: str) -> None:
    assert {article["register"] for article in ARTICLES if article["split"] == split} == REGISTERS
    assert {target["stance"] for line, target in ROWS if line.split == split} == set(STANCE.names)
    frames = {frame for line in LABELLED if line.split == split for frame in line.fields["frames"]}
    assert frames == set(FRAMING.names)
