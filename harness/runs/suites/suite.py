"""A YAML file of classifiers and corpora in, one Plan a corpus out.

::

    name: public
    common:                       # what every experiment starts from
      classifiers:
        majority: {kind: majority}
        linear: {kind: linear}
    experiments:                  # a config each; ``~`` removes what common says
      pstance:
        corpus: {kind: pstance, scored: val}
        primary: favg_target_mean # the corpus's official metric
    floors:
      pstance: {linear: 0.70}     # the macro-F1 that is expected
    means:
      all: [pstance, vast]        # a line more: the mean of several experiments
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from harness.config import plan
from harness.config.load import ConfigDocument, SourceLine, load, merged
from harness.config.plan import Plan
from harness.config.promotion_policy import Strict
from harness.config.schema import Name, Running, described
from harness.config.secret_values import Key
from harness.corpora.card import Card, load_card
from harness.values import catalog
from harness.values.errors import ConfigError, Problem, suggest


class SuiteConfig(Strict):
    """What a suite's file may say."""

    name: Name = Field(description="The suite's name; its experiments are called NAME-KEY.")
    description: str = Field("", description="What it is to find out.")
    common: dict[str, Any] = Field(default_factory=dict, description="A config that all start from.")
    experiments: dict[Name, dict[str, Any]] = Field(min_length=1, description="One config a corpus.")
    secrets: list[str] = Field(default_factory=list, description="As in a config.")
    floors: dict[str, dict[str, float]] = Field(
        default_factory=dict, description="Experiment → classifier → the macro-F1 that is expected."
    )
    means: dict[Name, list[str]] = Field(
        default_factory=dict, description="Name of a line → the experiments whose mean it shows."
    )


@dataclass(frozen=True)
class SuiteEntry:
    """One experiment of a suite.

    Attributes
    ----------
    key : str
        Its name within the suite.
    plan : Plan or None
        None where its corpus is not there.
    absent : str
        Why; empty where it is.
    floors : mapping of str to float
        Classifier → expected macro-F1.
    """

    key: str
    plan: Plan | None
    absent: str
    floors: Mapping[str, float]

    @property
    def card(self) -> Card | None:
        """The data card of its corpus."""
        return plan.card_of(self.plan.corpus) if self.plan is not None else None


@dataclass(frozen=True)
class Suite:
    """Experiments that are run in one go.

    Attributes
    ----------
    name, description : str
    path : Path
        Of its file.
    entries : tuple of SuiteEntry
    means : mapping of str to tuple of str
        Name of a line → keys of the experiments whose mean it shows.
    """

    name: str
    description: str
    path: Path
    entries: tuple[SuiteEntry, ...]
    means: Mapping[str, tuple[str, ...]]


def with_executor(suite: Suite, executor: str) -> Suite:
    """Return a suite whose trials run elsewhere; what they are, and what is finished, stays.

    Raises
    ------
    ConfigError
        Where there is no such executor.
    """
    try:
        Running.model_validate({"executor": executor})
    except ValidationError as error:
        problems = [described(detail, Running) for detail in error.errors()]
        raise ConfigError([Problem(f"run.{each.where}", each.what, each.hint) for each in problems]) from None
    entries = []
    for entry in suite.entries:
        if entry.plan is not None:
            running = entry.plan.config.run.model_copy(update={"executor": executor})
            config = entry.plan.config.model_copy(update={"run": running})
            entries.append(replace(entry, plan=replace(entry.plan, config=config)))
        else:
            entries.append(entry)
    return replace(suite, entries=tuple(entries))


def read(path: Path) -> Suite:
    """Read a suite and resolve every experiment of it; runs nothing.

    An experiment whose corpus is looked for by an environment variable that is not set is kept as absent.

    Raises
    ------
    ConfigError
        With every problem of every experiment.
    """
    document = load(path)
    try:
        config = SuiteConfig.model_validate(document.data)
    except ValidationError as error:
        problems = [described(detail, SuiteConfig) for detail in error.errors()]
        raise ConfigError([document.problem(each.where, each.what, each.hint) for each in problems]) from None
    problems = [document.problem(each.where, each.what, each.hint) for each in _unknown(config)]
    entries = []
    for key in config.experiments:
        part = _document(document, config.name, key)
        absent = _absent(part.data)
        try:
            resolved = None if absent else plan.resolve(part)
        except ConfigError as error:
            problems += error.problems
        else:
            floors = config.floors.get(key, {})
            entries.append(SuiteEntry(key, resolved, absent, floors))
            problems += [
                document.problem(f"floors.{key}.{name}", f"{key} has no classifier {name!r}")
                for name in floors
                if resolved is not None and name not in [planned.name for planned in resolved.classifiers]
            ]
    if problems:
        # What is wrong in `common` is wrong in every experiment, and told once.
        raise ConfigError(dict.fromkeys(problems))
    means = {name: tuple(keys) for name, keys in config.means.items()}
    return Suite(config.name, config.description, document.path, tuple(entries), means)


def _unknown(config: SuiteConfig) -> list[Problem]:
    """Name the experiments that floors and means speak of and that are not there."""
    named = [(f"floors.{key}", key) for key in config.floors]
    named += [
        (f"means.{name}.{at}", key) for name, keys in config.means.items() for at, key in enumerate(keys)
    ]
    return [
        Problem(where, f"there is no experiment {key!r}", suggest(key, config.experiments))
        for where, key in named
        if key not in config.experiments
    ]


def _document(suite: ConfigDocument, name: str, key: str) -> ConfigDocument:
    """Put the config of one experiment together, each value with the line that it came from."""
    parts = [("common",), ("experiments", key)]
    layers = []
    for prefix in parts:
        data: Any = suite.data
        for step in prefix:
            data = data.get(step, {})
        depth = len(prefix)
        lines: dict[Key, SourceLine] = {
            path[depth:]: line for path, line in suite.lines.items() if path[:depth] == prefix
        }
        # Copied, since merging changes its layers and `common` is a layer of every experiment.
        layers.append((copy.deepcopy(data), {path: line for path, line in lines.items() if path}))
    first: dict[str, Any] = {"name": f"{name}-{key}"}
    if "secrets" in suite.data:
        first["secrets"] = suite.data["secrets"]
    return merged(suite.path, [(first, {}), *layers])


def _absent(data: Mapping[str, Any]) -> str:
    """Say why an experiment's corpus is not there, as far as its environment variable tells."""
    corpus = data.get("corpus")
    kind = corpus.get("kind") if isinstance(corpus, Mapping) else None
    # Only a corpus that is looked for can be absent; a folder that is named has to be there.
    if not isinstance(kind, str) or kind not in catalog.CATALOGUES["corpus"] or "folder" in (corpus or {}):
        return ""
    card = load_card(kind)
    if not card.variable or card.default_folder():
        return ""
    return f"the environment variable {card.variable} is not set"
