"""A name in, a factory out; and the factory's signature as the schema of its options."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from harness.values import limits, option_errors, secrets
from harness.values.errors import ConfigError, Problem, abbreviate, suggest
from harness.values.other_kinds import group_of, other_kinds
from harness.values.own_factories import own_factory
from harness.values.own_signature import UNREAD, Signature

Section = Literal["corpus", "split", "classifier", "metric", "audit"]

# Literals: what exists is one visible table, and a look-up imports that one factory, not all of them.
CATALOGUES: Mapping[Section, Mapping[str, str]] = MappingProxyType(
    {
        "corpus": {
            "partyline": "harness.corpora.readers.partyline:partyline",
            "files": "harness.corpora.readers.files:files",
            "hub": "harness.corpora.readers.hub:hub",
            "joined": "harness.corpora.readers.joined:joined",
            "newsmtsc": "harness.corpora.readers.newsmtsc:newsmtsc",
            "pstance": "harness.corpora.readers.pstance:pstance",
            "vast": "harness.corpora.readers.vast:vast",
            "seesaw": "harness.corpora.readers.seesaw:seesaw",
            "gvfc": "harness.corpora.readers.gvfc:gvfc",
            "narrative_frames": "harness.corpora.readers.narrative_frames:narrative_frames",
            "semeval2016": "harness.corpora.readers.semeval2016:semeval2016",
            "tweeteval": "harness.corpora.readers.tweeteval:tweeteval",
            "xstance": "harness.corpora.readers.xstance:xstance",
            "media_frames": "harness.corpora.readers.media_frames:media_frames",
            "semeval2023": "harness.corpora.readers.semeval2023:semeval2023",
            "basil": "harness.corpora.readers.basil:basil",
        },
        "split": {
            "predefined": "harness.splits:predefined",
            "holdout": "harness.splits:holdout",
            "kfold": "harness.splits:kfold",
            "disjoint": "harness.splits:disjoint",
            "leave_one_out": "harness.splits:leave_one_out",
            "forward": "harness.splits:forward",
        },
        "classifier": {
            "majority": "harness.classifiers.baselines.constant:majority",
            "prior": "harness.classifiers.baselines.constant:prior",
            "every_label": "harness.classifiers.baselines.constant:every_label",
            "lexicon": "harness.classifiers.baselines.lexicon:lexicon",
            "linear": "harness.classifiers.linear.classifier:linear",
            "embedding": "harness.classifiers.embedding.classifier:embedding",
            "encoder": "harness.classifiers.encoder:encoder",
            "joint_encoder": "harness.classifiers.encoder.joint:joint_encoder",
            "distilled": "harness.classifiers.encoder.distilled:distilled",
            "llm": "harness.classifiers.llm:llm",
            "zero_shot": "harness.classifiers.zero_shot:zero_shot",
        },
        "metric": {
            "accuracy": "harness.scoring.metrics.classification:ACCURACY",
            "balanced_accuracy": "harness.scoring.metrics.classification:BALANCED_ACCURACY",
            "f1_macro": "harness.scoring.metrics.classification:F1_MACRO",
            "f1": "harness.scoring.metrics.classification:F1",
            "precision": "harness.scoring.metrics.classification:PRECISION",
            "recall": "harness.scoring.metrics.classification:RECALL",
            "expected_cost": "harness.scoring.metrics.classification:EXPECTED_COST",
            "f1_macro_shifted": "harness.scoring.metrics.prevalence:F1_MACRO_SHIFTED",
            "accuracy_shifted": "harness.scoring.metrics.prevalence:ACCURACY_SHIFTED",
            "f1_shifted": "harness.scoring.metrics.prevalence:F1_SHIFTED",
            "precision_shifted": "harness.scoring.metrics.prevalence:PRECISION_SHIFTED",
            "expected_cost_shifted": "harness.scoring.metrics.prevalence:EXPECTED_COST_SHIFTED",
            "mcc": "harness.scoring.metrics.classification:MCC",
            "favg_pooled": "harness.scoring.metrics.stance:FAVG_POOLED",
            "favg_target_mean": "harness.scoring.metrics.stance:FAVG_TARGET_MEAN",
            "f1_micro": "harness.scoring.metrics.framing:F1_MICRO",
            "average_precision": "harness.scoring.metrics.ranking:AVERAGE_PRECISION",
            "average_precision_macro": "harness.scoring.metrics.ranking:AVERAGE_PRECISION_MACRO",
            "auroc": "harness.scoring.metrics.ranking:AUROC",
            "exact_match": "harness.scoring.metrics.framing:EXACT_MATCH",
            "jaccard": "harness.scoring.metrics.framing:JACCARD",
            "hamming_loss": "harness.scoring.metrics.framing:HAMMING_LOSS",
            "f1_no_frame": "harness.scoring.metrics.framing:F1_NO_FRAME",
            "no_frame_gap": "harness.scoring.metrics.framing:NO_FRAME_GAP",
            "log_loss": "harness.scoring.metrics.calibration:LOG_LOSS",
            "brier": "harness.scoring.metrics.calibration:BRIER",
            "ece_equal_mass": "harness.scoring.metrics.calibration:ECE_EQUAL_MASS",
            "ece_equal_width": "harness.scoring.metrics.calibration:ECE_EQUAL_WIDTH",
            "rmsce_debiased": "harness.scoring.metrics.calibration:RMSCE_DEBIASED",
            "aurc": "harness.scoring.metrics.selective:AURC",
        },
        "audit": {
            "leaks": "harness.splits.leaks:leaks",
            "target_use": "harness.audits.target_use:target_use",
            "sensitivity": "harness.audits.sensitivity:sensitivity",
            "party_swap": "harness.audits.party_swap:party_swap",
            "behaviour": "harness.audits.behaviour:behaviour",
            "unseen": "harness.audits.unseen:unseen",
            "annotators": "harness.audits.annotators:annotators",
            "parity": "harness.audits.parity:parity",
        },
    }
)


OBJECTS: dict[str, Any] = {}
"""Entries that this process's own code handed over as objects, by address; see
:mod:`harness.config.plan.objects`."""

INJECTED = frozenset({"labels", "other_labels", "seed", "task"})
"""Parameters that the harness hands in; a config cannot set them. A split's seed is an option: what is
drawn is the same for every seed that a classifier is trained with."""


@dataclass(frozen=True)
class Bound:
    """A factory with its options checked and its defaults filled in.

    Attributes
    ----------
    kind : str
        As in the config.
    factory : callable
        What :meth:`make` calls.
    options : mapping
        Every option of the signature, injected ones left out; a secret is a
        :class:`harness.values.secrets.SecretText`, whose value :meth:`make` puts in its place.
    """

    kind: str
    factory: Callable[..., Any]
    options: Mapping[str, Any]

    @property
    def is_imported(self) -> bool:
        """Whether the factory can be called: a user's own may have been read from its source alone."""
        return not isinstance(self.factory, Signature)

    def make(self, **injected: Any) -> Any:
        """Call the factory with its options and with those injected values that its signature names."""
        names = inspect.signature(self.factory).parameters
        # A split's seed is an option; there it is not replaced by the seed of a trial.
        wanted = {k: v for k, v in injected.items() if k in names and k not in self.options}
        return self.factory(**secrets.reveal(dict(self.options)), **wanted)

    def canonical(self) -> dict[str, Any]:
        """Return kind and options as plain data, for digests and for MLflow; of secrets the name."""
        return {"kind": self.kind, **{name: plain(value) for name, value in self.options.items()}}


