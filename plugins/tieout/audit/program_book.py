# SPDX-License-Identifier: Apache-2.0
"""The tables of the evidence workbook that say what the program says: controls, criteria, scope. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pyarrow as pa

from tieout.audit.coverage import CriterionCoverage
from tieout.audit.evidence_book import batches
from tieout.audit.workbook import BookTable
from tieout.criteria.controls import Control
from tieout.criteria.dated import BEGINNING, Dated
from tieout.criteria.periods import ObservationPeriod
from tieout.criteria.scope import Scope
from tieout.criteria.standing import Standing
from tieout.criteria.vendors import SubserviceOrganization

_DAY = timedelta(days=1)
_TEXT = pa.string()


def controls_table(controls: Mapping[str, Control], standings: Iterable[Standing]) -> BookTable:
    """Return the controls of a period with every statement that was in force in it.

    Args:
        controls: By id.
        standings: Of the period.
    """
    columns = pa.schema([
        ("control", _TEXT), ("title", _TEXT), ("statement_version", _TEXT), ("effective_from", pa.date32()),
        ("statement", _TEXT), ("owner", _TEXT), ("nature", _TEXT), ("operation", _TEXT), ("frequency", _TEXT),
        ("criteria", _TEXT),
    ])  # fmt: skip

    def rows() -> Iterator[dict[str, Any]]:
        for standing in standings:
            control = controls[standing.control]
            for statement in control.statements:
                if statement.version in standing.statement_versions:
                    yield {
                        "control": standing.control, "title": control.title, "statement_version": f"v{statement.version}",
                        "effective_from": statement.effective_from, "statement": statement.text, "owner": control.owner,
                        "nature": control.nature, "operation": control.operation, "frequency": standing.every,
                        "criteria": ", ".join(standing.criteria),
                    }  # fmt: skip

    return BookTable("controls", columns, batches(rows(), columns))


def criteria_table(criteria: Iterable[CriterionCoverage]) -> BookTable:
    """Return each criterion and point of focus with the controls behind it; our own words beside every id."""
    names = (
        "id",
        "name",
        "category",
        "our_wording",
        "mapped_controls",
        "reviewed_mappings",
        "evidenced_controls",
        "consideration",
    )
    columns = pa.schema([(name, _TEXT) for name in names])

    def rows() -> Iterator[dict[str, Any]]:
        for each in criteria:
            criterion = each.criterion
            yield {
                "id": criterion.id, "name": criterion.name, "category": criterion.category, "our_wording": criterion.summary,
                "mapped_controls": ", ".join(each.mapped), "reviewed_mappings": ", ".join(each.reviewed),
                "evidenced_controls": ", ".join(each.evidenced),
            }  # fmt: skip
            for point in each.points:
                yield {
                    "id": point.id, "name": "point of focus", "category": criterion.category, "our_wording": point.summary,
                    "mapped_controls": ", ".join(point.mapped), "reviewed_mappings": ", ".join(point.reviewed),
                    "evidenced_controls": ", ".join(point.evidenced), "consideration": point.consideration.value,
                }  # fmt: skip

    return BookTable("criteria", columns, batches(rows(), columns))


def scope_table(scope: Scope, period: ObservationPeriod) -> BookTable:
    """Return what was in scope on some day of a period: commitments, subservice organisations, complementary controls."""
    columns = pa.schema([*((name, _TEXT) for name in ("what", "id", "text", "criteria", "controls", "details")),
                         ("effective_from", pa.date32()), ("effective_to", pa.date32())])  # fmt: skip
    stated = [entry for entry in _stated(scope, period) if entry[1].touches(period.first_day, period.end_day)]
    rows = (
        {
            "what": what, "id": key, "text": text, "criteria": ", ".join(getattr(each, "criteria", ())),
            "controls": ", ".join(getattr(each, "controls", ())), "details": details,
            "effective_from": None if each.effective_from == BEGINNING else each.effective_from,
            "effective_to": each.effective_to,
        }
        for what, each, key, text, details in stated
    )  # fmt: skip
    return BookTable("scope", columns, batches(rows, columns))


def _stated(scope: Scope, period: ObservationPeriod) -> Iterator[tuple[str, Dated, str, str, str]]:
    """Yield what the scope states: what it is, the entry, its id, its text, and more."""
    yield from (("category", each, each.category, each.category, "") for each in scope.categories)
    for waived in scope.criteria_not_applicable:
        yield "criterion not applicable", waived, waived.criterion, waived.reason, f"decided by {waived.decided_by}"
    yield from (("system", each, each.system, each.name, f"owner {each.owner}") for each in scope.systems)
    yield from (("principal service commitment", each, each.id, each.text, "") for each in scope.principal_service_commitments)
    yield from (("system requirement", each, each.id, each.text, "") for each in scope.system_requirements)
    for vendor in scope.subservice_organizations:
        yield from _vendor(vendor, period)
    yield from (("complementary user-entity control", each, each.id, each.text, "") for each in scope.user_entity_controls)


def _vendor(vendor: SubserviceOrganization, period: ObservationPeriod) -> Iterator[tuple[str, Dated, str, str, str]]:
    reports = [
        f"{each.type}, {each.first_day} to {each.end_day - _DAY}"
        + (f", bridge letter to {each.bridge_letter_to - _DAY}" if each.bridge_letter_to else "")
        for each in vendor.reports
    ]
    gaps = [f"{first} to {end - _DAY}" for first, end in vendor.uncovered(period)]
    uncovered = f"days of the period that no report covers: {', '.join(gaps)}" if gaps else "its reports cover the period"
    details = f"{vendor.method}; reports: {'; '.join(reports) or 'none'}; {uncovered}"
    yield "subservice organisation", vendor, vendor.id, f"{vendor.name}: {vendor.services}", details
    for expected in vendor.complementary_controls:
        yield "complementary subservice-organisation control", expected, expected.id, expected.text, vendor.name
    for asked in vendor.user_entity_controls:
        yield "control that a subservice organisation expects of us", asked, asked.id, asked.text, vendor.name
