"""What tests ask of processes."""

from __future__ import annotations

import os
from pathlib import Path


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A zombie has ended, and waits for whoever inherits it.
    return "(Z)" not in Path(f"/proc/{process}/status").read_text(encoding="utf-8").replace("zombie", "(Z)")
