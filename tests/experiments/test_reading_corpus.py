"""The sources of the second part of train and of the implied set: read, settled, kept apart, and shipped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from shipped import ARTICLES
from shipped import REGISTRY as CORE_REGISTRY

from experiments.reading import checks, make_corpus, sources
from experiments.reading.sources import Labels, Target
from harness.corpora.readers.partyline import TRAINING, TRAINING_PARTIES
from harness.values import parties
from harness.values.parties import Registry
from harness.values.tables import Corpus
from tests.corpora.readers.test_partyline_content import REAL_NAME

SETTLED = [*make_corpus.TRAIN.glob("settled-*.tsv"), make_corpus.IMPLIED / "settled.tsv"]
REGISTRIES = {
    writer: parties.read(make_corpus.TRAIN / f"parties-{writer}.yaml") for writer in make_corpus.WRITERS
}


@pytest.fixture(scope="module")
def corpora() -> tuple[Corpus, Corpus]:
    return checks.everything()


@pytest.fixture(scope="module")
def new_rows(corpora: tuple[Corpus, Corpus]) -> pd.DataFrame:
    rows = corpora[0].rows
    return rows[checks.part_of(rows) == checks.TRAINING]


def forms(registry: Registry) -> set[str]:
    """Every name of every entry, those of its people too."""
    return {form for party in registry.parties for form in party.surfaces}


def labelled(articles: list[dict[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for article in articles:
        for number, line in enumerate(article["lines"], start=1):
            if line.get("labelled"):
                yield f"{article['id']}.{number}", line


# --- reading ------------------------------------------------------------------------------------------------


def test_a_line_is_read_with_its_targets_and_labels(tmp_path: Path) -> None:
    path = tmp_path / "articles.txt"
    path.write_text(
        "## a1 | Post | Korr | 2031-01-02 | wire report\n"
        "H: Sums\n"
        "B: Varna thanked Korr; Varna paid. || Varna @ Varna#2 = supportive; Korr @ Korr = neutral"
        " || Varna || conflict, morality\n"
        "L: Korr sinks || Korr @ Korr = critical || writer || \n",
        encoding="utf-8",
    )
    (article,) = sources.articles(path)
    assert (article.id, article.outlet, article.date, article.register) == (
        *("a1", "Post", "2031-01-02", "wire report"),
    )
    assert [line.kind for line in article.lines] == ["headline", "body", "headline"]
    (second, body), (third, headline) = article.labelled()
    assert (second, third) == ("a1.2", "a1.3")
    # "Varna thanked Korr; " has 20 characters.
    assert body.targets == (Target("Varna", 20, 25), Target("Korr", 14, 18))
    assert body.labels == Labels(("supportive", "neutral"), "Varna", frozenset({"conflict", "morality"}))
    assert headline.labels == Labels(("critical",), "writer", frozenset())


def test_a_target_that_is_not_in_form_is_named(tmp_path: Path) -> None:
    path = tmp_path / "articles.txt"
    path.write_text("## a | b | c | 2031-01-02 | d\nB: Korr sank. || Korr = neutral\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"'Korr = neutral' is not PARTY @ SURFACE = STANCE"):
        sources.articles(path)


def test_labels_that_differ_are_those_that_were_settled() -> None:
    first = Labels(("critical", "neutral"), "writer", frozenset({"conflict", "morality"}))
    second = Labels(("critical", "supportive"), "critics", frozenset({"conflict", "responsibility"}))
    rulings = {"stance.2": "supportive", "holder": "critics", "morality": "no", "responsibility": "yes"}
    assert sources.decided(first, second, rulings) == Labels(
        ("critical", "supportive"), "critics", frozenset({"conflict", "responsibility"})
    )
    assert sources.decided(first, first, {}) == first
    with pytest.raises(KeyError, match="holder"):
        sources.decided(first, second, {"stance.2": "neutral"})


def test_a_span_is_widened_to_the_whole_name(tmp_path: Path) -> None:
    path = tmp_path / "articles.txt"
    path.write_text(
        "## a | b | c | 2031-01-02 | d\nB: Then President Oldin left. || Varna @ Oldin = neutral\n",
        encoding="utf-8",
    )
    leader = {"name": "Mara Oldin", "aliases": ["Oldin", "President Oldin"], "from": "2030-01-01"}
    registry = parties.from_records([{"name": "Varna", "leaders": [leader]}])
    labels = {"a.1": Labels(("neutral",), "writer", frozenset())}
    (record,) = sources.records(sources.articles(path), "train", (labels, labels), {}, registry)
    (target,) = record["lines"][0]["targets"]
    # "Then " has 5 characters, "President Oldin" 15.
    assert (target["start"], target["end"]) == (5, 20)


# --- what was settled ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SETTLED, ids=lambda path: path.stem)
def test_each_settled_label_is_one_of_two_that_differ_and_has_a_reason(path: Path) -> None:
    rows = sources.settled(path)
    assert len({(row["sentence"], row["what"]) for row in rows}) == len(rows) > 0
    assert [row for row in rows if row["settled"] not in (row["first"], row["second"])] == []
    assert [row for row in rows if row["first"] == row["second"]] == []
    assert [row for row in rows if not re.match(r"§[234]\b.*\w", row["reason"])] == []


@pytest.mark.parametrize("name", ["training", "implied"])
def test_labels_were_settled_exactly_where_two_differ(name: str) -> None:
    articles = getattr(make_corpus, name)()
    differing = {(sentence, what) for sentence, line in labelled(articles) for what in disputed(line)}
    paths = [path for path in SETTLED if (path.parent == make_corpus.IMPLIED) == (name == "implied")]
    settled = {(row["sentence"], row["what"]) for path in paths for row in sources.settled(path)}
    assert settled == differing


def disputed(line: Mapping[str, Any]) -> Iterator[str]:
    """What two labellings of a sentence differ on."""
    for number, target in enumerate(line["targets"], start=1):
        if len(set(target["votes"])) > 1:
            yield f"stance.{number}"
    if len(set(line["holder_votes"])) > 1:
        yield "holder"
    first, second = line["frames_votes"]
    yield from set(first) ^ set(second)


# --- what is shipped ----------------------------------------------------------------------------------------


def test_the_shipped_files_are_those_that_the_sources_make() -> None:
    implied = (make_corpus.IMPLIED / "articles.jsonl").read_text(encoding="utf-8")
    assert implied == make_corpus.as_lines(make_corpus.implied())
    assert TRAINING.read_text(encoding="utf-8") == make_corpus.as_lines(make_corpus.training())
    assert TRAINING_PARTIES.read_text(encoding="utf-8") == make_corpus.registry()


def test_every_new_article_is_of_train_and_every_implied_one_of_test(corpora: tuple[Corpus, Corpus]) -> None:
    full, implied = corpora
    counts = Counter(checks.part_of(full.rows))
    assert counts == {"core": 1006, "training": 6849, "dev": 277, "test": 448}
    assert Counter(implied.rows["split"]) == {"test": 555}
    assert (implied.name, implied.rows["group"].nunique()) == ("implied", 66)


# --- names --------------------------------------------------------------------------------------------------


def test_no_name_stands_in_two_worlds() -> None:
    implied = parties.read(make_corpus.IMPLIED / "parties.yaml")
    owners = Counter(
        form for registry in (*REGISTRIES.values(), implied, CORE_REGISTRY) for form in forms(registry)
    )
    assert [form for form, count in owners.items() if count > 1] == []


def test_no_name_of_a_new_world_is_part_of_another_worlds_or_holds_one() -> None:
    implied = parties.read(make_corpus.IMPLIED / "parties.yaml")
    worlds = {**REGISTRIES, "implied": implied, "core": CORE_REGISTRY}
    # With spaces around, a name is part of another as whole words alone.
    names = [(f" {form} ", world) for world, registry in worlds.items() for form in forms(registry)]
    inside = [
        (name, longer)
        for name, world in names
        for longer, other in names
        if name in longer and world != other and {world, other} & REGISTRIES.keys()
    ]
    assert inside == []


def test_no_sentence_names_an_actor_of_another_new_world() -> None:
    core = [(article["id"], line["text"]) for article in ARTICLES for line in article["lines"]]
    texts = {"implied": texts_of(make_corpus.IMPLIED / "articles.txt"), "core": core}
    texts |= {
        writer: texts_of(make_corpus.TRAIN / f"articles-{writer}.txt") for writer in make_corpus.WRITERS
    }
    foreign = [
        (writer, place, text[mention.start : mention.end])
        for writer, registry in REGISTRIES.items()
        for world, lines in texts.items()
        if world != writer
        for place, text in lines
        for mention in registry.mentions(text)
    ]
    assert foreign == []


def texts_of(path: Path) -> list[tuple[str, str]]:
    return [(article.id, line.text) for article in sources.articles(path) for line in article.lines]


def test_nobody_real_is_named() -> None:
    texts = [pair for path in make_corpus.TRAIN.glob("articles-*.txt") for pair in texts_of(path)]
    texts += [("registry", form) for registry in REGISTRIES.values() for form in forms(registry)]
    assert [(place, match[0]) for place, text in texts if (match := REAL_NAME.search(text))] == []


def test_every_party_that_a_sentence_names_is_a_target_once(corpora: tuple[Corpus, Corpus]) -> None:
    for corpus, within in zip(corpora, (checks.TRAINING, ""), strict=True):
        rows = corpus.rows[checks.part_of(corpus.rows) == within] if within else corpus.rows
        off = {
            text: sorted(of_text["target"])
            for text, of_text in rows.groupby("text")
            if sorted({mention.party for mention in corpus.parties.mentions(text)})
            != sorted(of_text["target"])
        }
        assert off == {}


def test_spans_are_names_of_their_party(new_rows: pd.DataFrame, corpora: tuple[Corpus, Corpus]) -> None:
    registry = corpora[0].parties
    cells = zip(new_rows["text"], new_rows["target"], new_rows["start"], new_rows["end"], strict=True)
    assert [
        (text, target)
        for text, target, start, end in cells
        if (start, end) not in registry.spans(text, target)
    ] == []


def test_holders_that_are_parties_have_their_canonical_name(new_rows: pd.DataFrame) -> None:
    owners = {
        form: party.name
        for registry in REGISTRIES.values()
        for party in registry.parties
        for form in party.surfaces
    }
    off = [holder for holder in new_rows["holder"] if owners.get(holder, holder) != holder]
    assert off == []


def test_nobody_is_named_before_the_date_of_the_registry() -> None:
    early = [
        (article.id, line.text)
        for writer, registry in REGISTRIES.items()
        for article in sources.articles(make_corpus.TRAIN / f"articles-{writer}.txt")
        for line in article.lines
        if registry.mentions(line.text) != registry.mentions(line.text, article.date)
    ]
    assert early == []


# --- writing ------------------------------------------------------------------------------------------------


def test_no_new_sentence_shares_six_words_in_a_row_with_another(corpora: tuple[Corpus, Corpus]) -> None:
    among = checks.all_sentences(*corpora)
    shared = [
        (one.place, other.place, run)
        for one, other, run in checks.shared_runs(among)
        if checks.TRAINING in (one.part, other.part)
    ]
    assert shared == []


def test_shared_runs_are_found_across_names() -> None:
    one = checks.Sentence("a", "1", checks.words("Korr paid the same bill twice.", [(0, 4)]))
    other = checks.Sentence("b", "2", checks.words("In May Varna paid the same bill twice.", [(7, 12)]))
    short = checks.Sentence("c", "3", checks.words("She paid the same bill twice."))
    assert list(checks.shared_runs([one, other, short])) == [(one, other, " ".join(one.words))]


def test_few_rows_open_with_the_same_three_words(new_rows: pd.DataFrame) -> None:
    _, share = checks.commonest_opening(new_rows["text"].tolist())
    assert share <= checks.MAX_OPENING
    assert checks.commonest_opening(["I am so.", "I am so.", "No."]) == ("i am so", 2 / 3)


def test_sentences_are_of_the_length_of_sentences(new_rows: pd.DataFrame) -> None:
    words = checks.lengths(new_rows["text"])
    assert (words.min(), words.max()) == (2, 39)
    assert words.std() > 5


def test_the_leak_gate_passes_train_against_test_and_the_implied_set(corpora: tuple[Corpus, Corpus]) -> None:
    full, implied = corpora
    for finding in (checks.gate(full), checks.gate(full, implied)):
        assert finding.verdict == "passed"
        measures = {measure.name: measure.value for measure in finding.measures}
        assert (measures["repeated_rows"], measures["near_rows"]) == (0, 0)


def test_the_leak_gate_finds_a_repeated_sentence(corpora: tuple[Corpus, Corpus]) -> None:
    full, implied = corpora
    rows = implied.rows.copy()
    rows.loc[rows.index[0], "text"] = full.rows.loc[full.rows["split"] == "train", "text"].iloc[-1]
    finding = checks.gate(full, Corpus(implied.name, rows, implied.parties))
    assert finding.verdict == "failed"
