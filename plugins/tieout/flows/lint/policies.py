# SPDX-License-Identifier: Apache-2.0
"""Lint of policies: each document is as it was approved, roles are held by somebody, and what a control names is there."""

from __future__ import annotations

from collections.abc import Iterator

from tieout.criteria.acknowledgments import ACKNOWLEDGMENT_TYPE, ASSIGNMENT_TYPE, PEOPLE_TYPE, Acknowledgment
from tieout.criteria.controls import Control
from tieout.criteria.policies import FOLDER, Policy
from tieout.documents import Location, did_you_mean
from tieout.errors import ConfigurationError
from tieout.flows.lint.project import CONTRACT_SUFFIX, Problem, Project, Read
from tieout.flows.policy_documents import check_document


def check_policies(project: Project) -> Iterator[Problem]:
    """Find what does not fit in policies, and in the controls that have people acknowledge them."""
    for name, policy in project.policies.items():
        if policy is not None:
            yield from _policy(name, policy, project)
    for control in project.controls.values():
        asked = control.content.acknowledgment
        if asked is not None:
            yield from _types(control, project)
            yield from _names(control, asked, project)
            yield from _leave(control)
            yield from _threshold(control, asked)
            yield from _managers(control, project)


def _policy(name: str, policy: Read[Policy], project: Project) -> Iterator[Problem]:
    for number, version in enumerate(policy.content.versions):
        try:
            check_document(project.settings, name, version)
        except ConfigurationError as error:
            yield policy.problem(("versions", number, "path"), str(error))


def _types(control: Read[Control], project: Project) -> Iterator[Problem]:
    if control.content.evidence_type != ACKNOWLEDGMENT_TYPE:
        got = control.content.evidence_type
        message = f"evidence_type: a control whose policies people acknowledge lands {ACKNOWLEDGMENT_TYPE}, got {got!r}."
        yield control.problem(("evidence_type",), message)
    for evidence_type in (PEOPLE_TYPE, ASSIGNMENT_TYPE):
        if evidence_type not in project.evidence_types:
            message = f"acknowledgment: needs the contract include/evidence_schemas/{evidence_type}{CONTRACT_SUFFIX}."
            yield control.problem(("acknowledgment",), message, "It is not there.")


def _names(control: Read[Control], asked: Acknowledgment, project: Project) -> Iterator[Problem]:
    for number, name in enumerate(asked.policies):
        if name not in project.policies:
            message = f"acknowledgment.policies: there is no policy {name!r} in include/criteria/{FOLDER}."
            cure = did_you_mean(name, project.policies) or f"Policies there: {', '.join(project.policies) or 'none'}."
            yield control.problem(("acknowledgment", "policies", number), message, cure)


def _leave(control: Read[Control]) -> Iterator[Problem]:
    for number, source in enumerate(control.content.systems):
        if source.collector == "hr_roster" and source.parameters.get("leave") is not True:
            message = f"systems: {source.system!r} gives no {PEOPLE_TYPE}, which says who is on leave."
            yield control.problem(("systems", number, "parameters"), message, "Set parameter leave to true, and list it.")


def _threshold(control: Read[Control], asked: Acknowledgment) -> Iterator[Problem]:
    for name, allowance in (("due", asked.due), ("joiners_due", asked.joiners_due)):
        if allowance is None or any(each.value == allowance.days for each in control.content.thresholds):
            continue
        message = f"acknowledgment.{name}: no threshold has the value {allowance.days}, so that no policy sets this number."
        yield control.problem(("acknowledgment", name), message, "Add it to thresholds, with the policy and section that set it.")


def _managers(control: Read[Control], project: Project) -> Iterator[Problem]:
    if project.scope is None:
        return
    held, roles = {entry.role for entry in project.scope.content.owners}, (control.content.owner, control.content.reviewer)
    if not held & set(roles):
        at: Location = ("owner",)
        message = f"acknowledgment: owners of scope.yaml name nobody who is {' or '.join(dict.fromkeys(roles))}."
        yield control.problem(at, message, did_you_mean(control.content.owner, held) or "Lists of who is late go to them.")
