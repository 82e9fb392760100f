# SPDX-License-Identifier: Apache-2.0
"""A program made by hand, and where its periods stand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.unit.criteria.axes import AFTER, PERIOD, make_catalogue, make_control, make_scope

from tieout.criteria.controls import Control
from tieout.criteria.extractions import LandedExtraction, Noted
from tieout.criteria.periods import ObservationPeriod
from tieout.flows.status import Facts, Program, Status, status

CONTROL = "cc6_2_access_review"


def make_program(controls: dict[str, Control] | None = None, *, broken: tuple[str, ...] = (), **scope: Any) -> Program:
    """Return a program of some controls; by default of one that is performed each month."""
    return Program(make_scope(**scope), make_catalogue(), controls or {CONTROL: make_control()}, {}, broken)


def make_facts(
    *landed: LandedExtraction, noted: tuple[Noted, ...] = (), established: datetime | None = None, control: str = CONTROL
) -> Facts:
    """Return what a bucket holds of one control."""
    return Facts({control: list(landed)}, {control: list(noted)}, established)


def stand(
    *landed: LandedExtraction,
    program: Program | None = None,
    noted: tuple[Noted, ...] = (),
    now: datetime = AFTER,
    period: ObservationPeriod = PERIOD,
) -> Status:
    """Return where a period stands."""
    return status(program or make_program(), make_facts(*landed, noted=noted), period, now)
