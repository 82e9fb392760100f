# SPDX-License-Identifier: Apache-2.0
"""OSCAL documents: the controls as a component definition, and the deviations as a plan of action and milestones. Pure.

NIST OSCAL 1.2.1 (https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/). Facts alone: there are no assessment results, and what
is listed draws no conclusion; those are the assessor's. Ids are UUIDs of version 5: a document built again differs in what
has changed and in its time.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from tieout.audit.deviations import Deviation
from tieout.criteria.catalogue import Catalogue
from tieout.criteria.controls import Control
from tieout.times import instant

OSCAL_VERSION = "1.2.1"
NAMESPACE = "urn:tieout:oscal:1"
"""Of properties that OSCAL does not name itself."""
_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
_NO_TEXT = "No rationale is recorded."


def component_definition(
    system_name: str, controls: Mapping[str, Control], catalogue: Catalogue, edition: str, day: date, now: datetime
) -> dict[str, Any]:
    """Return the controls as OSCAL's component definition: a component for each, as it stood on a day.

    Args:
        system_name: The system that the report is about.
        controls: By id; those that are in force on the day are listed.
        catalogue: The criteria, in our own words.
        edition: Name of the catalogue.
        day: Local to the program.
        now: When it is made, UTC.
    """
    listed = {key: control for key, control in sorted(controls.items()) if control.is_in_force(day)}
    resource = _id("catalogue", edition)
    return {
        "component-definition": {
            "uuid": _id("component-definition", system_name, day.isoformat()),
            "metadata": _metadata(f"Controls of {system_name} on {day.isoformat()}", now),
            "components": [_component(key, control, catalogue, resource, day) for key, control in listed.items()],
            "back-matter": {
                "resources": [
                    {
                        "uuid": resource,
                        "title": f"Trust Services Criteria, {edition}",
                        "description": "The criteria, summarised in our own words; the official text is the AICPA's.",
                        "rlinks": [{"href": f"include/criteria/{edition}.yaml"}],
                    }
                ]
            },
        }
    }


def plan_of_action(
    system_name: str, system_id: str, period: str, deviations: Iterable[Deviation], now: datetime
) -> dict[str, Any]:
    """Return the deviations of a period as OSCAL's plan of action and milestones: an item for each that is in evidence.

    What management says of one stands beside it, and takes none away.

    Args:
        system_name: The system that the report is about.
        system_id: What names it in the program.
        period: The observation period.
        deviations: Of its register.
        now: When it is made, UTC.
    """
    items = [_item(each) for each in deviations if each.observed.in_evidence]
    return {
        "plan-of-action-and-milestones": {
            "uuid": _id("poam", system_id, period),
            "metadata": _metadata(f"Deviations of {system_name} in {period}", now),
            "system-id": {"identifier-type": NAMESPACE, "id": system_id},
            "poam-items": items or [_nothing(system_id, period)],
        }
    }


def _metadata(title: str, now: datetime) -> dict[str, Any]:
    return {"title": title, "last-modified": instant(now), "version": instant(now), "oscal-version": OSCAL_VERSION}


def _component(control_id: str, control: Control, catalogue: Catalogue, resource: str, day: date) -> dict[str, Any]:
    statement = control.statement_on(day)
    facts = {
        "control-id": control_id, "owner-role": control.owner, "nature": control.nature, "operation": control.operation,
        "frequency": control.control_frequency.every.value, "statement-version": str(statement.version),
    }  # fmt: skip
    required = [_requirement(control_id, mapping, catalogue) for mapping in control.criteria]
    return {
        "uuid": _id("component", control_id),
        "type": "process-procedure",
        "title": control.title,
        "description": statement.text,
        "props": list(_props(facts)),
        "control-implementations": [
            {
                "uuid": _id("implementation", control_id),
                "source": f"#{resource}",
                "description": "Criteria that the control is mapped to, with the reason.",
                "implemented-requirements": required,
            }
        ],
    }


def _requirement(control_id: str, mapping: Any, catalogue: Catalogue) -> dict[str, Any]:
    criterion = catalogue.by_id.get(mapping.criterion)
    facts = {"mapping": mapping.mapping, "criterion": mapping.criterion, "criterion-name": criterion.name if criterion else ""}
    points = [("point-of-focus", point) for point in mapping.points_of_focus]
    return {
        "uuid": _id("requirement", control_id, mapping.criterion),
        "control-id": mapping.criterion.lower(),
        "description": mapping.rationale.strip() or _NO_TEXT,
        "props": [*_props(facts), *({"name": name, "ns": NAMESPACE, "value": value} for name, value in points)],
    }


def _item(deviation: Deviation) -> dict[str, Any]:
    shown = deviation.observed
    facts: dict[str, str | None] = {
        "deviation-id": deviation.id, "control-id": shown.control, "against-control-id": deviation.against_control,
        "system": shown.system, "kind": shown.kind.value, "rule": shown.rule, "row-key": shown.row_key,
        "performance": shown.performance, "state": deviation.state.value, "owner-role": deviation.owner,
        "due": deviation.due.isoformat() if deviation.due else None, "risk-acceptance": deviation.acceptance_state,
    }  # fmt: skip
    said = [
        f"{name}: {value}"
        for name, value in (
            ("Disposition", deviation.disposition),
            ("Root cause", deviation.root_cause),
            ("Compensating control", deviation.compensating_control),
        )
        if value
    ]
    item: dict[str, Any] = {
        "uuid": _id("deviation", deviation.id),
        "title": f"{shown.control}: {shown.rule or shown.kind.value}",
        "description": shown.reason,
        "props": list(_props(facts)),
    }
    if shown.document:
        item["links"] = [{"href": shown.document, "rel": "evidence"}]
    if said:
        item["remarks"] = "\n\n".join(said)
    return item


def _nothing(system_id: str, period: str) -> dict[str, Any]:
    """Return the item that a plan without any has: OSCAL asks for one."""
    text = "The register lists no deviation that is in evidence."
    return {"uuid": _id("nothing", system_id, period), "title": "No deviation", "description": text}


def _props(facts: Mapping[str, str | None]) -> Iterator[dict[str, str]]:
    for name, value in facts.items():
        if value and value.strip():
            yield {"name": name, "ns": NAMESPACE, "value": " ".join(value.split())}


def _id(*parts: str) -> str:
    return str(uuid.uuid5(_ROOT, "\n".join(parts)))
