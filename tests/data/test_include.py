# SPDX-License-Identifier: Apache-2.0
"""The data files that ship with the project are tested like code: each is valid, and they fit each other."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pyarrow as pa
import pytest
import yaml

from tieout.contracts.odcs import Contract, contract_file, load_contract
from tieout.criteria.catalogue import Catalogue, load_catalogue
from tieout.criteria.controls import Control, load_control
from tieout.criteria.periods import WindowKind, period_of, window
from tieout.criteria.scope import category_of, load_scope

REPOSITORY = Path(__file__).parents[2]
INCLUDE = REPOSITORY / "include"
CONTRACTS = sorted((INCLUDE / "evidence_schemas").iterdir())
CONTROLS = sorted((INCLUDE / "criteria" / "controls").iterdir())
SAMPLE = INCLUDE / "samples" / "protected_branch_merges.csv.gz"


def by_name(path: Path) -> str:
    """Name a test by its file."""
    return path.name


def rules(path: Path) -> dict[str, dict[str, Any]]:
    """Return the rules of a contract by id, read without the library."""
    entries = yaml.safe_load(path.read_text())["schema"][0]["quality"]
    return {entry["id"]: entry for entry in entries}


@pytest.fixture(scope="module")
def odcs(repository: Path) -> jsonschema_rs.Validator:
    """Return the validator of the standard's own schema."""
    schema = repository / "plugins/tieout/contracts/odcs-json-schema-v3.1.0.json"
    return jsonschema_rs.validator_for(json.loads(schema.read_text()))


def test_there_are_contracts_and_controls_and_nothing_else_beside_them() -> None:
    assert CONTRACTS
    assert all(path.name.endswith(".odcs.yaml") for path in CONTRACTS)
    assert CONTROLS
    assert all(path.suffix == ".yaml" for path in CONTROLS)


@pytest.mark.parametrize("path", CONTRACTS, ids=by_name)
def test_a_contract_follows_the_standard_and_loads(path: Path, odcs: jsonschema_rs.Validator) -> None:
    data = yaml.safe_load(path.read_text())
    assert [error.message for error in odcs.iter_errors(data)] == []
    assert data["apiVersion"] == "v3.1.0"
    contract = load_contract(path)
    assert [column.name for column in contract.columns] == [each["name"] for each in data["schema"][0]["properties"]]
    assert f".v{contract.version.split('.')[0]}" == f".{contract.evidence_type.rpartition('.')[2]}"


@pytest.mark.parametrize("path", CONTRACTS, ids=by_name)
def test_a_contract_describes_every_column_and_names_every_rule(path: Path) -> None:
    data = yaml.safe_load(path.read_text())
    assert [each["name"] for each in data["schema"][0]["properties"] if not each.get("description")] == []
    assert [key for key, entry in rules(path).items() if not entry.get("name")] == []


@pytest.mark.parametrize("path", [path for path in CONTRACTS if "columns" in rules(path)], ids=by_name)
def test_the_columns_rule_names_exactly_the_columns(path: Path) -> None:
    arguments = rules(path)["columns"]["implementation"]["kwargs"]
    assert sorted(arguments["column_set"]) == sorted(column.name for column in load_contract(path).columns)
    assert arguments["exact_match"] is True


@pytest.mark.parametrize("path", CONTRACTS, ids=by_name)
def test_the_key_rule_names_exactly_the_key(path: Path) -> None:
    rule = rules(path)["key_unique"]
    assert rule["implementation"] == {
        "type": "expect_compound_columns_to_be_unique",
        "kwargs": {"column_list": list(load_contract(path).key)},
    }
    assert rule["severity"] == "critical"


@pytest.mark.parametrize("path", CONTROLS, ids=by_name)
def test_a_control_loads_and_its_stem_is_a_legal_id(path: Path) -> None:
    assert load_control(path).systems
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,62}", path.stem)


def control_and_contract(path: Path) -> tuple[Control, Contract]:
    """Return a control and the contract of its evidence type."""
    control = load_control(path)
    return control, load_contract(contract_file(INCLUDE / "evidence_schemas", control.evidence_type))


@pytest.mark.parametrize("path", CONTROLS, ids=by_name)
def test_a_control_places_rows_by_a_required_timestamp_of_its_contract(path: Path) -> None:
    control, contract = control_and_contract(path)
    column = contract.column(control.population.inclusion_date_field)
    assert column.type == pa.timestamp("us", tz="UTC")
    assert column.required


@pytest.mark.parametrize("path", CONTROLS, ids=by_name)
def test_a_population_is_counted_twice_and_has_its_system(path: Path) -> None:
    _, contract = control_and_contract(path)
    values = {rule.id: rule.arguments.get("value") for rule in contract.rules}
    assert values["row_count"] == {"$PARAMETER": "second_count"}
    assert contract.key[0] == "system"


