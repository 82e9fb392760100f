# SPDX-License-Identifier: Apache-2.0
"""How often personal links may be tried: by one address, and by all of them together where what they try is none.

The address is that of the connection. Behind a proxy it is the proxy's, for everybody: what a request itself says of where it
comes from is not believed, unless whoever runs the api-server has it do so (uvicorn's ``--forwarded-allow-ips``). Addresses of
IPv6 count by their first 64 bits: whoever has one of such a network has all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network, ip_address
from time import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

BY_ADDRESS = RateLimitItemPerMinute(60)
"""Requests of one address that carry a code."""
FAILED = RateLimitItemPerMinute(600)
"""Codes of all addresses that stand for nothing. An address is forgotten a minute after its first request."""


def source_of(address: str) -> str:
    """Return what an address is counted as."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))


def _limiter() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(MemoryStorage())


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts what is tried. Thread-safe.

    Attributes:
        clock: Seconds since 1970.
    """

    clock: Callable[[], float] = time
    _limiter: FixedWindowRateLimiter = field(default_factory=_limiter, repr=False)

    def wait(self, address: str) -> int | None:
        """Count a request that carries a code, and return for how many seconds it is not answered; ``None`` where it is."""
        if not self._limiter.test(FAILED, "failed"):
            return self._left(FAILED, "failed")
        source = source_of(address)
        return None if self._limiter.hit(BY_ADDRESS, "address", source) else self._left(BY_ADDRESS, "address", source)

    def failed(self) -> None:
        """Count a code that stands for nothing."""
        self._limiter.hit(FAILED, "failed")

    def _left(self, item: RateLimitItemPerMinute, *key: str) -> int:
        return max(1, int(self._limiter.get_window_stats(item, *key).reset_time - self.clock()) + 1)
