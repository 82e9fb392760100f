# SPDX-License-Identifier: Apache-2.0
"""The register of a period's deviations: folded from the evidence and the responses of the bucket each time it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from tieout.audit import deviations as noun
from tieout.audit import risk_acceptances
from tieout.audit.deviations import Answer, Deviation, DeviationState, Given, fold, merge
from tieout.audit.risk_acceptances import Accepted, RiskAcceptance, cover
from tieout.criteria.periods import DEVIATIONS, RISK_ACCEPTANCES, ObservationPeriod
from tieout.documents import Document
from tieout.errors import ConfigurationError
from tieout.evidence.responses import Response
from tieout.evidence.store import S3Store
from tieout.flows.deviations_asked import InForms, answered_in_forms
from tieout.flows.deviations_evidence import Evidence, registered_before, shown_before, shown_by
from tieout.flows.documents import read_responses
from tieout.flows.status import Program, Status
from tieout.settings import Settings

D = TypeVar("D", bound=Document)
Slot = tuple[str, str]
"""Control and system."""
_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Register:
    """The deviations of a period, and what management has said of them, as of an instant.

    Attributes:
        period: The period.
        as_of: The instant.
        today: Its local day.
        deviations: By control, system and id; those that are in evidence no more among them.
        acceptances: Risk acceptances that concern a day or a deviation of the period.
        counted: What manifests and performances count, by control and system: rule hits, late and missed performances.
        landed: The last register that has landed, as the index has it, by control, system and the prefix of its window.
    """

    period: ObservationPeriod
    as_of: datetime
    today: date
    deviations: tuple[Deviation, ...]
    acceptances: tuple[RiskAcceptance, ...]
    counted: Mapping[Slot, int]
    landed: Mapping[tuple[str, str, str], dict[str, Any]]

    def of(self, slot: Slot) -> list[Deviation]:
        """Return the deviations of a control and system."""
        return [each for each in self.deviations if (each.observed.control, each.observed.system) == slot]


def read_register(
    settings: Settings,
    store: S3Store,
    program: Program,
    found: Status,
    index: Iterable[dict[str, Any]],
    folder: Path,
    in_forms: InForms | None = None,
) -> Register:
    """Read evidence and responses, and fold them.

    Args:
        settings: The installation's.
        store: The evidence bucket.
        program: The program's files.
        found: Where the period stands as of the instant that is asked about.
        index: `tieout.flows.index.landings`, with those that are superseded.
        folder: Work folder.
        in_forms: What owners have answered in forms; ``None`` where it is to be read.

    Raises:
        LandingConflict: A landing is not what the index or its manifest says: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
        ConfigurationError: And as `tieout.flows.deviations_asked.answered_in_forms`, where owners have answered in forms.
    """
    rows = [row for row in index if row["landed_at"] <= found.as_of]
    evidence = Evidence(settings, store, program, folder, {row["landing"]: row for row in rows})
    landed = _last_registers(rows, found.period)
    registers = [row for slot, row in landed.items() if slot[-1] == DEVIATIONS]
    with ThreadPoolExecutor(_WORKERS) as pool:
        shown = pool.map(lambda standing: list(shown_by(evidence, standing)), found.controls)
        superseded = pool.map(lambda standing: list(shown_before(evidence, standing)), found.controls)
        registered = pool.map(lambda row: list(registered_before(evidence, row)), registers)
        observed = merge(chain.from_iterable(shown), chain.from_iterable(chain(superseded, registered)))
    responses = read_responses(store, (noun.CAMPAIGN, risk_acceptances.CAMPAIGN))
    said = [(key, each) for key, each in responses if each.at <= found.as_of]
    accepted = acceptances_of(said)
    today = found.scope.calendar.day_of(found.as_of)
    forms = in_forms or answered_in_forms(settings, store, program)
    given = [*answers_of(said), *(each for each in forms.given if each.at <= found.as_of)]
    deviations = tuple(cover(fold(observed, given, counted_against(program)), accepted, today))
    concerned = tuple(each for each in accepted if _concerns(each, deviations, found.period))
    return Register(found.period, found.as_of, today, deviations, concerned, _counted(found), landed)


def counted_against(program: Program) -> dict[tuple[str, str | None], str]:
    """Return, by control and rule, the control that a row which does not meet it counts against, as the control's file says."""
    return {
        (control_id, rule): other
        for control_id, control in program.controls.items()
        for rule, other in control.deviations_against.items()
    }


