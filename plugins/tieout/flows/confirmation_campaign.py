# SPDX-License-Identifier: Apache-2.0
"""Open an owner confirmation: who is asked for what, until when, who looks at it, and under which account of theirs.

1. What was opened already stands: it is read, and nothing is worked out again, as people may have other accounts by now.
2. The frozen rows have landed, in a manifest that the landing key has signed; who is asked and who looks stand in them. Without a
   row nobody is asked anything, and the campaign is over when it is opened: that nothing had to be asked is evidence too.
3. It is due at the end of the form's last day. Where somebody looks, it ends once a whole round after that is over: a look, an
   answer to a question, and a look at that, each within its allowance. Until then what is handed in late is late and counts.
4. Everybody who may be asked or looks is looked up: the account found is theirs for this campaign.
5. The definition is sealed. Of two runs at once, one opens it, and the other finds it standing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from tieout.campaigns.definition import Choice, Definition, Leftovers, Pin, Schedule
from tieout.confirmations.requests import CONFIRMED, NOT_CONFIRMED, form_of
from tieout.criteria.forms import Form
from tieout.errors import ConfigurationError, ExtractionRefused
from tieout.evidence.keys import DocumentSigner
from tieout.flows.campaign_opening import (
    Clock,
    Find,
    Opening,
    askable,
    day_end,
    find_open,
    morning,
    populations_of,
    seal,
)
from tieout.flows.campaigns import CONFIRMATION, KINDS, Campaigns
from tieout.flows.confirmation_inputs import ConfirmationWindow
from tieout.flows.frozen_rows import read_frozen
from tieout.reviews.assigning import plain_rows
from tieout.times import instant

CHOICES = {CONFIRMED: Choice(), NOT_CONFIRMED: Choice(offered=False)}
"""What may come of a form: nobody can say that they do not confirm, and the rule for leftovers says it of who did not."""
_ESCALATE_BEFORE = timedelta(hours=16)
"""So long before it is due, what nobody has handed in goes to the next in order: with the morning of the last day."""


def open_confirmation(
    planned: ConfirmationWindow,
    campaigns: Campaigns,
    signer: DocumentSigner,
    find: Find | None,
    clock: Clock,
    by: str,
    due_at: datetime | None = None,
    closes_at: datetime | None = None,
) -> Opening:
    """Open an owner confirmation, or find it open.

    Args:
        planned: From `tieout.flows.confirmation_inputs.plan_confirmation`.
        campaigns: The installation's, whose store is the writer's.
        signer: A key of scope landing.
        find: Looks people up in the messenger; ``None`` where there is none: they answer on the pages.
        clock: Tells the time, UTC.
        by: Who opens it, for the record.
        due_at: By when it is to be handed in, UTC, where that is not as the form says.
        closes_at: When it ends, UTC, likewise.

    Raises:
        ExtractionRefused: The rows have not landed, or it would be due already.
        ConfigurationError: Two people have one account, or nobody is left to look.
        CannotCheck: The form was frozen by a later release.
        LandingConflict: A landing is not what its manifest says.
        VerificationError: A manifest, or the record of an opening, is not as it was signed.
        SourceUnavailable: The messenger did not answer; run it again.
        StoreUnavailable: The store did not answer; run it again.
    """
    if (found := find_open(planned, campaigns)) is not None:  # (1)
        return found
    populations = populations_of(planned, campaigns)  # (2)
    frozen = read_frozen(campaigns.store, populations, KINDS[CONFIRMATION].table)
    items, assignments = KINDS[CONFIRMATION].ask(plain_rows(frozen.table))
    first = next(iter(frozen.table.to_pylist()), None)  # all of one campaign have the same days and the same who look
    form, due_on, lookers = _asked(first) if first else (planned.form, planned.due_on, ())
    opened_at = clock().replace(microsecond=0)  # messengers tell seconds when somebody answered
    managers = managers_of_program(planned)
    asked = sorted({*askable(assignments.values()), *lookers, *managers})
    pins: dict[str, Pin | None] = {person: find(person) if find else None for person in asked}  # (4)
    definition = Definition(
        campaign=planned.campaign,
        control=planned.control_id,
        observation_period=planned.period.id,
        window=planned.window.key,
        kind=CONFIRMATION,
        populations=populations,
        schedule=schedule_of(planned, form, due_on, opened_at, due_at, closes_at),  # (3)
        choices=CHOICES,
        leftovers=Leftovers.DECIDE,
        leftover_choice=NOT_CONFIRMED,
        items=items,
        assignments=assignments,
        pins=pins,
        managers_of_program=managers,
        lookers=lookers,
    )
    return seal(planned, campaigns, definition, signer, clock, by)  # (5)


def _asked(row: Mapping[str, Any]) -> tuple[Form, date, tuple[str, ...]]:
    return form_of(row), row["due_on"], tuple((row["second_reviewers"] or "").split())


def schedule_of(
    planned: ConfirmationWindow,
    form: Form,
    due_on: date,
    opened_at: datetime,
    due_at: datetime | None = None,
    closes_at: datetime | None = None,
) -> Schedule:
    """Return when what is due of a form.

    Raises:
        ExtractionRefused: It would be due before it opens, or end before it is due.
    """
    calendar, review = planned.scope.calendar, form.second_review
    due = due_at or day_end(due_on, calendar)
    last = calendar.day_of(due - timedelta(microseconds=1))
    for allowance in (review.due, review.answer, review.due) if review else ():
        last = calendar.business.after(last, allowance)
    ends = closes_at or max(day_end(last, calendar), due + timedelta(days=1) if review else due)
    if not opened_at < due <= ends:
        msg = (
            f"campaign {planned.campaign}: expected it to open, be due and end in this order, got {instant(opened_at)}, "
            f"{instant(due)} and {instant(ends)}. Where its days are past, give the run other ones."
        )
        raise ExtractionRefused(msg)
    days = form.days(planned.last_day, calendar.business).reminders
    handed_on = due - _ESCALATE_BEFORE
    return Schedule(
        opened_at=opened_at,
        due_at=due,
        reminders=tuple(at for at in (morning(day, calendar) for day in days) if opened_at < at < ends),
        escalate_at=handed_on if opened_at < handed_on else None,
        extensions=(ends,) if ends > due else (),
    )


def managers_of_program(planned: ConfirmationWindow) -> tuple[str, ...]:
    """Return who may give the form to somebody else: who holds the roles that own and review the control.

    Raises:
        ConfigurationError: Nobody does.
    """
    roles = (planned.control.owner, planned.control.reviewer)
    found = [person for role in roles for person in planned.holders(role)]
    if not found:
        msg = f"control {planned.control_id!r}: owners of scope.yaml name nobody who is {' or '.join(dict.fromkeys(roles))}."
        raise ConfigurationError(msg)
    return tuple(dict.fromkeys(found))
