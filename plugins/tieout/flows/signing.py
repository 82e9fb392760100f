# SPDX-License-Identifier: Apache-2.0
"""Signing off what a campaign came to: what is put before whom, and what holds of what they said.

1. What is signed off is a document in a signed record, named by its SHA-256 (`tieout.flows.review_sign_off`). The one that was
   recorded last is asked about.
2. Who may sign off was fixed when the campaign opened; whoever was asked about an item, or has decided one, may not.
3. Of the sign-offs that count and are about a document, the last one holds. One about another document says nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from tieout.campaigns.definition import Definition
from tieout.campaigns.events import SignedOff
from tieout.campaigns.ledger import Ledger
from tieout.campaigns.outbox import SEND_WITHIN
from tieout.campaigns.rights import may_sign_off
from tieout.campaigns.state import State
from tieout.criteria.reviews import business_days_before
from tieout.errors import CannotCheck, ExtractionRefused
from tieout.evidence.records import Record
from tieout.flows.campaign_opening import morning
from tieout.flows.campaigns import Campaigns, Loaded
from tieout.flows.review_inputs import ReviewWindow
from tieout.reviews.result import result_sha256, result_text

_SUBJECT = "Sign off review "
_CAMPAIGN = re.compile(rf"{_SUBJECT}([A-Za-z0-9][A-Za-z0-9_.-]{{0,127}})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that is put before whoever signs off, as it was recorded.

    Attributes:
        document: What it says, as JSON values.
        sha256: What a sign-off names it by.
        record: Key of the record that holds it.
        at: When it was recorded.
    """

    document: Mapping[str, Any] = field(repr=False)
    sha256: str
    record: str
    at: datetime

    @property
    def lines(self) -> tuple[str, ...]:
        """What it says, for whoever signs it off: with ids of people and no names."""
        return tuple(result_text(self.document).splitlines())


class RequiredAction(NamedTuple):
    """What Airflow's own page of required actions shows: a subject, and a text in Markdown.

    The same document gives the same: what somebody saw there can be said again, word for word.
    """

    subject: str
    body: str


def prepared(ledger: Ledger) -> tuple[Prepared, ...]:
    """Return all that was put before whoever signs off, as of the ledger's last refresh; the last is what is asked about.

    Raises:
        CannotCheck: A record holds another document than it says.
    """
    with ledger.lock:
        records = sorted(ledger.results.values(), key=lambda each: (each.at, each.id))
    return tuple(_prepared(record) for record in records)


def asked_about(ledger: Ledger) -> Prepared | None:
    """Return what is asked about, as of the ledger's last refresh; ``None`` where nothing was recorded. Raises as `prepared`."""
    found = prepared(ledger)
    return found[-1] if found else None


def _prepared(record: Record) -> Prepared:
    document, stated = record.facts.get("document"), record.facts.get("document_sha256")
    if not isinstance(document, dict) or result_sha256(document) != stated:
        msg = f"{record.key}: expected the document of SHA-256 {stated}, got another one. Run tieout verify."
        raise CannotCheck(msg)
    return Prepared(document, str(stated), record.key, record.at)


def holding(state: State, sha256: str) -> SignedOff | None:
    """Return the sign-off that holds for a document; ``None`` where nobody has said anything of it that counts."""
    return next((each for each in reversed(state.signed_off) if each.about_sha256 == sha256), None)


def signers(definition: Definition, state: State, at: datetime) -> tuple[str, ...]:
    """Return who may sign off now, in the order of their role."""
    return tuple(person for person in definition.signers if may_sign_off(definition, state, person, at) is None)


