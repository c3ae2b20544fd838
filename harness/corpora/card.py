"""A corpus's name in, its data card out: paper, labels, official metric and split, licence, known flaws.

The cards of the catalogue are data: ``cards/NAME.yaml``, read when it is first asked for and then kept. The
keys are the attributes of :class:`Card` from ``title`` on; what does not apply to a corpus is left out.
A corpus of one's own may have a :class:`Card` too, as ``CARD`` beside its factory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from harness.corpora.fetch import checksums
from harness.values import catalog
from harness.values.commands import command_line
from harness.values.errors import CorpusError, Problem, abbreviate, suggest
from harness.values.labels import FRAME_SETS, LabelSet, Task
from harness.values.language import NAMES
from harness.values.unreadable import UnreadableError
from harness.values.yaml_files import read_yaml

FOLDER = Path(__file__).parent / "cards"


@dataclass(frozen=True)
class Published:
    """A score that a paper reports for a corpus.

    Attributes
    ----------
    system : str
        What was scored.
    metric : str
        By our name where it is one of ours.
    value : float
        As published, in the metric's own range.
    items : str
        What it was scored on: scores on other items do not compare.
    source : str
        Authors and year.
    """

    system: str
    metric: str
    value: float
    items: str
    source: str


@dataclass(frozen=True)
class Repeats:
    """How many rows of a part of the official split repeat rows that come before it, as the leak gate counts.

    Attributes
    ----------
    part : str
        The part that is scored, as the publishers call it.
    basis : str
        How the number is known, or why it is not.
    rows : int
        They are allowed for by ``max_leaked_rows`` where the part is scored; -1 where they were not counted.
    """

    part: str
    basis: str
    rows: int = -1


@dataclass(frozen=True)
class Card:
    """The data card of a corpus.

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
        What published scores are computed with and on; empty where nothing is official.
    labelling : str
        Who labelled, how often, and how differences were settled; empty where the paper says it.
    licence : str
        As its publishers state it.
    flaws : tuple of str
        What a user should know before believing a score.
    not_for : str
        What a model that was trained on it must not be used for, as a clause; empty where that follows from
        the texts alone.
    repeats : tuple of Repeats
        Of each official part that can be scored.
    published : tuple of Published
        Scores to compare with; none where none could be verified.
    variable : str
        The environment variable that holds its folder; empty where none is needed.
    address : str
        Where its publishers offer it.
    languages : tuple of str
        Codes of the languages of the texts; empty where these are a user's own.
    origin : str
        What its texts are, in a few words: ``invented``, ``US news``; empty where these are a user's own.
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
    not_for: str = ""
    repeats: tuple[Repeats, ...] = ()
    published: tuple[Published, ...] = ()
    variable: str = ""
    address: str = ""
    languages: tuple[str, ...] = ()
    origin: str = ""

    @property
    def is_public(self) -> bool:
        """Whether anybody may have read the rows, a language model in its training among them.

        Of joined corpora that is not known: they are taken to be public.
        """
        return bool(self.origin or self.address) or self.name == "joined"

    @property
    def remedy(self) -> str:
        """What to do where the variable is not set and nothing was fetched."""
        return (
            f"set it to the folder of {self.title} ({self.address}), write corpus.folder, or see"
            f" {command_line('corpus fetch', self.name)}"
        )

    @property
    def offer(self) -> str:
        """Where the files are offered, as a hint where one is missing."""
        return f"{self.title} is offered at {self.address}"

    def default_folder(self) -> Path | None:
        """Return the folder that the variable names, else that of the cache; None where neither is set.

        The variable comes first: a user may want another version than the fetched one. Its folder
        need not exist; a ``~`` in it is expanded.
        """
        value = os.environ.get(self.variable)
        return Path(value).expanduser() if value else checksums.fetched_folder(self.name)

    def folder(self, option: Path | None) -> Path:
        """Return the folder that holds the corpus.

        Parameters
        ----------
        option : Path, optional
            As written in the config; left out, :meth:`default_folder`.

        Raises
        ------
        CorpusError
            Where there is none, with what to do.
        """
        try:
            folder = option.expanduser() if option is not None else self.default_folder()
        except RuntimeError as error:
            raise CorpusError([Problem(str(option or self.variable), f"is no path: {error}")]) from None
        if folder is None:
            what = f"the environment variable {self.variable} is not set"
            raise CorpusError([Problem(self.name, what, self.remedy)])
        if not folder.is_dir():
            setting = "corpus.folder" if option is not None else self.variable
            raise CorpusError([Problem(self.name, f"{setting} says {folder}, which is not a folder")])
        return folder


@cache
def load_card(name: str) -> Card:
    """Return the card of a corpus of the catalogue.

    Raises
    ------
    CorpusError
        As :func:`read_card`.
    """
    return read_card(FOLDER / f"{name}.yaml")


def card_of(kind: str, factory: Callable[..., Any]) -> Card | None:
    """Return the card of a corpus as a config names it; None for one's own corpus without a card.

    Parameters
    ----------
    kind : str
        A name of the catalogue, or ``package.module:attribute``.
    factory : callable
        What the kind stands for; of one's own corpus, its module may hold a ``CARD``.
    """
    if kind in catalog.CATALOGUES["corpus"]:
        return load_card(kind)
    card: Card | None = getattr(sys.modules[factory.__module__], "CARD", None)
    return card


# --- cards as files -----------------------------------------------------------------------------------------

