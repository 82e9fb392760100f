# SPDX-License-Identifier: Apache-2.0
"""Accounts against employment, at every edge: what is not known is never a pass, and never held against anybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tieout.collectors.okta import Account
from tieout.collectors.personnel_states import (
    NO_MATCH,
    Employment,
    EventType,
    Moment,
    Terms,
    Verdict,
    of_joiner,
    of_leaver,
    of_mover,
    worst,
)

AT = datetime(2026, 3, 5, 17, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
DUE = AT + DAY
LATER = AT + 30 * DAY
LONG_AGO = AT - 90 * DAY


def event(kind: EventType) -> Employment:
    return Employment("1", kind, AT, "E1", "ann@example.com", "employee")


def account(status: str, *, activated: datetime | None = LONG_AGO, changed: datetime | None = None, key: str = "00u1") -> Account:
    return Account(key, status, LONG_AGO, activated, changed, "E1", "ann@example.com", None, None, None)


def terms(now: datetime = LATER, log_since: datetime = LONG_AGO, before: timedelta = DAY) -> Terms:
    return Terms(now, log_since, DAY, before)


def moments(*times: tuple[timedelta, bool]) -> list[Moment]:
    return [Moment(AT + after, blocks) for after, blocks in times]


@pytest.mark.parametrize(
    ("status", "changed", "now", "state", "in_time"),
    [
        ("DEPROVISIONED", AT + HOUR, LATER, "deprovisioned", True),
        ("DEPROVISIONED", AT - 9 * DAY, LATER, "deprovisioned", True),
        ("DEPROVISIONED", DUE, LATER, "deprovisioned", True),
        ("DEPROVISIONED", DUE + SECOND, LATER, "deprovisioned", False),
        ("DEPROVISIONED", None, LATER, "unknown", None),
        ("SUSPENDED", AT + HOUR, LATER, "deprovisioned", True),
        ("ACTIVE", None, DUE, "within_grace", None),
        ("ACTIVE", None, DUE + SECOND, "active_after_termination", False),
        ("LOCKED_OUT", None, LATER, "active_after_termination", False),
        ("PASSWORD_EXPIRED", None, LATER, "active_after_termination", False),
        ("RECOVERY", None, LATER, "active_after_termination", False),
        ("PROVISIONED", None, LATER, "active_after_termination", False),
        ("STAGED", None, LATER, "unknown", None),
        ("SOMETHING_NEW", None, LATER, "unknown", None),
    ],
)
def test_a_leaver_is_judged_by_status_and_time(
    status: str, changed: datetime | None, now: datetime, state: str, in_time: bool | None
) -> None:
    verdict = of_leaver(event("leave"), account(status, changed=changed), [], terms(now))
    assert (verdict.state, verdict.in_time) == (state, in_time)


@pytest.mark.parametrize(
    ("log", "changed", "since", "in_time"),
    [
        # Suspended in time, deactivated later: blocked from the suspension on.
        ([(HOUR, True), (3 * DAY, True)], 3 * DAY, HOUR, True),
        # Ended in time, let in again, ended late.
        ([(HOUR, True), (2 * DAY, False), (4 * DAY, True)], 4 * DAY, 4 * DAY, False),
        # The log alone tells.
        ([(HOUR, True)], None, HOUR, True),
    ],
    ids=["suspended first", "let in again", "log alone"],
)
def test_the_log_tells_since_when_an_account_is_blocked(
    log: list[tuple[timedelta, bool]], changed: timedelta | None, since: timedelta, in_time: bool
) -> None:
    ended = account("DEPROVISIONED", changed=None if changed is None else AT + changed)
    assert of_leaver(event("leave"), ended, moments(*log), terms()) == Verdict("deprovisioned", in_time, AT + since)


@pytest.mark.parametrize(
    ("log", "log_since", "back", "state", "in_time"),
    [
        ([(HOUR, True), (10 * DAY, False)], LONG_AGO, 10 * DAY, "deprovisioned", True),
        ([(2 * DAY, True), (10 * DAY, False)], LONG_AGO, 10 * DAY, "deprovisioned", False),
        ([], LONG_AGO, 10 * DAY, "active_after_termination", False),
        ([], AT + SECOND, 10 * DAY, "unknown", None),
        ([], LONG_AGO, HOUR, "unknown", None),
    ],
    ids=["ended", "late", "never ended", "log too short", "back within grace"],
)
def test_somebody_who_came_back_is_judged_by_the_log(
    log: list[tuple[timedelta, bool]], log_since: datetime, back: timedelta, state: str, in_time: bool | None
) -> None:
    found = of_leaver(event("leave"), account("ACTIVE"), moments(*log), terms(log_since=log_since), AT + back)
    assert (found.state, found.in_time) == (state, in_time)


@pytest.mark.parametrize(
    ("status", "activated", "now", "state", "in_time"),
    [
        ("ACTIVE", AT, LATER, "active", True),
        ("ACTIVE", AT - DAY, LATER, "active", True),
        ("ACTIVE", AT - DAY - SECOND, LATER, "active", False),
        ("ACTIVE", DUE, LATER, "active", True),
        ("ACTIVE", DUE + SECOND, LATER, "active", False),
        ("DEPROVISIONED", AT, LATER, "deprovisioned", True),
        ("STAGED", None, DUE, "within_grace", None),
        ("STAGED", None, DUE + SECOND, "not_active", False),
        ("ACTIVE", None, LATER, "unknown", None),
    ],
)
def test_a_joiner_is_judged_by_when_the_account_began(
    status: str, activated: datetime | None, now: datetime, state: str, in_time: bool | None
) -> None:
    verdict = of_joiner(event("hire"), account(status, activated=activated), [], terms(now))
    assert (verdict.state, verdict.in_time) == (state, in_time)


def test_an_account_that_began_again_counts_from_then() -> None:
    again = moments((-20 * DAY, True), (HOUR, False))
    assert of_joiner(event("hire"), account("ACTIVE"), again, terms()) == Verdict("active", True, AT + HOUR)


@pytest.mark.parametrize(
    ("changes", "log_since", "now", "state", "in_time"),
    [
        ([HOUR], LONG_AGO, LATER, "active", True),
        ([-DAY], LONG_AGO, LATER, "active", True),
        ([-DAY - SECOND], LONG_AGO, LATER, "active", False),
        ([DAY], LONG_AGO, LATER, "active", True),
        ([DAY + SECOND], LONG_AGO, LATER, "active", False),
        ([DAY + SECOND], AT, LATER, "unknown", None),
        ([HOUR], AT, LATER, "active", True),
        ([], AT - DAY, LATER, "active", False),
        ([], AT - DAY + SECOND, LATER, "unknown", None),
        ([], LONG_AGO, DUE, "within_grace", None),
    ],
)
def test_a_mover_is_judged_by_the_groups_as_far_as_the_log_reaches(
    changes: list[timedelta], log_since: datetime, now: datetime, state: str, in_time: bool | None
) -> None:
    verdict = of_mover(event("transfer"), account("ACTIVE"), [AT + each for each in changes], terms(now, log_since))
    assert (verdict.state, verdict.in_time) == (state, in_time)


def test_the_worst_account_counts() -> None:
    met, late = Verdict("deprovisioned", True, AT), Verdict("deprovisioned", False, DUE + DAY)
    unknown, grace = Verdict("unknown", None, None), Verdict("within_grace", None, None)
    assert worst([met, late, unknown]) == late
    assert worst([met, grace, unknown]) == unknown
    assert worst([met, grace]) == grace
    assert worst([met, Verdict("deprovisioned", True, DUE)]) == Verdict("deprovisioned", True, DUE)
    assert worst([]) == NO_MATCH
