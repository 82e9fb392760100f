# SPDX-License-Identifier: Apache-2.0
"""Responses: the same answer has the same key, and one that was moved, or signed by a key that may not, is tampered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.evidence.signed_copy import BUCKET, LANDED_AT, RETENTION, Keys, key_list_of, listed

from tieout.errors import CannotCheck, Tampered
from tieout.evidence import signed
from tieout.evidence.keys import Scope
from tieout.evidence.layout import Class, class_of
from tieout.evidence.responses import Response, build_response, check_response, read_response

RESPONSE = Response(
    observation_period="2026-H1",
    control="cc8_1",
    campaign="deviations",
    assignment="a" * 32,
    person="CTO",
    answer={"state": "confirmed", "about": {"rule not met": ["a" * 32]}},
    at=LANDED_AT,
)


def test_what_was_built_is_read_and_checked(keys: Keys) -> None:
    said = replace(RESPONSE, population=("idp-" + "0" * 32, "b" * 64), presented_sha256="c" * 64, channel=("slack", True))
    data = build_response(said, BUCKET, RETENTION, keys.landing)
    trusted = key_list_of(keys.root.keyid, listed(keys.landing, Scope.RESPONSE))
    found, lock, signed_at = check_response(data, said.key, trusted, BUCKET)
    assert found == said == read_response(data, said.key)
    assert (lock.until, signed_at) == (RETENTION.until, LANDED_AT)
    assert class_of(said.key) is Class.RESPONSE


def test_the_same_answer_has_the_same_key_whenever_it_is_given() -> None:
    assert replace(RESPONSE, at=LANDED_AT.replace(year=2027)).key == RESPONSE.key
    for other in ({"person": "CEO"}, {"answer": {}}, {"assignment": "b"}, {"campaign": "access"}):
        changes: dict[str, Any] = other
        assert replace(RESPONSE, **changes).id != RESPONSE.id


@pytest.mark.parametrize(
    ("moved", "bucket"),
    [(replace(RESPONSE, assignment="b"), BUCKET), (replace(RESPONSE, control="cc6_2"), BUCKET), (RESPONSE, "x")],
)
def test_one_that_was_moved_is_tampered(keys: Keys, moved: Response, bucket: str) -> None:
    data = build_response(RESPONSE, BUCKET, RETENTION, keys.landing)
    trusted = key_list_of(keys.root.keyid, listed(keys.landing, Scope.RESPONSE))
    with pytest.raises(Tampered, match="it was signed for"):
        check_response(data, moved.key, trusted, bucket)


def test_when_the_person_acted_and_when_it_was_stored_are_two_times(keys: Keys) -> None:
    said = replace(RESPONSE, at=LANDED_AT - timedelta(minutes=5), stored_at=LANDED_AT)
    data = build_response(said, BUCKET, RETENTION, keys.landing)
    payload = signed.read(signed.RESPONSE, data, said.key)
    assert payload["acted_at"]["at"] < payload["stored_at"]["at"]
    trusted = key_list_of(keys.root.keyid, listed(keys.landing, Scope.RESPONSE))
    found, _, signed_at = check_response(data, said.key, trusted, BUCKET)
    assert (found, found.signed_at, signed_at) == (said, LANDED_AT, LANDED_AT)
    assert replace(RESPONSE, stored_at=LANDED_AT) == RESPONSE
    assert RESPONSE.signed_at == LANDED_AT


def test_what_was_measured_is_no_part_of_what_was_said(keys: Keys) -> None:
    timed = replace(RESPONSE, answer=RESPONSE.answer | {"measured": {"dwell_ms": 900}})
    assert timed.key == RESPONSE.key
    assert read_response(build_response(timed, BUCKET, RETENTION, keys.landing), timed.key).answer["measured"] == {
        "dwell_ms": 900
    }


def test_one_that_says_another_place_than_its_key_is_tampered(keys: Keys) -> None:
    data = build_response(RESPONSE, BUCKET, RETENTION, keys.landing)
    payload = signed.read(signed.RESPONSE, data, RESPONSE.key) | {"campaign": "access"}
    forged = signed.sign(signed.RESPONSE, payload, RESPONSE.key, keys.landing)
    trusted = key_list_of(keys.root.keyid, listed(keys.landing, Scope.RESPONSE))
    with pytest.raises(Tampered, match="are those of another place"):
        check_response(forged, RESPONSE.key, trusted, BUCKET)


def test_a_landing_key_signs_no_response(keys: Keys) -> None:
    data = build_response(RESPONSE, BUCKET, RETENTION, keys.landing)
    trusted = key_list_of(keys.root.keyid, listed(keys.landing, Scope.LANDING))
    with pytest.raises(Tampered, match="of scope landing"):
        check_response(data, RESPONSE.key, trusted, BUCKET)


def test_nothing_is_signed_that_no_verifier_could_read(keys: Keys) -> None:
    with pytest.raises(CannotCheck, match="person"):
        build_response(replace(RESPONSE, person=""), BUCKET, RETENTION, keys.landing)
