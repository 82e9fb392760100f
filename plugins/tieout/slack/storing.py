# SPDX-License-Identifier: Apache-2.0
"""Storing while somebody waits: within the time in which Slack has to be answered, or they are asked to try again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from typing import TypeVar

from tieout.desks.pools import PoolFull
from tieout.errors import TieoutError
from tieout.slack.front import Front, quietly
from tieout.slack.guard import Request

log = logging.getLogger(__name__)

STORE_SECONDS = 2.0
"""How long storing may take before the person is asked to try again."""
_MARGIN_SECONDS = 0.15
"""Left of the time to answer once storing has ended."""

T = TypeVar("T")


def stored_in_time(front: Front, request: Request, store: Callable[[], T], late: Callable[[T], object]) -> T | None:
    """Return what storing came to; ``None`` where that is not known in time.

    Args:
        front: Has the threads.
        request: What has to be answered.
        store: Stores.
        late: Called with what it came to, where that was after the person had been asked to try again.
    """
    left = min(STORE_SECONDS, request.deadline - time.monotonic() - _MARGIN_SECONDS)
    if left <= 0:
        return None
    try:
        future = front.stores.submit(store)
    except PoolFull:
        log.warning("Slack: every thread that stores is busy: somebody was asked to try again")
        return None
    try:
        return future.result(left)
    except NotInTime:
        if not future.cancel():
            future.add_done_callback(lambda done: _late(done, late))
        log.warning("Slack: the store did not answer in time: somebody was asked to try again")
    except TieoutError as error:
        quietly(error, "an answer was not stored")
    return None


def _late(done: Future[T], late: Callable[[T], object]) -> None:
    if done.exception() is None:
        late(done.result())
