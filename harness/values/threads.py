"""How many cores and threads this process may use."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Return how many cores this process may use: a container, or taskset, may allow fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_count() -> int:
    """Return how many threads may compute: ``OMP_NUM_THREADS``, or as many as there are cores."""
    requested = os.environ.get("OMP_NUM_THREADS", "")
    if requested.isdecimal() and int(requested) > 0:
        return int(requested)
    return usable_cores()
