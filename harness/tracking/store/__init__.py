"""A folder or a server in, the Store of its runs out; moving a store, looking at it.

>>> from harness.tracking.store import Store
>>> store = Store.open()                                                   # doctest: +SKIP
"""

from __future__ import annotations

from harness.tracking.store.location import Store

__all__ = ["Store"]
