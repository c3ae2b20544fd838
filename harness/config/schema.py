"""A document in, an ExperimentConfig out; and the JSON Schema by which editors complete and check configs."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from harness.config.promotion_policy import PromotionPolicy, Strict
from harness.config.search_settings import SearchBudget, SearchSettings
from harness.values.catalog import CATALOGUES, Section, lookup, options_model
from harness.values.errors import Problem, abbreviate, suggest
from harness.values.labels import FRAME_SETS, Task
from harness.values.limits import SEED
from harness.values.other_kinds import other_kinds

OFF = "off"
"""In place of an audit's options: the audit does not run."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class Tracking(Strict):
    """What is logged besides scores."""

    log_text: bool = Field(True, description="Log sentences; false logs their ids alone.")
    tags: dict[str, str] = Field(default_factory=dict, description="Tags of every run of the experiment.")


class Running(Strict):
    """Where trials run. Scores are the same but for rounding, which depends on the threads of a training."""

    executor: Literal["serial", "processes", "ray"] = Field(
        "serial",
        description="processes runs trials in other processes, beside scoring and audits; ray on a cluster.",
    )
    workers: int | None = Field(
        None,
        ge=1,
        description="Trials or candidates at once. Default: one a CUDA device, else what cores and memory"
        " allow.",
    )
    threads: int | None = Field(
        None, ge=1, description="Threads of each trial. Default: the cores divided by the trials at once."
    )
    ray_address: str | None = Field(
        None, description="HOST:PORT of the head of a Ray cluster. Default: the variable RAY_ADDRESS."
    )
    gpus: float | None = Field(
        None,
        ge=0,
        description="GPUs of each trial on a Ray cluster; 0.5 shares one. Default: 1 where it has any.",
    )
    storage: str | None = Field(
        None,
        pattern="^/",
        description="A folder that all nodes of a Ray cluster see under this path: trials keep checkpoints "
        "and models there, and go on after their node was lost. Default: models travel to this machine.",
    )


class Calibration(Strict):
    """How probabilities are calibrated, on the calibration rows."""

    kind: Literal["temperature", "platt", "isotonic", "none"] = Field(
        "temperature",
        description="temperature never changes a single label; platt and isotonic may.",
    )


class Abstention(Strict):
    """When the model abstains."""

    risk: float = Field(gt=0, lt=1, description="Share of served labels that may be wrong.")
    method: Literal["conformal", "learn_then_test", "empirical"] = Field(
        "conformal",
        description="conformal meets the risk on average, learn_then_test with the given certainty; "
        "empirical meets it on the calibration rows and promises nothing, for corpora of a few articles.",
    )
    certainty: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Of learn_then_test: the probability with which the risk is met. Default: 0.9.",
    )

    on_unmet: Literal["refuse", "serve", "abstain"] = Field(
        "refuse",
        description="Where no threshold meets the risk: refuse abstains on every row and stops a promotion, "
        "serve labels every row and says risk_met: false, abstain abstains on every row.",
    )

    @model_validator(mode="after")
    def _certainty_has_an_effect(self) -> Abstention:
        if self.method != "learn_then_test" and self.certainty is not None:
            raise ValueError(f"certainty has no effect: the method is {self.method}")
        return self


