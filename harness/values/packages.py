"""The running environment in, the packages that are installed in it out: read once a process."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from functools import cache
from importlib import metadata
from types import MappingProxyType


@dataclass(frozen=True)
class Package:
    """An installed distribution.

    Attributes
    ----------
    name, version : str
        As its metadata spell them.
    requires : tuple of str
        Its requirements, with their markers.
    """

    name: str
    version: str
    requires: tuple[str, ...]


def normalized(name: str) -> str:
    """Return a distribution's name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def installed() -> Mapping[str, Package]:
    """Return the installed packages by their normalized name; of one that is there twice the first counts."""
    packages: dict[str, Package] = {}
    for distribution in metadata.distributions():
        # importlib.metadata parses the whole file, the project's README included, for each attribute.
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        fields = HeaderParser().parsestr(text.partition("\n\n")[0])
        name = fields["Name"]
        if name:
            requires = tuple(fields.get_all("Requires-Dist") or ())
            packages.setdefault(normalized(name), Package(name, fields["Version"] or "", requires))
    return MappingProxyType(packages)
