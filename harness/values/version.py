"""The version of the package.

pyproject.toml states the same number: an installer reads it there, before anything of the package can run.
"""

from __future__ import annotations

VERSION = "0.1.0"
