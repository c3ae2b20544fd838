"""A sentence in, the same sentence in slightly other words out: by fixed rules, without a model.

English only. A rule swaps words that mean the same, in either direction, so that neither side of a pair is
systematically the rarer word. Rules know no context: a few results are clumsy, none is meant to be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

LANGUAGE = "en"

SYNONYMS = """
said stated / says states / answered replied / answers replies / happened occurred / happens occurs
began started / begins starts / begin start / tried attempted / tries attempts / trying attempting
needed required / allowed permitted / allows permits / allow permit / allowing permitting
stopped halted / stops halts / bought purchased / buy purchase / buying purchasing
chose selected / chosen selected / choose select / built constructed / build construct
gathered collected / gathering collecting / kept retained / keeps retains / showed demonstrated
shown demonstrated / showing demonstrating / helped assisted / helping assisting / got received
revealed disclosed / reveals discloses / revealing disclosing / praised commended / blamed faulted
accused charged / urged pressed / warned cautioned / warns cautions / promised pledged / promises pledges
rejected dismissed / rejects dismisses / rejecting dismissing / backed supported / backs supports
backing supporting / believed thought / believes thinks / believe think / ended finished / ends finishes
however nevertheless / because since / although though / while whereas / among amongst / until till
toward towards / perhaps maybe / especially particularly / mainly largely / completely totally
entirely wholly / immediately instantly / recently lately / currently presently / previously formerly
quickly rapidly / nearly almost / roughly approximately / obviously evidently / clearly plainly
surely certainly / also likewise / often frequently / finally ultimately / rarely seldom / merely simply
big large / bigger larger / biggest largest / small little / important essential / difficult challenging
quick rapid / rich wealthy / strong powerful / famous renowned / former previous / several various
huge massive / simple plain / clever smart / happy glad / dangerous perilous / serious grave
many numerous / obvious evident / whole complete / terrible dreadful / brave bold / current present
country nation / countries nations / company firm / companies firms / part portion / parts portions
kind type / kinds types / children kids / plan proposal / plans proposals / goal purpose / goals purposes
reason cause / reasons causes / fight battle / fights battles / fear worry / fears worries / task job
tasks jobs / risk danger / risks dangers / result consequence / results consequences / choice selection
mistake blunder / mistakes blunders / decision ruling / decisions rulings / support backing
cannot can't / do_not don't / does_not doesn't / did_not didn't / is_not isn't / was_not wasn't
are_not aren't / were_not weren't / will_not won't / would_not wouldn't / has_not hasn't / have_not haven't
could_not couldn't / should_not shouldn't / for_example for_instance / due_to because_of
each_other one_another / as_soon_as once / right_now at_present / in_order_to so_as_to
"""
"""Pairs of words that may stand for each other. To change one changes the results of the probe."""


def paraphrased(text: str) -> tuple[str, int]:
    """Replace every word that has a synonym.

    Returns
    -------
    (str, int)
        The text, and how many words were replaced.

    Examples
    --------
    >>> paraphrased("However, the minister said it was not a big country.")
    ("Nevertheless, the minister stated it wasn't a large nation.", 5)
    """
    return _pattern().subn(lambda match: _like(match[0], _others()[match[0].lower()]), text)


@cache
def _others() -> Mapping[str, str]:
    """Return word → the one that replaces it; of a word in several pairs the first counts."""
    others: dict[str, str] = {}
    for pair in SYNONYMS.replace("\n", " / ").split(" / "):
        if pair.strip():
            first, second = (word.replace("_", " ") for word in pair.split())
            others.setdefault(first, second)
            others.setdefault(second, first)
    return others


@cache
def _pattern() -> re.Pattern[str]:
    # Longest first: "did not" before a shorter one that it begins with. Not within words or hyphenated names.
    words = sorted(_others(), key=len, reverse=True)
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(map(re.escape, words))})(?![\w'-])", re.IGNORECASE)


def _like(model: str, word: str) -> str:
    """Write a word with capitals where the one that it replaces has them."""
    if model.isupper() and len(model) > 1:
        return word.upper()
    return word[0].upper() + word[1:] if model[0].isupper() else word
