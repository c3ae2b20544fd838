"""Two corpora of news in, rows for the students of ``configs/reading.yaml`` out.

    python -m experiments.reading.unlabelled rows.jsonl      # needs HARNESS_NEWSMTSC and HARNESS_SEESAW

Every name in the training sentences of NewsMTSC and in all sentences of SEESAW as a target, and whoever
SEESAW says a side is taken toward, with that side in the column ``stance``. Sentences that NewsMTSC has in
dev or test are left out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.encoder.names import news
from experiments.encoder.seesaw import seesaw
from harness.values.labels import STANCES


def rows() -> Iterator[dict[str, Any]]:
    """Yield each row once: text, target, its place, and its stance where SEESAW has one."""
    sides = seesaw(1, neutral=0)
    known = {
        (example.text, example.spans[0]): STANCES[code]
        for example, code in zip(sides.examples, sides.codes.tolist(), strict=True)
    }
    # Of SEESAW's names those that are in a title ("Senator Cruz") have another span: both are kept.
    places = {(example.text, example.spans[0]): example.target for example in [*news(), *sides.examples]}
    for (text, (start, end)), target in places.items():
        stance = known.get((text, (start, end)))
        row = {"text": text, "target": target, "target_start": start, "target_end": end}
        yield row | ({} if stance is None else {"stance": stance})


def main() -> None:
    """Write the rows to the named file."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows()]
    Path(sys.argv[1]).write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
