# SPDX-License-Identifier: Apache-2.0
"""One look of a campaign's task: what has been answered, whom to tell what, and whether it is over.

1. All that has been said is read and folded.
2. What is due is worked out and recorded, before anybody is told.
3. Each message is claimed in the staging bucket, and sent by whoever gets the claim: nobody is told the same twice, also where
   two tasks look at once or one of them is killed. A person who can not be told anything is recorded as such, and what is theirs
   goes to the next in order at once. Whoever is asked for themselves gets a personal link by mail instead.
4. It is closed when everything is decided, or as the rule for leftovers says when it is due.
5. Messages that say something else than what holds now are brought up to date.

Every step may be interrupted, and the next look goes on from what stands in the bucket. A messenger that does not answer holds up
the messages and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tieout.campaigns.events import Notice, NoticeKind
from tieout.campaigns.ledger import Ledger
from tieout.campaigns.leftovers import NotYet, close
from tieout.campaigns.outbox import Outbox
from tieout.campaigns.reminders import due_notices
from tieout.campaigns.state import Phase
from tieout.campaigns.writer import Writer
from tieout.criteria.scope import load_scope
from tieout.evidence.identities import UnlockedStore
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.store import S3Store
from tieout.flows.campaign_links import Links, send_links
from tieout.flows.campaign_look import Look
from tieout.flows.campaign_telling import NO_ACCOUNT, Teller
from tieout.flows.campaign_work import Remembering, Work, staging_key
from tieout.flows.campaigns import Campaigns, Loaded
from tieout.flows.messenger import Messenger
from tieout.flows.upkeep import retention_for

ROUNDS = 20
"""How often in one look somebody may be found who can not be told anything: what is theirs goes on each time."""
_TOLD_ONLY = frozenset({NoticeKind.INVITATION, NoticeKind.HANDOVER, NoticeKind.LOOK, NoticeKind.REMINDER})
"""Notices that do nothing but tell: without a messenger none is recorded, as nobody is told."""


@dataclass(frozen=True, kw_only=True)
class CampaignTask:
    """What looks after one campaign.

    Attributes:
        campaigns: The installation's, whose store is the writer's.
        loaded: The campaign.
        staging: The staging bucket, as the writer.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        by: Who looks, for the records.
        messenger: Returns what tells the campaign's people; ``None`` where nothing does, and they find it on the pages.
        links: How personal links are sent to whom it can not tell anything; ``None`` where none are.
    """

    campaigns: Campaigns
    loaded: Loaded
    staging: S3Store
    signer: DocumentSigner
    clock: Callable[[], datetime]
    by: str
    messenger: Callable[[Loaded, Ledger], Messenger] | None = None
    links: Callable[[Loaded], Links] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poked:
    """What a look came to.

    Attributes:
        phase: What the campaign is in.
        awaited: How many decisions it awaits in all.
        open: How many of them are open.
        recorded: Notices that were recorded now, by kind.
        sent: How many messages were sent now.
        mailed: How many personal links were sent now.
        updated: How many were brought up to date now.
        unreachable: How many people were found so far who can not be told anything.
        uncertain: Messages of which nobody knows whether they were sent: a task was killed, or the messenger failed.
        refused: How many parts of what was said do not count.
        unread: How many documents can not be read, or are not signed by who may.
        waiting: Why it can not be closed.
        trouble: What the messenger failed with; the next look tries again.
        done: Whether there is nothing left to look after.
        closed_at: When it was closed, UTC; ``None`` where it is not.
    """

    phase: Phase
    awaited: int
    open: int
    recorded: Mapping[str, int]
    sent: int
    updated: int
    unreachable: int
    uncertain: int
    refused: int
    unread: int
    waiting: tuple[str, ...]
    trouble: tuple[str, ...]
    done: bool
    closed_at: datetime | None = None
    mailed: int = 0


def poke(task: CampaignTask) -> Poked:
    """Look after a campaign, once.

    Args:
        task: The campaign, and who looks.

    Raises:
        LandingConflict: The campaign was opened with another definition.
        StoreUnavailable: The store did not answer; run it again: nothing is lost, and nothing is sent twice.
    """
    look, documents = _begin(task)  # (1)
    try:
        return _look(look, documents, task.links(task.loaded) if task.links and look.definition.personal else None)
    finally:
        documents.close()


def _look(look: Look, documents: Remembering, links: Links | None) -> Poked:
    teller, mailed = Teller(look), 0
    recorded: Counter[str] = Counter()
    reasons: tuple[str, ...] = ()
    if look.state.phase is Phase.OPEN:
        found = teller.gone()
        for _ in range(ROUNDS):
            recorded += _record(look, teller, found)  # (2)
            found = teller.send()  # (3)
            if not found:
                break
        if links is not None:
            mailed = send_links(look, links, _without(look))
        reasons = _close(look)  # (4)
    updated, behind = teller.update()  # (5)
    documents.keep()
    return replace(_poked(look, teller, recorded, reasons, updated, behind=behind), mailed=mailed)


def _without(look: Look) -> set[str]:
    """Return who can not be told anything in the messenger: without one, nobody can."""
    if look.messenger is None:
        return set(look.definition.people)
    return {person for person in look.definition.people if look.without_account(person)} | set(look.state.facts.unreachable)


def _begin(task: CampaignTask) -> tuple[Look, Remembering]:
    """Read all that has been said. What was kept of it and does not hold is fetched."""
    settings, definition = task.campaigns.settings, task.loaded.definition
    staging, key = UnlockedStore.beside(task.staging, task.staging.bucket), staging_key(settings)
    work = Work(definition.campaign, staging, key)
    documents = Remembering(task.campaigns.store, work)
    documents.recall()
    ledger = Ledger(definition, documents, task.campaigns.key_list)
    ledger.refresh()
    if documents.forget(each.key for each in ledger.state.unread.values()):
        ledger = Ledger(definition, documents, task.campaigns.key_list)
        ledger.refresh()
    retention = retention_for(settings, load_scope(settings.scope_file), definition.observation_period, task.clock())
    look = Look(
        definition=definition,
        ledger=ledger,
        writer=Writer(definition, task.campaigns.store, task.signer, retention),
        outbox=Outbox(definition.campaign, staging, key),
        work=work,
        messenger=task.messenger(task.loaded, ledger) if task.messenger and any(definition.pins.values()) else None,
        clock=task.clock,
        by=task.by,
    )
    return look, documents


def _record(look: Look, teller: Teller, found: Mapping[str, str]) -> Counter[str]:
    """Record what is due, and take it in."""
    now = look.now()
    notices = _due(look, teller, now, found)
    if notices:
        look.writer.notice(notices, look.by, now)
        look.ledger.refresh()
    return Counter(each.kind.value for each in notices)


def _due(look: Look, teller: Teller, now: datetime, found: Mapping[str, str]) -> tuple[Notice, ...]:
    """Return what is due. Nothing goes to one who can not be told; without a messenger, nobody has to be."""
    definition, state = look.definition, look.state
    if look.messenger is None:
        return tuple(each for each in due_notices(definition, state, now) if each.kind not in _TOLD_ONLY)
    holders = {standing.holder for _, standing in state.open_standings()}
    unreachable = dict(found) | {person: NO_ACCOUNT for person in sorted(holders) if look.without_account(person)}
    while True:
        notices = due_notices(definition, state, now, unreachable)
        notices = tuple(_in_one_look(look, notices))
        told = {each.person for each in notices if each.kind.is_message} - unreachable.keys() - state.facts.unreachable.keys()
        without = {person for person in told if look.without_account(person)}
        fresh = dict.fromkeys(sorted(without), NO_ACCOUNT) | teller.unreachable(told - without)
        if not fresh:
            return notices
        unreachable |= fresh


def _in_one_look(look: Look, notices: tuple[Notice, ...]) -> Iterator[Notice]:
    """Yield what is recorded now. Of many thousand messages only so many as this look can send: the next one goes on.

    What was recorded and not sent for longer than `tieout.campaigns.outbox.SEND_WITHIN` is never sent.
    """
    room = look.most
    for each in notices:
        if not (look.definition.personal and each.kind.is_message):
            yield each
        elif room > 0:
            room -= 1
            yield each


def _close(look: Look) -> tuple[str, ...]:
    """Close the campaign where it can be, and return why it can not."""
    closing = close(look.definition, look.state, look.now())
    if isinstance(closing, NotYet):
        return closing.reasons
    look.writer.close(closing, look.by)
    look.ledger.refresh()
    return ()


def _poked(look: Look, teller: Teller, recorded: Counter[str], reasons: tuple[str, ...], updated: int, *, behind: bool) -> Poked:
    state = look.state
    return Poked(
        phase=state.phase,
        awaited=look.definition.awaited,
        open=state.open,
        recorded=dict(sorted(recorded.items())),
        sent=teller.sent,
        updated=updated,
        unreachable=len(state.facts.unreachable),
        uncertain=len(look.outbox.uncertain()) if look.messenger else 0,
        refused=len(state.refused),
        unread=len(state.unread),
        waiting=reasons,
        trouble=tuple(teller.trouble),
        done=state.phase is not Phase.OPEN and not (behind and not teller.trouble),
        closed_at=state.closed.at if state.closed else None,
    )
