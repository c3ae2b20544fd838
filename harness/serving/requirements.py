"""The running environment in, what a model needs to be installed elsewhere out."""

from __future__ import annotations

import re
from functools import cache
from importlib import metadata

from harness.serving.wheel import DISTRIBUTION


def normalized(name: str) -> str:
    """Return a distribution's name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def constraints() -> tuple[str, ...]:
    """Pin everything that the harness needs, directly or not, to the versions that run here.

    Returns
    -------
    tuple of str
        ``name==version``, sorted. A local version (``2.13.0+cpu``) is cut: which build to take is up to the
        machine that installs it. Only installed packages are named.
    """
    versions: dict[str, str] = {}
    queue = [DISTRIBUTION]
    while queue:
        name = normalized(queue.pop())
        if name in versions:
            continue
        try:
            distribution = metadata.distribution(name)
        # Optional for another system, such as a CUDA library on a machine without a GPU.
        except metadata.PackageNotFoundError:
            continue
        versions[name] = distribution.version.partition("+")[0]
        queue += _needed(distribution.requires or [])
    versions.pop(DISTRIBUTION, None)
    return tuple(f"{name}=={version}" for name, version in sorted(versions.items()))


def pinned(name: str) -> str:
    """Return ``name==version`` of an installed distribution."""
    return f"{name}=={metadata.version(name).partition('+')[0]}"


def _needed(requires: list[str]) -> list[str]:
    """Return the names of those requirements that apply in this environment; extras are left out."""
    from packaging.requirements import Requirement

    requirements = [Requirement(text) for text in requires]
    return [
        requirement.name
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    ]
