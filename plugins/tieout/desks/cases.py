# SPDX-License-Identifier: Apache-2.0
"""The desk of an installation: every campaign of its bucket, as people see it in Slack and on the pages.

It stands beside the desk that it fills, as the lowest place that sees both campaigns and what people are shown of them: web,
tasks and commands may all import it. It reads nothing before it is asked, so that who serves it starts without the store.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from tieout.campaigns.bulk import MANY, keep
from tieout.campaigns.ledger import Ledger, Opened
from tieout.campaigns.outbox import Outbox
from tieout.campaigns.responder import Responder
from tieout.campaigns.state import Noted, State
from tieout.criteria.scope import load_scope
from tieout.desks.afterwards import Afterwards
from tieout.desks.campaign_desk import CampaignDesk
from tieout.desks.case import Case
from tieout.desks.desk import Posted
from tieout.desks.forms import FormDesk
from tieout.desks.showing import form_pages, showing
from tieout.errors import TerminalError, TieoutError, VerificationError
from tieout.evidence.identities import UnlockedStore
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.store import S3Store
from tieout.flows.campaign_people import People
from tieout.flows.campaign_telling import SUMMARIES
from tieout.flows.campaigns import Campaigns, require_root
from tieout.flows.upkeep import retention_for
from tieout.settings import Settings

log = logging.getLogger(__name__)

LISTED_SECONDS = 60.0
"""How long a list of campaigns is taken for whole."""
RENEWED_SECONDS = 45.0
"""How old a list is that is renewed while nobody waits for it: where people come all the time, nobody ever does."""
ASKED_SECONDS = 2.0
"""How long after a look for new campaigns one that is unknown is taken for not there."""
SHOWN_FOR = timedelta(days=200)
"""How long after it was opened a campaign is shown."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def open_desk(
    settings: Settings, store: S3Store, signer: DocumentSigner, clock: Callable[[], datetime] = utc_now
) -> CampaignDesk:
    """Return the desk of an installation.

    Args:
        settings: The installation's.
        store: The evidence bucket, as the responder.
        signer: A key of scope response.
        clock: Tells the time, UTC.

    Raises:
        ConfigurationError: The settings name no root that answers could be checked under.
    """
    require_root(settings)
    cases = Cases(settings, store, signer, clock)
    people = People.beside(store, settings)
    forms = FormDesk(cases=lambda: cases, settings=settings, now=clock)
    return CampaignDesk(cases=lambda: cases, find_names=people.names, now=clock, forms=forms)


