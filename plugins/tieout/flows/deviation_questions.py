# SPDX-License-Identifier: Apache-2.0
"""Who is asked about which deviations: those of the open periods that management has not answered, by who owns the control.

1. The registers are read as of now: what has landed, and all that was said of it.
2. What somebody is being asked about already is passed over, and so is what has an answer.
3. A question goes to whoever holds the role that owns the control which the deviations count against; where nobody does, to who
   owns the control that asks.
4. Each person gets one form, with as many questions as fit one; the others follow when these are answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from tieout.audit.deviations import Deviation
from tieout.confirmations.deviations import DeviationQuestion, most_questions, questions_about
from tieout.criteria.periods import LINGER
from tieout.errors import ConfigurationError
from tieout.flows.campaigns import Campaigns
from tieout.flows.close import is_closed
from tieout.flows.confirmation_inputs import ConfirmationWindow
from tieout.flows.deviations import read_register
from tieout.flows.deviations_asked import InForms, read_forms
from tieout.flows.jobs import contract_of
from tieout.flows.outlook import current_periods
from tieout.flows.status import Program, read_holdings, read_program, status
from tieout.settings import Settings


@dataclass(frozen=True, slots=True)
class PersonAsked:
    """One person, and what they are asked.

    Attributes:
        role: The roles for which they are asked.
        people: Who holds them, in order; the first is asked.
        questions: What fits one form.
        more: How many others they will be asked.
    """

    role: str
    people: tuple[str, ...]
    questions: tuple[DeviationQuestion, ...]
    more: int


@dataclass(frozen=True, slots=True)
class AskedNow:
    """What is asked now.

    Attributes:
        people: Who is asked, by person.
        open_deviations: How many deviations have no answer, those that somebody is being asked about among them.
        owners: How many people own what they count against, counted deviation by deviation.
    """

    people: tuple[PersonAsked, ...]
    open_deviations: int
    owners: int


def ask_now(planned: ConfirmationWindow, campaigns: Campaigns, at: datetime, folder: Path) -> AskedNow:
    """Return who is asked about which deviations.

    Args:
        planned: The confirmation whose form asks about deviations.
        campaigns: The installation's.
        at: The time, UTC.
        folder: Work folder.

    Raises:
        ConfigurationError: A file is wrong, no question fits the form, or nobody could be asked.
        LandingConflict: A landing is not what the index or its manifest says: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    program = read_program(planned.settings)
    forms, most = read_forms(campaigns, program), most_questions(planned.form)
    open_now = [each for each in _registered(planned, campaigns, program, forms, at, folder) if each.is_open]
    waiting = forms.waiting
    by_person: dict[str, list[tuple[str, tuple[str, ...], DeviationQuestion]]] = {}
    for question in questions_about(open_now, waiting, _words_of(planned.settings)):
        role, people = _owners(planned, program, question.against_control)
        by_person.setdefault(people[0], []).append((role, people, question))
    asked = [_person(given, most) for _, given in sorted(by_person.items())]
    owners = {_owners(planned, program, each.against_control)[1][0] for each in open_now if each.id not in waiting}
    return AskedNow(tuple(asked), len({each.id for each in open_now}), len(owners))


def _registered(
    planned: ConfirmationWindow, campaigns: Campaigns, program: Program, forms: InForms, at: datetime, folder: Path
) -> list[Deviation]:
    held = read_holdings(campaigns.store, at)
    found: list[Deviation] = []
    for period in current_periods(program, at, LINGER):
        if not is_closed(held.records, period, program.scope):
            standing = status(program, held.facts, period, at)
            found += read_register(planned.settings, campaigns.store, program, standing, held.index, folder, forms).deviations
    return found


def _owners(planned: ConfirmationWindow, program: Program, control_id: str) -> tuple[str, tuple[str, ...]]:
    """Return the role that answers for a control, and who holds it, in order."""
    control = program.controls.get(control_id)
    for role in (control.owner if control else planned.control.owner, planned.control.owner):
        if people := planned.holders(role):
            return role, people
    raise planned.nobody_holds(planned.control.owner)


def _words_of(settings: Settings) -> Callable[[str, str], str]:
    """Return what tells what a rule says: its contract's words, or its id where the contract has it no more."""

    @cache
    def rules(evidence_type: str) -> Mapping[str, str]:
        try:
            return {rule.id: rule.name for rule in contract_of(settings, evidence_type).rules}
        except ConfigurationError:
            return {}

    return lambda evidence_type, rule: rules(evidence_type).get(rule, rule)


def _person(given: list[tuple[str, tuple[str, ...], DeviationQuestion]], most: int) -> PersonAsked:
    roles = "; ".join(dict.fromkeys(role for role, _, _ in given[:most]))
    people = dict.fromkeys(person for _, listed, _ in given[:most] for person in listed)
    questions = tuple(question for _, _, question in given)
    return PersonAsked(roles, tuple(people), questions[:most], len(questions[most:]))
