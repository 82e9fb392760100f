# SPDX-License-Identifier: Apache-2.0
"""What a request's bytes say, read strictly: one reading only, so that nothing after the guard reads them another way. Pure.

1. Bytes are UTF-8. A form has well-formed escapes, no name twice, and ``payload`` exactly once.
2. JSON is an object without duplicate keys and NaN, at most `DEEPEST` deep; no text in it holds NUL or half a surrogate pair.
3. A form carries an interaction, a JSON body an event, and each has the parts that listeners rely on.

An error says which of these was broken and never what stood there.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterable
from typing import Any

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
DEEPEST = 40
"""Levels of nesting; Slack's own payloads have about fifteen."""
_MOST_FIELDS = 16
_ODD_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""JSON's way to write NUL, or half a pair; no other text that was UTF-8 can hold one."""
_ESCAPES = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CHALLENGE = 1000

INTERACTIONS = frozenset({"block_actions", "view_submission", "view_closed"})
EVENTS = frozenset({"event_callback", "url_verification"})
SSL_CHECK = "ssl_check"
"""Type of what is made of Slack's check of a certificate, which is no JSON."""


class Unreadable(ValueError):
    """A body is not what Slack sends; the text names what is wrong, in our words only."""


def parse(content_type: str, body: bytes) -> dict[str, Any]:
    """Return the payload of a signed request.

    Args:
        content_type: `FORM` or `JSON`.
        body: The raw bytes.

    Raises:
        Unreadable: They are anything but what Slack sends to an app with interactivity and events.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    if content_type == JSON:
        return checked(strict_object(text), EVENTS)
    fields = strict_form(text)
    if "payload" in fields:
        return checked(strict_object(fields["payload"]), INTERACTIONS)
    if fields.get("ssl_check") == "1":
        return {"type": SSL_CHECK}
    raise Unreadable("form without payload")


def strict_form(text: str, most: int = _MOST_FIELDS) -> dict[str, str]:
    """Return the fields of a form, ``most`` at the most.

    Raises:
        Unreadable: A field has no ``=``, an escape is broken, an escaped byte is no UTF-8, a name comes twice, or there are more.
    """
    if _ESCAPES.search(text):
        raise Unreadable("broken escape in the form")
    fields: dict[str, str] = {}
    for field in text.split("&", most):
        name, separator, value = (_unescaped(each) for each in field.partition("="))
        if not separator:
            raise Unreadable("not a form")
        if name in fields:
            raise Unreadable("a form field twice")
        fields[name] = value
    if len(fields) > most:
        raise Unreadable("a form with too many fields")
    return fields


def _unescaped(text: str) -> str:
    """Return a name or value whose escapes are well-formed. Quoted-printable has the same ones, and is decoded in C."""
    quoted = text.replace("+", " ").replace("=", "=3D").replace("%", "=")
    try:
        return binascii.a2b_qp(quoted.encode()).decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("not a form") from None


def strict_object(text: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        Unreadable: It is none, a key comes twice, a number is none, it is too deep, or a text can not be stored.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None
    if not isinstance(value, dict):
        raise Unreadable("JSON that is no object")
    _check_depth(value)
    if _ODD_ESCAPE.search(text):
        _check_texts(value)
    return value


def checked(payload: dict[str, Any], types: frozenset[str]) -> dict[str, Any]:
    """Return a payload that has the parts which listeners, and Bolt, rely on.

    Raises:
        Unreadable: It is of another type, or a part is absent or of another kind.
    """
    kind = payload.get("type")
    if not isinstance(kind, str) or kind not in types:
        raise Unreadable("a payload of another type")
    for path, expected in _PARTS[kind]:
        if not isinstance(_at(payload, path), expected):
            raise Unreadable(f"payload without {'.'.join(path)}")
    for name in ("team", "enterprise", "container", "channel", "message"):
        if not isinstance(payload.get(name), dict | None):
            raise Unreadable(f"payload with another {name}")
    if kind == "block_actions":
        _check_actions(payload["actions"])
    if kind == "event_callback":
        _check_authorizations(payload.get("authorizations"))
    if kind == "url_verification" and len(payload["challenge"]) > _CHALLENGE:
        raise Unreadable("a challenge that is too long")
    return payload


_PERSON = (("user",), dict), (("user", "id"), str)
_VIEW = (
    (("view",), dict),
    (("view", "id"), str),
    (("view", "callback_id"), str),
    (("view", "private_metadata"), str),
    (("view", "state"), dict),
    (("view", "state", "values"), dict),
)
_PARTS: dict[str, tuple[tuple[tuple[str, ...], type], ...]] = {
    "block_actions": (*_PERSON, (("actions",), list)),
    "view_submission": (*_PERSON, *_VIEW),
    "view_closed": (*_PERSON, *_VIEW[:4]),
    "event_callback": ((("team_id",), str), (("event",), dict), (("event", "type"), str), (("event", "user"), str)),
    "url_verification": ((("challenge",), str),),
}
"""By type: what has to be where. A user's or a view's own parts that are optional are read where they are used."""


def _at(payload: Any, path: Iterable[str]) -> Any:
    for name in path:
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload


def _check_actions(actions: list[Any]) -> None:
    if len(actions) != 1:
        raise Unreadable("not one action")
    [action] = actions
    if not isinstance(action, dict) or not all(isinstance(action.get(name), str) for name in ("action_id", "block_id", "type")):
        raise Unreadable("an action without id")


def _check_authorizations(given: Any) -> None:
    if given is not None and not (isinstance(given, list) and all(isinstance(each, dict) for each in given)):
        raise Unreadable("payload with other authorizations")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Unreadable("a JSON key twice")
    return made


def _no_constant(_: str) -> Any:
    raise Unreadable("a JSON number that is none")


def _check_depth(value: Any) -> None:
    """Check depth without recursion: what is too deep for a stack is refused, not met with an error."""
    level = [value]
    for _ in range(DEEPEST):
        inside = [each for node in level for each in (node.values() if isinstance(node, dict) else node)]
        level = [each for each in inside if isinstance(each, dict | list)]
        if not level:
            return
    raise Unreadable("JSON that is too deep")


def _check_texts(value: Any) -> None:
    """Check every text, names among them."""
    ahead: list[Any] = [value]
    while ahead:
        node = ahead.pop()
        if isinstance(node, dict):
            ahead += (each for pair in node.items() for each in pair)
        elif isinstance(node, list):
            ahead += node
        elif isinstance(node, str):
            _check_text(node)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise Unreadable("NUL in a text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unreadable("half a surrogate pair in a text") from None
