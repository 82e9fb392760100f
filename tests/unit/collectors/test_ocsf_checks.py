# SPDX-License-Identifier: Apache-2.0
"""A finding of Prowler's and one of Security Hub's become rows of the same contract; what is missing is named."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.unit.collectors.findings import ACCOUNT, SECONDS, prowler, security_hub

from tieout.collectors.ocsf_checks import check_row, resource_of, status_of, uid_of
from tieout.errors import ContractError


def row(finding: dict[str, Any]) -> dict[str, str | None]:
    """Return the row of a finding."""
    where = "in.json: finding 7"
    return check_row(finding, uid_of(finding, where), resource_of(finding, where), where)


def test_a_finding_of_prowler() -> None:
    assert row(prowler()) == {
        "check_id": f"prowler-aws-s3-{ACCOUNT}-bucket-1@2026-03-05T04:30:00.000000Z",
        "resource": "arn:aws:s3:::bucket-1",
        "setting": "s3_bucket_kms_encryption: Buckets are encrypted",
        "checked_at": "2026-03-05T04:30:00.000000Z",
        "expected": "PASS",
        "observed": "PASS",
        "compliant": "true",
        "waiver": None,
        "ticket": None,
        "owner": None,
    }


def test_a_finding_of_security_hub() -> None:
    assert row(security_hub(ticket={"uid": "OPS-1"})) == {
        "check_id": "arn:aws:securityhub:::security-control/S3.8/1@2026-03-05T04:30:00.000000Z",
        "resource": "bucket-1 (account 111122223333, region eu-central-1)",
        "setting": "S3.8: Buckets block public access",
        "checked_at": "2026-03-05T04:30:00.000000Z",
        "expected": "Pass",
        "observed": "Fail",
        "compliant": "false",
        "waiver": None,
        "ticket": "OPS-1",
        "owner": None,
    }


@pytest.mark.parametrize(
    ("finding", "observed", "compliant"),
    [
        (prowler(status_code="FAIL"), "FAIL", "false"),
        (prowler(status_code="MANUAL"), "MANUAL", None),
        (security_hub(compliance={"control": "S3.8", "status": "Warning"}), "Warning", None),
        (security_hub(compliance={"control": "S3.8", "status_id": 1}), "Pass", "true"),
        (security_hub(compliance={"control": "S3.8", "status": "Passed"}), "Passed", "true"),
        (security_hub(compliance={"control": "S3.8", "status": "FAILED"}, status_code="PASS"), "FAILED", "false"),
    ],
)
def test_a_status_is_kept_as_received(finding: dict[str, Any], observed: str, compliant: str | None) -> None:
    assert (row(finding)["observed"], row(finding)["compliant"]) == (observed, compliant)


def test_a_suppressed_finding_still_fails() -> None:
    for finding in (prowler(status_code="FAIL", status="Suppressed"), prowler(status_code="FAIL", status_id=3)):
        assert (row(finding)["compliant"], row(finding)["waiver"]) == ("false", "suppressed at the source")


@pytest.mark.parametrize("compliance", [None, {}, {"control": "S3.8"}, "Pass"])
def test_a_finding_without_a_status_tells_of_no_check(compliance: object) -> None:
    assert status_of(security_hub(compliance=compliance)) is None


@pytest.mark.parametrize(
    ("values", "checked_at"),
    [
        ({"time": SECONDS}, "2026-03-05T04:30:00.000000Z"),
        ({"time": SECONDS * 1000 + 500}, "2026-03-05T04:30:00.500000Z"),
        ({"time": None}, "2026-03-05T04:30:00.000000Z"),
        ({"time": None, "time_dt": "2026-03-05T05:30:00+01:00"}, "2026-03-05T04:30:00.000000Z"),
        ({"time_dt": None}, "2026-03-05T04:30:00.000000Z"),
    ],
)
def test_a_time_is_seconds_or_milliseconds_or_text_with_its_zone(values: dict[str, Any], checked_at: str) -> None:
    assert row(security_hub(**values))["checked_at"] == checked_at


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"time": SECONDS + 3600}, f"time {SECONDS + 3600} and time_dt 2026-03-05T04:30:00.000Z are not the same moment"),
        ({"time": None, "time_dt": "2026-03-05T04:30:00"}, "expected a moment at time, or at time_dt with its zone"),
        ({"time": None, "time_dt": None}, "expected a moment at time, or at time_dt with its zone, got None and None"),
        ({"time": True, "time_dt": None}, "expected a moment at time"),
        ({"time": 10**30, "time_dt": None}, "expected time in milliseconds or seconds since 1970, got 1000"),
        ({"class_uid": 3001}, "expected an OCSF finding, whose class_uid is 2000 to 2999, got 3001"),
        ({"class_uid": None}, "expected an OCSF finding, whose class_uid is 2000 to 2999, got None"),
        ({"finding_info": {}, "metadata": {}}, "expected an id at finding_info.uid or metadata.uid, got none"),
        ({"finding_info": {"uid": "x"}, "compliance": {"status": "Pass"}}, "expected the check at metadata.event_code"),
        ({"resources": [{"type": "x"}]}, "expected a uid or name in each of resources, got none"),
        ({"resources": ["x"]}, "expected a uid or name in each of resources, got none"),
        ({"resources": [], "cloud": {}}, "expected resources or cloud.account.uid, got neither"),
    ],
)
def test_what_is_missing_is_named(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(ContractError, match=re.escape(f"in.json: finding 7: {problem}")):
        row(security_hub(**values))


def test_other_places_are_tried() -> None:
    finding = security_hub(
        finding_info={"title": "T"}, resources=[], cloud={"account": {"uid": ACCOUNT}}, tickets=[{"uid": "OPS-2"}]
    )
    found = row(finding)
    assert (found["check_id"], found["resource"], found["ticket"]) == (
        f"{1:064x}@2026-03-05T04:30:00.000000Z",
        f"account {ACCOUNT}",
        "OPS-2",
    )
    several = row(security_hub(resources=[{"uid": "arn:aws:s3:::a"}, {"name": "b"}]))
    assert several["resource"] == "arn:aws:s3:::a, b (account 111122223333, region eu-central-1)"
