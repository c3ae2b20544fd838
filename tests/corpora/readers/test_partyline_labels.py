"""The labels of the shipped corpus: their shares, both votes of each, and what card and codebook say."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict

import pytest
from shipped import CODEBOOK, LABELLED, REGISTRY, ROWS

from harness.corpora.card import load_card
from harness.corpora.readers.partyline import TRAINING
from harness.scoring.statistics.krippendorff import alpha
from harness.values.labels import FRAMING, STANCE

# --- labels -------------------------------------------------------------------------------------------------


def test_each_stance_has_a_quarter_of_the_rows() -> None:
    counts = Counter(target["stance"] for _, target in ROWS)
    assert set(counts) == set(STANCE.names)
    assert min(counts.values()) >= 0.25 * len(ROWS)


def test_each_frame_is_on_eight_sentences_of_a_hundred() -> None:
    counts = Counter(frame for line in LABELLED for frame in line.fields["frames"])
    assert set(counts) == set(FRAMING.names)
    assert min(counts.values()) >= 0.08 * len(LABELLED)


def test_most_sentences_name_several_parties_and_most_of_these_judge_them_differently() -> None:
    several = [line for line in LABELLED if len(line.targets) > 1]
    differing = [line for line in several if len({target["stance"] for target in line.targets}) > 1]
    assert len(several) >= 0.55 * len(LABELLED)
    assert len(differing) >= 0.5 * len(several)


def test_no_party_is_mostly_one_stance() -> None:
    stances: dict[str, Counter[str]] = defaultdict(Counter)
    for _, target in ROWS:
        stances[target["party"]][target["stance"]] += 1
    shares = {party: max(counts.values()) / counts.total() for party, counts in stances.items()}
    assert {party: share for party, share in shares.items() if share > 0.6} == {}


@pytest.mark.parametrize(
    "party, friend, foe",
    [
        ("Civic Union", "Kellen Morning Post", "The Lathe"),
        ("Lantern Party", "Radio Beacon One", "Open Docket"),
        ("Free Ballot Movement", "The Frostgate Dispatch", "Federal News Service"),
    ],
)
def test_outlets_lean_apart_over_the_same_party(party: str, friend: str, foe: str) -> None:
    def lean(outlet: str) -> float:
        stances = [t["stance"] for line, t in ROWS if (line.article["outlet"], t["party"]) == (outlet, party)]
        assert len(stances) >= 12
        return (stances.count("supportive") - stances.count("critical")) / len(stances)

    assert lean(friend) > 0.15
    assert lean(foe) < -0.15


def test_outlet_and_stance_are_not_independent() -> None:
    cells = Counter((line.article["outlet"], target["stance"]) for line, target in ROWS)
    outlets = Counter(line.article["outlet"] for line, _ in ROWS)
    stances = Counter(target["stance"] for _, target in ROWS)
    expected = {(o, s): outlets[o] * stances[s] / len(ROWS) for o in outlets for s in stances}
    chi_square = sum((cells[cell] - count) ** 2 / count for cell, count in expected.items())
    # 19 outlets and 3 stances leave 18 * 2 = 36 degrees of freedom; chance exceeds 67.99 once in 1,000.
    assert (len(outlets), len(stances)) == (19, 3)
    assert chi_square > 67.99


def test_holders_that_are_parties_have_their_canonical_name() -> None:
    owners = {form: party.name for party in REGISTRY.parties for form in party.surfaces}
    assert [line.place for line in LABELLED if owners.get(h := line.fields["holder"], h) != h] == []
    holders = Counter(line.fields["holder"] for line in LABELLED)
    assert holders["writer"] > 0.4 * len(LABELLED)
    parties_ = sum(count for holder, count in holders.items() if REGISTRY.get(holder))
    others = len(LABELLED) - holders["writer"] - parties_
    assert min(parties_, others) > 0.1 * len(LABELLED)


# --- votes --------------------------------------------------------------------------------------------------


def test_both_votes_are_kept() -> None:
    labels = set(STANCE.names)
    assert [
        (line.place, t) for line, t in ROWS if len(t["votes"]) != 2 or not set(t["votes"]) <= labels
    ] == []
    for name in ("frames_votes", "holder_votes"):
        assert [line.place for line in LABELLED if len(line.fields[name]) != 2] == []
    frames = {frame for line in LABELLED for vote in line.fields["frames_votes"] for frame in vote}
    assert frames == set(FRAMING.names)


def test_every_stance_and_every_frame_is_one_of_the_two_votes() -> None:
    assert [(line.place, t["party"]) for line, t in ROWS if t["stance"] not in t["votes"]] == []
    off = [
        (line.place, frame)
        for line in LABELLED
        for frame in FRAMING.names
        if (frame in line.fields["frames"]) not in [frame in vote for vote in line.fields["frames_votes"]]
    ]
    assert off == []


def test_ten_holders_were_settled_on_a_third_wording() -> None:
    third = [line for line in LABELLED if line.fields["holder"] not in line.fields["holder_votes"]]
    assert len(third) == 10
    assert "ten" in load_card("partyline").labelling.split()


def test_the_votes_differ_where_people_would_doubt() -> None:
    assert sum(len(set(target["votes"])) > 1 for _, target in ROWS) == 68
    assert sum(len(set(line.fields["holder_votes"])) > 1 for line in LABELLED) == 70


# --- card and codebook --------------------------------------------------------------------------------------


def test_the_figures_of_the_card_are_those_of_the_data() -> None:
    flaws = load_card("partyline").flaws
    none = sum(not line.fields["frames"] for line in LABELLED)
    assert f"{100 * none / len(LABELLED):.0f} % of" in " ".join(flaws)
    rows = Counter(target["party"] for _, target in ROWS).values()
    tested = Counter(target["party"] for line, target in ROWS if line.split == "test").values()
    (of_parties,) = [flaw for flaw in flaws if "Brelland" in flaw]
    assert re.findall(r"\d+", of_parties) == list(map(str, [min(rows), max(rows), min(tested), max(tested)]))
    two = sum(line.article["country"] in ("Brelland", "Velmora") for line, _ in ROWS)
    assert two / len(ROWS) == pytest.approx(0.75, abs=0.02)
    assert re.search(r"\bthree\b.* four\b.*\bBrelland and Velmora\b", of_parties)


def test_the_least_sure_label_has_the_agreement_that_the_card_says() -> None:
    votes = [line.fields["frames_votes"] for line in LABELLED]
    measured = {name: alpha([name in vote for vote in item] for item in votes) for name in FRAMING.names}
    measured["stance"] = alpha(target["votes"] for _, target in ROWS)
    measured["holder"] = alpha(line.fields["holder_votes"] for line in LABELLED)
    assert min(measured, key=lambda name: measured[name]) == "morality"
    assert f"alpha {measured['morality']:.2f}" in " ".join(load_card("partyline").flaws)


def test_the_figures_of_the_second_part_are_those_of_the_data() -> None:
    card = load_card("partyline")
    articles = [json.loads(line) for line in TRAINING.read_text(encoding="utf-8").splitlines()]
    lines = [line for article in articles for line in article["lines"] if line.get("labelled")]
    votes = [target["votes"] for line in lines for target in line["targets"]]
    assert (len(articles), len(votes), sum(len(set(vote)) > 1 for vote in votes)) == (694, 6849, 208)
    assert {"6,849", "694"} <= set(re.findall(r"[\d,]+", card.description))
    measured = {
        name: f"{alpha([name in vote for vote in line['frames_votes']] for line in lines):.2f}"
        for name in FRAMING.names
    }
    assert measured["responsibility"] == min(measured.values())
    stance, holder = alpha(votes), alpha(line["holder_votes"] for line in lines)
    alphas = {f"{stance:.2f}", f"{holder:.2f}", min(measured.values()), max(measured.values())}
    assert set(re.findall(r"0\.\d\d", card.labelling)) == alphas
    none = sum(not line["frames"] for line in lines) / len(lines)
    assert f"{100 * none:.0f} %" in " ".join(card.flaws)


def test_the_worked_examples_of_the_codebook_name_the_parties_that_they_label() -> None:
    pairs = re.findall(r"^   > (.+)\n\n   (.+)$", CODEBOOK, re.MULTILINE)
    letter = r"(?:^|, )([A-Z][^,;]*) [CNS](?=[,;])"
    off = [
        text
        for text, labels in pairs
        if {mention.party for mention in REGISTRY.mentions(text)}
        != set(re.findall(letter, f"{labels.split(';')[0]};"))
    ]
    assert len(pairs) == len(re.findall(r"^\d+\. \*.*\*$", CODEBOOK, re.MULTILINE)) >= 15
    assert off == []


def test_the_codebook_is_about_every_label() -> None:
    assert [name for name in STANCE.names if f"`{name}`" not in CODEBOOK] == []
    assert [name for name in FRAMING.names if f"**{name}**" not in CODEBOOK] == []
