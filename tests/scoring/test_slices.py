"""Test items are cut into slices by party, outlet, label, length and more."""

from __future__ import annotations

import pandas as pd
import pytest
from golden import Golden

from harness.scoring.slices import QUOTATION, Slice, comparable_slices, known_columns, slices_of
from harness.splits import Split
from harness.values.errors import ConfigError
from harness.values.labels import FRAMING, STANCE
from harness.values.minimums import MIN_ITEMS
from harness.values.tables import CORPUS_COLUMNS, Corpus

ROWS = [
    # id, text, target, start, stance, frames, group, outlet, register
    ("a", "One two three.", "X", 0, "critical", ("conflict",), "g1", "Post", "news"),
    ("b", "One two three.", "Y", None, "neutral", (), "g1", "Post", "news"),
    ("c", "“Shame on X,” she said.", "X", 0, "critical", ("conflict", "morality"), "g2", "Wire", "feed"),
    ("d", " ".join(["word"] * 16), "X", 0, "supportive", ("morality",), "g3", None, None),
    ("e", " ".join(["word"] * 41), None, None, "neutral", (), None, "Wire", "news"),
    ("f", "X, Y and Z.", "X", 0, "neutral", (), "g4", "Wire", "news"),
    ("g", "X, Y and Z.", "Y", 3, "neutral", (), "g4", "Wire", "news"),
    ("h", "X, Y and Z.", "Z", 9, "neutral", (), "g4", "Wire", "news"),
    ("t", "Trained on.", "X", 0, "neutral", (), "g2", "Post", "news"),
]
NAMES = ("id", "text", "target", "start", "stance", "frames", "group", "outlet", "register")


def corpus() -> Corpus:
    rows = pd.DataFrame(ROWS, columns=list(NAMES))
    rows = rows.assign(**{name: None for name in CORPUS_COLUMNS if name not in rows})
    return Corpus("made", rows)


SPLIT = Split(0, ("t",), (), (), ("a", "b", "c", "d", "e", "f", "g", "h"))


def cut(*columns: str, multi: bool = False) -> dict[str, str]:
    slices = slices_of(corpus(), [SPLIT], FRAMING if multi else STANCE, columns or None)
    return {slice_.name: "".join(sorted(slice_.ids)) for slice_ in slices}


def test_every_kind_tells_the_items_apart() -> None:
    assert cut() == {
        "label=neutral": "befgh",
        "label=critical": "ac",
        "label=supportive": "d",
        "target=X": "acdf",
        "target=Y": "bg",
        "target=Z": "h",
        "outlet=Wire": "cefgh",
        "outlet=Post": "ab",
        "length=1–15 words": "abcfgh",
        "length=16–25 words": "d",
        "length=41 words or more": "e",
        "targets=3 or more": "fgh",
        "targets=1": "cd",
        "targets=2": "ab",
        "quoted=no": "abdefgh",
        "quoted=yes": "c",
        "span=known": "acdfgh",
        "span=unknown": "b",
        # t stands in train and in the article of c; e has no article.
        "article=not seen in training": "abdfgh",
        "article=seen in training": "c",
    }


def test_any_column_can_be_named() -> None:
    assert cut("register") == {"register=news": "abefgh", "register=feed": "c"}
    assert "register" in known_columns(corpus())


def test_frames_may_stand_in_several_slices() -> None:
    assert cut("label", multi=True) == {
        "label=none": "befgh",
        "label=conflict": "ac",
        "label=morality": "cd",
    }


def test_a_column_that_tells_nothing_apart_gives_no_slice() -> None:
    same = Corpus("made", corpus().rows.assign(outlet="Post"))
    assert slices_of(same, [SPLIT], STANCE, ["outlet"]) == ()
    unknown = Corpus("made", corpus().rows.assign(outlet=None))
    assert slices_of(unknown, [SPLIT], STANCE, ["outlet"]) == ()
    # All that are known have one, but others have none: that tells them apart.
    some = Corpus("made", corpus().rows.assign(outlet=[*["Post"] * 3, *[None] * 6]))
    assert slices_of(some, [SPLIT], STANCE, ["outlet"]) == (Slice("outlet", "Post", frozenset("abc")),)


def test_a_column_that_is_not_there_is_refused(golden: Golden) -> None:
    with pytest.raises(ConfigError) as caught:
        cut("outlets", "votes", "target", "target")
    assert [problem.where for problem in caught.value.problems] == ["slices.0", "slices.1", "slices.3"]
    golden("scoring/slices-errors", str(caught.value))


def test_folds_are_cut_together() -> None:
    folds = [
        Split(1, ("c", "t"), (), (), ("a", "b", "d", "e")),
        Split(2, ("a", "t"), (), (), ("c", "f", "g", "h")),
    ]
    by_name = {slice_.name: slice_.ids for slice_ in slices_of(corpus(), folds, STANCE, ["article"])}
    assert by_name["article=seen in training"] == {"c"}
    assert by_name["article=not seen in training"] == set("abdfgh")


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('He called it "a shame".', True),
        ("He called it «a shame».", True),
        ("He called it „a shame“.", True),
        ("He called it ``a shame''.", True),
        ("He called it ‘a shame’.", True),
        ("The party’s plan, the voters’ choice.", False),
        ('A 5" pipe.', False),
        ("Nothing of the kind.", False),
    ],
)
def test_quotations_are_seen(text: str, quoted: bool) -> None:
    assert bool(QUOTATION.search(text)) == quoted


def large(*, others: int) -> Corpus:
    """Two outlets, one with as many items as a slice needs; a column of votes, and one of numbers."""
    n = MIN_ITEMS + others
    rows = pd.DataFrame(
        {
            "id": [f"i{k}" for k in range(n)],
            "text": [f"Sentence {k}." for k in range(n)],
            "target": "X",
            "stance": "neutral",
            "outlet": ["Post" if k < MIN_ITEMS else "Wire" for k in range(n)],
            "country": ["Brelland" if k < MIN_ITEMS else "Anvar" for k in range(n)],
            "year": [2020 if k < MIN_ITEMS else 2021 for k in range(n)],
            "holder_votes": [("a", "b") if k < MIN_ITEMS else ("c",) for k in range(n)],
        }
    )
    return Corpus("large", rows.assign(**{name: None for name in CORPUS_COLUMNS if name not in rows}))


@pytest.mark.parametrize("others", [MIN_ITEMS - 1, MIN_ITEMS])
def test_runs_compare_on_every_plain_column_in_slices_of_some_size(others: int) -> None:
    corpus = large(others=others)
    split = Split(0, ("trained on",), (), (), tuple(corpus.rows["id"]))
    names = {cut.name for cut in comparable_slices(corpus, [split], STANCE)}
    expected = {"outlet=Post", "country=Brelland", "year=2020"}
    expected |= {"outlet=Wire", "country=Anvar", "year=2021"} if others == MIN_ITEMS else set()
    assert names == expected


def test_runs_compare_on_every_column_that_a_config_can_slice_by() -> None:
    from harness.corpora.readers.partyline import partyline

    corpus = partyline(labels=STANCE).for_task("stance")
    first, *others = corpus.rows["id"]
    split = Split(0, (first,), (), (), tuple(others))
    columns = {cut.column for cut in comparable_slices(corpus, [split], STANCE)}
    assert columns >= {"outlet", "country", "register", "kind", "length", "holder", "targets", "quoted"}
    assert not columns & {"label", "target", "frames_votes", "holder_votes"}
