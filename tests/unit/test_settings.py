# SPDX-License-Identifier: Apache-2.0
"""Settings: what each variable sets, and what is refused."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tieout.errors import ConfigurationError
from tieout.settings import Settings, from_environment


def test_no_variable_leaves_every_default() -> None:
    assert from_environment({"PATH": "/bin", "tieout_home": "/nowhere", "XTIEOUT_HOME": "/nowhere"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "raw", "name", "value"),
    [
        ("TIEOUT_HOME", "/srv/tieout", "home", Path("/srv/tieout")),
        ("TIEOUT_ENVIRONMENT", "production", "environment", "production"),
        ("TIEOUT_EVIDENCE_BUCKET", "acme-evidence", "evidence_bucket", "acme-evidence"),
        ("TIEOUT_RETENTION_MODE", "GOVERNANCE", "retention_mode", "GOVERNANCE"),
        ("TIEOUT_RETENTION_YEARS", "12", "retention_years", 12),
        ("TIEOUT_SSE", "aws:kms", "sse", "aws:kms"),
        ("TIEOUT_PART_ROWS", "1", "part_rows", 1),
        ("TIEOUT_NOTICE_DAYS", "92", "notice_days", 92),
        ("TIEOUT_SLACK_CONN_ID", "slack", "slack_conn_id", "slack"),
        ("TIEOUT_RESPONDER_CONN_ID", "answers", "responder_conn_id", "answers"),
        ("TIEOUT_ROOT_FINGERPRINT", "aB" * 32, "root_fingerprint", "aB" * 32),
        ("TIEOUT_CAMPAIGN_POLL_SECONDS", "5", "campaign_poll_seconds", 5),
    ],
)
def test_a_variable_sets_its_field_in_its_type(variable: str, raw: str, name: str, value: object) -> None:
    found = getattr(from_environment({variable: raw}), name)
    assert (found, type(found)) == (value, type(value))


def test_each_field_has_a_variable() -> None:
    raw = {f"TIEOUT_{field.name.upper()}": str(getattr(Settings(), field.name)) for field in fields(Settings)}
    assert from_environment(raw) == Settings()


def test_the_process_environment_is_the_default_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_STAGING_BUCKET", "from-the-environment")
    assert from_environment().staging_bucket == "from-the-environment"


def test_a_misspelt_variable_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(ConfigurationError, match=r"TIEOUT_RETENTION_YEAR: no such setting.*TIEOUT_RETENTION_YEARS"):
        from_environment({"TIEOUT_RETENTION_YEAR": "7"})


@pytest.mark.parametrize(
    ("variable", "raw", "expected"),
    [
        ("TIEOUT_RETENTION_YEARS", "seven", "expected int, got 'seven'"),
        ("TIEOUT_PART_ROWS", "1e6", "expected int, got '1e6'"),
        ("TIEOUT_PART_ROWS", "0", "expected at least 1, got 0"),
        ("TIEOUT_RETENTION_YEARS", "0", "expected 1 to 12 (TIEOUT_RETENTION_CAP_YEARS), got 0"),
        ("TIEOUT_RETENTION_YEARS", "13", "expected 1 to 12 (TIEOUT_RETENTION_CAP_YEARS), got 13"),
        ("TIEOUT_RETENTION_MODE", "compliance", "expected COMPLIANCE or GOVERNANCE, got 'compliance'"),
        ("TIEOUT_SSE", "none", "expected AES256 or aws:kms, got 'none'"),
        ("TIEOUT_NOTICE_DAYS", "0", "expected 1 to 92, got 0"),
        ("TIEOUT_NOTICE_DAYS", "93", "expected 1 to 92, got 93"),
        ("TIEOUT_CAMPAIGN_POLL_SECONDS", "4", "expected 5 to 86400, got 4"),
        ("TIEOUT_CAMPAIGN_POLL_SECONDS", "86401", "expected 5 to 86400, got 86401"),
        ("TIEOUT_ROOT_FINGERPRINT", "f" * 63, "expected the SHA-256 of the root's public key as 64 hexadecimal digits"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_expected_and_got(variable: str, raw: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{variable}: {re.escape(expected)}"):
        from_environment({variable: raw})


@pytest.mark.parametrize(
    ("given", "absent"),
    [("TIEOUT_IDENTITY_BUCKET", "TIEOUT_IDENTITY_KEY"), ("TIEOUT_IDENTITY_KEY", "TIEOUT_IDENTITY_BUCKET")],
)
def test_person_ids_take_a_bucket_and_a_key(given: str, absent: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{absent}: expected it beside the other one, got nothing"):
        from_environment({given: "something"})
    both = from_environment({given: "something", absent: "something"})
    assert (both.identity_bucket, both.identity_key) == ("something", "something")


def test_a_longer_retention_needs_a_longer_cap() -> None:
    raised = {"TIEOUT_RETENTION_YEARS": "20", "TIEOUT_RETENTION_CAP_YEARS": "25"}
    assert from_environment(raised).retention_years == 20


def test_the_include_folders_stand_under_home() -> None:
    settings = Settings(home=Path("/srv"))
    assert settings.criteria_folder == Path("/srv/include/criteria")
    assert settings.controls_folder == Path("/srv/include/criteria/controls")
    assert settings.contracts_folder == Path("/srv/include/evidence_schemas")
    assert settings.scope_file == Path("/srv/include/criteria/scope.yaml")


def test_the_default_home_holds_include(repository: Path) -> None:
    assert Settings().home == repository


@pytest.mark.parametrize(("path", "resolved"), [("drop/a.csv", "/srv/drop/a.csv"), ("/mnt/a.csv", "/mnt/a.csv")])
def test_a_relative_path_starts_at_home_and_an_absolute_one_stays(path: str, resolved: str) -> None:
    assert Settings(home=Path("/srv")).resolve(path) == Path(resolved)
