"""A store in, empty folders out that are gone after use, or known to be nobody's.

They lie beside the store: a model may be larger than the system's folder for temporary files.
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from harness.tracking.store import Store
from harness.tracking.store.database import locked

FOLDER = "scratch"


@contextlib.contextmanager
def scratch_folder(store: Store) -> Iterator[Path]:
    """Create an empty folder, deleted after the block."""
    folder = store.home / FOLDER / f"tmp-{uuid.uuid4().hex[:12]}"
    # Locked before there is a folder: one that stands without its lock is a remnant.
    with locked(lock_of(folder)):
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock_of(folder).unlink(missing_ok=True)


def lock_of(folder: Path) -> Path:
    """Return the file whose lock the user of a scratch folder holds."""
    return folder.with_name(f"{folder.name}.lock")
