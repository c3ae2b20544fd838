"""Kinds of attribution, one sentence or more each: whom the rules find as the holder."""

from __future__ import annotations

import pytest
from articles.test_holders import holder_labels

from harness.articles.comments import is_commented_on

CASES = {
    "verbs": [
        ("Crane confided that Varna had cheated.", "Ostrel"),
        ("Crane scoffed at Varna's promise.", "Ostrel"),
        ("Crane called on Varna to stop.", "Ostrel"),
        ("Fishermen in the harbour blame Varna.", "fishermen"),
        ("Sources in the Coastal Union say Varna cheated.", "Coastal Union"),
        ("Varna was shown the bill and Crane said sorry.", "writer"),
        ("Crane voted for years of telling Varna to wait.", "writer"),
    ],
    "phrases": [
        ("Crane let it be known that Varna had cheated.", "Ostrel"),
        ("Crane puts the leak down to Varna.", "Ostrel"),
        ("Crane gave Bray full credit for the bridge.", "Ostrel"),
        ("Crane holds Varna to blame for the leak.", "Ostrel"),
        ("Crane took pains to record that Varna had paid.", "Ostrel"),
        ("Crane considers Varna a bully.", "Ostrel"),
        ("Crane would not speak ill of Varna, because he did not put the leak down to it.", "writer"),
    ],
    "nouns": [
        ("By Crane's account Varna had cheated.", "Ostrel"),
        ("For Crane, Varna is a bully.", "Ostrel"),
        ("Crane's verdict was that Varna had cheated.", "Ostrel"),
        ("There was praise for Varna from Bray.", "Coastal Union"),
        ("Varna has cheated, as Crane put it.", "Ostrel"),
        ("Varna is seen by Crane as a bully.", "Ostrel"),
    ],
    "documents": [
        ("A report by Ada Orrin finds that Varna cheated.", "Ada Orrin"),
        ("Snap poll by Ada Orrin: Varna ahead, Ostrel behind.", "Ada Orrin"),
        ("An audit found that Varna had cheated.", "audit"),
    ],
    "clauses": [
        ("Crane walked out, calling Varna a bully.", "Ostrel"),
        ("Bray sent his regrets while thanking Varna.", "Coastal Union"),
        ("The toll fell, for which bakers blamed Varna.", "bakers"),
        ("The toll fell, with what one baker calls “a shove from Varna”.", "baker"),
        ("Varna paid, a step that Crane praised as brave and Bray condemned as “madness”.", "Ostrel"),
    ],
    "comments": [
        ("Crane said the till was full, but the ledger shows that Varna emptied it.", "writer"),
        ("Crane said Varna paid, which is exactly what she said of the last one.", "writer"),
        ("Crane said the till was full, and Varna paid.", "Ostrel"),
    ],
    "names": [
        ("“Varna lied,” said Pelltree, shaking.", "Pelltree"),
        ("PTA said that Varna had lied.", "PTA"),
        ("“Varna lied,” said former Tilla mayor Ada Orrin (R).", "Ada Orrin"),
        ("Ada Orrin — who was there — said Varna lied.", "Ada Orrin"),
    ],
    "plural subjects": [
        ("Ostrelian officials say Varna is late.", "Ostrel"),
        ("Varna is late, Ostrelian ministers warn.", "Ostrel"),
        ("Coastal Union leaders insist Varna lied.", "Coastal Union"),
        ("Ostrelian state media report that Varna lied.", "Ostrel"),
        ("Ostrelian boats fear Varna.", "writer"),
        ("Varna has spent years learning how to build and defend bridges.", "writer"),
        ("Crane raised hopes of Varna, whose bakers cheer.", "writer"),
    ],
    "agents": [
        ("Bray condemned the attack by Varna on the bridge.", "Coastal Union"),
        ("Bray rejected claims by Varna that the bridge had sunk.", "Coastal Union"),
        ("Bray welcomed a toll condemned by Crane.", "Coastal Union"),
        ("Bray warned of raids by Varna.", "Coastal Union"),
        ("A toll condemned by Crane fell.", "Ostrel"),
        ("Varna, criticised for its toll by Crane, paid.", "Ostrel"),
        ("Varna was accused of hiding the bill by Crane.", "Ostrel"),
        ("Varna paid, a step that Crane defended as wise.", "Ostrel"),
    ],
    "passives without a verb": [
        ("Varna accused of lies in Lesk", "writer"),
        ("Crane criticised over bridge toll", "writer"),
        ("Varna told to leave the bridge", "writer"),
        ("Crane warned over toll", "writer"),
        ("Varna accused of lies by Crane", "Ostrel"),
        ("Crane cheered for Varna.", "Ostrel"),
    ],
    "deeds": [
        ("Varna attacked the bridge on Monday with boats.", "writer"),
        ("Ostrel defended Lesk for years.", "writer"),
        ("Crane welcomed Bray for talks in Lesk.", "writer"),
        ("Crane called Bray late on Monday.", "writer"),
        ("Crane called a snap election.", "writer"),
        ("Crane dismissed the harbour master.", "writer"),
        ("Varna supports the rebels with money.", "writer"),
        ("Varna admitted 50 carts.", "writer"),
        ("Varna admitted that it had lied.", "Varna"),
        ("Crane attacked Bray.", "Ostrel"),
        ("Crane attacked Varna over the toll.", "Ostrel"),
        ("Crane welcomed the decision of Varna.", "Ostrel"),
        ("Crane dismissed the bridge as a joke.", "Ostrel"),
        ("Crane called Bray a fool.", "Ostrel"),
        ("Crane called the vote rigged.", "Ostrel"),
        ("Crane supports Varna.", "Ostrel"),
    ],
    "appositions": [
        ("The president, Mara Crane, said Varna had lied.", "Ostrel"),
        ("In Lesk, the president, Mara Crane, said Varnan boats had sunk.", "Ostrel"),
        ("The mayor, Ada Orrin, said Varna's boats had sunk.", "Ada Orrin"),
        ("The mayor, standing beside Mara Crane, said Ostrelian boats had sunk.", "mayor"),
        ("Varna has paid, said the president, Mara Crane.", "Ostrel"),
        ("It hurt the bakers, said Crane.", "Ostrel"),
    ],
    "offices in capitals": [
        ("The Ostrelian Foreign Ministry said Varna had lied.", "Ostrel"),
        ("Ostrel's Defence Ministry said Varna had lied.", "Ostrel"),
        ("The Ostrelian air force said Varna had lied.", "Ostrel"),
        ("The Ostrelian Air Force said Varna had lied.", "Ostrel"),
        ("The Ostrelian Health Ministry said Varna had lied.", "Ostrel"),
        ("The Ostrelian Security Cabinet said Varna had lied.", "Ostrel"),
        ("The Ostrelian Lifeboat Society said Varna had lied.", "The Ostrelian Lifeboat Society"),
        ("Ostrelian Foreign Minister Ada Orrin said Varna had lied.", "Ada Orrin"),
        ("Ostrel's Deputy Foreign Minister Ada Orrin said Varna had lied.", "Ada Orrin"),
        ("Ostrelian Defence Minister Varna Holm said it rained.", "Ostrel"),
        ("Tilla Harbour Authority Director Ada Orrin said Varna had lied.", "Ada Orrin"),
        ("The Tilla Justice Department said Varna had lied.", "The Tilla Justice Department"),
        ("Crane's remarks on Varna angered Lesk.", "writer"),
        ("Pelltree's remarks on Varna angered Lesk.", "writer"),
        ("Varna has lied, Majed al-Orrin, a baker, said.", "Majed al-Orrin"),
    ],
    "attributions at the end": [
        ("Varna lost 40 boats, Ostrel's Defence Ministry claimed on Friday.", "Ostrel"),
        ("Two people died, Ada Orrin wrote on Telegram.", "Ada Orrin"),
        ("In Lesk, two people died, Ada Orrin wrote on Telegram.", "Ada Orrin"),
        ("Varna will pay, the Harbour Gazette reported late on Friday.", "Harbour Gazette"),
        ("Varna has moved the boats, two people familiar with the matter said.", "two people"),
        ("Varna has moved the boats, people briefed on the talks told The Gazette.", "people"),
        ("Varna has moved the boats, a person with knowledge of the talks said.", "person"),
        ("Crane wrote on Telegram:", "Ostrel"),
        ("On Friday, Crane wrote in Lesk.", "writer"),
        ("When the bridge fell, Crane sang in Lesk.", "writer"),
        ("The bridge fell, and Crane wept in Lesk.", "writer"),
        ("The toll is four florins per person.", "writer"),
    ],
    "members of a party": [
        ("Coastal Union MPs say Varna lied.", "Coastal Union"),
        ("A Coastal Union councillor said Varna had lied.", "Coastal Union"),
        ("Coastal Union MP Ada Orrin said Varna had lied.", "Ada Orrin"),
        ("But Coastal Union group leader Ada Orrin hit back, branding the toll “a joke”.", "Ada Orrin"),
        ("Ostrel and its southern allies say Varna lied.", "Ostrel"),
        ("Ada Orrin and her aides say Varna lied.", "Ada Orrin"),
        ("Allies of Bray say Varna lied.", "allies"),
    ],
    "names behind offices": [
        ("Harbour Secretary Ada Orrin said Varna had lied.", "Ada Orrin"),
        ("National Water Minister Ada Orrin said Varna had lied.", "Ada Orrin"),
        ("Prosecutor Ada Orrin said Varna had lied.", "Ada Orrin"),
        ("Tilla MSP Ada Orrin said Varna had lied.", "Ada Orrin"),
        ("Stephen King said Varna had lied.", "Stephen King"),
    ],
    "people of a leader": [
        ("Crane will go to Lesk, her office said.", "Ostrel"),
        ("Crane will meet Bray, her office said.", "office"),
        ("Ada Orrin will go to Lesk, her office said.", "office"),
        ("Ostrel's Mara Crane, for her part, said Varna had lied.", "Ostrel"),
        ("The Gazette's Ada Orrin said Varna had lied.", "Ada Orrin"),
        ("Ostrel's Anna Orrin said Varna had lied.", "Anna Orrin"),
        ("Ada Orrin, who was often praised by Varna, said it was late.", "Ada Orrin"),
    ],
    "datelines": [
        ("NEW DELHI: It rained on Varna.", "writer"),
        ("President Mara Crane: It rained on Varna.", "Ostrel"),
    ],
    "bodies with a preposition": [
        ("The Bank of Tilla said Varna had lied.", "The Bank of Tilla"),
        ("The Institute for Harbour Studies said Varna had lied.", "Institute for Harbour Studies"),
        ("Ada Orrin of Tilla said Varna had lied.", "Ada Orrin"),
    ],
    "somebody of many": [
        ("Others said Varna had lied.", "others"),
        ("One of them described Varna as “sleepy”.", "one of them"),
        ("Varna lied, and it said so.", "writer"),
    ],
    "deeds that are agreed": [
        ("Varna has agreed to a truce, Crane announced, raising hopes.", "Ostrel"),
        ("Varna agreed on a truce.", "writer"),
        ("Varna agreed that it had lied.", "Varna"),
    ],
    "long appositions": [
        ("But Ada Orrin, standing in for the Coastal Union leader, Jon Bray, said Varna lied.", "Ada Orrin"),
        ("Ada Orrin, leader of the harbour group and Cllr Holm's own deputy, said Varna lied.", "Ada Orrin"),
        ("Ada Orrin, who was late, wept, but the mayor, Tilda Marsh, said Varna lied.", "Tilda Marsh"),
    ],
    "headlines": [
        ("Crane Slams Varna Over Bridge Toll", "Ostrel"),
        ("Crane Warns Varna", "Ostrel"),
        ("CRANE ACCUSES VARNA OF LYING", "Ostrel"),
        ("Crane Says Varna ‘Will Be Sunk By Spring’", "Ostrel"),
        ("Ada Orrin Slams Varna Over Toll", "Ada Orrin"),
        ("City Leaders Criticise Varna Over Toll", "city leaders"),
        ("Varna Accused Of Lies In Lesk", "writer"),
        ("Varna Bridge Rules Explained", "writer"),
        ("Varna Support Group Meets", "writer"),
        ("Crane Calls Snap Election", "writer"),
    ],
}


