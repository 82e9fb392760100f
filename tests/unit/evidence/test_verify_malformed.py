# SPDX-License-Identifier: Apache-2.0
"""A manifest that can not be read is *cannot check*: never intact, never an exception, and the others are judged."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.evidence.signed_copy import SignedCopy, Statement

from tieout.evidence.dsse import IN_TOTO, MAX_DOCUMENT_BYTES, seal
from tieout.evidence.verify import Outcome

Envelope = dict[str, Any]


def expect_cannot_check(copy: SignedCopy) -> str:
    report = copy.verify()
    assert (report.outcome, report.intact, len(report.landings)) == (Outcome.CANNOT_CHECK, 2, 3)
    landing = copy.outcome(report)
    assert landing.rows is None
    return landing.findings[0].reason


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not JSON", id="not JSON"),
        pytest.param(b"[1]", id="a list"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(b" " * (MAX_DOCUMENT_BYTES + 1), id="more than 16 MiB"),
        pytest.param(b'{"signatures":' + b"[" * 200_000, id="nested deeply"),
        pytest.param(b'{"payload":"e30=","payloadType":"' + IN_TOTO.encode() + b'","signatures":[{}]}', id="no sig"),
    ],
)
def test_a_file_that_is_no_envelope(copy: SignedCopy, data: bytes) -> None:
    copy.write(copy.manifest, data)
    assert expect_cannot_check(copy)


def _payload(data: bytes) -> Callable[[Envelope], object]:
    return lambda envelope: envelope.update(payload=base64.b64encode(data).decode())


def _signature(**fields: object) -> Callable[[Envelope], object]:
    return lambda envelope: envelope["signatures"][0].update(fields)


def _also(**fields: object) -> Callable[[Envelope], object]:
    return lambda envelope: envelope["signatures"].append({**envelope["signatures"][0], **fields})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda envelope: envelope.update(payload="%not base64%"), id="payload no base64"),
        pytest.param(lambda envelope: envelope.update(payloadType="application/json"), id="another payloadType"),
        pytest.param(lambda envelope: envelope.pop("payloadType"), id="no payloadType"),
        pytest.param(_payload(b"{"), id="payload no JSON"),
        pytest.param(_payload(b'{"_type":1,"_type":1}'), id="payload repeats a key"),
        pytest.param(_payload(b'{"_type":NaN}'), id="payload with NaN"),
        pytest.param(_payload(b'{"predicate":{"u":' + b'{"a":' * 900 + b"1" + b"}" * 902), id="payload nested deeply"),
        pytest.param(_payload(b'{"_type":"\\ud800"}'), id="payload with half a surrogate pair"),
        pytest.param(_signature(sig="%not base64%"), id="sig no base64"),
        pytest.param(_signature(keyid=7), id="keyid a number"),
        pytest.param(_signature(keyid=None), id="keyid null"),
        pytest.param(_signature(keyid={}), id="keyid an object"),
        pytest.param(_also(keyid="a" * 64), id="two signatures"),
        pytest.param(_also(), id="one signature twice"),
    ],
)
def test_an_envelope_that_is_malformed(copy: SignedCopy, change: Callable[[Envelope], object]) -> None:
    copy.write_envelope(change)
    assert expect_cannot_check(copy).startswith(copy.manifest)


def test_an_envelope_that_repeats_a_key(copy: SignedCopy) -> None:
    text = copy.path(copy.manifest).read_text().rstrip().removesuffix("}")
    copy.write(copy.manifest, f'{text}, "payload": "e30="}}'.encode())
    assert "repeats a key" in expect_cannot_check(copy)


def _set(*steps: str | int, to: object) -> Callable[[Statement], object]:
    def change(said: Any) -> None:
        for step in steps[:-1]:
            said = said[step]
        said[steps[-1]] = to

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_set("predicate", "unknown", to=1), id="unknown field in the predicate"),
        pytest.param(_set("predicate", "retention", "unknown", to=1), id="unknown field further down"),
        pytest.param(_set("unknown", to=1), id="unknown field in the statement"),
        pytest.param(_set("subject", 0, "name", to="evidence/../keys/root.dsse.json"), id="a name that leads up"),
        pytest.param(_set("subject", 0, "name", to="../../etc/passwd"), id="a name that leads out"),
        pytest.param(_set("subject", 0, "name", to="/etc/passwd"), id="an absolute name"),
        pytest.param(_set("subject", to=[]), id="no subject"),
        pytest.param(_set("predicateType", to="urn:tieout:landing:v2"), id="a later version"),
        pytest.param(_set("predicate", "times", "landed_at", "at", to="2026-11-31T00:00:00.000000Z"), id="no such day"),
        pytest.param(_set("predicate", "retention", "retain_until", to="2034-01-05T24:01:00.000000Z"), id="no time"),
    ],
)
def test_a_statement_that_the_schema_refuses_though_its_signature_is_good(
    copy: SignedCopy, change: Callable[[Statement], object]
) -> None:
    copy.sign_again(change)
    assert expect_cannot_check(copy).startswith(copy.manifest)


def test_a_signed_document_of_another_kind(copy: SignedCopy) -> None:
    copy.write(copy.manifest, seal(copy.statement(), "application/vnd.tieout.key-list+json", copy.keys.landing))
    assert "payload type" in expect_cannot_check(copy)


def test_its_parts_are_not_reported_a_second_time(copy: SignedCopy) -> None:
    copy.write(copy.manifest, b"not JSON")
    assert len(copy.verify().landings) == 3
    assert json.loads(json.dumps(copy.verify().as_document()))["intact"] == 2
