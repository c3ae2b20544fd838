"""Two servers that start at the same time have two ports."""

from __future__ import annotations

import socket
import subprocess
import sys

from harness.values.child_servers import HOST, reserved_port

PORTS = range(5310, 5320)
RESERVING = """
from harness.values.child_servers import reserved_port
with reserved_port(range(5310, 5320)) as port:
    print(port, flush=True)
    input()
"""


def test_a_port_is_reserved_before_anything_listens_on_it() -> None:
    with reserved_port(PORTS) as first:
        assert first is not None
        with reserved_port(PORTS) as second, reserved_port((first,)) as same:
            assert second not in (None, first)
            assert same is None
        with socket.socket() as server:
            # Whom it was reserved for can listen on it.
            server.bind((HOST, first))
    with reserved_port((first,)) as again:
        assert again == first


def test_another_process_does_not_get_it_until_the_first_has_died() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RESERVING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        with reserved_port((port,)) as taken:
            assert taken is None
        holder.kill()
    with reserved_port((port,)) as free:
        assert free == port


def test_a_port_that_is_listened_on_is_passed_over() -> None:
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        with reserved_port((server.getsockname()[1],)) as port:
            assert port is None
