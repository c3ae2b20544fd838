"""An article's text or its files in, who is shown how in it out: what ``harness read`` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.articles.pipeline import read as read_articles
from harness.articles.reading_options import FRAMES, STANCE, Articles, ReadingOptions

if TYPE_CHECKING:
    from harness.articles.reading import Reading
    from harness.serving.inference import LabelModel


def read(
    article: Articles,
    *,
    stance: str | LabelModel | None = STANCE,
    frames: str | LabelModel | None = FRAMES,
    parties: str | Path | None = None,
    only: str | Sequence[str] = (),
    output: str | Path | Sequence[str | Path] = (),
    language: str = "",
) -> Reading:
    """Read an article: find who is named where, by whom, and with which stance and frames.

    Parameters
    ----------
    article : str, Path or sequence of Path
        A string is the text of an article, unless it names an existing file or ends like one (``a.txt``).
        Paths are files or folders.
    stance, frames : str, LabelModel or None
        Models or their addresses; None leaves those labels out.
    parties : path, optional
        A registry in YAML; left out, the one that ships with the package.
    only : str or sequence of str
        Names or aliases of the parties to label; left out, all that occur.
    output : path or sequence of paths
        ``.html`` for the page of one article; ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` for a table; a
        folder for a page of each article. Left out, nothing is written.
    language : str
        A code such as ``de``; left out, the language of each article is detected.

    Returns
    -------
    Reading
        ``rows`` is a DataFrame with one row for each party in a sentence; ``show()`` prints a summary.

    Raises
    ------
    ArticleError
        Where nothing could be read, an output has no known ending, or one page is asked for several articles.
    CorpusError
        Where the registry cannot be used.
    ModelError
        Where a model is missing or for the other task.

    Examples
    --------
    >>> import harness
    >>> reading = harness.read("France praised Germany.", stance=None, frames=None)
    >>> reading.rows["target"].tolist()
    ['France', 'Germany']
    """
    outputs = (output,) if isinstance(output, str | Path) else tuple(output)
    return read_articles(
        article,
        ReadingOptions(
            outputs=tuple(Path(path) for path in outputs),
            parties=Path(parties) if parties is not None else None,
            # A name is a sequence too: of its letters.
            only=(only,) if isinstance(only, str) else tuple(only),
            stance=stance,
            frames=frames,
            language=language,
        ),
    )
