"""The address of a cluster in, results of jobs that its nodes ran out; nothing is waited for in silence.

A process of its own (:mod:`harness.runs.executors.cluster.bridge`) speaks with Ray.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from harness.runs.executors.cluster.address import Address, check_token
from harness.runs.executors.cluster.allocation import Allocation, Node, Request, allocate, describe
from harness.runs.executors.cluster.bridge import package_digest
from harness.runs.executors.cluster.refusals import check_node, gone, last_line, not_connected, worded
from harness.runs.executors.cluster.shipping import NEEDED, PACKAGE, copied_package
from harness.runs.executors.processes import LostWorkerError
from harness.runs.executors.resources import THREAD_VARIABLES
from harness.values.errors import ClusterError, MissingPackageError, listed

OPENING_SECONDS, SILENT_SECONDS, WAITING_SECONDS = 28.0, 25.0, 20.0
"""Until a cluster has to be connected to; since it was last heard of; until it is told what jobs wait for."""

BRIDGE = "harness.runs.executors.cluster.bridge"

NOTE_EVERY = 300.0
"""Seconds between two lines that say what is waited for."""


class _Traceback(Exception):  # noqa: N818 (shown as the cause of an error, not one itself)
    """Where an error was raised on a node."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class Cluster:
    """A connection to a Ray cluster, with as many jobs at once as it has room for.

    Parameters
    ----------
    address : Address
        Of the head.
    say : callable
        Shows a line to the person who waits.

    Raises
    ------
    ClusterError
        In one line, within 30 s: what is missing.
    MissingPackageError
        Where Ray is not installed.
    """

    def __init__(self, address: Address, say: Callable[[str], None]) -> None:
        self.address, self._say = address, say
        self._inboxes: dict[int, SimpleQueue[tuple[Any, ...] | None]] = {}
        self._replies: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
        self._keys = itertools.count()
        self._sending, self._noting = threading.Lock(), threading.Lock()
        self._heard, self._noted, self._free = time.monotonic(), -NOTE_EVERY, (0.0, 0.0)
        self._is_lost = False
        self.nodes: list[Node] = []
        self._allocation: Allocation | None = None
        if importlib.util.find_spec("ray") is None:
            raise MissingPackageError("ray", "executor ray", extra="ray")
        check_token(address, os.environ)
        address.check()
        self._scratch = tempfile.TemporaryDirectory(prefix="harness-ray-")
        self._wire, self._process = self._bridge()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def look(self, paths: Sequence[Path]) -> list[str]:
        """Compare what the nodes have with what is here.

        Parameters
        ----------
        paths : sequence of Path
            On storage that all nodes share.

        Returns
        -------
        list of str
            The folder of the harness where a node lacks it, or has another; empty where all have this one.

        Raises
        ------
        ClusterError
            Naming the nodes that have another Python or Ray, lack packages or do not see a path.
        """
        self._send("look", NEEDED, tuple(map(str, paths)))
        (answers,) = self._reply("looked", OPENING_SECONDS)
        here = {"python": sys.version.split()[0], "ray": version("ray")}
        is_equal = True
        package = package_digest(str(PACKAGE))
        for node in self.nodes:
            has = answers.get(node.identity, {"error": "it does not answer"})
            check_node(self.address, node, has, here)
            is_equal = is_equal and answers[node.identity]["harness"] == package
        return [] if is_equal else [str(copied_package(Path(self._scratch.name)))]

    def begin(self, request: Request, jobs: int, shared: bytes, modules: list[str]) -> Allocation:
        """Get ready for jobs.

        Parameters
        ----------
        request : Request
        jobs : int
            How many there will be.
        shared : bytes
            What :func:`harness.runs.executors.cluster.remote.serve` takes with each job.
        modules : list of str
            From :meth:`look`.

        Returns
        -------
        Allocation
            How many to run at once.

        Raises
        ------
        ClusterError
            Where no node has what a job needs.
        """
        allocation = allocate(self.nodes, request, jobs)
        environment = dict.fromkeys(THREAD_VARIABLES, str(allocation.threads)) | {"HARNESS_PROGRESS": "off"}
        needs = (allocation.threads, allocation.gpus, allocation.gib)
        self._send("begin", needs, environment, modules, shared)
        self._reply("ready", OPENING_SECONDS)
        self._allocation = allocation
        return allocation

    def call(self, job: bytes, name: str, take: Callable[[str, bytes], None]) -> bytes:
        """Run a job on a node.

        Parameters
        ----------
        job : bytes
        name : str
            Of the job, for messages.
        take : callable
            Gets each file that comes home, a piece at a time: its name and the piece.

        Returns
        -------
        bytes
            Its result, pickled.

        Raises
        ------
        LostWorkerError
            Where the process, or the node, that ran it was ended.
        ClusterError
            Where the cluster is gone, or no node is left that has what the job needs.
        BaseException
            What the job raised, as it raised it.
        """
        import cloudpickle

        key, inbox = next(self._keys), SimpleQueue[tuple[Any, ...] | None]()
        self._inboxes[key] = inbox
        result, has_begun, since = b"", False, time.monotonic()
        self._send("run", key, job)
        try:
            while True:
                message = self._next(inbox, "" if has_begun else name, since)
                kind, *rest = message
                if kind == "began":
                    has_begun = True
                elif kind == "file":
                    take(*rest)
                elif kind == "result":
                    (result,) = rest
                elif kind == "ended":
                    return result
                elif kind == "raised":
                    raise cloudpickle.loads(rest[0]) from _Traceback(rest[1])
                elif kind == "lost":
                    raise LostWorkerError(rest[0])
                else:
                    raise ClusterError(f"no node could begin {name}: {last_line(rest[0])}")
        finally:
            del self._inboxes[key]

    def close(self) -> None:
        """End the connection, and with it whatever runs."""
        self._is_lost = True
        with contextlib.suppress(OSError):
            self._wire.close()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for inbox in [self._replies, *list(self._inboxes.values())]:
            inbox.put(None)
        self._scratch.cleanup()

    def _bridge(self) -> tuple[Connection, subprocess.Popen[bytes]]:
        here, there = Pipe()
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            # Retries of a second each: a wrong token does not become right.
            "RAY_NUM_REDIS_GET_RETRIES": "5",
            "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
            # It would start a cluster of its own where it is not connected.
            "RAY_ENABLE_AUTO_CONNECT": "0",
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        log = Path(self._scratch.name) / "bridge.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 (this Python, and a module of ours)
                [*(sys.executable, "-m", BRIDGE), str(there.fileno()), self._scratch.name],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[there.fileno()],
                env=environment,
                # Ctrl-C reaches all processes of a terminal: the end of the pipe ends this one.
                start_new_session=True,
            )
        there.close()
        return here, process

    def _connect(self) -> None:
        self._send("open", str(self.address))
        (nodes,) = self._reply("nodes", OPENING_SECONDS)
        self.nodes = [Node(*fields) for fields in nodes]

    def _read(self) -> None:
        with contextlib.suppress(EOFError, OSError, TypeError):  # TypeError: closed while it was waited on
            while True:
                kind, *rest = self._wire.recv()
                self._heard = time.monotonic()
                if kind == "of":
                    key, *message = rest
                    # Of a job that is not waited for any more, nothing is kept.
                    if key in self._inboxes:
                        self._inboxes[key].put(tuple(message))
                elif kind == "alive":
                    nodes, *free = rest
                    self.nodes, self._free = [Node(*fields) for fields in nodes], (free[0], free[1])
                else:
                    self._replies.put((kind, *rest))
        self._is_lost = True
        for inbox in [self._replies, *list(self._inboxes.values())]:
            inbox.put(None)

    def _send(self, *message: Any) -> None:
        try:
            with self._sending:
                self._wire.send(message)
        except OSError as error:
            raise gone(self.address) from error

    def _reply(self, kind: str, seconds: float) -> tuple[Any, ...]:
        try:
            reply = self._replies.get(timeout=seconds)
        except Empty:
            raise not_connected(self.address, seconds) from None
        if reply is None:
            raise gone(self.address)
        if reply[0] == "broken":
            raise worded(self.address, *reply[1:])
        assert reply[0] == kind
        return reply[1:]

    def _next(self, inbox: SimpleQueue[tuple[Any, ...] | None], waits: str, since: float) -> tuple[Any, ...]:
        """Return the next message of a job; ``waits`` is its name until it has begun."""
        while True:
            try:
                message = inbox.get(timeout=1.0)
            except Empty:
                self._check_nodes(waits, since)
                continue
            if message is None:
                raise gone(self.address)
            return message

    def _check_nodes(self, waits: str, since: float) -> None:
        now = time.monotonic()
        if now - self._heard > SILENT_SECONDS:
            raise gone(self.address)
        needed = self._allocation
        if not waits or needed is None:
            return
        if not any(needed.fits(node) for node in self.nodes):
            raise ClusterError(
                f"no node is left that has {needed}: {describe(self.nodes) or 'none is alive'}"
            )
        with self._noting:
            if now - since < WAITING_SECONDS or now - self._noted < NOTE_EVERY:
                return
            self._noted = now
        cpus = sum(node.cpus for node in self.nodes)
        self._say(
            f"{waits} has waited for {now - since:.0f} s for {needed}: {self._free[0]:g} of {cpus:g} CPUs and"
            f" {self._free[1]:g} GPUs are free on {listed(node.address for node in self.nodes)}"
        )
