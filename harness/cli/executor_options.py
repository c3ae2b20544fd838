"""Options that say where files and articles are worked off: by which processes, and through which folder."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from harness.values.errors import ModelError


class Executor(StrEnum):
    """Where a command works."""

    serial = "serial"
    processes = "processes"
    ray = "ray"


Workers = Annotated[
    int | None,
    typer.Option(
        min=1, help="Processes of --executor. Default: as cores and memory allow.", show_default=False
    ),
]
Where = Annotated[
    Executor,
    typer.Option(help="Work in this process, in several, or on a Ray cluster: the same bytes."),
]
RayAddress = Annotated[
    str,
    typer.Option(
        metavar="HOST:PORT",
        help="Of the head of a Ray cluster. Default: the variable RAY_ADDRESS.",
        show_default=False,
    ),
]

Scratch = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Where copies of what lies in buckets are meanwhile. Default: in the cache.",
        show_default=False,
    ),
]


def check_executor(executor: Executor, workers: int | None, ray_address: str) -> None:
    """Refuse a number of workers where there are none, and the address of a cluster that is none or unused.

    Raises
    ------
    ModelError, ClusterError
    """
    if executor is Executor.serial and workers is not None:
        raise ModelError("--workers has no effect without --executor processes or ray")
    if executor is not Executor.ray and ray_address:
        raise ModelError("--ray-address has no effect without --executor ray")
    if executor is Executor.ray:
        from harness.runs.executors.cluster.address import Address

        # Before files are copied and models loaded.
        Address.parse(ray_address)