@dataclass(frozen=True)
class Signing:
    """A review whose sign-off is asked for: what was asked and said, and the document that it is about."""

    planned: ReviewWindow
    loaded: Loaded
    ledger: Ledger
    prepared: Prepared

    @property
    def definition(self) -> Definition:
        """The campaign's definition."""
        return self.ledger.definition

    @property
    def state(self) -> State:
        """Where the campaign stands, as of the ledger's last refresh."""
        return self.ledger.state

    @property
    def holding(self) -> SignedOff | None:
        """The sign-off that holds for the document."""
        return holding(self.state, self.prepared.sha256)

    def signers(self, at: datetime) -> tuple[str, ...]:
        """Return who may sign off now.

        Raises:
            ExtractionRefused: It is not closed, or nobody may.
        """
        campaign = self.definition.campaign
        if self.state.closed is None:
            msg = f"review {campaign}: it is {self.state.phase}. It is signed off once it is closed."
            raise ExtractionRefused(msg)
        found = signers(self.definition, self.state, at)
        if not found:
            msg = (
                f"review {campaign}: expected somebody who may sign it off, got nobody: each of the "
                f"{len(self.definition.signers)} who could when it opened was asked in it, has decided something, or has left. "
                "Land it with the run's parameter unsigned_because, and give the role to somebody else before the next review."
            )
            raise ExtractionRefused(msg)
        return found

    def reminder(self, at: datetime) -> date | None:
        """Return the day for which those who may sign off are reminded now; ``None`` where it is not time for any.

        As many business days before the control's performance is due as the review's reminders say. None is late by more than
        `SEND_WITHIN`, and none comes before it was asked.
        """
        calendar, business = self.planned.scope.calendar, self.planned.scope.business_calendar
        last = self.planned.days[1] - timedelta(days=1)
        due = business.after(last, self.planned.control.control_frequency.due)
        days = (business_days_before(due, count, business) for count in self.planned.review.reminders)
        passed = [day for day in days if self.prepared.at < morning(day, calendar) <= at < morning(day, calendar) + SEND_WITHIN]
        return passed[-1] if passed else None


def read_signing(planned: ReviewWindow, campaigns: Campaigns, sha256: str) -> Signing:
    """Read what was said in a review, and the document that its sign-off is asked for.

    Args:
        planned: From `tieout.flows.review_inputs.plan_review`.
        campaigns: The installation's.
        sha256: Of the document.

    Raises:
        ExtractionRefused: No campaign of it was opened, or no such document was recorded.
        LandingConflict: A landing that it names is not what was sealed, or it was opened with another definition.
        VerificationError: Its opening is not as it was signed, or the record holds another document.
        StoreUnavailable: The store did not answer; run it again.
    """
    opened = campaigns.of(planned.place)
    if opened is None:
        msg = f"review {planned.campaign}: no campaign of it was opened. Freeze it and open it first."
        raise ExtractionRefused(msg)
    loaded = campaigns.load(opened)
    ledger = Ledger(loaded.definition, campaigns.store, campaigns.key_list)
    ledger.refresh()
    found = next((each for each in prepared(ledger) if each.sha256 == sha256), None)
    if found is None:
        msg = f"review {planned.campaign}: no result of SHA-256 {sha256} was recorded. Prepare it, and have it signed off."
        raise ExtractionRefused(msg)
    return Signing(planned, loaded, ledger, found)


def required_action(found: Prepared) -> RequiredAction:
    """Return what Airflow's own page shows of a document: counts and ids, and nothing that a reviewed system has named."""
    said = found.document
    lines = [
        f"What you sign off is one document, with SHA-256 `{found.sha256}`.",
        f"It stands in the evidence bucket as `{found.record}`.",
        "",
        "**Read it before you answer**: it is shown under *My reviews* in the navigation, and in Slack.",
        "",
        *(f"- `{name}`: {_counted(each)}" for name, each in said["systems"].items()),
        f"- Answers, or parts of them, that do not count: {said['refused']['count']}.",
        f"- Documents of the campaign that could not be read: {said['unread']}.",
        "",
        "**Approve**: you have read the document, and sign it off under your name. **Reject**: you return it; say why below. "
        "Nobody who was asked in the review can answer here.",
    ]
    return RequiredAction(f"{_SUBJECT}{said['campaign']}", "\n".join(lines))


def campaign_in(subject: str) -> str | None:
    """Return the campaign that a required action is about, as its subject says; ``None`` where it is none of ours."""
    found = _CAMPAIGN.fullmatch(subject)
    return found[1] if found else None


def _counted(said: Mapping[str, Any]) -> str:
    decided = ", ".join(f"{count} {name}" for name, count in sorted(said["decisions"].items()))
    unproven = said["unproven"]["count"]
    return f"{said['items']} items: {decided}; {said['by_rule']} by rule, {said['late']} late, {unproven} not proven carried out."
