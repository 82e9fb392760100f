# SPDX-License-Identifier: Apache-2.0
"""The factors of everybody who was active in Okta at the window's end: read now, and put back to then by `okta_enrollments`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pyarrow as pa

from tieout.collectors.evidence_columns import CHECK
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass
from tieout.collectors.okta import LOG_RETENTION, Okta, OktaParameters, shown
from tieout.collectors.okta_people import GroupOfAdministrators, History, People
from tieout.collectors.row_tables import row_tables
from tieout.times import instant

_BLIND_SPOTS = (
    "Okta lists the factors that the person's enrollment policy allows; which policy applies may depend on where the reader is.",
    "Whether signing in asks for a factor is decided by policies, which are not read here.",
    "Factors that went with a deactivated user are not determinable, and a user who was deleted since is not seen at all.",
)


class Parameters(OktaParameters):
    """Parameters of the system's YAML."""

    admin_group: str | None = None
    """Id of the group whose members are administrators; without it, whoever has an administrator role."""
    not_counted: tuple[str, ...] = ("email", "question")
    """Kinds of factors that are no second factor."""
    service_types: tuple[str, ...] = ("Service",)
    """Values of the profile's userType for accounts of programs, which have no factor."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the log since the window's end, then everybody, then each active person's factors and roles.

    Raises:
        ConfigurationError: A parameter is wrong, or Okta refuses the credential or the request.
        SourceUnavailable: Okta did not answer.
        ContractError: A read is not whole.
    """
    given, end, now = frame.parameters(Parameters), frame.window.end, frame.clock()
    okta = Okta(frame, given)
    reach = okta.log_reaches_to()
    history = History(given.admin_group)
    query = f"GET /users of every status; GET /users/ID/factors and /users/ID/roles; GET /logs for {', '.join(history.kinds)}"
    measured = LOG_RETENTION.format(reach=instant(reach))
    frame.state(okta.state(query, {**shown(given), "read": instant(now)}, (*_BLIND_SPOTS, measured)))
    history.add(okta.events_of_users(history.kinds, max(end, reach), now))
    group = GroupOfAdministrators(okta, given.admin_group)
    people = People(frame, end, history, group, given.not_counted, given.service_types, log_reaches=reach <= end)
    yield from row_tables(chain.from_iterable(people.batches(okta)), CHECK)
    how = "users of the list that a filter on lastUpdated gives, of every status"
    again = "users of the list without a filter, which leaves out DEPROVISIONED, and of the list of these"
    frame.count(Count(people.read, how), SecondCount(okta.count_users(), again, SecondCountClass.SAME_ENDPOINT))
