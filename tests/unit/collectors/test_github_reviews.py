# SPDX-License-Identifier: Apache-2.0
"""Another person approves what is merged, in time: judged for every order and kind of reviews."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tieout.collectors.github_reviews import (
    APPROVED,
    CHANGES_REQUESTED,
    DISMISSED,
    Merge,
    Review,
    Run,
    find_ticket,
    judge_checks,
    judge_reviews,
)

MERGED = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = MERGED + timedelta(days=30)
HEAD, EARLIER = "a" * 40, "b" * 40
MERGE = Merge("ada", HEAD, MERGED, is_emergency=False)
EMERGENCY = Merge("ada", HEAD, MERGED, is_emergency=True)


def review(
    reviewer: str | None = "ben",
    state: str = APPROVED,
    hours: float = -1,
    commit: str | None = HEAD,
    *,
    is_person: bool = True,
) -> Review:
    """Return a review, so many hours after the merge."""
    return Review(reviewer, is_person, state, commit, MERGED + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("reviews", "expected"),
    [
        ([], False),
        ([review()], True),
        ([review(hours=0)], True),
        ([review("ada")], False),
        ([review(is_person=False)], False),
        ([review(commit=EARLIER)], False),
        ([review(commit=None)], False),
        ([review(hours=1)], False),
        ([review(state="COMMENTED")], False),
        ([review(state=DISMISSED)], False),
        ([review(state="PENDING")], False),
        ([review(hours=-2), review(state=CHANGES_REQUESTED)], False),
        ([review(hours=-2), review("cem", CHANGES_REQUESTED)], True),
        ([review(hours=-2), review(state=DISMISSED)], False),
        ([review(hours=-2), review(state="COMMENTED")], True),
        ([review(state=CHANGES_REQUESTED, hours=-2), review()], True),
        ([review(hours=-2), review(state=CHANGES_REQUESTED, hours=1)], True),
        ([review(commit=EARLIER, hours=-2), review()], True),
        ([review(None)], None),
        ([review(None, commit=EARLIER)], False),
        ([review(None), review()], True),
    ],
)
def test_an_approval_counts_where_another_person_gave_it_to_what_was_merged(reviews: list[Review], expected: bool | None) -> None:
    assert judge_reviews(MERGE, reviews, LATER, 3).by_another is expected


@pytest.mark.parametrize(
    ("hours", "now_hours", "expected"),
    [(-1, 1, True), (20, 24, True), (72, 80, True), (73, 80, False), (None, 71, None), (None, 72, False), (None, 400, False)],
)
def test_an_emergency_is_approved_within_days_after_it(hours: float | None, now_hours: float, expected: bool | None) -> None:
    reviews = [] if hours is None else [review(hours=hours)]
    assert judge_reviews(EMERGENCY, reviews, MERGED + timedelta(hours=now_hours), 3).by_another is expected


def test_who_objects_after_an_emergency_takes_the_approval_back() -> None:
    reviews = [review(hours=1), review(state=CHANGES_REQUESTED, hours=2)]
    assert judge_reviews(EMERGENCY, reviews, LATER, 3).by_another is False


def test_an_author_whose_account_was_deleted_may_have_been_anybody() -> None:
    nobodys = Merge(None, HEAD, MERGED, is_emergency=False)
    assert judge_reviews(nobodys, [review()], LATER, 3).by_another is None
    assert judge_reviews(nobodys, [], LATER, 3).by_another is False


def test_the_first_of_several_who_approved_is_named() -> None:
    approval = judge_reviews(MERGE, [review("cem"), review("ben", hours=-3), review("dee", hours=-2)], LATER, 3)
    assert (approval.count, approval.first) == (3, ("ben", MERGED - timedelta(hours=3)))


ANY = st.builds(
    review,
    reviewer=st.sampled_from([None, "ada", "ben", "cem"]),
    state=st.sampled_from([APPROVED, CHANGES_REQUESTED, DISMISSED, "COMMENTED"]),
    hours=st.integers(-5, 100),
    commit=st.sampled_from([HEAD, EARLIER, None]),
    is_person=st.booleans(),
)
MERGES = st.builds(Merge, st.sampled_from([None, "ada"]), st.just(HEAD), st.just(MERGED), st.booleans())


@settings(max_examples=60, deadline=None)
@given(merge=MERGES, reviews=st.lists(ANY, max_size=6, unique_by=lambda each: each.at))
def test_true_only_where_a_review_is_there_that_makes_it_true(merge: Merge, reviews: list[Review]) -> None:
    said = judge_reviews(merge, reviews, LATER, 3)
    assert judge_reviews(merge, reviews[::-1], LATER, 3) == said, "their order says nothing"
    limit = MERGED + timedelta(days=3 if merge.is_emergency else 0)
    able = [
        each
        for each in reviews
        if each.is_person and each.commit == HEAD and each.state == APPROVED and each.at <= limit and each.reviewer != "ada"
    ]
    if said.by_another:
        assert any(each.reviewer for each in able)
        assert merge.author is not None
    if not able and merge.author is not None:
        assert said.by_another is False
    assert (said.count > 0) == (said.first is not None)


def run(name: str, conclusion: str | None, hours: float = -2, number: int = 1, app: int = 1) -> Run:
    """Return a run of a check, started so many hours after the merge."""
    return Run(name, app, MERGED + timedelta(hours=hours), number, conclusion)


@pytest.mark.parametrize(
    ("runs", "required", "expected"),
    [
        ([], (), (0, None)),
        ([], ("build",), (0, False)),
        ([run("build", "success"), run("lint", "neutral"), run("docs", "skipped")], (), (3, True)),
        ([run("build", "success"), run("lint", "failure")], (), (2, False)),
        ([run("build", "failure", -2), run("build", "success", -1)], (), (1, True)),
        ([run("build", "success", -2), run("build", "failure", -1)], (), (1, False)),
        ([run("build", "failure", -2), run("build", "success", 1)], (), (1, False)),
        ([run("build", "success"), run("nightly", "failure", 9)], (), (1, True)),
        ([run("build", "failure", number=1), run("build", "success", number=2)], (), (1, True)),
        ([run("build", "success", app=1), run("build", "failure", app=2)], (), (2, False)),
        ([run("build", None)], (), (1, False)),
        ([run("build", "cancelled")], (), (1, False)),
        ([run("build", "success")], ("build", "test"), (1, False)),
        ([run("build", "success")], ("build",), (1, True)),
    ],
)
def test_the_latest_run_of_each_check_before_the_merge_counts(
    runs: list[Run], required: tuple[str, ...], expected: tuple[int, bool | None]
) -> None:
    assert judge_checks(runs, MERGED, required) == expected
    assert judge_checks(runs[::-1], MERGED, required) == expected


def test_a_ticket_is_looked_for_in_title_then_branch_then_text() -> None:
    pattern = re.compile(r"[A-Z][A-Z0-9]+-\d+")
    assert find_ticket(pattern, "SHOP-1 and SHOP-2", "SHOP-3", None) == "SHOP-1"
    assert find_ticket(pattern, "none", "SHOP-3-fix", "SHOP-4") == "SHOP-3"
    assert find_ticket(pattern, "none", "none", "for SHOP-4.") == "SHOP-4"
    assert find_ticket(pattern, "none", None, "") is None
