# SPDX-License-Identifier: Apache-2.0
"""Which windows a period owes a reconciliation of, and which landings each is made of; told by index and records alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import rfc8785

from tieout.criteria.awaiting import running_campaigns
from tieout.criteria.controls import Control
from tieout.criteria.extractions import LandedExtraction, extractions, standing_landings, windows_expected
from tieout.criteria.periods import RECONCILED, ObservationPeriod, Window
from tieout.criteria.reconciliations import Reconciliation
from tieout.criteria.scope import Scope
from tieout.errors import ConfigurationError
from tieout.flows.status import Facts, Program, active_controls


@dataclass(frozen=True, slots=True)
class Owed:
    """One window that a control's reconciliation is owed for."""

    control: str
    rule: Reconciliation
    window: Window

    @property
    def key(self) -> str:
        """Key of the window that its differences land under."""
        return reconciled_key(self.rule.id, self.window.key)


@dataclass(frozen=True, slots=True)
class Population:
    """One side of a reconciliation, as far as it has landed.

    Attributes:
        control: The control.
        system: Its system.
        landed: What stands of it in the window and the days around it, by time.
        awaited: Windows that have not landed and are not due yet.
        absent: Windows that are due and have not landed.
    """

    control: str
    system: str
    landed: tuple[LandedExtraction, ...]
    awaited: tuple[str, ...]
    absent: tuple[str, ...]

    @property
    def why_absent(self) -> str | None:
        """Why rows of it may be absent; ``None`` where all of it has landed."""
        if not self.absent:
            return None
        return f"Window {', '.join(self.absent)} of {self.control} {self.system} has not landed: nothing can be told."


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a reconciliation of one window is made of, as of an instant."""

    rule: Reconciliation
    here: Population
    there: Population

    @property
    def awaited(self) -> list[str]:
        """What it waits for, for a person to read."""
        sides = (self.here, self.there)
        return [f"window {key} of {side.control} {side.system}" for side in sides for key in side.awaited]

    def are_those_of(self, said: Mapping[str, Any]) -> bool:
        """Whether a manifest's inputs are these: the same definition, the same landings, the same windows absent."""
        sides = (("here", self.here), ("there", self.there))
        return said["definition_sha256"] == definition_sha256(self.rule) and all(
            [each["landing"] for each in said[name]["landings"]] == [each.landing for each in side.landed]
            and said[name]["absent_windows"] == list(side.absent)
            for name, side in sides
        )


def reconciled_key(reconciliation: str, window_key: str) -> str:
    """Return the key of the window that the differences of a reconciled window land under."""
    return f"{RECONCILED}{reconciliation}-{window_key}"


def definition_sha256(rule: Reconciliation) -> str:
    """Return the hash of a reconciliation as the control's file defines it; other words of the control do not change it."""
    return hashlib.sha256(rfc8785.dumps(rule.model_dump(mode="json"))).hexdigest()


def owed(program: Program, period: ObservationPeriod) -> Iterator[Owed]:
    """Return what a period owes: of each reconciliation of its controls, each window that the control is extracted for."""
    for control_id, control in active_controls(program, period).items():
        for rule in control.reconciliations:
            for target in windows_expected(control, program.scope.calendar, period.first_day, period.end_day):
                yield Owed(control_id, rule, target)


def inputs_of(program: Program, facts: Facts, each: Owed, now: datetime) -> Inputs:
    """Return what a reconciliation is made of now.

    Raises:
        ConfigurationError: There is no such control or system.
    """
    other, (ours, theirs) = each.rule.other, each.rule.spans(each.window.start, each.window.end)
    here = _population(program, facts, each.control, each.rule.system, ours, now)
    return Inputs(each.rule, here, _population(program, facts, other.control, other.system, theirs, now))


def _population(
    program: Program, facts: Facts, control_id: str, system: str, span: tuple[datetime, datetime], now: datetime
) -> Population:
    control = control_named(program, control_id)
    control.source(system)
    landed = facts.landed.get(control_id, [])
    expected = list(_expected(control, program.scope, span))
    noted = facts.noted.get(control_id, [])
    running = running_campaigns(control, program.scope.calendar, noted)
    axis = extractions(control, expected, landed, noted, facts.established, now, running)
    standing = [
        extraction
        for extraction in standing_landings(landed)
        if extraction.system == system and extraction.start < span[1] and span[0] < extraction.end
    ]
    return Population(
        control_id,
        system,
        tuple(sorted(standing, key=lambda extraction: (extraction.start, extraction.end, extraction.landing))),
        tuple(key for key, name in axis.awaited if name == system),
        tuple(sorted(extraction.window for extraction in axis.of(system).values() if extraction.landed is None)),
    )


def control_named(program: Program, control_id: str) -> Control:
    """Return a control.

    Raises:
        ConfigurationError: There is no such control, or its file can not be read.
    """
    if control_id not in program.controls:
        msg = (
            f"reconciliation with control {control_id!r}: there is no such control, or its file can not be read. Run tieout lint."
        )
        raise ConfigurationError(msg)
    return program.controls[control_id]


def _expected(control: Control, scope: Scope, span: tuple[datetime, datetime]) -> Iterator[Window]:
    """Return the windows of a control in a span that some Type 2 period asks for: what is in none was never to land."""
    periods = [(each.start(scope.zone), each.end(scope.zone)) for each in scope.observation_periods if each.type == 2]
    end_day = scope.calendar.day_of(span[1] - timedelta(microseconds=1)) + timedelta(days=1)
    for target in windows_expected(control, scope.calendar, scope.calendar.day_of(span[0]), end_day):
        days = scope.calendar.day_of(target.start), scope.calendar.day_of(target.end)
        if scope.touches(control, *days) and any(start < target.end and target.start < end for start, end in periods):
            yield target
