"""Each audit catches its villain, and an honest oracle passes them all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.audits import Subject, run_audits
from harness.classifiers.protocol import Examples
from harness.values.catalog import CATALOGUES, bind
from harness.values.findings import Finding
from tests.audits import toy_world

AUDITS = [name for name in CATALOGUES["audit"] if name != "leaks"]


def found(model: toy_world.Model, subject: Subject, name: str, **options: Any) -> Finding:
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
        toy_world.oracle, corpus, blind=toy_world.predictions_of(toy_world.blind, corpus)
    )
    audits = {name: bind("audit", name, {}).make() for name in AUDITS}
    findings = run_audits(subject, audits, toy_world.oracle)
    assert {one.audit: one.verdict for one in findings} == dict.fromkeys(AUDITS, "passed")
    values = {f"{one.audit}.{m.name}": m.value for one in findings for m in one.measures}
    assert values["sensitivity.all_parties_right"] == 1
    assert values["party_swap.flips"] == 0
    assert values["behaviour.invariance_failures"] == values["behaviour.direction_failures"] == 0
    assert values["target_use.difference"] > 0.1
    assert values["unseen.gap"] == 0


def test_a_classifier_that_is_blind_to_the_target() -> None:
    corpus = toy_world.corpus_of()
    subject = toy_world.subject_of(
        toy_world.blind, corpus, blind=toy_world.predictions_of(toy_world.blind, corpus)
    )
    use = found(toy_world.blind, subject, "target_use")
    assert (use.verdict, use.value("difference")) == ("failed", 0)
    assert use.sentence == "model labels as it does without the target: it never reads it."
    asked = found(toy_world.blind, subject, "sensitivity")
    assert asked.verdict == "failed"
    assert asked.sentence.startswith(
        "It gives all parties of a sentence one label, whichever it is asked about."
    )
    assert (asked.value("other_changes"), asked.value("all_parties_right")) == (0, 0)


def test_a_classifier_that_is_blind_in_a_few_articles() -> None:
    corpus = toy_world.corpus_of()
    for articles, verdict in ((13, "failed"), (10, "warning")):
        # Sentences 2, 3, 6, 7, … are test.
        place = corpus.rows["id"].str[1:4].astype(int) // 4 % articles
        rows = corpus.rows.assign(group="a" + place.astype(str))
        few = type(corpus)(corpus.name, rows, corpus.source, corpus.parties)
        asked = found(toy_world.blind, toy_world.subject_of(toy_world.blind, few), "sensitivity")
        assert asked.verdict == verdict
    assert asked.sentence.startswith(
        "It gives all parties of a sentence one label, in too few articles to be sure of it."
    )


def test_a_twin_without_the_target_that_is_as_good() -> None:
    corpus = toy_world.corpus_of()
    subject = toy_world.subject_of(
        toy_world.oracle, corpus, blind=toy_world.predictions_of(toy_world.oracle, corpus)
    )
    assert found(toy_world.oracle, subject, "target_use").verdict == "failed"


def test_a_classifier_that_reads_only_the_target() -> None:
    subject = toy_world.subject_of(toy_world.name_reader)
    asked = found(toy_world.name_reader, subject, "sensitivity")
    assert asked.verdict == "failed"
    assert asked.sentence.startswith(
        "It gives the label that it gives to the party's name alone, whatever the sentence."
    )
    assert asked.value("name_alone_agreement") == 1
    assert found(toy_world.name_reader, subject, "party_swap").verdict == "failed"


def test_a_classifier_that_is_biased_against_a_party() -> None:
    subject = toy_world.subject_of(toy_world.biased)
    swapped = found(toy_world.biased, subject, "party_swap")
    assert swapped.verdict == "failed"
    biases = {
        one.name: one
        for one in swapped.measures
        if one.name.startswith("party_bias_") and one.name != "party_bias_most"
    }
    assert min(biases, key=lambda name: biases[name].value) == "party_bias_free_ballot"
    assert biases["party_bias_free_ballot"].high < -0.3
    assert "The name Free Ballot alone moves the balance of probabilities by -" in swapped.sentence
    assert swapped.value("flips_to_critical") > 0.1
    pairs = next(detail for detail in swapped.details if detail.name == "pairs")
    assert pairs.rows[0][1] == "Free Ballot" or pairs.rows[0][0] == "Free Ballot"


@pytest.mark.parametrize("capability", ["negation", "irony", "who_blames_whom", "two_parties", "strength"])
def test_a_classifier_that_is_deaf_to_something(capability: str) -> None:
    deaf = toy_world.deaf_to(capability)
    heard = found(deaf, toy_world.subject_of(deaf), "behaviour")
    assert heard.verdict == "failed"
    assert heard.value(capability) > 0.5
    others = [m for m in heard.measures if m.name not in (capability, "direction_failures")]
    assert all(m.value == 0 for m in others)
    assert f"It fails most at {capability.replace('_', ' ')} " in heard.sentence
    worst = next(detail for detail in heard.details if detail.name == "worst")
    assert {row[0] for row in worst.rows} == {capability.replace("_", " ")}


def test_labels_that_hang_on_spelling() -> None:
    def shouted_at(examples: Examples) -> Any:
        return toy_world.sure(
            ["critical" if one.text.isupper() else toy_world.understood(one) for one in examples]
        )

    heard = found(shouted_at, toy_world.subject_of(shouted_at), "behaviour", failures=0.0)
    assert heard.verdict == "failed"
    # Of eight pairs in capitals, three are: one is critical anyway.
    assert heard.value("case") == 2 / 8


def test_a_classifier_that_knows_only_what_it_has_seen() -> None:
    corpus = toy_world.corpus_of(240)
    rows = corpus.rows.copy()
    away = {
        text for text, target in zip(rows["text"], rows["target"], strict=True) if target == "Free Ballot"
    }
    rows.loc[rows["text"].isin(away), "split"] = "test"
    corpus = type(corpus)(corpus.name, rows, corpus.source, corpus.parties)

    def narrow(examples: Examples) -> Any:
        return toy_world.sure(
            ["supportive" if one.target == "Free Ballot" else toy_world.understood(one) for one in examples]
        )

    seen = found(narrow, toy_world.subject_of(narrow, corpus), "unseen")
    assert seen.verdict == "failed"
    assert seen.value("gap") > 0.5
    assert seen.sentence.startswith("Of items of a target that training never saw, ")
    outlet = rows.assign(outlet=rows["target"].where(rows["text"].isin(away), "Paper 1"))
    corpus = type(corpus)(corpus.name, outlet, corpus.source, corpus.parties)
    seen = found(narrow, toy_world.subject_of(narrow, corpus, left_out="outlet"), "unseen")
    assert seen.sentence.startswith("Of items of an outlet that training never saw, ")


def test_people_who_do_not_agree() -> None:
    draw = np.random.default_rng(0)
    corpus = toy_world.corpus_of(
        votes=lambda k, stance: tuple(draw.choice(["critical", "neutral", "supportive"], 2))
    )
    people = found(toy_world.oracle, toy_world.subject_of(toy_world.oracle, corpus), "annotators")
    assert people.verdict == "failed"
    assert abs(people.value("alpha")) < 0.2
    assert "too low to rest conclusions on" in people.sentence


def test_people_who_only_ever_give_one_label() -> None:
    corpus = toy_world.corpus_of(votes=lambda k, stance: ("neutral", "neutral"))
    people = found(toy_world.oracle, toy_world.subject_of(toy_world.oracle, corpus), "annotators")
    assert people.verdict == "warning"
    assert people.sentence.startswith("All people gave one and the same label")


def test_a_label_that_moves_as_it_should_is_no_failure() -> None:
    """Neutral becomes critical, while the balance of the other two stays where it was."""
    corpus = toy_world.corpus_of()

    def wavering(examples: Examples) -> Any:
        sides = {"critical": (0.5, 0.2, 0.3), "neutral": (0.2, 0.8, 0.0), "supportive": (0.1, 0.1, 0.8)}
        return np.array([sides[toy_world.understood(one)] for one in examples])

    heard = found(wavering, toy_world.subject_of(wavering, corpus), "behaviour")
    assert heard.value("direction_failures") == 0


def test_planted_mislabelled_rows_are_listed() -> None:
    corpus = toy_world.corpus_of(votes=votes)
    rows = corpus.rows.copy()
    test = rows.index[rows["split"] == "test"]
    planted = [place for place in test if rows.loc[place, "stance"] != "neutral"][:6]
    for place in planted:
        rows.loc[place, "stance"] = "critical" if rows.loc[place, "stance"] == "supportive" else "supportive"
    corpus = type(corpus)(corpus.name, rows, corpus.source, corpus.parties)
    people = found(toy_world.oracle, toy_world.subject_of(toy_world.oracle, corpus), "annotators")
    (table,) = people.details
    assert {row[0] for row in table.rows} == set(rows.loc[planted, "id"])
    assert people.value("mislabelled_rows") == 6
