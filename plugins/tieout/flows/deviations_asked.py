# SPDX-License-Identifier: Apache-2.0
"""What owners have answered to questions about deviations, read from the campaigns that asked, and what waits for an answer.

Unlike what `tieout deviations respond` stores, an answer in a form counts as its campaign's fold says: it is signed by who may,
given by whom it was asked, and accepted where somebody has to look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tieout.audit.deviations import Given
from tieout.campaigns.events import Decided
from tieout.campaigns.ledger import Ledger
from tieout.campaigns.rights import Standing
from tieout.campaigns.state import Phase
from tieout.confirmations.deviations import answers_to, ids_in
from tieout.evidence.layout import RESPONSES
from tieout.evidence.store import S3Store
from tieout.flows.campaigns import Campaigns, Loaded
from tieout.flows.confirmation_files import handed_in
from tieout.flows.status import Program
from tieout.settings import Settings


@dataclass(frozen=True)
class _Asked:
    """A form about deviations that was asked: the frozen row's column ``about``, and where it stands."""

    loaded: Loaded
    ledger: Ledger
    about: str
    standing: Standing


def asking_controls(program: Program) -> list[str]:
    """Return the controls whose forms ask about deviations."""
    return [key for key, each in program.controls.items() if each.confirmation and each.confirmation.asks_about is not None]


@dataclass(frozen=True, slots=True)
class InForms:
    """What came of all forms about deviations: what was answered, and the deviations that wait for somebody's answer."""

    given: tuple[Given, ...] = ()
    waiting: frozenset[str] = frozenset()


def read_forms(campaigns: Campaigns, program: Program) -> InForms:
    """Return what owners have answered to questions about deviations, and what waits.

    Raises:
        LandingConflict: What was asked or handed in is not what was sealed: run tieout verify.
        CannotCheck: A later release asked, or took the answer.
        StoreUnavailable: The store did not answer; run it again.
    """
    asked = [each for control in asking_controls(program) for each in _asked(campaigns, control)]
    waiting = [each for each in asked if each.standing.decision is None and each.ledger.state.phase is Phase.OPEN]
    return InForms(
        tuple(given for each in asked for given in _given(campaigns.store, each)),
        frozenset(name for each in waiting for name in ids_in(each.about)),
    )


def answered_in_forms(settings: Settings, store: S3Store, program: Program) -> InForms:
    """Return as `read_forms`, for whoever reads a bucket; nothing where nobody has answered.

    Args:
        settings: The installation's.
        store: The evidence bucket.
        program: The program's files.

    Raises:
        ConfigurationError: Something was answered, and the settings name no root under which it could be checked.
        VerificationError: The key list is not in order.
        LandingConflict: As `read_forms`, and so the others.
    """
    if not any(_has_answers(store, program, each) for each in asking_controls(program)):
        return InForms()  # a bucket can be read without naming its root
    return read_forms(Campaigns(settings, store), program)


def _has_answers(store: S3Store, program: Program, control: str) -> bool:
    periods = [each.id for each in program.scope.observation_periods if each.type == 2]
    return any(any(store.keys(f"{RESPONSES}observation_period={each}/control={control}/")) for each in periods)


def _asked(campaigns: Campaigns, control: str) -> Iterator[_Asked]:
    for opened in campaigns.of_control(control).values():
        loaded = campaigns.load(opened)
        rows: list[dict[str, Any]] = [row for row in loaded.rows.table.to_pylist() if row.get("about")]
        if not rows:
            continue
        ledger = Ledger(loaded.definition, campaigns.store, campaigns.key_list)
        ledger.refresh()
        for row in rows:
            [standing] = ledger.state.standings(row["item"])
            yield _Asked(loaded, ledger, row["about"], standing)


def _given(store: S3Store, asked: _Asked) -> Iterator[Given]:
    counted = asked.standing.decision
    event = asked.ledger.events.get(counted.event) if counted is not None and not counted.by_rule else None
    if not isinstance(event, Decided):
        return
    values = handed_in(store, asked.loaded.definition, event).filled["values"]
    for answer in answers_to(asked.about, values):
        yield Given(event.id, event.at, event.by, asked.ledger.key_of(event.id) or "", answer)
