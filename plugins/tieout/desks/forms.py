# SPDX-License-Identifier: Apache-2.0
"""The desk of forms: what somebody is asked to fill in or to look at, and what they say, stored if it would count.

What is handed in is stored in this order, and nothing of it before it is known that it would count:

1. It fits the form as it was frozen, or each field says what is wrong with it.
2. The same submission delivered again is found.
3. The fold would count it.
4. The files are locked, then the document that holds form, answers and files, then the response that names both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from tieout.campaigns.events import Decided, ItemDecision, Said
from tieout.campaigns.facts import Why
from tieout.campaigns.folding import refusals
from tieout.campaigns.looking import Looked, waiting
from tieout.campaigns.rights import Standing, may_answer
from tieout.confirmations.filled import Filled, Problems, hold
from tieout.confirmations.handed import HandedFile, HandedIn, handed_document, handed_file
from tieout.confirmations.requests import CONFIRMED, asked_of
from tieout.criteria.controls import control_files
from tieout.criteria.scope import load_scope
from tieout.desks.case import Case
from tieout.desks.desk import Member, Refused
from tieout.desks.form_values import FormAsked, FormStored, HandIn, LookAsked, Looking
from tieout.desks.refusals import ACCEPTED, NO_FILE, NO_FORM, NO_LOOK, in_words
from tieout.evidence.layout import Place
from tieout.flows.confirmation_files import handed_in, spooled
from tieout.settings import Settings


@dataclass(frozen=True)
class FormDesk:
    """A desk over the campaigns whose items are forms. Thread-safe.

    Every method raises `StoreUnavailable` where the store does not answer, and `CannotCheck` where a form was frozen, or handed
    in, by a later release.

    Attributes:
        cases: Returns the campaigns that are shown, by id.
        settings: The installation's.
        now: UTC.
    """

    cases: Callable[[], Mapping[str, Case]]
    settings: Settings
    now: Callable[[], datetime]

    def form(self, who: Member, campaign: str, assignment: str) -> FormAsked | Refused:
        """Return the form that a member is asked to fill in, or why they are not."""
        case = self._case(who, campaign, assignment)
        if case is None:
            return Refused(NO_FORM)
        [item] = case.definition.assignments[assignment].items
        now = self.now()
        with case.ledger.lock:
            state = case.ledger.state
            standing = state.standing(assignment, item)
            why = may_answer(case.definition, state, who.person, assignment, item, now)
        if why is not None:
            return Refused(ACCEPTED if why is Why.DECIDED else in_words(why, case.closed()))
        return self._asked(case, assignment, item, standing, now)

    def hand_in(self, who: Member, given: HandIn) -> FormStored | Problems | Refused:
        """Store what somebody hands in, or return what is wrong with it, or why it is not taken."""
        asked = self.form(who, given.campaign, given.assignment)
        case = self._case(who, given.campaign, given.assignment)
        if case is None:
            return Refused(NO_FORM)
        [item] = case.definition.assignments[given.assignment].items
        if (earlier := self.earlier(who, given)) is not None:  # (2)
            return earlier
        said = _decided(case, who, given, item)
        if isinstance(asked, Refused):
            return asked
        filled = hold(asked.asked, given.texts, given.files)  # (1)
        if isinstance(filled, Problems):
            return filled
        with case.ledger.lock:
            refused = refusals(case.ledger.state, said, self.now())
        if refused:  # (3)
            return Refused(in_words(refused[0].why, case.closed()))
        return self._store(case, _with_files(case, given, said, asked, filled))  # (4)

    def earlier(self, who: Member, given: HandIn) -> FormStored | None:
        """Return what the same submission has stored before; ``None`` where it has stored nothing."""
        case = self._case(who, given.campaign, given.assignment)
        if case is None:
            return None
        [item] = case.definition.assignments[given.assignment].items
        found = case.standing(_decided(case, who, given, item))
        return FormStored(found.id, found.stored_at or found.at, now=False) if found else None

    def looks(self, who: Member) -> tuple[LookAsked, ...]:
        """Return what a member may accept or return now, the oldest first."""
        found = []
        for case in self.cases().values():
            if case.words.form and case.knows(who) and who.person in case.definition.lookers:
                case.refresh(case.definition.assignments)
                found += list(self._looks(case, who))
        return tuple(sorted(found, key=lambda each: each.at))

    def may_look(self, who: Member, campaign: str, assignment: str) -> bool:
        """Whether a member is one of those who may accept what is handed in to an assignment, now or at another time."""
        case = self.cases().get(campaign)
        known = case is not None and case.words.form and case.knows(who) and assignment in case.definition.assignments
        return known and case is not None and who.person in case.definition.lookers

    def look_asked(self, who: Member, campaign: str, assignment: str) -> LookAsked | Refused:
        """Return what a member may accept or return in an assignment, or why there is nothing."""
        case = self._case(who, campaign, assignment)
        found = next((each for each in self._looks(case, who) if each.assignment == assignment), None) if case else None
        return found or Refused(NO_LOOK)

    def file(self, who: Member, campaign: str, assignment: str, sha256: str) -> tuple[HandedFile, BinaryIO] | Refused:
        """Return a file of an answer that a member may accept or return, with its bytes, which were held against its hash.

        Raises:
            LandingConflict: It is not there, or is not what was handed in.
        """
        asked = self.look_asked(who, campaign, assignment)
        if isinstance(asked, Refused):
            return asked
        found = next((each for each in asked.handed.files if each.sha256 == sha256), None)
        return (found, spooled(self.cases()[campaign].responder.store, found)) if found else Refused(NO_FILE)

    def look(self, who: Member, said: Looking) -> FormStored | Refused:
        """Store what a second person says of an answer; the same submission delivered again is found."""
        case = self._case(who, said.campaign, said.assignment)
        if case is None or who.person not in case.definition.lookers:
            return Refused(NO_LOOK)
        [item] = case.definition.assignments[said.assignment].items
        event = _looked(case, who, said, item)
        with case.ledger.lock:
            events = list(case.ledger.events.values())
            refused = refusals(case.ledger.state, event, self.now())
        for each in events:
            if isinstance(each, Looked) and (each.by, each.interaction) == (event.by, event.interaction):
                return FormStored(each.id, each.stored_at or each.at, now=False)
        if refused:
            return Refused(in_words(refused[0].why, case.closed()))
        shown = case.responder.present(said.assignment, said.presented)
        return self._store(case, replace(event, presented_sha256=shown))

    def _case(self, who: Member, campaign: str, assignment: str) -> Case | None:
        """Return a campaign of forms that knows who acts, with all that has come to the assignment."""
        case = self.cases().get(campaign)
        if case is None or not case.words.form or not case.knows(who) or assignment not in case.definition.assignments:
            return None
        case.refresh([assignment])
        return case

    def _asked(self, case: Case, assignment: str, item: str, standing: Standing, now: datetime) -> FormAsked:
        row = case.row(item) if case.row else {}
        scope, look = load_scope(self.settings.scope_file), standing.look
        return FormAsked(
            campaign=case.definition.campaign,
            assignment=assignment,
            item=item,
            title=case.title,
            asked=asked_of(row, scope.calendar.day_of(now), control_files(self.settings.controls_folder)),
            form_sha256=row["form_sha256"],
            role=case.definition.assignments[assignment].authority,
            due_at=case.definition.due_of(assignment, now),
            question=look.question if look and not look.accepted else None,
            waits_since=standing.handed.at if standing.handed else None,
            looks=bool(case.definition.lookers),
        )

    def _looks(self, case: Case, who: Member) -> Iterator[LookAsked]:
        now = self.now()
        with case.ledger.lock:
            found = waiting(case.ledger.state, who.person, now)
        for item, standing in found:
            if standing.handed is None:
                continue
            asked = self._asked(case, standing.assignment, item, standing, now)
            yield LookAsked(
                campaign=asked.campaign,
                assignment=asked.assignment,
                item=item,
                title=case.title,
                asked=asked.asked,
                about=standing.handed.event,
                by=standing.handed.by,
                at=standing.handed.at,
                handed=_handed(case, standing.handed.event),
            )

    def _store(self, case: Case, event: Said) -> FormStored:
        stored = case.responder.respond(event)
        case.add(stored.key, stored.event)
        return FormStored(stored.event.id, stored.event.stored_at or stored.event.at, stored.stored_now)


def _decided(case: Case, who: Member, given: HandIn, item: str) -> Decided:
    return Decided(
        at=given.acted_at,
        by=who.person,
        definition_sha256=case.definition.sha256,
        interaction=given.interaction,
        channel=given.channel,
        assignment=given.assignment,
        decisions=(ItemDecision(item, case.definition.items[item].row_sha256, CONFIRMED),),
        dwell_ms=given.dwell_ms,
        batch=1,
    )


def _looked(case: Case, who: Member, said: Looking, item: str) -> Looked:
    return Looked(
        at=said.acted_at,
        by=who.person,
        definition_sha256=case.definition.sha256,
        interaction=said.interaction,
        channel=said.channel,
        assignment=said.assignment,
        item=item,
        about=said.about,
        accepted=said.accepted,
        question=said.question,
    )


def _with_files(case: Case, given: HandIn, said: Decided, asked: FormAsked, filled: Filled) -> Decided:
    """Lock the files and what was handed in, and return the answer that names them."""
    place = Place(case.definition.observation_period, case.definition.control, "")
    files = []
    for each in asked.asked.form.fields:
        for upload in given.files.get(each.id, ()):
            kept = case.responder.keep(given.assignment, upload.path, upload.sha256)
            key = place.file(case.definition.campaign, given.assignment, upload.sha256)
            files.append((handed_file(each.id, upload, key, kept), kept))
    document = handed_document(given.shown, asked.form_sha256, filled, [each for each, _ in files])
    presented = case.responder.present(given.assignment, document)
    return replace(said, presented_sha256=presented, files=tuple(dict.fromkeys(kept for _, kept in files)))


def _handed(case: Case, answer: str) -> HandedIn:
    event = case.ledger.events[answer]
    if not isinstance(event, Decided):
        raise AssertionError(answer)
    return handed_in(case.responder.store, case.definition, event)
