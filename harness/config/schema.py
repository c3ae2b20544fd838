"""A document in, an ExperimentConfig out; and the JSON Schema that editors complete from."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.values.catalog import CATALOGUES, Section, lookup, options_model
from harness.values.errors import Problem, suggest
from harness.values.labels import FRAME_SETS, Task

OFF = "off"
"""In place of an audit's options: it is not to run."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class Strict(BaseModel):
    """Frozen, no unknown keys, no silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Tracking(Strict):
    """What runs hold besides the numbers."""

    log_text: bool = Field(True, description="Keep sentences in runs; false replaces them by ids.")
    tags: dict[str, str] = Field(default_factory=dict, description="Set on every run of the experiment.")


class Calibration(Strict):
    """How raw probabilities are corrected, on calibration."""

    kind: Literal["temperature", "platt", "isotonic", "none"] = Field(
        "temperature",
        description="temperature keeps single labels as they are; platt and isotonic may change them.",
    )


class Abstention(Strict):
    """When a label is held back."""

    risk: float = Field(gt=0, lt=1, description="Share of the labels given that may be wrong.")
    method: Literal["conformal", "learn_then_test"] = Field(
        "conformal", description="conformal meets the risk on average; learn_then_test with a certainty."
    )
    certainty: float | None = Field(
        None, gt=0, lt=1, description="How sure it is to be, of learn_then_test; left out, 0.9."
    )

    @model_validator(mode="after")
    def _certainty_has_an_effect(self) -> Abstention:
        if self.method == "conformal" and self.certainty is not None:
            raise ValueError("certainty has no effect: the method is conformal")
        return self


class ExperimentConfig(Strict):
    """One experiment: a corpus, a task, a split, seeds, metrics and named classifiers."""

    name: Name = Field(description="The experiment's name in MLflow.")
    description: str = Field("", description="What the experiment is to find out.")
    task: Task = Field("stance", description="stance scores (sentence, party); framing scores sentences.")
    labels: tuple[str, ...] | None = Field(
        None,
        description="Labels in order, or the name of a set of frames; left out, those of the corpus.",
    )
    multi: bool | None = Field(
        None,
        description="Of framing: whether a row may have several frames, or none; false scores the first one"
        " alone. Left out, as the corpus declares.",
    )
    corpus: dict[str, Any] = Field(description="Where the labelled sentences come from.")
    split: dict[str, Any] = Field(
        default_factory=lambda: {"kind": "predefined"},
        description="What is trained on, chosen on and scored.",
    )
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (1,), min_length=1, description="One trial a seed; deterministic classifiers run once."
    )
    metrics: tuple[str, ...] | None = Field(None, description="Left out, the standard set of the task.")
    slices: tuple[str, ...] | None = Field(
        None, description="What test items are told apart by in reports; left out, all that is known of them."
    )
    calibration: Calibration = Field(default_factory=lambda: Calibration.model_validate({}))
    thresholds: Literal["tuned"] | Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="Multi-label: one a label, tuned for F1 on validation (left out), or a number for all.",
    )
    abstention: Abstention | None = Field(None, description="Left out, no label is held back.")
    primary: str = Field("f1_macro", description="The metric that tuning and promotion go by, on validation.")
    classifiers: dict[Name, dict[str, Any]] = Field(
        min_length=1, description="The ladder: a name of your own for each."
    )
    audits: Any = Field(
        None, description="What is looked into beside the scores; left out, all audits with their defaults."
    )
    model_name: Name | None = Field(None, description="Name of the champion; left out, the task.")
    tracking: Tracking = Field(default_factory=lambda: Tracking.model_validate({}))


SECTIONS: Mapping[str, type[Strict]] = {
    "tracking": Tracking,
    "calibration": Calibration,
    "abstention": Abstention,
}
"""Parts of a config whose settings are the same for every kind."""

PLACEHOLDERS = {"name": "unnamed", "corpus": {}, "classifiers": {"none": {}}}
"""Stand in for required parts that are wrong, so that the other parts can still be looked at."""


def validated(data: Mapping[str, Any]) -> tuple[ExperimentConfig, list[Problem]]:
    """Check the top level of a document.

    Parameters
    ----------
    data : mapping
        Plain data of a :class:`harness.config.load.ConfigDocument`.

    Returns
    -------
    ExperimentConfig
        Where there are problems, what is wrong is left out: good for finding further problems, for no more.
    list of Problem
        ``where`` is the dotted path alone.
    """
    data, problems = _named_labels(data)
    wrong: set[str] = set()
    try:
        return ExperimentConfig.model_validate(_tuples(data)), problems
    except ValidationError as error:
        # Of the two ways to write a threshold each says that it is not the other: one problem.
        found = {one["loc"] if one["loc"][0] != "thresholds" else "thresholds": one for one in error.errors()}
        problems += [described(one, ExperimentConfig) for one in found.values()]
        wrong |= {str(one["loc"][0]) for one in error.errors()}
    sound = {name: value for name, value in data.items() if name not in wrong}
    stand_ins = {name: value for name, value in PLACEHOLDERS.items() if name not in sound}
    return ExperimentConfig.model_validate(_tuples(stand_ins | sound)), problems


def _named_labels(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Put the labels of a set in place of its name."""
    given = data.get("labels")
    if not isinstance(given, str):
        return dict(data), []
    if given in FRAME_SETS:
        return {**data, "labels": list(FRAME_SETS[given])}, []
    what = f"there is no set of labels {given!r}"
    return {**data, "labels": None}, [Problem("labels", what, suggest(given, FRAME_SETS))]


