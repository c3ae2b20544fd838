"""Cores, memory and devices in, how many processes run trials and what each may use out."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.values.threads import usable_cores

GIB_PER_WORKER = 1.5
"""Memory that a training is reckoned with: fine-tuning the packaged encoder took up to 1.3 GiB."""

CONTAINER, CONTAINER_FILES = Path("/sys/fs/cgroup"), ("memory.max", "memory.current")

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Resources:
    """How many processes run trials, and with what.

    Attributes
    ----------
    workers : int or None
        Processes; None: one a CUDA device, or else as many as cores and memory allow.
    threads : int or None
        Threads of each; None: the cores divided by the workers.
    cores : int
        That this process may use.
    gib : float
        Free memory; infinite where it is not known.
    devices : tuple of str
        CUDA devices, as ``CUDA_VISIBLE_DEVICES`` names them.
    gib_per_worker : float
        Memory that each is reckoned with.
    """

    workers: int | None
    threads: int | None
    cores: int
    gib: float
    devices: tuple[str, ...] = ()
    gib_per_worker: float = GIB_PER_WORKER

    def environments(self, jobs: int) -> list[Mapping[str, str]]:
        """Return the environment variables of each process; never more processes than jobs.

        Examples
        --------
        >>> [process["OMP_NUM_THREADS"] for process in Resources(None, None, 4, 64.0).environments(3)]
        ['1', '1', '1']
        >>> [process["OMP_NUM_THREADS"] for process in Resources(None, 2, 4, 64.0).environments(8)]
        ['2', '2']
        """
        workers = min(self.most_workers, jobs)
        if workers == 0:
            return []
        threads = str(self.threads or max(self.cores // workers, 1))
        shared = dict.fromkeys(THREAD_VARIABLES, threads) | {"HARNESS_PROGRESS": "off"}
        return [
            shared | ({"CUDA_VISIBLE_DEVICES": self.devices[n % len(self.devices)]} if self.devices else {})
            for n in range(workers)
        ]

    def threads_of(self, jobs: int) -> int | None:
        """Return the threads of each of so many jobs that use all they get; None: those of their process.

        Examples
        --------
        >>> [Resources(None, None, 4, 64.0).threads_of(jobs) for jobs in (1, 2, 9)]
        [4, 2, 1]
        """
        if self.threads or self.devices or not jobs:
            return None
        return max(self.cores // min(self.most_workers, jobs), 1)

    @property
    def most_workers(self) -> int:
        """How many processes there are where jobs abound."""
        return self.workers or (len(self.devices) if self.devices else self._affordable())

    def _affordable(self) -> int:
        by_memory = self.gib / self.gib_per_worker
        return max(1, int(min(self.cores // (self.threads or 1), by_memory)))


def of_this_machine(
    workers: int | None, threads: int | None, gib_per_worker: float = GIB_PER_WORKER
) -> Resources:
    """Return what this machine has."""
    return Resources(workers, threads, usable_cores(), _free_gib(), _devices(), gib_per_worker)


def _free_gib() -> float:
    """Return the memory that can be had, in GiB: of the machine, or of the container."""
    free = float("inf")
    with contextlib.suppress(OSError, ValueError, StopIteration):  # Linux alone has these files
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) / 2**20
    with contextlib.suppress(OSError, ValueError):  # "max": no limit
        limit, used = (int((CONTAINER / name).read_text(encoding="ascii")) for name in CONTAINER_FILES)
        free = min(free, (limit - used) / 2**30)
    return free


def _devices() -> tuple[str, ...]:
    # Where CUDA is, PyTorch needs seconds to say so; the driver's folder tells at once that there is none.
    if not Path("/proc/driver/nvidia/version").exists():
        return ()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        names = (name.strip() for name in visible.split(","))
        # As CUDA reads it: -1 is no device, and hides those after it.
        return tuple(name for name in itertools.takewhile(lambda name: name != "-1", names) if name)
    import torch

    return tuple(map(str, range(torch.cuda.device_count())))
