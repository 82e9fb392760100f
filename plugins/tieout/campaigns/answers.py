# SPDX-License-Identifier: Apache-2.0
"""People's events as the answers of signed responses, and back.

The answer says what was said, and to which definition. What was measured about it stands apart, under `MEASURED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from tieout.campaigns.answer_documents import (
    Answer,
    CoveredAnswer,
    DecidedAnswer,
    LookedAnswer,
    ReassignedAnswer,
    SignedOffAnswer,
    WithdrawnAnswer,
)
from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Covered, Decided, ItemDecision, Reassigned, Said, SignedOff, Withdrawn
from tieout.campaigns.looking import Looked
from tieout.errors import CannotCheck
from tieout.evidence.responses import FILES, MEASURED, FileVersion, Response
from tieout.times import instant, parse_instant

VERSION = 1
OF_CAMPAIGN = "campaign"
"""Assignment that responses are stored under which decide no item of one: all that changes who may answer stands here, and is
read in one listing, however many assignments there are."""


def response_of(definition: Definition, event: Said) -> Response:
    """Return the response that states what a person said; its `id` is the event's.

    Raises:
        CannotCheck: It is not what could be read again: too long, empty, an item twice.
    """
    kind, said, assignment = _SAYING[type(event)](event)
    answer = {
        "kind": kind,
        "version": VERSION,
        "definition_sha256": event.definition_sha256,
        "interaction": event.interaction,
        **said,
    }
    alone = definition.populations[0] if len(definition.populations) == 1 else None
    response = Response(
        observation_period=definition.observation_period,
        control=definition.control,
        campaign=definition.campaign,
        assignment=assignment,
        person=event.by,
        answer=answer,
        at=event.at,
        channel=event.channel,
        population=(alone.landing, alone.manifest_sha256) if alone else None,
        presented_sha256=event.presented_sha256,
        stored_at=event.stored_at,
    )
    if event_of(response) != replace(event, id=response.id, stored_at=response.stored_at):
        msg = f"{response.key}: it would be read as something else than it says."
        raise CannotCheck(msg)
    return response


def event_of(response: Response) -> Said:
    """Return what a response says.

    Raises:
        CannotCheck: It is malformed, of a later version, or of a kind that this release does not know. Nothing of its content
            is in the message.
    """
    kind = response.answer.get("kind")
    known = _READING.get(kind) if isinstance(kind, str) else None
    if known is None or response.answer.get("version") != VERSION:
        msg = f"{response.key}: expected an answer of version {VERSION} and a known kind: malformed, or of a later release."
        raise CannotCheck(msg)
    model, read = known
    try:
        answer = model.model_validate(response.answer)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, each["loc"])) for each in error.errors()})[:5])
        msg = f"{response.key}: expected an answer of kind {kind!r}: malformed at {places}."
        raise CannotCheck(msg) from None
    common: dict[str, Any] = {
        "id": response.id,
        "at": response.at,
        "by": response.person,
        "definition_sha256": answer.definition_sha256,
        "interaction": answer.interaction,
        "channel": response.channel,
        "presented_sha256": response.presented_sha256,
        "stored_at": response.stored_at,
    }
    return read(answer, response.assignment, common)


def _say_decided(event: Decided) -> tuple[str, dict[str, Any], str]:
    lines = [
        {"item": each.item, "row_sha256": each.row_sha256, "decision": each.decision, "reason": each.reason}
        | ({"answer": each.answer} if each.answer is not None else {})
        for each in event.decisions
    ]
    measured = {"dwell_ms": event.dwell_ms, "batch": event.batch}
    files = [{"sha256": each.sha256, "version_id": each.version_id} for each in event.files]
    said = {"decisions": lines, MEASURED: measured, **({FILES: files} if files else {})}  # absent where there are none, as before
    return "decided", said, event.assignment


def _say_looked(event: Looked) -> tuple[str, dict[str, Any], str]:
    return "looked", {name: getattr(event, name) for name in _OF_LOOK}, event.assignment


_OF_LOOK = ("item", "about", "accepted", "question")


def _say_reassigned(event: Reassigned) -> tuple[str, dict[str, Any], str]:
    items = None if event.items is None else list(event.items)
    return "reassigned", {"assignment": event.assignment, "to": event.to, "items": items, "reason": event.reason}, OF_CAMPAIGN


def _say_covered(event: Covered) -> tuple[str, dict[str, Any], str]:
    said = {
        "person": event.person,
        "stand_in": event.stand_in,
        "assignments": None if event.assignments is None else list(event.assignments),
        "from": instant(event.from_),
        "until": instant(event.until),
        "reason": event.reason,
    }
    return "covered", said, OF_CAMPAIGN


def _say_withdrawn(event: Withdrawn) -> tuple[str, dict[str, Any], str]:
    return "withdrawn", {"cover": event.cover, "reason": event.reason}, OF_CAMPAIGN


def _say_signed_off(event: SignedOff) -> tuple[str, dict[str, Any], str]:
    said = {"approved": event.approved, "reason": event.reason, "about_sha256": event.about_sha256}
    return "signed off", said, OF_CAMPAIGN


_SAYING: Mapping[type[Said], Callable[[Any], tuple[str, dict[str, Any], str]]] = {
    Decided: _say_decided,
    Looked: _say_looked,
    Reassigned: _say_reassigned,
    Covered: _say_covered,
    Withdrawn: _say_withdrawn,
    SignedOff: _say_signed_off,
}


def _read_decided(answer: DecidedAnswer, assignment: str, common: dict[str, Any]) -> Decided:
    decisions = tuple(
        ItemDecision(line.item, line.row_sha256, line.decision, line.reason, line.answer) for line in answer.decisions
    )
    measured, files = answer.measured, tuple(FileVersion(each.sha256, each.version_id) for each in answer.files)
    return Decided(
        **common, assignment=assignment, decisions=decisions, dwell_ms=measured.dwell_ms, batch=measured.batch, files=files
    )


def _read_looked(answer: LookedAnswer, assignment: str, common: dict[str, Any]) -> Looked:
    return Looked(**common, assignment=assignment, **{name: getattr(answer, name) for name in _OF_LOOK})


def _read_reassigned(answer: ReassignedAnswer, _assignment: str, common: dict[str, Any]) -> Reassigned:
    said = {name: getattr(answer, name) for name in ("assignment", "to", "items", "reason")}
    return Reassigned(**common, **said)


def _read_covered(answer: CoveredAnswer, _assignment: str, common: dict[str, Any]) -> Covered:
    said = {name: getattr(answer, name) for name in ("person", "stand_in", "assignments", "reason")}
    return Covered(**common, **said, from_=parse_instant(answer.from_), until=parse_instant(answer.until))


def _read_withdrawn(answer: WithdrawnAnswer, _assignment: str, common: dict[str, Any]) -> Withdrawn:
    return Withdrawn(**common, cover=answer.cover, reason=answer.reason)


def _read_signed_off(answer: SignedOffAnswer, _assignment: str, common: dict[str, Any]) -> SignedOff:
    return SignedOff(**common, approved=answer.approved, reason=answer.reason, about_sha256=answer.about_sha256)


_READING: Mapping[str, tuple[type[Answer], Callable[[Any, str, dict[str, Any]], Said]]] = {
    "decided": (DecidedAnswer, _read_decided),
    "looked": (LookedAnswer, _read_looked),
    "reassigned": (ReassignedAnswer, _read_reassigned),
    "covered": (CoveredAnswer, _read_covered),
    "withdrawn": (WithdrawnAnswer, _read_withdrawn),
    "signed off": (SignedOffAnswer, _read_signed_off),
}
