# SPDX-License-Identifier: Apache-2.0
"""What one look finds between Airflow's required actions and the ledger of sign-offs. The ledger is what counts.

Airflow to ledger: what a person answered in Airflow is stored as that person's response, if it would count, and if what Airflow
showed them is what a recorded document says, word for word. Answers of earlier tries are read too, so that one which Airflow has
erased is stored all the same; within an hour, as for everything that is said (`tieout.campaigns.facts`).

Ledger to Airflow: what a person said in Slack or on our page is to be given as their answer in Airflow: `SETTLED` after the task
has parked, as Airflow 3.3 can fail one that is answered in that moment. Where that is lost, it is given again.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import rfc8785

from tieout.campaigns.answer_documents import MAX_REASON
from tieout.campaigns.events import SignedOff
from tieout.desks.case import Case
from tieout.desks.case_sign_off import sign_off
from tieout.desks.desk import AIRFLOW, Member, Refused
from tieout.desks.sign_off_desk import REQUIRED_ACTION, SignOff
from tieout.evidence.signed import CLOCK_TOLERANCE
from tieout.flows.signing import Prepared, RequiredAction, campaign_in, holding, prepared, required_action, signers
from tieout.times import instant
from tieout.web.airflow_users import Assignee, Users
from tieout.web.required_actions import Answered, Waiting

log = logging.getLogger(__name__)

SETTLED = timedelta(seconds=3)
"""How long a task has to be parked before it is answered."""
OTHERS_SECONDS = 60.0
"""How long what was read of a campaign is taken for so; what this process stores is known at once."""
ODD_SECONDS = 10.0
"""The same, where Airflow has long shown what no document says."""
_MOST_KNOWN = 10_000


class Actions(Protocol):
    """Airflow's required actions of our tasks (`tieout.web.required_actions.RequiredActions`)."""

    def waiting(self) -> list[Waiting]:
        """Return those that wait."""

    def answered(self, since: datetime) -> list[Answered]:
        """Return those that were answered since a time."""

    def assign(self, waiting: Waiting, users: tuple[Assignee, ...]) -> None:
        """Have one list who may answer it."""

    async def answer(self, waiting: Waiting, user: Any, *, approved: bool) -> int:
        """Answer one as a user; returns the HTTP status."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


Asked = tuple[Case, Prepared, RequiredAction]
"""The campaign that a required action is about, the document, and what Airflow shows of it, word for word."""


@dataclass(frozen=True, slots=True)
class ToAnswer:
    """What is to be answered in Airflow, and as whom."""

    waiting: Waiting
    user: Any
    approved: bool


@dataclass(kw_only=True)
class Reconciler:
    """Keeps both in step. One thread uses it.

    Attributes:
        cases: Opens the campaigns, or returns them; called in each look in which something waits or was answered.
        actions: Airflow's required actions.
        users: Returns Airflow's users; called once.
        now: UTC.
    """

    cases: Callable[[], Mapping[str, Case]]
    actions: Actions
    users: Callable[[], Users]
    now: Callable[[], datetime] = utc_now
    _taken: dict[str, None] = field(default_factory=dict, repr=False)
    _said: dict[str, None] = field(default_factory=dict, repr=False)
    _known: Users | None = field(default=None, repr=False)

    def look(self) -> list[ToAnswer]:
        """Store what was answered in Airflow, and return what is to be answered there. Waits for its database and the bucket.

        Raises:
            ConfigurationError: The campaigns can not be opened.
            StoreUnavailable: The store did not answer.
        """
        answered = [each for each in self.actions.answered(self.now() - CLOCK_TOLERANCE) if _name(each) not in self._taken]
        waiting = self.actions.waiting()
        if not (answered or waiting):
            return []
        cases = self.cases()
        for each in answered:
            self._take(cases, each)
        return [found for each in waiting if (found := self._answer_of(cases, each)) is not None]

    def _take(self, cases: Mapping[str, Case], answered: Answered) -> None:
        """Store an answer that was given in Airflow, if it would count and does not stand."""
        name = _name(answered)
        found = self._asked(cases, answered.subject, answered.body, answered.at)
        if found is None:
            return
        case, about, shown = found
        refused = self._store(case, about, shown, answered, name)
        if refused:
            self.once(name, f"an answer in Airflow is not stored: {refused}")
        self._taken[name] = None
        while len(self._taken) > _MOST_KNOWN:
            del self._taken[next(iter(self._taken))]

    def _store(self, case: Case, about: Prepared, shown: RequiredAction, answered: Answered, name: str) -> str | None:
        """Store an answer, or return why not."""
        person = self._users.person(answered.user_id)
        if person is None:
            return "nobody can tell whose e-mail address the Airflow user has who gave it"
        case.refresh_all(0)  # whoever gave it in Airflow for a person has read it in the bucket before
        with case.ledger.lock:
            said_before = list(case.ledger.state.signed_off)
        if any(each.interaction == name or _is_picture(answered, each, person, about) for each in said_before):
            return None
        document = {
            "version": 1,
            "surface": "airflow required action",
            "title": shown.subject,
            "about_sha256": about.sha256,
            "text": shown.body,
        }
        said = SignOff(
            campaign=case.definition.campaign,
            about_sha256=about.sha256,
            approved=answered.approved,
            reason=_storable(answered.reason),
            interaction=name,
            acted_at=answered.at,
            presented=document,
            presented_sha256=hashlib.sha256(rfc8785.dumps(document)).hexdigest(),
            channel=REQUIRED_ACTION,
        )
        stored = sign_off(case, Member(AIRFLOW, answered.user_id, person), said, self.now())
        return stored.reason if isinstance(stored, Refused) else None

    def _answer_of(self, cases: Mapping[str, Case], waiting: Waiting) -> ToAnswer | None:
        """Return what is to be answered to one that waits; nothing while nobody has signed off, or it has just parked."""
        found = self._asked(cases, waiting.subject, waiting.body, waiting.parked_at)
        if found is None:
            return None
        case, about, _ = found
        self._assign(case, waiting)
        with case.ledger.lock:
            said = holding(case.ledger.state, about.sha256)
        if said is None or not _is_new(said, waiting.asked_at) or self.now() - waiting.parked_at < SETTLED:
            return None
        user = self._users.of(said.by)
        if user is None:
            self.once(f"user {waiting.id}", "who signed has no Airflow user; the task finds it in the ledger when it looks next")
            return None
        return ToAnswer(waiting, user, said.approved)

    def _assign(self, case: Case, waiting: Waiting) -> None:
        """Have Airflow list users in the place of persons: the task knows the latter only."""
        with case.ledger.lock:
            persons = signers(case.definition, case.ledger.state, self.now())
        listed = tuple((self._users.assignee(each[0]) or each) if each[0] in persons else each for each in waiting.assigned)
        if listed != waiting.assigned:
            self.actions.assign(waiting, listed)

    def _asked(self, cases: Mapping[str, Case], subject: str, body: str, since: datetime) -> Asked | None:
        """Return what a required action is about: nothing where no document of the campaign says what it has shown since then."""
        campaign = campaign_in(subject)
        case = cases.get(campaign) if campaign else None
        if case is None:
            self.once(f"unknown {subject}", "a required action is about no campaign that is shown here")
            return None
        recent = self.now() - since < timedelta(seconds=OTHERS_SECONDS)  # its document may just have been recorded
        for seconds in (OTHERS_SECONDS, 0 if recent else ODD_SECONDS):
            case.refresh_all(seconds)
            for about in prepared(case.ledger):
                if (shown := required_action(about)) == (subject, body):
                    return case, about, shown
        if not recent:
            self.once(
                f"other {hash((subject, body))}", "Airflow shows what no document of a campaign says: no answer to it counts"
            )
        return None

    @property
    def _users(self) -> Users:
        if self._known is None:
            self._known = self.users()
        return self._known

    def once(self, key: str, text: str) -> None:
        """Say something once."""
        if key not in self._said and len(self._said) < _MOST_KNOWN:
            self._said[key] = None
            log.warning("Sign-offs: %s", text)


def _is_new(said: SignedOff, asked_at: datetime) -> bool:
    """Whether a sign-off answers this asking: an approval does; what was returned before is asked about again."""
    return said.approved or (said.stored_at or said.at) > asked_at


def _is_picture(answered: Answered, said: SignedOff, person: str, about: Prepared) -> bool:
    """Whether an answer in Airflow is the picture of a response: what this, or another api-server, gave in the person's name."""
    same = (said.by, said.approved, said.about_sha256) == (person, answered.approved, about.sha256)
    return same and _is_new(said, answered.asked_at) and (said.stored_at or said.at) <= answered.at + SETTLED


def _name(answered: Answered) -> str:
    """Return what tells an answer from every other: that of an earlier try is the same there and here."""
    place = answered.place
    values = [place.dag_id, place.run_id, place.task_id, place.map_index, instant(answered.at), answered.user_id]
    return hashlib.sha256(rfc8785.dumps(values)).hexdigest()[:32]


def _storable(reason: str) -> str:
    """Return what was written as it can be stored: well-formed, and no longer than a reason may be."""
    text = reason.encode("utf-8", "replace").decode().strip()
    return text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 1]}…"