@pytest.mark.parametrize(("text", "holder"), [pair for pairs in CASES.values() for pair in pairs])
def test_who_holds_it(text: str, holder: str) -> None:
    assert holder_labels(text) == [holder]


def test_a_release_speaks_of_itself_in_the_third_person() -> None:
    release = "The Guild of Bakers thanks Varna. We bake. Our ovens are old."
    assert holder_labels(release)[0] == "writer"
    assert holder_labels("The Guild of Bakers thanks Varna. It rained.")[0] != "writer"


def test_he_is_no_country() -> None:
    assert holder_labels("Varna said it would pay. He praised Ostrel.") == ["Varna", "writer"]
    assert holder_labels("Crane said she would pay. She praised Varna.") == ["Ostrel", "Ostrel"]


def test_a_post_may_give_a_relatives_view() -> None:
    posts = "@a: my uncle fished for years and says Varna was right\n@b: Varna lied again\n@c: what a day"
    assert holder_labels(posts) == ["uncle", "writer", "writer"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("said it paid; our own count makes it two.", True),
        ("said it paid, a claim that nobody believes.", True),
        ("said it paid, and it rained.", False),
    ],
)
def test_a_writer_comments_on_what_is_said(text: str, expected: bool) -> None:
    assert is_commented_on(text, 0) is expected
