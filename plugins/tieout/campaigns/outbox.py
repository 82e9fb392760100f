# SPDX-License-Identifier: Apache-2.0
"""What was sent: a mark in the staging bucket for each message, made before it is sent, so that nobody is told twice.

    campaigns/<campaign>/<notice>.json           somebody is about to send it: whoever made the mark, and nobody else
    campaigns/<campaign>/<notice>.sent.json      it was sent, and where it stands in the messenger
    campaigns/<campaign>/<notice>.again-1.json   it was given up and not sent, and somebody is about to send it once more

A task that is killed before it notes that a message was sent leaves one of which nobody knows: `Outbox.uncertain` names it. It is
sent again only where the messenger tells that it was not. The staging bucket removes marks after some days: what was recorded
longer ago than `SEND_WITHIN` is not sent any more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tieout.campaigns.events import Notice
from tieout.campaigns.state import State
from tieout.errors import CannotCheck
from tieout.evidence.identities import UnlockedStore

SEND_WITHIN = timedelta(days=1)
"""The staging bucket keeps what it holds for two days at the least."""
_MARK, _SENT, _AGAIN = ".json", ".sent.json", ".again-"
MOST_TRIES = 3
"""How often a message is tried again that was given up by a killed task, and is known not to have been sent."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """The marks of one campaign. Every method raises `StoreUnavailable` where the store does not answer.

    Attributes:
        campaign: Its id.
        store: The staging bucket, as the writer.
        sse_key_id: Key that encrypts marks, where the bucket asks for one.
    """

    campaign: str
    store: UnlockedStore
    sse_key_id: str = ""

    def unsent(self, state: State, now: datetime) -> tuple[Notice, ...]:
        """Return the messages that are recorded and that nobody has begun to send, in the order in which they were recorded."""
        marked = self.marks()
        waiting = [
            noted
            for key, noted in state.noticed.items()
            if noted.notice.kind.is_message and key not in marked and now - noted.at <= SEND_WITHIN
        ]
        return tuple(noted.notice for noted in sorted(waiting, key=lambda noted: (noted.at, noted.event)))

    def claim(self, notice: str) -> bool:
        """Make the mark of a message; whoever gets True sends it."""
        return self.store.create(self._key(notice, _MARK), b"{}", self.sse_key_id)

    def sent(self, notice: str, reference: Mapping[str, Any]) -> None:
        """Note that a message was sent, and where it stands: what is needed to update it. No names, no text."""
        self.store.create(self._key(notice, _SENT), json.dumps(dict(reference), sort_keys=True).encode(), self.sse_key_id)

    def reference(self, notice: str) -> dict[str, Any] | None:
        """Return where a message stands in the messenger; ``None`` where that is not known.

        Raises:
            CannotCheck: Something else stands there.
        """
        key = self._key(notice, _SENT)
        chunks = self.store.chunks(key)
        if chunks is None:
            return None
        try:
            found = json.loads(b"".join(chunks))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            msg = f"s3://{self.store.bucket}/{key}: expected a JSON object, got something else. Find out who wrote it."
            raise CannotCheck(msg)
        return found

    def given_up(self, before: datetime) -> tuple[str, ...]:
        """Return those of `uncertain` that nobody has touched since an instant: no task is still at them."""
        found = []
        for name in self.uncertain():
            prefix = self._key(name, ".")
            touched = [version.last_modified for version in self.store.versions(prefix)]
            if touched and max(touched) < before:
                found.append(name)
        return tuple(found)

    def claim_again(self, notice: str) -> bool:
        """Make another mark of a message that was given up and not sent, at most `MOST_TRIES`; whoever gets True sends it."""
        prefix = self._key(notice, _AGAIN)
        number = 1 + sum(1 for _ in self.store.keys(prefix))
        return number <= MOST_TRIES and self.store.create(self._key(notice, f"{_AGAIN}{number}{_MARK}"), b"{}", self.sse_key_id)

    def uncertain(self) -> tuple[str, ...]:
        """Return the messages of which nobody knows whether they were sent: under way just now, or given up by a killed task."""
        marks = self.marks()
        return tuple(sorted(name for name, sent in marks.items() if not sent))

    def marks(self) -> dict[str, bool]:
        """Return every message that has a mark, and whether it was sent."""
        prefix = f"campaigns/{self.campaign}/"
        found: dict[str, bool] = {}
        for key in self.store.keys(prefix):
            name = key.removeprefix(prefix)
            if name.endswith(_SENT):
                found[name.removesuffix(_SENT)] = True
            else:
                found.setdefault(name.removesuffix(_MARK).partition(_AGAIN)[0], False)
        return found

    def _key(self, notice: str, suffix: str) -> str:
        return f"campaigns/{self.campaign}/{notice}{suffix}"
