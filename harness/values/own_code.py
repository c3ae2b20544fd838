"""The address of somebody's own code in; the code, if the person trusts it, or its signature out.

A config may name a factory that is not of this package: ``kind: "mine:factory"``. To import it is to run it,
and a config may come from anybody. Therefore:

- what only looks at a config (``harness validate``) reads the signature of the factory from its source;
- what trains or serves imports it only if the person said so: ``--trust``, ``trust=True`` in Python,
  ``HARNESS_TRUST=1``, or ``harness trust FILE`` once, which remembers the digest of the source;
- Python's standard library is never taken for a factory, nor is any other function of this package.

The digest covers the file and the modules that it imports from its own folder: one that was changed since has
to be trusted again. What is run is what the digest covers (:mod:`harness.values.own_modules`).
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Literal

from harness.values.own_modules import Source, import_sources
from harness.values.own_signature import Signature, signature_of
from harness.values.python_syntax import parse_module

Access = Literal["read", "trusted", "all"]
VARIABLE = "HARNESS_TRUST"
OWN_PACKAGE = "harness"

LOADED: set[str] = set()
"""Digests of code that this process has imported: it may be asked for again, as when a model is packed."""

_access: ContextVar[Access | None] = ContextVar("access", default=None)
_folder: ContextVar[Path | None] = ContextVar("folder", default=None)


class UntrustedCodeError(Exception):
    """Somebody's own code that may not be imported.

    Parameters
    ----------
    what : str
        The reason, a clause.
    hint : str
        What to do about it; empty where nothing helps.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        self.what, self.hint = what, hint
        super().__init__(f"{what}; {hint}" if hint else what)


@dataclass(frozen=True)
class OwnCode:
    """Where the code of an address is, found without running it.

    Attributes
    ----------
    module, attribute : str
    file : Path
        The source of the module.
    """

    module: str
    attribute: str
    file: Path

    @property
    def base(self) -> Path:
        """The folder that holds the module, or the package that it is part of."""
        folder = self.file.parent
        while (folder / "__init__.py").is_file():
            folder = folder.parent
        return folder

    def sources(self) -> list[Path]:
        """Return the file, and those beside it that it imports, directly or not, in order of name.

        Those of the same package, or, for a module of its own, of the same folder.
        """
        return sorted(self.read())

    def read(self) -> dict[Path, bytes]:
        """Return the content of each of :meth:`sources`.

        Raises
        ------
        UntrustedCodeError
            Where one cannot be read.
        """
        base = self.base
        relative = self.file.relative_to(base)
        root = base / relative.parts[0] if len(relative.parts) > 1 else base
        contents: dict[Path, bytes] = {}
        queue = [self.file]
        while queue:
            path = queue.pop()
            if path in contents or root not in path.parents:
                continue
            try:
                contents[path] = path.read_bytes()
            except OSError as error:
                raise UntrustedCodeError(f"{path} cannot be read: {error.strerror}") from error
            beside = (_file_of(name, (base,)) for name in _imported(path, contents[path], base))
            queue += [file.resolve() for file in beside if file is not None]
            # To import a module of a package is to import the package.
            parents = (parent / "__init__.py" for parent in path.parents if base in parent.parents)
            queue += [parent for parent in parents if parent.is_file()]
        return contents

    def digest(self, contents: Mapping[Path, bytes] | None = None) -> str:
        """Return the SHA-256 of all sources, in hexadecimal digits.

        Parameters
        ----------
        contents : mapping, optional
            What :meth:`read` returned; default: it is read now.
        """
        base, total = self.base, hashlib.sha256()
        for path, content in sorted((self.read() if contents is None else contents).items()):
            total.update(str(path.relative_to(base)).encode())
            total.update(hashlib.sha256(content).digest())
        return total.hexdigest()

    def names(self, contents: Mapping[Path, bytes]) -> dict[str, Source]:
        """Return the sources by the names that they are imported by."""
        by_name: dict[str, Source] = {}
        own_name = _name(self.file.relative_to(self.base))
        # A folder without __init__.py may stand before the name, as in tests.mine.
        prefix = self.module.removesuffix(own_name) if self.module.endswith(f".{own_name}") else ""
        for path, content in contents.items():
            name = _name(path.relative_to(self.base))
            # A source beside the config that is called like a part of Python stays unused.
            if name.partition(".")[0] not in sys.stdlib_module_names:
                by_name[name] = by_name[prefix + name] = Source(path, content)
        return by_name

    def signature(self) -> Signature | None:
        """Return the signature of the attribute as the source has it; None where the source does not tell."""
        return signature_of(self.file, self.attribute)


@contextlib.contextmanager
def access(level: Access) -> Iterator[None]:
    """Allow code to be read, to be imported if it is trusted, or to be imported whatever it is."""
    token = _access.set(level)
    try:
        yield
    finally:
        _access.reset(token)


