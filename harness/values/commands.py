"""A verb and its arguments in; a command line that works from where the person is out.

A hint that cannot be typed is worse than none: ``make`` works in the checkout alone, ``harness`` only where
it is found on the PATH. Every message that names a command takes it from here.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

DISTRIBUTION = "stance-harness"
"""The name by which pip installs the package."""

MAKE_TARGETS: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "run": ("experiment", {"": "CONFIG"}),
        "compare": ("compare", {"experiment": "EXPERIMENT", "metric": "METRIC"}),
        "suite": ("suite", {"": "SUITE"}),
        "learn": ("learn", {"": "GOLD", "config": "CONFIG", "experiment": "EXPERIMENT"}),
        "ui": ("ui", {"experiment": "EXPERIMENT", "port": "PORT"}),
        "promote": ("promote", {"experiment": "EXPERIMENT"}),
        "predict": ("predict", {"model": "MODEL", "frames": "FRAMES", "input": "INPUT", "output": "OUTPUT"}),
        "read": ("read", {"": "ARTICLE", "parties": "PARTIES", "output": "OUTPUT"}),
    }
)
"""Verb → the target of the Makefile that calls it, and the variable of each option; ``""``: the argument."""


def command_line(verb: str, *arguments: str, **options: str) -> str:
    """Return a line that runs a verb from the working folder of this process.

    Parameters
    ----------
    verb : str
        ``"promote"``; of a group with its name in front: ``"corpus describe"``.
    *arguments : str
        Switches among them begin with dashes: ``"--replace"``.
    **options : str
        By their long names, without dashes: ``experiment="quickstart"``.

    Returns
    -------
    str
        ``harness …`` where that is on the PATH; ``make …`` in a checkout, where a target calls the verb; else
        with the path of the script.

    Examples
    --------
    >>> command_line("promote", experiment="quickstart")                       # doctest: +SKIP
    'harness promote --experiment quickstart'
    """
    program = "harness"
    if not _is_on_path():
        if (Path.cwd() / "Makefile").is_file() and is_checkout(Path.cwd()):
            target = _make_line(verb, arguments, options)
            if target:
                return target
        program = script("harness")
    named = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    return f"{program} {shlex.join([*verb.split(), *arguments, *named])}"


def script(name: str) -> str:
    """Return how a script of this Python's environment is called from the working folder.

    Parameters
    ----------
    name : str
        ``"harness"`` or ``"mlflow"``.

    Returns
    -------
    str
        Its name where the PATH leads to it, else its path, else ``python -m``.
    """
    path = Path(sys.executable).parent / name
    if _leads_to(name, path):
        return name
    if not path.is_file():
        return f"{shlex.quote(_short(Path(sys.executable)))} -m {name}"
    return shlex.quote(_short(path))


def is_checkout(folder: Path) -> bool:
    """Return whether a folder is the root of a checkout of the harness itself."""
    try:
        data = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Somebody else's file, which need not be valid TOML or UTF-8.
        return False
    project = data.get("project")
    return isinstance(project, dict) and project.get("name") == DISTRIBUTION


def _make_line(verb: str, arguments: tuple[str, ...], options: Mapping[str, str]) -> str:
    """Return the call of a make target; empty where the Makefile has no target or variable for it."""
    target, variables = MAKE_TARGETS.get(verb, ("", {}))
    switches = [word for word in arguments if word.startswith("--")]
    plain = [word for word in arguments if word not in switches]
    if not target or len(plain) > 1 or not {*options, *([""] if plain else [])} <= variables.keys():
        return ""
    values = {"": plain[0], **options} if plain else dict(options)
    named = [f"{variables[name]}={shlex.quote(value)}" for name, value in values.items()]
    # The Makefile passes ARGS on as it is.
    rest = [f"ARGS={shlex.quote(' '.join(switches))}"] if switches else []
    return " ".join(["make", target, *named, *rest])


def _is_on_path() -> bool:
    return _leads_to("harness", Path(sys.executable).parent / "harness")


def _leads_to(name: str, path: Path) -> bool:
    """Return whether the PATH finds this environment's script under a name, and not another one's."""
    match = shutil.which(name)
    return match is not None and os.path.realpath(match) == os.path.realpath(path)


def _short(path: Path) -> str:
    """Return a path as seen from the working folder, where it lies below that."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
