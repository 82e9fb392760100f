# SPDX-License-Identifier: Apache-2.0
"""Objects of GitHub's REST API as its description has them, whole: accounts, the repository, commits."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from tests.simulators.company import BRANCH, ORGANIZATION, REPOSITORY, Company

NAME = f"{ORGANIZATION}/{REPOSITORY}"
API, SITE = "https://api.github.com", "https://github.com"
REPO = f"{API}/repos/{NAME}"
_OF_USER = ("followers", "subscriptions", "organizations", "repos", "received_events")
_OF_REPO = {
    "archive": "/{archive_format}{/ref}",
    "assignees": "/assignees{/user}",
    "blobs": "/git/blobs{/sha}",
    "branches": "/branches{/branch}",
    "collaborators": "/collaborators{/collaborator}",
    "comments": "/comments{/number}",
    "commits": "/commits{/sha}",
    "compare": "/compare/{base}...{head}",
    "contents": "/contents/{+path}",
    "contributors": "/contributors",
    "deployments": "/deployments",
    "downloads": "/downloads",
    "events": "/events",
    "forks": "/forks",
    "git_commits": "/git/commits{/sha}",
    "git_refs": "/git/refs{/sha}",
    "git_tags": "/git/tags{/sha}",
    "hooks": "/hooks",
    "issue_comment": "/issues/comments{/number}",
    "issue_events": "/issues/events{/number}",
    "issues": "/issues{/number}",
    "keys": "/keys{/key_id}",
    "labels": "/labels{/name}",
    "languages": "/languages",
    "merges": "/merges",
    "milestones": "/milestones{/number}",
    "notifications": "/notifications{?since,all,participating}",
    "pulls": "/pulls{/number}",
    "releases": "/releases{/id}",
    "stargazers": "/stargazers",
    "statuses": "/statuses/{sha}",
    "subscribers": "/subscribers",
    "subscription": "/subscription",
    "tags": "/tags",
    "teams": "/teams",
    "trees": "/git/trees{/sha}",
}
_ZERO = ("forks", "forks_count", "open_issues", "open_issues_count", "stargazers_count", "watchers", "watchers_count")


def stamp(time: datetime) -> str:
    """Return a time as GitHub writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def account(login: str, number: int, kind: str = "User") -> dict[str, Any]:
    """Return an account."""
    url = f"{API}/users/{login.replace('[bot]', '%5Bbot%5D')}"
    return {
        "login": login,
        "id": number,
        "node_id": f"U_{number:08x}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{SITE}/{login.replace('[bot]', '')}",
        "following_url": f"{url}/following{{/other_user}}",
        "gists_url": f"{url}/gists{{/gist_id}}",
        "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
        "events_url": f"{url}/events{{/privacy}}",
        **{f"{name}_url": f"{url}/{name}" for name in _OF_USER},
        "type": kind,
        "user_view_type": "public",
        "site_admin": False,
    }


OWNER = account(ORGANIZATION, 900, "Organization")
PLATFORM = account("web-flow", 19864447)
BOT = account("review-helper[bot]", 49699333, "Bot")


@lru_cache(1024)
def person(company: Company, number: int) -> dict[str, Any]:
    """Return the account of a person."""
    return account(company.person(number).login, 1000 + number)


def repository() -> dict[str, Any]:
    """Return the repository."""
    return {
        "id": 1296269,
        "node_id": "R_kgDOABPHjQ",
        "name": REPOSITORY,
        "full_name": NAME,
        "private": True,
        "owner": OWNER,
        "html_url": f"{SITE}/{NAME}",
        "description": "The storefront.",
        "fork": False,
        "url": REPO,
        **{f"{name}_url": REPO + path for name, path in _OF_REPO.items()},
        "git_url": f"git://github.com/{NAME}.git",
        "ssh_url": f"git@github.com:{NAME}.git",
        "clone_url": f"{SITE}/{NAME}.git",
        "svn_url": f"{SITE}/{NAME}",
        "homepage": None,
        "mirror_url": None,
        "language": "Python",
        "license": None,
        "size": 108,
        **dict.fromkeys(_ZERO, 0),
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "archived": False,
        "disabled": False,
        "visibility": "private",
        "default_branch": BRANCH,
        "pushed_at": "2026-06-30T12:00:00Z",
        "created_at": "2020-01-26T19:01:12Z",
        "updated_at": "2026-06-30T12:00:00Z",
    }


REPOSITORY_OBJECT = repository()


def commit(
    company: Company, sha: str, parents: list[str], author: int, at: datetime, message: str, *, by_platform: bool = True
) -> dict[str, Any]:
    """Return a commit; one that GitHub itself made has its committer."""
    someone = company.person(author)
    written = {"name": f"{someone.first} {someone.last}", "email": someone.email, "date": stamp(at)}
    platform = {"name": "GitHub", "email": "noreply@github.com", "date": stamp(at)}
    verified = {"verified": by_platform, "reason": "valid" if by_platform else "unsigned"}
    return {
        "sha": sha,
        "node_id": f"C_{sha}",
        "commit": {
            "author": written,
            "committer": platform if by_platform else written,
            "message": message,
            "tree": {"sha": sha[::-1], "url": f"{REPO}/git/trees/{sha[::-1]}"},
            "url": f"{REPO}/git/commits/{sha}",
            "comment_count": 0,
            "verification": {**verified, "signature": None, "payload": None, "verified_at": None},
        },
        "url": f"{REPO}/commits/{sha}",
        "html_url": f"{SITE}/{NAME}/commit/{sha}",
        "comments_url": f"{REPO}/commits/{sha}/comments",
        "author": person(company, author),
        "committer": PLATFORM if by_platform else person(company, author),
        "parents": [
            {"sha": each, "url": f"{REPO}/commits/{each}", "html_url": f"{SITE}/{NAME}/commit/{each}"} for each in parents
        ],
    }


def parent(company: Company, number: int) -> str:
    """Return the commit of the protected branch before that of a change."""
    return company.sha("merge", number - 1) if number else company.sha("base", 0)
