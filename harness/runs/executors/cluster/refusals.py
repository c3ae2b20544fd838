"""What Ray said, or what a node has, in; why a cluster cannot be used, in one line, out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.runs.executors.cluster.address import Address
from harness.runs.executors.cluster.allocation import Node
from harness.values.errors import ClusterError, listed

_VERSION = re.compile(r"(?:Ray|Python): ?\S+")


def worded(address: Address, kind: str, text: str, cause: str) -> ClusterError:
    """Word an exception of Ray: its class, its message, and the message of its cause."""
    if kind == "AuthenticationError" or re.search("AuthenticationError|InvalidAuthToken", text + cause):
        return ClusterError(
            f"the Ray cluster at {address} takes another token than this one, or this one none:"
            " RAY_AUTH_MODE and RAY_AUTH_TOKEN have to be those of `ray start`"
        )
    if "Version mismatch" in text:
        versions = ", ".join(_VERSION.findall(text))
        return ClusterError(f"the Ray cluster at {address} has other versions than this process: {versions}")
    if "node_ip_address" in text or "find any node" in text:
        return ClusterError(
            f"this machine runs no node of the Ray cluster at {address}: ray start --address={address}"
        )
    return ClusterError(f"the Ray cluster at {address} cannot be used: {last_line(text)}")


def not_connected(address: Address, seconds: float) -> ClusterError:
    """Say that a cluster does not answer to begin with."""
    return ClusterError(
        f"no connection to the Ray cluster at {address} within {seconds:.0f} s; this machine has to run a"
        f" node of it: ray start --address={address}"
    )


def gone(address: Address) -> ClusterError:
    """Say that a cluster has stopped to answer."""
    return ClusterError(
        f"the Ray cluster at {address} does not answer any more; what has ended is kept, and the same command"
        " goes on from there"
    )


def check_node(address: Address, node: Node, has: Mapping[str, Any], here: Mapping[str, str]) -> None:
    """Refuse a node that cannot run what this process sends.

    Parameters
    ----------
    address : Address
        Of the cluster.
    node : Node
    has : mapping
        From :func:`harness.runs.executors.cluster.bridge.look`; ``error`` where the node did not answer.
    here : mapping
        Program → version of this process.

    Raises
    ------
    ClusterError
    """
    if "error" in has:
        raise ClusterError(f"node {node.address}: {has['error']}")
    for program, number in here.items():
        if has[program] != number:
            name = program.capitalize()
            raise ClusterError(f"node {node.address} has {name} {has[program]}, and this process {number}")
    if not has["token"] and not address.is_loopback:
        raise ClusterError(f"node {node.address} asks for no token: start it with RAY_AUTH_MODE=token")
    if has["lacks"]:
        raise ClusterError(f"node {node.address} lacks {listed(has['lacks'])}: install the harness there")
    if has["blind"]:
        raise ClusterError(
            f"node {node.address} does not see {listed(has['blind'])}: it has to lie on storage that all"
            " nodes share, under the same path"
        )


def last_line(text: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"
