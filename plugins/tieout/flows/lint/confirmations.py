# SPDX-License-Identifier: Apache-2.0
"""Lint of forms that owners fill in: somebody holds each role that one needs, its days are a policy's, and what it lands fits."""

from __future__ import annotations

from collections.abc import Iterator

from tieout.confirmations.deviations import most_questions
from tieout.criteria.controls import Control
from tieout.criteria.forms import CONFIRMATION_TYPE, FORM_COLLECTOR, REQUEST_TYPE, Form
from tieout.documents import Location, did_you_mean
from tieout.errors import ConfigurationError
from tieout.flows.lint.project import CONTRACT_SUFFIX, Problem, Project, Read


def check_confirmations(project: Project) -> Iterator[Problem]:
    """Find what keeps a form from being asked, handed in, looked at or landed."""
    for control in project.controls.values():
        form = control.content.confirmation
        if form is not None:
            yield from _types(control, project)
            yield from _system(control)
            yield from _roles(control, form, project)
            yield from _thresholds(control, form)
            yield from _questions(control, form)


def _types(control: Read[Control], project: Project) -> Iterator[Problem]:
    if control.content.evidence_type != CONFIRMATION_TYPE:
        got = control.content.evidence_type
        yield control.problem(("evidence_type",), f"evidence_type: a control with a form lands {CONFIRMATION_TYPE}, got {got!r}.")
    if REQUEST_TYPE not in project.evidence_types:
        message = f"confirmation: needs the contract include/evidence_schemas/{REQUEST_TYPE}{CONTRACT_SUFFIX}."
        yield control.problem(("confirmation",), message, "It is not there.")


def _system(control: Read[Control]) -> Iterator[Problem]:
    systems = control.content.systems
    if len(systems) != 1:
        message = f"systems: a control with a form lands under one system, got {len(systems)}."
        yield control.problem(("systems",), message, "Keep one; a form of its own is a control of its own.")
    for number, source in enumerate(systems):
        if source.collector != FORM_COLLECTOR or source.parameters:
            message = f"systems: people fill in the form, and nothing is read: expected collector {FORM_COLLECTOR!r} alone."
            yield control.problem(("systems", number, "collector"), message, "Leave parameters out.")


def _roles(control: Read[Control], form: Form, project: Project) -> Iterator[Problem]:
    if project.scope is None:
        return
    held: dict[str, set[str]] = {}
    for entry in project.scope.content.owners:
        held.setdefault(entry.role, set()).add(entry.email.lower())
    owner, review = control.content.owner, form.second_review
    if owner not in held:
        message = f"confirmation: role {owner!r} is asked, and owners of scope.yaml name nobody who holds it."
        yield control.problem(("owner",), message, did_you_mean(owner, held))
    if review is None:
        return
    role = review.reviewer or control.content.reviewer
    at: Location = ("confirmation", "second_review")
    if role not in held:
        message = f"confirmation.second_review: role {role!r} looks, and owners of scope.yaml name nobody who holds it."
        yield control.problem(at, message, did_you_mean(role, held))
    elif owner in held and held[role] <= held[owner]:
        message = f"confirmation.second_review: whoever is {role!r} is {owner!r} as well: nobody looks at what is their own."
        yield control.problem(at, message, "Name another role as reviewer.")


def _thresholds(control: Read[Control], form: Form) -> Iterator[Problem]:
    if any(each.value == form.due.days for each in control.content.thresholds):
        return
    message = f"confirmation.due: no threshold has the value {form.due.days}, so that no policy sets this number."
    yield control.problem(("confirmation", "due"), message, "Add it to thresholds, with the policy and section that set it.")


def _questions(control: Read[Control], form: Form) -> Iterator[Problem]:
    """Find whether a form that asks about deviations has room for a question."""
    if form.asks_about is None:
        return
    try:
        most_questions(form)
    except ConfigurationError as error:
        yield control.problem(("confirmation", "asks_about"), str(error), "Ask less in its own fields, or call them otherwise.")
