"""A sentence with attributed words in, whether its writer comments on those words out.

"Crane said the till was full, and the ledger shows a button" is the writer's view: the sentence reports what
Crane said only to contradict it. How comments are worded stands in ``languages/en.yaml``.
"""

from __future__ import annotations

import re

from harness.articles.word_lists import either

_COMMENT = re.compile(either("comments"))


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
