# SPDX-License-Identifier: Apache-2.0
"""Bodies are read one way only: whatever else they are is refused with a word of ours, and nothing else is ever raised."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote_plus, unquote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulators.slack import payloads

from tieout.slack.parsing import (
    EVENTS,
    FORM,
    INTERACTIONS,
    JSON,
    SSL_CHECK,
    Unreadable,
    checked,
    parse,
    strict_form,
    strict_object,
)

PRESS = payloads.envelope(
    "block_actions",
    "T0TIEOUT01",
    "U0OWNER001",
    actions=[{"type": "button", "action_id": "x", "block_id": "b", "action_ts": "1.0", "value": "…🏴"}],
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(st.binary(max_size=200), st.sampled_from([FORM, JSON]))
def test_bytes_of_any_kind_are_refused_with_a_word(data: bytes, content_type: str) -> None:
    with suppress(Unreadable):
        assert parse(content_type, data)["type"] in EVENTS | INTERACTIONS | {SSL_CHECK}


@given(
    st.sampled_from(sorted(INTERACTIONS | EVENTS)), st.dictionaries(st.sampled_from([*PRESS, "view", "event", "actions"]), VALUES)
)
def test_payloads_of_any_shape_are_taken_or_refused(kind: str, parts: dict[str, Any]) -> None:
    payload = {**PRESS, **parts, "type": kind}
    with suppress(Unreadable):
        assert checked(payload, frozenset({kind})) is payload


def test_what_slack_sends_is_read_as_it_was_said() -> None:
    body = f"payload={quote_plus(json.dumps(PRESS))}".encode()
    assert parse(FORM, body) == PRESS
    event = payloads.home_opened("T0TIEOUT01", "U0OWNER001", "D0OWNER001")
    assert parse(JSON, json.dumps(event).encode()) == event
    assert parse(FORM, b"token=x&ssl_check=1") == {"type": SSL_CHECK}


@given(st.text(max_size=60), st.text(max_size=20))
def test_a_form_says_what_was_put_into_it(value: str, name: str) -> None:
    value, name = (text.encode("utf-8", "replace").decode() for text in (value, name))
    assert strict_form(urlencode({"a": value, f"b{name}": name})) == {"a": value, f"b{name}": name}


@given(st.text(st.sampled_from("%+=aF09 \t\r\n_.é~-"), max_size=30))
def test_escapes_are_read_as_the_standard_library_reads_them(text: str) -> None:
    with suppress(Unreadable):
        assert strict_form(f"a={text}")["a"] == unquote_plus(text, errors="strict")


def test_a_field_beside_the_payload_does_no_harm() -> None:
    body = f"payload={quote_plus(json.dumps(PRESS))}&more=1".encode()
    assert parse(FORM, body) == PRESS


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a", "not a form"),
        ("a=1&&b=2", "not a form"),
        ("a=1;b=2&a=3", "a form field twice"),
        ("a=%f", "broken escape in the form"),
        ("a=%C3%28", "not a form"),
        ("&".join(f"a{number}=1" for number in range(17)), "a form with too many fields"),
    ],
)
def test_a_form_is_strict(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        strict_form(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "a JSON key twice"),
        ('{"a": {"b": 1, "b": 1}}', "a JSON key twice"),
        ('{"a": -Infinity}', "a JSON number that is none"),
        ('{"a": "\\ud83d"}', "half a surrogate pair"),
        ('{"\\udc00": 1}', "half a surrogate pair"),
        ('{"a": ["\\u0000"]}', "NUL"),
        ('{"a": 1} {}', "not JSON"),
        ("'a'", "not JSON"),
        ('"a"', "JSON that is no object"),
        ('{"a":' * 41 + "1" + "}" * 41, "too deep"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_json_is_strict(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        strict_object(text)


def test_two_actions_at_once_are_not_what_slack_sends() -> None:
    with pytest.raises(Unreadable, match="not one action"):
        checked({**PRESS, "actions": PRESS["actions"] * 2}, INTERACTIONS)
