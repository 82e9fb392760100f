# SPDX-License-Identifier: Apache-2.0
"""JMESPath expressions pick rows out of records; what they can not take is named, its value never."""

from __future__ import annotations

from typing import Any

import pytest

from tieout.collectors.rest_rows import Picker, RowPicker
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ConfigurationError, ContractError


@pytest.mark.parametrize(
    ("expression", "value", "found"),
    [
        ("a.b", {"a": {"b": 1}}, 1),
        ("add_hours(at, `24`)", {"at": "2026-03-05T10:00:00+01:00"}, "2026-03-06T09:00:00.000000Z"),
        ("add_hours(at, hours)", {"at": "2026-03-05T10:00:00Z"}, None),
        ("from_unix(at)", {"at": 1772704800}, "2026-03-05T10:00:00.000000Z"),
        ("from_unix(at)", {}, None),
        ("lower(name)", {"name": "HIGH"}, "high"),
        ("lower(name)", {}, None),
        ('lookup(urgency, `{"high": "critical"}`)', {"urgency": "high"}, "critical"),
        ('lookup(urgency, `{"high": "critical"}`)', {"urgency": "odd"}, None),
    ],
)
def test_expressions(expression: str, value: Any, found: Any) -> None:
    assert Picker(expression, "column 'x'").pick(value) == found


def test_an_expression_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match=r"column 'x': expected a JMESPath expression, got 'a\[\[b'"):
        Picker("a[[b", "column 'x'")


@pytest.mark.parametrize("value", [{"at": "not-a-secret-time"}, {"at": 5}])
def test_a_value_that_a_function_can_not_take_is_not_repeated(value: Any) -> None:
    with pytest.raises(ContractError, match=r"column 'x': 'add_hours\(at, `1`\)' can not be applied") as caught:
        Picker("add_hours(at, `1`)", "column 'x'").pick(value)
    assert "not-a-secret-time" not in str(caught.value)


def test_values_become_text_as_contracts_read_it() -> None:
    records = [{"id": 2**60, "ok": True, "x": 1.5, "name": "a"}, {"id": 1, "ok": False, "name": ""}]
    rows = RowPicker({"id": "id", "ok": "ok", "x": "x", "name": "name"}, "origin").rows(records, 8)
    assert rows.to_pydict() == {
        "id": [str(2**60), "1"],
        "ok": ["true", "false"],
        "x": ["1.5", None],
        "name": ["a", ""],
        POSITION_COLUMN: [8, 9],
    }


def test_a_list_is_no_value() -> None:
    with pytest.raises(ContractError, match=r"origin: column 'id': expected one value in each record, got a list in record 4"):
        RowPicker({"id": "id"}, "origin").rows([{"id": [1]}], 4)
