"""A config document in, a Plan out: everything resolved, nothing run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.load import ConfigDocument, load
from harness.config.plan.data import card_of, missing
from harness.config.plan.plan import MOST_PROBABLE, Plan, PlannedClassifier
from harness.config.plan.search import Search
from harness.config.plan.tune_section import Tune, TuneSection, options_of, prune_problems
from harness.config.promotion_policy import GATES
from harness.config.schema import OFF, ExperimentConfig, validated
from harness.config.search_settings import SearchBudget
from harness.scoring.metrics import selection
from harness.values import catalog, own_code
from harness.values.catalog import Bound
from harness.values.costs import Costs, cost_problems
from harness.values.errors import ConfigError, Problem, abbreviate, suggest
from harness.values.labels import FRAMING, STANCE, LabelSet
from harness.values.option_checks import check_options
from harness.values.prevalence import Prevalence, prevalence_problems

if TYPE_CHECKING:
    from harness.scoring.metrics.metric import Metric


GATE = "leaks"
JOINED, MIN_JOINED = "joined", 2


def read(path: Path, sets: Sequence[str] = ()) -> Plan:
    """Load a config file and resolve it; see :func:`resolve`."""
    return resolve(load(path, sets))


def resolve(document: ConfigDocument) -> Plan:
    """Turn names into factories and check every option; reads no corpus and fits nothing.

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
    """Collects problems while it resolves a document, section by section."""

    def __init__(self, document: ConfigDocument) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.parts: list[Bound] = []
        self.partial: set[str] = set()

    def plan(self) -> Plan:
        config, wrong = validated(self.document.data)
        self._note(wrong)
        # Every step runs whatever the earlier ones found: a person then sees all problems at once. Steps that
        # need what is missing pass None on.
        corpus = self._part("corpus", "corpus")
        split = self._part("split", "split", {"kind": "predefined"})
        if corpus is not None:
            self._check_corpus(corpus, "corpus")
            corpus = self._with_parts(corpus)
        classifiers = self._classifiers(config.search_budget)
        declared = self.document.data.get("classifiers")
        parts = declared.values() if isinstance(declared, dict) else ()
        if config.search_budget and not any(isinstance(part, dict) and "tune" in part for part in parts):
            self._note([Problem("search_budget", "has no effect: no classifier has a tune")])
        labels = self._labels(config, corpus)
        if config.thresholds is not None and not labels.multi:
            hint = f"each row gets the most probable of {', '.join(labels.names)}"
            self._note([Problem("thresholds", "has no effect on a single-label task", hint)])
        labels = self._with_costs(config, labels)
        metrics, primary = self._metrics(config, labels)
        audits = self._audits()
        self._check_promotion(config)
        self._make_once(classifiers, split, labels)
        if self.problems:
            raise ConfigError(self._with_lines())
        assert corpus is not None
        assert split is not None
        assert primary is not None
        return Plan(config, self.document.path, labels, corpus, split, metrics, primary, classifiers, audits)

    def _note(self, problems: Sequence[Problem]) -> None:
        self.problems += problems

    def _with_lines(self) -> list[Problem]:
        """Return each problem once, with file and line, in the order of the lines."""
        lines = {problem: self.document.line_of(problem.where) for problem in self.problems}
        ordered = sorted(lines, key=lambda problem: (str(lines[problem].file), lines[problem].line))
        return [self.document.problem(problem.where, problem.what, problem.hint) for problem in ordered]

    def _part(self, path: str, section: catalog.Section, default: Any = None) -> Bound | None:
        """Bind one section of the config; the schema reports a section that is not a mapping."""
        data: Any = self.document.data
        # Sections lie at paths such as `classifiers.linear` or `corpus.of.0`; lists are entered by index.
        for key in path.split("."):
            if isinstance(data, list):
                data = data[int(key)]
            else:
                data = data.get(key, default) if isinstance(data, dict) else None
        if not isinstance(data, dict):
            return None
        options = options_of(data)
        kind = data.get("kind")
        if not isinstance(kind, str):
            kinds = ", ".join(sorted(catalog.CATALOGUES[section]))
            what = "is required" if kind is None else f"should be a name, got {abbreviate(kind)}"
            likely = catalog.likely_kind(section, path.rpartition(".")[2], options) if kind is None else ""
            hint = f"did you mean kind: {likely}?" if likely else f"known: {kinds}"
            self._note([Problem(f"{path}.kind", what, hint)])
            if not likely:
                return None
            # The options are checked as those of the kind that is probably meant.
            kind = likely
        try:
            # A user's module lies beside the file that names it, which may be one that this config extends.
            with own_code.beside(self.document.line_of(f"{path}.kind").folder):
                bound, wrong = catalog.check(
                    section, kind, options, path, lambda name: self._folder(path, name)
                )
        except ConfigError as error:
            self._note(error.problems)
            return None
        self._note(wrong)
        if wrong:
            self.partial.add(path)
        return bound

    def _folder(self, path: str, option: str) -> Path:
        return self.document.line_of(f"{path}.{option}").folder

    def _with_parts(self, corpus: Bound) -> Bound:
        """Check the parts of a joined corpus as corpora, and fill in their defaults."""
        listed = self.document.data["corpus"].get("of") if corpus.kind == JOINED else None
        if listed is None:
            return corpus
        if len(listed) < MIN_JOINED:
            what = f"should name {MIN_JOINED} corpora or more, got {len(listed)}"
            self._note([Problem("corpus.of", what)])
        for index in range(len(listed)):
            path = f"corpus.of.{index}"
            part = self._part(path, "corpus")
            if part is not None:
                self._check_corpus(part, path)
                self.parts.append(part)
        return replace(
            corpus, options={**corpus.options, "of": tuple(part.canonical() for part in self.parts)}
        )

    def _check_corpus(self, corpus: Bound, path: str) -> None:
        """Note the files that a corpus lacks, and options that are out of range or do not fit together."""
        self._note(missing(corpus, path))
        for problem in check_options(corpus.factory, corpus.options):
            # A default in place of a wrong option may be what leaves another without an effect.
            if path not in self.partial or "no effect" not in problem.what:
                self._note([replace(problem, where=path + problem.where.removeprefix("corpus"))])

    def _classifiers(self, budget: SearchBudget | None) -> tuple[PlannedClassifier, ...]:
        parts = self.document.data.get("classifiers")
        if not isinstance(parts, dict):
            return ()
        planned = []
        for name, part in parts.items():
            path = f"classifiers.{name}"
            bound = self._part(path, "classifier")
            if bound is not None:
                planned.append(PlannedClassifier(name, bound, *self._tuned(path, bound, part, budget)))
        return tuple(planned)

    def _audits(self) -> dict[str, Bound]:
        """Bind the audits: all of them with the options of a mapping, or the gate and those of a list."""
        declared: Any = self.document.data.get("audits")
        standard: dict[str, Any] = {name: {} for name in catalog.CATALOGUES["audit"]}
        if isinstance(declared, list):
            # A list selects the audits after training; the leak gate runs before it and is switched off only
            # by `off`.
            parts: dict[str, Any] = {GATE: {}} | self._listed_audits(declared)
        elif declared is None or isinstance(declared, dict):
            parts = standard | (declared or {})
        else:
            what = f"should be a list or a mapping of audits, got {abbreviate(declared)}"
            self._note([Problem("audits", what)])
            return {}
        return {name: bound for name, part in parts.items() if (bound := self._audit(name, part)) is not None}

    def _listed_audits(self, names: Sequence[Any]) -> dict[str, dict[str, Any]]:
        catalogue = catalog.CATALOGUES["audit"]
        for index, name in enumerate(names):
            if not isinstance(name, str):
                what = f"should be the name of an audit, got {abbreviate(name)}"
                self._note([Problem(f"audits.{index}", what, "options need a mapping of audits")])
            elif name not in catalogue:
                hint = suggest(name, catalogue)
                self._note([Problem(f"audits.{index}", f"unknown audit {name!r}", hint)])
        return {name: {} for name in names if isinstance(name, str) and name in catalogue}

    def _audit(self, name: str, part: Any) -> Bound | None:
        path = f"audits.{name}"
        if part == OFF:
            # An audit of the user's own has a kind; only those of the catalogue run without being named.
            if name not in catalog.CATALOGUES["audit"]:
                hint = suggest(name, catalog.CATALOGUES["audit"])
                self._note([Problem(path, f"unknown audit {name!r}", hint)])
            return None
        if not isinstance(part, dict):
            what = f"should be a mapping of options, or {OFF!r}, got {abbreviate(part)}"
            self._note([Problem(path, what)])
            return None
        kind = part.get("kind", name)
        try:
            with own_code.beside(self.document.line_of(path).folder):
                options = {key: value for key, value in part.items() if key != "kind"}
                bound, wrong = catalog.check(
                    "audit", kind, options, path, lambda option: self._folder(path, option)
                )
                self._note(wrong)
                # Audits take neither labels nor a seed, so making one checks its options completely.
                if bound is not None and bound.is_imported:
                    bound.make()
        except ConfigError as error:
            # Problems of the constructor name the option alone.
            self._note(
                [
                    problem
                    if problem.where.startswith(path)
                    else replace(problem, where=f"{path}.{problem.where}")
                    for problem in error.problems
                ]
            )
            return None
        return bound

    def _check_promotion(self, config: ExperimentConfig) -> None:
        """Refuse names under ``promotion`` that are neither audits of this config nor gates."""
        declared = self.document.data.get("audits")
        audits = {*catalog.CATALOGUES["audit"], *(declared if isinstance(declared, dict) else ())}
        policy = config.promotion
        for path, given, choices in (
            ("promotion.audits", policy.audits, audits),
            ("promotion.waive", policy.waive, audits | set(GATES)),
        ):
            for name in given:
                if name not in choices:
                    what = "there is no such audit" if path.endswith("audits") else "there is no such gate"
                    self._note([Problem(f"{path}.{name}", what, suggest(name, choices))])

    def _tuned(
        self, path: str, bound: Bound, part: Mapping[str, Any], budget: SearchBudget | None
    ) -> tuple[Tune, Search | None]:
        section = TuneSection(path, bound, part, lambda option: self._folder(path, option), budget)
        tuned = section.read({problem.what for problem in self.problems if problem.where.startswith(path)})
        self._note(section.problems)
        return tuned

    def _labels(self, config: ExperimentConfig, corpus: Bound | None) -> LabelSet:
        default = STANCE if config.task == "stance" else FRAMING
        card = card_of(corpus) if corpus is not None else None
        for declared_by in (card, *map(card_of, self.parts)):
            if declared_by is not None and config.task not in declared_by.tasks:
                tasks = " and ".join(declared_by.tasks)
                what = f"{declared_by.name} has labels for {tasks}, not for {config.task}"
                self._note([Problem("task", what)])
        declared = card.labels.get(config.task, default) if card is not None else default
        if config.multi is not None and config.task == "stance":
            self._note([Problem("multi", "has no effect: each row of a stance task has one label")])
            return declared
        # A corpus may declare several frames per sentence; an experiment can still score the first alone.
        multi = declared.multi if config.multi is None else config.multi
        try:
            return LabelSet(config.labels or declared.names, multi=multi)
        except ValueError as error:
            self._note([Problem("labels", str(error))])
            return default

    def _with_costs(self, config: ExperimentConfig, labels: LabelSet) -> LabelSet:
        """Return the labels with the costs and the label mix of the config, and note what is wrong there."""
        by_costs, problems = config.decision != MOST_PROBABLE, []
        if config.costs is None and by_costs:
            problems = [Problem("decision", f"{config.decision!r} needs costs", "state them under costs")]
        if config.prevalence is None and config.adjust:
            problems.append(Problem("adjust", "needs a label mix", "state it under prevalence"))
        stated = {"costs": config.costs, "prevalence": config.prevalence}
        if labels.multi:
            what = "has no effect: a row may have several labels"
            problems += [Problem(name, what) for name, value in stated.items() if value is not None]
        else:
            problems += cost_problems(config.costs, labels.names) if config.costs is not None else ()
            problems += (
                prevalence_problems(config.prevalence, labels.names) if config.prevalence is not None else ()
            )
        self._note(problems)
        if problems:
            return labels
        if config.costs is not None:
            labels = replace(labels, costs=Costs.of(config.costs, decides=by_costs))
        if config.prevalence is not None:
            labels = replace(labels, prevalence=Prevalence.of(config.prevalence, adjusts=config.adjust))
        return labels

    def _metrics(
        self, config: ExperimentConfig, labels: LabelSet
    ) -> tuple[tuple[Metric, ...], Metric | None]:
        try:
            with own_code.beside(self.document.line_of("metrics").folder):
                metrics = selection.resolve(config.metrics, config.primary, labels)
        except ConfigError as error:
            self._note(error.problems)
            return (), None
        return metrics, next(metric for metric in metrics if metric.name == config.primary)

    def _make_once(
        self, classifiers: Sequence[PlannedClassifier], split: Bound | None, labels: LabelSet
    ) -> None:
        """Call every factory once: constructors only store, and they refuse options that contradict each
        other.
        """
        parts = [
            (f"classifiers.{planned.name}", bound) for planned in classifiers for bound in planned.grid()
        ]
        searches = {f"classifiers.{planned.name}": planned.search for planned in classifiers}
        for path, bound in [*parts, *([("split", split)] if split is not None else [])]:
            if not bound.is_imported:
                continue
            try:
                # Any seed will do: nothing is fitted.
                instance = bound.make(labels=labels, seed=0)
                self._note(prune_problems(path, instance, searches.get(path)))
            except ConfigError as error:
                # Where wrong options were replaced by their defaults, others may have no effect only by that.
                problems = [
                    problem
                    for problem in error.problems
                    if path not in self.partial or "no effect" not in problem.what
                ]
                self._note(
                    [replace(problem, where=f"{path}.{problem.where}".rstrip(".")) for problem in problems]
                )