def lookup(section: Section, kind: str, where: str) -> Any:
    """Import what a name stands for.

    Parameters
    ----------
    section : str
        Which catalogue.
    kind : str
        A name of the catalogue, or ``package.module:attribute`` for a user's own.
    where : str
        Named in the problem.

    Raises
    ------
    ConfigError
        Where the name is unknown or cannot be imported.
    """
    if not isinstance(kind, str):
        raise ConfigError([Problem(where, f"should be a name, got {abbreviate(kind)}")])
    if kind in OBJECTS:
        return OBJECTS[kind]
    catalogue = CATALOGUES[section]
    if kind in catalogue or kind in catalogue.values():
        module, _, attribute = catalogue.get(kind, kind).partition(":")
        return getattr(importlib.import_module(module), attribute)
    if ":" not in kind:
        raise ConfigError([Problem(where, f"unknown {section} {kind!r}", suggest(kind, catalogue))])
    return own_factory(kind, where)


def bind(
    section: Section,
    kind: str,
    options: Mapping[str, Any],
    where: str = "",
    folder: Callable[[str], Path] | None = None,
) -> Bound:
    """Check options against a factory's signature and fill in the defaults.

    Parameters
    ----------
    section, kind
        See :func:`lookup`.
    options : mapping
        As a person wrote them. Types are strict: ``1`` is no ``bool`` and ``"1"`` no ``int``.
    where : str
        Path of the section in the config, such as ``classifiers.mine``; problems add the option to it.
    folder : callable, optional
        Option → the folder that relative paths in it start from (that of the config that sets it); a string
        that begins with ``./`` or ``../`` is such a path too.

    Raises
    ------
    ConfigError
        With every unknown, renamed, missing or mistyped option.
    """
    bound, problems = check(section, kind, options, where, folder)
    if problems or bound is None:
        raise ConfigError(problems)
    return bound


