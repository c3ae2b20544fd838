"""Which names are found as targets, and where."""

from __future__ import annotations

from experiments.encoder.names import named


def test_names_are_found_without_what_begins_a_sentence() -> None:
    texts = [
        "The Coastal Union attacked Mr. Varna on Monday.",
        "But Harbour Party members met the Coastal Union.",
        'Members praised Varna. "Again," said the Bank of Coast.',
        "Again, the hill was quiet.",
    ]
    found = named([*texts, texts[0]])
    assert [(one.text, one.target) for one in found] == [
        (texts[1], "Harbour Party"),
        (texts[1], "Coastal Union"),
        (texts[2], "Varna"),
        (texts[2], "Bank of Coast"),
        (texts[0], "Coastal Union"),
        (texts[0], "Mr. Varna"),
    ]
    assert all(one.text[slice(*one.spans[0])] == one.target for one in found)
