# SPDX-License-Identifier: Apache-2.0
"""Who has which application and is in which group in Okta, as it stands now, placed at the window's last second."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tieout.collectors.evidence_columns import ACCESS
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass
from tieout.collectors.okta import Okta, OktaParameters, shown
from tieout.collectors.okta_access import Entitlement, Holders, entitlements, entry_of
from tieout.collectors.rest import NO_TOTAL
from tieout.collectors.row_tables import Row, row_tables
from tieout.times import instant

_BLIND_SPOTS = (
    "Okta shows what stands now: rows say when it was read, and are placed at the window's end.",
    "Entitlements inside an application are its own; groups that Okta fills by itself, such as Everyone, are left out.",
    "When somebody joined a group, and whether signing in takes a second factor, the lists do not tell.",
    NO_TOTAL,
)


class Parameters(OktaParameters):
    """Parameters of the system's YAML."""

    kinds: tuple[Entitlement, ...] = ("app", "group")
    """What is listed."""
    group_types: tuple[str, ...] = ("OKTA_GROUP", "APP_GROUP")
    """Types of groups, as Okta names them."""
    privileged: tuple[str, ...] = ()
    """Names of applications and groups that let change the system or other people's access; without any, it is not told."""
    service_types: tuple[str, ...] = ("Service",)
    """Values of the profile's userType for accounts of programs; who answers for one is the profile's manager."""
    shared_types: tuple[str, ...] = ("Shared",)
    """The same for accounts that several people use."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read everybody, the applications and groups, then who has each.

    Raises:
        ExtractionRefused: The window ended too long ago.
        ConfigurationError: A parameter is wrong, or Okta refuses the credential or the request.
        SourceUnavailable: Okta did not answer.
        ContractError: A read is not whole.
    """
    given, as_of, read_at = frame.parameters(Parameters), instant(frame.as_of_the_end()), instant(frame.clock())
    okta = Okta(frame, given)
    query = "GET /users of every status; GET /apps and /groups; GET /apps/ID/users and /groups/ID/users"
    frame.state(okta.state(query, shown(given), _BLIND_SPOTS))
    holders = Holders(okta.users(), given.service_types, given.shared_types)
    wanted = list(entitlements(okta, given.kinds, given.group_types, given.privileged))
    read = 0

    def rows() -> Iterator[Row]:
        nonlocal read
        for named, page in okta.listing((each, each.path, {"limit": each.limit}) for each in wanted):
            read += len(page)
            yield from (entry_of(named, each, holders, as_of, read_at) for each in page)

    yield from row_tables(rows(), ACCESS)
    how = "entries of all lists, each up to the page that names no further one"
    frame.count(Count(read, how), SecondCount(read, how, SecondCountClass.NONE))
