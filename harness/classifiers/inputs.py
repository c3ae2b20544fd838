"""Sentence and party in, the input of a model out.

============  =================================================================================
``none``      the sentence alone: the classifier cannot know the target
``marked``    the sentence with a mark before and after each mention of the party
``masked``    the sentence with a placeholder for each mention: the name itself tells nothing
``pair``      the sentence, and the party's name (after the holder's, if there is one) as a second text
``marked_pair``  both ``marked`` and ``pair``
============  =================================================================================

Where ``marked`` or ``masked`` finds no mention in the text, the party becomes a second text, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.classifiers.protocol import Example, Target
from harness.values.parties import Span


@dataclass(frozen=True)
class Marks:
    """What is written around a mention, or in its place."""

    before: str = "["
    after: str = "]"
    mask: str = "TARGET"


@dataclass(frozen=True)
class View:
    """The input of a model for one example.

    Attributes
    ----------
    text : str
        The sentence, marked or masked where the setting says so.
    spans : tuple of (int, int)
        Offsets of the mentions in ``text``, without their marks; that of the corpus first.
    pair : str or None
        The second text, if there is one.
    """

    text: str
    spans: tuple[Span, ...] = ()
    pair: str | None = None


def view(example: Example, target: Target, marks: Marks = Marks()) -> View:
    """Return the input of a model for an example.

    Parameters
    ----------
    example : Example
    target : {"none", "marked", "masked", "pair", "marked_pair"}
        How the target is shown, see the module's docstring.
    marks : Marks

    Examples
    --------
    >>> example = Example("Varna won.", "Varna", ((0, 5),))
    >>> view(example, "marked").text
    '[Varna] won.'
    >>> view(example, "masked").text
    'TARGET won.'
    >>> view(example, "pair").pair
    'Varna'
    """
    if target == "none" or example.target is None:
        return View(example.text)
    text, spans = example.text, example.spans
    if target in ("marked", "marked_pair"):
        text, spans = _rewrite(example, marks, mask=False)
    elif target == "masked":
        text, spans = _rewrite(example, marks, mask=True)
    is_paired = target in ("pair", "marked_pair") or not spans
    return View(text, spans, _second(example, target, marks) if is_paired else None)


def _second(example: Example, target: Target, marks: Marks) -> str:
    # A masked classifier must not learn the name from the second text either.
    name = marks.mask if target == "masked" else str(example.target)
    return f"{example.holder}: {name}" if example.holder else name


def _rewrite(example: Example, marks: Marks, *, mask: bool) -> tuple[str, tuple[Span, ...]]:
    """Mark or mask the mentions; return the text with the new span of each mention."""
    pieces: list[str] = []
    new_spans: dict[Span, Span] = {}
    position = length = 0
    for start, end in sorted(set(example.spans)):
        # A mention that overlaps an earlier one stays as it is.
        if start < position:
            continue
        mention = marks.mask if mask else example.text[start:end]
        before, after = ("", "") if mask else (marks.before, marks.after)
        gap = example.text[position:start]
        pieces += [gap, before, mention, after]
        at = length + len(gap) + len(before)
        new_spans[start, end] = (at, at + len(mention))
        length = at + len(mention) + len(after)
        position = end
    pieces.append(example.text[position:])
    return "".join(pieces), tuple(new_spans[span] for span in example.spans if span in new_spans)
