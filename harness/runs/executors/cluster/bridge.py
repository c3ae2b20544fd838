"""The process that speaks with Ray for the driver: settings and jobs in, messages of each job out.

    python -m harness.runs.executors.cluster.bridge FILE_DESCRIPTOR FOLDER

Ray ends a process whose cluster is gone, prints on standard error whatever happens, and takes over signals:
the driver, which writes to the store, is spared that. The functions that nodes run before they are known to
have this package are pickled by value, since this module is the main one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any

NODES_EVERY = 2.0
"""Seconds between two looks at the nodes."""

PROBE_SECONDS = 25.0
"""For a node to say what is installed there."""

SETUP_SECONDS = 120
"""For a node to unpack the code that is sent."""


def look(needed: tuple[str, ...], paths: tuple[str, ...]) -> dict[str, Any]:
    """Say what a node has: versions, packages and paths that it lacks, and whether it asks for a token."""
    import importlib.util
    import os
    import platform

    import ray

    # The mode that the node's own processes use; public functions of Ray tell that of the driver alone.
    compiled: Any = importlib.import_module("ray._raylet")

    def missing(name: str) -> bool:
        try:
            return importlib.util.find_spec(name) is None
        except ImportError:
            return True

    spec = importlib.util.find_spec("harness")
    package = os.path.dirname(spec.origin) if spec is not None and spec.origin else ""  # noqa: PTH120
    return {
        "python": platform.python_version(),
        "ray": ray.__version__,
        "harness": package_digest(package) if package else "",
        "lacks": [name for name in needed if missing(name)],
        "blind": [path for path in paths if not os.path.exists(path)],  # noqa: PTH110
        "token": compiled.get_authentication_mode() == compiled.AuthenticationMode.TOKEN,
    }


def package_digest(package: str) -> str:
    """Return what tells the files of a package from those of another one, even of the same version."""
    import hashlib
    from pathlib import Path

    root, digest = Path(package), hashlib.sha256()
    for path in sorted(root.rglob("*")):
        is_compiled = "__pycache__" in path.parts or path.suffix in (".pyc", ".pyo", ".so")
        if path.is_file() and not is_compiled:
            data = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()} {len(data)}\n".encode() + data)
    return digest.hexdigest()[:16]


class Bridge:
    """Serves one driver.

    Parameters
    ----------
    wire : Connection
        To the driver, which sends ``("open", address)``, ``("look", needed, paths)``, ``("begin", needs,
        environment, modules, shared)`` and ``("run", key, job)``; the end of it ends this process.
    """

    def __init__(self, wire: Connection) -> None:
        # A thread for each job sends, and messages must not mix.
        self._wire, self._lock = wire, threading.Lock()
        self._task: Any = None
        self._shared: Any = None
        self._options: dict[str, Any] = {}
        self._address, self._is_open = "", threading.Event()

    def serve(self) -> None:
        """Do what the driver asks for until it is gone."""
        while True:
            try:
                verb, *rest = self._wire.recv()
            except (EOFError, OSError):
                return
            try:
                getattr(self, f"_{verb}")(*rest)
            # Whatever it is, the driver words it.
            except BaseException as error:  # noqa: BLE001
                self._send("broken", type(error).__name__, str(error), str(error.__cause__ or ""))

    def _send(self, *message: Any) -> None:
        with self._lock:
            self._wire.send(message)

    def _open(self, address: str) -> None:
        self._address = address
        self._connect()
        self._send("nodes", self._nodes())
        threading.Thread(target=self._watch, daemon=True).start()

    def _connect(self, **environment: Any) -> None:
        import ray

        quiet = {"log_to_driver": False, "configure_logging": False}
        ray.init(address=self._address, namespace="harness", runtime_env=environment, **quiet)
        self._is_open.set()

    def _nodes(self) -> list[tuple[str, str, float, float, float]]:
        import ray

        nodes = []
        for node in ray.nodes():
            if node["Alive"]:
                has = node["Resources"]
                amounts = (has.get("CPU", 0.0), has.get("GPU", 0.0), has.get("memory", 0.0) / 2**30)
                nodes.append((node["NodeID"], node["NodeManagerAddress"], *amounts))
        # By address: Ray gives them in any order.
        return sorted(nodes, key=lambda node: node[1:])

    def _watch(self) -> None:
        """Send the nodes and what is free, again and again; where that ends, the cluster does not answer."""
        import ray

        pause = threading.Event()
        while not pause.wait(NODES_EVERY):
            self._is_open.wait()
            # Where it fails, the driver hears nothing, and says so after a while.
            with contextlib.suppress(Exception):
                free = ray.available_resources()
                self._send("alive", self._nodes(), free.get("CPU", 0.0), free.get("GPU", 0.0))

    def _look(self, needed: tuple[str, ...], paths: tuple[str, ...]) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        task = ray.remote(num_cpus=0, max_retries=0)(look)
        asked = {}
        for identity, *_ in self._nodes():
            # Hard: another node would answer for one that cannot.
            there = NodeAffinitySchedulingStrategy(identity, soft=False)
            asked[identity] = task.options(scheduling_strategy=there).remote(needed, paths)
        done, _ = ray.wait(list(asked.values()), num_returns=len(asked), timeout=PROBE_SECONDS)
        answers = {}
        for identity, answer in asked.items():
            if answer in done:
                try:
                    answers[identity] = ray.get(answer)
                except ray.exceptions.RayError as error:
                    answers[identity] = {"error": str(error).splitlines()[0]}
        self._send("looked", answers)

    def _begin(
        self, needs: tuple[int, float, float], environment: dict[str, str], modules: list[str], shared: bytes
    ) -> None:
        import ray

        def task(shared: bytes, job: bytes) -> Any:
            import ray

            yield "began", ray.util.get_node_ip_address()
            from harness.runs.executors.cluster.remote import serve

            yield from serve(shared, job)

        if modules:
            # Ray takes folders when it is connected to, and only then.
            self._is_open.clear()
            ray.shutdown()
            self._connect(py_modules=modules)
        cpus, gpus, gib = needs
        runtime = {"env_vars": environment, "config": {"setup_timeout_seconds": SETUP_SECONDS}}
        self._options = {
            "num_cpus": cpus,
            "num_gpus": gpus,
            "memory": int(gib * 2**30),
            "runtime_env": runtime,
        }
        # A few pieces ahead of the driver at most: an object store may be smaller than a model.
        self._task = ray.remote(max_retries=0, _generator_backpressure_num_objects=2)(task)
        # Once for all jobs: each node keeps a copy.
        self._shared = ray.put(shared)
        self._send("ready")

    def _run(self, key: int, job: bytes) -> None:
        threading.Thread(target=self._follow, args=(key, job), daemon=True).start()

    def _follow(self, key: int, job: bytes) -> None:
        import ray

        try:
            for piece in self._task.options(**self._options).remote(self._shared, job):
                self._send("of", key, *ray.get(piece))
            self._send("of", key, "ended")
        except (ray.exceptions.RayTaskError, ray.exceptions.RuntimeEnvSetupError) as error:
            # Not what the job raised, which is a message: the node could not even begin it.
            self._send("of", key, "failed", str(error).strip())
        except ray.exceptions.RayError as error:
            self._send("of", key, "lost", f"{type(error).__name__}: {str(error).strip().splitlines()[0]}")
        except OSError:
            return
        # Whatever it is: nobody waits for a thread that is gone.
        except Exception as error:  # noqa: BLE001
            self._send("of", key, "failed", str(error).strip())


def main() -> None:
    """Serve the driver at the other end of a file descriptor; delete its folder when it is gone."""
    Bridge(Connection(int(sys.argv[1]))).serve()
    # A driver that was killed deletes nothing.
    shutil.rmtree(sys.argv[2], ignore_errors=True)
    # Ray ends the tasks of a driver that is gone; to shut down politely may take as long as a lost cluster.
    os._exit(0)


if __name__ == "__main__":
    main()
