"""Error rates by party and outlet: the rates, what is left out, the four verdicts, and real corpora."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from golden import Golden

import harness
from harness.audits import Subject, run_audits
from harness.audits.parity import Items
from harness.classifiers.protocol import Examples
from harness.values.catalog import bind
from harness.values.findings import Finding
from harness.values.labels import STANCES
from harness.values.tables import Predictions
from tests.audits import toy_world


def audited(model: toy_world.Model, n: int = 240, **options: Any) -> Finding:
    return finding_of(toy_world.subject_of(model, toy_world.corpus_of(n)), **options)


def finding_of(subject: Subject, **options: Any) -> Finding:
    (finding,) = run_audits(subject, {"parity": bind("audit", "parity", options).make()}, toy_world.oracle)
    return finding


def table(finding: Finding) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows of the table by group and rate."""
    frame = finding.details[0].frame()
    return {(row["group"], row["rate"]): row for row in frame.to_dict("records")}


def test_rates_are_those_counted_by_hand() -> None:
    corpus = toy_world.corpus_of(400)
    subject = toy_world.subject_of(toy_world.blind, corpus)
    rows = table(finding_of(subject, by=["target"]))
    tested = subject.tested.rows
    answers = [STANCES[code] for code in subject.predicted]
    for (group, rate), row in rows.items():
        hits: dict[bool, list[bool]] = {True: [], False: []}
        for target, stance, answer in zip(tested["target"], tested["stance"], answers, strict=True):
            kind, _, label = rate.rpartition(" ")
            if (kind == "recall" and stance != label) or (kind == "false positive" and stance == label):
                continue
            hits[target == group].append(answer != stance if rate == "error" else answer == label)
        assert row["items"] == len(hits[True])
        shares = [np.mean(hits[True]), np.mean(hits[False])]
        assert [row["value"], row["rest"], row["gap"]] == pytest.approx([*shares, shares[0] - shares[1]])


def test_the_four_verdicts(golden: Golden) -> None:
    findings = {
        "an oracle": audited(toy_world.oracle),
        "biased against a party": audited(toy_world.biased),
        "of errors alone": audited(toy_world.blind, by=["target"], rates=["error"]),
        "few items": audited(toy_world.oracle, 50),
    }
    verdicts = [finding.verdict for finding in findings.values()]
    assert verdicts == ["passed", "failed", "undecided", "not applicable"]
    golden(
        "audits/parity",
        "\n".join(f"{name}: {finding.verdict}. {finding.sentence}" for name, finding in findings.items()),
    )


def test_the_group_that_is_treated_worse_is_named_first() -> None:
    rows = table(audited(toy_world.biased))
    assert next(iter(rows))[0] == "Free Ballot"
    assert rows["Free Ballot", "error"]["gap"] == 1
    assert rows["Free Ballot", "error"]["p"] < 0.01


def test_small_groups_are_counted_and_left_out() -> None:
    corpus = toy_world.corpus_of(240)
    # Forty test items in ten articles, and four in one; all others are of two large outlets.
    day = corpus.rows["id"].str[1:4].astype(int)
    outlets = np.select([day % 24 == 2, day % 24 == 3, day == 6], ["Tiny", "Tiny", "Single"], "Large")
    outlets = np.where(day % 24 == 10, "Larger", outlets)
    few = type(corpus)(corpus.name, corpus.rows.assign(outlet=outlets), corpus.source, corpus.parties)
    subject = toy_world.subject_of(toy_world.oracle, few)
    groups = {}
    for least in (10, 30, 41):
        finding = finding_of(subject, by=["outlet"], rates=["error"], min_items=least)
        groups[least] = {group for group, _ in table(finding)} if finding.details else set()
        assert f"{4 - len(groups[least])} {'by' if finding.details else 'of'} outlet" in finding.sentence
    assert groups == {10: {"Tiny", "Large", "Larger"}, 30: {"Tiny", "Large"}, 41: {"Large"}}


def test_items_without_a_value_are_in_no_group() -> None:
    corpus = toy_world.corpus_of(240)
    outlets = corpus.rows["outlet"].where(corpus.rows["outlet"] != "Paper 0", None)
    some = type(corpus)(corpus.name, corpus.rows.assign(outlet=outlets), corpus.source, corpus.parties)
    subject = toy_world.subject_of(toy_world.oracle, some)
    finding = finding_of(subject, by=["outlet"], rates=["error"])
    rows = table(finding)
    n = int(subject.tested.rows["outlet"].notna().sum())
    assert sum(row["items"] for row in rows.values()) == n < len(subject.tested)


