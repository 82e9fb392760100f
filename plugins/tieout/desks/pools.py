# SPDX-License-Identifier: Apache-2.0
"""Threads of our own with a bound on how much waits for them: what does not fit is told so at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class PoolFull(Exception):
    """Every thread works, and as much as may wait is waiting."""


class BoundedPool:
    """A number of threads, and a number of things that may wait for one.

    Args:
        name: Of its threads.
        threads: How many work at a time.
        waiting: How many more are taken, to be worked on later.
    """

    def __init__(self, name: str, threads: int, waiting: int = 0) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._places = threading.BoundedSemaphore(threads + waiting)

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Take work, and return its future; one that is cancelled before it began gives its place back.

        Raises:
            PoolFull: There is no place.
        """
        if not self._places.acquire(blocking=False):
            raise PoolFull
        try:
            future = self._executor.submit(work)
        except BaseException:
            self._places.release()
            raise
        future.add_done_callback(lambda _: self._places.release())
        return future

    def close(self) -> None:
        """Take nothing more; what has begun ends on its own, what waits is dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)
