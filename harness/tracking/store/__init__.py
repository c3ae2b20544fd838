"""Where runs live: a folder or a server in, a Store out; moving it, looking at it.

>>> from harness.tracking.store import Store
>>> store = Store.open()                                                   # doctest: +SKIP
"""

from __future__ import annotations

from harness.tracking.store.location import Store

__all__ = ["Store"]
