"""A run's config in; what its classifier was trained on, and what it must not be used for, out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.corpora.card import Card, card_of
from harness.values.catalog import CATALOGUES, lookup
from harness.values.formatting import counted

UNLIKE = (
    "sentences unlike these (other outlets, topics, languages or times), unless its labels are checked on a"
    " hand-labelled random sample of them"
)


def training_statement(config: Mapping[str, Any], rows: int) -> tuple[str, str]:
    """Say what a classifier was trained on, and what it must not be used for.

    Parameters
    ----------
    config : mapping
        The config of its run, with all defaults; empty where it is gone.
    rows : int
        Training rows; 0 where that is unknown.

    Returns
    -------
    tuple of (str, str)
        Both empty where the config is gone.
    """
    corpus = config.get("corpus")
    if not isinstance(corpus, Mapping):
        return "", ""
    parts = [part for part in corpus.get("of", ()) if isinstance(part, Mapping)] or [corpus]
    cards = [_card(str(part.get("kind", ""))) for part in parts]
    named = [_name(part, card) for part, card in zip(parts, cards, strict=True)]
    count = f", {counted(rows, 'row')}" if rows else ""
    refusals = dict.fromkeys(card.not_for for card in cards if card is not None and card.not_for)
    return f"{' and '.join(named)}{count}", "; ".join([*refusals, UNLIKE])


def _name(part: Mapping[str, Any], card: Card | None) -> str:
    # A corpus of one's own has a name of its own, or at least a file's.
    given = part.get("name")
    if card is None or (isinstance(given, str) and given):
        return str(given or part.get("kind", "an unknown corpus"))
    return card.title


def _card(kind: str) -> Card | None:
    return card_of(kind, lookup("corpus", kind, "")) if kind in CATALOGUES["corpus"] else None
