# SPDX-License-Identifier: Apache-2.0
"""Where a line to a service is cut: at a chosen request, before the service sees it or before its answer comes back."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Cut:
    """One cut.

    Attributes:
        request: Matched against what was asked.
        act: Called with the client's port at the match: it kills what has to die.
        answered: Whether the service sees the request first, and only its answer never comes.
    """

    request: re.Pattern[str]
    act: Callable[[int], object]
    answered: bool = False


class Cuts:
    """Cuts that wait for their request; each is made once. Thread-safe."""

    def __init__(self) -> None:
        self._waiting: list[Cut] = []
        self._lock = threading.Lock()

    def arm(self, request: str, act: Callable[[int], object], *, answered: bool = False) -> None:
        """Cut the line at the first request that matches from now on."""
        with self._lock:
            self._waiting.append(Cut(re.compile(request), act, answered))

    def at(self, request: str) -> Cut | None:
        """Return the cut that a request meets; it is met once."""
        with self._lock:
            found = next((each for each in self._waiting if each.request.search(request)), None)
            if found is not None:
                self._waiting.remove(found)
        return found


def processes_at(port: int) -> list[psutil.Process]:
    """Return the processes, others than this one, that hold a local port."""
    found = []
    for process in psutil.process_iter():
        try:
            connections = process.net_connections(kind="tcp")
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(each.laddr and each.laddr.port == port for each in connections):
            found.append(process)
    return found
