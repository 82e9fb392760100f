# SPDX-License-Identifier: Apache-2.0
"""Instants as documents state them: RFC 3339 text in UTC with microseconds."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(value: datetime) -> str:
    """Return an instant as text, for example ``2026-03-05T14:30:00.000000Z``.

    Raises:
        ValueError: The instant has no time zone.
    """
    if value.tzinfo is None:
        msg = f"expected an instant with a time zone, got {value.isoformat()}"
        raise ValueError(msg)
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """Return the instant that a text states, in UTC.

    Raises:
        ValueError: The text is no RFC 3339 instant with a zone.
    """
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        msg = f"expected an instant with a time zone, got {text!r}"
        raise ValueError(msg)
    return value.astimezone(UTC)
