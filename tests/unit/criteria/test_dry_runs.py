# SPDX-License-Identifier: Apache-2.0
"""How many items a rehearsal draws: as the file says, never more than there are, with the file's own words beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tieout.criteria.dry_runs import DryRuns, Size, load_dry_runs
from tieout.criteria.frequency import Every
from tieout.errors import ConfigurationError


def size(**said: Any) -> Size:
    return Size.model_validate({"every": "per_event", "most": 25, **said})


@pytest.mark.parametrize(
    ("items", "drawn"), [(0, 0), (1, 1), (9, 9), (10, 5), (50, 5), (51, 6), (172, 18), (249, 25), (5000, 25)]
)
def test_a_share_lies_between_its_bounds_and_a_few_are_all_drawn(items: int, drawn: int) -> None:
    assert size(share_percent=10, least=5, all_under=10).of(items) == drawn


def test_without_a_share_as_many_as_there_are_at_most() -> None:
    assert [size(most=3).of(items) for items in (0, 2, 3, 12)] == [0, 2, 3, 3]


def test_the_rule_is_said_in_words() -> None:
    assert size(most=3).as_text() == "3"
    assert size(share_percent=10, least=5, all_under=10).as_text() == (
        "10 % of them, at least 5 and at most 25; all where there are fewer than 10"
    )


def test_the_shipped_numbers_are_managements_own_and_name_each_frequency(repository: Path) -> None:
    shipped = load_dry_runs(repository / "include" / "criteria")
    assert shipped.source.startswith("Management's own")
    assert {every: shipped.size(every).most for every in Every} == {
        Every.PER_EVENT: 25, Every.DAILY: 25, Every.BUSINESS_DAILY: 25, Every.WEEKLY: 8, Every.MONTHLY: 3, Every.QUARTERLY: 2,
        Every.SEMI_ANNUAL: 1, Every.ANNUAL: 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"least": 3}, "'least' belongs to a share"),
        ({"share_percent": 10, "least": 26}, "least 26 must not be more than most 25"),
        ({"share_percent": 0}, "greater than or equal to 1"),
        ({"most": 0}, "greater than or equal to 1"),
    ],
)
def test_a_size_that_says_nothing_is_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        size(**said)


def test_a_frequency_is_named_once(repository: Path) -> None:
    shipped = load_dry_runs(repository / "include" / "criteria").model_dump(mode="json", exclude_unset=True)
    with pytest.raises(ValidationError, match="expected each frequency once, got annual twice"):
        DryRuns.model_validate({**shipped, "sizes": [*shipped["sizes"], {"every": "annual", "most": 2}]})


def test_a_project_without_the_file_is_told_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"dry_runs\.yaml: cannot be read"):
        load_dry_runs(tmp_path)
