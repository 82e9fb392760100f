# SPDX-License-Identifier: Apache-2.0
"""Freshness and forecast of the periods that today concerns, from the bucket."""

from __future__ import annotations

from datetime import datetime, timedelta

from tieout.audit.outlook import Notice, Prospect, forecast, notices
from tieout.criteria.periods import ObservationPeriod
from tieout.flows.status import Facts, Program, status

_HISTORY = timedelta(days=400)
"""A year and some: an annual control has a last time too."""


def current_periods(program: Program, now: datetime, linger: timedelta) -> list[ObservationPeriod]:
    """Return the Type 2 periods that have begun and, some time ago at the most, ended."""
    today = program.scope.calendar.day_of(now)
    return [
        period
        for period in program.scope.observation_periods
        if period.type == 2 and period.first_day <= today < period.end_day + linger
    ]


def look(program: Program, facts: Facts, period: ObservationPeriod, now: datetime, days: int) -> list[Notice]:
    """Return what is stale in a period, and what is about to be missed within some days."""
    scope = program.scope
    return [
        notice
        for standing in status(program, facts, period, now).controls
        for notice in notices(standing, program.controls[standing.control], scope.calendar, facts.established, now, days)
    ]


def foresee(program: Program, facts: Facts, period: ObservationPeriod, now: datetime) -> list[Prospect]:
    """Return the performances of a period that will not be in order if nothing changes."""
    today = program.scope.calendar.day_of(now)
    longer = period.model_copy(update={"first_day": period.first_day - _HISTORY})
    history = {standing.control: standing for standing in status(program, facts, longer, now).controls}
    return [
        prospect
        for standing in status(program, facts, period, now).controls
        for prospect in forecast(standing, history[standing.control], today)
    ]
