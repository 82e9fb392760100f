# SPDX-License-Identifier: Apache-2.0
"""How long one extraction waits for its source in all; a task that has to wait longer is tried again by Airflow."""

from __future__ import annotations

from tieout.collectors.frame import Frame

MAX_WAIT_SECONDS = 900.0
"""In all, where a source's limits do not take longer."""


class Patience:
    """What one extraction still waits for its source.

    Args:
        frame: The extraction's frame; it waits, and counts what was asked again.
        longest: Seconds in all.

    Attributes:
        waited: Seconds until now.
    """

    def __init__(self, frame: Frame, longest: float = MAX_WAIT_SECONDS) -> None:
        self.longest, self.waited = longest, 0.0
        self._frame = frame

    def is_too_long(self, seconds: float) -> bool:
        """Whether a wait would be longer than what is left."""
        return self.waited + seconds > self.longest

    def wait(self, seconds: float, answer: str) -> None:
        """Wait before a request is sent again because of an answer."""
        self.waited += seconds
        self._frame.asked_again(answer, seconds)
        self._frame.sleep(seconds)
