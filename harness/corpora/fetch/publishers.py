"""A corpus's name in; where its files are offered, or what a user has to do to get them, out.

Addresses of newsmtsc, pstance, seesaw, narrative_frames and basil name a commit, so that all fetch the
same files; those of vast, tweeteval and xstance name a branch, those of gvfc and semeval2016 a page, and what
lies there may change. None is trusted for its address: every file is compared with its checksum, see
:mod:`harness.corpora.fetch.checksums`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from harness.corpora.readers.tweeteval import TARGETS

_COMMIT = re.compile(r"/[0-9a-f]{40}[/.]")


@dataclass(frozen=True)
class CorpusSource:
    """Where the files of a corpus come from.

    Attributes
    ----------
    files : mapping
        Path in the corpus's folder → address.
    archive : str
        Address of a zip archive that has the files somewhere in it.
    patterns : tuple of str
        Which files of an archive, or of a user's folder, belong to the corpus: patterns that match a path
        from its right end. The part that a pattern matches is the path in the corpus's folder.
    optional : tuple of str
        Which of ``files`` the reader can do without, as patterns too: a fetch goes on if a server lacks one.
    instructions : str
        What a user has to do where the files may not or cannot be fetched; empty where they can.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    archive: str = ""
    patterns: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    instructions: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses that are fetched from."""
        return (*self.files.values(), *([self.archive] if self.archive else []))

    @property
    def may_change(self) -> bool:
        """Whether other files may lie at an address tomorrow, since it names no commit."""
        return any(not _COMMIT.search(address) for address in self.addresses)

    def path_in_corpus(self, path: str) -> str | None:
        """Return the path of a file in the corpus's folder; None for a file that does not belong to it.

        Examples
        --------
        >>> CorpusSource(patterns=("meta/*.json",)).path_in_corpus("SEESAW-main/SEESAW/meta/TRIPLET_000.json")
        'meta/TRIPLET_000.json'
        """
        parts = PurePosixPath(path).parts
        # macOS adds a second, hidden tree to the zip archives that it makes.
        if "__MACOSX" in parts:
            return None
        # The first pattern that matches counts: ``newsmtsc-*/*.jsonl`` stands before ``train.jsonl``.
        for pattern in self.patterns:
            if PurePosixPath(path).match(pattern):
                return "/".join(parts[-len(PurePosixPath(pattern).parts) :])
        return None

    def is_optional(self, path: str) -> bool:
        """Say whether the corpus can be read without a file."""
        return any(PurePosixPath(path).match(pattern) for pattern in self.optional)


def _github(repository: str, revision: str, folder: str, *paths: str) -> dict[str, str]:
    """Return the addresses of files in a repository, at a commit or a branch.

    A branch may change; even so a file is accepted only with its published or pinned checksum, see
    :mod:`harness.corpora.fetch.checksums`.
    """
    start = f"https://raw.githubusercontent.com/{repository}/{revision}/{folder}"
    return {path: f"{start}/{path}" for path in paths}


_NEWSMTSC = [
    f"newsmtsc-{subset}-hf/{part}.jsonl" for subset in ("mt", "rw") for part in ("train", "dev", "test")
]
_PSTANCE = [
    f"raw_{part}_{name}.csv" for part in ("train", "val", "test") for name in ("trump", "biden", "bernie")
]
_VAST = [f"vast_{part}.csv" for part in ("train", "dev", "test")]
_TWEETEVAL = [
    f"{target}/{part}_{what}.txt"
    for target in TARGETS
    for part in ("train", "val", "test")
    for what in ("text", "labels")
]
_NARRATIVE_FRAMES = [f"Fold_{fold}/{part}.txt" for fold in range(1, 6) for part in ("train", "dev", "test")]
# Either of the two published sets of files, see the reader.
_SEMEVAL2016 = (
    "trainingdata-all-annotations.txt",
    "trialdata-all-annotations.txt",
    "testdata-task[AB]-all-annotations.txt",
    "semeval2016-task6-trainingdata.txt",
    "semeval2016-task6-trialdata.txt",
    "SemEval2016-Task6-subtask[AB]-testdata-gold.txt",
)

SOURCES: Mapping[str, CorpusSource] = {
    "newsmtsc": CorpusSource(
        _github(
            "fhamborg/NewsMTSC",
            "6b838e00f54423c253806327a0ae24dbffa24c9e",
            "NewsSentiment/experiments/default/datasets",
            *_NEWSMTSC,
        ),
        patterns=("newsmtsc-*/*.jsonl", "train.jsonl", "devtest_*.jsonl"),
        optional=("newsmtsc-*/test.jsonl",),
    ),
    "pstance": CorpusSource(
        _github("kayzhou/PStance", "7a706997582ecba379e2deb246c6bdc57d934245", "data", *_PSTANCE),
        patterns=tuple(_PSTANCE),
        optional=("raw_test_*.csv",),
    ),
    "vast": CorpusSource(
        _github("emilyallaway/zero-shot-stance", "master", "data/VAST", *_VAST),
        patterns=tuple(_VAST),
        optional=("vast_dev.csv", "vast_test.csv"),
    ),
    "seesaw": CorpusSource(
        archive="https://github.com/launchnlp/SEESAW/archive/6722af6867fd596220407d57c1b42122308e5d04.zip",
        patterns=("annotations/TRIPLET_*.json", "articles/TRIPLET_*.json", "meta/TRIPLET_*.json"),
    ),
    "gvfc": CorpusSource(
        archive="https://derrywijaya.github.io/GVFC.zip", patterns=("GVFC_headlines_and_annotations.xlsx",)
    ),
    "narrative_frames": CorpusSource(
        _github(
            "phenixace/narrative-framing",
            "f02e221fdea485f9455a17c42aaccefae4e58c91",
            "dataset_original",
            *_NARRATIVE_FRAMES,
        ),
        patterns=("Fold_[1-5]/train.txt", "Fold_[1-5]/dev.txt", "Fold_[1-5]/test.txt"),
        optional=("Fold_[1-5]/test.txt",),
    ),
    "semeval2016": CorpusSource(
        archive="https://www.saifmohammad.com/WebDocs/stance-data-all-annotations.zip", patterns=_SEMEVAL2016
    ),
    "tweeteval": CorpusSource(
        _github("cardiffnlp/tweeteval", "main", "datasets/stance", *_TWEETEVAL),
        patterns=tuple(_TWEETEVAL),
        optional=("*/test_text.txt", "*/test_labels.txt"),
    ),
    "xstance": CorpusSource(
        archive="https://raw.githubusercontent.com/ZurichNLP/xstance/master/data/xstance-data-v1.0.zip",
        patterns=("train.jsonl", "valid.jsonl", "test.jsonl", "questions.*.jsonl"),
    ),
    "media_frames": CorpusSource(
        patterns=("annotations/*.json", "articles/*.txt"),
        instructions=(
            "the articles are LexisNexis's: clone https://github.com/dallascard/media_frames_corpus, get"
            " their texts with its scripts through a subscription, put each in articles/KEY.txt or in the"
            " field text, and name the folder with --from"
        ),
    ),
    "semeval2023": CorpusSource(
        patterns=("*/*-labels-subtask-2.txt", "*/*-articles-subtask-2/article*.txt"),
        instructions=(
            "it is given to registered researchers, who may not pass it on: register at"
            " https://propaganda.math.unipd.it/semeval2023task3, download the data, and name the folder"
            " with --from"
        ),
    ),
    "basil": CorpusSource(
        archive=(
            "https://raw.githubusercontent.com/launchnlp/BASIL/0f562c71b5ed04b27ca4550c16d3f1e6e1f1eb64/dataset.zip"
        ),
        # Both published forms, see the reader: the archive holds the second, a user's folder may hold either.
        patterns=("articles/*/*.json", "annotations/*/*_ann.json", "[0-9]*_*.json"),
    ),
}
"""Corpora to fetch, or to copy from a user's folder. The others ship with the package or are one's own."""
