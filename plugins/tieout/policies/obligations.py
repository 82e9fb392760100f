# SPDX-License-Identifier: Apache-2.0
"""Who is to acknowledge which policy: people as of a date, held against the policies in force on the day of the freeze.

Every person of every list gets a row for every policy, so that nobody is left out without a word:

    excluded   the person has left or not started, the policy is not for them, or another system lists them as well
    standing   this version was acknowledged, and no new cycle asks for it again
    asked      another campaign that is open asks the person for this version already
    paused     the person is on leave on the day of the freeze; the first campaign after it asks
    assigned   everybody else

One rule covers joiners, whoever comes back from leave, a new version and a new cycle: who has no standing acknowledgment is
asked. What was said of an earlier version stays with that version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tieout.campaigns.items import item_id
from tieout.criteria.acknowledgments import Acknowledgment
from tieout.criteria.calendar import Calendar
from tieout.criteria.policies import Policy, PolicyVersion
from tieout.persons import normalised

Row = dict[str, Any]
ASSIGNED, EXCLUDED = "assigned", "excluded"
FIRST, JOINER, VERSION, CYCLE, AGAIN = "first time", "joiner", "new version", "new cycle", "not acknowledged before"
_OF_PERSON = (
    "system", "person", "as_of", "worker_type", "department", "employment", "started_on", "left_on", "leave_from", "leave_until",
    "manager",
)  # fmt: skip
_EMPLOYMENT = {"left": "the person has left", "not_started": "the person has not started"}
OPTIONS_BETWEEN = " | "


@dataclass(frozen=True, slots=True)
class Given:
    """An acknowledgment that a person gave: of which version, when, in which campaign."""

    version: str
    at: datetime
    campaign: str


@dataclass(frozen=True, slots=True)
class History:
    """What earlier campaigns of the control have asked and heard, by person and policy.

    Attributes:
        given: Acknowledgments, in any order.
        open: Version and campaign of what a campaign that is open asks.
        missed: Versions that somebody was asked for and did not acknowledge.
    """

    given: Mapping[tuple[str, str], tuple[Given, ...]] = field(default_factory=dict)
    open: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    missed: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a campaign is worked out from besides its people.

    Attributes:
        campaign: Its id.
        acknowledgment: The section of the control's file.
        policies: Those that it names, by id, in its order.
        calendar: The program's.
        frozen_on: Local day of the freeze.
        due_at: By when everybody is to acknowledge, UTC, where that is not as the section says.
    """

    campaign: str
    acknowledgment: Acknowledgment
    policies: Mapping[str, Policy]
    calendar: Calendar
    frozen_on: date
    due_at: datetime | None = None

    def in_force(self) -> dict[str, tuple[Policy, PolicyVersion]]:
        """Return the policies that are in force on the day of the freeze, each with its version."""
        found = {name: (policy, policy.in_force(self.frozen_on)) for name, policy in self.policies.items()}
        return {name: (policy, version) for name, (policy, version) in found.items() if version is not None}


def obligations(people: Iterable[Mapping[str, Any]], terms: Terms, history: History) -> Iterator[Row]:
    """Yield rows of ``policy_assignment.v1``, for each person those of all policies in force, in the order of both.

    Args:
        people: Rows of ``roster_entry.v2``, one system after the other. Who stands in several counts, for each policy, in the
            first one that gives no reason to leave them out.
        terms: Of the campaign.
        history: Of the control's earlier campaigns.
    """
    maker, first = _Maker(terms, history), dict[str, str]()
    for row in people:
        person = normalised(row["person"])
        yield from maker.rows(row, person, is_first=first.setdefault(person, row["system"]) == row["system"])


