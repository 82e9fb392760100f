# SPDX-License-Identifier: Apache-2.0
"""OSCAL documents of the shipped program, validated by compliance-trestle."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from trestle.oscal import OSCAL_VERSION as TRESTLES
from trestle.oscal.component import ComponentDefinition
from trestle.oscal.poam import PlanOfActionAndMilestones

from tieout.audit.deviations import Deviation, DeviationKind, DeviationState, Observed
from tieout.audit.oscal import OSCAL_VERSION, component_definition, plan_of_action
from tieout.criteria.catalogue import load_catalogue
from tieout.criteria.controls import control_files, load_control

NOW, DAY = datetime(2026, 11, 27, 16, tzinfo=UTC), date(2026, 6, 30)
EDITION = "tsc_2017_rev2022"


@pytest.fixture(scope="module")
def components(repository: Path) -> dict[str, Any]:
    criteria = repository / "include/criteria"
    controls = {key: load_control(path) for key, path in control_files(criteria / "controls").items()}
    return component_definition("Shop", controls, load_catalogue(criteria / f"{EDITION}.yaml"), EDITION, DAY, NOW)


def deviation(number: int, **said: Any) -> Deviation:
    observed = Observed(
        control="cc8_1_change_management", system="git", kind=DeviationKind.RULE_NOT_MET, evidence_type="change_record.v1",
        rule="pull_request_referenced", row_key=json.dumps({"system": "git", "sha": str(number)}), reason="Expected: a request.",
        landing="git-1", document="manifests/x.dsse.json", in_evidence=said.pop("in_evidence", True),
    )  # fmt: skip
    return Deviation(id=observed.id, observed=observed, against_control="cc8_1_change_management", **said)


def test_trestle_takes_the_component_definition(components: dict[str, Any]) -> None:
    found = ComponentDefinition.model_validate(components["component-definition"])
    assert OSCAL_VERSION == TRESTLES
    assert len(found.components) > 100
    described = {each.title: each.description for each in found.components}
    assert all(described.values())
    implemented = [one for each in found.components for one in each.control_implementations]
    required = [one for each in implemented for one in each.implemented_requirements]
    assert {"cc6.1", "a1.2", "p8.1"} <= {each.control_id for each in required}


def test_every_control_and_mapping_is_there_once(components: dict[str, Any], repository: Path) -> None:
    text = json.dumps(components)
    controls = {key: load_control(path) for key, path in control_files(repository / "include/criteria/controls").items()}
    in_force = {key: control for key, control in controls.items() if control.is_in_force(DAY)}
    said = components["component-definition"]["components"]
    assert [each["props"][0]["value"] for each in said] == sorted(in_force)
    ids = [each["uuid"] for each in said]
    assert len(ids) == len(set(ids))
    assert sum(text.count(f'"value": "{mapping}"') for mapping in ("proposed", "reviewed")) == sum(
        len(control.criteria) for control in in_force.values()
    )


def test_trestle_takes_the_plan_and_it_lists_what_is_in_evidence_whatever_is_said_of_it() -> None:
    answered = deviation(
        2, state=DeviationState.NOT_CONFIRMED, disposition="A holiday.", root_cause="None.", due=date(2027, 1, 31)
    )
    said = plan_of_action("Shop", "shop", "2026-H1", [deviation(1), answered, deviation(3, in_evidence=False)], NOW)
    found = PlanOfActionAndMilestones.model_validate(said["plan-of-action-and-milestones"])
    assert len(found.poam_items) == 2
    [_, item] = said["plan-of-action-and-milestones"]["poam-items"]
    props = {each["name"]: each["value"] for each in item["props"]}
    assert (props["state"], props["due"], props["rule"]) == ("not confirmed", "2027-01-31", "pull_request_referenced")
    assert item["remarks"] == "Disposition: A holiday.\n\nRoot cause: None."
    assert item["links"] == [{"href": "manifests/x.dsse.json", "rel": "evidence"}]


def test_a_plan_without_deviations_says_so_and_one_that_is_built_again_is_the_same() -> None:
    empty = plan_of_action("Shop", "shop", "2026-H1", [], NOW)
    found = PlanOfActionAndMilestones.model_validate(empty["plan-of-action-and-milestones"])
    assert [each.title for each in found.poam_items] == ["No deviation"]
    first, second = (plan_of_action("Shop", "shop", "2026-H1", [deviation(1)], NOW) for _ in range(2))
    assert first == second


def test_there_are_no_words_of_an_assessor(components: dict[str, Any]) -> None:
    plan = plan_of_action("Shop", "shop", "2026-H1", [deviation(1)], NOW)
    for word in ("observations", "findings", "assessment-results", "risks"):
        assert f'"{word}"' not in json.dumps([components, plan])
