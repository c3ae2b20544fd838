"""Two corpora of news in, rows for the students of ``configs/reading-distilled.yaml`` out.

    python -m experiments.reading.unlabelled rows.jsonl [--rows 15000]

Needs HARNESS_NEWSMTSC and HARNESS_SEESAW. With ``--rows``, as many of them: all that have a side, others at
random.

Every name in the training sentences of NewsMTSC and in all sentences of SEESAW as a target, and whoever
SEESAW says a side is taken toward, with that side in the column ``stance``. Sentences that NewsMTSC has in
dev or test, or SEESAW in the stories of valid, are left out: they are there to score models on.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.encoder.names import news
from experiments.encoder.seesaw import plain, seesaw
from harness.values.labels import STANCES


def held_out() -> set[str]:
    """Return the sentences of the stories of SEESAW's valid, plainly written."""
    home = Path(os.environ["HARNESS_SEESAW"])
    stories = [
        file.stem
        for file in (home / "meta").glob("*.json")
        if json.loads(file.read_text(encoding="utf-8"))["Split"].lower() == "valid"
    ]
    articles = [file for story in stories for file in (home / "articles").glob(f"{story}_DOCUMENT_*.json")]
    texts = [json.loads(file.read_text(encoding="utf-8"))["text"] for file in articles]
    return {plain(sentence["text"]) for article in texts for sentence in article}


def rows() -> Iterator[dict[str, Any]]:
    """Yield each row once: text, target, its place, and its stance where SEESAW has one."""
    sides = seesaw(1, neutral=0)
    stances = {
        (example.text, example.spans[0]): STANCES[code]
        for example, code in zip(sides.examples, sides.codes.tolist(), strict=True)
    }
    # Of SEESAW's names those that are in a title ("Senator Cruz") have another span: both are kept.
    places = {(example.text, example.spans[0]): example.target for example in [*news(), *sides.examples]}
    held = held_out()
    for (text, (start, end)), target in places.items():
        if plain(text) in held:
            continue
        stance = stances.get((text, (start, end)))
        row = {"text": text, "target": target, "target_start": start, "target_end": end}
        yield row | ({} if stance is None else {"stance": stance})


def drawn(every: Sequence[dict[str, Any]], wanted: int) -> list[dict[str, Any]]:
    """Return as many of the rows, in their order: those that have a stance, and others at random."""
    plain = [number for number, row in enumerate(every) if "stance" not in row]
    surplus = min(max(len(every) - wanted, 0), len(plain))
    left_out = set(np.random.default_rng(1).choice(plain, surplus, replace=False).tolist())
    return [row for number, row in enumerate(every) if number not in left_out]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the rows to the named file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int)
    options = parser.parse_args(arguments)
    every = list(rows())
    wanted = every if options.rows is None else drawn(every, options.rows)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in wanted]
    options.file.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
