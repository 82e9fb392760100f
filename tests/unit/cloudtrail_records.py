# SPDX-License-Identifier: Apache-2.0
"""Log files as CloudTrail delivers them: one object with a list of Records, on one line, packed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

BUCKET = "tieout-evidence"
KEY = "evidence/t/observation_period=2026-H1/control=c/window=w/l-00000.parquet"
ROLE = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLE:links",
    "arn": "arn:aws:sts::111122223333:assumed-role/links/links",
    "accountId": "111122223333",
    "accessKeyId": "ASIALINKS",
    "sessionContext": {
        "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/links", "userName": "links"},
        "attributes": {"creationDate": "2026-10-01T09:00:00Z", "mfaAuthenticated": "false"},
    },
}


def event(name: str = "GetObject", at: str = "2026-10-01T10:00:30Z", **changes: Any) -> dict[str, Any]:
    """Return a data event of S3 as AWS documents it: a role gets one version of an object by a signed header."""
    asked = {
        "bucketName": BUCKET, "Host": f"{BUCKET}.s3.eu-central-1.amazonaws.com", "key": KEY, "versionId": "v1",
    }  # fmt: skip
    made = {
        "eventVersion": "1.11",
        "userIdentity": ROLE,
        "eventTime": at,
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "[curl/8]",
        "requestParameters": asked,
        "responseElements": None,
        "additionalEventData": {
            "SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredIn": 0,
            "AuthenticationMethod": "AuthHeader", "x-amz-id-2": "x", "bytesTransferredOut": 7759.0,
        },
        "requestID": "MB8NVKR3FVMSSRM9",
        "eventID": "3d4906c8-52ce-456f-bc0a-a89f07b364a0",
        "readOnly": True,
        "resources": [
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{BUCKET}/{KEY}"},
            {"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{BUCKET}"},
        ],
        "eventType": "AwsApiCall",
        "managementEvent": False,
        "recipientAccountId": "111122223333",
        "eventCategory": "Data",
    }  # fmt: skip
    return {name: value for name, value in (made | changes).items() if value is not ...}


def by_link(at: str = "2026-10-01T10:00:30Z", **asked: Any) -> dict[str, Any]:
    """Return the event of a read by a presigned address."""
    made = event(at=at)
    made["requestParameters"] |= {
        "X-Amz-Date": "20261001T100000Z", "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-SignedHeaders": "host",
        "X-Amz-Expires": "300", "response-content-disposition": "attachment", **asked,
    }  # fmt: skip
    made["additionalEventData"] |= {"AuthenticationMethod": "QueryString"}
    return made


def write(folder: Path, name: str, records: list[Any]) -> Path:
    """Write a log file below a folder, packed where its name says so."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = json.dumps({"Records": records}, separators=(",", ":")).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path
