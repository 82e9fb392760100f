# SPDX-License-Identifier: Apache-2.0
"""The company's pages as PagerDuty shows them: incidents with their log entries, and the people who answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.simulators.company import Company, Kind, Page

WEB = "https://shop.pagerduty.com"
API = "https://api.pagerduty.com"
SERVICES = ("Storefront", "Checkout", "Merchant interface")
FIELDS = ("root_cause", "lessons", "contained_at", "commander")
"""Custom fields of an incident."""


def stamp(time: datetime) -> str:
    """Return an instant as PagerDuty writes it."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def reference(kind: str, place: str, key: str, summary: str) -> dict[str, Any]:
    """Return a reference to an object."""
    return {
        "id": key,
        "type": f"{kind}_reference",
        "summary": summary,
        "self": f"{API}/{place}/{key}",
        "html_url": f"{WEB}/{place}/{key}",
    }


def user_id(number: int) -> str:
    """Return the id of a person."""
    return f"PU{number:06}"


def incident_id(number: int) -> str:
    """Return the id of a page."""
    return f"PT{number:07}"


def user_reference(company: Company, number: int) -> dict[str, Any]:
    """Return a reference to a person."""
    person = company.person(number)
    return reference("user", "users", user_id(number), f"{person.first} {person.last}")


def user(company: Company, number: int) -> dict[str, Any]:
    """Return a person who can be paged."""
    person = company.person(number)
    key, name = user_id(number), f"{person.first} {person.last}"
    return {
        "id": key,
        "type": "user",
        "summary": name,
        "self": f"{API}/users/{key}",
        "html_url": f"{WEB}/users/{key}",
        "name": name,
        "email": person.email,
        "time_zone": "Etc/UTC",
        "color": "green",
        "role": "admin" if person.is_admin else "user",
        "avatar_url": f"https://secure.gravatar.com/avatar/{number}.png",
        "description": None,
        "invitation_sent": False,
        "job_title": "Engineer",
        "created_via_sso": True,
        "teams": [team()],
        "contact_methods": [],
        "notification_rules": [],
    }


def team() -> dict[str, Any]:
    """Return a reference to the one team."""
    return reference("team", "teams", "PQ9K7I8", "Engineering")


def service_reference(number: int) -> dict[str, Any]:
    """Return a reference to a service."""
    return reference("service", "service-directory", f"PSVC{number:03}", SERVICES[number])


def service(number: int) -> dict[str, Any]:
    """Return a service."""
    return {
        **service_reference(number),
        "type": "service",
        "name": SERVICES[number],
        "description": f"Alerts of {SERVICES[number]}",
        "status": "active",
        "created_at": "2024-02-01T09:00:00Z",
        "auto_resolve_timeout": 14400,
        "acknowledgement_timeout": 1800,
        "escalation_policy": policy(),
        "teams": [team()],
        "alert_creation": "create_alerts_and_incidents",
        "incident_urgency_rule": {"type": "constant", "urgency": "severity_based"},
    }


def policy() -> dict[str, Any]:
    """Return a reference to the one escalation policy."""
    return reference("escalation_policy", "escalation_policies", "PT20YPA", "Engineering")


def priority(page: Page) -> dict[str, Any] | None:
    """Return the priority of a page; one that was declared an incident has one of the two highest."""
    if not page.is_major:
        return None
    name = ("P1", "P2")[page.number % 2]
    return {**reference("priority", "priorities", f"P53ZZH{page.number % 2}", name), "type": "priority", "name": name}


def resolved_or_now(page: Page) -> datetime:
    """Return when a page's status changed last."""
    return page.resolved_at or page.acknowledged_at or page.raised_at


def title(number: int) -> str:
    """Return the title of an incident."""
    return f"{SERVICES[number % len(SERVICES)]}: error rate above its limit"


