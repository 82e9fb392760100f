# SPDX-License-Identifier: Apache-2.0
"""Whether Slack signed a request, and when. Pure: bytes and a clock's reading in, an answer out.

Slack signs ``v0:<timestamp>:<body>`` with HMAC-SHA256 under the app's signing secret. The timestamp is read strictly: what is not
the plain decimal number that Slack writes was not written by Slack.
"""

from __future__ import annotations

import hmac
import re

from tieout.errors import ConfigurationError

MAX_AGE_SECONDS = 300
"""A request is taken for so long before and after the time it was signed for."""
SHORTEST_SECRET = 16
"""Characters. Slack's are 32 hexadecimal digits; under an empty secret anybody could sign."""
_TIMESTAMP = re.compile(rb"[1-9][0-9]{0,11}")
_VERSION = "v0"


def signing_key(secret: str) -> bytes:
    """Return a signing secret as a key.

    Raises:
        ConfigurationError: It is too short to be one. The message never holds it.
    """
    if len(secret) < SHORTEST_SECRET or not secret.isascii():
        msg = f"Slack signing secret: expected at least {SHORTEST_SECRET} ASCII characters. Copy it from the app's basic page."
        raise ConfigurationError(msg)
    return secret.encode()


def read_timestamp(value: bytes) -> int | None:
    """Return the seconds since 1970 that a header states; ``None`` for anything but ASCII digits without a leading zero."""
    return int(value) if _TIMESTAMP.fullmatch(value) else None


def is_current(timestamp: int, now: float) -> bool:
    """Whether a request signed then is taken now: replays older than `MAX_AGE_SECONDS`, and ones from the future, are not."""
    return abs(now - timestamp) <= MAX_AGE_SECONDS


def sign(key: bytes, timestamp: int, body: bytes) -> str:
    """Return the signature that Slack gives a body at a time."""
    digest = hmac.digest(key, b"%s:%d:%s" % (_VERSION.encode(), timestamp, body), "sha256")
    return f"{_VERSION}={digest.hex()}"


def is_signed(key: bytes, timestamp: int, body: bytes, given: bytes) -> bool:
    """Whether a signature is the one of this body at this time, compared in constant time."""
    return hmac.compare_digest(sign(key, timestamp, body).encode(), given)
