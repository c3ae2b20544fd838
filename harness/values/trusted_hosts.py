"""An address in, whether a key or a text may go there out: what a person allowed on this machine.

A config or a model may come from anybody, and names both the variable of a key and an address. Therefore a
key goes only to addresses that it was bound to (``harness trust key NAME HOST``), and a model that was loaded
sends texts only to this machine, or to addresses that are trusted (``harness trust host HOST``) or bound to a
key.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from harness.values.own_code import trust_file

FILE = "hosts.json"
NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
"""What the variable of a key may be called: a key itself, which somebody pasted here, hardly ever matches."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PORTS = {"http": 80, "https": 443}


def hosts_file() -> Path:
    """Return the file that remembers it, in the person's folder of settings."""
    return trust_file().with_name(FILE)


def is_loopback(url: str) -> bool:
    """Say whether an address is on this machine.

    Examples
    --------
    >>> is_loopback("http://127.0.0.1:8080/v1"), is_loopback("https://api.example.org/v1")
    (True, False)
    """
    return urlsplit(url).hostname in LOOPBACK


def origin(address: str) -> str:
    """Return scheme, host and port of an address; without a scheme it is one of https.

    Raises
    ------
    ValueError
        Where it names no host, or holds a user or a password.

    Examples
    --------
    >>> origin("api.example.org"), origin("http://127.0.0.1:8080/v1")
    ('https://api.example.org:443', 'http://127.0.0.1:8080')
    """
    parts = urlsplit(address if "://" in address else f"https://{address}")
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"{address!r} is no address of http or https")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address holds a user or a password")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or PORTS[parts.scheme]}"


def bind_key(name: str, host: str) -> None:
    """Let a key go to an address from now on.

    Parameters
    ----------
    name : str
        Of the environment variable that holds the key.
    host : str
        A host, with its port where that is not 443; ``http://host:port`` for one without encryption.
    """
    keys, hosts = remembered()
    keys[name] = sorted({*keys.get(name, []), origin(host)})
    _write(keys, hosts)


def trust_host(host: str) -> None:
    """Let models that are loaded send texts to an address from now on."""
    keys, hosts = remembered()
    _write(keys, sorted({*hosts, origin(host)}))


def is_bound(name: str, url: str) -> bool:
    """Say whether a key may go to an address."""
    return _matches(url, remembered()[0].get(name, []))


def is_trusted(url: str) -> bool:
    """Say whether a loaded model may send texts to an address."""
    keys, hosts = remembered()
    return is_loopback(url) or _matches(url, [*hosts, *(host for bound in keys.values() for host in bound)])


def remembered() -> tuple[dict[str, list[str]], list[str]]:
    """Return the addresses of each key, and those that are trusted without one."""
    try:
        data = json.loads(hosts_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}, []
    # What is damaged allows nothing.
    if not isinstance(data, dict) or not isinstance(data.get("keys"), dict):
        return {}, []
    keys = {
        str(name): list(map(str, hosts)) for name, hosts in data["keys"].items() if isinstance(hosts, list)
    }
    hosts = data.get("hosts")
    return keys, list(map(str, hosts)) if isinstance(hosts, list) else []


def _matches(url: str, hosts: Iterable[str]) -> bool:
    try:
        exact = origin(url)
    except ValueError:
        return False
    if exact in hosts:
        return True
    # On this machine nothing is overheard: a binding without a scheme covers http, too.
    return is_loopback(url) and exact.replace("http://", "https://", 1) in hosts


def _write(keys: dict[str, list[str]], hosts: list[str]) -> None:
    path = hosts_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}.new")
    new.write_text(json.dumps({"keys": keys, "hosts": hosts}, indent=1) + "\n", encoding="utf-8")
    new.replace(path)