def _tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    listed = {"labels", "seeds", "metrics", "slices"}
    return {
        name: tuple(value) if name in listed and isinstance(value, list) else value
        for name, value in data.items()
    }


def described(error: Any, model: type[Strict]) -> Problem:
    """Turn pydantic's account of one error into a problem; ``where`` is the dotted path alone."""
    *parents, last = (str(part) for part in error["loc"])
    path = ".".join([*parents, last])
    if error["type"] == "extra_forbidden":
        inner = SECTIONS.get(".".join(parents), model)
        known = [*inner.model_fields, *([] if parents else ["extends"])]
        return Problem(path, f"there is no setting {last!r}", suggest(last, known))
    if error["type"] == "missing":
        return Problem(path, "is required")
    if error["type"] == "string_pattern_mismatch":
        named = path.removesuffix(".[key]")
        return Problem(named, f"{error['input']!r} is no name", "use letters, digits, - and _")
    if parents == ["thresholds"]:
        return Problem("thresholds", f"should be tuned or a number between 0 and 1, got {error['input']!r}")
    if error["type"] == "literal_error" and parents:
        kinds = typing.get_args(SECTIONS[".".join(parents)].model_fields[last].annotation)
        return Problem(path, f"unknown {last} {error['input']!r}", suggest(str(error["input"]), kinds))
    if error["type"] == "value_error":
        return Problem(path, str(error["ctx"]["error"]))
    if error["type"] == "model_type":
        return Problem(path, f"should be a mapping, got {error['input']!r}")
    message = str(error["msg"]).replace("Input should be", "should be")
    for theirs, ours in {"a valid dictionary": "a mapping", "a valid tuple": "a list"}.items():
        message = message.replace(theirs, ours)
    return Problem(path, f"{message}, got {error['input']!r}")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a config file, options of every catalogue entry included."""
    schema = ExperimentConfig.model_json_schema()
    properties = schema["properties"]
    properties["extends"] = {
        "description": "Config files to start from, relative to this one.",
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
    # A file that extends another need not repeat what that one says.
    schema["required"] = []
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _audits(schema: dict[str, Any]) -> dict[str, Any]:
    """Describe a list of audits, or a mapping of audits to their options."""
    options = {}
    for name in CATALOGUES["audit"]:
        made = _options_schema(lookup("audit", name, ""), "audit", tune=False)
        schema.setdefault("$defs", {}).update(made.pop("$defs", {}))
        options[name] = {"anyOf": [made | {"title": name}, {"const": OFF}]}
    own = {"type": "object", "properties": {"kind": {"type": "string", "pattern": ":"}}, "required": ["kind"]}
    some = {"type": "array", "items": {"enum": list(CATALOGUES["audit"])}, "uniqueItems": True}
    each = {"type": "object", "properties": options, "additionalProperties": own}
    return {"anyOf": [some, each]}


def _choice(section: Section, schema: dict[str, Any], *, tune: bool = False) -> dict[str, Any]:
    kinds = []
    for kind in CATALOGUES[section]:
        options = _options_schema(lookup(section, kind, ""), section, tune)
        schema.setdefault("$defs", {}).update(options.pop("$defs", {}))
        options["properties"] = {"kind": {"const": kind}} | options["properties"]
        options["title"] = kind
        kinds.append(options)
    own = {
        "title": "package.module:factory",
        "type": "object",
        "properties": {"kind": {"type": "string", "pattern": ":"}},
        "required": ["kind"],
    }
    return {"type": "object", "anyOf": [*kinds, own]}


def _options_schema(factory: Callable[..., Any], section: Section, tune: bool) -> dict[str, Any]:
    options: dict[str, Any] = options_model(factory, section).model_json_schema()
    options.setdefault("properties", {})
    options.pop("required", None)
    options["additionalProperties"] = False
    if tune:
        grid = {name: {"type": "array", "minItems": 2} for name in options["properties"]}
        options["properties"]["tune"] = {
            "type": "object",
            "description": "A grid, searched on validation: option → values.",
            "properties": grid,
            "additionalProperties": False,
        }
    return options
