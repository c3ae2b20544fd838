"""Every corpus of the catalogue in small."""

from __future__ import annotations

from tests.corpora.small_articles import TEXT, basil, media_frames, seesaw, semeval2023
from tests.corpora.small_rows import (
    files,
    gvfc,
    hub,
    narrative_frames,
    newsmtsc,
    partyline,
    pstance,
    semeval2016,
    tweeteval,
    vast,
    xstance,
)
from tests.corpora.spoiling import Small

__all__ = ["SMALL", "TEXT", "Small"]

SMALL = {
    make.__name__: make
    for make in (
        partyline,
        files,
        hub,
        newsmtsc,
        pstance,
        vast,
        seesaw,
        gvfc,
        narrative_frames,
        semeval2016,
        tweeteval,
        xstance,
        media_frames,
        semeval2023,
        basil,
    )
}
