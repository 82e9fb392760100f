# SPDX-License-Identifier: Apache-2.0
"""Reading the campaigns when a process starts, so that whoever comes first does not wait for that.

It is a convenience: what is not read now is read when somebody asks for it, and a store that does not answer keeps nothing from
starting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from tieout.desks.campaign_desk import CampaignDesk

log = logging.getLogger(__name__)


def warm_up(open_desk: Callable[[], CampaignDesk]) -> threading.Thread:
    """Have every campaign that is shown read, on a thread of its own; returns that thread, for which nobody has to wait.

    Args:
        open_desk: Opens the desk, or returns it.
    """
    thread = threading.Thread(target=_read, args=(open_desk,), name="tieout-warm-up", daemon=True)
    thread.start()
    return thread


def _read(open_desk: Callable[[], CampaignDesk]) -> None:
    began, count = time.monotonic(), 0
    try:
        desk = open_desk()
        for case in desk.cases().values():
            case.refresh_whole()
            case.prepare(desk.now())
            count += 1
    except Exception as error:  # its text may name a person
        log.warning("Campaigns were not read at the start, but for %s: %s", count, type(error).__name__)
    else:
        log.info("Read %s campaigns in %.1f s", count, time.monotonic() - began)
