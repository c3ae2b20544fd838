"""A corpus's name in, out where its files are offered and which they are, or what a person has to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from harness.corpora.readers.tweeteval import TARGETS


@dataclass(frozen=True)
class Source:
    """Where the files of a corpus come from.

    Attributes
    ----------
    files : mapping
        Path in the corpus's folder → address.
    archive : str
        Address of a zip archive that has the files somewhere in it.
    holds : tuple of str
        Which files of an archive, or of a person's folder, belong to the corpus: patterns that match a path
        from its right end. What a pattern matches is the path in the corpus's folder.
    spare : tuple of str
        Which of ``files`` its loader can do without, as patterns likewise: that a server lacks one of these
        does not stop a fetch.
    request : str
        What a person has to do, where the files may not or cannot be fetched; empty where they can.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    archive: str = ""
    holds: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    request: str = ""

    def place(self, path: str) -> str | None:
        """Say where a file belongs in the corpus's folder; None for one that does not belong to it.

        Examples
        --------
        >>> Source(holds=("meta/*.json",)).place("SEESAW-main/SEESAW/meta/TRIPLET_000.json")
        'meta/TRIPLET_000.json'
        """
        given = PurePosixPath(path)
        if "__MACOSX" in given.parts:
            return None
        for pattern in self.holds:
            if given.match(pattern):
                return "/".join(given.parts[-len(PurePosixPath(pattern).parts) :])
        return None

    def spares(self, path: str) -> bool:
        """Say whether the corpus can be read without a file."""
        return any(PurePosixPath(path).match(pattern) for pattern in self.spare)


def _github(repository: str, revision: str, folder: str, *paths: str) -> dict[str, str]:
    """Address files of a repository at a commit, which stays as it is, or a branch, which may change.

    Of a branch too, a file is taken only where it has the known or pinned checksum; see
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
_SEMEVAL2016 = (
    "trainingdata-all-annotations.txt",
    "trialdata-all-annotations.txt",
    "testdata-task[AB]-all-annotations.txt",
    "semeval2016-task6-trainingdata.txt",
    "semeval2016-task6-trialdata.txt",
    "SemEval2016-Task6-subtask[AB]-testdata-gold.txt",
)

SOURCES: Mapping[str, Source] = {
    "newsmtsc": Source(
        _github(
            "fhamborg/NewsMTSC",
            "6b838e00f54423c253806327a0ae24dbffa24c9e",
            "NewsSentiment/experiments/default/datasets",
            *_NEWSMTSC,
        ),
        holds=("newsmtsc-*/*.jsonl", "train.jsonl", "devtest_*.jsonl"),
        spare=("newsmtsc-*/test.jsonl",),
    ),
    "pstance": Source(
        _github("kayzhou/PStance", "7a706997582ecba379e2deb246c6bdc57d934245", "data", *_PSTANCE),
        holds=tuple(_PSTANCE),
        spare=("raw_test_*.csv",),
    ),
    "vast": Source(
        _github("emilyallaway/zero-shot-stance", "master", "data/VAST", *_VAST),
        holds=tuple(_VAST),
        spare=("vast_dev.csv", "vast_test.csv"),
    ),
    "seesaw": Source(
        archive="https://github.com/launchnlp/SEESAW/archive/6722af6867fd596220407d57c1b42122308e5d04.zip",
        holds=("annotations/TRIPLET_*.json", "articles/TRIPLET_*.json", "meta/TRIPLET_*.json"),
    ),
    "gvfc": Source(
        archive="https://derrywijaya.github.io/GVFC.zip", holds=("GVFC_headlines_and_annotations.xlsx",)
    ),
    "narrative_frames": Source(
        _github(
            "phenixace/narrative-framing",
            "f02e221fdea485f9455a17c42aaccefae4e58c91",
            "dataset_original",
            *_NARRATIVE_FRAMES,
        ),
        holds=("Fold_[1-5]/train.txt", "Fold_[1-5]/dev.txt", "Fold_[1-5]/test.txt"),
        spare=("Fold_[1-5]/test.txt",),
    ),
    "semeval2016": Source(
        archive="https://www.saifmohammad.com/WebDocs/stance-data-all-annotations.zip", holds=_SEMEVAL2016
    ),
    "tweeteval": Source(
        _github("cardiffnlp/tweeteval", "main", "datasets/stance", *_TWEETEVAL),
        holds=tuple(_TWEETEVAL),
        spare=("*/test_text.txt", "*/test_labels.txt"),
    ),
    "xstance": Source(
        archive="https://raw.githubusercontent.com/ZurichNLP/xstance/master/data/xstance-data-v1.0.zip",
        holds=("train.jsonl", "valid.jsonl", "test.jsonl", "questions.*.jsonl"),
    ),
    "media_frames": Source(
        holds=("annotations/*.json", "articles/*.txt"),
        request=(
            "the articles are LexisNexis's: clone https://github.com/dallascard/media_frames_corpus, get"
            " their texts with its scripts through a subscription, put each in articles/KEY.txt or in the"
            " field text, and give the folder with --from"
        ),
    ),
    "semeval2023": Source(
        holds=("*/*-labels-subtask-2.txt", "*/*-articles-subtask-2/article*.txt"),
        request=(
            "it is given to registered researchers, who may not pass it on: register at"
            " https://propaganda.math.unipd.it/semeval2023task3, download the data, and give the folder"
            " with --from"
        ),
    ),
    "basil": Source(
        archive=(
            "https://raw.githubusercontent.com/launchnlp/BASIL/0f562c71b5ed04b27ca4550c16d3f1e6e1f1eb64/dataset.zip"
        ),
        holds=("articles/*/*.json", "annotations/*/*_ann.json", "[0-9]*_*.json"),
    ),
}
"""What can be fetched, or given by a person. The other corpora ship with the package or are one's own."""
