"""Each audit catches the classifier that is broken in its way, and an honest oracle passes them all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from golden import Golden

from harness.audits import Subject, run_audits
from harness.classifiers.protocol import Examples
from harness.values.catalog import CATALOGUES, bind
from harness.values.findings import Finding
from tests.audits import toy_world

AUDITS = [name for name in CATALOGUES["audit"] if name != "leaks"]


def run_audit(model: toy_world.Model, subject: Subject, name: str, **options: Any) -> Finding:
    (finding,) = run_audits(subject, {name: bind("audit", name, options).make()}, model)
    return finding


def votes(k: int, stance: str) -> tuple[str, str]:
    """Two people who agree, but for every thirtieth item."""
    return stance, stance if k % 30 else "neutral"


def test_an_honest_oracle_passes_every_audit() -> None:
    corpus = toy_world.corpus_of(votes=votes)
    # Training saw no sentence of one party, and the oracle does not care.
    rows = corpus.rows.copy()
    away = {
        text for text, target in zip(rows["text"], rows["target"], strict=True) if target == "Free Ballot"
    }
    rows.loc[rows["text"].isin(away), "split"] = "test"
    corpus = type(corpus)(corpus.name, rows, corpus.source, corpus.parties)
    subject = toy_world.subject_of(
        toy_world.oracle, corpus, without_target=toy_world.predictions_of(toy_world.blind, corpus)
    )
    audits = {name: bind("audit", name, {}).make() for name in AUDITS}
    findings = run_audits(subject, audits, toy_world.oracle)
    assert {finding.audit: finding.verdict for finding in findings} == dict.fromkeys(AUDITS, "passed")
    values = {
        f"{finding.audit}.{measure.name}": measure.value
        for finding in findings
        for measure in finding.measures
    }
    assert values["sensitivity.all_parties_right"] == 1
    assert values["party_swap.flips"] == 0
    assert values["behaviour.invariance_failures"] == values["behaviour.direction_failures"] == 0
    assert values["target_use.difference"] > 0.1
    assert values["unseen.gap"] == 0


def test_a_classifier_that_is_blind_to_the_target() -> None:
    corpus = toy_world.corpus_of()
    subject = toy_world.subject_of(
        toy_world.blind, corpus, without_target=toy_world.predictions_of(toy_world.blind, corpus)
    )
    use = run_audit(toy_world.blind, subject, "target_use")
    assert (use.verdict, use.value("difference")) == ("failed", 0)
    finding = run_audit(toy_world.blind, subject, "sensitivity")
    assert finding.verdict == "failed"
    assert (finding.value("other_changes"), finding.value("all_parties_right")) == (0, 0)


def test_a_classifier_that_is_blind_in_a_few_articles() -> None:
    corpus = toy_world.corpus_of()
    for articles, verdict in ((13, "failed"), (10, "undecided")):
        # Sentences 2, 3, 6, 7, … are test.
        article = corpus.rows["id"].str[1:4].astype(int) // 4 % articles
        rows = corpus.rows.assign(group="a" + article.astype(str))
        few = type(corpus)(corpus.name, rows, corpus.source, corpus.parties)
        finding = run_audit(toy_world.blind, toy_world.subject_of(toy_world.blind, few), "sensitivity")
        assert finding.verdict == verdict


def test_a_twin_without_the_target_that_is_as_good() -> None:
    corpus = toy_world.corpus_of()
    subject = toy_world.subject_of(
        toy_world.oracle, corpus, without_target=toy_world.predictions_of(toy_world.oracle, corpus)
    )
    assert run_audit(toy_world.oracle, subject, "target_use").verdict == "failed"


def test_a_classifier_that_reads_only_the_target() -> None:
    subject = toy_world.subject_of(toy_world.name_reader)
    finding = run_audit(toy_world.name_reader, subject, "sensitivity")
    assert finding.verdict == "failed"
    assert finding.value("name_alone_agreement") == 1
    assert run_audit(toy_world.name_reader, subject, "party_swap").verdict == "failed"


def test_a_classifier_that_is_biased_against_a_party() -> None:
    subject = toy_world.subject_of(toy_world.biased)
    finding = run_audit(toy_world.biased, subject, "party_swap")
    assert finding.verdict == "failed"
    biases = {
        measure.name: measure
        for measure in finding.measures
        if measure.name.startswith("party_bias_") and measure.name != "party_bias_most"
    }
    assert min(biases, key=lambda name: biases[name].value) == "party_bias_free_ballot"
    assert biases["party_bias_free_ballot"].high < -0.3
    assert "Free Ballot" in finding.sentence
    assert finding.value("flips_to_critical") > 0.1
    pairs = next(detail for detail in finding.details if detail.name == "pairs")
    assert pairs.rows[0][1] == "Free Ballot" or pairs.rows[0][0] == "Free Ballot"


@pytest.mark.parametrize("capability", ["negation", "irony", "who_blames_whom", "two_parties", "strength"])
def test_a_classifier_that_is_deaf_to_something(capability: str) -> None:
    deaf = toy_world.deaf_to(capability)
    finding = run_audit(deaf, toy_world.subject_of(deaf), "behaviour")
    assert finding.verdict == "failed"
    assert finding.value(capability) > 0.5
    others = [
        measure for measure in finding.measures if measure.name not in (capability, "direction_failures")
    ]
    assert all(measure.value == 0 for measure in others)
    # The sentence names the capability that fails, and none of the others.
    named = [
        measure.name for measure in finding.measures if measure.name.replace("_", " ") in finding.sentence
    ]
    assert capability in named
    assert not {"typos", "appositions", "unicode"} & set(named)
    worst = next(detail for detail in finding.details if detail.name == "worst")
    assert {row[0] for row in worst.rows} == {capability.replace("_", " ")}


def test_labels_that_hang_on_spelling() -> None:
    def shouted_at(examples: Examples) -> Any:
        return toy_world.sure(
            ["critical" if example.text.isupper() else toy_world.understood(example) for example in examples]
        )

    finding = run_audit(shouted_at, toy_world.subject_of(shouted_at), "behaviour", failures=0.0)
    assert finding.verdict == "failed"
    # Of eight pairs in capitals, three are: one is critical anyway.
    assert finding.value("case") == 2 / 8


def test_a_classifier_that_knows_only_what_it_has_seen(golden: Golden) -> None:
    corpus = toy_world.corpus_of(240)
    rows = corpus.rows.copy()
    away = {
        text for text, target in zip(rows["text"], rows["target"], strict=True) if target == "Free Ballot"
    }
    rows.loc[rows["text"].isin(away), "split"] = "test"
    corpus = type(corpus)(corpus.name, rows, corpus.source, corpus.parties)

    def narrow(examples: Examples) -> Any:
        return toy_world.sure(
            [
                "supportive" if example.target == "Free Ballot" else toy_world.understood(example)
                for example in examples
            ]
        )

    finding = run_audit(narrow, toy_world.subject_of(narrow, corpus), "unseen")
    assert finding.verdict == "failed"
    assert finding.value("gap") > 0.5
    assert {"target", "outlet"} & set(re.findall(r"\w+", finding.sentence)) == {"target"}
    sentences = [finding.sentence]
    outlet = rows.assign(outlet=rows["target"].where(rows["text"].isin(away), "Paper 1"))
    corpus = type(corpus)(corpus.name, outlet, corpus.source, corpus.parties)
    finding = run_audit(narrow, toy_world.subject_of(narrow, corpus, held_out_by="outlet"), "unseen")
    assert {"target", "outlet"} & set(re.findall(r"\w+", finding.sentence)) == {"outlet"}
    golden("audits/unseen", "\n".join([*sentences, finding.sentence]))


def test_people_who_do_not_agree() -> None:
    draw = np.random.default_rng(0)
    corpus = toy_world.corpus_of(
        votes=lambda k, stance: tuple(draw.choice(["critical", "neutral", "supportive"], 2))
    )
    finding = run_audit(toy_world.oracle, toy_world.subject_of(toy_world.oracle, corpus), "annotators")
    assert finding.verdict == "failed"
    assert abs(finding.value("alpha")) < 0.2


def test_people_who_only_ever_give_one_label() -> None:
    corpus = toy_world.corpus_of(votes=lambda k, stance: ("neutral", "neutral"))
    finding = run_audit(toy_world.oracle, toy_world.subject_of(toy_world.oracle, corpus), "annotators")
    assert finding.verdict == "undecided"
    assert np.isnan(finding.value("alpha"))


def test_a_label_that_moves_as_it_should_is_no_failure() -> None:
    """Neutral becomes critical, while the balance of the other two stays where it was."""
    corpus = toy_world.corpus_of()

    def wavering(examples: Examples) -> Any:
        sides = {"critical": (0.5, 0.2, 0.3), "neutral": (0.2, 0.8, 0.0), "supportive": (0.1, 0.1, 0.8)}
        return np.array([sides[toy_world.understood(example)] for example in examples])

    finding = run_audit(wavering, toy_world.subject_of(wavering, corpus), "behaviour")
    assert finding.value("direction_failures") == 0


def test_planted_mislabelled_rows_are_listed() -> None:
    corpus = toy_world.corpus_of(votes=votes)
    rows = corpus.rows.copy()
    test = rows.index[rows["split"] == "test"]
    planted = [row for row in test if rows.loc[row, "stance"] != "neutral"][:6]
    for row in planted:
        rows.loc[row, "stance"] = "critical" if rows.loc[row, "stance"] == "supportive" else "supportive"
    corpus = type(corpus)(corpus.name, rows, corpus.source, corpus.parties)
    finding = run_audit(toy_world.oracle, toy_world.subject_of(toy_world.oracle, corpus), "annotators")
    (table,) = finding.details
    assert {row[0] for row in table.rows} == set(rows.loc[planted, "id"])
    assert finding.value("mislabelled_rows") == 6


def test_findings_are_full_sentences(golden: Golden) -> None:
    corpus = toy_world.corpus_of(votes=votes)
    lines = []
    for name in ("oracle", "blind", "name_reader", "biased"):
        model = getattr(toy_world, name)
        twin = toy_world.predictions_of(toy_world.blind, corpus)
        subject = toy_world.subject_of(model, corpus, without_target=twin)
        audits = {audit: bind("audit", audit, {}).make() for audit in AUDITS}
        findings = run_audits(subject, audits, model)
        lines += [f"{name}: {finding.audit}: {finding.verdict}: {finding.sentence}" for finding in findings]
    golden("audits/findings", "\n".join(lines))


def test_findings_about_people_are_full_sentences(golden: Golden) -> None:
    draw = np.random.default_rng(0)
    cases: dict[str, Callable[[int, str], tuple[str, ...]]] = {
        "people who disagree": lambda k, stance: tuple(
            str(label) for label in draw.choice(["critical", "neutral", "supportive"], 2)
        ),
        "people who give one label": lambda k, stance: ("neutral", "neutral"),
    }
    lines = []
    for name, cast in cases.items():
        subject = toy_world.subject_of(toy_world.oracle, toy_world.corpus_of(votes=cast))
        finding = run_audit(toy_world.oracle, subject, "annotators")
        lines.append(f"{name}: {finding.verdict}: {finding.sentence}")
    golden("audits/findings-about-people", "\n".join(lines))
