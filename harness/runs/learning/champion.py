"""A plan and a store in; which classifier is trained with gold, and what gold it has learned already, out."""

from __future__ import annotations

from dataclasses import dataclass

from harness.config.plan import Plan, PlannedClassifier
from harness.evaluation.choice import BASELINES
from harness.tracking import names
from harness.tracking.promotion import versions
from harness.tracking.store import Store
from harness.values.errors import ConfigError, Problem, suggest


@dataclass(frozen=True)
class LearningClassifier:
    """The classifier that is trained without and with gold.

    Attributes
    ----------
    planned : PlannedClassifier
        As the config has it.
    why : str
        How it was chosen, a clause.
    learned : tuple of str
        Digests of files of gold that the champion has learned, the oldest first.
    """

    planned: PlannedClassifier
    why: str
    learned: tuple[str, ...] = ()


def learning_classifier(
    store: Store, plan: Plan, name: str = "", alias: str = versions.CHAMPION
) -> LearningClassifier:
    """Return the classifier that is named, or what the champion of the plan's model is.

    Raises
    ------
    ConfigError
        Where the config has no such classifier; or none is named, there is no champion, and the config has
        more than one that learns.
    """
    by_name = {planned.name: planned for planned in plan.classifiers}
    if name:
        if name not in by_name:
            problem = Problem("--classifier", f"the config has no {name!r}", suggest(name, by_name))
            raise ConfigError([problem])
        return LearningClassifier(by_name[name], "named", _learned(store, plan, name, alias))
    champion = _champion(store, plan, alias)
    if champion is None:
        # A baseline learns nothing from gold that anybody would promote.
        learning = [planned for planned in plan.classifiers if planned.bound.kind not in BASELINES]
        if len(learning) == 1:
            return LearningClassifier(learning[0], f"there is no {alias} of {plan.model_name}")
        listed = ", ".join(planned.name for planned in learning)
        what = f"{plan.model_name} has no {alias}, and the config has several classifiers: {listed}"
        raise ConfigError([Problem("--classifier", what, "name one")])
    origin, learned = champion
    if origin not in by_name:
        what = f"the {alias} of {plan.model_name} is {origin!r}, which the config does not have"
        raise ConfigError([Problem("--classifier", what, f"name one of {', '.join(by_name)}")])
    return LearningClassifier(by_name[origin], f"{alias} of {plan.model_name}", learned)


def _learned(store: Store, plan: Plan, name: str, alias: str) -> tuple[str, ...]:
    origin, learned = _champion(store, plan, alias) or ("", ())
    return learned if origin == name else ()


def _champion(store: Store, plan: Plan, alias: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the config's name of the champion, and the gold that it has learned; None without a champion."""
    tags = versions.champion_tags(store, plan.model_name, alias)
    if tags is None:
        return None
    # What learned from gold goes by another name than the classifier of the config.
    return tags.get(names.LEARNED_FROM) or tags[versions.RUN_NAME], tuple(tags.get(names.GOLD, "").split())
