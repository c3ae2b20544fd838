"""Sentence and party in, what a model sees out.

============  =================================================================================
``none``      the sentence alone: a classifier that is blind to the target
``marked``    mentions of the party set in context between two marks
``masked``    mentions of the party replaced by a placeholder: the name itself tells nothing
``pair``      the sentence, and the party's name (and the holder, where known) as a second text
``marked_pair``  both
============  =================================================================================

Where ``marked`` or ``masked`` finds no mention in the text, the party is paired with the sentence instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.classifiers.protocol import Example, Target
from harness.values.parties import Span


@dataclass(frozen=True)
class Marks:
    """What is written around or in place of a mention."""

    before: str = "["
    after: str = "]"
    mask: str = "TARGET"


@dataclass(frozen=True)
class View:
    """What a model sees of an example.

    Attributes
    ----------
    text : str
        The sentence, marked or masked as asked.
    spans : tuple of (int, int)
        Where the mentions stand in ``text``, marks not counted, the given one first.
    pair : str or None
        The second text.
    """

    text: str
    spans: tuple[Span, ...] = ()
    pair: str | None = None


def view(example: Example, target: Target, marks: Marks = Marks()) -> View:
    """Show an example in the way a setting asks.

    Examples
    --------
    >>> one = Example("Varna won.", "Varna", ((0, 5),))
    >>> view(one, "marked").text
    '[Varna] won.'
    >>> view(one, "masked").text
    'TARGET won.'
    >>> view(one, "pair").pair
    'Varna'
    """
    if target == "none" or example.target is None:
        return View(example.text)
    text, spans = example.text, example.spans
    if target in ("marked", "marked_pair"):
        text, spans = _rewrite(example, marks, keep=True)
    elif target == "masked":
        text, spans = _rewrite(example, marks, keep=False)
    paired = target in ("pair", "marked_pair") or not spans
    return View(text, spans, _second(example, target, marks) if paired else None)


def _second(example: Example, target: Target, marks: Marks) -> str:
    name = marks.mask if target == "masked" else str(example.target)
    return f"{example.holder}: {name}" if example.holder else name


def _rewrite(example: Example, marks: Marks, *, keep: bool) -> tuple[str, tuple[Span, ...]]:
    pieces: list[str] = []
    placed: dict[Span, Span] = {}
    position = length = 0
    for start, end in sorted(set(example.spans)):
        if start < position:
            continue
        mention = example.text[start:end] if keep else marks.mask
        before, after = (marks.before, marks.after) if keep else ("", "")
        gap = example.text[position:start]
        pieces += [gap, before, mention, after]
        at = length + len(gap) + len(before)
        placed[start, end] = (at, at + len(mention))
        length = at + len(mention) + len(after)
        position = end
    pieces.append(example.text[position:])
    return "".join(pieces), tuple(placed[span] for span in example.spans if span in placed)
