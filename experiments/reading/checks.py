"""The sentences of Partyline, ``implied`` and ``obvious`` in, what they share and how they are spread out.

    python -m experiments.reading.checks

Names are masked before sentences are compared: a sentence used again with another party is found.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from experiments.obvious.check import SENTENCES
from experiments.reading.make_corpus import IMPLIED
from harness.corpora.readers.partyline import partyline
from harness.splits.leaks import leaks
from harness.values.findings import Finding
from harness.values.labels import STANCE
from harness.values.parties import Registry, find_name
from harness.values.tables import Corpus

RUN = 6
"""Words in a row that no two sentences may share."""

MAX_OPENING = 0.01
"""Share of the rows whose sentences may open with the same three words."""

CORE, TRAINING, DEV, TEST = "core", "training", "dev", "test"


@dataclass(frozen=True)
class Sentence:
    """A sentence of a set, its names masked."""

    part: str
    place: str
    words: tuple[str, ...]


def words(text: str, spans: Iterable[tuple[int, int]] = ()) -> tuple[str, ...]:
    """Return the words of a text in lower case, each of the spans as one word ``NAME``.

    Examples
    --------
    >>> words("Varna’s port closed.", [(0, 5)])
    ('NAME', 's', 'port', 'closed')
    """
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]} \0 {text[end:]}"
    return tuple("NAME" if word == "\0" else word for word in re.findall(r"\0|\w+", text.lower()))


def sentences(rows: pd.DataFrame, registry: Registry, part: str) -> list[Sentence]:
    """Return the distinct sentences of a corpus's rows, every registered name masked."""
    unique = rows.drop_duplicates("text")
    return [
        Sentence(part, str(place), words(text, [(m.start, m.end) for m in registry.mentions(text)]))
        for place, text in zip(unique["id"], unique["text"], strict=True)
    ]


def obvious() -> list[Sentence]:
    """Return the sentences of ``experiments/obvious``, their targets masked."""
    rows = pd.read_csv(SENTENCES)
    return [
        Sentence("obvious", f"obvious:{number}", words(text, find_name(text, target)))
        for number, (text, target) in enumerate(zip(rows["text"], rows["target"], strict=True), start=1)
    ]


def part_of(rows: pd.DataFrame) -> pd.Series:
    """Return the part of each row of Partyline: core or training for train, else its split."""
    in_training = rows["group"].astype(str).str.startswith("pt")
    train = in_training.map({True: TRAINING, False: CORE})
    return rows["split"].astype(str).where(rows["split"] != "train", train)


def everything() -> tuple[Corpus, Corpus]:
    """Return Partyline and the implied set."""
    return partyline(), partyline(folder=IMPLIED)


def all_sentences(full: Corpus, implied: Corpus) -> list[Sentence]:
    """Return the sentences of every part."""
    parts = part_of(full.rows)
    found = [
        sentence
        for part in (CORE, TRAINING, DEV, TEST)
        for sentence in sentences(full.rows[parts == part], full.parties, part)
    ]
    return [*found, *sentences(implied.rows, implied.parties, "implied"), *obvious()]


def shared_runs(among: Sequence[Sentence], length: int = RUN) -> Iterator[tuple[Sentence, Sentence, str]]:
    """Yield the first two sentences of every run of words that several share."""
    first: dict[tuple[str, ...], Sentence] = {}
    for sentence in among:
        for run in zip(*(sentence.words[k:] for k in range(length)), strict=False):
            other = first.setdefault(run, sentence)
            if other is not sentence:
                yield other, sentence, " ".join(run)


def commonest_opening(texts: Sequence[str]) -> tuple[str, float]:
    """Return the three words with which most of the rows' sentences open, and their share of the rows."""
    openings = Counter(" ".join(words(text)[:3]) for text in texts)
    opening, count = openings.most_common(1)[0]
    return opening, count / len(texts)


def lengths(texts: Iterable[str]) -> pd.Series:
    """Return the number of words of each distinct sentence."""
    return pd.Series([len(words(text)) for text in dict.fromkeys(texts)])


@dataclass(frozen=True)
class Parts:
    """The ids of a fold."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    calibration: tuple[str, ...] = ()
    tuning: tuple[str, ...] = ()


def gate(full: Corpus, implied: Corpus | None = None) -> Finding:
    """Return the finding of the project's leak gate on train against dev and test, or against implied."""
    rows = full.rows
    train, dev, test = (
        tuple(rows.loc[rows["split"] == part, "id"].astype(str)) for part in ("train", DEV, TEST)
    )
    if implied is None:
        return leaks().inspect(full, [Parts(train, dev, test)], STANCE).finding
    joined = replace(full, rows=pd.concat([rows, implied.rows], ignore_index=True))
    apart = Parts(train, (), tuple(implied.rows["id"].astype(str)))
    return leaks().inspect(joined, [apart], STANCE).finding


def spread(full: Corpus) -> pd.DataFrame:
    """Return the new rows by writer and label, and by register."""
    rows = full.rows[part_of(full.rows) == TRAINING]
    writer = rows["group"].str.slice(1, 3).rename("writer")
    return pd.crosstab([writer, rows["register"]], rows["stance"], margins=True)


def main() -> None:
    """Print every check."""
    full, implied = everything()
    among = all_sentences(full, implied)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for one, other, run in shared_runs(among):
        counts[one.part, other.part] += 1
        print(f"shared: {one.part} {one.place} and {other.part} {other.place}: {run}")
    print(f"{len(among):,} sentences; runs of {RUN} words that two share: {dict(counts) or 'none'}")
    parts = part_of(full.rows)
    for part in (CORE, TRAINING):
        texts = full.rows.loc[parts == part, "text"].tolist()
        opening, share = commonest_opening(texts)
        spread_of = lengths(texts).describe().round(1).to_dict()
        print(f"{part}: commonest opening {opening!r} {share:.2%}; words {spread_of}")
    print(gate(full))
    print(gate(full, implied))
    print(spread(full).to_string())


if __name__ == "__main__":
    main()
