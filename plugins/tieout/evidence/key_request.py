# SPDX-License-Identifier: Apache-2.0
"""A request to the holder of the root key, as the file that travels: JSON, with a schema, and not signed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from tieout.evidence.dsse import parse_json, stated_instant
from tieout.evidence.key_ceremony import SCOPES, Change, First, Request, Revocation, Rotation
from tieout.evidence.keys import Scope
from tieout.evidence.schemas import check_document
from tieout.times import instant

_SCHEMA = "key_list_request.v1"
_WHAT = "key list request"


def write_request(request: Request) -> bytes:
    """Return a request as a file.

    Raises:
        CannotCheck: It breaks our own schema: an empty reason, an overlap of more than a year.
    """
    document = {
        "version": 1,
        "bucket": request.bucket,
        "requested_at": instant(request.requested_at),
        "editions": [data.decode() for data in request.editions],
        "change": _change_document(request.change),
    }
    check_document(_SCHEMA, document, _WHAT)
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def read_request(data: bytes) -> Request:
    """Read a request. Nothing in it is believed: `key_ceremony.sign` checks what it brings along.

    Raises:
        CannotCheck: It is malformed.
    """
    document = parse_json(data, _WHAT)
    check_document(_SCHEMA, document, _WHAT)
    return Request(
        bucket=document["bucket"],
        requested_at=stated_instant(document["requested_at"], _WHAT),
        editions=tuple(text.encode() for text in document["editions"]),
        change=_change(document["change"]),
    )


def _change_document(change: Change) -> dict[str, Any]:
    if isinstance(change, First):
        keys = {scope.value: change.keys[scope] for scope in SCOPES}
        return {"kind": "first", "keys": keys, "genesis": change.genesis.decode()}
    if isinstance(change, Rotation):
        seconds = int(change.overlap.total_seconds())
        return {"kind": "rotate", "scope": change.scope.value, "public_key": change.public_pem, "overlap_seconds": seconds}
    return {"kind": "revoke", "keyid": change.keyid, "at": instant(change.at), "reason": change.reason}


def _change(document: dict[str, Any]) -> Change:
    if document["kind"] == "first":
        return First({Scope(scope): pem for scope, pem in document["keys"].items()}, document["genesis"].encode())
    if document["kind"] == "rotate":
        return Rotation(Scope(document["scope"]), document["public_key"], timedelta(seconds=document["overlap_seconds"]))
    return Revocation(document["keyid"], stated_instant(document["at"], _WHAT), document["reason"])
