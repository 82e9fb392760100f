# SPDX-License-Identifier: Apache-2.0
"""Personal links: from the token that somebody holds to what one person is asked, and their answer.

Whoever holds a token may answer for the person it was made for, and nobody learns more from it than what that person is asked.
Only its hash is known here: tokens are compared by looking hashes up, so that how long that takes tells nothing of any token.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from tieout.campaigns.events import Notice, NoticeKind
from tieout.campaigns.state import State
from tieout.desks.campaign_desk import CampaignDesk
from tieout.desks.case import Case
from tieout.desks.desk import LINK, Member

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 bytes, as `secrets.token_urlsafe` writes them."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a token stands for.

    Attributes:
        case: The campaign.
        assignment: What its person was given.
        who: Its person, as whoever holds the token acts.
        expires_at: Until when it is good, UTC.
    """

    case: Case
    assignment: str
    who: Member
    expires_at: datetime


@dataclass
class LinkDesk:
    """Finds what tokens stand for. Thread-safe.

    Attributes:
        desk: Shows and stores.
        now: UTC.
    """

    desk: CampaignDesk
    now: Callable[[], datetime]
    _known: dict[str, _Index] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def find(self, token: str) -> Held | None:
        """Return what a token stands for; ``None`` where it is none that is good now, whatever it was.

        Raises:
            StoreUnavailable: The store did not answer.
        """
        if not _TOKEN.fullmatch(token):
            return None
        sha256 = hashlib.sha256(token.encode()).hexdigest()
        for name, case in self._personal().items():
            case.refresh([])  # links are recorded with the campaign
            notice = self._index(name).find(case, sha256)
            if notice is None or notice.expires_at is None or self.now() >= notice.expires_at or case.closed() is not None:
                continue
            [given, *_] = case.definition.assignments_of_person.get(notice.person, ()) or (None,)
            if given is not None:
                return Held(case, given.id, Member(LINK, sha256[:16], notice.person), notice.expires_at)
        return None

    def _personal(self) -> Mapping[str, Case]:
        cases = self.desk.cases()
        return {name: case for name in cases if (case := cases[name]).definition.personal and case.closed() is None}

    def _index(self, campaign: str) -> _Index:
        with self._lock:
            return self._known.setdefault(campaign, _Index())


@dataclass
class _Index:
    """The links of one campaign by the hash of their token."""

    _state: State | None = None
    _taken: int = 0
    _links: dict[str, Notice] = field(default_factory=dict)

    def find(self, case: Case, sha256: str) -> Notice | None:
        with case.ledger.lock:
            state = case.ledger.state
            if state is not self._state or len(state.noticed) < self._taken:
                self._state, self._taken, self._links = state, 0, {}
            for each in islice(state.noticed.values(), self._taken, None) if len(state.noticed) > self._taken else ():
                if each.notice.kind is NoticeKind.LINK:
                    self._links[each.notice.token_sha256] = each.notice
            self._taken = len(state.noticed)
            return self._links.get(sha256)
