# SPDX-License-Identifier: Apache-2.0
"""Parameters of a REST source that can not work are refused before anything is asked."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tieout.collectors.rest_parameters import RestParameters

GIVEN: dict[str, Any] = {"connection": "helpdesk", "path": "/tickets", "columns": {"id": "id"}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "tickets"}, "a path that starts with /"),
        ({"path": "/tickets?all=1"}, "has no query"),
        ({"columns": {}}, "at least 1"),
        ({"paging": {"kind": "cursor"}}, "paging of kind cursor needs next and parameter"),
        ({"paging": {"kind": "link"}}, "paging of kind link needs next"),
        ({"paging": {"kind": "offset", "parameter": "offset"}}, "paging of kind offset needs size_parameter"),
        ({"paging": {"kind": "page_number"}}, "paging of kind page_number needs parameter"),
        ({"paging": {"kind": "page_number", "parameter": "page"}}, "an empty page alone is no end"),
        ({"auth": {"kind": "oauth2"}}, "token_path: expected with kinds oauth2 and login"),
        ({"auth": {"kind": "bearer", "token_path": "/t"}}, "and only there"),
        ({"password": "secret"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RestParameters.model_validate({**GIVEN, **changes})


def test_an_end_that_a_count_confirms_is_one() -> None:
    paging = {"kind": "page_number", "parameter": "page"}
    assert RestParameters.model_validate({**GIVEN, "paging": paging, "total": "total"}).total == "total"