def test_columns_that_the_corpus_lacks() -> None:
    finding = audited(toy_world.oracle, by=["register", "desk"])
    assert finding.verdict == "not applicable"
    assert "'register'" in finding.sentence
    assert "'desk'" in finding.sentence
    # Of several columns those that exist are used.
    assert audited(toy_world.oracle, by=["register", "target"]).verdict == "passed"


def test_seeds_of_an_item_are_one_item() -> None:
    subject = toy_world.subject_of(toy_world.blind, toy_world.corpus_of(240))
    again = Predictions.of(
        subject.tested, subject.labels, toy_world.oracle(subject.examples), run="model", split="test", seed=2
    )
    assert subject.predictions is not None
    both = replace(subject, predictions=Predictions.concat([subject.predictions, again]))
    items = Items.of(both)
    assert items.predicted.shape == (2, len(subject.tested))
    one, two = (table(finding_of(each, by=["target"], rates=["error"])) for each in (subject, both))
    for key, row in one.items():
        assert two[key]["items"] == row["items"]
        # The oracle makes no error: the mean of both seeds is half.
        assert two[key]["value"] == pytest.approx(row["value"] / 2)


def test_a_model_without_a_run_is_compared_on_the_audited_rows() -> None:
    subject = toy_world.subject_of(toy_world.biased, toy_world.corpus_of(240))
    alone = finding_of(replace(subject, predictions=None))
    assert alone == finding_of(subject)


def test_frames_have_no_party_but_outlets() -> None:
    subject = replace(toy_world.subject_of(toy_world.oracle, toy_world.corpus_of(240)), task="framing")
    assert finding_of(subject, by=["target"]).verdict == "not applicable"
    assert {row["column"] for row in table(finding_of(subject)).values()} == {"outlet"}


@pytest.mark.parametrize("corpus_name, n_columns", [("partyline", 3), ("newsmtsc", 1)])
def test_real_corpora_against_pandas(corpus_name: str, n_columns: int) -> None:
    if corpus_name == "newsmtsc" and "HARNESS_NEWSMTSC" not in os.environ:
        pytest.skip("HARNESS_NEWSMTSC is not set")
    corpus = harness.load_corpus(corpus_name)
    rows = corpus.rows[corpus.rows["split"] == "test"]
    tested = corpus.take(rows["id"].tolist())
    draw = np.random.default_rng(5)
    truth = np.array([STANCES.index(stance) for stance in rows["stance"]])
    codes = np.where(draw.random(len(rows)) < 0.6, truth, draw.integers(3, size=len(rows)))
    labels = toy_world.subject_of(toy_world.oracle).labels
    proba = np.eye(3)[codes]
    subject = replace(
        toy_world.subject_of(toy_world.oracle),
        corpus=corpus,
        tested=tested,
        proba=proba,
        predicted=codes,
        predictions=Predictions.of(tested, labels, proba, run="model", split="test", seed=1),
    )
    finding = finding_of(subject, by=["target", "register", "kind"][:n_columns])
    assert finding.verdict in ("undecided", "failed")
    frame = rows.assign(answer=[STANCES[code] for code in codes]).set_index("id")
    for (group, rate), row in table(finding).items():
        known = frame[frame[row["column"]].notna()]
        inside = known[row["column"]] == group
        kind, _, label = rate.rpartition(" ")
        hits = (known["answer"] != known["stance"]) if rate == "error" else known["answer"] == label
        of = {"recall": known["stance"] == label, "false positive": known["stance"] != label}.get(
            kind, inside | True
        )
        assert row["gap"] == pytest.approx(hits[inside & of].mean() - hits[~inside & of].mean())
        assert row["articles"] == known.loc[inside & of, "group"].nunique() >= 10
        assert row["items"] == (inside & of).sum() >= 30


def test_a_classifier_that_errs_in_one_outlet_alone() -> None:
    def partial(examples: Examples) -> Any:
        odd = [int(example.text.rpartition(" ")[2].rstrip(".")) // 40 == 1 for example in examples]
        return np.where(
            np.array(odd)[:, None], toy_world.sure(["neutral"] * len(examples)), toy_world.oracle(examples)
        )

    finding = audited(partial, 320, by=["outlet"], rates=["error"])
    assert finding.verdict == "failed"
    assert next(iter(table(finding)))[0] == "Paper 1"
