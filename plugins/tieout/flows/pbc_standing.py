# SPDX-License-Identifier: Apache-2.0
"""Where the requests of an auditor's list stand in their period, and what of it is written back into the auditor's layout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tieout.audit.pbc_status import PbcStanding, PbcState, stand_requests
from tieout.criteria.pbc import PbcField, RequestList
from tieout.documents import did_you_mean
from tieout.errors import ConfigurationError
from tieout.flows.status import Status

MOST_LINES = 20
"""Lines that a cell gets; the status lists all."""


def pbc_status(requests: RequestList, found: Status) -> list[PbcStanding]:
    """Return where the requests of a list stand.

    Args:
        requests: The list.
        found: Where its period stands.
    """
    return stand_requests(requests.requests, {each.control: each for each in found.controls})


def find_standing(standings: Iterable[PbcStanding], request_id: str) -> PbcStanding:
    """Return where one request stands.

    Raises:
        ConfigurationError: The list has no such request.
    """
    known = {each.request.id: each for each in standings}
    if request_id not in known:
        msg = f"no request {request_id!r} in this list. {did_you_mean(request_id, known)}".rstrip()
        raise ConfigurationError(msg)
    return known[request_id]


def exported(standings: Iterable[PbcStanding]) -> dict[str, dict[PbcField, str]]:
    """Return what is written back for each request: our status, the landings that answer it, and what is not there."""
    return {
        each.request.id: {
            PbcField.OUR_STATUS: each.state.value,
            PbcField.EVIDENCE: _listed([one.as_text() for one in each.evidence]),
            PbcField.COMMENT: _comment(each),
        }
        for each in standings
        if each.state is not PbcState.WITHDRAWN
    }


def _comment(standing: PbcStanding) -> str:
    suggested = ", ".join(each.control for each in standing.request.matches if each.is_suggestion)
    said = [
        f"Not there: {_listed(standing.gaps)}" if standing.gaps else "",
        f"Awaited: {_listed(standing.awaited)}" if standing.awaited else "",
        f"Suggested, confirmed by nobody: {suggested}" if suggested else "",
    ]
    return "\n".join(each for each in said if each)


def _listed(lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - MOST_LINES} more: tieout pbc status lists all"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *more])
