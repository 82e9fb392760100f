# SPDX-License-Identifier: Apache-2.0
"""What protects the made-up company's repository on GitHub: the branch's protection, alerts of Dependabot, the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.simulators.company import BRANCH, BRANCH_EVENTS, ORGANIZATION, Company, Kind
from tests.simulators.github_objects import NAME, REPO, SITE, person, stamp

ALERTS = 24
"""Alerts of the period."""
_SEVERITIES = ("low", "medium", "high", "critical")
_DAYS = {"critical": 7, "high": 30, "medium": 90, "low": 180}
_PACKAGES = ("django", "jinja2", "requests", "urllib3", "pillow", "lodash")


def protection(company: Company) -> dict[str, Any]:
    """Return the branch's protection, as it is to be."""
    del company
    url = f"{REPO}/branches/{BRANCH}/protection"
    return {
        "url": url,
        "required_status_checks": {
            "url": f"{url}/required_status_checks",
            "strict": True,
            "contexts": ["build", "lint", "test"],
            "contexts_url": f"{url}/required_status_checks/contexts",
            "checks": [{"context": name, "app_id": 15368} for name in ("build", "lint", "test")],
        },
        "required_pull_request_reviews": {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": True,
            "require_code_owner_reviews": False,
            "require_last_push_approval": True,
            "required_approving_review_count": 1,
            "bypass_pull_request_allowances": {"users": [], "teams": [], "apps": []},
        },
        "required_signatures": {"url": f"{url}/required_signatures", "enabled": False},
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": True},
        "required_linear_history": {"enabled": False},
        "allow_force_pushes": {"enabled": False},
        "allow_deletions": {"enabled": False},
        "block_creations": {"enabled": False},
        "required_conversation_resolution": {"enabled": True},
        "lock_branch": {"enabled": False},
        "allow_fork_syncing": {"enabled": False},
    }


def alert(company: Company, number: int) -> dict[str, Any]:
    """Return an alert, fixed in time; some were dismissed as a risk that is accepted."""
    severity, package = _SEVERITIES[number % 4], _PACKAGES[number % len(_PACKAGES)]
    raised = company.at("dependabot", number, ALERTS)
    done = raised + timedelta(days=_DAYS[severity] * 0.7 * company.chance("patched", number))
    is_dismissed = number % 8 == 5
    ghsa, cve = f"GHSA-{number:04d}-made-up00", f"CVE-2026-{10000 + number}"
    named = {"ecosystem": "pip", "name": package}
    weakness = {
        "package": named,
        "severity": severity,
        "vulnerable_version_range": "< 2.0.2",
        "first_patched_version": {"identifier": "2.0.2"},
    }
    return {
        "number": number + 1,
        "state": "dismissed" if is_dismissed else "fixed",
        "dependency": {"package": named, "manifest_path": "requirements.txt", "scope": "runtime", "relationship": "direct"},
        "security_advisory": {
            "ghsa_id": ghsa,
            "cve_id": cve,
            "summary": f"{package} can be made to read what it should not",
            "description": "Made up.",
            "severity": severity,
            "identifiers": [{"type": "GHSA", "value": ghsa}, {"type": "CVE", "value": cve}],
            "references": [{"url": f"https://nvd.nist.gov/vuln/detail/{cve}"}],
            "published_at": stamp(raised - timedelta(days=1)),
            "updated_at": stamp(raised),
            "withdrawn_at": None,
            "vulnerabilities": [weakness],
            "cvss": {"score": 7.5, "vector_string": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"},
            "cwes": [{"cwe_id": "CWE-200", "name": "Exposure of Sensitive Information to an Unauthorized Actor"}],
        },
        "security_vulnerability": weakness,
        "url": f"{REPO}/dependabot/alerts/{number + 1}",
        "html_url": f"{SITE}/{NAME}/security/dependabot/{number + 1}",
        "created_at": stamp(raised),
        "updated_at": stamp(done),
        "dismissed_at": stamp(done) if is_dismissed else None,
        "dismissed_by": person(company, 1) if is_dismissed else None,
        "dismissed_reason": "tolerable_risk" if is_dismissed else None,
        "dismissed_comment": "Not reachable from outside." if is_dismissed else None,
        "fixed_at": None if is_dismissed else stamp(done),
        "auto_dismissed_at": None,
        "assignees": [person(company, company.engineer("patcher", number))],
    }


def branch_events(company: Company, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return the events between two times, both included, oldest first: what was set, and attempts that were refused."""
    numbers = company.numbers("branch event", BRANCH_EVENTS, since, until + timedelta(seconds=1))
    return [branch_event(company, number) for number in numbers]


def branch_event(company: Company, number: int) -> dict[str, Any]:
    """Return an event of the audit log."""
    at = int(company.at("branch event", number, BRANCH_EVENTS).timestamp() * 1000)
    kinds: tuple[tuple[str, dict[str, Any]], ...] = (
        ("protected_branch.rejected_ref_update", {"branch": f"refs/heads/{BRANCH}", "reasons": [{"code": "review_policy"}]}),
        ("protected_branch.update_require_code_owner_review", {"name": BRANCH, "require_code_owner_review": True}),
        ("protected_branch.update_admin_enforced", {"name": BRANCH, "admin_enforced": True}),
        ("repo.add_member", {"user": company.person(3).login, "permission": "write"}),
        ("repository_ruleset.create", {"ruleset_name": "releases", "ruleset_enforcement": "enabled"}),
    )
    action, more = kinds[number % len(kinds)]
    if company.fault_of("branch event", number) is Kind.PROTECTION_WEAKENED:
        action, more = "protected_branch.update_admin_enforced", {"name": BRANCH, "admin_enforced": False}
    return {
        "@timestamp": at,
        "_document_id": branch_event_id(company, number),
        "action": action,
        "actor": company.person(1).login,
        "actor_id": 1001,
        "actor_location": {"country_code": "DE"},
        "created_at": at,
        "operation_type": "modify",
        "org": ORGANIZATION,
        "org_id": 900,
        "repo": NAME,
        "repo_id": 1296269,
        **more,
    }


def branch_event_id(company: Company, number: int) -> str:
    """Return the id of an event of the protected branch's settings."""
    return f"doc{company.sha('branch event', number)[:20]}"
