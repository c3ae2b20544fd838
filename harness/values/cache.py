"""The environment in, the one folder out that everything which can be fetched or measured again goes to."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "HARNESS_CACHE"
FOLDER = "stance-harness"


def cache_folder() -> Path:
    """Return the cache folder: ``HARNESS_CACHE``, or else ``stance-harness`` in the platform's cache folder.

    It holds fetched corpora (``corpora``, ``pins.json``), measurements of engines (``engines.json``), what
    fine-tuned teachers said (``teachers``), copies of what lies in buckets while they are needed
    (``buckets``) and answers of language models with what they cost (``llm.sqlite``). It may be deleted at
    any time; answers then have to be asked for, and paid for, again, teachers are trained anew, and rows
    whose labelling was interrupted are labelled again.

    Returns
    -------
    Path
        It need not exist yet. A ``~`` in the variable is expanded.

    Notes
    -----
    The platform's folder is ``$XDG_CACHE_HOME`` or ``~/.cache`` on Linux and ``~/Library/Caches`` on macOS.
    Engines' measurements used to be kept in ``~/.cache/harness``, unless ``HARNESS_CACHE`` was set. That
    folder is no longer read: it holds measurements only, which are repeated where they are missing, so it
    can be deleted. Corpora fetched earlier are found where they are.
    """
    import platformdirs

    variable = os.environ.get(VARIABLE)
    return Path(variable).expanduser() if variable else platformdirs.user_cache_path(FOLDER)
