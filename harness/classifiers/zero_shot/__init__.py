"""Examples in, what a model of natural language inference says of them out; nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.classifiers import checkpoints
from harness.classifiers.protocol import Target, needs_no_training
from harness.classifiers.zero_shot import hypotheses
from harness.classifiers.zero_shot.classifier import ZeroShot, read
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.labels import LabelSet


@needs_no_training
def zero_shot(
    *,
    checkpoint: str,
    hypothesis: str = "",
    wording: Mapping[str, str] | None = None,
    target: Target = "pair",
    max_tokens: int = 128,
    labels: LabelSet,
) -> ZeroShot:
    """Ask a model of natural language inference whether a sentence entails each label; nothing is trained.

    Each label becomes a hypothesis (Yin, Hay & Roth 2019). For one label a row its probability is the softmax
    over the entailment scores of all hypotheses; where several may apply it is entailment against
    contradiction. ``tune: {hypothesis: [...]}`` chooses between
    hypotheses.

    Parameters
    ----------
    checkpoint : str
        A classifier of text pairs with an output called entailment, or a cross-encoder with a single output;
        see :mod:`harness.classifiers.checkpoints`.
    hypothesis : str
        A sentence with ``{label}`` and, for stance, ``{target}`` and ``{holder}``, whose view it is
        (``someone`` where that is not known, or ``target`` is ``none``). Default: ``The sentence is {label}
        of {target}.`` for stance, else ``The sentence is about {label}.``
    wording : mapping, optional
        Label → what stands for ``{label}``; the others have a few words of the codebook, or their name.
    target : str
        How the sentence shows the target, see :mod:`harness.classifiers.inputs`; the hypothesis names it
        unless it is ``masked`` (``TARGET``) or ``none`` (``anyone``).
    max_tokens : int
        Of sentence and hypothesis, at least 32. Of a longer row the sentence is cut to a window around its
        target, never the hypothesis.
    labels : LabelSet
        Passed in by the harness.

    Raises
    ------
    ConfigError
        With every option that is out of range, or a checkpoint that does not exist.
    """
    problems = []
    if max_tokens < 32:
        problems.append(Problem("max_tokens", f"should be at least 32, got {max_tokens}"))
    for name in sorted(set(wording or {}) - set(labels.names)):
        hint = suggest(name, labels.names)
        problems.append(Problem(f"wording.{name}", f"there is no label {name!r}", hint))
    words = {name: word for name, word in (wording or {}).items() if name in labels.names}
    filled = hypotheses.make(hypothesis, words, target, labels)
    problems += filled.problems(labels)
    try:
        checkpoints.check(checkpoint)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return ZeroShot(checkpoint, filled, max_tokens, labels)


def load(folder: Path, labels: LabelSet) -> ZeroShot:
    """Read a saved classifier; see :func:`harness.classifiers.zero_shot.classifier.read`."""
    return read(folder, labels)
