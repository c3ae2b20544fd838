"""One root integer in, independent random streams out, each with a name.

There is no global random state: whoever draws at random names the stream, so that a new drawing somewhere
does not move any other.
"""

from __future__ import annotations

import hashlib

import numpy as np


def derive(root: int, *names: str | int) -> int:
    """Derive the seed of a named stream.

    Parameters
    ----------
    root : int
        The seed of the config.
    *names : str or int
        What the stream is for. Different names give unrelated seeds.

    Returns
    -------
    int
        In ``[0, 2**32)``, the same on every machine and Python version.

    Examples
    --------
    >>> derive(1, "split") == derive(1, "split")
    True
    >>> derive(1, "split") == derive(1, "carve")
    False
    """
    # Python's own hash() of strings changes from process to process. The separator, in no name, keeps
    # ("a", "bc") apart from ("ab", "c").
    text = "\x1f".join(str(part) for part in (root, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def generator(root: int, *names: str | int) -> np.random.Generator:
    """Return a NumPy generator for a named stream; see :func:`derive`."""
    return np.random.default_rng(derive(root, *names))