@contextlib.contextmanager
def beside(folder: Path) -> Iterator[None]:
    """Look for code in a folder first, as Python does in that of a script.

    The folder is not put on Python's path: what lies in it is imported by its address, or not at all.
    """
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def level() -> Access:
    """Return what is allowed now: what :func:`access` set, else what the environment says."""
    chosen = _access.get()
    if chosen == "read":
        return chosen
    return "all" if os.environ.get(VARIABLE) == "1" else chosen or "trusted"


def locate(address: str) -> OwnCode:
    """Find the source of an address without importing anything.

    Parameters
    ----------
    address : str
        ``package.module:attribute``.

    Raises
    ------
    UntrustedCodeError
        Where it is of the standard library or of this package.
    ModuleNotFoundError
        Where there is no such module, or it has no source.
    """
    module, _, attribute = address.partition(":")
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top in sys.builtin_module_names:
        raise UntrustedCodeError(f"{address!r} is of Python's standard library, not code of yours")
    if top == OWN_PACKAGE:
        raise UntrustedCodeError(f"{address!r} is nothing that a config can name")
    folder = _folder.get() or Path.cwd()
    for searched in (folder, *(Path(entry or ".") for entry in sys.path)):
        file = _file_of(module, (searched,))
        if file is not None:
            return OwnCode(module, attribute, file.resolve())
    raise ModuleNotFoundError(f"there is no module {module!r} here, nor is one installed")


def imported(address: str) -> Any:
    """Import what an address names, if that is allowed.

    Raises
    ------
    UntrustedCodeError
        Where it is not.
    ImportError, AttributeError
        Where it cannot be imported, or has no such attribute.
    """
    try:
        code = locate(address)
    except ModuleNotFoundError:
        # Made by this process, as the classes of a notebook are: it has run already.
        module = address.partition(":")[0]
        if _is_of_this_process(module):
            return _attribute(sys.modules[module], address)
        raise
    contents = code.read()
    digest = code.digest(contents)
    if level() != "all" and digest not in trusted() and digest not in LOADED:
        raise UntrustedCodeError(
            f"{address!r} is code of {code.file.name}, which is not trusted on this machine",
            f"read it, then run again with --trust, or trust it once: harness trust {code.file}",
        )
    LOADED.add(digest)
    searched = {Path(entry or ".").resolve() for entry in sys.path}
    top = code.file.parents[code.module.count(".") + (code.file.name == "__init__.py")]
    sources = code.names(contents)
    return _attribute(import_sources(code.module, sources, is_installed=top in searched), address)


def _attribute(value: Any, address: str) -> Any:
    for name in address.partition(":")[2].split("."):
        value = getattr(value, name)
    return value


def _is_of_this_process(module: str) -> bool:
    """Say whether a module was made by the running program, a notebook say, and lies nowhere.

    Not so compiled parts of installed packages, and names that these add: they may do anything.
    """
    if module not in sys.modules:
        return False
    main = sys.modules["__main__"]
    if module == main.__name__:
        # Not the command line itself, whose functions a config is not to call.
        script = Path(getattr(main, "__file__", None) or "")
        return OWN_PACKAGE not in (script.stem, script.parent.name)
    return PathFinder.find_spec(module.partition(".")[0], [entry or "." for entry in sys.path]) is None


def _name(relative: Path) -> str:
    """Return the dotted name of a source by its path."""
    parts = relative.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_trusted(code: OwnCode) -> bool:
    """Return whether the person trusted this very source on this machine."""
    return code.digest() in trusted()


def trust(code: OwnCode) -> None:
    """Remember that the person trusts this very source."""
    path = trust_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    remembered = trusted() | {code.digest(): str(code.file)}
    new = path.with_suffix(f".{os.getpid()}.new")
    new.write_text(json.dumps(remembered, indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def code_in(file: Path) -> OwnCode:
    """Return the code of a file.

    Raises
    ------
    UntrustedCodeError
        Where it is no Python file.
    """
    if file.suffix != ".py" or not file.is_file():
        raise UntrustedCodeError(f"{file} is no Python file")
    return OwnCode(file.stem, "", file.resolve())


def trusted() -> dict[str, str]:
    """Return what is trusted on this machine: digest of the source → file."""
    try:
        data = json.loads(trust_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(digest): str(file) for digest, file in data.items()} if isinstance(data, dict) else {}


def trust_file() -> Path:
    """Return the file that remembers it, in the person's folder of settings."""
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home).expanduser() / "stance-harness" / "trusted.json"


def _file_of(module: str, folders: tuple[Path, ...]) -> Path | None:
    """Return the source of a module in one of some folders, looked up without importing its parents."""
    search = [str(folder) for folder in folders]
    spec = None
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:depth]), search)
        if spec is None:
            return None
        search = list(spec.submodule_search_locations or [])
    origin = spec.origin if spec is not None else None
    return Path(origin) if origin and origin.endswith(".py") else None


def _imported(path: Path, content: bytes, base: Path) -> Iterator[str]:
    """Yield the names of modules that a file imports, as seen from the base."""
    try:
        tree = parse_module(content)
    except (SyntaxError, ValueError):
        return
    package = path.relative_to(base).parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}".strip(".") for alias in node.names)
