# SPDX-License-Identifier: Apache-2.0
"""Values of a database keep their worth on the way through JSON into text."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tieout.collectors.sql_values import Texts, as_json
from tieout.errors import ConfigurationError

BERLIN = ZoneInfo("Europe/Berlin")


def texts_of(*values: Any, zone: ZoneInfo | None = None) -> list[str | None]:
    """Return values as text, by way of JSON."""
    written = json.loads(f"[{','.join(as_json(values, 'a'))}]")
    found: list[str | None] = Texts(zone).column(written, "a").to_pylist()
    return found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, "true"),
        (False, "false"),
        (2**70, "1180591620717411303424"),
        (-1, "-1"),
        (0.1, "0.1"),
        (1e22, "1e+22"),
        (float("nan"), "nan"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+2"), "100"),
        (Decimal("0.1234567890123456789012345"), "0.1234567890123456789012345"),
        ("café\n\x00", "café\n\x00"),
        ("", ""),
        (date(2026, 3, 5), "2026-03-05"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (datetime(2026, 3, 5, 14, 30, tzinfo=UTC), "2026-03-05T14:30:00+00:00"),
        (datetime(2026, 3, 5, 14, 30, 0, 250, tzinfo=timezone(timedelta(hours=2))), "2026-03-05T14:30:00.000250+02:00"),
        (datetime(1890, 1, 1, tzinfo=timezone(timedelta(minutes=53, seconds=28))), "1889-12-31T23:06:32Z"),
    ],
)
def test_a_value_keeps_its_worth(value: Any, text: str | None) -> None:
    assert texts_of(value) == [text]
    assert texts_of(value, None, "x") == [text, None, "x"]


@pytest.mark.parametrize("value", [b"\x00", memoryview(b"a"), [1], {"a": 1}, timedelta(1)])
def test_a_value_without_a_text_of_its_own_is_refused(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"column 'a': a value of type {type(value).__name__} has no text of its own"):
        as_json(["x", value], "a")


def test_a_time_without_zone_needs_the_zone_that_the_yaml_states() -> None:
    naive = datetime(2026, 7, 5, 14, 30)  # noqa: DTZ001
    assert texts_of(naive, zone=BERLIN) == ["2026-07-05T12:30:00Z"]
    with pytest.raises(ConfigurationError, match="column 'a': a time without zone, which would be a guess"):
        texts_of(naive)


@pytest.mark.parametrize(
    ("hour", "text"), [("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"), ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z")]
)
def test_times_that_a_clock_shows_twice_or_never_are_counted(hour: str, text: str) -> None:
    texts = Texts(BERLIN)
    assert texts.column([{"time": hour}, {"time": "2026-10-25T03:30:00"}], "a").to_pylist()[0] == text
    assert texts.unsure == 1
