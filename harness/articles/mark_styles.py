"""A paragraph of English in, the same with its quotations between curly double marks out, letter for letter.

Articles quote in many styles: 'We won't,' she said; „We won't,“ she said; “We won't," she said, where one
mark of two was replaced. All of them become the style that :mod:`harness.articles.quotations` reads.
Marks that are right are left alone, and so are apostrophes.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

# Marks of other languages and of typewriters, which English texts have, too.
_PLAIN = str.maketrans({"‟": "“", "″": '"', "＂": '"'})
_FOREIGN = re.compile('„([^„“”"]*)[“”"]|«([^«»]*)»|»([^«»]*)«')
_TYPEWRITER = re.compile(r"``(?=\S)([^`]*?)''")
# Straight marks do not say which way they face: what stands around them does.
_FACES_RIGHT = re.compile(r"(?<![^\s(\[—–‘'])\"(?=[^\s,.;:!?)])")
_FACES_LEFT = re.compile(r"(?<=[^\s\d])\"(?!\w)")
_DOUBLE = re.compile(r"“[^”]*(?:”|$)|\"[^\"]*(?:\"|$)")

# 'tis, '90s, rock 'n' roll: apostrophes at the beginning of a word.
_ELIDED = r"(?:\d|(?:n|em|til|tis|twas|cause|bout|round|cos|er|im)\b)"
_OPENING = re.compile(rf"(?<![^\s(\[—–“\"])['‘](?=[\w“\"])(?!{_ELIDED})", re.IGNORECASE)
_CLOSING = re.compile(r"(?<=[^\s'’‘])['’](?!\w)")
_AFTER_STOP = ",.!?…"
# Characters between single marks without a full stop or comma: shorter ones may be words with apostrophes.
_MIN_PHRASE = 12


def with_curly_marks(text: str) -> str:
    """Write the quotations of a paragraph between curly double marks; offsets stay what they were.

    Straight double marks that have a partner are left as they are. What stands in quotation marks within a
    quotation stands between single ones then.

    Examples
    --------
    >>> with_curly_marks("'We won't,' she said. The workers' union cheered.")
    "“We won't,” she said. The workers' union cheered."
    """
    text = _FOREIGN.sub(lambda match: f"“{match.group()[1:-1]}”", text.translate(_PLAIN))
    return _without_singles(_without_mixtures(_TYPEWRITER.sub(r" “\1” ", text)))


def _without_mixtures(text: str) -> str:
    """Turn straight marks that have a curly partner: “It is over," she said."""
    if '"' not in text or not ("“" in text or "”" in text):
        return text
    characters = list(text)
    rights = {match.start() for match in _FACES_RIGHT.finditer(text)}
    lefts = {match.start() for match in _FACES_LEFT.finditer(text)}
    # Straight marks after which the next curly one closes a quotation: theirs are still to come.
    closed_later = {
        index
        for match in re.finditer("[^“”]*”", text)
        for index in range(*match.span())
        if text[index] == '"'
    }
    opened = -1  # where the quotation began
    nested = False  # whether straight marks are open within curly ones
    for index, character in enumerate(text):
        if character == "“":
            opened, nested = index, False
        elif character == "”":
            if opened >= 0 and text[opened] == '"':
                characters[opened] = "“"
            opened = -1
        elif character == '"' and opened >= 0 and text[opened] == "“":
            if index in rights:
                nested = True
            elif nested:
                nested = False
            elif index in lefts and index not in closed_later:
                characters[index], opened = "”", -1
        elif character == '"':
            opened = -1 if opened >= 0 else index if index in rights else -1
    return "".join(characters)


def _without_singles(text: str) -> str:
    """Turn single marks around what is quoted, outside double ones."""
    openings = [match.start() for match in _OPENING.finditer(text)] if re.search("['‘]", text) else []
    if not openings:
        return text
    closings = [match.start() for match in _CLOSING.finditer(text)]
    doubles = {index for match in _DOUBLE.finditer(text) for index in range(match.start() + 1, match.end())}
    characters = list(text)
    past = 0
    for opening, following in zip(openings, [*openings[1:], len(text)], strict=True):
        if opening < past or opening in doubles:
            continue
        between = slice(bisect_right(closings, opening), bisect_left(closings, following))
        closing = _partner(text, opening, closings[between])
        if closing is None:
            # Where the next paragraph goes on with what is quoted, a mark at the beginning has no partner.
            if opening == 0 and not any(text[end - 1] in _AFTER_STOP for end in closings):
                characters[0] = "“"
            continue
        # What was quoted within is still told apart.
        inner = "".join(characters[opening + 1 : closing])
        characters[opening + 1 : closing] = inner.replace("“", "‘").replace("”", "’").replace('"', "'")
        characters[opening], characters[closing] = "“", "”"
        past = closing
    return "".join(characters)


def _partner(text: str, opening: int, closings: list[int]) -> int | None:
    """Return the mark that closes a quotation: one behind a full stop or comma before any other."""
    stops = [end for end in closings if text[end - 1] in _AFTER_STOP]
    if stops:
        return stops[0]
    # "the workers' demands": behind an s it is an apostrophe as often.
    phrases = [end for end in closings if text[end - 1] != "s"] or closings
    return phrases[0] if phrases and phrases[0] - opening > _MIN_PHRASE else None
