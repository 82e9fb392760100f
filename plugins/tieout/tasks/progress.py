# SPDX-License-Identifier: Apache-2.0
"""How far long work is, told to a task's log now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from logging import Logger


def logged(
    log: Logger, every_seconds: float = 15, clock: Callable[[], float] = time.monotonic
) -> Callable[[str, int, int], None]:
    """Return a function that is told what is being done, how many rows are done and of how many, and logs it now and then.

    Work that is over before the first ``every_seconds`` are logs nothing.
    """
    last = clock()

    def tell(what: str, done: int, of: int) -> None:
        nonlocal last
        if clock() - last < every_seconds:
            return
        last = clock()
        log.info("%s: %s of %s rows", what.capitalize(), f"{done:,}", f"{of:,}")

    return tell
