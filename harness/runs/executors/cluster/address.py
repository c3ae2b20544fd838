"""The address of a Ray cluster and the environment in, what may be connected to out.

Whoever reaches the ports of a Ray cluster runs code on it, and Ray listens on all addresses of a machine
whatever address it is given. A cluster that others can reach therefore has to ask for a token.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.values.errors import ClusterError

VARIABLE = "RAY_ADDRESS"
MODE, TOKEN, TOKEN_FILE = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
DEFAULT_TOKEN_FILE = Path(".ray") / "auth_token"
"""In the home folder; ``ray get-auth-token --generate`` writes it."""

SECONDS = 5.0
"""For a connection to be taken."""

_FORM = re.compile(r"(?P<host>[^\s:/]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")


@dataclass(frozen=True)
class Address:
    """Where the head of a cluster listens.

    Attributes
    ----------
    host : str
    port : int
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``HOST:PORT``; an empty text is the environment variable ``RAY_ADDRESS``.

        Raises
        ------
        ClusterError
            Where there is none, or it has another form.
        """
        text = text or os.environ.get(VARIABLE, "")
        if not text:
            raise ClusterError(
                "executor ray needs the address of a cluster: --ray-address HOST:PORT,"
                f" run.ray_address in the config, or {VARIABLE}"
            )
        match = _FORM.fullmatch(text)
        if match is None or int(match["port"]) > 65535:
            raise ClusterError(f"the address of a Ray cluster is HOST:PORT, as of its head, not {text!r}")
        return cls(match["host"], int(match["port"]))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is of this machine alone; a name is what it resolves to."""
        try:
            resolved = {info[4][0] for info in socket.getaddrinfo(self.host.strip("[]"), self.port)}
        except (OSError, UnicodeError):
            return False
        return bool(resolved) and all(ipaddress.ip_address(each).is_loopback for each in resolved)

    def check(self) -> None:
        """Refuse an address that nothing listens at.

        Raises
        ------
        ClusterError
        """
        try:
            socket.create_connection((self.host.strip("[]"), self.port), SECONDS).close()
        except OSError as error:
            reason = error.strerror or str(error)
            raise ClusterError(f"no Ray cluster answers at {self}: {reason.lower()}") from error
        except UnicodeError as error:
            # As of a name with two dots in a row, which is not even looked up.
            raise ClusterError(f"{self.host!r} is not the name of a machine") from error


def check_token(address: Address, environment: Mapping[str, str]) -> None:
    """Refuse a cluster that others may reach, unless a token is asked for.

    Raises
    ------
    ClusterError
        Naming what is missing.
    """
    if environment.get(MODE, "").lower() != "token":
        if not address.is_loopback:
            raise ClusterError(
                f"{address} is not an address of this machine alone: set {MODE}=token, here and for every"
                " `ray start`, so that nobody else runs code on the cluster (docs/how-to/ray.md)"
            )
        return
    file = Path(environment.get(TOKEN_FILE) or Path.home() / DEFAULT_TOKEN_FILE)
    if not environment.get(TOKEN) and not file.is_file():
        raise ClusterError(
            f"{MODE}=token, but there is no token: set {TOKEN} or {TOKEN_FILE}, or write the cluster's"
            f" into {file}"
        )
