# SPDX-License-Identifier: Apache-2.0
"""What a bucket holds before any evidence: its documentation, the first digest and the key list."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from tieout.evidence.digest import build_genesis
from tieout.evidence.dsse import MAX_DOCUMENT_BYTES
from tieout.evidence.key_list import PAYLOAD_TYPE, build_key_list
from tieout.evidence.keys import DocumentSigner, ListedKey, Scope
from tieout.evidence.layout import KEY_LIST, KEY_PATTERNS, LAYOUT, LAYOUT_VERSION, README, digest_key
from tieout.evidence.rowhash import ENCODING
from tieout.evidence.signed import KINDS
from tieout.evidence.store import Retention, S3Store
from tieout.files import file_sha256


def readme() -> bytes:
    """Return the README that stands in every bucket: for whoever finds it, with no tool of ours."""
    return files("tieout.evidence.bucket").joinpath("README.md").read_bytes()


def layout_document() -> bytes:
    """Return ``LAYOUT.json``: where everything stands, and the published schema of each signed document."""
    documents: list[dict[str, Any]] = [
        {
            "name": kind.name,
            "payload_type": kind.payload_type,
            "signed_by": f"a key of scope {kind.scope}",
            "signed_at": "/".join(kind.signed_at),
            "schema": _schema(kind.schema),
        }
        for kind in KINDS
    ]
    documents.append(
        {
            "name": "key list",
            "payload_type": PAYLOAD_TYPE,
            "signed_by": "the root key, whose fingerprint reaches the auditor outside the bucket",
            "signed_at": "issued_at",
            "schema": _schema("key_list.v1"),
        }
    )
    layout = {
        "layout_version": LAYOUT_VERSION,
        "objects": [{"class": kind.value, "key_pattern": f"^{pattern}$"} for kind, pattern in KEY_PATTERNS],
        "envelope": "DSSE 1.0, payload in RFC 8785 form, one signature, ECDSA P-256 with SHA-256",
        "key_id": "SHA-256 of the public key, SPKI in DER form, in hexadecimal",
        "rows_hash": ENCODING,
        "largest_document_bytes": MAX_DOCUMENT_BYTES,
        "documents": documents,
    }
    return json.dumps(layout, indent=1, sort_keys=True).encode() + b"\n"


def _schema(name: str) -> dict[str, Any]:
    text = files("tieout.evidence.schemas").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def establish(
    store: S3Store, signers: Mapping[Scope, DocumentSigner], cadence_seconds: int, retention: Retention, now: datetime
) -> None:
    """Put documentation, first digest and key list into a bucket; what is there already stays.

    Args:
        store: The bucket, as an administrator.
        signers: A key for each scope, root too. Where the root is offline, `tieout keys` does this in two steps.
        cadence_seconds: How often digests will be made.
        retention: Lock of these objects.
        now: From when the keys are valid, UTC.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    put_missing(store, README, readme(), retention)
    put_missing(store, LAYOUT, layout_document(), retention)
    genesis = build_genesis(store.bucket, now, cadence_seconds, retention, signers[Scope.DIGEST])
    stands = put_missing(store, digest_key(0), genesis, retention)
    scopes = (Scope.LANDING, Scope.RESPONSE, Scope.DIGEST)
    listed = [ListedKey(signers[scope].keyid, scope, signers[scope].public_pem, now, None, None) for scope in scopes]
    key_list = build_key_list(signers[Scope.ROOT], listed, now, hashlib.sha256(stands).hexdigest())
    put_missing(store, KEY_LIST, key_list, retention)


def put_missing(store: S3Store, key: str, data: bytes, retention: Retention) -> bytes:
    """Store an object unless its key is taken; return the bytes that stand there.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    standing = store.read(key, None)
    if standing is not None:
        return standing
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        path = Path(work) / "object"
        path.write_bytes(data)
        store.put_locked(key, path, file_sha256(path), retention)
    return data