class Cases(Mapping[str, Case]):
    """The campaigns that are shown, by id, the latest first. Thread-safe.

    Args:
        settings: The installation's.
        store: The evidence bucket, as the responder.
        signer: A key of scope response.
        clock: Tells the time, UTC.
        seconds: Monotonic seconds.
        background: Does something while nobody waits for it.
    """

    def __init__(
        self,
        settings: Settings,
        store: S3Store,
        signer: DocumentSigner,
        clock: Callable[[], datetime],
        seconds: Callable[[], float] = time.monotonic,
        background: Callable[[Callable[[], object]], object] | None = None,
    ) -> None:
        self._settings, self._store, self._signer = settings, store, signer
        self._clock, self._seconds = clock, seconds
        aside = Afterwards("tieout-campaigns-list")
        self._background = background or (lambda work: aside.push("look", work))
        self._lock, self._looking = threading.RLock(), threading.Lock()
        self._campaigns: Campaigns | None = None
        self._opened: dict[str, Opened] = {}
        self._cases: dict[str, Case] = {}
        self._broken: set[str] = set()
        self._looked_at: float | None = None

    def __getitem__(self, campaign: str) -> Case:
        """Return a campaign; one that is not known is looked for.

        Raises:
            KeyError: There is none, it is shown no more, or it can not be read: the log says why.
            StoreUnavailable: The store did not answer.
        """
        known = self._cases.get(campaign)
        if known is not None:
            if self._age() >= RENEWED_SECONDS:
                self._background(self._renew)  # nobody waits for that
            return known
        self._look(ASKED_SECONDS if campaign not in self._opened else LISTED_SECONDS)
        with self._lock:
            return self._case(self._opened[campaign])

    def __iter__(self) -> Iterator[str]:
        """Iterate over the campaigns that can be read."""
        self._look(LISTED_SECONDS)
        with self._lock:
            listed = list(self._opened)
        return iter([campaign for campaign in listed if campaign in self])

    def __len__(self) -> int:
        """Return how many there are."""
        return len(list(iter(self)))

    def _age(self) -> float:
        return float("inf") if self._looked_at is None else self._seconds() - self._looked_at

    def _renew(self) -> None:
        self._look(RENEWED_SECONDS)

    def _look(self, seconds: float) -> None:
        """Look for campaigns, unless that was done less than so many seconds ago; others go on meanwhile with what is known.

        It is done under the key list as it stands now: what a new key has signed is read again under a new list.
        """
        if self._age() < seconds:
            return
        with self._looking:
            if self._age() < seconds:  # somebody else has just done it
                return
            campaigns, fresh = self._campaigns, Campaigns(self._settings, self._store)
            if campaigns is None or campaigns.key_list.sha256 != fresh.key_list.sha256:
                campaigns = fresh
            since = self._clock() - SHOWN_FOR
            opened = {name: each for name, each in campaigns.find().items() if each.at >= since}
            with self._lock:
                known = self._cases if campaigns is self._campaigns else {}
                self._campaigns, self._opened = campaigns, opened
                self._cases = {name: case for name, case in known.items() if name in opened}
                self._broken.clear()
                self._looked_at = self._seconds()

    def _case(self, opened: Opened) -> Case:
        known = self._cases.get(opened.campaign)
        if known is None and opened.campaign not in self._broken:
            try:
                known = self._cases[opened.campaign] = self._made(opened)
            except (TerminalError, VerificationError) as error:
                log.error("Campaign %s is not shown: %s", opened.campaign, error)
                self._broken.add(opened.campaign)
        if known is None:
            raise KeyError(opened.campaign)
        return known

    def _made(self, opened: Opened) -> Case:
        campaigns, settings = self._campaigns, self._settings
        if campaigns is None:
            raise KeyError(opened.campaign)
        loaded = campaigns.load(opened)
        if len(loaded.definition.items) >= MANY:
            keep()
        definition, scope = loaded.definition, load_scope(settings.scope_file)
        retention = retention_for(settings, scope, definition.observation_period, self._clock())
        ledger, shown = Ledger(definition, self._store, campaigns.key_list), showing(loaded, scope)
        return Case(
            ledger=ledger,
            responder=Responder(definition, self._store, self._signer, retention, self._clock),
            title=shown.title,
            unit=shown.unit,
            labels=shown.labels,
            introduction=shown.introduction,
            item=shown.item,
            named=shown.named,
            words=shown.words,
            page_items=shown.page_items,
            row=loaded.rows.row if shown.words.form else None,
            pages=form_pages(settings) if shown.words.form else "",
            posted=Posts(ledger, Outbox(definition.campaign, UnlockedStore.beside(self._store, settings.staging_bucket))),
        )


class Posts:
    """Where the summaries of a campaign stand in Slack. What is found once does not change.

    Args:
        ledger: What people were told.
        outbox: What was sent of it.
    """

    def __init__(self, ledger: Ledger, outbox: Outbox) -> None:
        self._ledger, self._outbox = ledger, outbox
        self._found: dict[str, Posted] = {}
        self._state: State | None = None
        self._summaries: dict[str, list[Noted]] = {}
        self._taken = 0

    def __call__(self, person: str) -> Posted | None:
        """Return where the last summary of a person stands; ``None`` where none was sent, or that can not be told now."""
        noted = sorted(self._summaries_of(person), key=lambda each: (each.at, each.event), reverse=True)
        for name in (each.notice.id for each in noted):
            if name not in self._found and (reference := self._reference(name)) is not None:
                self._found[name] = posted_of(reference)
            if name in self._found:
                return self._found[name]
        return None

    def _summaries_of(self, person: str) -> list[Noted]:
        """Return the summaries that a person was told, found without going through what everybody else was told."""
        with self._ledger.lock:
            state = self._ledger.state
            if state is not self._state or len(state.noticed) < self._taken:
                self._state, self._summaries, self._taken = state, {}, 0
            if len(state.noticed) > self._taken:
                for each in islice(state.noticed.values(), self._taken, None):
                    if each.notice.kind in SUMMARIES:
                        self._summaries.setdefault(each.notice.person, []).append(each)
                self._taken = len(state.noticed)
            return list(self._summaries.get(person, ()))

    def _reference(self, notice: str) -> Mapping[str, object] | None:
        try:
            return self._outbox.reference(notice)
        except TieoutError as error:  # a message that is not brought up to date is no reason to refuse an answer
            log.warning("Where a message stands is not known: %s", type(error).__name__)
            return None


def posted_of(reference: Mapping[str, Any]) -> Posted:
    """Return where a message stands, from what the outbox holds of it."""
    return Posted(str(reference.get("channel")), str(reference.get("ts")))
