"""A config document in, a Plan out: everything resolved, nothing run."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.load import ConfigDocument, load
from harness.config.plan.data import card_of, missing
from harness.config.plan.plan import Plan, PlannedClassifier
from harness.config.schema import OFF, ExperimentConfig, validated
from harness.scoring.metrics import selection
from harness.values import catalog
from harness.values.catalog import Bound
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.labels import FRAMING, STANCE, LabelSet

if TYPE_CHECKING:
    from harness.scoring.metrics.metric import Metric


GATE = "leaks"
JOINED, FEWEST = "joined", 2


def read(path: Path, sets: Sequence[str] = ()) -> Plan:
    """Load a config file and resolve it; see :func:`resolve`."""
    return resolve(load(path, sets))


def resolve(document: ConfigDocument) -> Plan:
    """Turn names into factories and check every option; touches no corpus and fits nothing.

    Parameters
    ----------
    document : ConfigDocument
        From :func:`harness.config.load.load`.

    Raises
    ------
    ConfigError
        With every problem at once, each with file, line and path.
    """
    return _Resolver(document).plan()


class _Resolver:
    """Gathers problems while it resolves, part by part."""

    def __init__(self, document: ConfigDocument) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.parts: list[Bound] = []

    def plan(self) -> Plan:
        config, wrong = validated(self.document.data)
        self._note(wrong)
        corpus = self._part("corpus", "corpus")
        split = self._part("split", "split", {"kind": "predefined"})
        if corpus is not None:
            self._note(missing(corpus, "corpus"))
            corpus = self._with_parts(corpus)
        classifiers = self._classifiers()
        labels = self._labels(config, corpus)
        if config.thresholds is not None and not labels.multi:
            hint = f"each row has one label: the likeliest of {', '.join(labels.names)}"
            self._note([Problem("thresholds", "has no effect on a single-label task", hint)])
        metrics, primary = self._metrics(config, labels)
        audits = self._audits()
        self._make_once(classifiers, split, labels)
        if self.problems:
            raise ConfigError(self._placed())
        assert corpus is not None
        assert split is not None
        assert primary is not None
        return Plan(config, self.document.path, labels, corpus, split, metrics, primary, classifiers, audits)

    def _note(self, problems: Sequence[Problem]) -> None:
        self.problems += problems

    def _placed(self) -> list[Problem]:
        lines = {one: self.document.line_of(one.where) for one in self.problems}
        ordered = sorted(lines, key=lambda one: (str(lines[one].file), lines[one].line))
        return [self.document.problem(one.where, one.what, one.hint) for one in ordered]

    def _part(self, path: str, section: catalog.Section, default: Any = None) -> Bound | None:
        """Bind one part of the config; that it is no mapping at all is for the schema to say."""
        data: Any = self.document.data
        for key in path.split("."):
            if isinstance(data, list):
                data = data[int(key)]
            else:
                data = data.get(key, default) if isinstance(data, dict) else None
        if not isinstance(data, dict):
            return None
        options = _given(data)
        kind = data.get("kind")
        if not isinstance(kind, str):
            known = sorted(catalog.CATALOGUES[section])
            what = "is required" if kind is None else f"should be a name, got {kind!r}"
            self._note([Problem(f"{path}.kind", what, f"known: {', '.join(known)}")])
            return None
        try:
            with _Importable(self.document.line_of(f"{path}.kind").folder):
                return catalog.bind(section, kind, options, path, lambda name: self._folder(path, name))
        except ConfigError as error:
            self._note(error.problems)
            return None

    def _folder(self, path: str, option: str) -> Path:
        return self.document.line_of(f"{path}.{option}").folder

    def _with_parts(self, corpus: Bound) -> Bound:
        """Check the parts of a joined corpus like corpora of their own, and write their defaults out."""
        listed = self.document.data["corpus"].get("of") if corpus.kind == JOINED else None
        if listed is None:
            return corpus
        if len(listed) < FEWEST:
            what = f"should name {FEWEST} corpora or more, got {len(listed)}"
            self._note([Problem("corpus.of", what)])
        for place in range(len(listed)):
            path = f"corpus.of.{place}"
            part = self._part(path, "corpus")
            if part is not None:
                self._note(missing(part, path))
                self.parts.append(part)
        return replace(corpus, options={**corpus.options, "of": tuple(one.canonical() for one in self.parts)})

    def _classifiers(self) -> tuple[PlannedClassifier, ...]:
        parts = self.document.data.get("classifiers")
        if not isinstance(parts, dict):
            return ()
        planned = []
        for name, part in parts.items():
            path = f"classifiers.{name}"
            grid = part.get("tune", {}) if isinstance(part, dict) else {}
            bound = self._part(path, "classifier")
            tune = self._grid(path, bound, part, grid) if bound is not None else {}
            if bound is not None:
                planned.append(PlannedClassifier(name, bound, tune))
        return tuple(planned)

    def _audits(self) -> dict[str, Bound]:
        """Bind the audits: all of them, with what a mapping says of some; or the gate and those of a list."""
        given: Any = self.document.data.get("audits")
        standard: dict[str, Any] = {name: {} for name in catalog.CATALOGUES["audit"]}
        if isinstance(given, list):
            # The gate stands before training, whatever is looked into after it; only `off` opens it.
            parts: dict[str, Any] = {GATE: {}} | self._listed_audits(given)
        elif given is None or isinstance(given, dict):
            parts = standard | (given or {})
        else:
            self._note([Problem("audits", f"should be a list or a mapping of audits, got {given!r}")])
            return {}
        return {name: bound for name, part in parts.items() if (bound := self._audit(name, part)) is not None}

    def _listed_audits(self, names: Sequence[Any]) -> dict[str, dict[str, Any]]:
        known = catalog.CATALOGUES["audit"]
        for place, name in enumerate(names):
            if name not in known:
                hint = suggest(str(name), known)
                self._note([Problem(f"audits.{place}", f"unknown audit {name!r}", hint)])
        return {name: {} for name in names if name in known}

    def _audit(self, name: str, part: Any) -> Bound | None:
        path = f"audits.{name}"
        if part == OFF:
            return None
        if not isinstance(part, dict):
            what = f"should be a mapping of options, or {OFF!r}, got {part!r}"
            self._note([Problem(path, what)])
            return None
        kind = part.get("kind", name)
        try:
            with _Importable(self.document.line_of(path).folder):
                options = {key: value for key, value in part.items() if key != "kind"}
                bound = catalog.bind("audit", kind, options, path, lambda option: self._folder(path, option))
                bound.make()
        except ConfigError as error:
            at = [
                one if one.where.startswith(path) else replace(one, where=f"{path}.{one.where}")
                for one in error.problems
            ]
            self._note(at)
            return None
        return bound

    def _grid(self, path: str, bound: Bound, part: Any, grid: Any) -> dict[str, tuple[Any, ...]]:
        if not isinstance(grid, dict):
            self._note([Problem(f"{path}.tune", f"should map options to lists of values, got {grid!r}")])
            return {}
        tuned: dict[str, tuple[Any, ...]] = {}
        for name, values in grid.items():
            where = f"{path}.tune.{name}"
            if not isinstance(values, list) or len(values) < 2:
                self._note([Problem(where, f"should be a list of two values or more, got {values!r}")])
            elif name in part:
                self._note([Problem(where, f"{name!r} is set beside the grid", "remove one of them")])
            else:
                tuned[name] = self._values(path, bound, _given(part), name, values)
        return tuned

    def _values(
        self, path: str, bound: Bound, given: dict[str, Any], name: str, values: list[Any]
    ) -> tuple[Any, ...]:
        where, checked = f"{path}.tune.{name}", []
        for value in values:
            try:
                options = {**given, name: value}
                one = catalog.bind("classifier", bound.kind, options, path, lambda o: self._folder(path, o))
                checked.append(one.options[name])
            except ConfigError as error:
                self._note([Problem(where, problem.what, problem.hint) for problem in error.problems])
        return tuple(checked)

    def _labels(self, config: ExperimentConfig, corpus: Bound | None) -> LabelSet:
        default = STANCE if config.task == "stance" else FRAMING
        card = card_of(corpus) if corpus is not None else None
        for one in (card, *map(card_of, self.parts)):
            if one is not None and config.task not in one.tasks:
                tasks = " and ".join(one.tasks)
                self._note([Problem("task", f"{one.name} has labels for {tasks}, not for {config.task}")])
        declared = card.labels.get(config.task, default) if card is not None else default
        if config.multi is not None and config.task == "stance":
            self._note([Problem("multi", "has no effect: a stance toward a party is one label")])
            return declared
        multi = declared.multi if config.multi is None else config.multi
        try:
            return LabelSet(config.labels or declared.names, multi=multi)
        except ValueError as error:
            self._note([Problem("labels", str(error))])
            return default

    def _metrics(
        self, config: ExperimentConfig, labels: LabelSet
    ) -> tuple[tuple[Metric, ...], Metric | None]:
        try:
            metrics = selection.resolve(config.metrics, config.primary, labels)
        except ConfigError as error:
            self._note(error.problems)
            return (), None
        return metrics, next(one for one in metrics if one.name == config.primary)

    def _make_once(
        self, classifiers: Sequence[PlannedClassifier], split: Bound | None, labels: LabelSet
    ) -> None:
        """Constructors only store, so making everything once finds the options that contradict each other."""
        parts = [(f"classifiers.{one.name}", bound) for one in classifiers for bound in one.grid()]
        for path, bound in [*parts, *([("split", split)] if split is not None else [])]:
            try:
                bound.make(labels=labels, seed=0)
            except ConfigError as error:
                self._note([replace(one, where=f"{path}.{one.where}".rstrip(".")) for one in error.problems])


class _Importable:
    """Lets a config name modules that lie in its own folder, as ``kind: mine:factory``."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __enter__(self) -> None:
        sys.path.insert(0, self.folder)

    def __exit__(self, *_: object) -> None:
        sys.path.remove(self.folder)


def _given(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a part; a tuned option at its first value."""
    grid = part.get("tune")
    first = {k: v[0] for k, v in grid.items() if isinstance(v, list) and v} if isinstance(grid, dict) else {}
    return first | {name: value for name, value in part.items() if name not in ("kind", "tune")}
