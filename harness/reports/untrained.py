"""What a config says of a classifier that nothing trains in; how it gave its labels, for a paper, out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from harness.values.errors import listed
from harness.values.formatting import counted

KINDS = ("llm", "zero_shot")


def untrained(
    name: str,
    kind: str,
    options: Mapping[str, Any],
    source: Mapping[str, str],
    tuned: Collection[str],
    n_seeds: int,
) -> str:
    """Return a sentence about a classifier of :data:`KINDS`.

    Parameters
    ----------
    name, kind : str
    options : mapping
        Of the config, with all defaults.
    source : mapping
        Who answered, as it was recorded: ``model``, ``address``, ``api``, ``answered``; empty for a model on
        this machine.
    tuned : collection of str
        Options that were chosen on validation: their values are not those of the config.
    n_seeds : int
        1 where no seed changes it.
    """
    if kind == "zero_shot":
        hypothesis = options.get("hypothesis")
        of = f' of "{hypothesis}"' if hypothesis and "hypothesis" not in tuned else ""
        return (
            f"{name} ({kind}) is {options['checkpoint']}, a model of natural language inference, asked for"
            f" entailment{of}; nothing was trained"
        )
    model = source.get("model") or f"{options['model']} (as its config names it)"
    days = f" on {answered}" if (answered := source.get("answered", "")) else ""
    api = source.get("api") or options.get("api", "auto")
    how = listed(list(_asking(options, tuned)))
    seeds = f", for {counted(n_seeds, 'seed')}" if n_seeds > 1 else ""
    return (
        f"{name} ({kind}) is the language model {model}, asked at {source.get('address') or options['url']}"
        f" (api: {api}){days} with {how}{seeds}; nothing was trained"
    )


def taught(options: Mapping[str, Any]) -> str:
    """Return a clause about the language model that taught a student; empty without one."""
    teacher = options.get("teacher")
    if not isinstance(teacher, Mapping) or teacher.get("kind") not in KINDS:
        return ""
    return f", taught by {teacher.get('model') or teacher.get('checkpoint')} ({teacher['kind']})"


def _asking(options: Mapping[str, Any], tuned: Collection[str]) -> Iterator[str]:
    """Say what was shown, and how often."""
    prompt = options.get("prompt")
    if "prompt" in tuned:
        yield "a prompt"
    else:
        yield f"the prompt {PurePath(str(prompt)).name}" if prompt else "the prompt of the harness"
    shots = options.get("shots") or 0
    pick = shots if isinstance(shots, Mapping) else {"count": shots, "by": "balanced"}
    if "shots" in tuned:
        yield "training rows as examples"
    elif pick["count"]:
        which = "the nearest to each row" if pick.get("by") == "nearest" else "balanced and drawn by the seed"
        yield f"{counted(int(pick['count']), 'training row')} as examples ({which})"
    else:
        yield "no examples"
    repeats = int(options.get("repeats") or 1)
    if repeats > 1:
        yield f"{repeats} repeats of each question"
    if options.get("debias") == "prior" and "debias" not in tuned:
        yield "probabilities divided by their mean over the validation rows (debias: prior)"
