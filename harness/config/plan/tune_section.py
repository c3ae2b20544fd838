"""The section ``tune`` of a classifier in, its checked values or what is wrong with them out."""

from __future__ import annotations

import json
import math
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.classifiers.protocol import Watched
from harness.config.plan.search import Range, Search, option_at, some_values
from harness.config.schema import described
from harness.config.search_settings import KEYS, MAX_CANDIDATES, SearchBudget, SearchSettings
from harness.values import catalog
from harness.values.catalog import Bound
from harness.values.errors import ConfigError, Problem, abbreviate, suggest
from harness.values.formatting import counted

Tune = Mapping[str, tuple[Any, ...]]
RANGE_KEYS = frozenset({"low", "high", "log"})
MAX_NUMBER = 2**53
"""Whole numbers above are no longer exact where a sampler computes with them."""


@dataclass
class TuneSection:
    """Checks one section ``tune``.

    Attributes
    ----------
    path : str
        Of the classifier in the config, such as ``classifiers.mine``.
    bound : Bound
        Its factory, with the first value of each tuned option.
    part : mapping
        Its section of the config.
    folder : callable
        Option → the folder that relative paths in it start from.
    budget : SearchBudget or None
        Of every search of the experiment.
    problems : list of Problem
        Grows while the section is read.
    """

    path: str
    bound: Bound
    part: Mapping[str, Any]
    folder: Callable[[str], Path]
    budget: SearchBudget | None = None
    problems: list[Problem] = field(default_factory=list)

    def read(self, reported: set[str]) -> tuple[Tune, Search | None]:
        """Return option → values, the ends of a range for it, and the search where it is no plain grid.

        Parameters
        ----------
        reported : set of str
            What was said of this classifier before, which is not said again.
        """
        # Whatever stands there: YAML has many ways to say something else.
        tune = self.part.get("tune", {})
        if not isinstance(tune, dict):
            self._note("", f"should map options to lists of values, got {abbreviate(tune)}")
            return {}, None
        if not is_search(tune):
            grid = {
                name: values
                for name, raw in tune.items()
                if (values := self._listed(f"{name}", str(name), raw, reported))
            }
            n = math.prod(map(len, grid.values()))
            self._refuse_many("", n)
            if tune and len(grid) == len(tune):
                self._refuse_other_budget(n, can_end=False)
            return grid, None
        return self._search(self._budgeted(tune), reported)

    def _search(self, tune: Mapping[str, Any], reported: set[str]) -> tuple[Tune, Search | None]:
        try:
            settings = SearchSettings.model_validate(tune)
        except ValidationError as error:
            self.problems += [_described(detail, f"{self.path}.tune") for detail in error.errors()]
            settings = None
        raw_space = tune.get("space")
        space: dict[str, Range | tuple[Any, ...]] = {}
        for raw_name, raw in raw_space.items() if isinstance(raw_space, dict) else ():
            name = str(raw_name)
            where = f"space.{name}"
            values: Range | tuple[Any, ...] | None
            if isinstance(raw, dict):
                values = self._range(where, name, raw, reported)
            else:
                values = self._listed(where, name, raw, reported)
            # What is wrong with the others was noted; the search is checked without them.
            if values:
                space[name] = values
        if settings is None or not space:
            return {}, None
        search = Search(settings, space)
        # Checked last: each end was taken by the factory, and is wrong for a grid alone.
        ranges = [name for name, values in space.items() if isinstance(values, Range)]
        if settings.search == "grid":
            for name in ranges:
                self._note(f"space.{name}", "a grid needs a list of values", "search: tpe draws from a range")
            self._refuse_many("space", search.size)
            if not ranges and len(space) == len(tune["space"]):
                self._refuse_other_budget(search.size, can_end=True)
        return {name: some_values(values) for name, values in space.items()}, search

    def _budgeted(self, tune: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a search with the budget of the experiment, beside which it has none of its own."""
        if self.budget is None:
            return tune
        for name in ("trials", "minutes"):
            if name in tune:
                self._note(name, "is set beside search_budget", "remove one of them")
        stated = self.budget.model_dump(exclude_none=True)
        # A grid has as many candidates as combinations, whoever says how many there should be.
        return {**tune, **without(stated, "trials" if tune.get("search") == "grid" else "")}

    def _refuse_other_budget(self, n: int, *, can_end: bool) -> None:
        """Note that a grid of ``n`` combinations takes more or less than the budget."""
        budget, hint = self.budget, "search: tpe and search: random have a budget"
        if budget is not None and n != budget.trials:
            what = f"is a grid of {counted(n, 'combination')}, and search_budget gives"
            self._note("", f"{what} {counted(budget.trials, 'candidate')}", hint)
        elif budget is not None and budget.minutes is not None and not can_end:
            self._note("", "does not end after the minutes of search_budget", hint)

    def _range(self, where: str, name: str, raw: Mapping[str, Any], reported: set[str]) -> Range | None:
        unknown = [str(key) for key in raw if key not in RANGE_KEYS]
        for key in unknown:
            self._note(f"{where}.{key}", f"a range has no {key!r}", suggest(key, RANGE_KEYS))
        low, high, log = raw.get("low"), raw.get("high"), raw.get("log", False)
        for key, value in (("low", low), ("high", high)):
            if not _is_number(value):
                self._note(f"{where}.{key}", f"should be a finite number, got {abbreviate(value)}")
        if not isinstance(log, bool):
            self._note(f"{where}.log", f"should be true or false, got {abbreviate(log)}")
        if unknown or not isinstance(log, bool) or not (_is_number(low) and _is_number(high)):
            return None
        assert isinstance(low, int | float)
        assert isinstance(high, int | float)
        if not low < high:
            self._note(where, f"low should be below high, got {low} and {high}")
        elif log and low <= 0:
            self._note(f"{where}.low", f"should be above 0 with log, got {low}")
        elif self._is_beside(where, name):
            ends = [self._checked(where, name, value, reported) for value in (low, high)]
            if all(len(end) == 1 and _is_number(end[0]) for end in ends):
                return Range(ends[0][0], ends[1][0], log)
            if all(ends):
                self._note(where, "is no number, so that it has no range", "list its values")
        return None

    def _listed(self, where: str, name: str, raw: Any, reported: set[str]) -> tuple[Any, ...]:
        if not isinstance(raw, list) or len(raw) < 2:
            hint = "or low and high" if where.startswith("space.") else ""
            self._note(where, f"should be a list of two values or more, got {abbreviate(raw)}", hint)
            return ()
        if not self._is_beside(where, name):
            return ()
        # Compared as written: YAML's 1 and true are equal to Python.
        texts = [repr(value) for value in raw]
        if repeated := next((text for text in texts if texts.count(text) > 1), ""):
            self._note(where, f"holds {repeated[:60]} twice")
            return ()
        checked = [inner for value in raw for inner in self._checked(where, name, value, reported)]
        # 1 and 1.0 are two texts and, for an option that takes any number, one value.
        if len({json.dumps(catalog.plain(value)) for value in checked}) < len(checked):
            self._note(where, "holds a value twice")
            return ()
        return tuple(checked)

    def _is_beside(self, where: str, name: str) -> bool:
        """Note an option that has a value of its own beside those to try."""
        if _has(self.part, name.split(".")):
            self._note(where, f"{name!r} is set beside the grid", "remove one of them")
            return False
        return True

    def _checked(self, where: str, name: str, value: Any, reported: set[str]) -> tuple[Any, ...]:
        """Check a value as a single option would be, with the other tuned options at their first value."""
        options = placed(options_of(self.part), name, value)
        try:
            if options is None:
                group = name.partition(".")[0]
                raise ConfigError([Problem(name, f"{group!r} is no group of options")])
            candidate = catalog.bind("classifier", self.bound.kind, options, self.path, self.folder)
            return (option_at(candidate.options, name),)
        except (KeyError, AttributeError):
            self._note(where, f"{self.bound.kind} has no option {name!r}")
        except ConfigError as error:
            # An option that does not exist was reported with the others of its section.
            for problem in error.problems:
                if problem.what not in reported:
                    self._note(where, problem.what, problem.hint)
        return ()

    def _refuse_many(self, where: str, n: int) -> None:
        if n > MAX_CANDIDATES:
            what = f"is a grid of {n:,} combinations; {MAX_CANDIDATES:,} are the most"
            self._note(where, what, "search: random tries as many as trials says")

    def _note(self, where: str, what: str, hint: str = "") -> None:
        path = f"{self.path}.tune.{where}" if where else f"{self.path}.tune"
        self.problems.append(Problem(path, what, hint))


def prune_problems(path: str, instance: object, search: Search | None) -> list[Problem]:
    """Return what is wrong with pruning the trainings of a classifier.

    Parameters
    ----------
    path : str
        Of the classifier in the config.
    instance : object
        One like it, not fitted.
    search : Search or None
    """
    if search is None or search.settings.prune is None:
        return []
    if not isinstance(instance, Watched):
        what = "has no effect: such a classifier is not trained in epochs"
        return [Problem(f"{path}.tune.prune", what, "encoder and joint_encoder are")]
    # Another candidate may have more.
    if instance.n_steps < 2 and "epochs" not in search.space:
        return [Problem(f"{path}.tune.prune", "has no effect: a training has a single epoch")]
    return []


def is_search(tune: Mapping[str, Any]) -> bool:
    """Say whether a section ``tune`` is a search and no plain grid, whose every value is a list.

    A classifier of one's own may have an option called ``search``: with a list of values it is tuned.
    """
    return any(
        (key in KEYS and not isinstance(value, list)) or (key == "space" and isinstance(value, dict))
        for key, value in tune.items()
    )


def options_of(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a section; a tuned option with its first value."""
    given = {name: value for name, value in part.items() if name not in ("kind", "tune")}
    tune = part.get("tune")
    if not isinstance(tune, dict):
        return given
    space = tune.get("space") if is_search(tune) else tune
    options = given
    for name, values in space.items() if isinstance(space, dict) else ():
        if isinstance(values, list) and values:
            first = values[0]
        elif isinstance(values, dict) and _is_number(values.get("low")):
            first = values["low"]
        else:
            continue
        # An option that is set beside the space is refused elsewhere, and keeps its value until then.
        if not _has(given, str(name).split(".")):
            options = placed(options, str(name), first) or options
    return options


def placed(options: Mapping[str, Any], path: str, value: Any) -> dict[str, Any] | None:
    """Return options as written, one of them changed; None where ``group`` of ``group.option`` is none."""
    name, _, rest = path.partition(".")
    if not rest:
        return {**options, name: value}
    # A group that is not written has its defaults, beside which one option changes.
    group = options.get(name, {})
    inner = placed(group, rest, value) if isinstance(group, Mapping) else None
    return None if inner is None else {**options, name: inner}


def without(options: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return options as written without one of them."""
    name, _, rest = path.partition(".")
    if not rest:
        return {key: value for key, value in options.items() if key != name}
    group = options.get(name)
    return {**options, name: without(group, rest)} if isinstance(group, Mapping) else dict(options)


def _has(options: Any, path: list[str]) -> bool:
    for name in path:
        if not isinstance(options, Mapping) or name not in options:
            return False
        options = options[name]
    return True


def _is_number(value: Any) -> bool:
    # True and false are numbers to Python.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= MAX_NUMBER if isinstance(value, int) else math.isfinite(value)


def _described(detail: Any, where: str) -> Problem:
    """Turn one of pydantic's errors into a problem of the section."""
    location = [str(part) for part in detail["loc"]]
    setting = location[0] if location else ""
    if detail["type"] == "extra_forbidden" and len(location) > 1:
        return Problem(f"{where}.{'.'.join(location)}", f"there is no setting {location[-1]!r}")
    if detail["type"] == "extra_forbidden":
        return Problem(f"{where}.{setting}", f"there is no setting {setting!r}", suggest(setting, KEYS))
    if detail["type"] == "literal_error":
        hint = suggest(str(detail["input"]), _choices(SearchSettings.model_fields[setting].annotation))
        return Problem(f"{where}.{setting}", f"unknown {setting} {abbreviate(detail['input'])}", hint)
    if detail["type"] == "value_error":
        text = str(detail["ctx"]["error"])
        first, _, rest = text.partition(" ")
        return Problem(f"{where}.{first}", rest) if first in KEYS else Problem(where, text)
    problem = described(detail, SearchSettings)
    return Problem(f"{where}.{problem.where}" if problem.where else where, problem.what, problem.hint)


def _choices(annotation: Any) -> list[str]:
    """Return the words that a type allows, also inside of others."""
    if typing.get_origin(annotation) is typing.Literal:
        return [str(word) for word in typing.get_args(annotation)]
    return [word for inner in typing.get_args(annotation) for word in _choices(inner)]
