# SPDX-License-Identifier: Apache-2.0
"""A grant's policy lets its periods be read between its days, and nothing else: asked request by request."""

from __future__ import annotations

from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tieout.audit.access_policy import access_policy
from tieout.criteria.auditor_access import Grant
from tieout.errors import ConfigurationError
from tieout.evidence.doctor.policy import Request, allowed_by, parse_policy

BERLIN = ZoneInfo("Europe/Berlin")
GRANT = Grant.model_validate(
    {
        "id": "examination_2026", "person": "ann@firm.example", "firm": "Firm LLP", "role": "auditor",
        "periods": ["2026-H1", "2025-H2"], "from": "2026-07-01", "until": "2026-12-31",
    }
)  # fmt: skip
ARN = "arn:aws:s3:::bucket"
FIRST, LAST, AFTER = "2026-06-30T22:00:00+00:00", "2026-12-31T22:59:59+00:00", "2026-12-31T23:00:00+00:00"
"""In Berlin: the first and last second of the grant, and the one after."""
IN_PERIOD = (
    "evidence/t/observation_period={}/control=c/window=w/l-00000.parquet",
    "manifests/observation_period={}/control=c/window=w/l.dsse.json",
    "raw/observation_period={}/control=c/l/page-00000.json.zst",
    "responses/observation_period={}/control=c/campaign/a/r.dsse.json",
    "index/observation_period={}/000000000001.parquet",
)
COMMON = ("keys/root.dsse.json", "digests/000000000001.dsse.json", "catalog/e/c/scope.yaml", "README.md", "LAYOUT.json")
READS = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention", "s3:GetObjectLegalHold")
OTHERS = (
    "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention", "s3:PutObjectLegalHold",
    "s3:BypassGovernanceRetention", "s3:GetObjectAcl", "s3:PutBucketPolicy", "s3:GetBucketPolicy", "sts:AssumeRole",
    "kms:Decrypt",
)  # fmt: skip


def may(action: str, resource: str, at: str = FIRST, policy: Any = None, **context: str) -> bool:
    """Return whether the policy allows a request."""
    statements = parse_policy(policy or access_policy(GRANT, "bucket", BERLIN))
    request = Request("arn:aws:iam::1:role/auditor", action, resource, {"aws:CurrentTime": at, **context})
    return allowed_by(statements, request) is not None


@pytest.mark.parametrize("action", READS)
def test_the_granted_periods_and_what_verification_needs_are_read(action: str) -> None:
    keys = [each.format(period) for each, period in product(IN_PERIOD, GRANT.periods)]
    assert all(may(action, f"{ARN}/{key}") for key in (*keys, *COMMON))


@pytest.mark.parametrize("period", ["2026-H2", "2026-H1b", "2026-H", "2026-H1.5", "*"])
def test_no_other_period_is_read_or_listed(period: str) -> None:
    for key in (each.format(period) for each in IN_PERIOD):
        assert not any(may(action, f"{ARN}/{key}") for action in READS)
        prefix = key.rpartition("/")[0] + "/"
        assert not any(may(action, ARN, **{"s3:prefix": prefix}) for action in ("s3:ListBucket", "s3:ListBucketVersions"))


def test_it_holds_from_the_first_until_the_last_second_of_its_days_in_the_programs_zone() -> None:
    for action, resource, context in (
        ("s3:GetObject", f"{ARN}/README.md", {}),
        ("s3:ListBucket", ARN, {"s3:prefix": "keys/"}),
        ("s3:GetBucketVersioning", ARN, {}),
    ):
        assert may(action, resource, FIRST, **context)
        assert may(action, resource, LAST, **context)
        assert not may(action, resource, AFTER, **context)
        assert not may(action, resource, "2026-06-30T21:59:59+00:00", **context)


@pytest.mark.parametrize("action", OTHERS)
def test_nothing_else_is_allowed(action: str) -> None:
    for resource in (ARN, f"{ARN}/README.md", f"{ARN}/{IN_PERIOD[0].format('2026-H1')}", "arn:aws:kms:eu:1:key/k"):
        assert not may(action, resource, **{"s3:prefix": "keys/", "kms:ViaService": "s3.eu.amazonaws.com"})


def test_another_bucket_is_not_read() -> None:
    assert not may("s3:GetObject", "arn:aws:s3:::bucket-2/README.md")
    assert not may("s3:ListBucket", "arn:aws:s3:::bucket-2", **{"s3:prefix": "keys/"})


def test_listing_needs_a_prefix_of_a_period_unless_all_names_are_asked_for() -> None:
    for prefix in ("", "manifests/", "evidence/", "evidence/t/", "manifests/observation_period=2026-H1"):
        assert not may("s3:ListBucketVersions", ARN, **{"s3:prefix": prefix})
    assert not may("s3:ListBucket", ARN)
    whole = access_policy(GRANT, "bucket", BERLIN, all_names=True)
    assert may("s3:ListBucketVersions", ARN, policy=whole)
    assert not may("s3:GetObject", f"{ARN}/{IN_PERIOD[0].format('2026-H2')}", policy=whole)
    assert not may("s3:ListBucket", ARN, AFTER, policy=whole)


def test_the_key_is_used_through_s3_alone() -> None:
    key = "arn:aws:kms:eu-central-1:1:key/k"
    policy = access_policy(GRANT, "bucket", BERLIN, sse_key=key)
    assert may("kms:Decrypt", key, policy=policy, **{"kms:ViaService": "s3.eu-central-1.amazonaws.com"})
    assert not may("kms:Decrypt", key, policy=policy)
    assert not may("kms:Decrypt", key, AFTER, policy, **{"kms:ViaService": "s3.eu-central-1.amazonaws.com"})
    assert not may("kms:Encrypt", key, policy=policy, **{"kms:ViaService": "s3.eu-central-1.amazonaws.com"})


def test_a_partition_is_that_of_every_resource() -> None:
    policy = access_policy(GRANT, "bucket", BERLIN, partition="aws-us-gov")
    assert may("s3:GetObject", "arn:aws-us-gov:s3:::bucket/README.md", policy=policy)
    assert not may("s3:GetObject", f"{ARN}/README.md", policy=policy)


def test_a_report_user_gets_no_policy() -> None:
    document = {"title": "Report", "key": "responses/observation_period=2026-H1/control=c/x/y/file-" + "0" * 64}
    grant = Grant.model_validate(
        GRANT.model_dump(by_alias=True) | {"role": "report_user", "nda": "nda.txt", "documents": [document]}
    )
    with pytest.raises(ConfigurationError, match="a role's policy can not know of that"):
        access_policy(grant, "bucket", BERLIN)


def test_what_iam_would_not_take_is_refused() -> None:
    many = GRANT.model_copy(update={"periods": tuple(f"period-{number}-{'x' * 50}" for number in range(12))})
    with pytest.raises(ConfigurationError, match="IAM takes 10240 characters"):
        access_policy(many, "bucket", BERLIN)
