"""Labels and their wording in, the hypothesis about an example out: the sentence that may follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Formatter

from harness.classifiers.protocol import Example, Target
from harness.values.errors import Problem, suggest
from harness.values.labels import NEWS_FRAMES, NO_FRAME, POLICY_FRAMES, STANCES, LabelSet
from harness.values.yaml_files import parse_yaml

ABOUT_TARGET = "The sentence is {label} of {target}."
ABOUT_TOPIC = "The sentence is about {label}."
FIELDS = ("label", "target", "holder")

ANYONE = "anyone"
"""In place of the target where a classifier may not see it, or a row has none."""

SOMEONE = "someone"
"""In place of the holder where it is not known, or where a classifier may not see the target: whoever holds a
view toward it may give it away."""

MASK = "TARGET"
"""In place of a masked target: what :class:`harness.classifiers.inputs.Marks` writes into the sentence."""


@dataclass(frozen=True)
class Hypotheses:
    """A template and what stands in it for each label.

    Attributes
    ----------
    template : str
        With ``{label}`` and, where rows have them, ``{target}`` and ``{holder}``, whose view it is.
    wording : tuple of str
        One a label, in the order of the labels.
    target : str
        How the target is shown, see :mod:`harness.classifiers.inputs`.
    """

    template: str
    wording: tuple[str, ...]
    target: Target

    def problems(self, labels: LabelSet) -> Iterator[Problem]:
        """Yield what is wrong with the template, and wordings that cannot be told apart."""
        try:
            fields = [field for _, field, _, _ in Formatter().parse(self.template) if field is not None]
        except ValueError as error:
            yield Problem("hypothesis", f"cannot be read: {error}")
            return
        # Nothing but plain names: a field may otherwise reach into the object that is put in.
        for field in sorted(set(fields) - set(FIELDS)):
            yield Problem("hypothesis", f"has no {{{field}}} to fill in", suggest(field, FIELDS))
        for field in ("target", "holder"):
            if field in fields and labels.multi:
                what = f"has no {{{field}}} to fill in: frames are those of the sentence"
                yield Problem("hypothesis", what)
        if "label" not in fields:
            yield Problem("hypothesis", "should hold {label}: else it is the same for every label")
        for word in sorted({word for word in self.wording if self.wording.count(word) > 1}):
            yield Problem("wording", f"gives several labels the same words, {word!r}")

    def has(self, field: str) -> bool:
        """Whether the template has a place for ``target`` or ``holder``."""
        return field in [each for _, each, _, _ in Formatter().parse(self.template)]

    def of(self, name: str, holder: str = "") -> tuple[str, ...]:
        """Return the hypothesis of each label about a target and a holder of these names."""
        pieces = list(Formatter().parse(self.template))
        # Not str.format: a name may hold braces itself, and a format reaches into what it is given.
        return tuple(
            "".join(
                literal + ({"label": word, "target": name, "holder": holder}[field] if field else "")
                for literal, field, _, _ in pieces
            )
            for word in self.wording
        )

    def name_of(self, example: Example) -> str:
        """Return what stands for the target of an example; empty where the template does not name it."""
        if not self.has("target"):
            return ""
        return {"none": ANYONE, "masked": MASK}.get(self.target, example.target or ANYONE)

    def holder_of(self, example: Example) -> str:
        """Return what stands for the holder of an example; empty where the template does not name it."""
        if not self.has("holder"):
            return ""
        holder = SOMEONE if self.target == "none" else example.holder or SOMEONE
        # A party that speaks of itself would show what is masked in the sentence.
        is_masked = self.target == "masked" and holder == example.target
        return MASK if is_masked else holder


def make(hypothesis: str, wording: Mapping[str, str], target: Target, labels: LabelSet) -> Hypotheses:
    """Fill in what a config leaves out: the template by the labels, the wording by the codebooks.

    Parameters
    ----------
    hypothesis : str
        Empty for the default.
    wording : mapping
        Label → its words; labels without any have those of the codebook, or else their name.
    target : str
    labels : LabelSet
    """
    shipped = _shipped(labels)
    words = {name: shipped.get(name, name.replace("_", " ")) for name in labels.names} | dict(wording)
    default = ABOUT_TARGET if set(labels.names) <= set(STANCES) else ABOUT_TOPIC
    return Hypotheses(hypothesis or default, tuple(words[name] for name in labels.names), target)


def _shipped(labels: LabelSet) -> Mapping[str, str]:
    """Return the words of one codebook for labels; nothing where none of them has all labels."""
    source = files("harness.classifiers.zero_shot") / "wordings.yaml"
    books: Mapping[str, Mapping[str, str]] = parse_yaml(source.read_text(encoding="utf-8"))
    sets = {"stance": STANCES, "generic_frames": NEWS_FRAMES, "policy_frames": POLICY_FRAMES}
    # One book for all labels: morality means one thing among news frames and another among policy frames.
    for book, names in sets.items():
        if set(labels.names) <= {*names, NO_FRAME}:
            return {**books[book], **books[NO_FRAME]}
    return {}
