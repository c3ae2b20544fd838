"""A sentence with attributed words in, whether its writer comments on those words out.

"Crane said the till was full, and the ledger shows a button" is the writer's view: the sentence reports what
Crane said only to contradict it.
"""

from __future__ import annotations

import re

# Records that a writer holds against what somebody said.
_RECORD = (
    r"(?:photographs?|photos?|pictures?|logs?|records?|receipts?|files?|registers?|ledgers?|inventory|counts?|minutes|maps?|figures?|"
    r"documents?|invoices?|videos?|footage|cameras?|books?|diary|calendar|accounts?|data|papers?|emails?|transcripts?|evidence|facts?)"
)
# What such a record does: it shows, contradicts, puts the number elsewhere.
_SHOWS = (
    r"(?:shows?|showed|bears?|bore|lists?|contradicts?|contradicted|makes?|made|proves?|proved|says?\s+otherwise|"
    r"suggests?\s+otherwise|tells?\s+(?:another|a\s+different)|gives?|puts?|has|have)"
)
_COMMENT = re.compile(
    # "; the ledger shows", ", but his own records put it at"
    rf"(?:;|,\s+(?:and|but|yet|though|although|while|whereas))\s+(?:[\w’'-]+\s+){{0,4}}?{_RECORD}\b[^.;]{{0,60}}?\b{_SHOWS}\b"
    # ", which is exactly what she said of the last one"
    r"|,\s+which\s+(?:is|was)\s+(?:exactly|precisely|just|more|less|what|odd|true|untrue|false|not|news|nonsense|rich|one\s+way)\b"
    # ", a claim that nobody believes"
    r"|,\s+an?\s+(?:[\w-]+\s+)?(?:assurance|claim|promise|statement|denial|boast|explanation|answer|excuse|line)\s+"
    r"(?:that|which|one|nobody|few|not)\b"
    # ", and its weakness"; ", but nobody"; ", though there was little"
    r"|,\s+(?:and|but|though)\s+(?:its|his|her|their)\s+(?:\w+\s+)?(?:weakness|trouble|flaw|difficulty|fault|memory)\b"
    r"|,\s+(?:and|but|though|for)\s+(?:I|we|one|nobody|nothing|no\s+one)\s"
    r"|,\s+(?:though|although|but)\s+there\s+(?:is|was)\s+(?:no|little)\b"
    # "; he did not"; ", who has never"
    r"|;\s+(?:it|he|she|they)\s+(?:merely|simply|did\s+not|has\s+not|have\s+not|had\s+not)\b"
    r"|,\s+who\s+(?:has|have|had)\s+(?:not|never|yet)\b"
)


def is_commented_on(bare: str, start: int) -> bool:
    """Whether the rest of a sentence comments on the words attributed at ``start``.

    Parameters
    ----------
    bare : str
        A sentence, its quotations blanked.
    start : int
        Character offset of the attribution.
    """
    return _COMMENT.search(bare, start) is not None
