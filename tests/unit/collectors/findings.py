# SPDX-License-Identifier: Apache-2.0
"""Made-up OCSF findings, as small as the shapes that tools document allow."""

from __future__ import annotations

from typing import Any

ACCOUNT, REGION = "111122223333", "eu-central-1"
SECONDS = 1772685000
"""2026-03-05T04:30:00Z."""


def prowler(number: int = 1, **values: Any) -> dict[str, Any]:
    """Return a finding as Prowler writes it: seconds since 1970, and the local time without a zone."""
    arn = f"arn:aws:s3:::bucket-{number}"
    finding = {
        "class_uid": 2004,
        "metadata": {"event_code": "s3_bucket_kms_encryption", "product": {"name": "Prowler"}, "version": "1.5.0"},
        "status": "New",
        "status_id": 1,
        "status_code": "PASS",
        "finding_info": {"title": "Buckets are encrypted", "uid": f"prowler-aws-s3-{ACCOUNT}-bucket-{number}"},
        "resources": [{"uid": arn, "name": f"bucket-{number}", "region": REGION}],
        "cloud": {"account": {"uid": ACCOUNT}, "region": REGION},
        "time": SECONDS,
        "time_dt": "2026-03-05T05:30:00.000000",
    }
    return {**finding, **values}


def security_hub(number: int = 1, **values: Any) -> dict[str, Any]:
    """Return a finding as Security Hub gives it: milliseconds since 1970, and UTC."""
    finding = {
        "class_uid": 2003,
        "metadata": {"product": {"name": "Security Hub CSPM"}, "uid": f"{number:064x}", "version": "1.6.0"},
        "status": "New",
        "status_id": 1,
        "compliance": {"control": "S3.8", "status": "Fail", "status_id": 3, "standards": ["standards/foundational"]},
        "finding_info": {"title": "Buckets block public access", "uid": f"arn:aws:securityhub:::security-control/S3.8/{number}"},
        "resources": [
            {"uid": f"bucket-{number}", "type": "AWS::S3::Bucket", "region": REGION, "owner": {"account": {"uid": ACCOUNT}}}
        ],
        "cloud": {"account": {"uid": ACCOUNT}, "region": REGION},
        "time": SECONDS * 1000,
        "time_dt": "2026-03-05T04:30:00.000Z",
    }
    return {**finding, **values}
