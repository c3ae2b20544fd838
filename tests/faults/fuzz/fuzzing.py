"""Mutations of good inputs, drawn by Hypothesis; and how many are tried."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st

SECONDS = 2.0
"""Processor time after which an input counts as one that hangs."""

SEED = 20_300_501

# What breaks readers: quotes, brackets, control characters, halves of characters, long numbers, bombs.
TOKENS = (
    *('"', "'", "“", "\n", "\r", "\t", "\0", "\x1b", "\u2028", "\ufeff", "\ufffd", "￿", "\\", "\\ud83d"),
    *(
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "&",
        "*",
        "&a ",
        "*a",
        "<<: *a",
        "<<:",
        "!!int ",
        "!!binary ",
        "? ",
    ),
    *(
        ": ",
        "- ",
        "~",
        "null",
        "true",
        "nan",
        ".inf",
        "-1",
        "0",
        "1e999",
        "9" * 26,
        "9" * 5000,
        "0x",
        "2031-13-45",
    ),
    *(
        "~nosuchuser",
        "~nosuchuser/a",
        "/dev/null",
        "a\0b",
        "../..",
        "hex",
        "utf-16",
        "${NO_SUCH_NAME}",
        "${X:",
        "%",
    ),
    *(
        "[" * 200,
        "{a: " * 150,
        "a" * 1200,
        "=1+1",
        "@",
        ";",
        ",",
        "|",
        "…",
        "İ",
        "ß",
        "\U0001f600",
        "é",
        " " * 300,
    ),
)


@st.composite
def edited(draw: st.DrawFn, originals: st.SearchStrategy[str]) -> str:
    """A text with a few edits: a piece cut out, doubled, replaced by a token, or moved."""
    text = draw(originals)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        token = draw(st.sampled_from(TOKENS) | st.text(max_size=4))
        text = draw(
            st.sampled_from(
                (
                    text[:start] + token + text[start:],
                    text[:start] + token + text[end:],
                    text[:start] + text[end:],
                    text[:end] + text[start:end] * 2 + text[end:],
                    text[end:] + text[start:end],
                )
            )
        )
    return text


@st.composite
def damaged(draw: st.DrawFn, originals: st.SearchStrategy[bytes]) -> bytes:
    """Bytes with a few flips, cuts and runs of one byte, as of a bad disk or a broken download."""
    data = bytearray(draw(originals))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        length = draw(st.integers(1, 30))
        edit = draw(st.integers(0, 3))
        if edit == 0 and start < len(data):
            data[start] ^= 1 << draw(st.integers(0, 7))
        elif edit == 1:
            data[start : start + length] = bytes([draw(st.integers(0, 255))]) * length
        elif edit == 2:
            del data[start : start + length]
        else:
            del data[start:]
    return bytes(data)


def fuzz(examples: int, *, number: int = SEED) -> Callable[[Any], Any]:
    """Settings of a fuzz: so many inputs, from a seed that is printed, so that they can be drawn again."""

    def decorate(test: Any) -> Any:
        print(f"{test.__name__}: {examples} inputs, seed {number}")
        strict = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        )
        return seed(number)(strict(test))

    return decorate


def tried(call: Callable[[], object], documented: type[Exception] | tuple[type[Exception], ...]) -> str:
    """Call, and return the message of a documented error; any other one, and any that hangs, is a fault."""
    start, message = time.process_time(), ""
    try:
        call()
    except documented as error:
        message = str(error)
        assert message.strip(), "an error without a message"
    seconds = time.process_time() - start
    if seconds > SECONDS:
        pytest.fail(f"took {seconds:.1f} s")
    return message
