# SPDX-License-Identifier: Apache-2.0
"""The sign-off of one campaign as the desk knows it: who is asked about what, and what they say, stored if it would count.

Who signs is one of those who were to when the campaign opened, and none of those who were asked in it or have decided something.
"""

from __future__ import annotations

from datetime import datetime

from tieout.campaigns.answers import OF_CAMPAIGN
from tieout.campaigns.events import SignedOff
from tieout.campaigns.facts import Why, says_something
from tieout.campaigns.folding import refusals
from tieout.campaigns.rights import may_sign_off
from tieout.desks.case import FRESH_SECONDS, Case
from tieout.desks.desk import Member, Refused
from tieout.desks.refusals import in_words
from tieout.desks.sign_off_desk import REQUIRED_ACTION, SignOff, SignOffRequest, SignOffStanding, SignOffStored
from tieout.errors import CannotCheck
from tieout.flows.signing import Prepared, asked_about, holding

NOTHING = "Nothing here waits for your sign-off, or not under the account that you use now."
"""Said of a campaign that is not there as well: nobody learns which there are."""


def sign_off_request(case: Case | None, who: Member, now: datetime, seconds: float = FRESH_SECONDS) -> SignOffRequest | Refused:
    """Return what a member is asked to sign off, or why they do not.

    Args:
        case: The campaign; ``None`` where there is none.
        who: The member.
        now: UTC.
        seconds: How old what was read of the campaign may be.

    Raises:
        CannotCheck: What is asked about is not what its record says.
        StoreUnavailable: The store did not answer.
    """
    if case is None or not case.knows(who) or who.person not in case.definition.signers:
        return Refused(NOTHING)
    case.refresh_all(seconds)
    with case.ledger.lock:
        state, found = case.ledger.state, asked_about(case.ledger)
        why = may_sign_off(case.definition, state, who.person, now)
        said = holding(state, found.sha256) if found else None
    if why is Why.NOT_CLOSED or found is None:
        return Refused(NOTHING)
    if why is not None:
        return Refused(in_words(why, None))
    return asked_of(case.definition.campaign, case.title, found, said)


def asked_of(campaign: str, title: str, found: Prepared, said: SignedOff | None) -> SignOffRequest:
    """Return what is asked about a document, of which something may have been said."""
    return SignOffRequest(
        campaign=campaign,
        title=title,
        about_sha256=found.sha256,
        lines=found.lines,
        recorded_at=found.at,
        standing=SignOffStanding(said.approved, said.stored_at or said.at, said.id) if said else None,
    )


def sign_off(case: Case | None, who: Member, said: SignOff, now: datetime) -> SignOffStored | Refused:
    """Store what a member says, or return why it is not stored; raises as `sign_off_request`.

    1. They are asked, and about the document that they were shown.
    2. The same said again is found. What is signed off stays so: another answer to it is none.
    3. Where it is returned, they say why; on Airflow's own page nobody can be held to that.
    4. The fold would count it.
    5. What they were shown is stored before it.
    """
    asked = sign_off_request(case, who, now)
    if case is None or isinstance(asked, Refused):  # (1)
        return asked if isinstance(asked, Refused) else Refused(NOTHING)
    event = SignedOff(
        at=said.acted_at,
        by=who.person,
        definition_sha256=case.definition.sha256,
        interaction=said.interaction,
        channel=said.channel,
        presented_sha256=said.presented_sha256,
        approved=said.approved,
        reason=said.reason,
        about_sha256=said.about_sha256,
    )
    if (earlier := _earlier(case, event)) is not None:  # (2)
        return SignOffStored(earlier.id, earlier.stored_at or earlier.at, earlier.approved, now=False)
    if (why := _why_not(case, asked, event, now)) is not None:
        return Refused(why)
    if case.responder.present(OF_CAMPAIGN, said.presented) != said.presented_sha256:  # (5)
        msg = f"campaign {said.campaign}: expected what was shown to have the hash that was carried, got another one."
        raise CannotCheck(msg)
    stored = case.responder.respond(event)
    case.add(stored.key, stored.event)
    return SignOffStored(stored.event.id, stored.event.stored_at or stored.event.at, said.approved, stored.stored_now)


def _why_not(case: Case, asked: SignOffRequest, event: SignedOff, now: datetime) -> str | None:
    if asked.about_sha256 != event.about_sha256:  # (1)
        return "What it came to is another document by now. Open it again, and read what is different."
    if not asked.waits:  # (2)
        return "It is signed off already. What is to be said against it now is said to whoever runs the program."
    if not event.approved and event.channel != REQUIRED_ACTION and not says_something(event.reason):  # (3)
        return "Please say why you return it."
    with case.ledger.lock:
        refused = refusals(case.ledger.state, event, now)
    return in_words(refused[0].why, None) if refused else None  # (4)


def _earlier(case: Case, event: SignedOff) -> SignedOff | None:
    with case.ledger.lock:
        said = [each for each in case.ledger.state.signed_off if each.by == event.by and each.interaction == event.interaction]
    return said[-1] if said else None
