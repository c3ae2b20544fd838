"""The data of a page in, the explorer out: one HTML document that makes no request."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.explorer.page_data import Described

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE = "explorer.html"
"""The file of a run, and of a comparison, that holds the page."""

FOLDER = Path(__file__).parent / "page"
SCRIPTS = (
    "make.js",
    "data.js",
    "filters.js",
    "statistics.js",
    "intervals.js",
    "elements.js",
    "list.js",
    "panels.js",
    "detail.js",
)
LAST = "main.js"
"""Starts the page, so that it comes after all that it calls."""


def explorer_page(data: str, described: Described, *, served: bool = False) -> str:
    """Return the explorer.

    Parameters
    ----------
    data : str
        Of :func:`harness.explorer.page_data.page_data`.
    described : Described
    served : bool
        Whether a server answers what the page cannot: it may then ask its own origin, and nothing else.

    Returns
    -------
    str
        One HTML document, light and dark, for keyboard, touch and phone. It works from a file, and in a frame
        that allows scripts alone. Texts reach it as data, and its script writes them as text.
    """
    script, style = page_script(served=served), _style()
    subtitle = " · ".join(part for part in (described.task, described.corpus) if part)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=described.title,
            subtitle=subtitle,
            stance=described.task == "stance",
            served=served,
            data=data,
            script=script,
            style=style,
            script_hash=_hash(script),
            style_hash=_hash(style),
        )
    )


@cache
def page_script(*, served: bool = False) -> str:
    """Return the script of the page: its files one after the other, in a scope of their own."""
    files = [*SCRIPTS, "served.js" if served else "unserved.js", LAST]
    texts = [(FOLDER / name).read_text(encoding="utf-8") for name in files]
    return '"use strict";\n(() => {\n' + "\n".join(texts) + "})();\n"


@cache
def _style() -> str:
    return (FOLDER / "style.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Of what is filled in, our script and style and letters of base64 alone are not escaped.
    return Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)


def _hash(text: str) -> str:
    """Return the name of a script or style in a Content-Security-Policy: no other one is executed."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
