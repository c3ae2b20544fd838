"""A sentence and where it attributes words in it in, whether its writer then comments on them out.

"Crane said the till was full, and the ledger shows a button" is the writer's: what the sentence says of Crane
stands against her words.
"""

from __future__ import annotations

import re

_RECORD = (
    r"(?:photographs?|photos?|pictures?|logs?|records?|receipts?|files?|registers?|ledgers?|inventory|counts?|minutes|maps?|figures?|"
    r"documents?|invoices?|videos?|footage|cameras?|books?|diary|calendar|accounts?|data|papers?|emails?|transcripts?|evidence|facts?)"
)
_SHOWS = (
    r"(?:shows?|showed|bears?|bore|lists?|contradicts?|contradicted|makes?|made|proves?|proved|says?\s+otherwise|"
    r"suggests?\s+otherwise|tells?\s+(?:another|a\s+different)|gives?|puts?|has|have)"
)
_COMMENT = re.compile(
    rf"(?:;|,\s+(?:and|but|yet|though|although|while|whereas))\s+(?:[\w’'-]+\s+){{0,4}}?{_RECORD}\b[^.;]{{0,60}}?\b{_SHOWS}\b"
    r"|,\s+which\s+(?:is|was)\s+(?:exactly|precisely|just|more|less|what|odd|true|untrue|false|not|news|nonsense|rich|one\s+way)\b"
    r"|,\s+an?\s+(?:[\w-]+\s+)?(?:assurance|claim|promise|statement|denial|boast|explanation|answer|excuse|line)\s+"
    r"(?:that|which|one|nobody|few|not)\b"
    r"|,\s+(?:and|but|though)\s+(?:its|his|her|their)\s+(?:\w+\s+)?(?:weakness|trouble|flaw|difficulty|fault|memory)\b"
    r"|,\s+(?:and|but|though|for)\s+(?:I|we|one|nobody|nothing|no\s+one)\s"
    r"|,\s+(?:though|although|but)\s+there\s+(?:is|was)\s+(?:no|little)\b"
    r"|;\s+(?:it|he|she|they)\s+(?:merely|simply|did\s+not|has\s+not|have\s+not|had\s+not)\b"
    r"|,\s+who\s+(?:has|have|had)\s+(?:not|never|yet)\b"
)


def is_commented_on(bare: str, start: int) -> bool:
    """Whether what follows a place speaks against or for what was said there.

    Parameters
    ----------
    bare : str
        A sentence, its quotations blanked.
    start : int
        Where its attribution ends.
    """
    return _COMMENT.search(bare, start) is not None
