# SPDX-License-Identifier: Apache-2.0
"""Joiners, movers and leavers of the people system's list, each with what Okta says of the person's account.

The list is the population. A person's accounts are those with the employee number, and those without any number that have the
e-mail address; several are all named, and the worst of them counts (`personnel_states.worst`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pyarrow as pa
from pydantic import Field

from tieout.collectors.frame import Frame
from tieout.collectors.hr import Roster, read_roster
from tieout.collectors.okta import LOG_RETENTION, Okta, OktaParameters, shown, together
from tieout.collectors.personnel_accounts import COLUMNS, KINDS, Directory, rows_of
from tieout.collectors.personnel_states import EventType, Terms
from tieout.collectors.row_tables import row_tables
from tieout.errors import ConfigurationError
from tieout.times import instant

_LOG_BEFORE = timedelta(days=92)
"""So long before the first event the log is read: somebody may be suspended long before the last day."""
_BLIND_SPOTS = (
    "Accounts in applications with a sign-in of their own are not seen, nor is an account that was deleted from Okta.",
    "An account that was suspended before it was deactivated counts from the suspension only as far as the log reaches back.",
    "That somebody came back is seen only where the list holds the second hire too.",
)


class Parameters(OktaParameters):
    """Parameters of the system's YAML."""

    roster: Roster
    """The people system's list."""
    event_types: tuple[EventType, ...] = ("leave",)
    """Which events are the population; the others are read, for people who came back."""
    grace_hours: float = Field(default=24, ge=0)
    """A leaver's account is to end within so many hours."""
    within_hours: float = Field(default=24, ge=0)
    """A joiner's account is to begin, and a mover's groups are to change, within so many hours."""
    before_hours: float = Field(default=24, ge=0)
    """They may do so as many hours before."""
    ended_statuses: tuple[str, ...] = ("DEPROVISIONED", "SUSPENDED")
    """Statuses in which an account counts as ended."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the list, then the accounts of its people, then what the log says of these.

    Raises:
        ConfigurationError: A parameter is wrong, or a source refuses the credential or the request.
        SourceUnavailable: A source did not answer.
        ContractError: A read is not whole, or a value can not be read.
    """
    given = frame.parameters(Parameters)
    events = read_roster(frame, given.roster)
    listed = frame.statement
    if listed is None:
        msg = f"system {frame.source.system!r}: the list of people was read without a statement of its source."
        raise ConfigurationError(msg)
    okta, now = Okta(frame, given), frame.clock()
    reach = okta.log_reaches_to()
    kinds = sorted({kind for each in given.event_types for kind in KINDS[each]})
    query = f"{listed.query}; GET /users of every status; GET /logs for {', '.join(kinds)}"
    bound = {**listed.parameters, **shown(given, leaving_out=frozenset({"roster"}))}
    spots = (*listed.blind_spots, *_BLIND_SPOTS, LOG_RETENTION.format(reach=instant(reach)))
    frame.state(together(listed, okta.state(query, bound, spots)))
    wanted = [event for event in events if event.kind in given.event_types]
    if others := [event.event_id for event in events if event.kind not in given.event_types]:
        frame.drop("of a type that the control is not about", others)
    directory = Directory(events, okta.users())
    since = max(min((each.at for each in wanted), default=now) - _LOG_BEFORE, reach)
    directory.add_log(okta.events_of_users(kinds, since, now))
    hours = {"leave": given.grace_hours, "hire": given.within_hours, "transfer": given.within_hours}
    before, ended = timedelta(hours=given.before_hours), frozenset(given.ended_statuses)
    terms = {kind: Terms(now, reach, timedelta(hours=due), before, ended) for kind, due in hours.items()}
    yield from row_tables(rows_of(wanted, directory, terms), COLUMNS)
