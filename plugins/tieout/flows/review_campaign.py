# SPDX-License-Identifier: Apache-2.0
"""Open the campaign of a review of access: who is asked about which frozen items, until when, and under which account of theirs.

1. What was opened already stands: it is read, and nothing is worked out again, as people may have other accounts by now.
2. The items of every system have landed, frozen together, in manifests that the landing key has signed.
3. Days count from the day of the freeze, as the control's file says; they end at midnight where the program is.
4. Everybody who may be asked, now or later, is looked up: the account found is theirs for this campaign.
5. The definition is sealed. Of two runs at once, one opens it, and the other finds it standing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from tieout.campaigns.definition import Choice, Definition, Leftovers, Population, Schedule
from tieout.collectors.scope_roles import CONTROL
from tieout.criteria.reviews import ROLE_TYPE
from tieout.errors import ExtractionRefused
from tieout.evidence.keys import DocumentSigner
from tieout.flows.campaign_opening import (
    Clock,
    Find,
    Opening,
    askable,
    checked,
    day_end,
    find_open,
    frozen_on,
    morning,
    populations_of,
    seal,
)
from tieout.flows.campaigns import ACCESS_REVIEW, KINDS, Campaigns
from tieout.flows.frozen_rows import FrozenRows, agreed, read_frozen
from tieout.flows.review_inputs import ReviewWindow
from tieout.persons import normalised
from tieout.reviews.assigning import plain_rows

CHOICES = {"revoke": Choice(needs_reason=True, overrules=True), "change": Choice(needs_reason=True), "keep": Choice()}
"""What may be decided of an item, the strongest first."""
_LEFTOVERS = {"refuse": Leftovers.REFUSE, "revoke": Leftovers.DECIDE, "escalate": Leftovers.ESCALATE}


def open_review(
    planned: ReviewWindow,
    campaigns: Campaigns,
    signer: DocumentSigner,
    find: Find | None,
    clock: Clock,
    by: str,
    schedule: Schedule | None = None,
) -> Opening:
    """Open the campaign of a review, or find it open.

    Args:
        planned: From `tieout.flows.review_inputs.plan_review`.
        campaigns: The installation's, whose store is the writer's.
        signer: A key of scope landing.
        find: Looks people up in the messenger; ``None`` where there is none: they answer on the pages then.
        clock: Tells the time, UTC.
        by: Who opens it, for the record.
        schedule: When what is due, where that is not what the control's file says.

    Raises:
        ExtractionRefused: Items have not landed, or were not frozen together; or it would be due already.
        ConfigurationError: Nobody holds the roles that own and review the control, or two people have one account.
        LandingConflict: A landing is not what its manifest says.
        VerificationError: A manifest, or the record of an opening, is not as it was signed.
        SourceUnavailable: The messenger did not answer; run it again.
        StoreUnavailable: The store did not answer; run it again.
    """
    if (found := find_open(planned, campaigns)) is not None:  # (1)
        return found
    populations = populations_of(planned, campaigns)  # (2)
    rows = read_frozen(campaigns.store, populations, KINDS[ACCESS_REVIEW].table)
    made_of = agreed(rows, "inputs")
    if made_of is None:
        msg = f"review {planned.campaign}: its systems were not frozen from the same lists. Freeze them again, with a reason."
        raise ExtractionRefused(msg)
    opened_at = clock().replace(microsecond=0)  # messengers tell seconds when somebody answered
    due = schedule or schedule_of(planned, frozen_on(rows), opened_at)  # (3)
    definition = _definition(planned, campaigns, populations, rows, made_of, due, find)
    return seal(planned, campaigns, definition, signer, clock, by)  # (5)


def schedule_of(planned: ReviewWindow, frozen_day: date, opened_at: datetime) -> Schedule:
    """Return when what is due of a review that was frozen on a day.

    It is due when its last day is over. Reminders are sent, and what is late goes on, in the morning of their days; those that
    would come before it opens are left out.

    Raises:
        ExtractionRefused: It would be due before it opens.
    """
    days, calendar = planned.review.days(frozen_day, planned.scope.business_calendar), planned.scope.calendar

    if day_end(days.due, calendar) <= opened_at:
        msg = (
            f"review {planned.campaign}: it was frozen on {frozen_day} and due on {days.due}, which is past. Freeze it again, "
            "with a reason, and open it then."
        )
        raise ExtractionRefused(msg)
    reminders = (morning(day, calendar) for day in days.reminders)
    escalate_at = morning(days.escalation, calendar) if days.escalation else None
    return Schedule(
        opened_at=opened_at,
        due_at=day_end(days.due, calendar),
        reminders=tuple(at for at in reminders if at > opened_at),
        escalate_at=escalate_at if escalate_at and escalate_at > opened_at else None,
        extensions=tuple(day_end(day, calendar) for day in days.extensions),
    )


def _definition(
    planned: ReviewWindow,
    campaigns: Campaigns,
    populations: tuple[Population, ...],
    rows: FrozenRows,
    made_of: Mapping[str, Any],
    schedule: Schedule,
    find: Find | None,
) -> Definition:
    items, assignments = KINDS[ACCESS_REVIEW].ask(plain_rows(rows.table))
    roles = _roles(campaigns, made_of)
    managers, signers = _holders(roles, "owner", "reviewer"), _holders(roles, "sign_off")
    asked = sorted({*askable(assignments.values()), *managers, *signers})
    leftovers = _LEFTOVERS[planned.review.leftovers]
    return Definition(
        campaign=planned.campaign,
        control=planned.control_id,
        observation_period=planned.period.id,
        window=planned.window.key,
        kind=ACCESS_REVIEW,
        populations=populations,
        schedule=schedule,
        choices=CHOICES,
        leftovers=leftovers,
        leftover_choice="revoke" if leftovers is Leftovers.DECIDE else None,
        items=items,
        assignments=assignments,
        pins={person: find(person) if find else None for person in asked},  # (4)
        managers_of_program=managers,
        signers=signers,
    )


def _roles(campaigns: Campaigns, made_of: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return who held which role, as it had landed when the items were frozen."""
    populations = [checked(campaigns, row) for row in made_of["roles"]]
    rows: list[dict[str, Any]] = read_frozen(campaigns.store, populations, ROLE_TYPE.partition(".")[0]).table.to_pylist()
    return rows


def _holders(roles: Iterable[Mapping[str, Any]], *capacities: str) -> tuple[str, ...]:
    """Return who holds a capacity in the control, each once, in order of the capacities and of their places."""
    held = [row for row in roles if row["about"] == CONTROL and row["capacity"] in capacities and row["person"]]
    held.sort(key=lambda row: (capacities.index(row["capacity"]), row["position"]))
    return tuple(dict.fromkeys(normalised(row["person"]) for row in held))