class ExperimentConfig(Strict):
    """One experiment: a corpus, a task, a split, seeds, metrics and named classifiers."""

    name: Name = Field(description="The experiment's name in MLflow.")
    description: str = Field("", description="The question that the experiment answers.")
    task: Task = Field(
        "stance", description="stance scores (sentence, party) pairs; framing scores sentences."
    )
    labels: tuple[str, ...] | None = Field(
        None,
        description="Labels in order, or the name of a set of frames. Default: those of the corpus.",
    )
    multi: bool | None = Field(
        None,
        description="Framing only: whether a row may have several frames or none; false scores its first"
        " frame alone. Default: as the corpus declares.",
    )
    corpus: dict[str, Any] = Field(description="The labelled sentences.")
    split: dict[str, Any] = Field(
        default_factory=lambda: {"kind": "predefined"},
        description="Which rows are for training, validation, calibration and test.",
    )
    seeds: tuple[Annotated[int, Field(ge=0, le=SEED.maximum)], ...] = Field(
        (1,),
        min_length=1,
        description="One trial per seed and fold; a deterministic classifier runs with the first seed only.",
    )
    metrics: tuple[str, ...] | None = Field(None, description="Default: the standard metrics of the task.")
    slices: tuple[str, ...] | None = Field(
        None, description="Columns by which test items are sliced. Default: all standard slices that apply."
    )
    calibration: Calibration = Field(default_factory=lambda: Calibration.model_validate({}))
    thresholds: Literal["tuned"] | Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="Multi-label only: tuned (default) for each label's F1 on validation, or one number.",
    )
    costs: dict[str, dict[str, float]] | None = Field(
        None,
        description="Single-label only: what errors cost, true label to given label to cost; an error that is"
        " not named costs 1. The metric expected_cost is computed by them.",
    )
    decision: Literal["most_probable", "least_cost"] = Field(
        "most_probable",
        description="Which label a row gets: the most probable one, or that of least expected cost by the"
        " calibrated probabilities.",
    )
    prevalence: dict[str, float] | None = Field(
        None,
        description="Single-label only: how often each label occurs where the model will be used; the metrics"
        " f1_macro_shifted, accuracy_shifted, … are about that mix.",
    )
    adjust: bool = Field(
        False,
        description="Whether the model's probabilities, and with them labels and abstentions, are adjusted to"
        " the prevalence.",
    )
    abstention: Abstention | None = Field(None, description="Default: the model never abstains.")
    primary: str = Field(
        "f1_macro", description="The metric by which options are tuned and models are promoted."
    )
    classifiers: dict[Name, dict[str, Any]] = Field(
        min_length=1, description="The classifiers to compare, each under a name of your choice."
    )
    audits: Any = Field(
        None,
        description="Diagnostic audits: a list, or a mapping of audits to options. Default: all of them.",
    )
    model_name: Name | None = Field(None, description="Name of the registered model. Default: the task.")
    promotion: PromotionPolicy = Field(default_factory=lambda: PromotionPolicy.model_validate({}))
    tracking: Tracking = Field(default_factory=lambda: Tracking.model_validate({}))
    search_budget: SearchBudget | None = Field(None, description="Gives all searches the same budget.")
    run: Running = Field(default_factory=lambda: Running.model_validate({}))
    secrets: tuple[str, ...] = Field(
        (),
        description="Environment variables whose values are shown and kept as ${NAME}; those whose names"
        " match TOKEN, KEY, SECRET or PASSWORD, and those under an option called key, always are.",
    )


SECTIONS: Mapping[str, type[Strict]] = {
    "tracking": Tracking,
    "run": Running,
    "search_budget": SearchBudget,
    "calibration": Calibration,
    "abstention": Abstention,
    "promotion": PromotionPolicy,
}
"""Sections of a config whose settings are the same for every kind."""

PLACEHOLDERS = {"name": "unnamed", "corpus": {}, "classifiers": {"none": {}}}
"""Stand in for required sections that are wrong, so that the others can still be checked."""


def validated(data: Mapping[str, Any]) -> tuple[ExperimentConfig, list[Problem]]:
    """Check the top level of a document.

    Parameters
    ----------
    data : mapping
        Plain data of a :class:`harness.config.load.ConfigDocument`.

    Returns
    -------
    ExperimentConfig
        Without the invalid sections where there are problems: good only for finding further problems.
    list of Problem
        ``where`` is the dotted path alone.
    """
    # Two passes: the first finds what is wrong, the second returns a config without it, so that the sections
    # that are sound can be resolved and their problems listed too.
    data, problems = _named_labels(data)
    wrong: set[str] = set()
    try:
        return ExperimentConfig.model_validate(_tuples(data)), problems
    except ValidationError as error:
        # pydantic reports a wrong threshold once for each type that it may have: keep one problem.
        errors = {
            detail["loc"] if detail["loc"][0] != "thresholds" else "thresholds": detail
            for detail in error.errors()
            if not _follows_from_others(detail, error.errors())
        }
        problems += [described(detail, ExperimentConfig) for detail in errors.values()]
        wrong |= {str(detail["loc"][0]) for detail in error.errors()}
    sound = {name: value for name, value in data.items() if name not in wrong}
    stand_ins = {name: value for name, value in PLACEHOLDERS.items() if name not in sound}
    return ExperimentConfig.model_validate(_tuples(stand_ins | sound)), problems


