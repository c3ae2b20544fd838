"""The name of a file below a folder in, whether it is one that a person put there out."""

from __future__ import annotations

from pathlib import Path

HIDDEN = (".",)
"""What names begin with that programs write for themselves: ``.ipynb_checkpoints``, ``._article.txt``."""


def is_hidden(name: Path, marks: tuple[str, ...] = HIDDEN) -> bool:
    """Whether a file, or a folder on the way to it, has a name that begins with a mark.

    Parameters
    ----------
    name : Path
        Relative to the folder that a person named: what lies above it is their choice.
    marks : tuple of str
    """
    return any(part.startswith(marks) for part in name.parts)
