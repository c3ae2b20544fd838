"""Sources of somebody's own code in, the module that they make out: what was read is run, and nothing else.

Python would take a module's bytecode from ``__pycache__`` without looking at the source, compiled code in
place of a source, and whatever another module of the same name left in memory. None of that was read by the
person who trusts a source, so that such modules are found by :class:`_Finder` alone. The folder of a config
is never on ``sys.path``: a ``gzip.py`` in it would otherwise be imported by any library that needs gzip.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType


@dataclass(frozen=True)
class Source:
    """A module as it was read.

    Attributes
    ----------
    file : Path
    content : bytes
    """

    file: Path
    content: bytes

    @property
    def is_package(self) -> bool:
        """Whether it is the ``__init__.py`` of a folder."""
        return self.file.name == "__init__.py"


class _ReadLoader(SourceFileLoader):
    """Runs the source that was read; the file is not opened again, and bytecode is neither read nor written.

    Parameters
    ----------
    name : str
    source : Source
    """

    def __init__(self, name: str, source: Source) -> None:
        super().__init__(name, str(source.file))
        self.source = source

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        """Compile the source."""
        code: CodeType = self.source_to_code(self.source.content, self.path)
        return code


class _Finder(MetaPathFinder):
    """Finds the modules of somebody's own code by their full names.

    Parameters
    ----------
    sources : mapping
        Name → source.
    is_installed : bool
        Of an installed package Python itself finds the parts that have no source; beside a config there are
        none that could be trusted.
    """

    def __init__(self, sources: Mapping[str, Source], is_installed: bool) -> None:
        self.sources, self.is_installed = sources, is_installed
        parents = {
            name.rpartition(".")[0] for name in sources if name.rpartition(".")[0] and not is_installed
        }
        self.folders = {
            ".".join(parent.split(".")[: depth + 1])
            for parent in parents
            for depth in range(parent.count(".") + 1)
        } - sources.keys()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how a module is loaded; None for one that is not of this code."""
        del path, target
        source = self.sources.get(fullname)
        if source is not None:
            spec = spec_from_file_location(
                fullname, source.file, loader=_ReadLoader(fullname, source), submodule_search_locations=None
            )
            if spec is not None and source.is_package:
                # Afterwards: the function would replace an empty list by the folder.
                spec.submodule_search_locations = [str(source.file.parent)] if self.is_installed else []
            return spec
        if fullname in self.folders and fullname not in sys.modules:
            # A folder without __init__.py, in which nothing but these sources is found.
            folder = ModuleSpec(fullname, None, is_package=True)
            folder.submodule_search_locations = []
            return folder
        return None


def import_sources(module: str, sources: Mapping[str, Source], *, is_installed: bool) -> ModuleType:
    """Import a module, from these sources and none else.

    Parameters
    ----------
    module : str
        One of the names of the sources.
    sources : mapping
        Full name → source: the module, and those of its own that it imports.
    is_installed : bool
        Whether it is found without a config, on Python's own path.
    """
    present = sys.modules.get(module)
    if present is not None and _is_of(present, sources[module]):
        return present
    # Of another config, with modules of the same names.
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if not (isinstance(finder, _Finder) and finder.sources.keys() & sources.keys())
    ]
    for name, source in sources.items():
        other = sys.modules.get(name)
        # A library that is in use stays, unless the config names a module of that name.
        is_own = isinstance(_loader(other), _ReadLoader) or name == module
        if other is not None and is_own and not _is_of(other, source):
            del sys.modules[name]
    # It stays, for what is imported when a function is called.
    sys.meta_path.insert(0, _Finder(sources, is_installed))
    return importlib.import_module(module)


def own_modules() -> list[ModuleType]:
    """Return the modules in memory that were made from sources of somebody's own."""
    return [module for module in sys.modules.values() if isinstance(_loader(module), _ReadLoader)]


def _is_of(module: ModuleType, source: Source) -> bool:
    """Say whether a module in memory was made from a source."""
    loader = _loader(module)
    if isinstance(loader, _ReadLoader):
        return loader.source == source
    file = getattr(module, "__file__", None)
    # Imported by this program itself, before it named a config.
    return file is not None and Path(file).resolve() == source.file


def _loader(module: ModuleType | None) -> object:
    return getattr(getattr(module, "__spec__", None), "loader", None)