def check(
    section: Section,
    kind: str,
    options: Mapping[str, Any],
    where: str = "",
    folder: Callable[[str], Path] | None = None,
) -> tuple[Bound | None, list[Problem]]:
    """Check options as :func:`bind` does, and go on with the sound ones.

    Returns
    -------
    Bound or None
        With the default in place of each option that is wrong, good only for finding further problems, such
        as values out of range; None where a required option is missing or wrong.
    list of Problem
        Empty where all is well.

    Raises
    ------
    ConfigError
        Where the kind is unknown or no factory.
    """
    path_of = (lambda name: f"{where}.{name}") if where else str
    factory = lookup(section, kind, path_of("kind"))
    if not callable(factory):
        raise ConfigError([Problem(path_of("kind"), f"{kind!r} is not a factory")])
    if factory is UNREAD:
        return Bound(kind, factory, dict(options)), []
    others, other_problems = _of_other_kinds(section, factory, options, path_of, folder)
    options = {name: value for name, value in options.items() if name not in others}
    schema = options_model(factory, section)
    fields = schema.model_fields
    problems = [
        Problem(path_of(name), *option_errors.unknown(kind, name, f"{kind} takes no {name!r}", fields))
        for name in map(str, options)
        if name not in fields
    ]
    problems += other_problems
    # Unknown options are left out here: pydantic would report them once more, without a suggestion.
    expected = {name: value for name, value in options.items() if name in fields}
    objects = [name for name, value in expected.items() if not _is_plain(value)]
    problems += [
        Problem(path_of(name), f"should be plain data, got {abbreviate(expected.pop(name))}")
        for name in objects
    ]
    values, invalid = secrets.validated(partial(option_errors.validated, schema), expected, abbreviate)
    problems += [
        Problem(path_of(path), what, hint)
        for path, what, hint in invalid
        if path not in objects  # reported above, and now missing
    ]
    if not values and invalid:
        wrong = {path.split(".")[0] for path, _, _ in invalid}
        sound = {name: value for name, value in expected.items() if name not in wrong}
        values, missing = secrets.validated(partial(option_errors.validated, schema), sound, abbreviate)
        if missing:
            return None, problems
    if isinstance(seed := values.get("seed"), int) and limits.SEED.exceeded_by(seed):
        problems.append(Problem(path_of("seed"), limits.SEED.problem, limits.SEED.remedy))
    paths = {}
    for name, value in values.items():
        try:
            paths[name] = _absolute(value, folder and folder(name))
        except (OSError, RuntimeError, ValueError) as error:
            # A null character, links that lead to each other, ~ of a user that does not exist.
            problems.append(Problem(path_of(name), f"is no path: {error}"))
            paths[name] = value
    chosen = {name: bound for name, bound in others.items() if bound is not None}
    return Bound(kind, factory, paths | chosen), problems


