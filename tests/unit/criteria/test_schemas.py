# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas for editors: the committed ones are the generated ones, and they take what the models take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner

from tieout.cli import main
from tieout.criteria.schemas import schemas
from tieout.documents import read_yaml

FILES = {
    "control": ["controls/cc8_1_changes.yaml", "controls/cc6_1_access.yaml"],
    "scope": ["scope.yaml"],
    "assessment": ["assessments/cc6.yaml", "assessments/cc8.yaml"],
    "catalogue": ["tsc_2017_rev2022.yaml"],
    "form": ["forms/restore_test.yaml", "forms/vendor_review.yaml"],
    "policy": ["policies/code_of_conduct.yaml"],
    "dry_runs": ["dry_runs.yaml"],
    "pbc": ["pbc/soc2.yaml"],
    "toxic_combinations": ["toxic_combinations.yaml"],
    "auditor_access": ["auditor_access.yaml"],
}
FOLDERS = {
    **dict.fromkeys(("form", "policy", "dry_runs", "toxic_combinations"), ""),
    "auditor_access": "tests/fixtures/auditor_access/",
}


@pytest.fixture(scope="module")
def generated() -> dict[str, dict[str, Any]]:
    """Return the generated schemas."""
    return schemas()


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_committed_schema_is_the_generated_one(repository: Path, generated: dict[str, Any], name: str) -> None:
    path = repository / f"include/criteria/schemas/{name}.schema.json"
    assert json.loads(path.read_text()) == generated[name], "run `tieout lint --schemas` and commit what it writes"


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_schema_takes_the_files_and_no_unknown_key(repository: Path, generated: dict[str, Any], name: str) -> None:
    validator = jsonschema_rs.validator_for(generated[name])
    for file in FILES[name]:
        folder = FOLDERS.get(name, "tests/fixtures/small_project/")
        data, _ = read_yaml(repository / f"{folder}include/criteria" / file)
        assert [error.message for error in validator.iter_errors(data)] == []
        assert not validator.is_valid({**data, "unknown": 1})


def test_a_schema_has_an_id_a_title_and_the_texts_of_its_fields(generated: dict[str, Any]) -> None:
    assert {schema["$id"] for schema in generated.values()} == {f"urn:tieout:schema:{name}:v1" for name in FILES}
    assert generated["control"]["title"].startswith("A control")
    assert generated["control"]["properties"]["owner"]["description"] == "Role that answers for the control."
    # Two models are called Statement: each schema has the one that it means.
    assert "version" in generated["control"]["$defs"]["Statement"]["properties"]
    dated = generated["scope"]["$defs"]["MappedStatement"]["properties"]
    assert dated["effective_to"]["description"] == "First day on which it is true no more."


def test_the_command_writes_them(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["lint", "--schemas"])
    assert result.exit_code == 0, result.output
    written = result.output.splitlines()
    assert written == [f"include/criteria/schemas/{name}.schema.json" for name in FILES]
    for name in written:
        assert (tmp_path / name).read_bytes() == (repository / name).read_bytes()


def test_the_scope_and_the_catalogue_name_their_schema(repository: Path) -> None:
    for file, schema in (("scope.yaml", "scope"), ("tsc_2017_rev2022.yaml", "catalogue")):
        first_lines = (repository / "include/criteria" / file).read_text().splitlines()[:2]
        assert f"# yaml-language-server: $schema=schemas/{schema}.schema.json" in first_lines
