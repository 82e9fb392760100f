# SPDX-License-Identifier: Apache-2.0
"""What management says of deviations, and which risks it accepts: signed responses, stored once each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from tieout.audit import deviations as noun
from tieout.audit import risk_acceptances
from tieout.audit.deviations import Answer, Deviation
from tieout.audit.risk_acceptances import Accepted
from tieout.criteria.periods import ObservationPeriod
from tieout.criteria.scope import Scope
from tieout.errors import ConfigurationError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.records import Record, RecordKind
from tieout.evidence.responses import Response, write_response
from tieout.evidence.store import S3Store
from tieout.flows.status import Program
from tieout.flows.upkeep import retention_for
from tieout.settings import Settings

AT_ONCE = 10_000
"""Deviations that one response answers: more are answered by several."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A response that stands: its key, the deviations that it is about, and whether it was stored now."""

    key: str
    deviations: int
    stored_now: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """Where responses go, and who gives them.

    Attributes:
        settings: The installation's.
        store: The evidence bucket, as an identity that may put responses.
        signer: A key of scope response.
        program: The program's files.
        label: Period that responses are stored under (`open_label`).
        by: Who answers: a role or a person id.
        now: UTC.
    """

    settings: Settings
    store: S3Store
    signer: DocumentSigner
    program: Program
    label: ObservationPeriod
    by: str
    now: datetime

    def put(self, control: str, campaign: str, assignment: str, answer: dict[str, Any]) -> tuple[str, bool]:
        """Store one response; returns its key, and whether it was stored now."""
        response = Response(
            observation_period=self.label.id, control=control, campaign=campaign, assignment=assignment, person=self.by,
            answer=answer, at=self.now,
        )  # fmt: skip
        retention = retention_for(self.settings, self.program.scope, self.label.id, self.now)
        return response.key, write_response(response, self.store, self.signer, retention)


def respond(desk: Desk, deviations: Sequence[Deviation], said: dict[str, Any]) -> list[Stored]:
    """Store what management says of deviations: one response for each control.

    What everyone of them was told last by the same person is not stored again: the response stands.

    Args:
        desk: Where it goes, and who says it.
        deviations: What it is about.
        said: Fields of `Answer`, as JSON values.

    Raises:
        ConfigurationError: It says nothing, names a control that is not there, or gives a state without a disposition.
        StoreUnavailable: The store did not answer; run it again: what is stored is found.
    """
    _check(said, desk.program)
    stored = []
    for control, group in _by_control(deviations):
        for start in range(0, len(group), AT_ONCE):
            some = group[start : start + AT_ONCE]
            answer = _answer(some, said)
            standing = _standing(some, answer, desk.by)
            if standing:
                stored.append(Stored(standing, len(some), stored_now=False))
                continue
            document = answer.model_dump(mode="json", exclude_none=True)
            key, now = desk.put(control, noun.CAMPAIGN, _assignment(some), document)
            stored.append(Stored(key, len(some), now))
    return stored


def accept(desk: Desk, control: str, deviations: Sequence[Deviation], said: dict[str, Any]) -> Stored:
    """Store that management accepts a risk; the same acceptance is stored once.

    Args:
        desk: Where it goes, and who records it.
        control: The control whose deviations are meant.
        deviations: Those that it names, or none where it names a rule.
        said: The other fields of `Accepted`, as JSON values.

    Raises:
        ConfigurationError: It does not fit together.
        StoreUnavailable: The store did not answer; run it again.
    """
    try:
        accepted = Accepted.model_validate({**said, "deviations": sorted(each.id for each in deviations)})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}".strip() for each in error.errors())
        msg = f"risk acceptance: {problems}."
        raise ConfigurationError(msg) from error
    if accepted.accepted_on > (today := desk.program.scope.calendar.day_of(desk.now)):
        msg = f"risk acceptance: expected a day that has come, got accepted on {accepted.accepted_on}; today is {today}."
        raise ConfigurationError(msg)
    document = accepted.model_dump(mode="json", exclude_none=True)
    key, now = desk.put(control, risk_acceptances.CAMPAIGN, _hash([control, document]), document)
    return Stored(key, len(deviations), now)


def open_label(program: Program, period: ObservationPeriod, records: Iterable[Record], now: datetime) -> ObservationPeriod:
    """Return the period that a response to a deviation is stored under now: its own, or today's where that is closed.

    A label says where it stands, not what it is about; nothing may come under that of a period which has its final digest.

    Raises:
        ConfigurationError: The period is closed, and no period that is open holds today.
    """
    closed = {each.place.observation_period for each in records if each.kind is RecordKind.CLOSED}
    return open_period(program.scope, period, closed.__contains__, now)


def open_period(scope: Scope, period: ObservationPeriod, is_closed: Callable[[str], bool], now: datetime) -> ObservationPeriod:
    """Return the period that a response is stored under now: its own, or today's where that is closed.

    Args:
        scope: The scope.
        period: The period that it is about.
        is_closed: Whether the period of an id is closed; asked of as few as possible.
        now: UTC.

    Raises:
        ConfigurationError: The period is closed, and no period that is open holds today.
    """
    today = scope.calendar.day_of(now)
    current = [each for each in scope.observation_periods if each.type == 2 and each.first_day <= today < each.end_day]
    for each in (period, *current):
        if not is_closed(each.id):
            return each
    msg = f"{period.id} is closed, and no open period of scope.yaml holds {today}: add the one that follows, and answer again."
    raise ConfigurationError(msg)


def _check(said: dict[str, Any], program: Program) -> None:
    if not said:
        msg = "a response to a deviation: expected at least one thing to say, got none."
        raise ConfigurationError(msg)
    if "state" in said and not said.get("disposition"):
        msg = f"state {said['state']!r}: expected a disposition beside it: what management concludes, and does about it."
        raise ConfigurationError(msg)
    control = said.get("against_control")
    if control is not None and control not in program.controls:
        msg = f"against control {control!r}: there is no such control. Controls: {', '.join(sorted(program.controls))}."
        raise ConfigurationError(msg)


def _by_control(deviations: Iterable[Deviation]) -> Iterator[tuple[str, list[Deviation]]]:
    groups: dict[str, list[Deviation]] = {}
    for each in deviations:
        groups.setdefault(each.observed.control, []).append(each)
    for control, group in sorted(groups.items()):
        yield control, sorted(group, key=lambda each: each.id)


def _answer(deviations: Sequence[Deviation], said: dict[str, Any]) -> Answer:
    about: dict[str, list[str]] = {}
    for each in deviations:
        about.setdefault(each.observed.kind.value, []).append(each.id)
    follows = sorted({each.history[-1].response for each in deviations if each.history})
    return Answer.model_validate({**said, "about": about, "follows": follows})


def _standing(deviations: Sequence[Deviation], answer: Answer, by: str) -> str | None:
    """Return the response that says the same already, where it is the last one to each of the deviations."""
    last = {each.history[-1].response if each.history else None for each in deviations}
    if len(last) != 1 or None in last:
        return None
    given = deviations[0].history[-1]
    same = (given.by, given.answer.said, given.answer.about) == (by, answer.said, answer.about)
    return given.document if same else None


def _assignment(deviations: Sequence[Deviation]) -> str:
    ids = [each.id for each in deviations]
    return ids[0] if len(ids) == 1 else f"alike-{_hash(ids)}"


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
