"""What is asked is asked once; what does not apply says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.audits import Subject, run_audits
from harness.audits.behaviour import SUITE, read
from harness.classifiers.protocol import Example, Examples
from harness.scoring.limitations import MIN_ITEMS
from harness.values.catalog import CATALOGUES, bind
from harness.values.errors import ConfigError, CorpusError
from harness.values.tables import Corpus
from tests.audits import toy_world

AUDITS = [name for name in CATALOGUES["audit"] if name != "leaks"]


def all_audits(**options: dict[str, Any]) -> dict[str, Any]:
    return {name: bind("audit", name, options.get(name, {})).make() for name in AUDITS}


class AuditableModel:
    def __init__(self) -> None:
        self.calls: list[list[Example]] = []

    def __call__(self, examples: Examples) -> Any:
        self.calls.append(list(examples))
        return toy_world.oracle(examples)


def test_everything_is_asked_at_once_and_nothing_twice() -> None:
    subject, model = toy_world.subject_of(toy_world.oracle), AuditableModel()
    run_audits(subject, all_audits(), model)
    (asked,) = model.calls
    assert len(asked) == len(set(asked))
    assert not set(asked) & set(subject.examples)


def test_of_each_item_at_most_fifteen_variants_are_asked() -> None:
    subject, model = toy_world.subject_of(toy_world.oracle), AuditableModel()
    run_audits(subject, all_audits(), model)
    of_suite = {one for case in read(SUITE) for one in case.examples()}
    assert len([one for one in model.calls[0] if one not in of_suite]) <= 15 * len(subject.examples)


def test_as_many_items_are_drawn_as_are_asked_for() -> None:
    subject = toy_world.subject_of(toy_world.oracle)
    for items, n in ((30, 30), (10_000, len(subject.examples))):
        (found,) = run_audits(
            subject, {"sensitivity": bind("audit", "sensitivity", {"items": items}).make()}, toy_world.oracle
        )
        assert next(one.n for one in found.measures if one.name == "masked_changes") == n
        assert f"Asked on {n} of {len(subject.examples)} test items" in found.sentence


def test_without_a_model_what_needs_one_says_so() -> None:
    subject = toy_world.subject_of(toy_world.oracle, blind="It was not trained.")
    found = {one.audit: one for one in run_audits(subject, all_audits(), "There is none.")}
    for name in ("sensitivity", "party_swap", "behaviour"):
        assert (found[name].verdict, found[name].sentence) == ("not applicable", "There is none.")
    assert found["target_use"].sentence == "It was not trained."


def few(n: int) -> Corpus:
    """A corpus of whose rows the first ones alone are for test, and have votes."""
    corpus = toy_world.corpus_of(votes=lambda k, stance: (stance, stance))
    rows = corpus.rows.copy()
    test = rows.index[rows["split"] == "test"][n:]
    rows = rows.drop(test).reset_index(drop=True)
    return type(corpus)(corpus.name, rows, corpus.source, corpus.parties)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("target_use", "test items are scored"),
        ("sensitivity", "test items have a target"),
        ("party_swap", "test items fit another party's name"),
        ("annotators", "test items have votes of several people"),
    ],
)
def test_few_items_ground_no_verdict(name: str, what: str) -> None:
    for n in (MIN_ITEMS - 1, MIN_ITEMS):
        corpus = few(n)
        subject = toy_world.subject_of(
            toy_world.oracle, corpus, blind=toy_world.predictions_of(toy_world.blind, corpus)
        )
        audit = bind("audit", name, {"mislabelled": False} if name == "annotators" else {}).make()
        (found,) = run_audits(subject, {name: audit}, toy_world.oracle)
        if n < MIN_ITEMS:
            assert found.verdict == "not applicable"
            assert found.sentence == f"Too few items: 29 of 29 {what}; 30 are needed."
        else:
            assert found.verdict != "not applicable"


def test_a_label_that_never_changes_may_change_yet() -> None:
    audit = bind("audit", "party_swap", {"items": 1000}).make()
    (found,) = run_audits(toy_world.subject_of(toy_world.oracle), {"party_swap": audit}, toy_world.oracle)
    # 80 sentences stand in 40 articles of two: 3.8415 / 43.8415.
    assert found.sentence.startswith("Under another party's name 0 % (0 to 9) of the labels flip: ")


def test_where_few_sentences_name_several_parties() -> None:
    corpus = toy_world.corpus_of()
    rows = corpus.rows[corpus.rows["id"].str.endswith(".2")].reset_index(drop=True)
    corpus = type(corpus)(corpus.name, rows, corpus.source, corpus.parties)
    subject = toy_world.subject_of(toy_world.oracle, corpus)
    found = {one.audit: one for one in run_audits(subject, all_audits(), toy_world.oracle)}
    for name in ("target_use", "sensitivity"):
        assert found[name].verdict == "not applicable"
        assert found[name].sentence == (
            "Only 0 % of the test sentences have two targets or more (10 % are needed): the sentence alone"
            " settles the label, whoever is asked about."
        )


def test_frames_belong_to_the_sentence() -> None:
    subject = toy_world.subject_of(toy_world.oracle)
    framing = Subject(**{**vars_of(subject), "task": "framing"})
    for name in ("target_use", "sensitivity", "party_swap", "behaviour", "unseen"):
        (found,) = run_audits(framing, {name: bind("audit", name, {}).make()}, toy_world.oracle)
        assert found.sentence == "Frames belong to the sentence, whichever party is asked about."
    (by_outlet,) = run_audits(
        framing, {"unseen": bind("audit", "unseen", {"by": "outlet"}).make()}, toy_world.oracle
    )
    assert (
        by_outlet.sentence == "By outlet the scored items are 160 seen and 0 unseen; 30 of each are needed."
    )


def vars_of(subject: Subject) -> dict[str, Any]:
    return {name: getattr(subject, name) for name in subject.__dataclass_fields__}


def test_labels_of_other_names_have_no_suite() -> None:
    subject = toy_world.subject_of(toy_world.oracle)
    renamed = type(subject.labels)(("against", "none", "favor"))
    other = Subject(**{**vars_of(subject), "labels": renamed})
    (found,) = run_audits(other, {"behaviour": bind("audit", "behaviour", {}).make()}, toy_world.oracle)
    assert (
        found.sentence == "The suite speaks of critical and supportive; the labels are against, none, favor."
    )


def test_a_model_that_gives_no_probabilities_is_refused() -> None:
    subject = toy_world.subject_of(toy_world.oracle)

    def broken(examples: Examples) -> Any:
        return np.full((len(examples), 3), 0.5)

    with pytest.raises(Exception, match="does not sum to 1"):
        run_audits(subject, {"behaviour": bind("audit", "behaviour", {}).make()}, broken)


def test_the_suite_is_large_and_names_every_capability() -> None:
    cases = read(SUITE)
    assert len(cases) >= 120
    assert len(set(cases)) == len(cases)
    wanted = {
        "negation",
        "own_and_reported_voice",
        "irony",
        "hedges",
        "who_blames_whom",
        "appositions",
        "typos",
    }
    wanted |= {"case", "punctuation", "unicode", "added_neutral_clause", "paraphrase"}
    assert wanted <= {case.capability for case in cases}
    assert all(case.text != case.changed for case in cases)


def test_a_person_adds_cases(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "- capability: sarcasm\n  target: Varna\n  cases:\n"
        "    - {text: Varna won., stance: neutral, changed: 'Varna “won”.', becomes: critical}\n"
        "    - {text: Varna won., stance: neutral, changed: Varna won today.}\n",
        encoding="utf-8",
    )
    audit = bind("audit", "behaviour", {"only": [str(path)]}).make()
    (found,) = run_audits(toy_world.subject_of(toy_world.oracle), {"behaviour": audit}, toy_world.oracle)
    assert (found.value("sarcasm"), found.verdict) == (0.5, "warning")
    both = bind("audit", "behaviour", {"cases": [str(path)]}).make()
    (found,) = run_audits(toy_world.subject_of(toy_world.oracle), {"behaviour": both}, toy_world.oracle)
    assert found.value("sarcasm") == 0.5
    assert found.value("negation") == 0


def test_everything_wrong_with_cases_is_said(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "- {capability: a, cases: []}\n"
        "- capability: b\n  target: Varna\n  cases:\n"
        "    - {text: Varna won.}\n"
        "    - {text: Varna won., stance: happy, changed: Varna won today.}\n"
        "    - {text: Varna won., stance: neutral, changed: She won today.}\n"
        "    - {text: Varna won., stance: neutral, changed: Varna won today, label: neutral}\n"
        "    - no\n",
        encoding="utf-8",
    )
    with pytest.raises(CorpusError) as caught:
        read(path)
    # Said when the config is read, before anything is trained.
    with pytest.raises(ConfigError) as refused:
        bind("audit", "behaviour", {"cases": [str(path)]}).make()
    assert str(refused.value).splitlines() == [f"cases: {one}" for one in str(caught.value).splitlines()]
    assert str(caught.value).splitlines() == [
        f"{path}: block 1: lacks target and cases",
        f"{path}: block 2: case 1: lacks stance and changed",
        f"{path}: block 2: case 2: stance is 'happy', not one of critical, neutral, supportive",
        f"{path}: block 2: case 3: changed does not name 'Varna'",
        f"{path}: block 2: case 4: has no use for label",
        f"{path}: block 2: case 5: is no case: 'no'",
    ]


@pytest.mark.parametrize(
    ("name", "options", "problems"),
    [
        ("target_use", {"minutes": -1.0}, ["minutes: should be 0 or more, got -1.0"]),
        ("sensitivity", {"items": 29}, ["items: should be at least 30, got 29"]),
        (
            "party_swap",
            {"items": 29, "names": 0, "flips": 0.0, "bias": 3.0},
            [
                "items: should be at least 30, got 29",
                "names: should be at least 1, got 0",
                "flips: should be a share above 0 and up to 1, got 0.0",
                "bias: should be above 0 and up to 2, got 3.0",
            ],
        ),
        (
            "behaviour",
            {"margin": 2.0, "failures": 1.0, "cases": ["nowhere.yaml"]},
            [
                "margin: should be from 0 to below 2, got 2.0",
                "failures: should be a share from 0 to below 1, got 1.0",
                "cases: there is no nowhere.yaml",
            ],
        ),
        ("unseen", {"large": 0.0}, ["large: should be a share above 0 and up to 1, got 0.0"]),
    ],
)
def test_options_out_of_range_are_all_named(name: str, options: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        bind("audit", name, options).make()
    assert str(caught.value).splitlines() == problems


def test_a_registry_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "parties.yaml"
    path.write_text("- {kind: party}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^parties: .*parties\.yaml: entry 1: has no name$"):
        bind("audit", "party_swap", {"parties": str(path)}).make()


def test_names_can_be_given_in_the_config() -> None:
    subject = toy_world.subject_of(toy_world.biased)
    audit = bind("audit", "party_swap", {"against": ["Free Ballot", "Salt Road"], "names": 2}).make()
    (found,) = run_audits(subject, {"party_swap": audit}, toy_world.biased)
    pairs = next(detail for detail in found.details if detail.name == "pairs")
    assert {row[1] for row in pairs.rows} == {"Free Ballot", "Salt Road"}


def test_only_a_mention_that_names_the_party_is_exchanged() -> None:
    corpus = toy_world.corpus_of()
    rows = corpus.rows.copy()
    for old, new in (("Coastal Union", "Jeb Bush"), ("Harbour Party", "Donald Trump")):
        rows["text"] = rows["text"].str.replace(old, new)
        rows["target"] = rows["target"].str.replace(old, new)
    rows["target"] = rows["target"].str.replace("Jeb Bush", "Bush")
    rows = rows.assign(start=None, end=None).astype({"start": "Int64", "end": "Int64"})
    audit = bind("audit", "party_swap", {"items": 1000}).make()
    subject = toy_world.subject_of(toy_world.oracle, type(corpus)(corpus.name, rows, corpus.source))
    (found,) = run_audits(subject, {"party_swap": audit}, toy_world.oracle)
    pairs = next(detail for detail in found.details if detail.name == "pairs")
    assert {row[0] for row in pairs.rows} == {"United States"}
    about = sum(one.target == "Donald Trump" for one in subject.examples)
    assert found.sentence.endswith(f"in {about} of 160 test items.")


def test_a_corpus_without_a_registry_is_read_by_the_shipped_one() -> None:
    corpus = toy_world.corpus_of()
    bare = type(corpus)(corpus.name, corpus.rows, corpus.source)
    (found,) = run_audits(
        toy_world.subject_of(toy_world.oracle, bare),
        {"party_swap": bind("audit", "party_swap", {}).make()},
        toy_world.oracle,
    )
    assert found.sentence == (
        f"None of {len(toy_world.subject_of(toy_world.oracle, bare).examples):,} test items is about a known"
        " party;"
        " audits.party_swap.parties names a registry."
    )
    rows = corpus.rows.copy()
    for name, real in (("Coastal Union", "Russia"), ("Harbour Party", "China")):
        rows["text"] = rows["text"].str.replace(name, real)
        rows["target"] = rows["target"].str.replace(name, real)
    rows["start"] = rows["end"] = None
    rows = rows.astype({"start": "Int64", "end": "Int64"})
    real_world = type(corpus)(corpus.name, rows, corpus.source)
    (found,) = run_audits(
        toy_world.subject_of(toy_world.oracle, real_world),
        {"party_swap": bind("audit", "party_swap", {}).make()},
        toy_world.oracle,
    )
    assert (found.verdict, found.value("flips")) == ("passed", 0)
