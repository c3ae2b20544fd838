"""All examples are predicted once; audits that do not apply give a reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden import Golden
from sentences import words

from harness.audits import Subject, Unavailable, run_audits
from harness.audits.audit_protocol import FRAMES
from harness.audits.behaviour import SUITE, read
from harness.classifiers.protocol import Example, Examples
from harness.values import parties
from harness.values.catalog import CATALOGUES, bind
from harness.values.errors import ConfigError, CorpusError, PredictionsError
from harness.values.minimums import MIN_ITEMS
from harness.values.tables import Corpus
from tests.audits import toy_world

AUDITS = [name for name in CATALOGUES["audit"] if name != "leaks"]


def all_audits(**options: dict[str, Any]) -> dict[str, Any]:
    return {name: bind("audit", name, options.get(name, {})).make() for name in AUDITS}


class RecordingModel:
    def __init__(self) -> None:
        self.calls: list[list[Example]] = []

    def __call__(self, examples: Examples) -> Any:
        self.calls.append(list(examples))
        return toy_world.oracle(examples)


def test_everything_is_asked_at_once_and_nothing_twice() -> None:
    subject, model = toy_world.subject_of(toy_world.oracle), RecordingModel()
    run_audits(subject, all_audits(), model)
    (examples,) = model.calls
    assert len(examples) == len(set(examples))
    assert not set(examples) & set(subject.examples)


def test_of_each_item_at_most_fifteen_variants_are_asked() -> None:
    subject, model = toy_world.subject_of(toy_world.oracle), RecordingModel()
    run_audits(subject, all_audits(), model)
    of_suite = {example for case in read(SUITE) for example in case.examples()}
    assert len([example for example in model.calls[0] if example not in of_suite]) <= 15 * len(
        subject.examples
    )


def test_as_many_items_are_drawn_as_are_asked_for() -> None:
    subject = toy_world.subject_of(toy_world.oracle)
    for items, n in ((30, 30), (10_000, len(subject.examples))):
        (finding,) = run_audits(
            subject, {"sensitivity": bind("audit", "sensitivity", {"items": items}).make()}, toy_world.oracle
        )
        assert next(measure.n for measure in finding.measures if measure.name == "masked_changes") == n
        assert re.findall(r"\d+", finding.sentence)[-2:] == [str(n), str(len(subject.examples))]


def test_without_a_model_what_needs_one_says_so() -> None:
    model, twin = Unavailable("There is none."), Unavailable("It was not trained.")
    subject = toy_world.subject_of(toy_world.oracle, without_target=twin)
    findings = {finding.audit: finding for finding in run_audits(subject, all_audits(), model)}
    for name in ("sensitivity", "party_swap", "behaviour"):
        assert (findings[name].verdict, findings[name].sentence) == ("not applicable", model.reason)
    assert findings["target_use"].sentence == twin.reason


def few(n: int) -> Corpus:
    """A corpus of whose rows the first ones alone are for test, and have votes."""
    corpus = toy_world.corpus_of(votes=lambda k, stance: (stance, stance))
    rows = corpus.rows.copy()
    test = rows.index[rows["split"] == "test"][n:]
    rows = rows.drop(test).reset_index(drop=True)
    return type(corpus)(corpus.name, rows, corpus.source, corpus.parties)


def test_few_items_ground_no_verdict(golden: Golden) -> None:
    lines = []
    for name in ("target_use", "sensitivity", "party_swap", "annotators"):
        for n in (MIN_ITEMS - 1, MIN_ITEMS):
            corpus = few(n)
            subject = toy_world.subject_of(
                toy_world.oracle, corpus, without_target=toy_world.predictions_of(toy_world.blind, corpus)
            )
            audit = bind("audit", name, {"mislabelled": False} if name == "annotators" else {}).make()
            (finding,) = run_audits(subject, {name: audit}, toy_world.oracle)
            assert (finding.verdict == "not applicable") == (n < MIN_ITEMS), name
            if n < MIN_ITEMS:
                lines.append(f"{name}: {finding.sentence}")
    golden("audits/too-few-items", "\n".join(lines))


def test_a_label_that_never_changes_may_change_yet() -> None:
    audit = bind("audit", "party_swap", {"items": 1000}).make()
    (finding,) = run_audits(toy_world.subject_of(toy_world.oracle), {"party_swap": audit}, toy_world.oracle)
    # 80 sentences stand in 40 articles of two: 3.8415 / 43.8415.
    flips = next(measure for measure in finding.measures if measure.name == "flips")
    assert (flips.value, flips.low) == (0, 0)
    assert flips.high == pytest.approx(3.8415 / 43.8415, abs=1e-4)


def test_where_few_sentences_name_several_parties(golden: Golden) -> None:
    corpus = toy_world.corpus_of()
    rows = corpus.rows[corpus.rows["id"].str.endswith(".2")].reset_index(drop=True)
    corpus = type(corpus)(corpus.name, rows, corpus.source, corpus.parties)
    subject = toy_world.subject_of(toy_world.oracle, corpus)
    findings = {finding.audit: finding for finding in run_audits(subject, all_audits(), toy_world.oracle)}
    for name in ("target_use", "sensitivity"):
        assert findings[name].verdict == "not applicable"
        assert findings[name].sentence == subject.few_shared_reason()
    golden("audits/few-shared-sentences", subject.few_shared_reason())


def test_frames_belong_to_the_sentence() -> None:
    subject = toy_world.subject_of(toy_world.oracle)
    framing = Subject(**{**vars_of(subject), "task": "framing"})
    for name in ("target_use", "sensitivity", "party_swap", "behaviour", "unseen"):
        (finding,) = run_audits(framing, {name: bind("audit", name, {}).make()}, toy_world.oracle)
        assert (finding.verdict, finding.sentence) == ("not applicable", FRAMES)
    (by_outlet,) = run_audits(
        framing, {"unseen": bind("audit", "unseen", {"by": "outlet"}).make()}, toy_world.oracle
    )
    assert by_outlet.verdict == "not applicable"
    assert {"outlet", "160", "0", "30"} <= set(re.findall(r"\w+", by_outlet.sentence))


def vars_of(subject: Subject) -> dict[str, Any]:
    return {name: getattr(subject, name) for name in subject.__dataclass_fields__}


def test_labels_of_other_names_have_no_suite() -> None:
    subject = toy_world.subject_of(toy_world.oracle)
    renamed = type(subject.labels)(("against", "none", "favor"))
    other = Subject(**{**vars_of(subject), "labels": renamed})
    (finding,) = run_audits(other, {"behaviour": bind("audit", "behaviour", {}).make()}, toy_world.oracle)
    assert finding.verdict == "not applicable"
    assert ", ".join(renamed.names) in finding.sentence


def test_a_model_that_gives_no_probabilities_is_refused() -> None:
    subject = toy_world.subject_of(toy_world.oracle)

    def broken(examples: Examples) -> Any:
        return np.full((len(examples), 3), 0.5)

    with pytest.raises(PredictionsError, match=r"\brow 0\b.* sum .*\b1\b.*\[0\.5, 0\.5, 0\.5\]$"):
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
    (finding,) = run_audits(toy_world.subject_of(toy_world.oracle), {"behaviour": audit}, toy_world.oracle)
    assert (finding.value("sarcasm"), finding.verdict) == (0.5, "undecided")
    both = bind("audit", "behaviour", {"cases": [str(path)]}).make()
    (finding,) = run_audits(toy_world.subject_of(toy_world.oracle), {"behaviour": both}, toy_world.oracle)
    assert finding.value("sarcasm") == 0.5
    assert finding.value("negation") == 0


def test_everything_wrong_with_cases_is_listed(tmp_path: Path, golden: Golden) -> None:
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
    # They are listed when the config is read, before anything is trained.
    with pytest.raises(ConfigError) as refused:
        bind("audit", "behaviour", {"cases": [str(path)]}).make()
    problems = caught.value.problems
    assert [problem.what for problem in refused.value.problems] == list(map(str, problems))
    assert {problem.where for problem in refused.value.problems} == {"cases"}
    assert [problem.where.removeprefix(str(path)) for problem in problems] == [
        ": block 1",
        *(f": block 2: case {k}" for k in range(1, 6)),
    ]
    golden("audits/case-errors", str(caught.value).replace(str(path), "mine.yaml"))


OUT_OF_RANGE: dict[str, tuple[dict[str, Any], list[str]]] = {
    "target_use": ({"minutes": -1.0}, ["minutes"]),
    "sensitivity": ({"items": 29}, ["items"]),
    "party_swap": (
        {"items": 29, "names": 0, "flips": 0.0, "bias": 3.0},
        ["items", "names", "flips", "bias"],
    ),
    "behaviour": (
        {"margin": 2.0, "failures": 1.0, "cases": ["nowhere.yaml"]},
        ["margin", "failures", "cases"],
    ),
    "unseen": ({"large": 0.0}, ["large"]),
    "parity": (
        {"by": [], "large": 1.5, "min_items": 9, "rates": []},
        ["large", "min_items", "by", "rates"],
    ),
}


def test_options_out_of_range_are_all_named(golden: Golden) -> None:
    lines = []
    for name, (options, where) in OUT_OF_RANGE.items():
        with pytest.raises(ConfigError) as caught:
            bind("audit", name, options).make()
        assert [problem.where for problem in caught.value.problems] == where
        lines += [f"{name}: {problem}" for problem in caught.value.problems]
    golden("audits/option-errors", "\n".join(lines))


def test_a_registry_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "parties.yaml"
    path.write_text("- {kind: party}\n", encoding="utf-8")
    with pytest.raises(CorpusError) as unreadable:
        parties.read(path)
    with pytest.raises(ConfigError) as caught:
        bind("audit", "party_swap", {"parties": str(path)}).make()
    (problem,) = caught.value.problems
    assert (problem.where, problem.what) == ("parties", str(unreadable.value))


def test_names_can_be_given_in_the_config() -> None:
    subject = toy_world.subject_of(toy_world.biased)
    audit = bind("audit", "party_swap", {"against": ["Free Ballot", "Salt Road"], "names": 2}).make()
    (finding,) = run_audits(subject, {"party_swap": audit}, toy_world.biased)
    pairs = next(detail for detail in finding.details if detail.name == "pairs")
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
    (finding,) = run_audits(subject, {"party_swap": audit}, toy_world.oracle)
    pairs = next(detail for detail in finding.details if detail.name == "pairs")
    assert {row[0] for row in pairs.rows} == {"United States"}
    about = sum(example.target == "Donald Trump" for example in subject.examples)
    assert re.findall(r"\d+", finding.sentence)[-2:] == [str(about), "160"]


def test_a_corpus_without_a_registry_is_read_by_the_shipped_one(golden: Golden) -> None:
    corpus = toy_world.corpus_of()
    bare = type(corpus)(corpus.name, corpus.rows, corpus.source)
    (finding,) = run_audits(
        toy_world.subject_of(toy_world.oracle, bare),
        {"party_swap": bind("audit", "party_swap", {}).make()},
        toy_world.oracle,
    )
    assert finding.verdict == "not applicable"
    golden("audits/no-known-party", finding.sentence)
    rows = corpus.rows.copy()
    for name, real in (("Coastal Union", "Russia"), ("Harbour Party", "China")):
        rows["text"] = rows["text"].str.replace(name, real)
        rows["target"] = rows["target"].str.replace(name, real)
    rows["start"] = rows["end"] = None
    rows = rows.astype({"start": "Int64", "end": "Int64"})
    real_world = type(corpus)(corpus.name, rows, corpus.source)
    (finding,) = run_audits(
        toy_world.subject_of(toy_world.oracle, real_world),
        {"party_swap": bind("audit", "party_swap", {}).make()},
        toy_world.oracle,
    )
    # No label flips, but the renamed items stand in too few articles to show that at most 10 % do.
    assert (finding.verdict, finding.value("flips")) == ("undecided", 0)


def in_language(*codes: str) -> Subject:
    return Subject(**{**vars_of(toy_world.subject_of(toy_world.oracle)), "languages": codes})


@pytest.mark.parametrize("name", ["behaviour", "party_swap"])
def test_what_knows_english_alone_does_not_judge_another_language(name: str, golden: Golden) -> None:
    # With all items, there are enough articles to pass.
    options = {"items": 1_000} if name == "party_swap" else {}
    audits = {name: bind("audit", name, options).make()}
    sentences = []
    for codes in (("de",), ("de", "fr")):
        (finding,) = run_audits(in_language(*codes), audits, toy_world.oracle)
        assert finding.verdict == "not applicable"
        assert set(codes) <= set(words(finding.sentence))
        sentences.append(finding.sentence)
    golden(f"audits/{name}-in-other-languages", "\n".join(sentences))
    # English among others, and a language that nobody knows.
    for codes in (("en",), ("de", "en"), ()):
        (finding,) = run_audits(in_language(*codes), audits, toy_world.oracle)
        assert finding.verdict == "passed"


@pytest.mark.parametrize("name", ["target_use", "sensitivity", "unseen"])
def test_other_audits_know_every_language(name: str) -> None:
    audits = {name: bind("audit", name, {}).make()}
    findings = [run_audits(in_language(*codes), audits, toy_world.oracle) for codes in (("de",), ())]
    assert findings[0] == findings[1]


def test_a_suite_may_be_in_another_language(tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / "deutsch.yaml"
    block = (
        "- capability: verneinung\n  target: Varna\n  language: {}\n  cases:\n"
        "    - {{text: Varna siegt., stance: neutral, changed: Varna siegt heute.}}\n"
    )
    path.write_text(block.format("German"), encoding="utf-8")
    audit = bind("audit", "behaviour", {"cases": [str(path)]}).make()
    (german,) = run_audits(in_language("de"), {"behaviour": audit}, toy_world.oracle)
    assert [measure.name for measure in german.measures[2:]] == ["verneinung"]
    (english,) = run_audits(in_language("en"), {"behaviour": audit}, toy_world.oracle)
    assert "verneinung" not in [measure.name for measure in english.measures]
    mistyped = tmp_path / "mistyped.yaml"
    mistyped.write_text(block.format("Germn"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        bind("audit", "behaviour", {"only": [str(mistyped)]}).make()
    assert "Germn" in words(caught.value.problems[0].what)
    golden("audits/language-of-a-suite", str(caught.value).replace(str(tmp_path), "FOLDER"))
