# SPDX-License-Identifier: Apache-2.0
"""What a bucket holds, with everything that a probe could leave in it."""

from __future__ import annotations

from typing import Any


def everything(s3: Any, bucket: str) -> Any:
    """Return versions, delete markers and unfinished uploads."""
    listed = s3.list_object_versions(Bucket=bucket)
    uploads = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    return listed.get("Versions", []), listed.get("DeleteMarkers", []), uploads
