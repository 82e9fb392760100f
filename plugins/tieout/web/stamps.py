# SPDX-License-Identifier: Apache-2.0
"""What a page carries through a browser: what was on it and when, under a key of ours. Pure.

It is the token of the page's form as well: without one that we wrote for this user and this assignment, nothing is done. Who has
it learns nothing from it, and it says where to look, never what is so: the desk's state wins.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import rfc8785

MAX_AGE = timedelta(hours=12)
"""How long a page may be open before it is submitted; then it is shown again with what was filled in."""
LONGEST = 8192
_AHEAD = timedelta(minutes=1)
"""How far the clock of another api-server may be ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a page carries.

    Attributes:
        items: Ids of the items on it, in order.
        number: Number of the page.
        of: How many pages there were.
        total: Items of the assignment.
        answered: How many of them were decided.
        due: When it was due: seconds since 1970.
        opened_ms: When the page was made, by our clock: milliseconds since 1970.
        presented: Hash of what is shown on it, with person ids instead of names.
        language: Language that its numbers and dates were written in.
        nonce: Tells one page from every other.
    """

    items: tuple[str, ...]
    number: int
    of: int
    total: int
    answered: int
    due: int
    opened_ms: int
    presented: str
    language: str
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a stamp is good for: one Airflow user, and one assignment."""

    user: str
    campaign: str
    assignment: str


def stamp_key(secret: str) -> bytes:
    """Return the key of stamps, derived from a secret that every api-server of an installation has."""
    return hmac.digest(secret.encode(), b"tieout web stamp 1", "sha256")


def write(stamp: Stamp, key: bytes, bearer: Bearer) -> str:
    """Return a stamp as a form carries it."""
    said = json.dumps(asdict(stamp), separators=(",", ":")).encode()
    return f"{_text(said)}.{_text(_mac(said, key, bearer))}"


def read(token: str, key: bytes, bearer: Bearer) -> Stamp | None:
    """Return what a form carried; ``None`` where we did not write it for this bearer. How old it is, `is_current` says."""
    if len(token) > LONGEST or not token.isascii():
        return None
    said, _, mac = token.partition(".")
    try:
        body = _bytes(said)
        if not hmac.compare_digest(_bytes(mac), _mac(body, key, bearer)):
            return None
        values = json.loads(body)
        return Stamp(**{**values, "items": tuple(values["items"])})
    except (ValueError, TypeError, KeyError):
        return None


def is_current(stamp: Stamp, now: datetime) -> bool:
    """Return whether a page was made less than `MAX_AGE` ago."""
    age = timedelta(milliseconds=now.timestamp() * 1000 - stamp.opened_ms)
    return -_AHEAD <= age <= MAX_AGE


def _mac(said: bytes, key: bytes, bearer: Bearer) -> bytes:
    whom = rfc8785.dumps([bearer.user, bearer.campaign, bearer.assignment])
    return hmac.digest(key, len(whom).to_bytes(8, "big") + whom + said, "sha256")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Return what a text of our alphabet stands for; there is one way to write it."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(data) != text:
        raise binascii.Error
    return data
