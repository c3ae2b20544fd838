"""A sentence in, its data out: a test asserts on these, so that the sentence itself may be bettered."""

from __future__ import annotations

import re


def numbers(text: str) -> list[float]:
    """Return the numbers of a text; those within names and dates, as in ``s31``, are none.

    >>> numbers("f1_macro 0.700 on 1,209 rows, s31 among them, 5 folds")
    [0.7, 1209.0, 5.0]
    """
    return [float(number.replace(",", "")) for number in re.findall(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?", text)]


def words(text: str) -> list[str]:
    """Return the words and names of a text.

    >>> words("unknown label 'critcal'; known: critical, f1_macro")
    ['unknown', 'label', 'critcal', 'known', 'critical', 'f1_macro']
    """
    return re.findall(r"\w+", text)