class _Maker:
    """Makes the rows of one campaign."""

    def __init__(self, terms: Terms, history: History) -> None:
        self._terms, self._history = terms, history
        self._policies = {name: (found, _of_version(name, *found)) for name, found in terms.in_force().items()}
        self._counted: dict[tuple[str, str], str] = {}
        """System whose row counts, by person and policy."""
        self._due = self._end(terms.acknowledgment.due_day(terms.frozen_on, terms.calendar.business))

    def rows(self, row: Mapping[str, Any], person: str, *, is_first: bool) -> Iterator[Row]:
        """Yield the rows of one person of a list; ``is_first`` says that no system before lists the person."""
        about = {name: row[name] for name in _OF_PERSON} | {"person": person}
        for name, ((policy, version), columns) in self._policies.items():
            key = [self._terms.campaign, person, name, *([] if is_first else [row["system"]])]
            made = {"campaign_id": self._terms.campaign, "policy": name, "item": item_id(key), **about, **columns}
            said = self._judged(row, person, name, policy, version)
            if said["status"] != EXCLUDED:
                self._counted.setdefault((person, name), row["system"])
            yield made | _NOTHING | said

    def _judged(self, row: Mapping[str, Any], person: str, name: str, policy: Policy, version: PolicyVersion) -> Row:
        """Return status, reason, basis and what goes with them."""
        excluded = self._excluded(row, self._counted.get((person, name)), policy)
        if excluded:
            return {"status": EXCLUDED, "reason": excluded}
        given = sorted(self._history.given.get((person, name), ()), key=lambda each: each.at)
        of_version = [each for each in given if each.version == version.version]
        if of_version and not self._is_over(of_version[-1]):
            last = of_version[-1]
            return {
                "status": "standing", "reason": f"acknowledged in {last.campaign}", "acknowledged_at": last.at,
                "campaign_of_standing": last.campaign,
            }  # fmt: skip
        asking = self._history.open.get((person, name))
        if asking and asking[0] == version.version:
            return {"status": "asked", "reason": f"{asking[1]} is open", "campaign_of_standing": asking[1]}
        if away := self._away(row):
            return {"status": "paused", "reason": away}
        basis = self._basis(row, given, of_version, version.version in self._history.missed.get((person, name), ()))
        return {"status": ASSIGNED, "basis": basis, "assigned_on": self._terms.frozen_on, "due_at": self._due_of(row, basis)}

    def _excluded(self, row: Mapping[str, Any], elsewhere: str | None, policy: Policy) -> str | None:
        if elsewhere:
            return f"{elsewhere} lists the person as well, and the row there counts"
        left = row["left_on"]
        if left is not None and left < self._terms.frozen_on:  # after the list was made
            return _EMPLOYMENT["left"]
        return _EMPLOYMENT.get(row["employment"]) or policy.audience.leaves_out(row["worker_type"], row["department"])

    def _away(self, row: Mapping[str, Any]) -> str | None:
        """Return why somebody is not asked now who is on leave; the last day is a day of leave."""
        begins, ends, day = row["leave_from"], row["leave_until"], self._terms.frozen_on
        if begins is None or day < begins or (ends is not None and ends < day):
            return None
        return f"on leave until {ends}" if ends else "on leave"

    def _is_over(self, given: Given) -> bool:
        """Whether a new cycle asks for an acknowledgment again on the day of the freeze."""
        months = self._terms.acknowledgment.repeat_after_months
        return months is not None and months_later(self._terms.calendar.day_of(given.at), months) <= self._terms.frozen_on

    def _basis(self, row: Mapping[str, Any], given: list[Given], of_version: list[Given], missed: bool) -> str:
        if of_version:
            return CYCLE
        if missed:
            return AGAIN
        if given:
            return VERSION
        return JOINER if self._joiner_due(row) else FIRST

    def _joiner_due(self, row: Mapping[str, Any]) -> date | None:
        """Return the day by which a joiner is to acknowledge; ``None`` for who is none: that day is past."""
        started = row["started_on"]
        if started is None:
            return None
        day = self._terms.acknowledgment.joiner_due_day(started, self._terms.calendar.business)
        return day if day is not None and day >= self._terms.frozen_on else None

    def _due_of(self, row: Mapping[str, Any], basis: str) -> datetime:
        own = self._joiner_due(row) if basis == JOINER else None
        return self._terms.due_at or (self._end(own) if own else self._due)

    def _end(self, day: date) -> datetime:
        return self._terms.calendar.midnight(day + timedelta(days=1))


_NOTHING: Row = dict.fromkeys(
    ("reason", "basis", "assigned_on", "due_at", "acknowledged_at", "campaign_of_standing"),
)


def _of_version(name: str, policy: Policy, version: PolicyVersion) -> Row:
    """Return the columns that say what is to be acknowledged."""
    question = version.question
    return {
        "policy": name,
        "policy_title": policy.title,
        "document_version": version.version,
        "document_sha256": version.sha256,
        "document_link": version.link,
        "language": version.language,
        "statement": version.statement,
        "statement_sha256": hashlib.sha256(version.statement.encode()).hexdigest(),
        "question": question.text if question else None,
        "question_options": OPTIONS_BETWEEN.join(question.options) if question else None,
        "question_expected": question.expected if question else None,
        "document_effective_from": version.effective_from,
        "document_approver": version.approver,
    }


def months_later(day: date, months: int) -> date:
    """Return the same day so many months later; the last day of the month where it has no such day."""
    count = day.year * 12 + day.month - 1 + months
    first = date(count // 12, count % 12 + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return min(first + timedelta(days=day.day - 1), last)
