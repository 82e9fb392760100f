# SPDX-License-Identifier: Apache-2.0
"""Lint of reconciliations: both populations exist, and what is matched or compared are columns of theirs that can be equal."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from tieout.contracts.odcs import Column, Contract
from tieout.criteria.controls import Control
from tieout.criteria.reconciliations import Reconciliation
from tieout.documents import Location, did_you_mean
from tieout.flows.lint.project import Problem, Project, Read

_WRITTEN_ALIKE = (pa.string(), pa.int64())
"""A number and its text are the same reference."""


def check_reconciliations(project: Project) -> Iterator[Problem]:
    """Find what a reconciliation names and there is not, and columns that can never be equal."""
    for control in project.controls.values():
        for number, rule in enumerate(control.content.reconciliations):
            at: Location = ("reconciliations", number)
            yield from _systems(control, at, rule, project)
            yield from _expressions(control, at, rule)
            other = project.controls.get(rule.other.control)
            here, there = (_contract(each, project) for each in (control, other))
            if here and there:
                yield from _columns(control, at, rule, here, there)


def _contract(control: Read[Control] | None, project: Project) -> Contract | None:
    return project.contracts.get(control.content.evidence_type) if control else None


def _systems(control: Read[Control], at: Location, rule: Reconciliation, project: Project) -> Iterator[Problem]:
    ours = [source.system for source in control.content.systems]
    if rule.system not in ours:
        message = f"reconciliation {rule.id}: this control has no system {rule.system!r}."
        yield control.problem((*at, "system"), message, _cure(rule.system, ours))
    other = rule.other.control
    if other not in project.control_ids:
        message = f"reconciliation {rule.id}: there is no control {other!r} in include/criteria/controls."
        yield control.problem((*at, "other", "control"), message, did_you_mean(other, project.control_ids))
    elif other in project.controls:
        theirs = [source.system for source in project.controls[other].content.systems]
        if rule.other.system not in theirs:
            message = f"reconciliation {rule.id}: control {other} has no system {rule.other.system!r}."
            yield control.problem((*at, "other", "system"), message, _cure(rule.other.system, theirs))
    if (other, rule.other.system) == (control.path.stem, rule.system):
        message = f"reconciliation {rule.id}: a population is held against itself."
        yield control.problem((*at, "other"), message, "Name another control, or another system of this one.")


def _cure(name: str, known: list[str]) -> str:
    return did_you_mean(name, known) or f"Its systems: {', '.join(known)}."


def _expressions(control: Read[Control], at: Location, rule: Reconciliation) -> Iterator[Problem]:
    for name, expressions in (("extract_here", rule.extract_here), ("extract_there", rule.extract_there)):
        for column, expression in expressions.items():
            try:  # DuckDB and pyarrow run the same engine, RE2, which looks neither ahead nor back
                pc.match_substring_regex(pa.array([""]), expression)
            except pa.ArrowInvalid as error:
                message = f"{name}.{column}: no expression that RE2 takes: {error}."
                yield control.problem(
                    (*at, name, column), message, "It looks neither ahead nor back: put the reference in a group."
                )


def _columns(control: Read[Control], at: Location, rule: Reconciliation, here: Contract, there: Contract) -> Iterator[Problem]:
    for name, pairs in (("match", rule.match), ("compare", rule.compare)):
        for ours, theirs in pairs.items():
            place = (*at, name, ours)
            found = [_found(each, contract) for each, contract in ((ours, here), (theirs, there))]
            for each, contract, column in ((ours, here, found[0]), (theirs, there, found[1])):
                if column is None:
                    cure = did_you_mean(each, [known.name for known in contract.columns])
                    yield control.problem(place, f"{name}: {contract.evidence_type} has no column {each!r}.", cure)
            if found[0] and found[1] and not _can_be_equal(found[0], found[1], name, rule):
                what = f"{ours} is {_kind(found[0])} and {theirs} is {_kind(found[1])}: they can never be equal"
                yield control.problem(place, f"{name}: {what}.", "Name columns of one type.")


def _found(name: str, contract: Contract) -> Column | None:
    return {column.name: column for column in contract.columns}.get(name)


def _can_be_equal(ours: Column, theirs: Column, name: str, rule: Reconciliation) -> bool:
    sides = (ours, rule.extract_here), (theirs, rule.extract_there)
    kinds = [pa.string() if name == "match" and column.name in extracted else column.type for column, extracted in sides]
    return kinds[0] == kinds[1] or all(kind in _WRITTEN_ALIKE for kind in kinds)


def _kind(column: Column) -> str:
    return "a timestamp" if pa.types.is_timestamp(column.type) else f"a {column.type}"
