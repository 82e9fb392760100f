# SPDX-License-Identifier: Apache-2.0
"""A landing's id and the end of its lock; what talks to a store is tested against one, in integration/."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tieout.contracts.odcs import Contract
from tieout.errors import ConfigurationError
from tieout.evidence.landing import landing_id, retain_until, retention_years

IDENTITY = {
    "period": "2026-H2",
    "control": "cc8_1",
    "window": "2026-10",
    "pages": ["a" * 64, "b" * 64],
    "writer": "pyarrow 1",
}
PERIOD_END = datetime(2027, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_an_id_is_the_system_and_32_hexadecimal_digits() -> None:
    assert re.fullmatch(r"github_web-[0-9a-f]{32}", landing_id("github_web", IDENTITY))


def test_an_id_never_changes_for_equal_input() -> None:
    assert landing_id("github", IDENTITY) == landing_id("github", dict(reversed(IDENTITY.items())))
    assert landing_id("github", {"window": "2026-10"}) == "github-771a5f9f9fe29305fd3ea20d674252dc"


@pytest.mark.parametrize(
    "change",
    [
        {"period": "2027-H1"},
        {"control": "cc6_1"},
        {"window": "2026-11"},
        {"pages": ["a" * 64]},
        {"pages": ["b" * 64, "a" * 64]},
        {"writer": "pyarrow 2"},
        {"new": None},
    ],
    ids=str,
)
def test_any_difference_in_what_was_read_gives_another_id(change: dict[str, Any]) -> None:
    assert landing_id("github", {**IDENTITY, **change}) != landing_id("github", IDENTITY)


def test_the_system_counts_and_identity_can_not_speak_for_it() -> None:
    digits = {landing_id(system, IDENTITY).rsplit("-", 1)[1] for system in ("github", "gitlab")}
    assert len(digits) == 2
    assert landing_id("github", {**IDENTITY, "system": "gitlab"}) == landing_id("github", IDENTITY)


def test_a_lock_lasts_whole_years_of_366_days_from_the_periods_end() -> None:
    assert retain_until(PERIOD_END, 7, 12, NOW) == PERIOD_END + timedelta(days=2562)
    assert retain_until(PERIOD_END, 7, 12, NOW) >= datetime(2034, 1, 1, tzinfo=UTC)


def test_a_lock_counts_from_the_instant_whatever_zone_states_it() -> None:
    tokyo = PERIOD_END.astimezone(timezone(timedelta(hours=9)))
    assert retain_until(tokyo, 1, 12, NOW) == retain_until(PERIOD_END, 1, 12, NOW)


def test_a_lock_may_reach_the_cap_and_no_further() -> None:
    now = PERIOD_END - timedelta(days=366)
    assert retain_until(PERIOD_END, 2, 3, now) == now + timedelta(days=366 * 3)
    with pytest.raises(ConfigurationError, match="TIEOUT_RETENTION_CAP_YEARS"):
        retain_until(PERIOD_END, 2, 3, now - timedelta(microseconds=1))


def test_a_century_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="100 years"):
        retain_until(PERIOD_END, 100, 12, NOW)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=1)])
def test_a_lock_that_would_be_over_already_is_refused(late: timedelta) -> None:
    with pytest.raises(ConfigurationError, match="which is past"):
        retain_until(PERIOD_END, 1, 12, PERIOD_END + timedelta(days=366) + late)


@pytest.mark.parametrize(
    ("population", "results", "years"),
    [(None, None, 7), (10, None, 10), (3, None, 7), (3, 5, 5), (3, 10, 10), (12, 1, 12)],
)
def test_a_landing_is_locked_as_long_as_the_longest_of_its_types(
    change_record: Contract, rule_result: Contract, population: int | None, results: int | None, years: int
) -> None:
    contracts = (replace(change_record, retention_years=population), replace(rule_result, retention_years=results))
    assert retention_years(contracts, 7, 12) == retention_years(reversed(contracts), 7, 12) == years


def test_a_contract_that_asks_for_more_than_the_cap_is_named(change_record: Contract, rule_result: Contract) -> None:
    contracts = (change_record, replace(rule_result, retention_years=13))
    with pytest.raises(ConfigurationError, match=r"rule_result.v1.odcs.yaml: retention: expected at most 12 years .*, got 13\."):
        retention_years(contracts, 7, 12)
    assert retention_years(contracts, 7, 13) == 13
