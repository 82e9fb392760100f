# SPDX-License-Identifier: Apache-2.0
"""The desk over the ledgers of campaigns: it shows what they say, and stores what people say in them.

What it reads of an assignment may be as old as `case.FRESH_SECONDS`, but for what this process stored. Whether an answer counts
is the fold's to say in the end; what it would not count is refused here beforehand, and not stored.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tieout.campaigns.events import Decided, ItemDecision, Said
from tieout.campaigns.folding import refusals
from tieout.campaigns.rights import may_answer
from tieout.desks.afterwards import Afterwards
from tieout.desks.case import Case
from tieout.desks.case_sign_off import sign_off, sign_off_request
from tieout.desks.desk import LINK, Answer, Member, Page, Refused, Stored, Summary, Task, Tasks
from tieout.desks.forms import FormDesk
from tieout.desks.items import Item
from tieout.desks.refusals import NOT_GIVEN, ON_ITS_PAGE, in_words
from tieout.desks.sign_off_desk import SignOff, SignOffRequest, SignOffStored
from tieout.errors import CannotCheck, VerificationError

log = logging.getLogger(__name__)

UNKNOWN = "This does not know you, or not under the Slack account that you use now."
"""Said of a campaign that is not there as well: nobody learns which there are."""
ONE_ANSWER = "This was answered already, and the link takes nothing more."


@dataclass(frozen=True)
class CampaignDesk:
    """A desk over campaigns (`tieout.desks.desk.Desk`). Thread-safe.

    Attributes:
        cases: Returns the campaigns that are shown, by id, those that are closed among them.
        find_names: Returns the names of persons, as far as they are known here.
        now: UTC.
        background: Does something while nobody waits for it.
        forms: Asks for forms, and for looks at them; ``None`` where there are none.
    """

    cases: Callable[[], Mapping[str, Case]]
    find_names: Callable[[Iterable[str]], Mapping[str, str]]
    now: Callable[[], datetime]
    background: Callable[[Callable[[], object]], object] = field(default_factory=lambda: _aside(Afterwards("tieout-campaigns")))
    forms: FormDesk | None = None

    def tasks(self, who: Member) -> Tasks:
        """As `Desk.tasks`."""
        known = [summary for case in self.cases().values() if (summary := self._summary(who, case)) is not None]
        waiting = [each for each in known if each.closed is None and any(task.open for task in each.tasks)]
        waiting.sort(key=lambda each: min(task.due_at for task in each.tasks if task.open))
        done = [task for each in known for task in each.tasks if each.closed is not None or not task.open]
        done.sort(key=lambda task: task.done_at or task.due_at, reverse=True)
        return Tasks(tuple(waiting), tuple(done))

    def summary(self, who: Member, campaign: str) -> Summary | None:
        """As `Desk.summary`."""
        case = self.cases().get(campaign)
        return self._summary(who, case) if case else None

    def page(self, who: Member, campaign: str, assignment: str, after: str | None) -> Page | Task | Refused:
        """As `Desk.page`."""
        case = self._case(who, campaign, assignment)
        if isinstance(case, Refused):
            return case
        now = self.now()
        waiting = case.open_of(who.person, assignment, now)
        task = case.task(who.person, assignment, now)
        if not task.total:
            return Refused(case.closed() or NOT_GIVEN)
        places = {item: place for place, item in enumerate(case.definition.assignments[assignment].items)}
        start = places[after] + 1 if after in places else 0
        ahead = [item for item in waiting if places[item] >= start]
        if case.closed() is not None or not ahead:
            return task if case.closed() is None else Refused(case.closed() or "")
        before = len(waiting) - len(ahead)
        most = case.page_items
        of = -(-len(waiting) // most)
        items = _numbered(case, places, ahead[:most])
        case.give(assignment, ahead[:most])
        return _page(case, task, min(of, before // most + 1), of, items)

    def shown(self, who: Member, campaign: str, assignment: str, items: Sequence[str]) -> Page | Refused:
        """As `Desk.shown`."""
        case = self._case(who, campaign, assignment, items)  # what comes back of it
        if isinstance(case, Refused):
            return case
        places = {item: place for place, item in enumerate(case.definition.assignments[assignment].items)}
        if not items or not places.keys() >= set(items):
            return Refused("An item is not part of what was given to you.")
        now = self.now()
        with case.ledger.lock:
            state = case.ledger.state
            reasons = [may_answer(case.definition, state, who.person, assignment, item, now) for item in items]
        if (why := next((each for each in reasons if each is not None), None)) is not None:
            return Refused(in_words(why, case.closed()))
        listed = _numbered(case, places, sorted(set(items), key=lambda item: places[item]))
        return _page(case, case.task(who.person, assignment, now), 1, 1, listed)

    def answer(self, who: Member, answer: Answer) -> Stored | Refused:
        """As `Desk.answer`."""
        case = self._case(who, answer.campaign, answer.assignment)
        if isinstance(case, Refused):
            return case
        said = _decided(case, who, answer)
        with case.ledger.lock:
            refused = refusals(case.ledger.state, said, self.now())
        if refused:
            return Refused(in_words(refused[0].why, case.closed()))
        if (standing := case.standing(said)) is not None:  # delivered again, or tried again after it was stored too late
            return self._stored(case, who, answer.assignment, standing, now=False)
        still_open = case.open_of(who.person, answer.assignment, self.now())
        if who.team == LINK and not {each.item for each in said.decisions} <= set(still_open):
            return Refused(ONE_ANSWER)
        presented = case.responder.present(answer.assignment, answer.presented, answer.presented_sha256)
        if presented != answer.presented_sha256:
            msg = f"assignment {answer.assignment}: expected what was shown to have the hash that was carried, got another one."
            raise CannotCheck(msg)
        stored = case.responder.respond(said, look=False)  # its place was listed a moment ago
        case.add(stored.key, stored.event)
        return self._stored(case, who, answer.assignment, stored.event, now=stored.stored_now)

    def names(self, persons: Iterable[str]) -> Mapping[str, str]:
        """As `Desk.names`."""
        return self.find_names(persons)

    def contacts(self, who: Member, campaign: str) -> tuple[Member, ...]:
        """As `Desk.contacts`."""
        case = self.cases().get(campaign)
        if case is None or not case.knows(who):
            return ()
        pins = case.definition.pins
        found = [(person, pins.get(person)) for person in case.definition.managers_of_program]
        return tuple(Member(pin.team, pin.user, person) for person, pin in found if pin is not None)

    def sign_offs(self, who: Member) -> tuple[SignOffRequest, ...]:
        """As `SignOffDesk.sign_offs`."""
        found = []
        for case in self.cases().values():
            try:
                asked = sign_off_request(case, who, self.now())
            except VerificationError as error:  # what else somebody has to do is shown all the same
                log.error("Campaign %s: its sign-off is not shown: %s", case.definition.campaign, error)
                continue
            if not isinstance(asked, Refused) and asked.waits:
                found.append(asked)
        return tuple(sorted(found, key=lambda each: each.recorded_at))

    def sign_off_request(self, who: Member, campaign: str) -> SignOffRequest | Refused:
        """As `SignOffDesk.sign_off_request`."""
        return sign_off_request(self.cases().get(campaign), who, self.now())

    def sign_off(self, who: Member, said: SignOff) -> SignOffStored | Refused:
        """As `SignOffDesk.sign_off`."""
        return sign_off(self.cases().get(said.campaign), who, said, self.now())

    def _stored(self, case: Case, who: Member, assignment: str, event: Said, *, now: bool) -> Stored:
        task = case.task(who.person, assignment, self.now())
        return Stored(event.id, event.stored_at or event.at, task, now)

    def _summary(self, who: Member, case: Case) -> Summary | None:
        if not case.knows(who):
            return None
        case.refresh([])  # what was given to somebody from others' stands with the campaign
        case.refresh(case.assignments_of(who.person, self.now()))
        if case.has_others(who.person):
            self.background(case.refresh_whole)
        summary = case.summary(who.person, self.now())
        return summary if summary.tasks else None

    def _case(self, who: Member, campaign: str, assignment: str, page: Sequence[str] = ()) -> Case | Refused:
        """Return a campaign that knows who acts, with all that has come to the assignment, of which a page may come back."""
        case = self.cases().get(campaign)
        if case is None or not case.knows(who):
            return Refused(UNKNOWN)
        if case.words.form:
            return Refused(ON_ITS_PAGE)
        if assignment not in case.definition.assignments:
            return Refused(NOT_GIVEN)
        if page:
            case.take_back(assignment, page)
        case.refresh([assignment])
        return case


def _aside(afterwards: Afterwards) -> Callable[[Callable[[], object]], object]:
    return lambda work: afterwards.push(work, work)  # a method is the same as another one of the same campaign


def _numbered(case: Case, places: Mapping[str, int], items: Sequence[str]) -> tuple[tuple[int, Item], ...]:
    return tuple((places[item] + 1, case.item(item)) for item in items)


def _page(case: Case, task: Task, number: int, of: int, items: tuple[tuple[int, Item], ...]) -> Page:
    return Page(
        task=task, title=case.title, number=number, of=of, items=items, choices=case.choices, introduction=case.introduction,
        words=case.words,
    )  # fmt: skip


def _decided(case: Case, who: Member, answer: Answer) -> Decided:
    lines = tuple(ItemDecision(each.item, each.row_sha256, each.choice, each.reason, each.answer) for each in answer.decisions)
    return Decided(
        at=answer.acted_at,
        by=who.person,
        definition_sha256=case.definition.sha256,
        interaction=answer.interaction,
        channel=answer.channel,
        presented_sha256=answer.presented_sha256,
        assignment=answer.assignment,
        decisions=lines,
        dwell_ms=answer.dwell_ms,
        batch=answer.shown or len(lines),
    )
