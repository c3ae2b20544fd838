"""The running environment in, what a model needs to be installed elsewhere out."""

from __future__ import annotations

import re
from functools import cache
from importlib import metadata

from harness.serving.wheel import DISTRIBUTION


def normalized(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def constraints() -> tuple[str, ...]:
    """Pin everything that the harness needs, directly or not, to the versions that run here.

    Returns
    -------
    tuple of str
        ``name==version``, sorted. A local version (``2.13.0+cpu``) is cut: which build to take is for the
        machine that installs it to say. Only what is installed is named.
    """
    found: dict[str, str] = {}
    waiting = [DISTRIBUTION]
    while waiting:
        name = normalized(waiting.pop())
        if name in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[name] = distribution.version.partition("+")[0]
        waiting += _needed(distribution.requires or [])
    found.pop(DISTRIBUTION, None)
    return tuple(f"{name}=={version}" for name, version in sorted(found.items()))


def pinned(name: str) -> str:
    """Return ``name==version`` of an installed distribution."""
    return f"{name}=={metadata.version(name).partition('+')[0]}"


def _needed(requires: list[str]) -> list[str]:
    """Return the names of those requirements that apply here, extras left out."""
    from packaging.requirements import Requirement

    parsed = [Requirement(text) for text in requires]
    return [one.name for one in parsed if one.marker is None or one.marker.evaluate({"extra": ""})]
