# SPDX-License-Identifier: Apache-2.0
"""Lint of reviews of access: what one names exists, somebody holds each role that it needs, its combinations can match."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from tieout.contracts.odcs import RuleKind
from tieout.criteria.controls import Control
from tieout.criteria.reviews import ACCESS_TYPE, ITEM_TYPE, REVIEW_TYPE, ROLE_TYPE, ROLES_SYSTEM, ROSTER_TYPE, Review
from tieout.criteria.toxic_combinations import ToxicCombinations
from tieout.documents import Location, did_you_mean
from tieout.flows.lint.project import CONTRACT_SUFFIX, Problem, Project, Read


def check_against(project: Project) -> Iterator[Problem]:
    """Find rules and controls of ``deviations_against`` that there are not."""
    for control in project.controls.values():
        contract = project.contracts.get(control.content.evidence_type)
        rules = [rule.id for rule in contract.rules if rule.kind is RuleKind.CONTROL] if contract else None
        for rule, other in control.content.deviations_against.items():
            at: Location = ("deviations_against", rule)
            if rules is not None and rule not in rules:
                message = f"deviations_against: {control.content.evidence_type} has no control rule {rule!r}."
                cure = did_you_mean(rule, rules) or f"Its control rules: {', '.join(rules) or 'none'}."
                yield control.problem(at, message, cure)
            if other not in project.control_ids:
                message = f"deviations_against: there is no control {other!r} in include/criteria/controls."
                yield control.problem(at, message, did_you_mean(other, project.control_ids))
            elif other == control.path.stem:
                message = f"deviations_against: rule {rule!r} counts against this control anyway."
                yield control.problem(at, message, "Name another control, or leave it out.")


def check_reviews(project: Project) -> Iterator[Problem]:
    """Find what a review names and there is not, and what keeps it from being frozen."""
    named: dict[str, set[str]] = {}
    for control in project.controls.values():
        review = control.content.review
        if review is None:
            continue
        yield from _types(control, project)
        yield from _systems(control, review)
        yield from _roles(control, review, project)
        yield from _removal(control, review)
        if review.toxic_combinations is not None:
            yield from _file(control, review.toxic_combinations, project)
            reviewed = named.setdefault(review.toxic_combinations, set())
            reviewed.update(source.system for source in control.content.systems)
    systems = {project.settings.resolve(path): reviewed for path, reviewed in named.items()}
    for path, combinations in project.combinations.items():
        if combinations is not None:
            yield from _combinations(combinations, systems.get(path))


def _types(control: Read[Control], project: Project) -> Iterator[Problem]:
    if control.content.evidence_type != REVIEW_TYPE:
        message = f"evidence_type: a control with a review lands {REVIEW_TYPE}, got {control.content.evidence_type!r}."
        yield control.problem(("evidence_type",), message)
    for evidence_type in (ACCESS_TYPE, ROSTER_TYPE, ROLE_TYPE, ITEM_TYPE):
        if evidence_type not in project.evidence_types:
            message = f"review: needs the contract include/evidence_schemas/{evidence_type}{CONTRACT_SUFFIX}, which is not there."
            yield control.problem(("review",), message)


def _systems(control: Read[Control], review: Review) -> Iterator[Problem]:
    reviewed = [source.system for source in control.content.systems]
    for name in ("reviewers", "active_words"):
        for system in getattr(review, name):
            if system not in reviewed:
                message = f"review.{name}: this control has no system {system!r}."
                cure = did_you_mean(system, reviewed) or f"Its systems: {', '.join(reviewed)}."
                yield control.problem(("review", name, system), message, cure)
    # Two landings of one system in one window would each be taken for the other one.
    if review.roster.system in (*reviewed, ROLES_SYSTEM):
        message = f"review.roster: the people land under the name {review.roster.system!r}, which the review needs for access."
        yield control.problem(("review", "roster", "system"), message, "List the people under a name of their own in scope.yaml.")
    if ROLES_SYSTEM in reviewed:
        message = f"systems: holders of roles land under the name {ROLES_SYSTEM!r}, so that no reviewed system can have it."
        yield control.problem(("systems", reviewed.index(ROLES_SYSTEM), "system"), message)


def _roles(control: Read[Control], review: Review, project: Project) -> Iterator[Problem]:
    if project.scope is None:
        return
    scope = project.scope.content
    owners = {entry.system: entry.owner for entry in scope.systems}
    held = {entry.role for entry in scope.owners}
    needed: list[tuple[Location, str]] = [
        (("systems", number, "system"), owners[source.system])
        for number, source in enumerate(control.content.systems)
        if review.decided_by(source.system) == "owner" and source.system in owners
    ]
    needed.append((("review", "sign_off"), review.sign_off or control.content.reviewer))
    for at, role in needed:
        if role not in held:
            message = f"review: role {role!r} has something to decide, and owners of scope.yaml name nobody who holds it."
            yield control.problem(at, message, did_you_mean(role, held))


def _removal(control: Read[Control], review: Review) -> Iterator[Problem]:
    if any(each.value == review.removal.days for each in control.content.thresholds):
        return
    message = f"review.removal: no threshold has the value {review.removal.days}, so that no policy sets this number."
    yield control.problem(("review", "removal"), message, "Add it to thresholds, with the policy and section that set it.")


def _file(control: Read[Control], path: str, project: Project) -> Iterator[Problem]:
    if project.settings.resolve(path) in project.combinations:
        return
    there = [str(each.relative_to(project.settings.home)) for each in project.combinations]
    message = f"review.toxic_combinations: expected a file include/criteria/toxic_combinations*.yaml, there is no such {path}."
    yield control.problem(("review", "toxic_combinations"), message, did_you_mean(path, there))


def _combinations(file: Read[ToxicCombinations], reviewed: set[str] | None) -> Iterator[Problem]:
    """Find sides that can match nothing; ``reviewed`` are the systems of the controls that name the file, if any does."""
    for number, combination in enumerate(file.content.combinations):
        for place, side in enumerate(combination.sides):
            at: Location = ("combinations", number, "sides", place)
            if reviewed is not None and side.system not in reviewed:
                message = f"combination {combination.id}: no control that names this file reviews a system {side.system!r}."
                yield file.problem((*at, "system"), message, did_you_mean(side.system, reviewed))
            try:  # DuckDB and pyarrow run the same engine, RE2, which looks neither ahead nor back
                pc.match_substring_regex(pa.array([""]), side.entitlement)
            except pa.ArrowInvalid as error:
                message = f"combination {combination.id}: no expression that RE2 takes: {error}."
                yield file.problem((*at, "entitlement"), message, "It looks neither ahead nor back.")
