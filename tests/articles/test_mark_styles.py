"""Quotation marks of every style in English, and apostrophes that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.articles.mark_styles import with_curly_marks


@pytest.mark.parametrize(
    ("text", "curly"),
    [
        ("'We won't,' she said.", "“We won't,” she said."),
        ("‘We won’t,’ she said.", "“We won’t,” she said."),
        ("'We back the workers' demands,' she said.", "“We back the workers' demands,” she said."),
        ("He told us: 'Varna lied. It must pay.'", "He told us: “Varna lied. It must pay.”"),
        ("Her 'end of the line' it was.", "Her “end of the line” it was."),
        ("'Varna lied to us.", "“Varna lied to us."),
        ("'He told me \"no\" twice,' she said.", "“He told me 'no' twice,” she said."),
        ("‘He told me “no” twice,’ she said.", "“He told me ‘no’ twice,” she said."),
        ('“It is," she said. “It is," he said.', "“It is,” she said. “It is,” he said."),
        ('"It is,” she said.', "“It is,” she said."),
        ("„It is,“ she said. „It is,” he said.", "“It is,” she said. “It is,” he said."),
        ("«It is,» she said. »It is,« he said.", "“It is,” she said. “It is,” he said."),
        ("″It is,″ she said.", '"It is," she said.'),
        ("``It is,'' she said.", " “It is,”  she said."),
    ],
)
def test_quotations_of_any_style(text: str, curly: str) -> None:
    assert with_curly_marks(text) == curly


@pytest.mark.parametrize(
    "text",
    [
        "The workers' party and the farmers' union met.",
        "In the '90s and '80s 'twas all rock 'n' roll, 'cause of 'em.",
        "Varna's 'reform' and the ministers' answer: 'no'.",
        "The dog's bone and the cat's.",
        '“He said "no" to me,” she said. “It is ‘no’.”',
        '“He said "no" to me.',
        '"It is," she said. "It was."',
        '“The 6" pipe broke,” he said.',
        "He is 6'2\" and runs 5' a day.",
    ],
)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert with_curly_marks(text) == text


@given(st.text(alphabet="ab s.,'\"“”‘’„«»`″", max_size=60))
def test_offsets_stay(text: str) -> None:
    assert len(with_curly_marks(text)) == len(text)


@pytest.mark.parametrize("mark", ["'", '"', "“", "”", "„", "« ", "``", " 'a", ' "a', "a” "])
def test_a_text_of_marks_takes_no_time(mark: str) -> None:
    assert len(with_curly_marks(mark * 20_000)) == len(mark) * 20_000
