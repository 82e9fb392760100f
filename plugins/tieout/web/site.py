# SPDX-License-Identifier: Apache-2.0
"""What the pages share: the desk, on threads of its own, and what they know of this installation."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from tieout.desks.access_desk import AccessDesk
from tieout.desks.desk import Desk
from tieout.desks.forms import FormDesk
from tieout.desks.pools import BoundedPool, PoolFull
from tieout.errors import ConfigurationError, StoreUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def _pool() -> BoundedPool:
    return BoundedPool("tieout-web", threads=8, waiting=32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the pages of one installation share. Thread-safe.

    Attributes:
        desk: Opens the desk, or returns it; called on the pool, for each question.
        person_of: The person that an e-mail address stands for.
        zone: The program's time zone.
        key: Of stamps (`tieout.web.stamps.stamp_key`).
        origins: Addresses that this site is known by, beside the one that a request names.
        ask: Whom somebody asks who is refused.
        access: Opens the desk of auditors' access, or returns it; ``None`` where there is none.
        login: Where somebody signs in, who then wants to go to a path.
        now: UTC.
        seconds: How long somebody waits for the desk.
        pool: The desk's threads: one that hangs holds up no other page of Airflow.
    """

    desk: Callable[[], Desk]
    person_of: Callable[[str], str]
    zone: ZoneInfo
    key: bytes = field(repr=False)
    origins: tuple[str, ...] = ()
    ask: str = "the people who run Tieout in your company"
    access: Callable[[], AccessDesk] | None = None
    login: Callable[[str], str] | None = None
    now: Callable[[], datetime] = utc_now
    seconds: float = 10.0
    pool: BoundedPool = field(default_factory=_pool, repr=False)

    async def forms(self, question: Callable[[FormDesk], T], seconds: float | None = None) -> T:
        """Return what the desk of forms answers; raises as `asked`, and `ConfigurationError` where there is none."""

        def ask(desk: Desk) -> T:
            if desk.forms is None:
                msg = "web: this installation has no desk of forms."
                raise ConfigurationError(msg)
            return question(desk.forms)

        return await self.asked(ask, seconds)

    async def evidence(self, question: Callable[[AccessDesk], T]) -> T:
        """Return what the desk of auditors' access answers; raises as `asked`, and `ConfigurationError` where there is none."""
        if self.access is None:
            msg = "web: this installation has no desk of auditors' access."
            raise ConfigurationError(msg)
        opened = self.access
        return await self._on_the_pool(lambda: question(opened()), self.seconds)

    async def asked(self, question: Callable[[Desk], T], seconds: float | None = None) -> T:
        """Return what the desk answers to a question.

        Args:
            question: What it is asked.
            seconds: How long somebody waits, where that is not as usual.

        Raises:
            TransientError: It did not answer in time, or is busy. What it was asked to store may be stored all the same.
        """
        return await self._on_the_pool(lambda: question(self.desk()), seconds or self.seconds)

    async def _on_the_pool(self, work: Callable[[], T], longest: float) -> T:
        try:
            future = self.pool.submit(work)
        except PoolFull:
            msg = "web: every thread is busy"
            raise StoreUnavailable(msg) from None
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), longest)
        except TimeoutError:
            msg = f"web: expected an answer of the desk within {longest:g} s, got none"
            raise StoreUnavailable(msg) from None


def place_of(error: BaseException) -> str:
    """Return type and place of an error, without its text: that may name a person."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
