# SPDX-License-Identifier: Apache-2.0
"""Lint of controls: what each names has to exist in catalogue, contracts, collectors, scope and on disk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pyarrow as pa

from tieout.collectors.listing import collector_names, missing_collector
from tieout.contracts.odcs import Column, Contract
from tieout.criteria.acknowledgments import PEOPLE_TYPE
from tieout.criteria.controls import Control
from tieout.criteria.forms import FORM_COLLECTOR
from tieout.criteria.periods import window, window_key
from tieout.criteria.reviews import ACCESS_TYPE, ROSTER_TYPE
from tieout.criteria.systems import SystemSource
from tieout.documents import Location, did_you_mean
from tieout.flows.lint.project import CONTRACT_SUFFIX, Problem, Project, Read
from tieout.flows.lint.sources import check_source


def check_controls(project: Project) -> Iterator[Problem]:
    """Find what does not fit in each control, and the criteria that none is mapped to."""
    for control in project.controls.values():
        yield from _criteria(control, project)
        yield from _evidence(control, project)
        yield from _systems(control, project)
        yield from _threshold(control)
    yield from _unserved(project)


def _criteria(control: Read[Control], project: Project) -> Iterator[Problem]:
    if project.catalogue is None:
        return
    catalogue, edition = project.catalogue.content, project.catalogue.path.stem
    for number, mapping in enumerate(control.content.criteria):
        at: Location = ("criteria", number)
        if mapping.criterion not in catalogue.by_id:
            message = f"criterion {mapping.criterion!r} is not in {edition}."
            yield control.problem((*at, "criterion"), message, did_you_mean(mapping.criterion, catalogue.by_id))
            continue  # its points of focus can not be there either
        points = [point.id for point in catalogue.by_id[mapping.criterion].points_of_focus]
        for place, point in enumerate(mapping.points_of_focus):
            if point not in points:
                message = f"point of focus {point!r} is not in {edition}: {mapping.criterion} has {len(points)}."
                yield control.problem((*at, "points_of_focus", place), message, did_you_mean(point, points))


def _evidence(control: Read[Control], project: Project) -> Iterator[Problem]:
    evidence_type = control.content.evidence_type
    if evidence_type not in project.evidence_types:
        message = f"evidence type {evidence_type!r} has no contract include/evidence_schemas/{evidence_type}{CONTRACT_SUFFIX}."
        yield control.problem(("evidence_type",), message, did_you_mean(evidence_type, project.evidence_types))
    elif evidence_type in project.contracts:
        yield from _columns(control, project.contracts[evidence_type])


def _columns(control: Read[Control], contract: Contract) -> Iterator[Problem]:
    population, frequency = control.content.population, control.content.control_frequency
    asked: tuple[tuple[Location, str | None, bool, bool], ...] = (
        (("population", "inclusion_date_field"), population.inclusion_date_field, True, True),
        (("population", "performance_field"), population.performance_field, True, False),
        (("control_frequency", "performed_field"), frequency.performed_field, False, True),
        (("control_frequency", "event_field"), frequency.event_field, True, True),
    )
    for at, name, required, timestamp in asked:
        fit = [column.name for column in contract.columns if _fits(column, required, timestamp)]
        if name is None or name in fit:
            continue
        kind = f"{'required ' if required else ''}{'timestamp ' if timestamp else ''}column"
        message = f"{'.'.join(map(str, at))}: expected a {kind} of {contract.evidence_type}, got {name!r}{_why(contract, name)}."
        cure = did_you_mean(name, fit) or (f"Columns that fit: {', '.join(fit)}." if fit else "It has none.")
        yield control.problem(at, message, cure)


def _fits(column: Column, required: bool, timestamp: bool) -> bool:
    return (column.required or not required) and (pa.types.is_timestamp(column.type) or not timestamp)


def _why(contract: Contract, name: str) -> str:
    column = next((column for column in contract.columns if column.name == name), None)
    if column is None:
        return ", which it does not have"
    kind = "timestamp" if pa.types.is_timestamp(column.type) else str(column.type)
    return f", which is a {'required' if column.required else 'nullable'} {kind} column"


def _systems(control: Read[Control], project: Project) -> Iterator[Problem]:
    listed = [entry.system for entry in project.scope.content.systems] if project.scope else []
    read_as = control.content.evidence_type if control.content.review is None else ACCESS_TYPE
    read_as = read_as if control.content.acknowledgment is None else PEOPLE_TYPE
    sources: list[tuple[Location, SystemSource, str]] = [
        (("systems", number), source, read_as) for number, source in enumerate(control.content.systems)
    ]
    if control.content.review is not None:
        sources.append((("review", "roster"), control.content.review.roster, ROSTER_TYPE))
    for at, source, evidence_type in sources:
        if listed and source.system not in listed:
            message = f"system {source.system!r} is not among the systems of scope.yaml."
            yield control.problem((*at, "system"), message, did_you_mean(source.system, listed))
        missing = missing_collector(source.collector)
        if control.content.confirmation is not None and source.collector == FORM_COLLECTOR:
            continue
        if missing:
            names = collector_names()
            cure = did_you_mean(source.collector, names) or f"Collectors: {', '.join(names)}."
            yield control.problem((*at, "collector"), f"collector {source.collector!r}: {missing}.", cure)
        else:
            yield from check_source(control, (*at, "parameters"), source, evidence_type, project)


def _threshold(control: Read[Control]) -> Iterator[Problem]:
    within = control.content.control_frequency.within
    # Zero days hold a row against a date that the row itself states: there is no number to tie to a policy.
    if within is None or within.days == 0 or any(each.value == within.days for each in control.content.thresholds):
        return
    message = f"control_frequency.within: no threshold has the value {within.days}, so that no policy sets this number."
    cure = f"Add a threshold with value {within.days}, and the policy and section that set it."
    yield control.problem(("control_frequency", "within"), message, cure)


def _unserved(project: Project) -> Iterator[Problem]:
    if project.catalogue is None or project.scope is None or len(project.controls) < len(project.control_ids):
        return  # a control that could not be read may be the one
    scope = project.scope.content
    categories = {entry.category for entry in scope.categories}
    waived = {entry.criterion for entry in scope.criteria_not_applicable}
    served = {criterion for control in project.controls.values() for criterion in control.content.criterion_ids}
    for number, criterion in enumerate(project.catalogue.content.criteria):
        if criterion.category in categories and criterion.id not in served | waived:
            message = f"criterion {criterion.id} ({criterion.name}) has no control."
            cure = f"Add one to include/criteria/controls, or map one that is there to {criterion.id}."
            yield project.catalogue.problem(("criteria", number), message, cure)


def window_notes(project: Project) -> Iterator[Problem]:
    """Note windows that reach beyond the end of a Type 2 period: the period can not be closed before they are over."""
    if project.scope is None:
        return
    scope = project.scope.content
    for control in project.controls.values():
        kind = control.content.extraction_schedule.window
        for period in scope.observation_periods:
            if period.type != 2 or not scope.touches(control.content, period.first_day, period.end_day):
                continue
            last = window(kind, window_key(kind, period.end_day - timedelta(days=1)), scope.zone)
            if last.end > period.end(scope.zone):
                message = f"{kind} window {last.key} reaches beyond {period.id}, which can not be closed before it is over."
                cure = "Choose a window that ends with the period, such as monthly."
                yield control.problem(("extraction_schedule", "window"), message, cure)
