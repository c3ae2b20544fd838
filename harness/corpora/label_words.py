"""A file's labels in, the stances that they probably stand for out, as YAML to be pasted into a config."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from harness.values.labels import STANCES
from harness.values.polarity import guess_label

UNKNOWN_LABEL = "TODO"
"""Stands in a label map for a label that nobody can guess; no label set has it, so that it is refused."""


def guess_label_map(values: Sequence[str]) -> dict[str, str]:
    """Guess the stance of each label: by its word, or of numbers by their order.

    Parameters
    ----------
    values : sequence of str
        All labels of a file.

    Returns
    -------
    dict
        Label → stance, or :data:`UNKNOWN_LABEL`. Numbers are taken as a scale from critical to supportive.

    Examples
    --------
    >>> guess_label_map(["-1.0", "0.0", "1.0"])
    {'-1.0': 'critical', '0.0': 'neutral', '1.0': 'supportive'}
    """
    distinct = list(dict.fromkeys(values))
    numbers = {value: _number(value) for value in distinct}
    if distinct and all(number is not None for number in numbers.values()):
        scale = sorted({number for number in numbers.values() if number is not None})
        return {
            value: _on_scale(scale.index(number), len(scale))
            for value, number in sorted(numbers.items(), key=lambda pair: pair[1] or 0.0)
            if number is not None
        }
    return {value: guess_label(value) or UNKNOWN_LABEL for value in distinct}


def number_text(text: str) -> str:
    """Write a number in one way, whatever its sign, its zeros and its decimal mark; other text stays.

    Examples
    --------
    >>> [number_text(text) for text in ("1.0", "+1", "-1,50", "-0", "True", "1.2.3")]
    ['1', '1', '-1.5', '0', 'true', '1.2.3']
    """
    if text in ("True", "False"):
        return text.lower()
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    sign, whole, fraction = match[1], match[2], match[3]
    number = f"{whole}.{fraction}" if fraction else whole
    return f"-{number}" if sign == "-" and number != "0" else number


_NUMBER = re.compile(r"([+-]?)0*(\d+?)(?:[.,](\d*?)0*)?")


def yaml_scalar(value: str) -> str:
    """Write a text as a YAML scalar: plain where that is safe, else in double quotes.

    Examples
    --------
    >>> yaml_scalar("favor"), yaml_scalar("-1"), yaml_scalar("no, never")
    ('favor', '-1', '"no, never"')
    """
    plain = re.fullmatch(r"[^\W\d][\w./-]*|-?\d+", value) and value not in ("true", "false", "null")
    return value if plain else json.dumps(value, ensure_ascii=False)


def yaml_mapping(pairs: Mapping[str, str | None]) -> str:
    """Write a mapping in one line of YAML, to be pasted into a config.

    Examples
    --------
    >>> yaml_mapping({"favor": "supportive", "mixed": None})
    '{favor: supportive, mixed: null}'
    """
    cells = {key: "null" if value is None else yaml_scalar(value) for key, value in pairs.items()}
    return "{" + ", ".join(f"{yaml_scalar(key)}: {cell}" for key, cell in cells.items()) + "}"


def _number(value: str) -> float | None:
    try:
        return float(number_text(value))
    except ValueError:
        return None


def _on_scale(index: int, length: int) -> str:
    if length % 2 and index == length // 2 and length > 1:
        return STANCES[1]
    return STANCES[0] if index < length / 2 else STANCES[2]
