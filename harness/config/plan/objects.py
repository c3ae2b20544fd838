"""A config as a path, as data or as objects in, a Plan out: how Python code names an experiment.

A classifier, a corpus, a metric or an audit may stand in the data as an object. It is filed in the catalogue
under an address of its own, which no other object ever gets: results of objects are never taken for those of
an earlier run, whose object may have been another.
"""

from __future__ import annotations

import copy
import json
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.config.load import document_of, load
from harness.config.plan.plan import Plan
from harness.config.plan.resolve import resolve
from harness.scoring.metrics.metric import Metric
from harness.values.catalog import OBJECTS
from harness.values.errors import ConfigError, Problem
from harness.values.tables import Corpus

Config = str | os.PathLike[str] | Mapping[str, Any] | Plan
Overrides = Mapping[str, Any] | Sequence[str]


def plan_of(config: Config, overrides: Overrides = ()) -> Plan:
    """Resolve a config.

    Parameters
    ----------
    config : path, mapping or Plan
        A YAML file; or the same as data, in which classifiers, the corpus, metrics and audits may be objects;
        or a plan, which is returned as it is.
    overrides : mapping or sequence of str
        ``{"seeds": [1, 2]}`` or ``["seeds=[1,2]"]``; dots lead into a section (``"split.seed"``).

    Raises
    ------
    ConfigError
        With every problem at once.
    """
    sets = overrides_as_text(overrides)
    if isinstance(config, Plan):
        if sets:
            raise ConfigError([Problem("set", "has no effect on a plan", "give the config")])
        return config
    if isinstance(config, Mapping):
        return resolve(document_of(_with_addresses(config), sets))
    if isinstance(config, str | os.PathLike):
        return resolve(load(Path(config), sets))
    # Callers in notebooks are not type-checked.
    what = f"should be a path, a mapping or a plan, got a {type(config).__name__}"  # type: ignore[unreachable]
    raise ConfigError([Problem("config", what)])


def overrides_as_text(overrides: Overrides) -> tuple[str, ...]:
    """Write overrides as ``--set`` takes them.

    Examples
    --------
    >>> overrides_as_text({"seeds": [1, 2], "split.seed": 3})
    ('seeds=[1, 2]', 'split.seed=3')
    """
    if isinstance(overrides, Mapping):
        return tuple(f"{name}={json.dumps(value)}" for name, value in overrides.items())
    return tuple(overrides)


def _with_addresses(config: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a config's data, each object in it replaced by the address that it is filed under."""
    data = copy.copy(dict(config))
    if isinstance(data.get("corpus"), Corpus):
        corpus: Corpus = data["corpus"]
        data["corpus"] = {"kind": _filed(corpus.name, lambda: corpus)}
    if isinstance(data.get("classifiers"), Mapping):
        data["classifiers"] = {
            name: part if _is_data(part) else {"kind": _filed(name, _factory(part))}
            for name, part in data["classifiers"].items()
        }
    if isinstance(data.get("metrics"), Sequence) and not isinstance(data["metrics"], str):
        data["metrics"] = [
            _filed(metric.name, metric) if isinstance(metric, Metric) else metric
            for metric in data["metrics"]
        ]
    if isinstance(data.get("audits"), Mapping):
        data["audits"] = {
            name: part if _is_data(part) else {"kind": _filed(name, _factory(part))}
            for name, part in data["audits"].items()
        }
    return {str(name): json_copy(value) for name, value in data.items()}


def _is_data(part: Any) -> bool:
    return part is None or isinstance(part, str | Mapping)


def json_copy(data: Any) -> Any:
    """Copy nested data down to plain lists and dicts; paths become text."""
    if isinstance(data, Mapping):
        return {str(name): json_copy(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [json_copy(value) for value in data]
    return os.fspath(data) if isinstance(data, os.PathLike) else data


def _factory(part: Any) -> Callable[..., Any]:
    """Take a factory as it is; of an object that is ready, each trial gets a copy of its own."""
    if isinstance(part, type) or (callable(part) and not hasattr(part, "predict_proba")):
        return part  # type: ignore[no-any-return]  # a class or a function
    return lambda: copy.deepcopy(part)


def _filed(name: str, entry: Any) -> str:
    address = f"object:{name}-{uuid.uuid4().hex}"
    OBJECTS[address] = entry
    return address
