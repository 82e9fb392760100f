# SPDX-License-Identifier: Apache-2.0
"""The desk over the ledgers of campaigns: it shows what they say, and stores what people say in them.

What it reads of an assignment may be as old as `case.FRESH_SECONDS`, but for what this process stored. Whether an answer counts
is the fold's to say in the end; what it would not count is refused here beforehand, and not stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tieout.campaigns.answers import OF_CAMPAIGN
from tieout.campaigns.events import Decided, ItemDecision
from tieout.campaigns.folding import refusals
from tieout.campaigns.rights import may_answer
from tieout.errors import CannotCheck
from tieout.slack.afterwards import Afterwards
from tieout.slack.case import NOT_GIVEN, Case, in_words
from tieout.slack.desk import PAGE_ITEMS, Answer, Item, Member, Page, Refused, Stored, Summary, Task, Tasks

UNKNOWN = "This does not know you, or not under the Slack account that you use now."
"""Said of a campaign that is not there as well: nobody learns which there are."""


@dataclass(frozen=True)
class CampaignDesk:
    """A desk over campaigns (`tieout.slack.desk.Desk`). Thread-safe.

    Attributes:
        cases: Returns the campaigns that are shown, by id, those that are closed among them.
        find_names: Returns the names of persons, as far as they are known here.
        now: UTC.
        background: Does something while nobody waits for it.
    """

    cases: Callable[[], Mapping[str, Case]]
    find_names: Callable[[Iterable[str]], Mapping[str, str]]
    now: Callable[[], datetime]
    background: Callable[[Callable[[], object]], object] = field(default_factory=lambda: _aside(Afterwards("tieout-campaigns")))

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
        of = -(-len(waiting) // PAGE_ITEMS)
        items = _numbered(case, places, ahead[:PAGE_ITEMS])
        return _page(case, task, min(of, before // PAGE_ITEMS + 1), of, items)

    def shown(self, who: Member, campaign: str, assignment: str, items: Sequence[str]) -> Page | Refused:
        """As `Desk.shown`."""
        case = self._case(who, campaign, assignment)
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
        presented = case.responder.present(answer.assignment, answer.presented)
        if presented != answer.presented_sha256:
            msg = f"assignment {answer.assignment}: expected what was shown to have the hash that was carried, got another one."
            raise CannotCheck(msg)
        stored = case.responder.respond(said)
        case.add(stored.key, stored.event)
        task = case.task(who.person, answer.assignment, self.now())
        return Stored(stored.event.id, stored.event.stored_at or stored.event.at, task, stored.stored_now)

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

    def _summary(self, who: Member, case: Case) -> Summary | None:
        if not case.knows(who):
            return None
        # Notices and covers come with any assignment; what was given to somebody from others' is found by reading all of it.
        case.refresh(case.assignments_of(who.person, self.now()) or [OF_CAMPAIGN])
        self.background(case.refresh_whole)
        summary = case.summary(who.person, self.now())
        return summary if summary.tasks else None

    def _case(self, who: Member, campaign: str, assignment: str) -> Case | Refused:
        """Return a campaign that knows who acts, with all that has come to the assignment."""
        case = self.cases().get(campaign)
        if case is None or not case.knows(who):
            return Refused(UNKNOWN)
        if assignment not in case.definition.assignments:
            return Refused(NOT_GIVEN)
        case.refresh([assignment])
        return case


def _aside(afterwards: Afterwards) -> Callable[[Callable[[], object]], object]:
    return lambda work: afterwards.push(str(work), work)


def _numbered(case: Case, places: Mapping[str, int], items: Sequence[str]) -> tuple[tuple[int, Item], ...]:
    return tuple((places[item] + 1, case.item(item)) for item in items)


def _page(case: Case, task: Task, number: int, of: int, items: tuple[tuple[int, Item], ...]) -> Page:
    return Page(
        task=task, title=case.title, number=number, of=of, items=items, choices=case.choices, introduction=case.introduction
    )


def _decided(case: Case, who: Member, answer: Answer) -> Decided:
    lines = tuple(ItemDecision(each.item, each.row_sha256, each.choice, each.reason) for each in answer.decisions)
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
