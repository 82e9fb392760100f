# SPDX-License-Identifier: Apache-2.0
"""Open an acknowledgment campaign: who is asked for which policies, until when, and under which account of theirs.

1. What was opened already stands: it is read, and nothing is worked out again, as people may have other accounts by now.
2. The rows of every system have landed, in manifests that the landing key has signed.
3. Days count from the day of the freeze, as the control's file says; whoever joins has days of their own.
4. Everybody who is asked, their managers and the program's are looked up: the account found is theirs for this campaign.
5. The definition is sealed. Of two runs at once, one opens it, and the other finds it standing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tieout.campaigns.assignments import Assignment
from tieout.campaigns.definition import Choice, Definition, Leftovers, Pin, Schedule
from tieout.errors import ConfigurationError, ExtractionRefused
from tieout.evidence.keys import DocumentSigner
from tieout.flows.campaign_opening import (
    Clock,
    Find,
    LooksAhead,
    Opening,
    day_end,
    find_open,
    frozen_on,
    morning,
    populations_of,
    seal,
)
from tieout.flows.campaign_people import person_of
from tieout.flows.campaigns import ACKNOWLEDGMENT, KINDS, Campaigns
from tieout.flows.frozen_rows import FrozenRows, read_frozen
from tieout.flows.policy_inputs import PolicyWindow
from tieout.policies.outcomes import ACKNOWLEDGED, NOT_ACKNOWLEDGED
from tieout.reviews.assigning import plain_rows
from tieout.times import instant, parse_instant

CHOICES = {ACKNOWLEDGED: Choice(), NOT_ACKNOWLEDGED: Choice(offered=False)}
"""What may come of an item: nobody can say that they do not acknowledge, and the rule for leftovers says it of who did not."""
_AT_ONCE = 5_000
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Dues:
    """When what was frozen is due, UTC.

    Attributes:
        all: Of every item.
        usual: By when everybody is to acknowledge, where that is not as the control's file says.
    """

    all: frozenset[datetime]
    usual: datetime | None = None


def open_policies(
    planned: PolicyWindow,
    campaigns: Campaigns,
    signer: DocumentSigner,
    find: Find | None,
    clock: Clock,
    by: str,
    closes_at: datetime | None = None,
) -> Opening:
    """Open an acknowledgment campaign, or find it open.

    Args:
        planned: From `tieout.flows.policy_inputs.plan_policies`.
        campaigns: The installation's, whose store is the writer's.
        signer: A key of scope landing.
        find: Looks people up in the messenger; ``None`` where there is none: they answer on the pages then.
        clock: Tells the time, UTC.
        by: Who opens it, for the record.
        closes_at: When it closes, UTC, where that is not as the file says.

    Raises:
        ExtractionRefused: Rows have not landed, or it would be due already.
        ConfigurationError: Nobody holds the roles that own and review the control, or two people have one account.
        LandingConflict: A landing is not what its manifest says.
        VerificationError: A manifest, or the record of an opening, is not as it was signed.
        SourceUnavailable: The messenger did not answer; run it again.
        StoreUnavailable: The store did not answer; run it again.
    """
    if (found := find_open(planned, campaigns)) is not None:  # (1)
        return found
    populations = populations_of(planned, campaigns)  # (2)
    rows = read_frozen(campaigns.store, populations, KINDS[ACKNOWLEDGMENT].table)
    items, assignments = KINDS[ACKNOWLEDGMENT].ask(plain_rows(rows.table))
    opened_at = clock().replace(microsecond=0)  # messengers tell seconds when somebody answered
    managers = managers_of_program(planned)
    schedule = schedule_of(planned, frozen_on(rows), _dues(rows), opened_at, closes_at)  # (3)
    definition = Definition(
        campaign=planned.campaign,
        control=planned.control_id,
        observation_period=planned.period.id,
        window=planned.window.key,
        kind=ACKNOWLEDGMENT,
        populations=populations,
        schedule=schedule,
        choices=CHOICES,
        leftovers=Leftovers.DECIDE,
        leftover_choice=NOT_ACKNOWLEDGED,
        items=items,
        assignments=assignments,
        pins=_pins(assignments.values(), managers, find),  # (4)
        managers_of_program=managers,
        personal=True,
    )
    return seal(planned, campaigns, definition, signer, clock, by)  # (5)


def _dues(rows: FrozenRows) -> Dues:
    said = [each.predicate["ipe"]["request"]["parameters"].get("due_at") for each in rows.manifests]
    column = rows.table["due_at"].to_pylist() if "due_at" in rows.table.column_names else []
    return Dues(frozenset(each for each in column if each), max((parse_instant(each) for each in said if each), default=None))


def schedule_of(
    planned: PolicyWindow, frozen_day: date, dues: Dues, opened_at: datetime, closes_at: datetime | None = None
) -> Schedule:
    """Return when what is due of a campaign that was frozen on a day.

    An item is due when its last day is over, and the campaign closes when the last of them is, with the grace that late
    acknowledgments have. Reminders are sent, and what is open is listed, in the morning of their days; those that would come
    before it opens are left out.

    Raises:
        ExtractionRefused: It would be due before it opens, or close before it is due.
    """
    calendar = planned.scope.calendar
    due_at = dues.usual or day_end(planned.acknowledgment.due_day(frozen_day, calendar.business), calendar)
    latest = calendar.day_of(max([due_at, *dues.all]) - _MOMENT)
    days = planned.acknowledgment.days(frozen_day, latest, calendar.business)
    ends_at = closes_at or max(day_end(days.last, calendar), due_at + timedelta(days=1))
    if not opened_at < due_at < ends_at:
        msg = (
            f"campaign {planned.campaign}: expected it to open, be due and close in this order, got {instant(opened_at)}, "
            f"{instant(due_at)} and {instant(ends_at)}. It was frozen on {frozen_day}: where that is long ago, freeze it again, "
            "with a reason."
        )
        raise ExtractionRefused(msg)
    listed = morning(days.listed, calendar) if days.listed else None
    return Schedule(
        opened_at=opened_at,
        due_at=due_at,
        reminders=tuple(at for at in (morning(day, calendar) for day in days.reminders) if opened_at < at < ends_at),
        escalate_at=listed if listed and opened_at < listed <= due_at else None,
        extensions=(*sorted(at for at in dues.all if due_at < at < ends_at), ends_at),
    )


def managers_of_program(planned: PolicyWindow) -> tuple[str, ...]:
    """Return who holds the roles that own and review the control, each once, as the scope file says.

    Raises:
        ConfigurationError: Nobody does, or the key of person ids can not be read.
    """
    known = person_of(planned.settings)
    roles = (planned.control.owner, planned.control.reviewer)
    found = [known(each.email) for role in roles for each in planned.scope.owners if each.role == role]
    if not found:
        msg = f"control {planned.control_id!r}: owners of scope.yaml name nobody who is {' or '.join(dict.fromkeys(roles))}."
        raise ConfigurationError(msg)
    return tuple(dict.fromkeys(found))


def _pins(assignments: Iterable[Assignment], managers: tuple[str, ...], find: Find | None) -> dict[str, Pin | None]:
    """Return the account of everybody who is asked, or told who has not answered; in order of the people."""
    asked = sorted({*managers, *(person for each in assignments for person in (each.person, *each.order))})
    found: dict[str, Pin | None] = dict.fromkeys(asked)
    finder: object = find
    for start in range(0, len(asked), _AT_ONCE) if find else ():
        some = asked[start : start + _AT_ONCE]
        if isinstance(finder, LooksAhead):
            finder.ahead(some)
        found |= {person: find(person) if find else None for person in some}
    return found
