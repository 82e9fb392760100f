# SPDX-License-Identifier: Apache-2.0
"""Factors as they were: what stands now and what the log says put back, and nothing claimed that neither of them shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tieout.collectors.okta_enrollments import Change, Enrollment, Factor, enrolled_at, is_met, kind_of, stood_at

END = datetime(2026, 4, 1, tzinfo=UTC)
BEFORE, SINCE, LATER = END - timedelta(days=9), END + timedelta(days=2), END + timedelta(days=3)
PUSH, KEY = Factor("push", "ACTIVE", BEFORE), Factor("webauthn", "ACTIVE", BEFORE)
NEW_PUSH, NEW_KEY = Factor("push", "ACTIVE", SINCE), Factor("webauthn", "ACTIVE", SINCE)


def sets(what: str | None, at: datetime = SINCE) -> Change:
    return Change(at, False, what)


def resets(what: str | None, at: datetime = SINCE) -> Change:
    return Change(at, True, what)


@pytest.mark.parametrize(
    ("factors", "changes", "kinds", "is_whole"),
    [
        ([PUSH], [], {"push"}, True),
        ([Factor("push", "ACTIVE", END)], [], {"push"}, True),
        ([NEW_PUSH], [], set(), True),
        ([NEW_PUSH], [sets("push")], set(), True),
        ([], [resets("push")], {"push"}, True),
        ([], [sets("push"), resets("push", LATER)], set(), True),
        ([NEW_KEY], [sets("webauthn"), resets("webauthn", LATER)], {"webauthn"}, True),
        ([NEW_KEY], [resets("push"), sets("webauthn", LATER)], {"push"}, True),
        ([], [resets(None)], set(), False),
        ([KEY], [resets(None)], {"webauthn"}, False),
        ([NEW_PUSH], [sets(None), resets("push", LATER)], set(), False),
        ([Factor("push", "PENDING_ACTIVATION", BEFORE)], [], set(), True),
        ([Factor("push", "INACTIVE", BEFORE, SINCE)], [], set(), False),
        ([Factor("push", "INACTIVE", BEFORE, BEFORE)], [], set(), True),
        ([], [], set(), True),
    ],
)
def test_factors_are_put_back(factors: list[Factor], changes: list[Change], kinds: set[str], is_whole: bool) -> None:
    found = enrolled_at(END, factors, changes, log_reaches=True, still_active=True)
    assert found == Enrollment(frozenset(kinds), is_whole)


@pytest.mark.parametrize(("log_reaches", "still_active"), [(False, True), (True, False), (False, False)])
def test_a_missing_factor_is_not_determinable_where_something_may_have_taken_it(log_reaches: bool, still_active: bool) -> None:
    found = enrolled_at(END, [], [], log_reaches=log_reaches, still_active=still_active)
    assert found == Enrollment(frozenset(), False)
    assert is_met(found, True, ()) is is_met(found, False, ()) is None


def test_a_log_that_is_too_short_proves_no_reset_factor() -> None:
    assert enrolled_at(END, [], [resets("push")], log_reaches=False, still_active=True).kinds == frozenset()


@pytest.mark.parametrize(
    ("kinds", "is_whole", "is_administrator", "met"),
    [
        ({"webauthn"}, True, True, True),
        ({"signed_nonce"}, False, True, True),
        ({"u2f"}, False, None, True),
        ({"push"}, True, False, True),
        ({"push"}, True, True, False),
        ({"push"}, False, True, None),
        ({"push"}, True, None, None),
        ({"push"}, False, False, True),
        (set(), True, False, False),
        (set(), True, None, False),
        (set(), False, False, None),
        ({"email", "question"}, True, False, False),
        ({"email"}, False, False, None),
    ],
)
def test_what_is_expected(kinds: set[str], is_whole: bool, is_administrator: bool | None, met: bool | None) -> None:
    assert is_met(Enrollment(frozenset(kinds), is_whole), is_administrator, ("email", "question")) is met


@pytest.mark.parametrize(
    ("since", "changes", "log_reaches", "stood"),
    [
        ([BEFORE], [], False, True),
        ([END], [], True, True),
        ([SINCE], [sets(None)], True, False),
        ([SINCE], [], True, False),
        ([], [], True, False),
        ([], [], False, None),
        ([], [resets(None)], True, True),
        ([], [resets(None)], False, None),
        ([SINCE], [sets(None), resets(None, LATER)], True, None),
        ([None], [], True, True),
        ([None], [sets(None)], True, False),
        ([None], [], False, None),
    ],
)
def test_a_role_or_a_membership_is_put_back(
    since: list[datetime | None], changes: list[Change], log_reaches: bool, stood: bool | None
) -> None:
    assert stood_at(END, since, changes, log_reaches=log_reaches) is stood


@pytest.mark.parametrize(
    ("name", "kind"), [("FIDO_WEBAUTHN", "webauthn"), ("okta_verify_push", "push"), ("A_NEW_ONE", None), (None, None)]
)
def test_a_name_of_the_log(name: str | None, kind: str | None) -> None:
    assert kind_of(name) == kind
