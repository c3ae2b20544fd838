"""How many cores and threads this process may use."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


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


@contextlib.contextmanager
def computing_with(threads: int | None) -> Iterator[None]:
    """Let PyTorch compute with so many threads for the block; None leaves all as it is."""
    if threads is None:
        yield
        return
    import torch

    requested, before = os.environ.get("OMP_NUM_THREADS"), torch.get_num_threads()
    os.environ["OMP_NUM_THREADS"] = str(threads)
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if requested is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = requested
