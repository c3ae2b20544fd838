"""Items and a function in, its results in the same order out, a few computed at a time in threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Items taken from the source for each thread: one that is slow must not leave the others idle."""


def ordered(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int,
    stop: Callable[[BaseException], object] | None = None,
) -> Iterator[Result]:
    """Apply a function in threads and yield its results in the order of the items.

    Only :data:`AHEAD` items for each thread are taken at a time, so that memory does not grow with their
    number. Where one fails, no other is begun, those that were begun are finished, and its error is raised.

    Parameters
    ----------
    function : callable
        Safe to call from several threads.
    items : iterable
        Taken from this thread alone.
    threads : int
        At least 1.
    stop : callable, optional
        Called with the error that ends it, an interruption included, before what was begun is waited for.

    Yields
    ------
    object
    """
    pending: deque[Future[Result]] = deque()
    source = iter(items)
    with ThreadPoolExecutor(threads, thread_name_prefix="llm") as pool:
        try:
            for item in source:
                pending.append(pool.submit(function, item))
                if len(pending) >= AHEAD * threads:
                    _raise_failure(pending)
                    yield pending.popleft().result()
            # What fails late is raised before the results in front of it: nothing more is sent for nothing.
            wait(pending, return_when=FIRST_EXCEPTION)
            while pending:
                _raise_failure(pending)
                yield pending.popleft().result()
        except BaseException as error:
            if stop is not None:
                stop(error)
            raise
        finally:
            for future in pending:
                future.cancel()


def _raise_failure(pending: Iterable[Future[Result]]) -> None:
    for future in pending:
        if future.done() and not future.cancelled() and future.exception() is not None:
            future.result()
