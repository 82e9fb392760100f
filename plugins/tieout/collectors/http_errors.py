# SPDX-License-Identifier: Apache-2.0
"""What a source says is wrong with a request, in the shapes in which vendors say it: GitHub, Jira, Okta, PagerDuty."""

from __future__ import annotations

import json
from typing import Any

_LONGEST = 300
_PLACES = ("errorMessages", "errorSummary", "message", "error", "errors", "errorCauses")


def error_text(body: bytes) -> str:
    """Return the messages of an error's body in one line of at most 300 characters; empty where it has none that is known."""
    try:
        said = list(_messages(json.loads(body)))
    except ValueError:
        return ""
    return " ".join("; ".join(said).split())[:_LONGEST]


def refusal(status: int, what: str, connection: str, said: str) -> str:
    """Return the message to a status that asking again would not change: what is wrong, and what to do.

    Args:
        status: HTTP status.
        what: What was asked for.
        connection: Name of the Airflow Connection.
        said: What the source says of it; may be empty.
    """
    name = f"Airflow Connection {connection!r}"
    if status in (401, 403):
        cure = f"the credential of {name} is expired, revoked, or may not read this. Renew it there, or give it the right"
    elif 300 <= status < 400:
        cure = f"the source has moved. Correct the address of {name}, or the path in the control's YAML"
    else:
        cure = "the source does not understand the request. Correct path and query in the control's YAML"
    told = f'. It says: "{said}"' if said else ""
    return f"{what}: expected 200, got HTTP {status}: {cure}{told}. Nothing lands; the answer is kept."


def _messages(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for each in value for text in _messages(each)]
    if isinstance(value, dict):
        return [text for name in _PLACES if name in value for text in _messages(value[name])]
    return []
