"""Texts and a registry in, names in political roles that the registry lacks out; no model is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.articles.article_files import read_articles
from harness.articles.grammar import ENGLISH, grammar_of
from harness.articles.sentences import split_sentences
from harness.articles.unknown_names import UnknownName, UnknownNames, unknown_names
from harness.values.errors import ArticleError, Problem
from harness.values.language import codes, detect
from harness.values.parties import read, shipped
from harness.values.parties.translations import in_language, shipped_in


def unknown_in(
    paths: Sequence[Path], parties: Path | None = None, *, minimum: int = 2, language: str = ""
) -> tuple[list[UnknownName], int]:
    """Find names in political roles that a registry lacks.

    Parameters
    ----------
    paths : sequence of Path
        Texts, HTML, JSONL, folders of them, or ``-``.
    parties : Path, optional
        A registry; left out, the one that ships, in the language of each text.
    minimum : int
        Sentences that name it, at least.
    language : str
        Code of the texts' language; empty to detect that of each.

    Returns
    -------
    list of UnknownName, int
        The most frequent first; the number of texts.

    Raises
    ------
    ArticleError
        Where nothing could be read, or the language is unknown.
    CorpusError
        Where the registry cannot be used.
    """
    registry = shipped() if parties is None else read(parties)
    try:
        stated = codes(language)[0] if language else ""
    except ValueError as error:
        raise ArticleError([Problem("language", str(error))]) from None
    names, n_texts = UnknownNames(), 0
    problems: list[Problem] = []
    for article in read_articles(paths):
        if isinstance(article, ArticleError):
            problems += article.problems
            continue
        n_texts += 1
        spoken = stated or detect(f"{article.title}\n{article.text}") or ENGLISH
        sentences = split_sentences(article.text, title=article.title, language=spoken)
        names_in = shipped_in(spoken) if parties is None else in_language(registry, spoken)
        names.merge(unknown_names(sentences, names_in, grammar_of(spoken) if spoken != ENGLISH else None))
    if not n_texts:
        raise ArticleError(problems or [Problem("", "no text was found")])
    return names.candidates(minimum), n_texts