_REQUIRED: Mapping[str, type] = {"title": str, "description": str, "labels": dict}
_OPTIONAL: Mapping[str, type] = {
    "paper": str,
    "official_metric": str,
    "official_split": str,
    "labelling": str,
    "licence": str,
    "flaws": list,
    "not_for": str,
    "repeats": list,
    "published": list,
    "variable": str,
    "address": str,
    "languages": list,
    "origin": str,
}
_OF_PUBLISHED: Mapping[str, type] = dict.fromkeys(("system", "metric", "items", "source"), str) | {
    "value": float
}
_OF_REPEATS: Mapping[str, type] = {"part": str, "basis": str}
_KINDS: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a mapping",
}


def read_card(path: Path) -> Card:
    """Read a card from a YAML file; its name is that of the file.

    Raises
    ------
    CorpusError
        Where the file cannot be read, or with every key that is unknown, missing, empty or mistyped.
    """
    from ruamel.yaml.error import YAMLError

    # The name alone: where the package is installed is of no interest.
    where = path.name
    try:
        data = read_yaml(path)
    except (UnreadableError, YAMLError) as error:
        raise CorpusError([Problem(where, str(error))]) from error.__cause__ or error
    if not isinstance(data, dict):
        raise CorpusError([Problem(where, "is not a mapping")])
    problems = [*_faults(where, data, _REQUIRED, _OPTIONAL), *_faults_inside(where, data)]
    labels: dict[Task, LabelSet] = {}
    # Labels are made into their own type only where all else is right: what they need is checked above.
    for task, names in data["labels"].items() if not problems else ():
        try:
            labels[task] = LabelSet(
                FRAME_SETS[names] if isinstance(names, str) else tuple(names), multi=task == "framing"
            )
        except ValueError as error:
            problems.append(Problem(f"{where}: labels.{task}", str(error)))
    if problems:
        raise CorpusError(problems)
    # What is left out is empty, as the defaults of the class are.
    texts = {key: data.get(key, "") for key, kind in {**_REQUIRED, **_OPTIONAL}.items() if kind is str}
    lists: dict[str, Any] = {
        "flaws": tuple(data.get("flaws", ())),
        "repeats": tuple(Repeats(**repeats) for repeats in data.get("repeats", ())),
        "published": tuple(Published(**score) for score in data.get("published", ())),
        "languages": tuple(data.get("languages", ())),
    }
    return Card(path.stem, tasks=tuple(labels), labels=labels, **lists, **texts)


def _faults(
    where: str, data: Mapping[Any, Any], required: Mapping[str, type], optional: Mapping[str, type]
) -> Iterator[Problem]:
    kinds = {**required, **optional}
    for key, value in data.items():
        if key not in kinds:
            yield Problem(f"{where}: {key}", "is not a key of a card", suggest(str(key), kinds))
        elif not _is(value, kinds[key]):
            yield Problem(f"{where}: {key}", f"should be {_KINDS[kinds[key]]}, got {abbreviate(value)}")
        elif value in ("", [], {}):
            yield Problem(f"{where}: {key}", "is empty")
    yield from (Problem(f"{where}: {key}", "is required") for key in required if key not in data)


def _faults_inside(where: str, data: Mapping[Any, Any]) -> Iterator[Problem]:
    """Check labels, flaws and published scores, each where it is the list or mapping that it should be."""
    labels, flaws, published = (data.get(key) for key in ("labels", "flaws", "published"))
    for task, names in labels.items() if isinstance(labels, dict) else ():
        at = f"{where}: labels.{task}"
        if task not in get_args(Task):
            yield Problem(at, "is not a task", suggest(str(task), get_args(Task)))
        elif isinstance(names, str) and task == "framing":
            if names not in FRAME_SETS:
                yield Problem(at, f"{names!r} is not a set of frames", suggest(names, FRAME_SETS))
        elif isinstance(names, str) or not _are_texts(names):
            yield Problem(at, f"should be a list of labels, got {abbreviate(names)}")
    if isinstance(flaws, list) and not _are_texts(flaws):
        yield Problem(f"{where}: flaws", f"should be a list of sentences, got {abbreviate(flaws)}")
    languages = data.get("languages")
    if isinstance(languages, list) and not _are_codes(languages):
        yield Problem(
            f"{where}: languages", f"should be a list of codes such as de, got {abbreviate(languages)}"
        )
    yield from _faults_of_each(f"{where}: published", published, _OF_PUBLISHED, {})
    yield from _faults_of_each(f"{where}: repeats", data.get("repeats"), _OF_REPEATS, {"rows": int})


def _faults_of_each(
    where: str, items: Any, required: Mapping[str, type], optional: Mapping[str, type]
) -> Iterator[Problem]:
    """Check a list of mappings; what is no list is reported elsewhere."""
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield from _faults(f"{where}.{number}", item, required, optional)
        else:
            yield Problem(f"{where}.{number}", f"should be a mapping, got {abbreviate(item)}")


def _is(value: Any, kind: type) -> bool:
    """Say whether a value is of a kind; a whole number is a number, and true is not."""
    return isinstance(value, (int, float) if kind is float else kind) and not isinstance(value, bool)


def _are_codes(values: list[Any]) -> bool:
    """Say whether values are codes of languages as detection writes them, each once."""
    return _are_texts(values) and all(value in NAMES for value in values) and len({*values}) == len(values)


def _are_texts(values: Any) -> bool:
    return isinstance(values, Sequence) and all(isinstance(value, str) and value for value in values)
