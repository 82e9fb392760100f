# SPDX-License-Identifier: Apache-2.0
"""The words of an error are found in the shapes in which vendors send them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tieout.collectors.http_errors import error_text, refusal


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"errorMessages": ["The value 'SHOPP' does not exist\nfor the field 'project'."], "errors": {}},
         "The value 'SHOPP' does not exist for the field 'project'."),
        ({"errorCode": "E0000011", "errorSummary": "Invalid token provided", "errorCauses": []}, "Invalid token provided"),
        ({"error": {"message": "Invalid Input Provided", "code": 2001, "errors": ["Offset must be at most 10000."]}},
         "Invalid Input Provided; Offset must be at most 10000."),
        ({"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}, "Not Found"),
        ({"detail": 1}, ""),
        ([], ""),
        ({"message": "x" * 900}, "x" * 300),
    ],
)  # fmt: skip
def test_the_words(body: Any, text: str) -> None:
    assert error_text(json.dumps(body).encode()) == text


def test_what_is_no_json_has_none() -> None:
    assert error_text(b"<html>502</html>") == ""


@pytest.mark.parametrize(("status", "cure"), [(401, "expired, revoked"), (302, "has moved"), (400, "does not understand")])
def test_a_refusal_says_what_to_do(status: int, cure: str) -> None:
    message = refusal(status, "GET /x", "jira", "")
    assert cure in message
    assert "It says" not in message
