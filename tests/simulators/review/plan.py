# SPDX-License-Identifier: Apache-2.0
"""What the people of Shop decide, who is asked about what, and everything that the evidence has to show of it.

Written down by what the lists are made of, without the library: a test, and the demo, hold what has landed against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from tests.simulators.review.lists import SOMEBODY, UNUSED, Entry, entries
from tests.simulators.review.staff import HEAD, IT, PLATFORM, SECURITY, mail, workers

CONTROL, WINDOW, SYSTEMS = "cc6_3_code_and_cloud_review", "2026-Q1", ("aws", "github", "okta")
OFFBOARDING, ONBOARDING = "cc6_2_offboarding", "cc6_2_onboarding"
SERVICES, CHANGES_OF_ROLE = "cc6_1_service_account_review", "cc6_3_role_changes"
SIGNER = SECURITY
NOT_MET, UNKNOWN, MET = "not met", "not determinable", "met"
FORGOTTEN = ("github", f"gh-support-{UNUSED + 1:02}", "repository:shop/website read")
"""What is revoked, and still stands in the second list."""
OWN = ("aws", "AIDA-platform", "policy:AdministratorAccess")
"""What the Platform Lead has in the system that the Platform Lead owns, and tries to keep."""
BACKUP = ("aws", "role-backup", "policy:BackupOperator")
_ORPHAN = next(each.key for each in entries() if each.holder == SOMEBODY)
_LEFT = ("github", "gh-left", "repository:shop/storefront write")
_CODE = ("github", "gh-storefront-02", "repository:shop/storefront write")
_DEPLOY = ("aws", "AIDA-storefront02", "policy:DeployProduction")
_CONTRACTOR = ("github", "gh-contractor-3", "repository:shop/website write")
DECISIONS = {
    _LEFT: ("revoke", "has left in February"),
    _DEPLOY: ("revoke", "writes the code, and is not on call any more"),
    _ORPHAN: ("revoke", "nobody knows who this is"),
    FORGOTTEN: ("revoke", "not used for half a year"),
    _CONTRACTOR: ("revoke", "no second factor, and the work is done"),
    BACKUP: ("change", "needs somebody who answers for it: the IT Lead"),
}
"""Choice and reason of everything that is not kept."""


@dataclass(frozen=True)
class Case:
    """One thing that the evidence has to show.

    Attributes:
        what: In words.
        control: The control that it counts against; what can not be told counts against none, and stands with the review's.
        rule: Of the review's contract.
        result: What the rule comes to.
        row: System, account and entitlement.
    """

    what: str
    control: str
    rule: str
    result: str
    row: tuple[str, str, str]


def decide(title: str) -> tuple[str, str | None]:
    """Return what somebody decides on an item, by its title on the page."""
    found = (said for (_, account, entitlement), said in DECISIONS.items() if f": {account} has {entitlement}" in title)
    return next(found, ("keep", None))


def carried_out(listed: Iterable[Entry]) -> list[Entry]:
    """Return what stands after the removals: one was forgotten, one service account was given to somebody."""
    found = []
    for each in listed:
        choice, _ = DECISIONS.get(each.key, ("keep", None))
        if choice == "keep" or each.key == FORGOTTEN:
            found.append(each)
        elif choice == "change":
            found.append(replace(each, holder=IT))
    return found


def reviewer(each: Entry) -> str:
    """Return the name of who decides: the system's owner, of Okta the holder's manager; nobody on what is theirs."""
    manager = next((worker.manager for worker in workers() if worker.name == each.holder), "")
    owner = {"github": HEAD, "aws": PLATFORM, "okta": IT}[each.system]
    order = (manager, owner) if each.system == "okta" else (owner, manager)
    return next(name for name in order if name not in ("", each.holder))


def cases() -> Iterator[Case]:
    """Yield what no rule of the review's contract meets, and what no rule can tell."""
    yield Case("a terminated user who is still active", OFFBOARDING, "access_ended_with_employment", NOT_MET, _LEFT)
    yield Case("an orphan grant", ONBOARDING, "somebody_answers_for_it", NOT_MET, _ORPHAN)
    yield Case("an orphan grant", CONTROL, "access_ended_with_employment", UNKNOWN, _ORPHAN)
    what = "a service account without an owner"
    yield Case(what, SERVICES, "service_accounts_have_an_owner", NOT_MET, BACKUP)
    yield Case(what, ONBOARDING, "somebody_answers_for_it", NOT_MET, BACKUP)
    for rule in ("access_ended_with_employment", "reviewer_is_another_person"):
        yield Case(what, CONTROL, rule, UNKNOWN, BACKUP)
    for row in (_CODE, _DEPLOY):
        yield Case("a toxic pair", CHANGES_OF_ROLE, "no_toxic_combination", NOT_MET, row)
    yield Case("a revocation that is not proven", CONTROL, "carried_out_in_time", UNKNOWN, FORGOTTEN)


def as_document() -> dict[str, Any]:
    """Return all that is known of the review, as a file states it."""
    listed = entries()
    rows = [
        {"row": each.key, "reviewer": mail(reviewer(each)), "decision": DECISIONS.get(each.key, ("keep", None))[0]}
        for each in listed
    ]
    own = Case("a self-review attempt", CONTROL, "reviewer_is_another_person", MET, OWN)
    return {
        "control": CONTROL,
        "window": WINDOW,
        "signer": mail(SIGNER),
        "rows": rows,
        "cases": [asdict(each) for each in cases()],
        "own": asdict(own),
    }
