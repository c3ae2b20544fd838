"""``deploy/compose.yaml`` in; its PostgreSQL and its MLflow with accounts out, running on this machine.

No container is needed: ``initdb`` and ``postgres`` are Debian's, ``mlflow server`` is the installed one.
Settings, command lines and passwords are read from the file that compose reads. What differs stands in
:func:`on_this_machine`: PostgreSQL listens on a Unix socket alone, and files lie in a temporary folder.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

TOP = Path(__file__).parents[2]
COMPOSE = TOP / "deploy" / "compose.yaml"
SECRETS = {
    "POSTGRES_PASSWORD": "a-password-of-the-database",
    "MLFLOW_ADMIN_PASSWORD": "a-password-of-the-admin",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "a-key-of-the-server",
}
"""What a person writes into ``deploy/.env``."""

REFERENCE = re.compile(r"\$(?:(\$)|\{([A-Z_]+)(?:(:-|:\?)([^}]*))?\})")
DATABASE_ADDRESS, PORT = "@database:5432/", "5000"
START_SECONDS = 60.0


@dataclass(frozen=True)
class RealServer:
    """A running server.

    Attributes
    ----------
    uri : str
    admin : tuple of str
        Name and password.
    folder : Path
        ``postgres``, ``artifacts``, the servers' logs and ``basic_auth.ini``.
    """

    uri: str
    admin: tuple[str, str]
    folder: Path


def missing() -> str:
    """Name what this machine lacks for a real server; empty if nothing."""
    if not _postgres_folder():
        return "PostgreSQL is not installed (Debian: postgresql)"
    absent = [name for name in ("pg8000", "flask_wtf") if importlib.util.find_spec(name) is None]
    if absent:
        return f"{', '.join(absent)} is not installed (the extra 'server')"
    return (
        "" if os.geteuid() or _account() else "PostgreSQL does not run as root, and there is no other account"
    )


def settings(values: Mapping[str, str]) -> dict[str, Any]:
    """Return compose's file as compose reads it: its variables resolved, or refused if missing."""
    data: dict[str, Any] = _resolved(YAML(typ="safe").load(COMPOSE.read_text(encoding="utf-8")), values)
    return data


def _resolved(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _resolved(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, values) for inner in value]
    if not isinstance(value, str):
        return value
    return REFERENCE.sub(lambda match: _variable(match, values), value)


def _variable(match: re.Match[str], values: Mapping[str, str]) -> str:
    dollar, name, operator, word = match.groups()
    if dollar:
        return "$"
    # ":-" and ":?": a variable that is empty counts as missing.
    value = values.get(name, "")
    if not value and operator == ":?":
        raise KeyError(f"{name}: {word}")
    return value or (word if operator == ":-" else "")


def on_this_machine(text: str, folder: Path) -> str:
    """Replace the addresses of containers: the socket of PostgreSQL, and the folders of volumes."""
    text = re.sub(
        rf"{re.escape(DATABASE_ADDRESS)}(\w+)", rf"@/\1?unix_sock={folder}/postgres/.s.PGSQL.5432", text
    )
    return text.replace("/etc/mlflow/", f"{folder}/").replace("/artifacts", f"{folder}/artifacts")


