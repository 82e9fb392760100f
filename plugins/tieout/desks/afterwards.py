# SPDX-License-Identifier: Apache-2.0
"""What is sent after the answer: receipts and updated messages, from a thread of its own, at Slack's pace.

It is a convenience. What is lost with the process, or does not fit, changes nothing that is stored: the campaign task brings the
messages up to date from the ledger.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

log = logging.getLogger(__name__)

MOST = 10_000
"""Things that wait; more are left to the campaign task."""


class Afterwards:
    """Does things in the order in which they came, one at a time. Thread-safe; its thread starts with the first of them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: OrderedDict[Hashable, Callable[[], object]] = OrderedDict()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._working = self._closed = False

    def push(self, key: Hashable, job: Callable[[], object]) -> bool:
        """Have something done later. What waits under the same key is replaced, and keeps its place.

        Returns:
            Whether there was room for it.
        """
        with self._changed:
            if self._closed or (len(self._waiting) >= MOST and key not in self._waiting):
                log.warning("Slack: %s is full; the campaign task brings messages up to date", self._name)
                return False
            self._waiting[key] = job
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return True

    def drain(self, seconds: float) -> bool:
        """Wait until nothing is left to do; returns whether that came to be in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._working, seconds)

    def close(self) -> None:
        """Do nothing more; what is being done ends on its own."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._working = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                _, job = self._waiting.popitem(last=False)
                self._working = True
            try:
                job()
            except Exception as error:  # its text may name a person
                log.warning("Slack: %s: not sent: %s", self._name, type(error).__name__)
