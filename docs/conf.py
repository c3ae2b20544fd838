"""Markdown and the package's own code in, the documentation as HTML out: ``make docs``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import harness

project = "stance-harness"
copyright = "the authors of stance-harness"  # noqa: A001 (the name that Sphinx reads)
version = release = harness.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "stance-harness"
html_static_path: list[str] = []

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_validation_checks: set[str] = set()


def setup(app: Any) -> None:
    """Write the generated pages before Sphinx looks for its sources."""
    import generated

    app.connect("builder-inited", lambda _: generated.write(HERE / "reference"))