@contextlib.contextmanager
def real_server(values: Mapping[str, str] = SECRETS) -> Iterator[RealServer]:
    """Start both services of compose; end them, and delete their files, after the block."""
    services = (data := settings(values))["services"]
    # Not pytest's folder, which no other account may enter, and whose name is too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="harness-server-", dir="/tmp"))
    folder.chmod(0o755)
    environment = services["mlflow"]["environment"]
    try:
        with _postgres(services["database"], folder):
            ini = on_this_machine(data["configs"]["basic_auth"]["content"], folder)
            (folder / "basic_auth.ini").write_text(ini, encoding="utf-8")
            with _mlflow(services["mlflow"], folder) as uri:
                admin = environment["MLFLOW_AUTH_ADMIN_USERNAME"], environment["MLFLOW_AUTH_ADMIN_PASSWORD"]
                yield RealServer(uri, admin, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _postgres(service: Mapping[str, Any], folder: Path) -> Iterator[None]:
    environment, binaries = service["environment"], _postgres_folder()
    data, password = folder / "postgres", folder / "password"
    data.mkdir()
    password.write_text(environment["POSTGRES_PASSWORD"], encoding="utf-8")
    # initdb and postgres refuse to run as root.
    account = {} if os.geteuid() else {"user": _account(), "group": pwd.getpwnam(_account()).pw_gid}
    if account:
        for path in (data, password):
            shutil.chown(path, _account())
    user = environment["POSTGRES_USER"]
    initdb = [
        f"{binaries}/initdb",
        *environment["POSTGRES_INITDB_ARGS"].split(),
        "--no-sync",
        "--pgdata",
        data,
    ]
    subprocess.run(
        [*initdb, "--username", user, "--pwfile", password],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
        extra_groups=[] if account else None,
        **account,
    )
    command = [f"{binaries}/{service['command'][0]}", *service["command"][1:], "-D", str(data)]
    command += ["-c", f"unix_socket_directories={data}", "-c", "listen_addresses="]
    with _process(command, folder, "postgres.log", {"account": account}):
        _create_database(environment, data / ".s.PGSQL.5432")
        yield


def _create_database(environment: Mapping[str, str], address: Path) -> None:
    """Create the database, as the image of PostgreSQL does."""
    import pg8000.native

    end = time.monotonic() + START_SECONDS
    while True:
        try:
            connection = pg8000.native.Connection(
                environment["POSTGRES_USER"],
                unix_sock=str(address),
                database="postgres",
                password=environment["POSTGRES_PASSWORD"],
            )
            break
        except (pg8000.native.InterfaceError, pg8000.native.DatabaseError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
    connection.run(f"CREATE DATABASE {environment['POSTGRES_DB']}")
    connection.close()


@contextlib.contextmanager
def _mlflow(service: Mapping[str, Any], folder: Path) -> Iterator[str]:
    (folder / "artifacts").mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    replaced = {"mlflow": None, "0.0.0.0": "127.0.0.1", PORT: str(port)}
    arguments = [replaced.get(part, part) for part in service["command"]]
    command = [sys.executable, "-m", "mlflow", *(part for part in arguments if part is not None)]
    environment = {name: on_this_machine(value, folder) for name, value in service["environment"].items()}
    uri = f"http://127.0.0.1:{port}"
    with _process(command, folder, "mlflow.log", {"environment": environment}) as process:
        end = time.monotonic() + START_SECONDS
        while not _answers(f"{uri}/health"):
            if process.poll() is not None or time.monotonic() > end:
                raise TimeoutError((folder / "mlflow.log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.2)
        yield uri


@contextlib.contextmanager
def _process(
    command: list[str], folder: Path, log: str, more: Mapping[str, Any]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server and its workers as a process group, which is ended whole."""
    account = more.get("account", {})
    # Of the environment only what finds programs: the settings are those of compose.
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **more.get("environment", {})}
    with (folder / log).open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
            extra_groups=[] if account else None,
            **account,
        )
    try:
        yield process
    finally:
        # At SIGQUIT PostgreSQL ends at once; at SIGTERM it would wait for its sessions.
        stop = signal.SIGQUIT if log == "postgres.log" else signal.SIGTERM
        for number in (stop, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
                break


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except OSError:
        return False


def _postgres_folder() -> str:
    """Return the folder of initdb and postgres: Debian's newest, else that of the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    program = str(folders[-1]) if folders else shutil.which("initdb")
    return str(Path(program).resolve().parent) if program else ""


def _account() -> str:
    """Return an account other than root that PostgreSQL may run as; empty if there is none."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), "")
