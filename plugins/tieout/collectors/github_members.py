# SPDX-License-Identifier: Apache-2.0
"""Who may do what in an organization and a repository on GitHub: members by role, and everybody with access to the repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from tieout.collectors.evidence_columns import ACCESS
from tieout.collectors.frame import Frame
from tieout.collectors.github import NO_NAME, Github
from tieout.collectors.github_parameters import RepositoryParameters
from tieout.collectors.row_tables import Row, row_tables, text
from tieout.times import instant

_KEPT = ("account", "entitlement", "as_of", "read_at", "holder", "account_kind", "account_status", "privileged")
BLIND_SPOTS = (
    "GitHub shows who has access now, not since when, and not when an account was last used.",
    "Through which team or default somebody has access to the repository is not shown.",
    "Deploy keys, apps and tokens with access to the repository are no accounts and not listed.",
    "Second factors are shown of members alone, to owners of the organization.",
    NO_NAME,
)
_ROLES = {"admin": "owner", "member": "member"}
_KINDS = {"User": "person", "Bot": "service"}


class Parameters(RepositoryParameters):
    """What the control's YAML says."""

    ask_factors: bool = True
    """Whether to ask which members have no second factor, for which the token's owner has to own the organization."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the members by role and the repository's collaborators, a row for each account and entitlement.

    Raises:
        ConfigurationError: A parameter is wrong, or the token may not read them.
        ExtractionRefused: The window ended long ago.
    """
    asked = frame.parameters(Parameters)
    members, collaborators = f"/orgs/{asked.organization}/members", f"{asked.path}/collaborators"
    github, shared = Github(frame, asked), {"as_of": instant(frame.as_of_the_end()), "read_at": instant(frame.clock())}
    without = {each["login"] for each in github.records(members, filter="2fa_disabled")} if asked.ask_factors else None
    totals = [github.total(members), github.total(collaborators, affiliation="all")]
    query = f"GET {members} by role; GET {collaborators}; GET {members} with filter 2fa_disabled: {asked.ask_factors}"
    github.state(members, query, {"repository": asked.name, "read at": shared["read_at"]}, BLIND_SPOTS)
    rows: list[Row] = []
    factors: dict[str, bool | None] = {}
    for role, name in _ROLES.items():
        for each in github.records(members, role=role):
            factors[each["login"]] = None if without is None else each["login"] not in without
            rows.append(_row(each, f"{asked.organization}: {name}", role == "admin", factors, shared))
    for each in github.records(collaborators, affiliation="all"):
        can = each.get("permissions") or {}
        is_privileged = bool(can.get("admin") or can.get("maintain"))
        rows.append(_row(each, f"{asked.name}: {each['role_name']}", is_privileged, factors, shared))
    github.count(len(rows), totals, "members and collaborators")
    yield from row_tables(rows, ACCESS)


def _row(user: Mapping[str, Any], entitlement: str, privileged: bool, factors: Mapping[str, bool | None], shared: Row) -> Row:
    kind = _KINDS.get(user["type"], "unknown")
    return {
        **dict.fromkeys(ACCESS),
        **shared,
        "account": user["login"],
        "entitlement": entitlement,
        "holder": (user.get("email") or user["login"]) if kind == "person" else None,
        "account_kind": kind,
        "account_status": "active",
        "privileged": text(privileged),
        "mfa": text(factors.get(user["login"])),
    }