def answers_of(responses: Iterable[tuple[str, Response]]) -> list[Given]:
    """Return what responses say of deviations; one that says nothing that we know is left out, and leaves them as they were."""
    return [
        Given(each.id, each.at, each.person, key, answer)
        for key, each in responses
        if each.campaign == noun.CAMPAIGN and (answer := _parsed(Answer, each))
    ]


def acceptances_of(responses: Iterable[tuple[str, Response]]) -> list[RiskAcceptance]:
    """Return the risk acceptances among responses; one that can not be read covers nothing."""
    return [
        RiskAcceptance(each.assignment, each.control, accepted, each.at, each.person, key)
        for key, each in responses
        if each.campaign == risk_acceptances.CAMPAIGN and (accepted := _parsed(Accepted, each))
    ]


def _parsed(kind: type[D], response: Response) -> D | None:
    try:
        return kind.model_validate(response.answer)
    except ValidationError:
        return None


def _last_registers(rows: Iterable[dict[str, Any]], period: ObservationPeriod) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the last of both registers of each control and system that has landed for a period."""
    label = f"manifests/observation_period={period.id}/"
    ours = [row for row in rows if row["manifest_key"].startswith(label)]
    return {
        (row["control"], row["system"], prefix): row
        for row in sorted(ours, key=lambda row: (row["collected_at"], row["landed_at"]))
        for prefix in (DEVIATIONS, RISK_ACCEPTANCES)
        if row["window"].startswith(prefix)
    }


def _counted(found: Status) -> Counter[Slot]:
    counted: Counter[Slot] = Counter()
    for standing in found.controls:
        for extraction in standing.extractions.due:
            if extraction.landed is not None:
                counted[standing.control, extraction.system] += extraction.landed.potential_deviations
        for performance in standing.performances:
            counted[standing.control, performance.system] += performance.potential_deviations
    return counted


def _concerns(acceptance: RiskAcceptance, deviations: Iterable[Deviation], period: ObservationPeriod) -> bool:
    said = acceptance.accepted
    in_period = said.rule is not None and said.accepted_on < period.end_day and period.first_day <= said.expires_on
    return in_period or any(acceptance.names(each) for each in deviations)


def find_deviation(register: Register, text: str) -> Deviation:
    """Return the one deviation whose id begins with a text.

    Raises:
        ConfigurationError: None or several do.
    """
    found = [each for each in register.deviations if each.id.startswith(text)]
    if len(found) != 1 or len(text) < 4:
        known = ", ".join(each.id[:12] for each in (found or register.deviations)[:10]) or "none"
        msg = f"deviation {text!r}: expected the first letters of one id of {register.period.id}, got {len(found)}: {known}."
        raise ConfigurationError(msg)
    return found[0]


def find_alike(register: Register, control: str, rule: str | None, kind: str | None) -> list[Deviation]:
    """Return all deviations in evidence of a control that do not meet a rule, or are of a kind.

    Raises:
        ConfigurationError: There is none; the message says what there is.
    """
    shown = [each.observed for each in register.deviations if each.observed.in_evidence and each.observed.control == control]
    wanted = [each.id for each in shown if (each.rule == rule if rule else each.kind.value == kind)]
    if not wanted:
        known = ", ".join(sorted({each.rule or each.kind.value for each in shown})) or "nothing"
        msg = f"{rule or kind}: no deviation of {control} in {register.period.id}. What there is: {known}."
        raise ConfigurationError(msg)
    found = set(wanted)
    return [each for each in register.deviations if each.id in found]


def totals(deviations: Iterable[Deviation]) -> dict[str, int]:
    """Return how many deviations there are: in evidence, of them in each state and open, and those in evidence no more."""
    listed = list(deviations)
    counting = [each for each in listed if each.observed.in_evidence]
    return {
        "deviations": len(counting),
        **{state.value: sum(each.state is state for each in counting) for state in DeviationState},
        "open": sum(each.is_open for each in counting),
        "risk_accepted": sum(each.acceptance_state == risk_acceptances.AcceptanceState.IN_FORCE.value for each in counting),
        "in_evidence_no_more": len(listed) - len(counting),
    }