def incident(company: Company, number: int) -> dict[str, Any]:
    """Return a page as an incident."""
    page = company.page(number)
    key = incident_id(number)
    responder, changed = user_reference(company, page.responder), stamp(resolved_or_now(page))
    is_done = page.resolved_at is not None
    return {
        "id": key,
        "type": "incident",
        "summary": f"[#{number + 1}] {title(number)}",
        "self": f"{API}/incidents/{key}",
        "html_url": f"{WEB}/incidents/{key}",
        "incident_number": number + 1,
        "title": title(number),
        "created_at": stamp(page.raised_at),
        "updated_at": changed,
        "status": "resolved" if is_done else "triggered" if page.acknowledged_at is None else "acknowledged",
        "incident_key": f"{number:032x}",
        "service": service_reference(number % len(SERVICES)),
        "assignments": [] if is_done else [{"at": stamp(page.raised_at), "assignee": responder}],
        "assigned_via": "escalation_policy",
        "last_status_change_at": changed,
        "last_status_change_by": responder if is_done else service_reference(number % len(SERVICES)),
        "resolved_at": stamp(page.resolved_at) if page.resolved_at else None,
        "first_trigger_log_entry": reference("trigger_log_entry", "log_entries", f"R{number:07}0", "Triggered through the API"),
        "alert_counts": {"all": 1, "triggered": int(not is_done), "resolved": int(is_done)},
        "is_mergeable": True,
        "incident_type": {"name": "incident_default"},
        "escalation_policy": policy(),
        "teams": [team()],
        "pending_actions": [],
        "acknowledgements": [],
        "incidents_responders": [],
        "responder_requests": [],
        "resolve_reason": None,
        "urgency": page.urgency,
        **({"priority": found} if (found := priority(page)) else {}),
    }


def learned(company: Company, page: Page) -> dict[str, str]:
    """Return what was recorded of a declared incident, by custom field."""
    cause = {} if page.fault is Kind.INCIDENT_OPEN else {"root_cause": "A pool of connections ran empty"}
    contained = page.acknowledged_at or page.raised_at
    return {
        **cause,
        "lessons": "Alert before the pool is empty",
        "contained_at": stamp(contained),
        "commander": company.person(page.responder).email,
    }


def custom_fields(company: Company, page: Page) -> list[dict[str, Any]]:
    """Return the custom fields of a page. The company fills them in for every second one; for the others it writes notes."""
    values = learned(company, page) if page.is_major and page.number % 4 < 2 else {}
    return [
        {
            "id": f"PF{place:05}",
            "type": "field_value",
            "name": name,
            "display_name": name.replace("_", " ").capitalize(),
            "description": "Filled in by the commander",
            "data_type": "string",
            "field_type": "single_value",
            "value": values.get(name),
        }
        for place, name in enumerate(FIELDS)
    ]


def entry_times(page: Page) -> list[tuple[datetime, str]]:
    """Return when each log entry of a page was made, and its kind, in order."""
    found = [(page.raised_at, "trigger"), (page.raised_at, "notify")]
    if page.acknowledged_at:
        found.append((page.acknowledged_at, "acknowledge"))
    if page.resolved_at and page.is_major and page.number % 4 >= 2:
        found.append((page.resolved_at, "annotate"))
    if page.resolved_at:
        found.append((page.resolved_at, "resolve"))
    return found


def log_entry(company: Company, page: Page, place: int) -> dict[str, Any]:
    """Return one log entry of a page."""
    at, kind = entry_times(page)[place]
    number, key = page.number, f"R{page.number:07}{place}"
    by_person = kind in ("acknowledge", "annotate", "resolve")
    subject = service_reference(number % len(SERVICES))
    entry = {
        "id": key,
        "type": f"{kind}_log_entry",
        "summary": f"{kind.capitalize()} of incident {number + 1}",
        "self": f"{API}/log_entries/{key}?incident_id={incident_id(number)}",
        "html_url": f"{WEB}/incidents/{incident_id(number)}/log_entries/{key}",
        "created_at": stamp(at),
        "agent": user_reference(company, page.responder) if by_person else subject,
        "channel": {"type": {"trigger": "api", "notify": "auto", "annotate": "note"}.get(kind, "website")},
        "incident": reference("incident", "incidents", incident_id(number), f"[#{number + 1}] {title(number)}"),
        "service": subject,
        "teams": [team()],
        "contexts": [],
    }
    if kind == "notify":
        entry["user"] = user_reference(company, page.responder)
    if kind == "annotate":
        said = learned(company, page)
        text = "\n".join(f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in said.items())
        entry["note"], entry["channel"]["summary"] = text, text
    return entry
