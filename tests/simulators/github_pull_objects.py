# SPDX-License-Identifier: Apache-2.0
"""Objects of GitHub's REST API as its description has them, whole: pull requests, reviews, runs of checks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.simulators.company import BRANCH, ORGANIZATION, Change, Company
from tests.simulators.github_objects import NAME, OWNER, REPO, REPOSITORY_OBJECT, SITE, account, parent, person, stamp

EMERGENCY = "emergency"


def words(change: Change) -> tuple[str, str, str]:
    """Return title, branch and text of a change's pull request, one of which names its ticket."""
    named = f" ({change.ticket})" if change.ticket else ""
    place = change.number % 3
    title = f"Improve the checkout, part {change.number}{named if place == 0 else ''}"
    branch = f"{change.ticket}-checkout" if change.ticket and place == 1 else f"checkout-{change.number}"
    return title, branch, f"What it is for{named if place == 2 else ''}. Tested by hand."


def pull(company: Company, change: Change) -> dict[str, Any]:
    """Return a change's pull request as a listing has it; of a change without one, one that was closed without a merge."""
    number = change.number + 1
    url, page = f"{REPO}/pulls/{number}", f"{SITE}/{NAME}/pull/{number}"
    issue = f"{REPO}/issues/{number}"
    title, branch, body = words(change)
    is_merged = change.pull_request is not None
    label = {"id": 208045946, "node_id": "LA_1", "url": f"{REPO}/labels/{EMERGENCY}", "name": EMERGENCY, "color": "f29513"}
    author, sha = person(company, change.author), change.head_sha
    ends = {"user": OWNER, "repo": REPOSITORY_OBJECT}
    links = {
        "comments": f"{issue}/comments",
        "commits": f"{url}/commits",
        "html": page,
        "issue": issue,
        "review_comment": f"{REPO}/pulls/comments{{/number}}",
        "review_comments": f"{url}/comments",
        "self": url,
        "statuses": f"{REPO}/statuses/{sha}",
    }
    return {
        "url": url,
        "id": 10_000_000 + number,
        "node_id": f"PR_{number:08x}",
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": links["statuses"],
        "number": number,
        "state": "closed",
        "locked": False,
        "title": title,
        "user": author,
        "body": body,
        "labels": [{**label, "description": "Reviewed afterwards", "default": False}] if change.is_emergency else [],
        "milestone": None,
        "created_at": stamp(change.opened_at),
        "updated_at": stamp(change.merged_at),
        "closed_at": stamp(change.merged_at),
        "merged_at": stamp(change.merged_at) if is_merged else None,
        "merge_commit_sha": change.sha if is_merged else company.sha("test merge", change.number),
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": {"label": f"{ORGANIZATION}:{branch}", "ref": branch, "sha": sha, **ends},
        "base": {"label": f"{ORGANIZATION}:{BRANCH}", "ref": BRANCH, "sha": parent(company, change.number), **ends},
        "_links": {name: {"href": value} for name, value in links.items()},
        "author_association": "MEMBER",
        "auto_merge": None,
        "draft": False,
    }


def whole_pull(company: Company, change: Change) -> dict[str, Any]:
    """Return a change's pull request as it is given alone."""
    is_merged = change.pull_request is not None
    return {
        **pull(company, change),
        "merged": is_merged,
        "mergeable": None,
        "rebaseable": None,
        "mergeable_state": "unknown",
        "merged_by": person(company, change.merger) if is_merged else None,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": 2,
        "additions": 100,
        "deletions": 3,
        "changed_files": 5,
    }


def review(
    company: Company, change: Change, place: int, state: str, sha: str, at: datetime, user: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a review of a change's pull request, by its reviewer unless another is named."""
    number = change.number + 1
    name = f"{SITE}/{NAME}/pull/{number}#pullrequestreview-{number * 1000 + place}"
    return {
        "id": number * 1000 + place,
        "node_id": f"PRR_{number * 1000 + place:010x}",
        "user": user or person(company, change.reviewer),
        "body": "",
        "state": state,
        "html_url": name,
        "pull_request_url": f"{REPO}/pulls/{number}",
        "author_association": "MEMBER",
        "_links": {"html": {"href": name}, "pull_request": {"href": f"{REPO}/pulls/{number}"}},
        "submitted_at": stamp(at),
        "commit_id": sha,
    }


APP = {
    "id": 15368,
    "slug": "github-actions",
    "node_id": "A_kwDOAA",
    "owner": account("github", 9919, "Organization"),
    "name": "GitHub Actions",
    "description": "Automate your workflow from idea to production",
    "external_url": "https://help.github.com/en/actions",
    "html_url": f"{SITE}/apps/github-actions",
    "created_at": "2018-07-30T09:30:17Z",
    "updated_at": "2024-04-10T20:33:16Z",
    "permissions": {"checks": "write", "contents": "read", "metadata": "read"},
    "events": ["push", "pull_request"],
}


def check_run(change: Change, place: int, name: str, conclusion: str, at: datetime) -> dict[str, Any]:
    """Return a run of a check on a change's last commit, which took five minutes."""
    number = 40_000_000 + change.number * 10 + place
    return {
        "id": number,
        "node_id": f"CR_{number:010x}",
        "head_sha": change.head_sha,
        "name": name,
        "external_id": f"{number}",
        "url": f"{REPO}/check-runs/{number}",
        "html_url": f"{SITE}/{NAME}/actions/runs/{number}",
        "details_url": f"{SITE}/{NAME}/actions/runs/{number}",
        "status": "completed",
        "conclusion": conclusion,
        "started_at": stamp(at),
        "completed_at": stamp(at + timedelta(minutes=5)),
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": 0,
            "annotations_url": f"{REPO}/check-runs/{number}/annotations",
        },
        "check_suite": {"id": 5_000_000 + change.number},
        "app": APP,
        "pull_requests": [],
    }
