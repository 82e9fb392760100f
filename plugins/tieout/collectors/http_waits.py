# SPDX-License-Identifier: Apache-2.0
"""How long to wait before asking an HTTP source again: what it says itself, in any header that vendors use, or a back-off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TRIES = 6
"""How often one request is sent before the source counts as unavailable."""
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_REMAINING = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")
_RESET = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
_SECONDARY = (b"secondary rate limit", b"abuse detection")
"""How GitHub words a limit that its headers do not state; it asks for a minute at least, and for more each time."""
_SECONDARY_SECONDS = 60
_EPOCH = 1_000_000_000
"""A larger number in a reset header is a time, in seconds since 1970; a smaller one is a number of seconds."""


def is_worth_asking_again(status: int, headers: Mapping[str, str], body: bytes = b"") -> bool:
    """Whether an answer may be another one later: a limit, a time-out, or a failure of the server.

    Args:
        status: HTTP status.
        headers: By name, whose case does not matter to the mapping. Some vendors limit with 403 and say so in headers.
        body: Of the answer. One vendor says so there alone.
    """
    return status in _AGAIN or (
        status == 403 and ("retry-after" in headers or _remaining(headers) == 0 or _is_secondary(status, body))
    )


def seconds_until_asked_again(
    headers: Mapping[str, str], tries: int, now: datetime, status: int = 429, body: bytes = b""
) -> float:
    """Return how long to wait after an answer that is worth asking for again.

    Args:
        headers: Of the answer, case-insensitive.
        tries: How often the request was sent, at least 1.
        now: UTC; a time in a header is held against the answer's own ``Date`` where it has one, as clocks differ.
        status: HTTP status.
        body: Of the answer.
    """
    stated = _retry_after(headers, now)
    if stated is None and _remaining(headers) in (0, None):
        stated = _reset(headers, now)
    if stated is None:
        return float(2 ** (tries - 1)) * (_SECONDARY_SECONDS if _is_secondary(status, body) else 1)
    return max(stated, 0.0)


def source_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the time that an answer's ``Date`` header states, UTC; ``None`` where it has none that can be read."""
    try:
        stated = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return stated.replace(tzinfo=UTC) if stated.tzinfo is None else stated.astimezone(UTC)


def _is_secondary(status: int, body: bytes) -> bool:
    return status in (403, 429) and any(words in body.lower() for words in _SECONDARY)


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    text = headers.get("retry-after")
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        return (parsedate_to_datetime(text) - (source_time(headers) or now)).total_seconds()
    except (ValueError, TypeError):  # no date, or one without a zone
        return None


def _reset(headers: Mapping[str, str], now: datetime) -> float | None:
    number = _number(headers, _RESET)
    if number is None or number < _EPOCH:
        return number
    return number - (source_time(headers) or now).timestamp()


def _remaining(headers: Mapping[str, str]) -> float | None:
    return _number(headers, _REMAINING)


def _number(headers: Mapping[str, str], names: tuple[str, ...]) -> float | None:
    text = next((headers[name] for name in names if name in headers), "")
    try:
        return float(text)
    except ValueError:
        return None
