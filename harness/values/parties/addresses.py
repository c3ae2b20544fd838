"""A form in a text in, whether it is part of a web or e-mail address or of a file's name out.

Who links to a page about a party has not named it in his text: "Germany.pdf", "info@russia.example",
"https://example.org/Russia-attacks".
"""

from __future__ import annotations

import re

_REACH = 200
"""Characters of an address that are read."""

# A tag's quotes, a link's brackets and spaces end an address.
_BEFORE = re.compile(r"[^\s<>\"'()\[\]{}|]*\Z")
_AFTER = re.compile(r"[^\s<>\"'()\[\]{}|]*")
_SCHEME = re.compile(r"://|(?<!\w)www\.|\w@\Z|\w@[\w.-]+\Z")
_MAIL = re.compile(r"[\w.+-]*@[\w-]+\.\w")
_NAME_OF_FILE = re.compile(
    r"[\w.-]*\.(?:com|org|net|info|html?|php|pdf|docx?|xlsx?|pptx?|csv|txt|zip|jpe?g|png|gif|mp[34])(?!\w)"
)
_INSIDE = frozenset("/.@_=&?%+")
_INSIDE_BEFORE = _INSIDE | {"-"}


def may_be_address(text: str, start: int, end: int) -> bool:
    """Whether a mark beside a form may belong to an address; asked of every form, and nearly always no."""
    # "London-based" is far too frequent; what stands before it in an address tells enough.
    return (start > 0 and text[start - 1] in _INSIDE_BEFORE) or (
        end + 1 < len(text) and text[end] in _INSIDE and text[end + 1] != " "
    )


def in_address(text: str, start: int, end: int) -> bool:
    """Whether a form stands in an address or a file's name. A handle ("@Russia") is neither.

    Parameters
    ----------
    text : str
        Folded, see :func:`harness.values.parties.folding.fold`.
    start, end : int
        Of the form in it.
    """
    if not may_be_address(text, start, end):
        return False
    before = _BEFORE.search(text, max(0, start - _REACH), start)
    after = _AFTER.match(text, end, end + _REACH)
    if before is None or after is None:
        return False
    if _SCHEME.search(before.group()):
        return True
    return bool(_MAIL.match(after.group()) or _NAME_OF_FILE.match(after.group()))
