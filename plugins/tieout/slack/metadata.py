# SPDX-License-Identifier: Apache-2.0
"""What a view carries for us through Slack: ids and the time it was opened, under a key of ours. Pure.

Nobody edits ``private_metadata`` in Slack; who holds the signing secret alone could. So it carries a MAC of its own, bound to the
member it was made for, and it says where to look, never what is so: the desk's state wins.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass
from typing import Any

from tieout.campaigns.items import canonical

MOST = 3000
"""Characters that Slack takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a view carries.

    Attributes:
        campaign: Its campaign.
        assignment: Its assignment; empty for a question about the campaign.
        number: Number of the page.
        of: How many pages there were.
        opened_ms: When the page was made, by our clock: milliseconds since 1970.
        presented: Hash of what is shown on it, with person ids instead of names.
        after: Last item before the page that follows.
        channel: Where the summary message stands, if the view came from it.
        ts: Its timestamp.
    """

    campaign: str
    assignment: str = ""
    number: int = 1
    of: int = 1
    opened_ms: int = 0
    presented: str = ""
    after: str = ""
    channel: str = ""
    ts: str = ""


def page_key(secret: str) -> bytes:
    """Return the key of metadata, derived from a secret of the app that every process of an installation has."""
    return hmac.digest(secret.encode(), b"tieout private_metadata 1", "sha256")


def write(metadata: Metadata, key: bytes, team: str, user: str) -> str:
    """Return metadata as a view carries it, good for one member."""
    said = {name: value for name, value in asdict(metadata).items() if value != ""}
    return json.dumps({**said, "mac": _mac(said, key, team, user)}, separators=(",", ":"))


def read(text: str, key: bytes, team: str, user: str) -> Metadata | None:
    """Return what a view carried; ``None`` where we did not write it for this member."""
    try:
        said: dict[str, Any] = json.loads(text) if len(text) <= MOST else {}
        given = said.pop("mac")
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), _mac(said, key, team, user).encode()):
            return None
        return Metadata(**said)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None


def _mac(said: dict[str, str | int], key: bytes, team: str, user: str) -> str:
    return hmac.digest(key, canonical([team, user, said]), "sha256").hex()
