"""Where runs live: a folder or a server in, a Store out; moving it, looking at it.

>>> from harness.store import Store
>>> store = Store.open()                                                   # doctest: +SKIP
"""

from __future__ import annotations

from harness.store.location import Store

__all__ = ["Store"]
