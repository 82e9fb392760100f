# SPDX-License-Identifier: Apache-2.0
"""Making very many objects at once, and keeping them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 10_000
"""Items from which on a campaign is worth `keep`."""


@contextmanager
def without_collecting() -> Iterator[None]:
    """Pause the collector of cycles, which walks all objects again and again while very many come to stay.

    That was two fifths of the time of a large fold. What is not in a cycle is freed all the same.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def keep() -> None:
    """Have the collector of cycles pass over all that there is now, for as long as the process runs.

    It would walk a large campaign every few hundred answers, and hold up every thread for half a second: people who answer, and
    all of Airflow's pages. What is dropped is freed all the same, unless it is in a cycle.
    """
    gc.collect()
    gc.freeze()
