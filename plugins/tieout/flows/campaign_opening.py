# SPDX-License-Identifier: Apache-2.0
"""What opening a campaign takes, whatever it is about: the landings of its items, its days, the accounts of people, the seal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol, runtime_checkable

from tieout.campaigns.assignments import Assignment
from tieout.campaigns.definition import Definition, Pin, Population
from tieout.campaigns.writer import Writer
from tieout.criteria.calendar import Calendar
from tieout.criteria.periods import ITEMS
from tieout.errors import ExtractionRefused, LandingConflict
from tieout.evidence.keys import DocumentSigner
from tieout.flows.campaign_window import CampaignWindow, standing_inputs
from tieout.flows.campaigns import Campaigns, Loaded
from tieout.flows.frozen_rows import FrozenRows
from tieout.flows.upkeep import retention_for

Clock = Callable[[], datetime]
Find = Callable[[str], Pin | None]
"""From a person to the account that is theirs in the messenger; ``None`` where nobody can be told anything under it."""


@runtime_checkable
class LooksAhead(Protocol):
    """A `Find` that is quicker where it knows whom it will be asked for next."""

    def ahead(self, persons: Iterable[str]) -> None:
        """Get ready for being asked for some people; what can not be had now is had when it is asked for."""


MORNING = time(8)
"""When reminders are sent and what is late goes on, on their days; local to the program."""


@dataclass(frozen=True)
class Opening:
    """A campaign that is open: as it is loaded, and whether it was opened now."""

    loaded: Loaded
    opened_now: bool


def find_open(planned: CampaignWindow, campaigns: Campaigns) -> Opening | None:
    """Return the campaign of a window where it was opened already; ``None`` where it was not.

    Raises:
        LandingConflict: A landing that it names is not what was sealed.
        VerificationError: Its opening is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    standing = campaigns.of(planned.place)
    return None if standing is None else Opening(campaigns.load(standing), opened_now=False)


def seal(
    planned: CampaignWindow, campaigns: Campaigns, definition: Definition, signer: DocumentSigner, clock: Clock, by: str
) -> Opening:
    """Seal a definition. Of two runs at once, one opens it, and the other finds it standing.

    Raises:
        LandingConflict: A landing that it names is not what was sealed.
        VerificationError: The record of its opening is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    retention = retention_for(planned.settings, planned.scope, definition.observation_period, clock())
    try:
        opened_now = Writer(definition, campaigns.store, signer, retention).open(by, clock()).written_now
    except LandingConflict:
        opened_now = False  # by another run, in this moment
    opened = campaigns.of(planned.place)
    if opened is None:
        msg = f"campaign {planned.campaign}: it was opened a moment ago, and is not there. Run tieout verify."
        raise LandingConflict(msg)
    return Opening(campaigns.load(opened), opened_now)


def morning(day: date, calendar: Calendar) -> datetime:
    """Return when those are reminded who are reminded on a day, UTC."""
    return datetime.combine(day, MORNING, calendar.zone).astimezone(UTC)


def day_end(day: date, calendar: Calendar) -> datetime:
    """Return when a day is over, UTC."""
    return calendar.midnight(day + timedelta(days=1))


def populations_of(planned: CampaignWindow, campaigns: Campaigns) -> tuple[Population, ...]:
    """Return the landings of the items, by system, each with a manifest that is as the landing key signed it.

    Raises:
        ExtractionRefused: Items have not landed.
        VerificationError: A manifest is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    key = f"{ITEMS}{planned.window.key}"
    there = standing_inputs(campaigns.store, planned.control_id, key)
    absent = [system for system in planned.systems if system not in there]
    if absent:
        msg = f"campaign {planned.campaign}: window {key} has not landed of {', '.join(absent)}. Freeze it, and open it then."
        raise ExtractionRefused(msg)
    return tuple(checked(campaigns, there[system]) for system in sorted(planned.systems))


def checked(campaigns: Campaigns, row: Mapping[str, Any]) -> Population:
    """Return a landing that the index, or another landing, names, once its manifest is checked; raises as `populations_of`."""
    manifest = campaigns.signed_manifest(row)
    return Population(row["system"], manifest.landing, manifest.key, manifest.sha256)


def frozen_on(rows: FrozenRows) -> date:
    """Return the day of the freeze; where it was run again on a later day for some systems, that day."""
    return max(date.fromisoformat(each.predicate["ipe"]["request"]["parameters"]["frozen_on"]) for each in rows.manifests)


def askable(assignments: Iterable[Assignment]) -> Iterable[str]:
    """Yield everybody whom something may be given to by the order of who comes next."""
    for each in assignments:
        yield each.person
        yield from each.order
        for order in each.orders.values():
            yield from order
