"""A demonym in its sentence in, whether an office or a body of its state follows out: "Russian officials"."""

from __future__ import annotations

import re

from harness.articles.word_lists import OFFICES, either

# "Ostrelian Interior Ministry", "Ostrelian Air Force".
_BODY = re.compile(
    rf"\s+(?:(?:[A-Z][\w’'-]*|and|of)\s+){{0,4}}?(?i:{either('bodies')}|{either('body_nouns')})\b"
)


def is_body(text: str, end: int) -> bool:
    """Whether the name of a body of the state follows: "Russian Air Force", "Korean Foreign Ministry".

    Parameters
    ----------
    text : str
    end : int
        Where the demonym ends.
    """
    return _BODY.match(text, end) is not None


def is_office(text: str, end: int) -> bool:
    """Whether an office or a body of the state follows: "Russian president", "Korean foreign ministry".

    Parameters
    ----------
    text : str
    end : int
        Where the demonym ends.
    """
    words = re.findall(r"[\w’'-]+|[^\w\s]", text[end : end + 60])[:3]
    return is_body(text, end) or (
        bool(words)
        and (
            words[0].lower() in OFFICES
            or (len(words) > 1 and words[0].islower() and words[1].lower() in OFFICES)
        )
    )