def _of_other_kinds(
    section: Section,
    factory: Callable[..., Any],
    options: Mapping[str, Any],
    path_of: Callable[[str], str],
    folder: Callable[[str], Path] | None,
) -> tuple[dict[str, Bound | None], list[Problem]]:
    """Check options in whose place another kind stands, see :mod:`harness.values.other_kinds`."""
    bound: dict[str, Bound | None] = {}
    problems: list[Problem] = []
    for name, kinds in other_kinds(factory).items():
        value = options.get(name)
        if not isinstance(value, Mapping) or "kind" not in value:
            continue
        rest = {key: inner for key, inner in value.items() if key != "kind"}
        kind, inside = value["kind"], folder and partial(folder, name)
        bound[name] = None
        if kind in kinds.names or kind == kinds.usual:
            # Whatever option of the group a path stands in, it starts from the folder of the group.
            start = None if inside is None else lambda _, inside=inside: inside()
            bound[name], of_kind = check(section, kind, rest, path_of(name), start)
            problems += of_kind
        else:
            hint = suggest(str(kind), (*kinds.names, kinds.usual))
            problems.append(Problem(path_of(f"{name}.kind"), f"unknown {name} {kind!r}", hint))
    return bound, problems


def likely_kind(section: Section, name: str, options: Mapping[str, Any]) -> str:
    """Guess the kind of a section that names none: that of its name, else the only one with its options.

    Parameters
    ----------
    section : str
    name : str
        Of the section in the config, such as that of a classifier.
    options : mapping
        As a person wrote them.

    Returns
    -------
    str
        Empty where several kinds, or none, take these options.
    """
    if name in CATALOGUES[section]:
        return name
    kinds = [
        kind
        for kind in CATALOGUES[section]
        if options and set(options) <= set(options_model(lookup(section, kind, ""), section).model_fields)
    ]
    return kinds[0] if len(kinds) == 1 else ""


@cache
def options_model(factory: Callable[..., Any], section: Section) -> Any:
    """Make the pydantic model of a factory's options from its signature."""
    from pydantic import ConfigDict, create_model

    injected = INJECTED - {"seed"} if section == "split" else INJECTED
    # Annotations are strings under ``from __future__ import annotations``; pydantic needs the types.
    hints = typing.get_type_hints(factory, include_extras=True)
    hints |= {name: group_of(typing.get_args(hints[name])[0]) for name in other_kinds(factory)}
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(factory).parameters.items():
        if name in injected or parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (hints.get(name, Any), default)
    # No protected namespaces: an option may be called ``model``.
    config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True, protected_namespaces=())
    return create_model(f"{getattr(factory, '__name__', 'factory')}_options", __config__=config, **fields)


def _is_plain(value: Any) -> bool:
    """Say whether a value is what YAML can say: no table, model or other object is hidden in it."""
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | bool | int | float | Path)


def plain(value: Any) -> Any:
    """Turn an option's value into JSON data."""
    if isinstance(value, Bound):
        return value.canonical()
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value


def _absolute(value: Any, folder: Path | None) -> Any:
    if isinstance(value, Path) and folder is not None:
        return (folder / value.expanduser()).resolve()
    # A checkpoint may be a folder or a hub id: only what is written as a path is taken for one.
    if isinstance(value, str) and value.startswith(("./", "../")) and folder is not None:
        return str((folder / value).resolve())
    if isinstance(value, Mapping):
        return {key: _absolute(inner, folder) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(_absolute(inner, folder) for inner in value)
    return value
