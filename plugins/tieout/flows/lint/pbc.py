# SPDX-License-Identifier: Apache-2.0
"""Lint of an auditor's lists: the period that each is for, and what its requests and matches name, are there."""

from __future__ import annotations

from collections.abc import Iterator

from tieout.criteria.controls import Control
from tieout.criteria.pbc import PbcMatch, RequestList
from tieout.criteria.periods import first_day, is_stem, last_day_of
from tieout.documents import Location, did_you_mean
from tieout.errors import ExtractionRefused
from tieout.flows.lint.project import Problem, Project, Read

_Found = Read[RequestList]


def check_lists(project: Project) -> Iterator[Problem]:
    """Find what a list names and there is not."""
    for found in project.lists:
        try:
            is_stem(found.path.stem)
        except ValueError as error:
            yield found.problem((), f"file name: {error}, got {found.path.name!r}.")
        yield from _period(found, project)
        for number, request in enumerate(found.content.requests):
            at: Location = ("requests", number)
            yield from _criteria(found, at, request.criteria, project)
            for place, match in enumerate(request.matches):
                yield from _match(found, (*at, "matches", place), request.id, match, project)


def owner_notes(project: Project) -> Iterator[Problem]:
    """Find owners of requests, as the auditor names them, that are no role of the program: each once, where it stands first.

    An auditor may well write a person's name or a team: that is a fact to look at, and nothing is broken by it.
    """
    if project.scope is None:
        return
    held = {entry.role for entry in project.scope.content.owners}
    held |= {role for each in project.controls.values() for role in (each.content.owner, each.content.reviewer)}
    for found in project.lists:
        told: set[str] = set()
        for number, request in enumerate(found.content.requests):
            if request.owner is None or request.owner in held or request.owner in told or request.withdrawn:
                continue
            told.add(request.owner)
            message = f"owner {request.owner!r} of request {request.id!r} is no role of scope.yaml or of a control."
            yield found.problem(("requests", number, "owner"), message)


def _period(found: _Found, project: Project) -> Iterator[Problem]:
    if project.scope is None:
        return
    named, known = found.content.observation_period, [each.id for each in project.scope.content.observation_periods]
    if named not in known:
        message = f"observation_period: scope.yaml has no period {named!r}."
        yield found.problem(("observation_period",), message, _cure(named, known, "Periods"))


def _criteria(found: _Found, at: Location, named: tuple[str, ...], project: Project) -> Iterator[Problem]:
    if project.catalogue is None:
        return
    known = project.catalogue.content.by_id
    for number, criterion in enumerate(named):
        if criterion not in known:
            message = f"criteria: {project.catalogue.path.name} has no criterion {criterion!r}."
            yield found.problem((*at, "criteria", number), message, did_you_mean(criterion, known))


def _match(found: _Found, at: Location, request: str, match: PbcMatch, project: Project) -> Iterator[Problem]:
    if match.control not in project.control_ids:
        message = f"request {request!r}: there is no control {match.control!r} in include/criteria/controls."
        yield found.problem((*at, "control"), message, did_you_mean(match.control, project.control_ids))
    control = project.controls.get(match.control)
    if control is None:
        return  # its file can not be read: that is a problem of its own
    systems = [source.system for source in control.content.systems]
    if match.system is not None and match.system not in systems:
        message = f"request {request!r}: control {match.control} has no system {match.system!r}."
        yield found.problem((*at, "system"), message, _cure(match.system, systems, "Its systems"))
    if match.window is not None:
        yield from _window(found, at, request, match.window, control.content, project)


def _window(found: _Found, at: Location, request: str, key: str, control: Control, project: Project) -> Iterator[Problem]:
    kind = control.extraction_schedule.window
    try:
        first, last = first_day(kind, key), last_day_of(kind, key)
    except ExtractionRefused as error:
        yield found.problem((*at, "window"), f"request {request!r}: {error}")
        return
    period = project.scope.content.period(found.content.observation_period) if project.scope else None
    if period is not None and (last < period.first_day or period.end_day <= first):
        message = f"request {request!r}: window {key} has no day of {period.id}."
        yield found.problem((*at, "window"), message, "Name one that has, or none: every one is meant then.")


def _cure(name: str, known: list[str], what: str) -> str:
    return did_you_mean(name, known) or f"{what}: {', '.join(known) or 'none'}."
