"""The sources in, wheel and source archive out: built by flit, with links that work on a package index.

There nothing lies beside the README, so that ``docs/tutorial/index.md`` leads nowhere. With an address
``Source`` in ``[project.urls]`` of pyproject.toml, the one place that names the repository, such links become
addresses of files at the tag of the version. Without one they become plain text, and images are left out.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from flit_core import config
from flit_core.buildapi import (
    build_editable,
    build_sdist,
    build_wheel,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

# A target with a scheme, or within the page, is left as it is.
RELATIVE_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?![a-z]+:|#)(?P<path>[^)\s]+)\)")
FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)


def with_absolute_links(text: str, source: str, version: str) -> str:
    """Return Markdown whose links lead somewhere wherever it is shown.

    Parameters
    ----------
    text : str
    source : str
        Address of the repository, on a server with GitHub's paths; empty where it has none.
    version : str
        Of the package; its tag is ``v`` and this.
    """

    def absolute(link: re.Match[str]) -> str:
        image, label, path = link["image"], link["text"], link["path"]
        if not source:
            return "" if image else label
        kind = "raw" if image else "blob"
        return f"{image}[{label}]({source.rstrip('/')}/{kind}/v{version}/{path})"

    # The odd parts are code.
    parts = FENCE.split(text)
    parts[::2] = [RELATIVE_LINK.sub(absolute, part) for part in parts[::2]]
    return "".join(parts)


_read = config.description_from_file


def _description(path: str, folder: Path, guess_mimetype: bool = True) -> tuple[str, str]:
    text, mimetype = _read(path, folder, guess_mimetype)
    project = tomllib.loads((Path(folder) / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    source = project.get("urls", {}).get("Source", "")
    return with_absolute_links(text, source, project["version"]), mimetype


# flit has no setting for it.
config.description_from_file = _description
