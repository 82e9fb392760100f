# SPDX-License-Identifier: Apache-2.0
"""What GitHub says of settings, events and alerts becomes rows: each judged value is true, false, or not determinable."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.simulators.company import PERIOD, Company
from tests.simulators.github_objects import person
from tests.simulators.github_pull_objects import APP
from tests.simulators.github_security import alert, protection

from tieout.collectors.github import read_only_proof
from tieout.collectors.github_alerts import Days, fixed_in_time, row_of
from tieout.collectors.github_events import change_of, weakens
from tieout.collectors.github_events import row_of as event_row
from tieout.collectors.github_settings import Setting, Wanted, settings_of
from tieout.errors import ContractError

COMPANY = Company(*PERIOD, people=40, changes=20, pages=20)
WANTED = Wanted(1, code_owners=True, checks=("build", "test"), may_bypass=("team:release",))


def unmet(found: list[Setting]) -> set[str]:
    """Return the names of settings that are not as they are to be."""
    return {each.name for each in found if not each.is_met}


def test_a_protected_branch_meets_what_is_wanted_of_it() -> None:
    assert unmet(settings_of(protection(COMPANY), WANTED)) == {"require_code_owner_reviews"}
    assert unmet(settings_of(protection(COMPANY), Wanted(2, code_owners=False, checks=("sign",), may_bypass=()))) == {
        "required_approving_review_count",
        "required_status_checks",
    }


def test_each_setting_that_is_off_shows_alone() -> None:
    for name in ("enforce_admins", "allow_force_pushes", "allow_deletions"):
        changed = deepcopy(protection(COMPANY))
        changed[name]["enabled"] = not changed[name]["enabled"]
        assert unmet(settings_of(changed, WANTED)) == {"require_code_owner_reviews", name}


def test_who_may_go_past_is_counted_and_named() -> None:
    changed = deepcopy(protection(COMPANY))
    allowed = {"users": [person(COMPANY, 3)], "teams": [{"slug": "release"}], "apps": [APP]}
    changed["required_pull_request_reviews"]["bypass_pull_request_allowances"] = allowed
    bypass = {each.name: each for each in settings_of(changed, WANTED)}["bypass_pull_request_allowances"]
    assert (bypass.expected, bypass.is_met) == ("none but team:release", False)
    assert bypass.observed == f"3: {COMPANY.person(3).login}, team:release, app:github-actions"


def test_a_branch_without_protection_meets_nothing_and_has_the_same_rows() -> None:
    found = settings_of(None, WANTED)
    assert unmet(found) == {each.name for each in settings_of(protection(COMPANY), WANTED)}
    assert {each.observed for each in found} == {"false", "not protected"}


LEVEL = "pull_request_reviews_enforcement_level"


@pytest.mark.parametrize(
    ("action", "values", "expected"),
    [
        ("protected_branch.destroy", {}, True),
        ("protected_branch.policy_override", {}, True),
        ("protected_branch.create", {}, False),
        ("protected_branch.rejected_ref_update", {}, False),
        ("protected_branch.update_admin_enforced", {"admin_enforced": False}, True),
        ("protected_branch.update_admin_enforced", {"admin_enforced": True}, False),
        ("protected_branch.update_admin_enforced", {}, None),
        (f"protected_branch.update_{LEVEL}", {LEVEL: 0}, True),
        (f"protected_branch.update_{LEVEL}", {LEVEL: "off"}, True),
        (f"protected_branch.update_{LEVEL}", {LEVEL: 1}, None),
        (f"protected_branch.update_{LEVEL}", {LEVEL: 1, f"{LEVEL}_was": 2}, True),
        (f"protected_branch.update_{LEVEL}", {LEVEL: "everyone"}, False),
        ("protected_branch.update_required_approving_review_count", {"required_approving_review_count": 2}, None),
        ("protected_branch.update_required_approving_review_count", {"required_approving_review_count": 0}, True),
        (
            "protected_branch.update_required_approving_review_count",
            {"required_approving_review_count": 1, "old_required_approving_review_count": 2},
            True,
        ),
        ("protected_branch.update_allow_force_pushes_enforcement_level", {"allow_force_pushes_enforcement_level": 2}, True),
        ("protected_branch.update_allow_force_pushes_enforcement_level", {"allow_force_pushes_enforcement_level": 0}, False),
        ("protected_branch.branch_allowances", {}, None),
        ("repository_ruleset.update", {}, None),
        ("repository_ruleset.destroy", {}, True),
    ],
)
def test_an_event_weakens_where_its_kind_or_values_say_so(action: str, values: dict[str, Any], expected: bool | None) -> None:
    assert weakens({"action": action, **values}) is expected


def test_an_event_says_what_was_set_and_what_was_gone_past() -> None:
    assert change_of({"action": "protected_branch.update_admin_enforced", "admin_enforced": False}) == "admin_enforced: false"
    override = {"action": "protected_branch.policy_override", "overridden_codes": ["review_policy_not_satisfied"]}
    assert change_of(override) == "went past review_policy_not_satisfied"
    assert change_of({"action": "protected_branch.destroy"}) is None


def test_an_event_without_its_id_is_refused() -> None:
    with pytest.raises(ContractError, match="expected an event with _document_id"):
        event_row({"action": "protected_branch.destroy", "@timestamp": 1})


DUE = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fixed", "now", "is_accepted", "expected"),
    [(0, 9, False, True), (1, 9, False, False), (None, -1, False, None), (None, 1, False, False), (None, 1, True, None)],
)
def test_a_weakness_is_fixed_in_time_or_late_or_not_due(
    fixed: int | None, now: int, is_accepted: bool, expected: bool | None
) -> None:
    at = None if fixed is None else DUE + timedelta(days=fixed)
    assert fixed_in_time(at, DUE, DUE + timedelta(days=now), is_accepted=is_accepted) is expected


def test_a_dismissed_alert_is_accepted_by_who_dismissed_it_for_a_reason() -> None:
    days, ticket, late = Days(7, 30, 90, 180), re.compile(r"SHOP-\d+"), datetime(2027, 1, 1, tzinfo=UTC)
    dismissed = alert(COMPANY, 5)
    row = row_of(dismissed, "shop/storefront", days, ticket, late)
    assert (row["accepted_by"], row["fixed_in_time"], row["ticket"]) == (COMPANY.person(1).login, None, "alert 6")
    begun = dismissed | {"dismissed_reason": "fix_started", "dismissed_comment": "in SHOP-12", "assignees": []}
    row = row_of(begun, "shop/storefront", days, ticket, late)
    assert (row["accepted_by"], row["fixed_in_time"], row["ticket"]) == (None, "false", "SHOP-12")
    by_rule = dismissed | {"state": "auto_dismissed", "dismissed_by": None, "dismissed_reason": None, "assignees": []}
    row = row_of(by_rule, "shop/storefront", days, ticket, late)
    assert (row["accepted_by"], row["fixed_in_time"], row["ticket"]) == (
        None,
        "false",
        "alert 6" if by_rule["assignees"] else None,
    )


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (None, "none: GitHub does not say"),
        ("read:org, read:audit_log", "each can only read"),
        ("repo, read:org", "of which repo can do more than read"),
        ("", "the scopes none; each can only read"),
    ],
)
def test_what_the_token_may_do_is_stated_as_github_states_it(scopes: str | None, expected: str) -> None:
    assert expected in read_only_proof(scopes, {"contents=read"})
