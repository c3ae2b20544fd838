"""The folder in which a training keeps its state in, the seconds that earlier attempts at it took out.

What a classifier cost is the time of all attempts, not that of the process which ends its training. A process
that is killed cannot write down how long it ran. So each attempt notes when it begins, and the next one takes
the time until the last state that was saved; what came after that was lost, and is done again.
"""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

from harness.classifiers.protocol import Classifier, Resumable

SUFFIX = ".attempts"
"""Of the note, which lies beside the folder: what is in there belongs to the training alone."""


def begin_attempt(classifier: Classifier, folder: Path | None) -> float:
    """Note that an attempt begins; return the seconds that earlier ones took, up to their last state.

    Parameters
    ----------
    classifier : Classifier
        Only what is :class:`Resumable` has earlier attempts.
    folder : Path or None
        Of this training alone, where its state is kept.
    """
    if folder is None or not isinstance(classifier, Resumable):
        return 0.0
    file = folder.with_name(f"{folder.name}{SUFFIX}")
    states = [path.stat().st_mtime for path in folder.rglob("*") if path.is_file()]
    seconds = 0.0
    # Without a state the training starts over; a note that was cut off says nothing.
    if states:
        with contextlib.suppress(OSError, ValueError, KeyError):
            noted = json.loads(file.read_text(encoding="utf-8"))
            seconds = noted["seconds"] + max(0.0, max(states) - noted["began"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"seconds": seconds, "began": time.time()}), encoding="utf-8")
    return float(seconds)
