# SPDX-License-Identifier: Apache-2.0
"""Lint of the scope: the criteria and controls it names exist; days that no period or report covers are notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from tieout.criteria.periods import ObservationPeriod, gaps_between
from tieout.criteria.scope import Scope
from tieout.criteria.vendors import MappedStatement, Statement, SubserviceOrganization
from tieout.documents import Location, did_you_mean
from tieout.flows.lint.project import Problem, Project

Named = Iterator[tuple[Location, str]]


def check_scope(project: Project) -> Iterator[Problem]:
    """Find criteria and controls that the scope names and that there are not; the source map has a check of its own."""
    if project.scope is None:
        return
    if project.catalogue:
        known, edition = project.catalogue.content.by_id, project.catalogue.path.stem
        for at, criterion in _criteria(project.scope.content):
            if criterion not in known:
                yield project.scope.problem(at, f"criterion {criterion!r} is not in {edition}.", did_you_mean(criterion, known))
    for at, control in _controls(project.scope.content):
        if control not in project.control_ids:
            cure = did_you_mean(control, project.control_ids)
            yield project.scope.problem(at, f"there is no control {control!r} in include/criteria/controls.", cure)


def _criteria(scope: Scope) -> Named:
    for number, entry in enumerate(scope.criteria_not_applicable):
        yield ("criteria_not_applicable", number, "criterion"), entry.criterion
    for name in ("principal_service_commitments", "system_requirements", "user_entity_controls"):
        yield from _criteria_of((name,), getattr(scope, name))
    for number, organization in enumerate(scope.subservice_organizations):
        at: Location = ("subservice_organizations", number)
        for place, criterion in enumerate(organization.criteria):
            yield (*at, "criteria", place), criterion
        yield from _criteria_of((*at, "complementary_controls"), organization.complementary_controls)
        yield from _criteria_of((*at, "user_entity_controls"), organization.user_entity_controls)


def _criteria_of(at: Location, statements: Iterable[Statement]) -> Named:
    for number, statement in enumerate(statements):
        for place, criterion in enumerate(statement.criteria):
            yield (*at, number, "criteria", place), criterion


def _controls(scope: Scope) -> Named:
    yield from _controls_of(("user_entity_controls",), scope.user_entity_controls)
    for number, organization in enumerate(scope.subservice_organizations):
        yield from _controls_of(("subservice_organizations", number, "user_entity_controls"), organization.user_entity_controls)


def _controls_of(at: Location, statements: Iterable[MappedStatement]) -> Named:
    for number, statement in enumerate(statements):
        for place, control in enumerate(statement.controls):
            yield (*at, number, "controls", place), control


def coverage_notes(project: Project) -> Iterator[Problem]:
    """Note days between Type 2 periods, and days of one that no report of a carved-out vendor covers."""
    if project.scope is None:
        return
    scope = project.scope.content
    numbers = {period.id: number for number, period in enumerate(scope.observation_periods)}
    for gap in gaps_between(scope.observation_periods):
        days = f"{_days(gap.first_day, gap.end_day)} lie between {gap.after} and {gap.before}"
        yield project.scope.problem(("observation_periods", numbers[gap.before]), f"{days}: no Type 2 period covers them.")
    for number, organization in enumerate(scope.subservice_organizations):
        for period in scope.observation_periods:
            uncovered = ", ".join(_days(*days) for days in _uncovered(organization, period))
            if uncovered:
                message = f"{organization.name}: neither a report nor a bridge letter covers {uncovered} of {period.id}."
                yield project.scope.problem(("subservice_organizations", number), message)


def _uncovered(organization: SubserviceOrganization, period: ObservationPeriod) -> Iterator[tuple[date, date]]:
    # The inclusive method examines the vendor's controls themselves: there is no report to rely on.
    if period.type != 2 or organization.method == "inclusive":
        return
    for first_day, end_day in organization.uncovered(period):
        days = max(first_day, organization.effective_from), min(end_day, organization.effective_to or end_day)
        if days[0] < days[1]:
            yield days


def _days(first_day: date, end_day: date) -> str:
    return f"[{first_day}, {end_day})"
