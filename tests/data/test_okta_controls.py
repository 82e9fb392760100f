# SPDX-License-Identifier: Apache-2.0
"""The controls that read Okta and the people system, with their rules: the seeded faults are not met, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.named_sources import Collected, Connections, collect_span
from tests.simulators import hris, okta
from tests.simulators.company import PERIOD, Company, Kind
from tests.simulators.okta_objects import number_of
from tests.simulators.vendor import serving

NUMBERS: dict[str, Callable[[str], int | None]] = {
    "cc6_2_leaver_accounts": lambda key: int(key.rpartition("E")[2]),
    "cc6_2_joiner_accounts": lambda key: int(key.rpartition("E")[2]),
    "cc6_3_mover_accounts": lambda key: int(key.rpartition("E")[2]),
    "cc6_1_mfa_factors": number_of,
    "cc6_3_application_access": number_of,
}
NOT_MET: dict[str, tuple[str, tuple[Kind, ...]]] = {
    "cc6_2_leaver_accounts": ("in_time", (Kind.LEAVER_ACTIVE, Kind.LEAVER_LATE)),
    "cc6_2_joiner_accounts": ("in_time", (Kind.JOINER_EARLY, Kind.JOINER_LATE)),
    "cc6_3_mover_accounts": ("in_time", ()),
    "cc6_1_mfa_factors": ("compliant", (Kind.NO_FACTOR, Kind.WEAK_FACTOR)),
    "cc6_3_application_access": ("holder_known", ()),
}


@pytest.fixture(scope="module")
def company() -> Company:
    """Return a small company with faults."""
    return Company(*PERIOD, people=60, changes=60, pages=60)


@pytest.fixture(scope="module")
def reach(company: Company) -> Iterator[Connections]:
    """Return the connections to its Okta and its people system."""
    with serving(okta.Okta(company)) as identities, serving(hris.Hris(company)) as people:
        yield Connections(okta=(identities.url, "", okta.TOKEN), hris=(people.url, "", hris.TOKEN))


def collected(control: str, reach: Connections, folder: Path) -> Collected:
    """Collect the half-year."""
    return collect_span(control, "okta", reach, folder)


@pytest.mark.parametrize("control", NOT_MET)
def test_exactly_the_seeded_faults_are_not_met(control: str, company: Company, reach: Connections, tmp_path: Path) -> None:
    rule, kinds = NOT_MET[control]
    found = collected(control, reach, tmp_path)
    assert found.rows.num_rows > 0
    assert sorted((rule, NUMBERS[control](key)) for rule, key in found.results("not met")) == sorted(
        (rule, fault.number) for fault in company.faults(*kinds) if kinds
    )
    unmatched = [(rule, fault.number) for fault in company.faults(Kind.LEAVER_UNMATCHED)]
    undetermined = [(rule, NUMBERS[control](key)) for rule, key in found.results("not determinable")]
    assert undetermined == (unmatched if control == "cc6_2_leaver_accounts" else [])


def test_the_weakened_policy_is_not_met_alone(company: Company, reach: Connections, tmp_path: Path) -> None:
    found = collected("cc6_1_sign_in_policy_continuity", reach, tmp_path)
    [(rule, key)] = found.results("not met")
    [row] = [row for row in found.rows.to_pylist() if row["event_id"] == key]
    assert (rule, row["action"]) == ("protection_kept", "policy.rule.deactivate")
    assert len(list(company.faults(Kind.POLICY_WEAKENED))) == 1
    # Who approved a change Okta does not know, of no row.
    assert sum(each == "approved_by_another" for each, _ in found.results("not determinable")) == found.rows.num_rows
