"""The running harness in, a copy of it for nodes that have another, and what they need besides, out."""

from __future__ import annotations

from pathlib import Path

from harness.serving.wheel import package_files

PACKAGE = Path(__file__).parents[3]
"""The folder of the running harness."""

NEEDED = (
    *("cloudpickle", "numpy", "pandas", "pyarrow", "pydantic", "scipy", "sklearn"),
    *("skops", "torch", "transformers", "ruamel.yaml", "mlflow"),
)
"""Packages without which a node runs no trial; the harness can be sent there, they cannot."""


def copied_package(folder: Path) -> Path:
    """Copy the running harness into a folder, without what Python makes; return the package in it."""
    for name, data in package_files():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "harness"
