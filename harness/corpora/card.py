"""What is known of a corpus before it is read: paper, official metric and split, licence, flaws."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.corpora.fetch import checksums
from harness.values.errors import CorpusError, Problem
from harness.values.labels import LabelSet, Task


@dataclass(frozen=True)
class Published:
    """A number that a paper gives for a corpus.

    Attributes
    ----------
    system : str
        What was scored.
    metric : str
        By our name where it is one of ours.
    value : float
    items : str
        What it was scored on: numbers on other items do not compare.
    source : str
        Authors and year.
    """

    system: str
    metric: str
    value: float
    items: str
    source: str


@dataclass(frozen=True)
class Card:
    """The data card of a catalogue entry.

    Attributes
    ----------
    name : str
        As in the catalogue.
    title : str
        As people call it.
    description : str
        One or two sentences: what a row is, where the texts come from.
    tasks : tuple of {"stance", "framing"}
        What it has labels for.
    labels : mapping
        Task → its labels, in order.
    paper : str
        Authors, year, where; empty where there is none.
    official_metric, official_split : str
        What published numbers are computed with and on; empty where nothing is official.
    labelling : str
        Who labelled, how often, and how differences were settled; empty where the paper says it.
    licence : str
        As its publishers state it.
    flaws : tuple of str
        What a user should know before believing a score.
    published : tuple of Published
        Numbers to stand beside; none where none could be verified.
    variable : str
        The environment variable that holds its folder; empty where none is needed.
    address : str
        Where its publishers offer it.
    """

    name: str
    title: str
    description: str
    tasks: tuple[Task, ...]
    labels: Mapping[Task, LabelSet]
    paper: str = ""
    official_metric: str = ""
    official_split: str = ""
    labelling: str = ""
    licence: str = ""
    flaws: tuple[str, ...] = ()
    published: tuple[Published, ...] = ()
    variable: str = ""
    address: str = ""

    @property
    def remedy(self) -> str:
        """What to do where the variable is not set and nothing was fetched."""
        return (
            f"set it to the folder of {self.title} ({self.address}), write corpus.folder, or see"
            f" harness corpus fetch {self.name}"
        )

    def found(self) -> str | Path | None:
        """Return what the variable says, else the folder of the cache, where the corpus was fetched."""
        return os.environ.get(self.variable) or checksums.fetched(self.name)

    def folder(self, given: Path | None) -> Path:
        """Return the folder that holds the corpus: the given one, or what is found.

        Raises
        ------
        CorpusError
            Where none is there, with what to do.
        """
        written = given if given is not None else self.found()
        if not written:
            what = f"the environment variable {self.variable} is not set"
            raise CorpusError([Problem(self.name, what, self.remedy)])
        folder = Path(written).expanduser()
        if not folder.is_dir():
            said = "corpus.folder" if given is not None else self.variable
            raise CorpusError([Problem(self.name, f"{said} says {folder}, which is not a folder")])
        return folder