@pytest.mark.parametrize("path", CONTROLS, ids=by_name)
def test_the_collectors_and_files_of_a_control_exist(path: Path) -> None:
    control = load_control(path)
    for source in control.systems if control.confirmation is None else ():  # people fill in a form, and nothing is read
        assert importlib.util.find_spec(f"tieout.collectors.{source.collector}"), source.collector
        path = source.parameters.get("path")
        assert path is None or (REPOSITORY / path).exists(), path


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Return the shipped catalogue."""
    return load_catalogue(INCLUDE / "criteria" / "tsc_2017_rev2022.yaml")


def test_the_catalogue_holds_every_criterion_and_point_of_focus_of_its_edition(catalogue: Catalogue) -> None:
    assert (len(catalogue.by_id), len(catalogue.points)) == (61, 330)
    per_category = {category.id: len(catalogue.in_scope(frozenset({category.id}))) for category in catalogue.categories}
    assert per_category == {
        "security": 33,
        "availability": 3,
        "confidentiality": 2,
        "processing_integrity": 5,
        "privacy": 18,
    }


def test_the_catalogues_series_and_categories_are_those_of_its_criteria(catalogue: Catalogue) -> None:
    series = {each.id: each.category for each in catalogue.series}
    for criterion in catalogue.criteria:
        assert (criterion.series, series[criterion.series]) == (criterion.id.partition(".")[0], criterion.category)
        assert category_of(criterion.id) == criterion.category
    assert {criterion.series for criterion in catalogue.criteria} == set(series)


def test_the_library_serves_every_criterion_of_every_category(catalogue: Catalogue) -> None:
    assert len(CONTROLS) >= 48
    served = {criterion for path in CONTROLS for criterion in load_control(path).criterion_ids}
    assert [criterion for criterion in catalogue.by_id if criterion not in served] == []


@pytest.mark.parametrize("path", CONTROLS, ids=by_name)
def test_a_control_maps_to_criteria_and_points_of_focus_that_there_are_as_a_proposal(path: Path, catalogue: Catalogue) -> None:
    for mapping in load_control(path).criteria:
        own = {point.id for point in catalogue.by_id[mapping.criterion].points_of_focus}
        assert [point for point in mapping.points_of_focus if point not in own] == []
        assert mapping.mapping == "proposed", "nobody but management reviews a mapping"


@pytest.mark.parametrize("path", CONTROLS, ids=by_name)
def test_a_control_measures_times_by_timestamp_columns_of_its_contract(path: Path) -> None:
    control, contract = control_and_contract(path)
    frequency = control.control_frequency
    for name in filter(None, (frequency.performed_field, frequency.event_field)):
        assert contract.column(name).type == pa.timestamp("us", tz="UTC"), name
    if name := control.population.performance_field:
        assert contract.column(name).required


def test_every_export_of_the_library_is_one_that_a_control_reads() -> None:
    parameters = [source.parameters for path in CONTROLS for source in load_control(path).systems]
    read = {each.get("path") or each.get("drop", {}).get("path") for each in parameters}
    there = {path.relative_to(REPOSITORY).as_posix() for path in (INCLUDE / "samples" / "controls").iterdir()}
    assert there == {path for path in read if path and path.startswith("include/samples/controls/")}


def test_the_scope_loads_and_its_periods_hold_the_sample() -> None:
    scope = load_scope(INCLUDE / "criteria" / "scope.yaml")
    march = window(WindowKind.MONTHLY, "2026-03", scope.zone)
    assert period_of(march, scope.observation_periods, scope.zone).id == "2026-H1"


@pytest.fixture(scope="module")
def sample() -> list[dict[str, str]]:
    """Return the sample's rows of 2026-H1, read without the library."""
    with gzip.open(SAMPLE, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2145
    return [row for row in rows if "2026-01-01" <= row["committed_at"] < "2026-07-01"]


def test_the_sample_holds_the_counts_that_its_readme_states(sample: list[dict[str, str]]) -> None:
    without_pull_request = sum(row["pull_request"] == "" for row in sample)
    by_platform = sum(row["committer"] == "web-merge" for row in sample)
    assert (len(sample), without_pull_request, by_platform) == (1137, 376, 882)
    readme = (SAMPLE.parent / "README.md").read_text()
    assert all(number in readme for number in ("2,145", "1,137", "376", "882"))


def test_the_sample_states_times_in_utc_and_no_commit_twice(sample: list[dict[str, str]]) -> None:
    assert all(re.fullmatch(r"[-0-9]{10}T[:0-9]{8}Z", row["committed_at"]) for row in sample)
    assert len({row["sha"] for row in sample}) == len(sample)


def test_the_sample_names_no_real_person(sample: list[dict[str, str]]) -> None:
    people = {row[role] for row in sample for role in ("author", "committer")} - {"web-merge"}
    assert people
    assert [name for name in people if not re.fullmatch(r"person-[0-9a-f]{10}@example\.com", name)] == []
