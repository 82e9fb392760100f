# SPDX-License-Identifier: Apache-2.0
"""Rows of reviewed changes from what GitHub says of a commit and its pull request, and what GitHub can not show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tieout.collectors.github import NO_NAME, UNKNOWN, login_of
from tieout.collectors.github_history import committed_at
from tieout.collectors.github_pulls import Evidence, Pull, Reading
from tieout.collectors.github_reviews import Approval, find_ticket
from tieout.collectors.row_tables import Row, text
from tieout.times import instant

COLUMNS = (
    "sha",
    "committed_at",
    "author",
    "pull_request",
    "merged_by",
    "merged_at",
    "approvals",
    "approved_by",
    "approved_at",
    "approved_by_another",
    "emergency",
    "checks",
    "checks_passed",
    "ticket",
    "through_pull_request",
)
QUERY = (
    "GET /repos/{owner}/{repo}/commits of head; /pulls of branch, by last update; /commits/{sha}/pulls of commits that no pull "
    "request was merged as; of each pull request /pulls/{number}, /pulls/{number}/reviews, /commits/{head}/check-runs"
)
NO_MERGER = "Who merged was not asked for, by parameter ask_merger."
BLIND_SPOTS = (
    "A commit is placed by its committer's date. GitHub sets that for what it merges; of a commit that was pushed, whoever made "
    "it did.",
    "A forced push can take commits off the branch: they appear nowhere. The organization's audit log shows forced pushes.",
    "Who pushed commits to a pull request beside its author is not read: an approver may be one of them. The branch protection "
    "setting require_last_push_approval is against that.",
    "Checks are GitHub's check runs. Results that a tool reports as commit statuses, the older way, are not read.",
    "Which requirement of the branch protection somebody went past is shown by the audit log alone.",
    "Commits of a rebased pull request beside its last one are found on the repository's default branch alone: on another branch "
    "they show as pushed.",
    "A pull request's title, text and labels are as they stand when they are read; they may have been edited after the merge.",
    NO_NAME,
)
_NOTHING = dict.fromkeys(COLUMNS)


def row_outside(commit: Mapping[str, Any]) -> Row:
    """Return the row of a commit outside the window: what places it there, and nothing else."""
    return {**_NOTHING, "sha": commit["sha"], "committed_at": committed_at(commit)}


def row_without(commit: Mapping[str, Any], reading: Reading) -> Row:
    """Return the row of a commit that came through no pull request."""
    return {
        **row_outside(commit),
        "author": author_of(commit),
        "approvals": "0",
        "emergency": "false",
        "checks": "0",
        "ticket": find_ticket(reading.ticket, commit["commit"]["message"]),
        "through_pull_request": "false",
    }


def row_with(
    commit: Mapping[str, Any], pull: Pull, evidence: Evidence, approval: Approval, checks: tuple[int, bool | None]
) -> Row:
    """Return the row of a commit that came through a pull request."""
    approver, approved_at = approval.first or (None, None)
    return {
        **row_outside(commit),
        "author": pull.merge.author or UNKNOWN,
        "pull_request": str(pull.number),
        "merged_by": evidence.merged_by,
        "merged_at": instant(pull.merge.merged_at),
        "approvals": str(approval.count),
        "approved_by": approver,
        "approved_at": instant(approved_at) if approved_at else None,
        "approved_by_another": text(approval.by_another),
        "emergency": text(pull.merge.is_emergency),
        "checks": str(checks[0]),
        "checks_passed": text(checks[1]),
        "ticket": pull.ticket,
        "through_pull_request": "true",
    }


def author_of(commit: Mapping[str, Any]) -> str:
    """Return the account of a commit's author, or the address that the commit states where GitHub knows no account of it."""
    stated = commit["commit"]["author"] or {}
    return login_of(commit["author"]) or stated.get("email") or stated.get("name") or UNKNOWN
