# SPDX-License-Identifier: Apache-2.0
"""Lint of auditors' access: the periods are in the scope, and the text of each NDA can be shown. An ended grant is a note."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tieout.criteria.auditor_access import Grant
from tieout.documents import Location, did_you_mean
from tieout.errors import ConfigurationError
from tieout.flows.access_terms import read_terms
from tieout.flows.lint.project import Problem, Project


def check_access(project: Project) -> Iterator[Problem]:
    """Find periods that are not in the scope, and NDAs that are not there or can not be shown."""
    for number, grant in _grants(project):
        at: Location = ("grants", number)
        yield from _periods(project, grant, at)
        if grant.nda is not None and project.auditor_access is not None:
            try:
                read_terms(project.settings, grant.nda)
            except ConfigurationError as error:
                yield project.auditor_access.problem((*at, "nda"), f"nda: {error}")


def ended_notes(project: Project, today: date) -> Iterator[Problem]:
    """Note grants whose last day is past: nobody reads by them any more."""
    for number, grant in _grants(project):
        if grant.until < today and project.auditor_access is not None:
            message = f"grant {grant.id} ended on {grant.until}: nobody reads by it any more."
            yield project.auditor_access.problem(("grants", number, "until"), message)


def _grants(project: Project) -> Iterator[tuple[int, Grant]]:
    if project.auditor_access is not None:
        yield from enumerate(project.auditor_access.content.grants)


def _periods(project: Project, grant: Grant, at: Location) -> Iterator[Problem]:
    if project.scope is None or project.auditor_access is None:
        return
    known = [period.id for period in project.scope.content.observation_periods]
    for place, name in enumerate(grant.periods):
        if name not in known:
            message = f"periods: there is no observation period {name!r} in include/criteria/scope.yaml."
            cure = did_you_mean(name, known) or f"Periods there: {', '.join(known) or 'none'}."
            yield project.auditor_access.problem((*at, "periods", place), message, cure)
