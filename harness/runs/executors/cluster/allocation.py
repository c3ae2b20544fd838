"""Nodes of a cluster and what a config asks for in, how many jobs run at once and with what out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.values.errors import ClusterError, listed

GIB = 2**30


@dataclass(frozen=True)
class Node:
    """A node of a cluster that is alive.

    Attributes
    ----------
    identity : str
        Ray's name of it.
    address : str
        For messages.
    cpus, gpus : float
        That Ray may give away there.
    gib : float
        Memory, likewise.
    """

    identity: str
    address: str
    cpus: float
    gpus: float
    gib: float


@dataclass(frozen=True)
class Request:
    """What is asked for a job; None leaves it to :func:`allocate`.

    Attributes
    ----------
    workers : int or None
        Jobs at once.
    threads : int or None
        Of each; as many CPUs are taken.
    gpus : float or None
        Of each; a fraction shares one.
    gib : float
        Memory that each is reckoned with.
    """

    workers: int | None = None
    threads: int | None = None
    gpus: float | None = None
    gib: float = 0.0


@dataclass(frozen=True)
class Allocation:
    """How jobs are spread.

    Attributes
    ----------
    slots : int
        Jobs at once.
    threads : int
        CPUs of each.
    gpus : float
        Of each.
    gib : float
        Memory of each.
    """

    slots: int
    threads: int
    gpus: float
    gib: float

    def fits(self, node: Node) -> int:
        """Return how many jobs a node has room for."""
        rooms = [node.cpus // self.threads]
        if self.gpus:
            rooms.append(node.gpus // self.gpus)
        if self.gib:
            rooms.append(node.gib // self.gib)
        return int(min(rooms))

    def __str__(self) -> str:
        parts = [f"{self.threads} {'CPU' if self.threads == 1 else 'CPUs'}"]
        parts += [f"{self.gpus:g} {'GPU' if self.gpus == 1 else 'GPUs'}"] if self.gpus else []
        parts += [f"{self.gib:.1f} GiB of memory"] if self.gib else []
        return ", ".join(parts)


def allocate(nodes: Sequence[Node], request: Request, jobs: int) -> Allocation:
    """Spread jobs over nodes.

    Parameters
    ----------
    nodes : sequence of Node
    request : Request
    jobs : int
        At least one.

    Returns
    -------
    Allocation
        By default a job takes one GPU where the cluster has any, and as many CPUs as leave none idle where
        there are fewer jobs than CPUs.

    Raises
    ------
    ClusterError
        Where no node has what one job needs.

    Examples
    --------
    >>> nodes = [Node("a", "10.0.0.1", 4, 0, 16.0), Node("b", "10.0.0.2", 4, 0, 16.0)]
    >>> allocate(nodes, Request(), 100)
    Allocation(slots=8, threads=1, gpus=0.0, gib=0.0)
    >>> allocate(nodes, Request(), 2)
    Allocation(slots=2, threads=4, gpus=0.0, gib=0.0)
    >>> allocate(nodes, Request(threads=3, workers=1), 100)
    Allocation(slots=1, threads=3, gpus=0.0, gib=0.0)
    """
    gpus = request.gpus if request.gpus is not None else float(any(node.gpus >= 1 for node in nodes))
    threads = request.threads or _threads(nodes, min(request.workers or jobs, jobs))
    # Room is counted node by node: halves of two nodes do not make one job.
    needed = Allocation(1, threads, gpus, request.gib)
    room = sum(needed.fits(node) for node in nodes)
    if not room:
        raise ClusterError(f"no node of the cluster has what one job needs, {needed}: {describe(nodes)}")
    return Allocation(min(request.workers or room, room, jobs), threads, gpus, request.gib)


def describe(nodes: Sequence[Node]) -> str:
    """Say what the nodes have."""
    return listed(
        f"{node.address} has {node.cpus:g} CPU, {node.gpus:g} GPU, {node.gib:.1f} GiB" for node in nodes
    )


def _threads(nodes: Sequence[Node], jobs: int) -> int:
    """Return the most threads with which so many jobs run at once; 1 where they do not even so."""
    # From the most downwards: cores that nobody uses cost more than a job that waits for none.
    largest = int(max((node.cpus for node in nodes), default=1))
    for threads in range(largest, 1, -1):
        if sum(node.cpus // threads for node in nodes) >= jobs:
            return threads
    return 1