def _follows_from_others(detail: Any, every: Sequence[Any]) -> bool:
    """Say whether an error is the consequence of another: a list is too short if its items are wrong."""
    inner = [other["loc"] for other in every if other["loc"][:-1] == detail["loc"]]
    return detail["type"] == "too_short" and bool(inner)


def _named_labels(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Replace the name of a set of labels by its labels."""
    name = data.get("labels")
    if not isinstance(name, str):
        return dict(data), []
    if name in FRAME_SETS:
        return {**data, "labels": list(FRAME_SETS[name])}, []
    what = f"there is no set of labels {name!r}"
    return {**data, "labels": None}, [Problem("labels", what, suggest(name, FRAME_SETS))]


def _tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    # YAML has lists only; strict mode refuses them where a frozen config has tuples.
    listed = {"labels", "seeds", "metrics", "slices", "secrets"}
    return {
        name: tuple(value) if name in listed and isinstance(value, list) else value
        for name, value in data.items()
    }


def described(error: Any, model: type[Strict]) -> Problem:
    """Turn one of pydantic's errors into a problem; ``where`` is the dotted path alone."""
    *parents, last = (str(part) for part in error["loc"])
    path = ".".join([*parents, last])
    if error["type"] == "extra_forbidden":
        inner = SECTIONS.get(".".join(parents), model)
        settings = [*inner.model_fields, *([] if parents else ["extends"])]
        return Problem(path, f"there is no setting {last!r}", suggest(last, settings))
    if error["type"] == "missing":
        return Problem(path, "is required")
    if error["type"] == "string_pattern_mismatch":
        named = path.removesuffix(".[key]")
        return Problem(named, f"{error['input']!r} is not a valid name", "use letters, digits, - and _")
    # pydantic reports one error per branch of the type, and none of them names both.
    if parents == ["thresholds"]:
        return Problem(
            "thresholds", f"should be tuned or a number between 0 and 1, got {abbreviate(error['input'])}"
        )
    # pydantic lists all values; a suggestion of the nearest is easier to act on.
    if error["type"] == "literal_error" and parents:
        return _unknown_kind(error, parents, last)
    if error["type"] == "value_error":
        return Problem(path, str(error["ctx"]["error"]))
    if error["type"] == "model_type":
        return Problem(path, f"should be a mapping, got {abbreviate(error['input'])}")
    message = str(error["msg"]).replace("Input should be", "should be")
    # YAML has mappings and lists; pydantic speaks of what they become.
    for python, yaml in {"a valid dictionary": "a mapping", "a valid tuple": "a list"}.items():
        message = message.replace(python, yaml)
    return Problem(path, f"{message}, got {abbreviate(error['input'])}")


def _unknown_kind(error: Any, parents: Sequence[str], last: str) -> Problem:
    """Describe a value that is none of those that a setting takes."""
    path, section = ".".join([*parents, last]), SECTIONS.get(".".join(parents))
    # A key of one's own, such as the name of an audit, is no field of a section.
    if section is None:
        return Problem(path, f"should be {error['ctx']['expected']}, got {error['input']!r}")
    kinds = typing.get_args(section.model_fields[last].annotation)
    return Problem(path, f"unknown {last} {error['input']!r}", suggest(str(error["input"]), kinds))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a config file, including the options of every catalogue entry."""
    schema = ExperimentConfig.model_json_schema()
    # To pydantic these sections are mappings; their real schemas are the signatures of the factories.
    properties = schema["properties"]
    properties["extends"] = {
        "description": "Config files to inherit from, relative to this file.",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    }
    properties["labels"]["anyOf"].insert(1, {"enum": list(FRAME_SETS)})
    properties["corpus"] |= _choice("corpus", schema)
    properties["split"] |= _choice("split", schema)
    properties["classifiers"]["additionalProperties"] = _choice("classifier", schema, tune=True)
    for name in ("patternProperties", "propertyNames"):
        properties["classifiers"].pop(name, None)
    properties["audits"] |= _audits(schema)
    properties["metrics"]["anyOf"][0]["items"] = {"enum": sorted(CATALOGUES["metric"])}
    # A file that extends another inherits the required keys.
    schema["required"] = []
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _audits(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list of audits, or of a mapping of audits to their options."""
    options = {}
    for name in CATALOGUES["audit"]:
        of_audit = _options_schema(lookup("audit", name, ""), "audit", tune=False)
        schema.setdefault("$defs", {}).update(of_audit.pop("$defs", {}))
        options[name] = {"anyOf": [of_audit | {"title": name}, {"const": OFF}]}
    custom = {
        "type": "object",
        "properties": {"kind": {"type": "string", "pattern": ":"}},
        "required": ["kind"],
    }
    listed = {"type": "array", "items": {"enum": list(CATALOGUES["audit"])}, "uniqueItems": True}
    mapped = {"type": "object", "properties": options, "additionalProperties": custom}
    return {"anyOf": [listed, mapped]}


def _choice(section: Section, schema: dict[str, Any], *, tune: bool = False) -> dict[str, Any]:
    kinds = []
    for kind in CATALOGUES[section]:
        options = _options_schema(lookup(section, kind, ""), section, tune)
        schema.setdefault("$defs", {}).update(options.pop("$defs", {}))
        options["properties"] = {"kind": {"const": kind}} | options["properties"]
        options["title"] = kind
        kinds.append(options)
    custom = {
        "title": "package.module:factory",
        "type": "object",
        "properties": {"kind": {"type": "string", "pattern": ":"}},
        "required": ["kind"],
    }
    return {"type": "object", "anyOf": [*kinds, custom]}


def _options_schema(factory: Callable[..., Any], section: Section, tune: bool) -> dict[str, Any]:
    options: dict[str, Any] = options_model(factory, section).model_json_schema()
    options.setdefault("properties", {})
    # A required option may come from a file that is extended; `harness validate` checks the merged config.
    options.pop("required", None)
    options["additionalProperties"] = False
    for name, kinds in other_kinds(factory).items():
        usual = options["properties"][name]
        others = []
        for kind in kinds.names:
            other = _options_schema(lookup(section, kind, ""), section, tune=False)
            options.setdefault("$defs", {}).update(other.pop("$defs", {}))
            # The kind decides between the branches: without it these are the options of the usual one.
            other["properties"] = {"kind": {"const": kind}} | other["properties"]
            others.append(other | {"title": kind, "required": ["kind"]})
        options["properties"][name] = {"default": usual.pop("default", None), "anyOf": [usual, *others]}
    if tune:
        options["properties"]["tune"] = _tune_schema(list(options["properties"]), options)
    return options


def _tune_schema(names: Sequence[str], options: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a grid over options with these names, or of a search."""
    grid = {
        "type": "object",
        "title": "grid",
        "description": "Option → values, each combination of which is tried.",
        "properties": {name: {"type": "array", "minItems": 2} for name in names},
        "additionalProperties": False,
    }
    number = {"type": "number"}
    ends = {
        "type": "object",
        "properties": {"low": number, "high": number, "log": {"type": "boolean", "default": False}},
        "required": ["low", "high"],
        "additionalProperties": False,
    }
    search = SearchSettings.model_json_schema() | {"title": "search", "required": ["space"]}
    values = {"anyOf": [{"type": "array", "minItems": 2}, ends]}
    search["properties"]["space"]["additionalProperties"] = values
    # Once for all kinds of classifiers, which would make the file five times as long.
    options.setdefault("$defs", {}).update({**search.pop("$defs", {}), "Search": search})
    return {
        "description": "Options that are chosen on rows apart from validation.",
        "anyOf": [grid, {"$ref": "#/$defs/Search"}],
    }
