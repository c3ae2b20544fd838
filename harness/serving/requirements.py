"""The running environment in, what a model needs to be installed elsewhere out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import metadata

from harness.serving.wheel import DISTRIBUTION
from harness.values.packages import installed, normalized


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
    packages, queue = installed(), [DISTRIBUTION]
    while queue:
        name = normalized(queue.pop())
        if name in versions:
            continue
        # Optional for another system, such as a CUDA library on a machine without a GPU.
        if name not in packages:
            continue
        versions[name] = packages[name].version.partition("+")[0]
        queue += _needed(packages[name].requires)
    versions.pop(DISTRIBUTION, None)
    return tuple(f"{name}=={version}" for name, version in sorted(versions.items()))


def pinned(name: str) -> str:
    """Return ``name==version`` of an installed distribution."""
    return f"{name}=={metadata.version(name).partition('+')[0]}"


def _needed(requires: Sequence[str]) -> list[str]:
    """Return the names of those requirements that apply in this environment; extras are left out."""
    from packaging.requirements import Requirement

    requirements = [Requirement(text) for text in requires]
    return [
        requirement.name
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    ]
