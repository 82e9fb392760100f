# SPDX-License-Identifier: Apache-2.0
"""A stranger checks a manifest from the bytes on disk, with base64, hashlib and cryptography: nothing of ours runs."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from tests.unit.evidence.signed_copy import SignedCopy


def opened(path: Path, pem: str) -> dict[str, Any]:
    """Verify an envelope under a key, as `jq`, `openssl dgst -verify` and `printf` would, and return its payload."""
    envelope = json.loads(path.read_bytes())
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, EllipticCurvePublicKey)
    key.verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed, ECDSA(SHA256()))
    return dict(json.loads(payload))


def fingerprint(pem: str) -> str:
    der = load_pem_public_key(pem.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def test_from_the_fingerprint_to_every_byte(template: SignedCopy) -> None:
    list_path = template.folder / "keys" / "root.dsse.json"
    root_pem = json.loads(base64.b64decode(json.loads(list_path.read_bytes())["payload"]))["root"]["public_key"]
    assert fingerprint(root_pem) == template.root
    listed = {entry["keyid"]: entry for entry in opened(list_path, root_pem)["keys"]}
    checked = set()
    for path in (template.folder / "manifests").rglob("*.dsse.json"):
        entry = listed[json.loads(path.read_bytes())["signatures"][0]["keyid"]]
        assert entry["scope"] == "landing"
        assert fingerprint(entry["public_key"]) == entry["keyid"]
        statement = opened(path, entry["public_key"])
        assert entry["valid_from"] <= statement["predicate"]["times"]["landed_at"]["at"]
        assert statement["predicate"]["manifest_key"] == path.relative_to(template.folder).as_posix()
        for subject in statement["subject"]:
            data = (template.folder / subject["name"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == subject["digest"]["sha256"]
            assert len(data) == subject["annotations"]["bytes"]
            checked.add(subject["name"])
    stored = [path for top in ("evidence", "raw") for path in (template.folder / top).rglob("*") if path.is_file()]
    assert checked == {path.relative_to(template.folder).as_posix() for path in stored}


def test_the_same_check_finds_a_changed_payload(copy: SignedCopy) -> None:
    payload = base64.b64decode(copy.envelope()["payload"]).replace(b'"rows":5', b'"rows":4')
    copy.write_payload(payload)
    with pytest.raises(InvalidSignature):
        opened(copy.path(copy.manifest), copy.keys.landing.public_pem)
