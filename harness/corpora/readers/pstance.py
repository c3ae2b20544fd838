"""The files of P-Stance in, a Corpus out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from harness.corpora import tabular
from harness.corpora.card import Card, Published
from harness.corpora.checks import Raw, build
from harness.corpora.columns import Shape, canonical, with_ids
from harness.corpora.corpus_files import Part, read_parts
from harness.values.labels import TWO_SIDES, LabelSet, Task
from harness.values.tables import Corpus

CARD = Card(
    name="pstance",
    title="P-Stance",
    description="English tweets on the 2020 US election, each for or against one of three politicians.",
    tasks=("stance",),
    labels={"stance": TWO_SIDES},
    paper="Li, Sosea, Sawant, Nair, Inkpen & Caragea 2021, P-Stance, Findings of ACL",
    official_metric="favg_target_mean",
    official_split="train, val and test by politician",
    licence="MIT, as its repository states; the tweets are their authors'",
    flaws=(
        "There is no neutral class: tweets without a side were left out.",
        "Tweets were found by hashtags, and most name the politician: the side may be read off the hashtag.",
        "There is no group, so tweets of one author may stand on both sides of a split.",
    ),
    published=(
        Published("BERT", "favg_target_mean", 0.7648, "2,157 test tweets", "Li et al. 2021"),
        Published("BERTweet", "favg_target_mean", 0.8053, "2,157 test tweets", "Li et al. 2021"),
    ),
    variable="HARNESS_PSTANCE",
    address="https://github.com/kayzhou/PStance",
)

POLITICIANS = ("trump", "biden", "bernie")
SHAPE = Shape(
    {"text": "Tweet", "target": "Target", "stance": "Stance"},
    {"AGAINST": "critical", "FAVOR": "supportive"},
)


def pstance(
    *,
    folder: Path | None = None,
    politician: Literal["all", "trump", "biden", "bernie"] = "all",
    scored: Literal["test", "val"] = "test",
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read P-Stance.

    Parameters
    ----------
    folder : Path, optional
        Where ``raw_train_trump.csv`` and the others are; left out, ``HARNESS_PSTANCE`` says it.
    politician : {"all", "trump", "biden", "bernie"}
        Whose tweets are read.
    scored : {"test", "val"}
        Which published part is the test part. With ``val``, whose rows are then no dev rows, dev is carved
        from train.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        A row is called by file and line, ``raw_train_trump.csv:2``.

    Raises
    ------
    CorpusError
        Where a file that is needed is missing, or something is wrong with one.
    """
    home = CARD.folder(folder)
    chosen = POLITICIANS if politician == "all" else (politician,)
    others = [("val", "dev", True), ("test", "test", False)] if scored == "test" else [("val", "test", True)]
    parts = [
        Part(home / f"raw_{file}_{name}.csv", split, needed)
        for file, split, needed in [("train", "train", True), *others]
        for name in chosen
    ]
    raw = read_parts(CARD, home, parts, lambda part: _read(part, task))
    return build(CARD.name, raw, labels=labels, task=task)


def _read(part: Part, task: Task) -> Raw:
    raw = canonical(tabular.read(part.path, tabular.PUBLISHED), SHAPE, task)
    raw = replace(raw, frame=raw.frame.assign(split=part.split), remedy=SHAPE.codes)
    return with_ids(raw, [part.path.name + place.removeprefix(raw.source) for place in raw.places])
