# SPDX-License-Identifier: Apache-2.0
"""What of an auditor's request the evidence answers: landings, and what is not there, with the reason. Pure.

1. Only what somebody has matched answers a request. A suggestion is shown as one, and answers nothing.
2. What is not there is said as the period's status says it: absent, awaited, not determinable.
3. Nothing is concluded: that evidence has landed does not say that it is enough.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tieout.criteria.controls import Control
from tieout.criteria.extractions import ExtractionState, LandedExtraction
from tieout.criteria.pbc import PbcMatch, PbcRequest
from tieout.criteria.standing import Standing

MOST_SUGGESTED = 3
_ABSENT = (ExtractionState.INCOMPLETE, ExtractionState.NOT_EXTRACTED)
_WORD = re.compile(r"[a-z]{5,}")
_COMMON = frozenset(
    {"please", "provide", "evidence", "documentation", "document", "support", "supporting", "during", "period", "review",
     "sample", "population", "control", "company", "system", "security", "request", "requested", "policy", "policie", "listing",
     "complete", "including", "within", "each", "their"}
)  # fmt: skip
"""Words that tell no request from another."""


class PbcState(StrEnum):
    """Our status of a request."""

    WITHDRAWN = "withdrawn"
    NO_MATCH = "no match"
    SUGGESTED = "suggested, not confirmed"
    AWAITED = "awaited"
    INCOMPLETE = "incomplete"
    LANDED_SO_FAR = "evidence landed, more awaited"
    LANDED = "evidence landed"


@dataclass(frozen=True, slots=True)
class Answering:
    """A landing that answers a request, or part of it, and the control that it is of."""

    control: str
    landed: LandedExtraction

    def as_text(self) -> str:
        """Return it for a person to read: what it is of, its rows and their hash, and the signed manifest that says so."""
        what = f"{self.control} {self.landed.window} {self.landed.system}: {self.landed.rows} rows"
        return f"{what}, row hash {self.landed.rows_sha256}, {self.landed.manifest_key}"

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        names = ("window", "system", "rows", "rows_sha256", "landing", "manifest_key", "manifest_sha256")
        return {"control": self.control, **{name: getattr(self.landed, name) for name in names}}


@dataclass(frozen=True, slots=True)
class PbcStanding:
    """Where a request stands.

    Attributes:
        request: The request.
        state: Our status.
        evidence: What has landed of what was matched, by control, window and system.
        gaps: What has not, and why.
        awaited: What is not due yet.
    """

    request: PbcRequest
    state: PbcState
    evidence: tuple[Answering, ...] = ()
    gaps: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()


def stand_requests(requests: Iterable[PbcRequest], standings: Mapping[str, Standing]) -> list[PbcStanding]:
    """Return where each request stands.

    Args:
        requests: Of a list.
        standings: Where the controls of its period stand, by id.
    """
    return [_stand(each, standings) for each in requests]


def _stand(request: PbcRequest, standings: Mapping[str, Standing]) -> PbcStanding:
    confirmed = [each for each in request.matches if not each.is_suggestion]
    if request.withdrawn:
        return PbcStanding(request, PbcState.WITHDRAWN)
    if not confirmed:
        return PbcStanding(request, PbcState.SUGGESTED if request.matches else PbcState.NO_MATCH)
    evidence: dict[tuple[str, str, str], Answering] = {}
    gaps: list[str] = []
    awaited: list[str] = []
    for match in confirmed:
        standing = standings.get(match.control)
        if standing is None:
            gaps.append(f"{match.control}: it does not operate in this period, or its file can not be read")
            continue
        landed, absent, later = list(_landed(match, standing)), list(_gaps(match, standing)), list(_awaited(match, standing))
        evidence |= {(match.control, each.window, each.system): Answering(match.control, each) for each in landed}
        gaps += absent if landed or absent or later else [f"{match.as_text()}: nothing of it is due in this period"]
        awaited += later
    found = tuple(each for _, each in sorted(evidence.items()))
    return PbcStanding(request, _state(evidence, gaps, awaited), found, tuple(dict.fromkeys(gaps)), tuple(dict.fromkeys(awaited)))


def _state(evidence: Collection[object], gaps: Collection[str], awaited: Collection[str]) -> PbcState:
    if gaps:
        return PbcState.INCOMPLETE
    if not awaited:
        return PbcState.LANDED
    return PbcState.LANDED_SO_FAR if evidence else PbcState.AWAITED


def _landed(match: PbcMatch, standing: Standing) -> Iterator[LandedExtraction]:
    for each in standing.extractions.due:
        if each.landed is not None and _is_meant(match, each.window, each.system):
            yield each.landed


def _gaps(match: PbcMatch, standing: Standing) -> Iterator[str]:
    for each in standing.extractions.due:
        if each.state in _ABSENT and _is_meant(match, each.window, each.system):
            why = f": {' '.join(each.reason.split())}" if each.reason else ", and no record says why"
            yield f"{match.control} {each.window} {each.system}: {each.state}{why}"


def _awaited(match: PbcMatch, standing: Standing) -> Iterator[str]:
    for window, system in standing.extractions.awaited:
        if _is_meant(match, window, system):
            yield f"{match.control} {window} {system}"


def _is_meant(match: PbcMatch, window: str, system: str) -> bool:
    return match.window in (None, window) and match.system in (None, system)


def suggest(request: PbcRequest, controls: Mapping[str, Control]) -> tuple[PbcMatch, ...]:
    """Return controls that may answer a request, the likeliest first; none where nothing speaks for any.

    A control speaks for itself by the criteria that it shares with the request, and then by words of its title. Of equals the one
    that comes first by its id is first.
    """
    words = _words(request.text)
    scored = []
    for control_id, control in sorted(controls.items()):
        shared = len(set(request.criteria) & set(control.criterion_ids))
        alike = len(words & _words(control.title))
        if (shared and alike) or alike > 1:
            scored.append((-(2 * shared + alike), control_id))
    return tuple(PbcMatch(control=control_id) for _, control_id in sorted(scored)[:MOST_SUGGESTED])


def _words(text: str) -> set[str]:
    return {word.removesuffix("s") for word in _WORD.findall(text.lower())} - _COMMON
