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


def _messages(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for each in value for text in _messages(each)]
    if isinstance(value, dict):
        return [text for name in _PLACES if name in value for text in _messages(value[name])]
    return []
